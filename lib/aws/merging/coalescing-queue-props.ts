/** The props of a queue that merges, the question that its plan answers, and the checks on the props. */
import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { type Check, oneOf } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, needed, TEXT } from '../../flow/kinds';
import type { MergingObjective, MergingQuestion, MergingWorkload } from '../../flow/merging/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { DURATION, KEY, KINESIS_STREAM, QUEUE, TOPIC } from '../kinds';
import { removalCheck } from '../removal-policy';
import { resolvedSeconds, wholeSeconds } from '../tokens';
import type { Invalidator } from './invalidator';

/** What carries the events from producers to the merger. */
export enum EventTransport {
  /** Amazon Kinesis, with the cache key as the partition key: a key always meets the same reader. */
  KINESIS = 'kinesis',
  /** Amazon SQS, for at most 200 events a second: any of two readers may get any event, so that less is merged. */
  SQS = 'sqs',
}

/**
 * What a queue that merges is sized from.
 */
export interface CoalescingQueueProps {
  /**
   * What arrives, and what a key costs.
   */
  readonly workload: MergingWorkload;

  /**
   * How fresh the cache has to be, and what invalidations may cost.
   */
  readonly objective: MergingObjective;

  /**
   * What is done with the distinct keys of a window: `Invalidator.lambda(…)`, `Invalidator.cloudFront(…)` or
   * `Invalidator.cache(…)`.
   */
  readonly invalidator: Invalidator;

  /**
   * What carries the events.
   *
   * @default EventTransport.KINESIS
   */
  readonly transport?: EventTransport;

  /**
   * How long a reader collects before it works on what it has. Whole seconds, 1 to 300.
   *
   * @default - the least with which the work is half of what one worker does, and the ceiling on the cost is kept
   */
  readonly window?: Duration;

  /**
   * Events of one flush at most. A whole number, 1 to what Lambda is handed over of events of this size.
   *
   * @default - as many as Lambda is handed over
   */
  readonly maxBatch?: number;

  /**
   * Shards of the stream, each with one reader. A whole number, 1 to 500; needed with `stream`.
   *
   * @default - as few as take the events
   */
  readonly shards?: number;

  /**
   * Calls that one reader has in flight. A whole number, 1 to 64.
   *
   * @default - as few as keep the promise
   */
  readonly workers?: number;

  /**
   * A JSON pointer (RFC 6901) to the cache key in a message of Amazon SQS, such as `/detail/path`. On Kinesis the partition
   * key is the cache key.
   *
   * @default /key
   */
  readonly keyPointer?: string;

  /**
   * How long the readers may be away with no event lost. 1 second to 7 days.
   *
   * @default Duration.minutes(15)
   */
  readonly outage?: Duration;

  /**
   * A stream with the events, whose partition key is the cache key. Give `shards` with it.
   *
   * @default - a new one, encrypted
   */
  readonly stream?: IStream;

  /**
   * A queue with the events, for the transport SQS. Its visibility timeout has to be at least six times the knob
   * `flushTimeoutSeconds` plus the window.
   *
   * @default - a `RedriveQueue`
   */
  readonly queue?: IQueue;

  /**
   * The key that encrypts events, and what is set aside.
   *
   * @default - keys of Amazon Kinesis and Amazon SQS
   */
  readonly encryptionKey?: IKey;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms still exist
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * Whether to make a CloudWatch dashboard.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * What happens to stream and queues when they leave the stack or are replaced. RETAIN, RETAIN_ON_UPDATE_OR_DELETE or
   * DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What each prop has to be. */
export const COALESCING_KINDS: Kinds<CoalescingQueueProps> = {
  workload: CHECKED,
  objective: CHECKED,
  invalidator: needed(
    having(['_bind', '_judged'], 'an Invalidator: Invalidator.lambda({ function }), cloudFront(…) or cache(…)'),
  ),
  transport: CHECKED,
  window: DURATION,
  maxBatch: CHECKED,
  shards: CHECKED,
  workers: CHECKED,
  keyPointer: TEXT,
  outage: DURATION,
  stream: KINESIS_STREAM,
  queue: QUEUE,
  encryptionKey: KEY,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  dashboard: FLAG,
  removalPolicy: CHECKED,
};

/** The question that the plan answers. */
export function coalescingQuestion(props: CoalescingQueueProps): MergingQuestion {
  const { workload, objective, invalidator, transport, window, maxBatch, shards, workers, outage } = props;
  const windowSeconds = resolvedSeconds(window);
  const outageSeconds = resolvedSeconds(outage);
  return {
    workload,
    objective,
    transport: transport ?? EventTransport.KINESIS,
    ...(invalidator !== undefined && { invalidator: invalidator._name }),
    ...(invalidator?._wildcardFallback && { wildcardFallback: true }),
    ...(windowSeconds !== undefined && { windowSeconds }),
    ...(maxBatch !== undefined && { maxBatch }),
    ...(shards !== undefined && { shards }),
    ...(workers !== undefined && { workers }),
    ...(outageSeconds !== undefined && { outageSeconds }),
  };
}

/** What is wrong with the props, beside what the plan refuses. */
export function coalescingChecks(props: CoalescingQueueProps): Check[] {
  const {
    transport = EventTransport.KINESIS,
    stream,
    queue,
    shards,
    keyPointer,
    window,
    outage,
    removalPolicy,
  } = props;
  const isKinesis = transport === EventTransport.KINESIS;
  return [
    ...(props.invalidator?._judged.checks ?? []),
    oneOf('transport', transport, Object.values(EventTransport)),
    wholeSeconds('window', window, 1, 300),
    wholeSeconds('outage', outage, 1, 604_800),
    {
      refused: stream !== undefined && !isKinesis,
      message: 'stream is for the transport KINESIS; leave it out with SQS',
    },
    {
      refused: stream !== undefined && shards === undefined,
      message: 'shards must be given with stream, whose number is not known here',
    },
    { refused: queue !== undefined && isKinesis, message: 'queue is for the transport SQS; give transport as well' },
    {
      refused: keyPointer !== undefined && isKinesis,
      message: 'keyPointer is for the transport SQS; on Kinesis the partition key is the cache key',
    },
    {
      refused: keyPointer !== undefined && !/^(\/([^~/]|~[01])*)+$/.test(keyPointer),
      message: `keyPointer must be a JSON pointer such as /key, got '${keyPointer}'`,
    },
    removalCheck(removalPolicy),
  ];
}
