/** fluent-bit.conf of a log router, from its plan. */
import type { LogDeliveryPlan } from '../../flow/logs/delivery/workload';

/** Where the router's volume is mounted, and what is in it. */
export const ROUTER_FOLDER = '/log-buffer';
/** Port on which the router says that it runs, within the task only. */
export const ROUTER_PORT = 2020;
/** The socket to which FireLens sends what containers write. Source: amazon-ecs-firelens-examples, OOMKill guide. */
const SOCKET = '/var/run/fluent.sock';

/** Of all lines: each tag has chunks of its own, and the plan counts one a flush. */
export const TAG = 'logs';

/** Where the lines go. */
export interface RouterTarget {
  readonly region: string;
  readonly streamName: string;
  /** Whether only the line is sent. */
  readonly lineOnly: boolean;
}

/**
 * The whole configuration. FireLens writes one too, which is not read: its input keeps lines in memory, and no option of
 * Amazon ECS changes that.
 */
export function routerConfig(plan: LogDeliveryPlan, target: RouterTarget): string {
  return [
    ...serviceSection(plan),
    ...section('INPUT', {
      name: 'forward',
      unix_path: SOCKET,
      // One for all containers, whose names are in the records.
      tag: TAG,
      'storage.type': 'filesystem',
      // A paused input loses what comes.
      'storage.pause_on_chunks_overlimit': 'off',
    }),
    ...outputSection(plan, target),
  ].join('\n');
}

/** What every router has: where it keeps chunks, and when it sends them. */
export function serviceSection(plan: LogDeliveryPlan): string[] {
  const value = (name: string) => plan.value(name);
  return section('SERVICE', {
    flush: value('flushSeconds'),
    grace: value('graceSeconds'),
    // Discarded chunks are told at this level.
    log_level: 'info',
    'scheduler.base': value('retryBaseSeconds'),
    'scheduler.cap': value('retryCapSeconds'),
    // No storage.trim_files: what it cuts off a file stays in the sum that is held against the limit. The plan counts whole files.
    'storage.path': `${ROUTER_FOLDER}/chunks`,
    'storage.max_chunks_up': value('maxChunksUp'),
    'storage.backlog.mem_limit': value('backlogMemoryBytes'),
    'storage.metrics': 'on',
    http_server: 'on',
    http_listen: '127.0.0.1',
    http_port: ROUTER_PORT,
  });
}

/**
 * Where every router sends.
 *
 * @param match tags of what is sent
 */
export function outputSection(
  plan: LogDeliveryPlan,
  { region, streamName, lineOnly }: RouterTarget,
  match = '*',
): string[] {
  return section('OUTPUT', {
    name: 'kinesis_firehose',
    match,
    region,
    delivery_stream: streamName,
    // One record for many lines: each is billed as 5 KiB at least.
    simple_aggregation: 'on',
    // Firehose compresses for S3; two layers of gzip are unreadable to Athena.
    ...(lineOnly ? { log_key: 'log' } : { time_key: 'time', time_key_format: '%Y-%m-%dT%H:%M:%S.%3NZ' }),
    retry_limit: 'no_limits',
    'storage.total_limit_size': plan.value('storageTotalLimitBytes'),
  });
}

/** A section of the configuration. */
export function section(name: string, settings: Readonly<Record<string, string | number>>): string[] {
  return [`[${name}]`, ...Object.entries(settings).map(([key, value]) => `    ${key} ${value}`), ''];
}
