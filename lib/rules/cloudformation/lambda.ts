import { duration } from '../../flow/figures';
import { MAX_CONCURRENCY, SQS_BATCH, UNBOUNDED_CONCURRENCY } from '../../flow/queue/platforms/lambda';
import { KAFKA_POLLER } from '../../flow/streams/platforms';
import type { Resource, Value } from '../document';
import { listed } from '../listed';
import type { Found, Rule } from '../rule';
import {
  functions,
  isActive,
  isOff,
  type Mapping,
  mappings,
  mappingsInto,
  reservedOf,
  serviceOf,
} from './read/functions';
import { asynchronousSenders, losesFailures, triesOf } from './read/invocations';
import { alarms, type Metric, metricsOf } from './read/metrics';
import { mayBeFifo as isMaybeFifo, QUEUE } from './read/relations';
import { streamAt, streamRetentionSeconds } from './read/retention';
import type { Template } from './read/template';

/** Services whose records are read in order, so that a failed record blocks the ones behind it. */
const STREAMS = ['kinesis', 'dynamodb'];

/** Records of one batch of a stream when nothing is said. */
const STREAM_BATCH = 100;

/** Rules about Lambda functions and their event source mappings. */
export const LAMBDA_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-LAMBDA-001',
    title: 'One failed message returns its whole batch',
    why: 'Without partial batch responses an error makes Lambda return every message of the batch. Good messages are processed again, use up their receives with the bad one, and end in the dead-letter queue with it.',
    source: 'AWS Lambda Developer Guide, "Implementing partial batch responses"',
    severity: 'warning',
    cases: [14],
    *check(template) {
      for (const { mapping, source } of mappingsFrom(template, 'sqs')) {
        const types = mapping.at('Properties', 'FunctionResponseTypes');
        const batch = mapping.at('Properties', 'BatchSize').number(SQS_BATCH.usual);
        if (batch === undefined || batch <= 1) continue;
        if (types.items().some((type) => type.mayBe('ReportBatchItemFailures'))) continue;
        yield {
          at: types,
          message: `up to ${batch} messages of ${nameOf(template, source)} are one batch, and one failure returns all ${batch}`,
          fix: 'set FunctionResponseTypes to [ReportBatchItemFailures] and return batchItemFailures from the handler, or BatchSize to 1',
          // A handler that throws or returns nothing fares as before.
          ...(types.absent ? { instead: ['ReportBatchItemFailures'] } : {}),
        };
      }
    },
  },
  {
    id: 'BP-LAMBDA-002',
    title: 'Event source mappings may ask for more runs than are reserved',
    why: 'Messages above the reserved concurrency are throttled, and every throttled SQS message has used up a receive.',
    source:
      'AWS Lambda Developer Guide, "Configuring maximum concurrency for Amazon SQS event sources": the sum of maximum concurrency at most the reserved concurrency',
    severity: 'error',
    cases: [14],
    *check(template) {
      for (const handler of functions(template)) {
        const reserved = reservedOf(handler).number();
        if (!reserved) continue;
        const limits = mappingsInto(template, handler)
          .filter(({ mapping }) => isActive(mapping))
          .map(({ mapping }) => maximumConcurrency(mapping).number())
          .filter((limit) => limit !== undefined);
        const sum = limits.reduce((total, limit) => total + limit, 0);
        if (sum <= reserved) continue;
        yield {
          at: reservedOf(handler),
          message: `${reserved} runs are reserved, its event source mappings may ask for ${limits.join(' + ')}${limits.length > 1 ? ` = ${sum}` : ''}: ${sum - reserved} are throttled`,
          fix: `reserve ${sum} or more, or lower MaximumConcurrency to ${reserved} in all`,
        };
      }
    },
  },
  {
    id: 'BP-LAMBDA-003',
    title: 'Reserved concurrency alone slows down a queue',
    why: 'The pollers do not know the limit. They take messages and are throttled; each throttled try counts as a receive, so a burst of good messages ends in the dead-letter queue.',
    source:
      'AWS Lambda Developer Guide, "Configuring maximum concurrency for Amazon SQS event sources"; aws-cdk issue 24180',
    severity: 'error',
    cases: [14],
    *check(template) {
      for (const { mapping, source, handler } of mappingsFrom(template, 'sqs')) {
        const reserved = handler && reservedOf(handler).number();
        const limit = maximumConcurrency(mapping);
        // Provisioned pollers have their own maximum; on a FIFO queue the message groups bound it.
        if (!limit.absent || !mapping.at('Properties', 'ProvisionedPollerConfig').absent) continue;
        // If the reservation is above the mapping's own maximum, no message is throttled.
        if (!handler || !reserved || reserved >= UNBOUNDED_CONCURRENCY || mayBeFifo(template, source)) continue;
        const advice =
          reserved < MAX_CONCURRENCY.min
            ? `reserve ${MAX_CONCURRENCY.min} or more, and set ScalingConfig.MaximumConcurrency to no more than that`
            : `set ScalingConfig.MaximumConcurrency to ${reserved} or less, its share if others call the function too`;
        yield {
          at: limit,
          message: `${handler.name} may run ${reserved} at once, and the pollers of ${nameOf(template, source)} have no maximum: throttled messages use up receives`,
          fix: advice,
        };
      }
    },
  },
  {
    id: 'BP-LAMBDA-004',
    title: 'One record that always fails blocks its shard',
    why: 'Without a bound Lambda retries a failing batch until its records expire in the stream. Meanwhile records behind it on the shard are not read, and they expire as well.',
    source:
      'AWS Lambda Developer Guide, "Using Lambda to process records from Amazon Kinesis Data Streams": error handling',
    severity: 'error',
    cases: [5, 14],
    *check(template) {
      for (const { mapping, source } of STREAMS.flatMap((stream) => mappingsFrom(template, stream))) {
        const retries = mapping.at('Properties', 'MaximumRetryAttempts');
        const age = mapping.at('Properties', 'MaximumRecordAgeInSeconds');
        if (retries.number(-1) !== -1 || age.number(-1) !== -1) continue;
        const seconds = streamRetentionSeconds(template, source);
        const long = seconds ? `for ${duration(seconds)}, until the stream deletes it` : 'until the stream deletes it';
        yield {
          at: retries,
          message: `neither MaximumRetryAttempts nor MaximumRecordAgeInSeconds bounds the retries: one failed record blocks its shard ${long}`,
          fix: 'set MaximumRetryAttempts, for example to 5, with BisectBatchOnFunctionError: true and a DestinationConfig.OnFailure that keeps failed records',
        };
      }
    },
  },
  {
    id: 'BP-LAMBDA-006',
    title: 'One failed record repeats its whole batch',
    why: 'Lambda retries the batch from its first record. Records that were processed are processed again with every try, and with a bound on the tries all of them are given up with the bad one.',
    source:
      'AWS Lambda Developer Guide, "Configuring partial batch response with Kinesis Data Streams and Lambda"; BisectBatchOnFunctionError',
    severity: 'warning',
    cases: [5, 14],
    *check(template) {
      for (const { mapping, source } of STREAMS.flatMap((stream) => mappingsFrom(template, stream))) {
        const types = mapping.at('Properties', 'FunctionResponseTypes');
        const batch = mapping.at('Properties', 'BatchSize').number(STREAM_BATCH);
        if (batch === undefined || batch <= 1 || isUnboundedStream(mapping)) continue;
        if (types.items().some((type) => type.mayBe('ReportBatchItemFailures'))) continue;
        // Halves of halves end with the bad record alone.
        if (mapping.at('Properties', 'BisectBatchOnFunctionError').flag(false) !== false) continue;
        yield {
          at: types,
          message: `up to ${batch} records of ${nameOf(template, source)} are one batch, and one failure repeats all ${batch}`,
          fix: 'set FunctionResponseTypes to [ReportBatchItemFailures] and return the first failed sequence number, or BisectBatchOnFunctionError to true',
        };
      }
    },
  },
  {
    id: 'BP-LAMBDA-007',
    title: 'Records that a function gives up are lost',
    why: 'With a bound on tries or age Lambda goes on behind a bad batch. Without a destination nothing says which records it left out, and the stream deletes them.',
    source: 'AWS Lambda Developer Guide, "Retain discarded batch records for a Kinesis Data Streams event source"',
    severity: 'warning',
    cases: [5, 14],
    *check(template) {
      for (const { mapping, source } of STREAMS.flatMap((stream) => mappingsFrom(template, stream))) {
        const at = mapping.at('Properties', 'DestinationConfig', 'OnFailure');
        if (!at.absent || isUnboundedStream(mapping)) continue;
        const bounds = ['MaximumRetryAttempts', 'MaximumRecordAgeInSeconds'].map((key) =>
          mapping.at('Properties', key),
        );
        const bound = bounds.find((each) => (each.number(-1) ?? -1) >= 0);
        if (!bound) continue;
        const key = bound.path.slice(bound.path.lastIndexOf('.') + 1);
        yield {
          at,
          message: `${key} ${bound.text()} bounds the retries, and no OnFailure destination keeps what is given up of ${nameOf(template, source)}`,
          fix: 'add a DestinationConfig.OnFailure with the ARN of a queue, a topic or a bucket, and an alarm on it',
        };
      }
    },
  },
  {
    id: 'BP-LAMBDA-005',
    title: 'Events that a function failed to process are lost',
    why: 'No caller waits for an asynchronous invocation. After three tries, or six hours of throttling, Lambda drops the event without a trace.',
    source: 'AWS Lambda Developer Guide, "Asynchronous invocation"',
    severity: 'warning',
    cases: [14, 15],
    *check(template) {
      for (const handler of functions(template)) yield* keptNowhere(template, handler);
    },
  },
  {
    id: 'BP-LAMBDA-009',
    title: 'Pollers on demand follow the lag of a topic too late',
    why: 'Pollers on demand look at the lag once a minute, and more of them work within three minutes more. What is promised in less is late in every peak, whatever the function does.',
    source: 'AWS Lambda Developer Guide, Amazon MSK, "Event poller scaling modes"',
    severity: 'warning',
    cases: [5],
    *check(template) {
      for (const { mapping } of mappings(template)) {
        const pollers = mapping.at('Properties', 'ProvisionedPollerConfig');
        const topics = mapping.at('Properties', 'Topics').items();
        if (!pollers.absent || topics.length === 0 || isOff(mapping)) continue;
        const bound = promiseOf(template, mapping, topics);
        if (bound === undefined) continue;
        yield {
          at: pollers,
          message: `${bound.text} after ${bound.seconds} s, and pollers on demand follow the lag within ${KAFKA_POLLER.reactionSeconds} s`,
          fix: 'set ProvisionedPollerConfig.MinimumPollers to what the peak needs: a poller reads 5 MB/s and has five batches in work',
        };
      }
    },
  },
  {
    id: 'BP-LAMBDA-010',
    title: 'A mapping skips what comes until it has begun',
    why: 'A mapping begins some minutes after it was made, and is away for up to 90 s at every update. With LATEST it begins with what comes after that, and records that were put in meanwhile are never read.',
    source:
      'AWS Lambda Developer Guide, "Polling and stream starting positions": with LATEST a mapping could miss events',
    severity: 'warning',
    cases: [5],
    *check(template) {
      for (const { mapping, source } of mappingsFrom(template, 'kinesis')) {
        const at = mapping.at('Properties', 'StartingPosition');
        const stream = streamAt(template, source);
        // What an older stream holds may be handled already.
        if (at.text() !== 'LATEST' || stream === undefined) continue;
        yield {
          at,
          message: `it begins with what comes after it was made, and ${stream.name} is made with it: what comes meanwhile is skipped`,
          fix: 'set StartingPosition to TRIM_HORIZON: a new stream holds nothing older',
        };
      }
    },
  },
];

/** The shortest time that is promised of a topic: by an alarm on its lag, or by the age at which its records are given up. */
function promiseOf(
  template: Template,
  mapping: Resource,
  topics: readonly Value[],
): { readonly seconds: number; readonly text: string } | undefined {
  const age = mapping.at('Properties', 'MaximumRecordAgeInSeconds').number(-1) ?? -1;
  const names = topics.map((topic) => topic.text());
  const alarmed = alarms(template)
    .filter((alarm) => metricsOf(alarm).some((metric) => isTimeLagOf(metric, names)))
    .map((alarm) => ({
      seconds: alarm.at('Properties', 'Threshold').number() ?? Number.POSITIVE_INFINITY,
      text: `${alarm.name} fires`,
    }));
  const given = age > 0 ? [{ seconds: age, text: 'it gives up records' }] : [];
  return [...alarmed, ...given]
    .filter(({ seconds }) => seconds < KAFKA_POLLER.reactionSeconds)
    .sort((one, other) => one.seconds - other.seconds)[0];
}

/** Whether it is the time lag of one of these topics, alone: of an expression the threshold is in no unit. */
function isTimeLagOf({ id, namespace, name, dimensions }: Metric, topics: readonly (string | undefined)[]): boolean {
  return (
    id === undefined &&
    namespace.text() === 'AWS/Kafka' &&
    name.text() === 'EstimatedMaxTimeLag' &&
    dimensions.items().some((one) => {
      const topic = one.at('Name').text() === 'Topic' ? one.at('Value').text() : undefined;
      return topic !== undefined && topics.includes(topic);
    })
  );
}

function* keptNowhere(template: Template, handler: Resource): Iterable<Found> {
  if (!losesFailures(template, handler)) return;
  const senders = asynchronousSenders(template, handler);
  const tries = triesOf(template, handler);
  const lost =
    tries === undefined ? 'after its tries' : tries === 1 ? 'when its one try fails' : `after ${tries} failed tries`;
  yield {
    at: handler.at('Properties', 'DeadLetterConfig'),
    message: `${listed(senders)} ${senders.length > 1 ? 'start' : 'starts'} it without waiting, and it has neither a DeadLetterConfig nor an OnFailure destination: an event is lost ${lost}`,
    fix: 'add a DeadLetterConfig, or an AWS::Lambda::EventInvokeConfig with DestinationConfig.OnFailure',
  };
}

/** Whether nothing bounds the retries of a stream, or that is not decided: BP-LAMBDA-004 is about that one. */
function isUnboundedStream(mapping: Resource): boolean {
  const [retries, age] = ['MaximumRetryAttempts', 'MaximumRecordAgeInSeconds'].map((key) =>
    mapping.at('Properties', key),
  );
  return (retries.number(-1) ?? -1) === -1 && (age.number(-1) ?? -1) === -1;
}

/** The mappings from sources of one service. */
function mappingsFrom(template: Template, service: string): readonly Mapping[] {
  return mappings(template).filter(({ mapping, source }) => serviceOf(template, source) === service && !isOff(mapping));
}

function maximumConcurrency(mapping: Resource) {
  return mapping.at('Properties', 'ScalingConfig', 'MaximumConcurrency');
}

function nameOf(template: Template, source: Mapping['source']): string {
  return template.target(source)?.name ?? source.text()?.split(':').pop() ?? 'its queue';
}

function mayBeFifo(template: Template, source: Mapping['source']): boolean {
  const queue = template.find(source, QUEUE, 'QueueName');
  if (queue) return isMaybeFifo(queue);
  return source.text()?.endsWith('.fifo') !== false;
}
