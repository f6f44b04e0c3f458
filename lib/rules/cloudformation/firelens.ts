import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
import type { Template } from './read/template';

/** Amazon ECS gives a container as long to stop unless it is told otherwise. */
const DEFAULT_STOP_SECONDS = 30;
const STOCK_IMAGE = /aws-for-fluent-bit:(?!.*init)/;

/** A task whose logs go through a router of FireLens. */
interface Routed {
  readonly task: Resource;
  readonly router: Value;
  /** Where what it is told stands. */
  readonly options: Value;
  /** The options of the containers that log through it. */
  readonly senders: readonly Value[];
}

/** Rules about log routers of Amazon ECS (FireLens). */
export const FIRELENS_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-FIRELENS-001',
    title: 'A log router on Fargate that reads its configuration from S3',
    why: 'Tasks on Fargate take a configuration file from the image or a volume only. A task definition that names one in S3 starts no task.',
    source: 'Amazon ECS developer guide, Custom configuration file for FireLens: Fargate supports the type file only',
    severity: 'error',
    cases: [1],
    *check(template) {
      for (const { task, options } of routed(template)) {
        const kind = options.at('config-file-type');
        const platforms = task.at('Properties', 'RequiresCompatibilities').items();
        if (kind.text() !== 's3' || !platforms.some((one) => one.text() === 'FARGATE')) continue;
        yield {
          at: kind,
          message: 'config-file-type is s3, and the task requires FARGATE, which supports file only',
          fix: 'put the file into the image of the router, or let its command write the file from a variable, and set config-file-type to file',
        };
      }
    },
  },
  {
    id: 'BP-FIRELENS-002',
    title: 'A log router without a configuration of its own buffers in memory',
    why: 'The input that Amazon ECS generates keeps lines in the memory of the router, and no option of the task changes that. During an outage of the destination they are lost, or the router is killed for its memory.',
    source: 'AWS containers roadmap, issue 964; amazon-ecs-firelens-examples, OOMKill guide',
    severity: 'warning',
    cases: [1],
    *check(template) {
      for (const { router, options } of routed(template)) {
        const own = [options.at('config-file-value'), router.at('Command'), router.at('EntryPoint')];
        if (!own.every((place) => place.absent) || !STOCK_IMAGE.test(router.at('Image').text() ?? '')) continue;
        if (router.at('FirelensConfiguration', 'Type').text() !== 'fluentbit') continue;
        yield {
          at: router.at('FirelensConfiguration'),
          message:
            'neither a configuration file nor a command of its own: the generated input has no storage.type filesystem',
          fix: 'start Fluent Bit with a configuration whose forward input reads /var/run/fluent.sock with storage.type filesystem, and whose output has storage.total_limit_size; aws.LogShipping does so',
        };
      }
    },
  },
  {
    id: 'BP-FIRELENS-003',
    title: 'An output of a log router that gives up after two tries',
    why: 'Fluent Bit tries a chunk once more after 5 to 10 seconds and then discards it, unless Retry_Limit says otherwise. An outage of a minute loses a minute of lines.',
    source: 'Fluent Bit, Scheduling and retries: Retry_Limit, default 1',
    severity: 'warning',
    cases: [1],
    *check(template) {
      for (const { router, senders } of routed(template)) {
        if (router.at('FirelensConfiguration', 'Type').text() !== 'fluentbit') continue;
        for (const options of senders) {
          if (option(options, 'name')?.text() === undefined || option(options, 'retry_limit') !== undefined) continue;
          yield {
            at: options,
            message: `${option(options, 'name')!.text('an output')} without Retry_Limit: each chunk is tried twice, and then discarded`,
            fix: 'set Retry_Limit to no_limits where the router buffers on the disk, or to as many tries as an outage takes',
          };
        }
      }
    },
  },
  {
    id: 'BP-FIRELENS-004',
    title: 'A log router that ends before the program, or without it',
    why: 'A task that goes on without its router logs into nothing. A router that is killed before it has sent what it holds loses that with every deployment.',
    source:
      'Amazon ECS developer guide, FireLens: the router must be essential; Task definition parameters, stopTimeout',
    severity: 'error',
    cases: [1],
    *check(template) {
      for (const { router } of routed(template)) {
        const [essential, stop] = [router.at('Essential'), router.at('StopTimeout')];
        if (essential.flag(true) === false) {
          yield {
            at: essential,
            message: 'Essential is false: when the router ends, the task goes on, and its lines are lost',
            fix: 'set Essential to true',
          };
        }
        const seconds = stop.number(DEFAULT_STOP_SECONDS);
        if (seconds === undefined || seconds >= DEFAULT_STOP_SECONDS) continue;
        yield {
          at: stop,
          message: `StopTimeout ${seconds}: the router is killed ${seconds} s after it is told to stop, with what it has not sent`,
          fix: 'set StopTimeout to 120, and the grace of Fluent Bit 5 s below it',
        };
      }
    },
  },
  {
    id: 'BP-FIRELENS-005',
    title: 'A routed log without a mode',
    why: 'Since June 2025 Amazon ECS starts containers in the mode non-blocking with a buffer of 10 MiB, unless the account says otherwise. Lines beyond it are lost, and nothing tells.',
    source: 'Amazon ECS developer guide, account setting defaultLogDriverMode; API reference, LogConfiguration: mode',
    severity: 'warning',
    cases: [1],
    *check(template) {
      for (const { senders } of routed(template)) {
        for (const options of senders) {
          if (!options.at('mode').absent) continue;
          yield {
            at: options,
            message: 'no mode: non-blocking with 10 MiB, beyond which lines are lost',
            fix: 'set mode to blocking where each line counts, or to non-blocking with a max-buffer-size for the bytes of a peak',
          };
        }
      }
    },
  },
];

/** The option of that name; those of an output may be written in any case. */
export function option(options: Value, name: string): Value | undefined {
  // Of options that are not decided any may be there.
  if (!options.decided) return options;
  return options.entries().find(([key]) => key.toLowerCase() === name)?.[1];
}

/** Every task with a router. */
export const routed = oncePer((template: Template): readonly Routed[] =>
  template.ofType('AWS::ECS::TaskDefinition').flatMap((task) => {
    const containers = task.at('Properties', 'ContainerDefinitions').items();
    const router = containers.find((container) => container.at('FirelensConfiguration').present);
    if (router === undefined) return [];
    const senders = containers
      .map((container) => container.at('LogConfiguration'))
      .filter((logging) => logging.at('LogDriver').text() === 'awsfirelens')
      .map((logging) => logging.at('Options'));
    return [{ task, router, options: router.at('FirelensConfiguration', 'Options'), senders }];
  }),
);
