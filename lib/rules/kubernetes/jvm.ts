import { RELEASED_FLAGS } from '../../flow/jvm/collectors';
import type { Value } from '../document';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import type { Manifests } from './read/manifests';
import { mebibytes, quantity } from './read/quantities';

/** Of the container's memory: the rest is for metaspace, code cache, thread stacks and direct buffers. */
const HEAP_SHARE = 0.8;

/** Variables that a JVM, or the script that starts it, reads flags from. */
const FLAG_VARIABLES = /(OPTS|OPTIONS|ARGS|ARGUMENTS|FLAGS|PARAMS)$|JAVA|JVM|HEAP/i;

/** Collectors, by the flag that selects them. */
const COLLECTORS: Readonly<Record<string, string>> = {
  UseZGC: 'ZGC',
  UseShenandoahGC: 'Shenandoah',
  UseSerialGC: 'Serial',
  UseParallelGC: 'Parallel',
  UseG1GC: 'G1',
  UseConcMarkSweepGC: 'CMS',
  UseEpsilonGC: 'Epsilon',
};

/** Collectors with a pause goal. */
const WITH_PAUSE_GOAL = ['G1', 'Parallel'];

/** The first release that has no CMS. */
const CMS_REMOVED_IN = 14;

/** Rules about JVMs in containers. */
export const JVM_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-JVM-001',
    title: 'A heap that fills its container',
    why: 'A JVM needs memory beside its heap. When the heap grows to its maximum the container passes its limit, and the kernel kills it without a log line.',
    source: 'OpenJDK, `java` command: -Xmx, -XX:MaxRAMPercentage; Kubernetes, Assign Memory Resources to Containers',
    severity: 'error',
    cases: [10],
    *check(manifests) {
      for (const { container, flags } of javaContainers(manifests)) {
        const limit = quantity(container.at('resources', 'limits', 'memory'));
        for (const { at, text } of flags) {
          const heap = heapBytes(text);
          if (heap !== undefined && limit !== undefined && heap > HEAP_SHARE * limit) {
            yield {
              at,
              message: `a heap of ${mebibytes(heap)} in a container of ${mebibytes(limit)}, above ${HEAP_SHARE * 100} %: with other memory it can exceed the limit`,
              fix: `set the memory limit to ${mebibytes(Math.ceil(heap / HEAP_SHARE))} or more, or -Xmx to ${Math.floor((HEAP_SHARE * limit) / 2 ** 20)}m`,
            };
          }
          const share = Number(/-XX:MaxRAMPercentage=(\d+(?:\.\d+)?)/.exec(text)?.[1]);
          if (share > HEAP_SHARE * 100) {
            yield {
              at,
              message: `MaxRAMPercentage ${share} leaves ${Math.round(100 - share)} % beside the heap, less than ${100 - HEAP_SHARE * 100} %`,
              fix: `set MaxRAMPercentage to ${HEAP_SHARE * 100} or less`,
            };
          }
        }
      }
    },
  },
  {
    id: 'BP-JVM-002',
    title: 'A flag that the chosen collector does not have',
    why: 'The collector ignores the flag, so pauses are longer than promised, or the JVM does not start.',
    source:
      'OpenJDK, `java` command: MaxGCPauseMillis is a goal of G1 and Parallel; JEP 363: CMS removed in 14; JEP 490: ZGenerational without effect from 24',
    severity: 'warning',
    cases: [10],
    *check(manifests) {
      for (const { container, flags } of javaContainers(manifests)) {
        for (const { at, text } of flags) yield* collectorFlags(at, text, container);
      }
    },
  },
  {
    id: 'BP-JVM-004',
    title: 'A flag that this release of Java does not have yet',
    why: 'A JVM that does not know a flag does not start, nor does one in which it is an experiment that was not unlocked.',
    source: 'JEP 439 (ZGenerational); JEP 404, 521 (ShenandoahGCMode); JEP 450, 519 (UseCompactObjectHeaders)',
    severity: 'error',
    cases: [10],
    *check(manifests) {
      for (const { container, flags } of javaContainers(manifests)) {
        const release = javaRelease(container);
        if (release === undefined) continue;
        for (const { at, text } of flags) yield* releasedFlags(at, text, release);
      }
    },
  },
  {
    id: 'BP-JVM-005',
    title: 'Two sizes of one heap',
    why: '`-Xmx` is an absolute size, so MaxRAMPercentage has no effect. It reads as if the heap followed the limit of the container, which it does not.',
    source: 'OpenJDK, `java` command: -XX:MaxRAMPercentage is used only if -Xmx is not set',
    severity: 'warning',
    cases: [10],
    *check(manifests) {
      for (const { flags } of javaContainers(manifests)) {
        for (const { at, text } of flags) {
          const heap = heapBytes(text);
          const share = /-XX:MaxRAMPercentage=(\d+(?:\.\d+)?)/.exec(text)?.[1];
          if (heap === undefined || share === undefined) continue;
          yield {
            at,
            message: `-Xmx of ${mebibytes(heap)} and MaxRAMPercentage=${share} together: the percentage does nothing`,
            fix: 'remove MaxRAMPercentage, or -Xmx if the heap should follow the limit of the container',
          };
        }
      }
    },
  },
];

/** Whether the flag is switched on, or has that value. */
function gives(text: string, flag: string): boolean {
  const form = flag.includes('=') ? flag : `\\+${flag}`;
  return new RegExp(`-XX:${form}(?![\\w=])`).test(text);
}

function* releasedFlags(at: Value, text: string, release: number): Iterable<Found> {
  for (const { flag, first, productFrom, instead } of RELEASED_FLAGS) {
    if (!gives(text, flag)) continue;
    const unlocked = text.includes('-XX:+UnlockExperimentalVMOptions');
    if (release < first) {
      yield {
        at,
        message: `${flag} on Java ${release}, which knows it from ${first} on: the JVM does not start`,
        fix: instead,
      };
    } else if (release < productFrom && !unlocked) {
      yield {
        at,
        message: `${flag} is an experiment in Java ${release}: without UnlockExperimentalVMOptions the JVM does not start`,
        fix: `add -XX:+UnlockExperimentalVMOptions before it, or use Java ${productFrom}`,
      };
    }
  }
}

function* collectorFlags(at: Value, text: string, container: Value): Iterable<Found> {
  const given = new Set([...text.matchAll(/-XX:\+(\w+)/g)].map(([, flag]) => flag));
  const chosen = Object.keys(COLLECTORS).filter((flag) => given.has(flag));
  const goal = /-XX:MaxGCPauseMillis=(\d+)/.exec(text);
  if (chosen.length > 1) {
    yield {
      at,
      message: `${chosen.join(' and ')} together: a JVM with two collectors does not start`,
      fix: `keep one of them`,
    };
  } else if (chosen.length === 1 && goal && !WITH_PAUSE_GOAL.includes(COLLECTORS[chosen[0]])) {
    yield {
      at,
      message: `MaxGCPauseMillis=${goal[1]} does nothing for ${COLLECTORS[chosen[0]]}: it is a goal of G1 and Parallel`,
      fix: 'remove it; pauses of ZGC and Shenandoah depend on head-room in the heap: live set + 2 × allocation rate × cycle',
    };
  }
  const release = javaRelease(container);
  if (release === undefined) return;
  for (const { flag, ignoredFrom = Number.POSITIVE_INFINITY, instead } of RELEASED_FLAGS) {
    if (release < ignoredFrom || !gives(text, flag)) continue;
    yield { at, message: `${flag} on Java ${release} does nothing: it was removed in ${ignoredFrom}`, fix: instead };
  }
  if (chosen.includes('UseConcMarkSweepGC') && release >= CMS_REMOVED_IN) {
    yield {
      at,
      message: `UseConcMarkSweepGC on Java ${release}: the collector was removed in ${CMS_REMOVED_IN}`,
      fix: 'use -XX:+UseG1GC, or -XX:+UseZGC where pauses must stay in the milliseconds',
    };
  }
}

/** A container, and the places in which it gives flags to a JVM. */
interface JavaContainer {
  readonly container: Value;
  readonly flags: readonly { at: Value; text: string }[];
}

/** Every container with the places in which it gives flags to a JVM. */
const javaContainers = oncePer((manifests: Manifests): readonly JavaContainer[] => [
  ...inOperators(manifests),
  ...manifests.workloads().flatMap((workload) =>
    manifests.containers(workload).flatMap((container) => {
      const words = ['command', 'args'].flatMap((key) => {
        const text = container
          .at(key)
          .items()
          .map((word) => word.text() ?? '');
        return text.length === 0 ? [] : [{ at: container.at(key), text: text.join(' ') }];
      });
      const variables = container
        .at('env')
        .items()
        .filter((variable) => FLAG_VARIABLES.test(variable.at('name').text() ?? ''))
        .map((variable) => ({ at: variable.at('value'), text: variable.at('value').text() ?? '' }));
      const included = container
        .at('envFrom')
        .items()
        .flatMap((source) => {
          const map = manifests.beside(workload, 'ConfigMap', source.at('configMapRef', 'name').text());
          const prefix = source.at('prefix').text('') ?? '';
          return (map?.at('data').entries() ?? [])
            .filter(([name]) => FLAG_VARIABLES.test(prefix + name))
            .map(([, value]) => ({ at: value, text: value.text() ?? '' }));
        });
      const flags = [...words, ...variables, ...included].filter(({ text }) => /(^|\s|["'])-X/.test(text));
      return flags.length === 0 ? [] : [{ container, flags }];
    }),
  ),
]);

/** Strimzi's kinds, and the places in which each has `jvmOptions` beside its `resources`. */
const STRIMZI: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'kafka.strimzi.io/Kafka': [
    ['spec', 'kafka'],
    ['spec', 'zookeeper'],
  ],
  'kafka.strimzi.io/KafkaNodePool': [['spec']],
  'kafka.strimzi.io/KafkaConnect': [['spec']],
  'kafka.strimzi.io/KafkaMirrorMaker2': [['spec']],
  'kafka.strimzi.io/KafkaBridge': [['spec']],
};

/** JVMs whose operator writes their flags. */
function inOperators(manifests: Manifests): JavaContainer[] {
  return Object.entries(STRIMZI).flatMap(([type, places]) =>
    manifests.ofType(type).flatMap((resource) =>
      places.flatMap((place) => {
        const container = resource.at(...place);
        const at = container.at('jvmOptions', '-Xmx');
        const heap = at.text();
        return heap === undefined ? [] : [{ container, flags: [{ at, text: `-Xmx${heap}` }] }];
      }),
    ),
  );
}

/** `-Xmx4g`; of several, a JVM takes the last. */
function heapBytes(text: string): number | undefined {
  const match = [...text.matchAll(/-Xmx(\d+)([kKmMgGtT]?)\b/g)].pop();
  if (!match) return undefined;
  const power = ['', 'k', 'm', 'g', 't'].indexOf(match[2].toLowerCase());
  return Number(match[1]) * 1024 ** power;
}

/** The release that an image of a JDK says it holds; undefined for a custom image. */
function javaRelease(container: Value): number | undefined {
  const image = container.at('image').text() ?? '';
  const match = /(?:temurin|openjdk|corretto|zulu|liberica|semeru|sapmachine)[^:]{0,200}:(?:jdk-?|jre-?)?(\d+)/.exec(
    image,
  );
  return match ? Number(match[1]) : undefined;
}
