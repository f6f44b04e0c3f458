import { Names, Stack } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { validate } from '../../flow/errors';
import { having, type Kinds, needed, sound, struct, TEXT } from '../../flow/kinds';
import { kinesisAlarmKnobs, ruleAlarmKnobs, topicAlarmKnobs } from '../../flow/streams/alarms';
import type { StreamPlan } from '../../flow/streams/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { clusterArnCheck } from '../kafka-cluster';
import { KINESIS_STREAM, LAMBDA, PLAN, QUEUE, TOPIC } from '../kinds';
import { createAlarms } from '../watch';
import type { ConsumedTopic } from './consumed-topic';
import { consumerRows, kinesisRows, ruleRows, setAsideLogRow, topicRows } from './stream-alarm-rows';

/**
 * What the alarms of a partitioned stream watch. Give a stream or a topic.
 */
export interface StreamAlarmsProps {
  /**
   * The plan with the numbers, as that of a `PartitionedStream`.
   */
  readonly plan: StreamPlan;

  /**
   * The stream of Amazon Kinesis.
   *
   * @default - the records are in a topic
   */
  readonly stream?: IStream;

  /**
   * The topic of Amazon MSK and its group.
   *
   * @default - the records are in a stream
   */
  readonly topic?: ConsumedTopic;

  /**
   * The function that works on the records.
   *
   * @default - tasks do
   */
  readonly function?: IFunction;

  /**
   * Where records are named that no attempt could handle.
   *
   * @default - they are not in a queue
   */
  readonly failureQueue?: IQueue;

  /**
   * Log of the consumers, a JSON object a line, with `setAside` in the lines of records that no attempt could handle.
   *
   * @default - they are not counted in a log
   */
  readonly logGroup?: ILogGroup;

  /**
   * Name of the rule of AWS IoT that feeds the stream.
   *
   * @default - none does
   */
  readonly ruleName?: string;

  /**
   * Where messages are that the rule could not put into the stream.
   *
   * @default - there is no rule
   */
  readonly errorQueue?: IQueue;

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
 * The alarms on how far consumers are behind, and on records that do not arrive or cannot be handled.
 */
export class StreamAlarms extends Construct {
  /** Records wait for longer than promised. */
  public readonly late: Alarm;
  /**
   * Records come into the stream, and nothing reads it.
   *
   * @default - the records are in a topic
   */
  public readonly idle?: Alarm;
  /**
   * The stream refuses records.
   *
   * @default - the records are in a topic
   */
  public readonly refused?: Alarm;
  /**
   * More records of the topic are without a commit than promised.
   *
   * @default - the records are in a stream
   */
  public readonly lag?: Alarm;
  /**
   * The group has no lag that can be seen.
   *
   * @default - the records are in a stream
   */
  public readonly lagUnseen?: Alarm;
  /**
   * Records could not be handled by any attempt.
   *
   * @default - neither `failureQueue` nor `logGroup` was given
   */
  public readonly setAside?: Alarm;
  /**
   * Counts the lines of the log by which consumers say that they set records aside.
   *
   * @default - the records go to a `failureQueue`, or there is no `logGroup`
   */
  public readonly setAsideFilter?: MetricFilter;
  /**
   * Batches fail as a whole.
   *
   * @default - tasks work on the records
   */
  public readonly consumerErrors?: Alarm;
  /**
   * The rule could not put messages into the stream.
   *
   * @default - there is no error queue
   */
  public readonly undelivered?: Alarm;
  /**
   * The rule does not work on messages.
   *
   * @default - there is no rule
   */
  public readonly ruleFailures?: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is missing, or the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: StreamAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const { stream, topic, alarmTopic, alarms } = usable;
    validate(id, [
      ...checks,
      {
        refused: (stream === undefined) === (topic === undefined),
        message: `stream or topic must be given, and only one of them, got ${stream === undefined ? 'none' : 'both'}`,
      },
      clusterArnCheck(topic?.clusterArn, 'topic.clusterArn'),
    ]);
    const { function: fn, failureQueue, logGroup, ruleName, errorQueue } = usable;
    if (failureQueue === undefined && logGroup !== undefined) this.setAsideFilter = this.countSetAside(logGroup);
    const rows = [
      ...(stream === undefined ? topicRows(topic!) : kinesisRows(stream, fn)),
      ...consumerRows(failureQueue, fn),
      ...(this.setAsideFilter === undefined ? [] : [setAsideLogRow(this.setAsideFilter)]),
      ...ruleRows(ruleName, errorQueue),
    ];
    const plan = completed(usable.plan, streamAlarmKnobsOf(usable.plan, stream !== undefined, ruleName !== undefined));
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.late = made.Late;
    this.idle = made.Idle;
    this.refused = made.Refused;
    this.lag = made.Lag;
    this.lagUnseen = made.LagUnseen;
    this.setAside = made.SetAside;
    this.consumerErrors = made.ConsumerErrors;
    this.undelivered = made.Undelivered;
    this.ruleFailures = made.RuleFailures;
    this.all = Object.values(made);
  }

  /** Its namespace has the stack's name: two installations count apart. */
  private countSetAside(logGroup: ILogGroup): MetricFilter {
    return new MetricFilter(this, 'SetAsideLines', {
      logGroup,
      filterPattern: FilterPattern.exists('$.setAside'),
      metricNamespace: `Backpressure/${Stack.of(this).stackName}`,
      metricName: `SetAside-${Names.uniqueResourceName(this, { maxLength: 100, separator: '-' })}`,
      metricValue: '1',
    });
  }
}

/** The knobs of the alarms on a stream or a topic. */
export function streamAlarmKnobsOf(plan: StreamPlan, isKinesis: boolean, hasRule: boolean) {
  return [...(isKinesis ? kinesisAlarmKnobs(plan) : topicAlarmKnobs(plan)), ...(hasRule ? ruleAlarmKnobs() : [])];
}

/** What decides which alarms there are. */
export interface WatchedParts {
  readonly isKinesis: boolean;
  readonly isLambda: boolean;
  readonly setsAside: boolean;
  readonly hasRule: boolean;
}

/** The names of the alarms that there are. */
export function streamAlarms({ isKinesis, isLambda, setsAside, hasRule }: WatchedParts): readonly string[] {
  return [
    'late',
    ...(isKinesis ? ['idle', 'refused'] : ['lag', 'lagUnseen']),
    ...(setsAside ? ['setAside'] : []),
    ...(isLambda ? ['consumerErrors'] : []),
    ...(hasRule ? ['undelivered', 'ruleFailures'] : []),
  ];
}

const TOPIC_OF_GROUP: Kinds<ConsumedTopic> = {
  clusterArn: needed(TEXT),
  topicName: needed(TEXT),
  consumerGroup: needed(TEXT),
};

const KINDS: Kinds<StreamAlarmsProps> = {
  plan: needed(PLAN),
  stream: KINESIS_STREAM,
  topic: struct(TOPIC_OF_GROUP),
  function: LAMBDA,
  failureQueue: QUEUE,
  logGroup: having(['logGroupName', 'node'], 'a log group: a LogGroup or LogGroup.fromLogGroupName()'),
  ruleName: TEXT,
  errorQueue: QUEUE,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};
