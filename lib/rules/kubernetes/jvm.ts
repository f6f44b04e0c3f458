import { RELEASED_FLAGS, SERVER_CLASS } from '../../flow/jvm/collectors';
import type { Value } from '../document';
import {
  allFlags,
  COLLECTORS,
  type ContainerKeys,
  choosesItself,
  chosenCollectors,
  FLAG_VARIABLES,
  gives,
  hasFlags,
  heapBytes,
  isLauncher,
  type JavaContainer,
  javaTexts,
  largeHeap,
  NAME_THE_COLLECTOR,
  namedProcessors,
  serialBecause,
} from '../jvm-flags';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import type { Manifests } from './read/manifests';
import { mebibytes, plain, quantity } from './read/quantities';

const KEYS: ContainerKeys = { words: ['command', 'args'], variables: 'env', name: 'name', value: 'value' };

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
        for (const place of flags) yield* largeHeap(place, limit, 'the memory limit');
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
    id: 'BP-JVM-003',
    title: 'A JVM that takes the Serial collector for the size of its container',
    why: 'Without a flag a JVM chooses its collector by processors and memory. Below two processors or 1,792 MiB it takes Serial, which stops the program for every collection, on one thread.',
    source: 'HotSpot Virtual Machine Garbage Collection Tuning Guide, Ergonomics; os::is_server_class_machine',
    severity: 'warning',
    cases: [10],
    *check(manifests) {
      for (const jvm of jvmsOfPods(manifests)) {
        if (!choosesItself(jvm)) continue;
        const limits = jvm.container.at('resources', 'limits');
        const cpu = quantity(limits.at('cpu'));
        // A JVM counts the quota up to whole processors.
        const processors = namedProcessors(allFlags(jvm)) ?? (cpu === undefined ? undefined : Math.ceil(cpu));
        const because = serialBecause(processors, quantity(limits.at('memory')));
        if (because === undefined) continue;
        yield {
          at: limits,
          message: `no collector is named, and the JVM ${because}: it takes Serial`,
          fix: NAME_THE_COLLECTOR,
        };
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
  {
    id: 'BP-JVM-006',
    title: 'A collector beside the program, without a processor for it',
    why: 'ZGC and Shenandoah collect on a thread of their own. With less than two processors it takes turns with the program, collections take longer, and the heap runs out of room for what is allocated meanwhile.',
    source: 'HotSpot, the flag ConcGCThreads: a quarter of the processors, one at least',
    severity: 'warning',
    cases: [10],
    *check(manifests) {
      for (const jvm of jvmsOfPods(manifests)) {
        const name = besideProgram(jvm);
        const at = jvm.container.at('resources', 'limits', 'cpu');
        const cpu = quantity(at);
        if (name === undefined || cpu === undefined || cpu >= SERVER_CLASS.processors) continue;
        yield {
          at,
          message: `${name} with a limit of ${plain(cpu)} CPU: one thread of the collector takes ${cpu <= 1 ? 'all' : 'most'} of it while it runs`,
          fix: `set the CPU limit to ${SERVER_CLASS.processors} or more, leave it out and request ${SERVER_CLASS.processors}, or use -XX:+UseG1GC`,
        };
      }
    },
  },
  {
    id: 'BP-JVM-007',
    title: 'A collector beside the program, whose stalls leave no trace',
    why: 'When ZGC or Shenandoah comes too late, threads wait for memory while the pauses look perfect. Neither JMX nor Micrometer counts that: it is in the log of the collector and in the flight recorder only.',
    source: 'OpenJDK, `java` command: -Xlog:gc; JDK Flight Recorder, event jdk.ZAllocationStall',
    severity: 'warning',
    cases: [10],
    *check(manifests) {
      for (const jvm of jvmsOfPods(manifests)) {
        const name = besideProgram(jvm);
        if (name === undefined || jvm.more || isLogged(allFlags(jvm))) continue;
        const [{ at }] = jvm.flags.filter(({ text }) => chosenCollectors(text).length > 0);
        yield {
          at,
          message: `${name} and neither -Xlog:gc nor a flight recording: a stall leaves no trace`,
          fix: 'add -Xlog:gc*:file=/var/log/gc/gc.log:uptime,level,tags:filecount=4,filesize=16m with a volume for it, or -XX:StartFlightRecording',
        };
      }
    },
  },
];

/** The one collector that runs beside the program, where one is chosen. */
function besideProgram(jvm: JavaContainer): string | undefined {
  const chosen = chosenCollectors(allFlags(jvm));
  const name = chosen.length === 1 ? COLLECTORS[chosen[0]] : '';
  return name === 'ZGC' || name === 'Shenandoah' ? name : undefined;
}

/** Whether lines of the collector are written somewhere: `-Xlog` by itself is all of them. */
function isLogged(text: string): boolean {
  return /-Xlog(?![:\w])|-Xlog:\S*\b(gc|all)\b|-verbose:gc|-Xloggc|PrintGC|StartFlightRecording/.test(text);
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
  const chosen = chosenCollectors(text);
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

/** Every container of a pod that starts a JVM, or gives flags to one. */
const jvmsOfPods = oncePer((manifests: Manifests): readonly JavaContainer[] =>
  manifests.workloads().flatMap((workload) =>
    manifests.containers(workload).flatMap((container) => {
      const { words, variables, more } = javaTexts(container, KEYS);
      const sources = container.at('envFrom').items();
      const maps = sources.map((source) => ({
        map: manifests.beside(workload, 'ConfigMap', source.at('configMapRef', 'name').text()),
        prefix: source.at('prefix').text('') ?? '',
      }));
      const included = maps.flatMap(({ map, prefix }) =>
        (map?.at('data').entries() ?? [])
          .filter(([name]) => FLAG_VARIABLES.test(prefix + name))
          .map(([, value]) => ({ at: value, text: value.text() ?? '' })),
      );
      const flags = [...words, ...variables, ...included].filter(hasFlags);
      if (flags.length === 0 && !words.some(({ text }) => isLauncher(text))) return [];
      return [{ container, flags, more: more || maps.some(({ map }) => map === undefined) }];
    }),
  ),
);

/** Every place in which a JVM gets flags, those that an operator writes too. */
const javaContainers = oncePer((manifests: Manifests): readonly JavaContainer[] => [
  ...inOperators(manifests),
  ...jvmsOfPods(manifests),
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
        return heap === undefined ? [] : [{ container, flags: [{ at, text: `-Xmx${heap}` }], more: true }];
      }),
    ),
  );
}

/** The release that an image of a JDK says it holds; undefined for a custom image. */
function javaRelease(container: Value): number | undefined {
  const image = container.at('image').text() ?? '';
  const match = /(?:temurin|openjdk|corretto|zulu|liberica|semeru|sapmachine)[^:]{0,200}:(?:jdk-?|jre-?)?(\d+)/.exec(
    image,
  );
  return match ? Number(match[1]) : undefined;
}
