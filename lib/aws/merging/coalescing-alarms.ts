import { type Alarm, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { validate } from '../../flow/errors';
import { type Kinds, needed, sound } from '../../flow/kinds';
import { coalescingAlarmKnobs } from '../../flow/merging/alarms';
import type { MergingPlan } from '../../flow/merging/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { KINESIS_STREAM, LAMBDA, PLAN, QUEUE, TOPIC } from '../kinds';
import { oldestAge, streamMetric, unreadRecords } from '../kinesis-metrics';
import { type AlarmRow, createAlarms } from '../watch';

/**
 * What the alarms of a queue that merges watch.
 */
export interface CoalescingAlarmsProps {
  /**
   * The function that merges.
   */
  readonly merger: IFunction;

  /**
   * Where keys are that could not be invalidated.
   */
  readonly asideQueue: IQueue;

  /**
   * The stream with the events.
   *
   * @default - they are in a queue, which has alarms of its own
   */
  readonly stream?: IStream;

  /**
   * The plan with the numbers, as that of a `CoalescingQueue`.
   */
  readonly plan: MergingPlan;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;
}

/**
 * The alarms on how fresh a cache is, and on whether events are still merged.
 */
export class CoalescingAlarms extends Construct {
  /** Keys are invalidated later than promised. */
  public readonly delayed: Alarm;
  /** More keys are worked on than merged events leave. */
  public readonly unmerged: Alarm;
  /** Keys could not be invalidated, and stay stale. */
  public readonly setAside: Alarm;
  /** The merger failed as a whole. */
  public readonly mergerErrors: Alarm;
  /** The invalidator takes no more. */
  public readonly flushRefused: Alarm;
  /**
   * Events wait in the stream for longer than promised.
   *
   * @default - there is no stream
   */
  public readonly late?: Alarm;
  /**
   * Events come into the stream, and the merger is not invoked.
   *
   * @default - there is no stream
   */
  public readonly idle?: Alarm;
  /**
   * The stream refuses events.
   *
   * @default - there is no stream
   */
  public readonly writesThrottled?: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is missing, or the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: CoalescingAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { merger, asideQueue, stream, alarmTopic, alarms } = usable;
    const plan = completed(usable.plan, coalescingAlarmKnobs(usable.plan));
    const rows = [...mergerRows(merger, asideQueue), ...(stream === undefined ? [] : streamRows(stream, merger))];
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.delayed = made.Delayed;
    this.unmerged = made.Unmerged;
    this.setAside = made.SetAside;
    this.mergerErrors = made.MergerErrors;
    this.flushRefused = made.FlushRefused;
    this.late = made.Late;
    this.idle = made.Idle;
    this.writesThrottled = made.WritesThrottled;
    this.all = Object.values(made);
  }
}

/** The names of all alarms that a merger can have, besides those of its queue. */
export const COALESCING_ALARMS: readonly string[] = [
  'delayed',
  'unmerged',
  'setAside',
  'mergerErrors',
  'flushRefused',
  'late',
  'idle',
  'writesThrottled',
];

const KINDS: Kinds<CoalescingAlarmsProps> = {
  merger: needed(LAMBDA),
  asideQueue: needed(QUEUE),
  stream: KINESIS_STREAM,
  plan: needed(PLAN),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

function mergerRows(merger: IFunction, asideQueue: IQueue): AlarmRow[] {
  return [
    {
      id: 'Delayed',
      severity: 'critical',
      metric: (period) => mergerMetric(merger, 'DelaySeconds', Stats.MAXIMUM)(period),
      threshold: 'alarmDelaySeconds',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmLateWindows',
      text: 'Keys are invalidated later than promised. Check the duration of the merger, and what it calls: a key that takes longer than planned, or more different keys than planned. More workers shorten a flush; a second reader of a shard does not.',
    },
    {
      id: 'Unmerged',
      severity: 'warning',
      metric: (period) => mergerMetric(merger, 'Keys', Stats.SUM)(period),
      threshold: 'alarmKeys',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmUnmergedWindows',
      text: 'More keys are worked on than merged events leave at the peak. Check in this order: producers use the cache key as partition key, with nothing added to it; batches are not cut short (records of more bytes than planned); events or distinct keys have grown, which the plan has to be told.',
    },
    {
      id: 'SetAside',
      severity: 'critical',
      metric: (period) => asideQueue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
      threshold: 'alarmSetAside',
      seconds: 'alarmWindowSeconds',
      text: 'Keys could not be invalidated, and stay stale until they expire. Their messages name them, or, for a whole batch, its shard and sequence numbers. Read the log of the merger, mend the cause, send an event for each key again, and delete the messages.',
    },
    {
      id: 'MergerErrors',
      severity: 'critical',
      metric: (period) => merger.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmErrors',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmLateWindows',
      text: 'The merger failed as a whole or ran out of time. Its batch comes again, and its shard waits for it. Read its log.',
    },
    {
      id: 'FlushRefused',
      severity: 'critical',
      metric: (period) => mergerMetric(merger, 'FlushRefused', Stats.SUM)(period),
      threshold: 'alarmRefused',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmRefusedWindows',
      text: 'What is called takes no more: too many invalidations in progress, or too many requests; or a cache does not answer. Keys wait, and none is lost. Check whether others invalidate the same distribution, then lengthen the window, or use tags; of a cache, its address, its password and clusterMode.',
    },
  ];
}

function streamRows(stream: IStream, merger: IFunction): AlarmRow[] {
  return [
    {
      id: 'Late',
      severity: 'critical',
      metric: oldestAge(stream, merger, 'age of the oldest event'),
      threshold: 'alarmAgeMilliseconds',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmLateWindows',
      text: 'Events wait in the stream for longer than promised: a batch fails again and again, or a shard has more than its reader takes. Read the log of the merger. Events are kept for the retention of the stream.',
    },
    {
      id: 'Idle',
      severity: 'critical',
      metric: (period) =>
        unreadRecords(
          stream,
          merger.metricInvocations({ period, statistic: Stats.SUM }),
          'events that no invocation follows',
        )(period),
      threshold: 'alarmIdle',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmIdleWindows',
      text: 'Events come into the stream, and the merger is not invoked. Check in this order: the mapping is enabled, and its state names no error; the role of the merger may read the stream and use its key; the function has no reserved concurrency of 0. Events are kept for the retention of the stream.',
    },
    {
      id: 'WritesThrottled',
      severity: 'critical',
      metric: (period) => streamMetric(stream, 'WriteProvisionedThroughputExceeded', Stats.SUM)(period),
      threshold: 'alarmThrottled',
      seconds: 'alarmWindowSeconds',
      text: 'The stream refuses events; a producer that does not retry loses them, and their keys stay stale. Check whether one key has more than 1,000 events a second, which no number of shards helps; otherwise give more shards.',
    },
  ];
}

/** What the merger records: `lib/runtime/metrics.ts`. */
export function mergerMetric(merger: IFunction, metricName: string, statistic: string) {
  return (period: Metric['period']): Metric =>
    new Metric({
      namespace: 'Backpressure',
      metricName,
      dimensionsMap: { FunctionName: merger.functionName },
      statistic,
      period,
    });
}
