import { duration } from '../../flow/figures';
import type { Resource, Value } from '../document';
import type { Found, Rule } from '../rule';
import { functions, isActive, isOff, mappings, mappingsInto, reservedOf } from './read/functions';
import { QUEUE } from './read/relations';
import { streamAt, streamRetentionSeconds } from './read/retention';
import { grantedTo, onlyReads, scaledServices } from './read/services';
import type { Template } from './read/template';

/** Rules about Kinesis streams and their consumers. */
export const STREAM_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-KINESIS-001',
    title: 'More consumers than shards',
    why: 'A shard is read by one consumer of a group at a time. Concurrency reserved above that gets no work and is missing elsewhere.',
    source:
      'AWS Lambda Developer Guide, "Using Lambda to process records from Amazon Kinesis Data Streams": ParallelizationFactor',
    severity: 'warning',
    cases: [5],
    *check(template) {
      for (const handler of functions(template)) yield* idleRuns(template, handler);
      for (const { service, scalable } of scaledServices(template)) {
        const read = grantedTo(template, service, 'kinesis:GetRecords', 'AWS::Kinesis::Stream', 'Name');
        const other = grantedTo(template, service, 'sqs:ReceiveMessage', QUEUE, 'QueueName');
        if (read.length !== 1 || other.length > 0 || !onlyReads(service)) continue;
        yield* idleTasks(scalable, shardsOf(read[0]), `${read[0].name} has`, 'shards');
      }
    },
  },
  {
    id: 'BP-KINESIS-002',
    title: "A maximum record age at or above the stream's retention",
    why: 'The stream drops a record when its retention is over. A bound at or above the retention has no effect, and dropped records do not reach the failure destination.',
    source:
      'AWS Lambda API Reference, CreateEventSourceMapping: MaximumRecordAgeInSeconds; a stream keeps 24 h by default',
    severity: 'warning',
    cases: [5],
    *check(template) {
      for (const { mapping, source } of mappings(template)) {
        const age = mapping.at('Properties', 'MaximumRecordAgeInSeconds');
        const seconds = age.number();
        const kept = streamRetentionSeconds(template, source);
        if (seconds === undefined || kept === undefined || seconds < kept || isOff(mapping)) continue;
        yield {
          at: age,
          message: `gives up records after ${duration(seconds)}, and the stream deletes them after ${duration(kept)}: a record that waits that long never reaches the failure destination`,
          fix: `set MaximumRecordAgeInSeconds well below ${kept}, for example ${kept / 2}, or keep the stream longer`,
        };
      }
    },
  },
];

function* idleRuns(template: Template, handler: Resource): Iterable<Found> {
  const reserved = reservedOf(handler).number();
  const sources = mappingsInto(template, handler);
  // Other callers may use the rest; a permission or another mapping shows that they exist.
  if (!reserved || sources.length === 0 || isCalledOtherwise(template, handler)) return;
  const parts = sources.map(({ mapping, source }) => runsOf(template, mapping, source));
  if (parts.some((part) => part === undefined)) return;
  const sum = parts.reduce<number>((total, part) => total + part!.runs, 0);
  if (reserved <= sum) return;
  yield {
    at: reservedOf(handler),
    message: `${reserved} runs are reserved, and its streams give work to ${parts.map((part) => part!.text).join(' + ')} = ${sum} at most`,
    fix: `reserve ${sum}, or raise ShardCount or ParallelizationFactor (10 at most)`,
  };
}

/** Types that mention a function without calling it, and the mappings, which are counted. */
const LOOKERS_ON = /^AWS::(Logs|CloudWatch)::|^AWS::Lambda::EventSourceMapping$/;

function isCalledOtherwise(template: Template, handler: Resource): boolean {
  return (
    !template.closed ||
    template.exported(handler) ||
    template.mentioning(handler).some(({ type }) => !LOOKERS_ON.test(type))
  );
}

function runsOf(template: Template, mapping: Resource, source: Value): { runs: number; text: string } | undefined {
  const stream = streamAt(template, source);
  const shards = stream && shardsOf(stream);
  const factor = mapping.at('Properties', 'ParallelizationFactor').number(1);
  if (!isActive(mapping) || shards === undefined || factor === undefined) return undefined;
  return { runs: shards * factor, text: `${shards} shards × ${factor}` };
}

/** Shards of a provisioned stream; undefined for one that Kinesis scales itself, or when not decided. */
function shardsOf(stream: Resource): number | undefined {
  const mode = stream.at('Properties', 'StreamModeDetails', 'StreamMode').text('PROVISIONED');
  return mode === 'PROVISIONED' ? stream.at('Properties', 'ShardCount').number() : undefined;
}

/** The finding for a service that may run more tasks than there are parts to share out. */
export function* idleTasks(
  scalable: Resource,
  parts: number | undefined,
  whose: string,
  unit: string,
): Iterable<Found> {
  const at = scalable.at('Properties', 'MaxCapacity');
  const most = at.number();
  if (most === undefined || parts === undefined || most <= parts) return;
  yield {
    at,
    message: `up to ${most} tasks, and ${whose} ${parts} ${unit}: ${most - parts} tasks have nothing to read`,
    fix: `set MaxCapacity to ${parts}, or have ${most} ${unit}`,
  };
}
