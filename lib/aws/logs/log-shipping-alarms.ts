import { Names, Stack } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { type Kinds, needed, sound, TEXT } from '../../flow/kinds';
import type { Plan } from '../../flow/plan';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { LOG_GROUP, PLAN, TOPIC } from '../kinds';
import { createAlarms } from '../watch';
import { DROPPED_LINES, RETRIED_LINES, type RouterLines, routerRows, streamRows } from './log-shipping-alarm-rows';

/**
 * What the alarms of a log shipping watch.
 */
export interface LogShippingAlarmsProps {
  /**
   * Name of the stream that takes the lines.
   */
  readonly deliveryStreamName: string;

  /**
   * Where the routers log what happens to them. Two shippings need two.
   */
  readonly logGroup: ILogGroup;

  /**
   * The plan with the numbers: `alarmPeriodSeconds`, `alarmRouterSeconds`, `alarmFreshnessSeconds`, `alarmSuccessRatio`,
   * `alarmThrottledRecords`, `alarmThrottledPeriods`, `alarmStreamRatio`, `alarmDroppedChunks`, `alarmRetriedChunks` and
   * `alarmRetriedPeriods`, as in the plan of `LogShipping`.
   */
  readonly plan: Plan;

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
 * The alarms of a log shipping: lines that were lost, buffers that fill, and a stream that does not deliver or is too small.
 */
export class LogShippingAlarms extends Construct {
  /** Firehose does not write to the bucket. */
  public readonly deliveryLate: Alarm;
  /** Firehose failed to write an object. */
  public readonly deliveryFailed: Alarm;
  /** The stream takes less than is sent. */
  public readonly streamThrottled: Alarm;
  /** More arrives than planned. */
  public readonly streamNearQuota: Alarm;
  /** A router discarded lines. */
  public readonly chunksDropped: Alarm;
  /** Firehose does not take lines: the buffers fill. */
  public readonly chunksRetried: Alarm;
  /** All of them. */
  public readonly all: Alarm[];
  /** Counts the chunks that routers discarded. */
  public readonly droppedFilter: MetricFilter;
  /** Counts the chunks that Firehose did not take. */
  public readonly retriedFilter: MetricFilter;

  /**
   * @throws InvalidInputError when the plan lacks a knob, or a prop is of another kind
   */
  constructor(scope: Construct, id: string, props: LogShippingAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { deliveryStreamName, logGroup, plan, alarmTopic, alarms } = usable;
    this.droppedFilter = countLines(this, 'DroppedChunkLines', logGroup, DROPPED_LINES);
    this.retriedFilter = countLines(this, 'RetriedChunkLines', logGroup, RETRIED_LINES);
    const lines: RouterLines = { dropped: this.droppedFilter, retried: this.retriedFilter };
    const rows = [...streamRows(deliveryStreamName), ...routerRows(lines)];
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.deliveryLate = made.DeliveryLate;
    this.deliveryFailed = made.DeliveryFailed;
    this.streamThrottled = made.StreamThrottled;
    this.streamNearQuota = made.StreamNearQuota;
    this.chunksDropped = made.ChunksDropped;
    this.chunksRetried = made.ChunksRetried;
    this.all = Object.values(made);
  }
}

/** The names of the alarms of a shipping, without those of its task definitions. */
export const SHIPPING_ALARMS: readonly string[] = [
  'deliveryLate',
  'deliveryFailed',
  'streamThrottled',
  'streamNearQuota',
  'chunksDropped',
  'chunksRetried',
];

const KINDS: Kinds<LogShippingAlarmsProps> = {
  deliveryStreamName: needed(TEXT),
  logGroup: needed(LOG_GROUP),
  plan: needed(PLAN),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

/** Its namespace has the stack's name: two installations count apart. */
function countLines(scope: Construct, id: string, logGroup: ILogGroup, texts: readonly string[]): MetricFilter {
  return new MetricFilter(scope, id, {
    logGroup,
    filterPattern: FilterPattern.anyTerm(...texts),
    metricNamespace: `Backpressure/${Stack.of(scope).stackName}`,
    metricName: `${id}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`,
    metricValue: '1',
  });
}
