import type { Resource, Value } from '../document';
import {
  allFlags,
  type ContainerKeys,
  choosesItself,
  FLAG_VARIABLES,
  hasFlags,
  isLauncher,
  type JavaContainer,
  javaTexts,
  largeHeap,
  NAME_THE_COLLECTOR,
  namedProcessors,
  serialBecause,
} from '../jvm-flags';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
import type { Template } from './read/template';

const MIB = 2 ** 20;
const KEYS: ContainerKeys = {
  words: ['EntryPoint', 'Command'],
  variables: 'Environment',
  name: 'Name',
  value: 'Value',
};

/** A container of a task with a JVM, and the memory that it may use. */
interface JavaTask {
  readonly jvm: JavaContainer;
  readonly memory: number | undefined;
  /** Where the limit stands. */
  readonly limit: Value;
}

/** Rules about JVMs in tasks of Amazon ECS. */
export const CONTAINER_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-ECS-003',
    title: 'A heap that fills its container on ECS',
    why: 'A JVM needs memory beside its heap, and the other containers of a task have a share of its memory. When the heap grows to its maximum the container passes its limit, and is killed without a log line.',
    source: 'OpenJDK, `java` command: -Xmx, -XX:MaxRAMPercentage; Amazon ECS, Task definition parameters, memory',
    severity: 'error',
    cases: [10],
    *check(template) {
      for (const { jvm, memory } of javaTasks(template)) {
        for (const place of jvm.flags) yield* largeHeap(place, memory, 'Memory');
      }
    },
  },
  {
    id: 'BP-ECS-004',
    title: 'A JVM on ECS that takes the Serial collector for the size of its container',
    why: 'Without a flag a JVM chooses its collector by processors and memory. Below two processors or 1,792 MiB it takes Serial, which stops the program for every collection, on one thread.',
    source: 'HotSpot Virtual Machine Garbage Collection Tuning Guide, Ergonomics; os::is_server_class_machine',
    severity: 'warning',
    cases: [10],
    *check(template) {
      for (const { jvm, memory, limit } of javaTasks(template)) {
        if (!choosesItself(jvm)) continue;
        // What a JVM counts without the flag depends on release and platform.
        const because = serialBecause(namedProcessors(allFlags(jvm)), memory);
        if (because === undefined) continue;
        yield {
          at: limit,
          message: `no collector is named, and the JVM ${because}: it takes Serial`,
          fix: NAME_THE_COLLECTOR,
        };
      }
    },
  },
];

const javaTasks = oncePer((template: Template): readonly JavaTask[] =>
  template.ofType('AWS::ECS::TaskDefinition').flatMap((task) => {
    const containers = task.at('Properties', 'ContainerDefinitions').items();
    return containers.flatMap((container) => {
      const jvm = javaContainer(container);
      return jvm === undefined ? [] : [{ jvm, ...memoryOf(task, containers, container) }];
    });
  }),
);

function javaContainer(container: Value): JavaContainer | undefined {
  const { words, variables, more } = javaTexts(container, KEYS);
  const flags = [...words, ...variables].filter(hasFlags);
  if (flags.length === 0 && !words.some(({ text }) => isLauncher(text))) return undefined;
  const secrets = container.at('Secrets').items();
  const unseen =
    secrets.some((one) => FLAG_VARIABLES.test(one.at('Name').text() ?? '')) ||
    container.at('EnvironmentFiles').items().length > 0;
  return { container, flags, more: more || unseen };
}

/** Its own limit, or what the other containers leave of the task's. */
function memoryOf(task: Resource, containers: readonly Value[], container: Value): Pick<JavaTask, 'memory' | 'limit'> {
  const own = container.at('Memory');
  if (!own.absent) return { memory: bytes(own.number()), limit: own };
  const limit = task.at('Properties', 'Memory');
  const others = containers.filter((one) => one !== container).map((one) => one.at('Memory').number(0));
  const whole = limit.number();
  if (whole === undefined || others.includes(undefined)) return { memory: undefined, limit };
  return { memory: bytes(others.reduce<number>((left, one) => left - one!, whole)), limit };
}

function bytes(mebibytes: number | undefined): number | undefined {
  return mebibytes === undefined ? undefined : mebibytes * MIB;
}
