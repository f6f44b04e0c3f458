import type { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  ComparisonOperator,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { validate } from '../../flow/errors';
import { type Kinds, needed, sound, TEXT } from '../../flow/kinds';
import { amazonMqAlarmKnobs } from '../../flow/queue/alarms';
import type { QueuePlan } from '../../flow/queue/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { LAMBDA, PLAN, TOPIC } from '../kinds';
import { type AlarmRow, createAlarms } from '../watch';
import { brokerMetric, type MeasuredQueue, queueMetric } from './rabbit-mq-metrics';

/**
 * What the alarms of a RabbitMQ queue watch.
 */
export interface RabbitMqAlarmsProps {
  /**
   * Name of the broker.
   */
  readonly brokerName: string;

  /**
   * Virtual host of the queue.
   */
  readonly vhost: string;

  /**
   * Name of the queue.
   */
  readonly queueName: string;

  /**
   * Name of the queue with its dead letters, in the same virtual host.
   */
  readonly deadLetterQueueName: string;

  /**
   * The plan of the queue, with `alarmBacklog`, `alarmNearlyFull`, `alarmDeadLetters` and `minInstances` at least. Other
   * numbers are derived, unless the plan has a knob for them.
   */
  readonly plan: QueuePlan;

  /**
   * The function that declares the queue and repairs it.
   *
   * @default - none: nothing is watched of it
   */
  readonly declarer?: IFunction;

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
 * The alarms on a RabbitMQ queue of Amazon MQ and on its broker.
 *
 * Cures a broker that blocks every producer before anybody has noticed: at its memory limit, at its disk limit, or when
 * a queue is full. Amazon MQ publishes no age of a message and no rates of a queue; the depth says what there is to say.
 */
export class RabbitMqAlarms extends Construct {
  /** More messages are in the queue, ready or in work, than planned. */
  public readonly backlog: Alarm;
  /** The queue is near its bound; at the bound producers are refused. */
  public readonly nearlyFull: Alarm;
  /** Messages failed every attempt. */
  public readonly deadLetters: Alarm;
  /**
   * Nothing consumes the queue.
   *
   * @default - the worker may sleep
   */
  public readonly consumers?: Alarm;
  /** A node is near its memory limit, at which producers are blocked. */
  public readonly brokerMemory: Alarm;
  /** A node is near its disk limit, at which producers are blocked. */
  public readonly brokerDisk: Alarm;
  /** The broker is busy all the time. */
  public readonly brokerCpu: Alarm;
  /**
   * The broker has almost as many connections as it accepts.
   *
   * @default - it is not known how many it accepts
   */
  public readonly brokerConnections?: Alarm;
  /**
   * Objects of the broker were changed outside the stack; they have been declared again.
   *
   * @default - no function repairs them
   */
  public readonly topologyDrift?: Alarm;
  /**
   * The function cannot check or repair what it declared.
   *
   * @default - no function repairs them
   */
  public readonly topologyErrors?: Alarm;
  /** Every alarm, in the order above. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is of another kind, or the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: RabbitMqAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { declarer, alarmTopic, alarms } = usable;
    const plan = completed(usable.plan, amazonMqAlarmKnobs(usable.plan, undefined));
    const rows = [
      ...queueRows(usable, plan),
      ...brokerRows(usable.brokerName, plan),
      ...(declarer === undefined ? [] : declarerRows(declarer)),
    ];
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.backlog = made.Backlog;
    this.nearlyFull = made.NearlyFull;
    this.deadLetters = made.DeadLetters;
    this.consumers = made.Consumers;
    this.brokerMemory = made.BrokerMemory;
    this.brokerDisk = made.BrokerDisk;
    this.brokerCpu = made.BrokerCpu;
    this.brokerConnections = made.BrokerConnections;
    this.topologyDrift = made.TopologyDrift;
    this.topologyErrors = made.TopologyErrors;
    this.all = Object.values(made);
  }
}

/** The names of all alarms that a RabbitMQ queue can have. */
export const RABBIT_MQ_ALARMS: readonly string[] = [
  'backlog',
  'nearlyFull',
  'deadLetters',
  'consumers',
  'brokerMemory',
  'brokerDisk',
  'brokerCpu',
  'brokerConnections',
  'topologyDrift',
  'topologyErrors',
];

const KINDS: Kinds<RabbitMqAlarmsProps> = {
  brokerName: needed(TEXT),
  vhost: needed(TEXT),
  queueName: needed(TEXT),
  deadLetterQueueName: needed(TEXT),
  plan: needed(PLAN),
  declarer: LAMBDA,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

const SAMPLED = { seconds: 'alarmSampleSeconds', periods: 'alarmSamples', beyond: 'alarmSamplesAbove' };

/** Messages that wait and messages in work: the number that the worker is scaled on. */
export function depthMetric(queue: MeasuredQueue, statistic: string, period?: Duration): MathExpression {
  return new MathExpression({
    expression: 'ready + unacknowledged',
    label: 'messages',
    usingMetrics: {
      ready: queueMetric('MessageReadyCount', queue, statistic, period),
      unacknowledged: queueMetric('MessageUnacknowledgedCount', queue, statistic, period),
    },
    period,
  });
}

function queueRows(props: RabbitMqAlarmsProps, plan: QueuePlan): AlarmRow[] {
  const { brokerName, vhost, queueName, deadLetterQueueName } = props;
  const queue = { brokerName, vhost, queueName };
  const depth = (period: Duration) => depthMetric(queue, Stats.MAXIMUM, period);
  const consumers: AlarmRow = {
    id: 'Consumers',
    severity: 'critical',
    metric: (period) => queueMetric('ConsumerCount', queue, Stats.MINIMUM, period),
    threshold: 'alarmConsumers',
    ...SAMPLED,
    comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
    // A queue that is not there has no metrics either.
    missing: TreatMissingData.BREACHING,
    text: `Nothing consumes ${queueName}. Check whether the tasks of the worker run, whether they reach the broker (security groups), and whether it accepts their user; the function that declares the queue sets the password again within the hour.`,
  };
  return [
    {
      id: 'Backlog',
      severity: 'warning',
      metric: depth,
      threshold: 'alarmBacklog',
      ...SAMPLED,
      text: `More messages are in ${queueName} than the plan's longest backlog, so the latency is about to be broken. Check whether consumers run, whether an item takes longer than planned, whether more arrives than planned; then allow more tasks or throttle the producer.`,
    },
    {
      id: 'NearlyFull',
      severity: 'critical',
      metric: depth,
      threshold: 'alarmNearlyFull',
      ...SAMPLED,
      text: `${queueName} is at 80 % of its bound of ${plan.value('maxLength')} messages; at the bound the broker refuses what producers publish. Check whether the worker runs and acknowledges; if it does, raise the numbers of the workload and deploy; meanwhile throttle the producers.`,
    },
    {
      id: 'DeadLetters',
      severity: 'critical',
      metric: (period) => depthMetric({ brokerName, vhost, queueName: deadLetterQueueName }, Stats.MAXIMUM, period),
      threshold: 'alarmDeadLetters',
      seconds: 'alarmWindowSeconds',
      text: `Messages failed every attempt and wait in ${deadLetterQueueName}. Read one, repair the cause in worker or producer, then move them back with a shovel. They stay until then.`,
    },
    ...(plan.value('minInstances') > 0 ? [consumers] : []),
  ];
}

function brokerRows(brokerName: string, plan: QueuePlan): AlarmRow[] {
  const ratio = (expression: string, metrics: Record<string, Metric>) => (period: Duration) =>
    new MathExpression({ expression, usingMetrics: metrics, period });
  const worst = (metricName: string, statistic: string) => brokerMetric(metricName, brokerName, statistic);
  const connections: AlarmRow = {
    id: 'BrokerConnections',
    severity: 'warning',
    metric: (period) => brokerMetric('ConnectionCount', brokerName, Stats.MAXIMUM, period),
    threshold: 'alarmConnections',
    ...SAMPLED,
    text: `Broker ${brokerName} has 80 % of the connections that one node accepts; beyond that, clients are refused. Find who opens them: a client has one connection, with a channel for each thread. Otherwise take a larger instance type.`,
  };
  const has = plan.knobs.some(({ name }) => name === 'alarmConnections');
  return [
    {
      id: 'BrokerMemory',
      severity: 'critical',
      metric: ratio('used / limit', {
        used: worst('RabbitMQMemUsed', Stats.MAXIMUM),
        limit: worst('RabbitMQMemLimit', Stats.MINIMUM),
      }),
      threshold: 'alarmMemoryRatio',
      ...SAMPLED,
      text: `Broker ${brokerName} is near its memory limit; at the limit it blocks every producer. Look for many connections and channels, and for long queues of other types; then drain queues or take a larger instance type.`,
    },
    {
      id: 'BrokerDisk',
      severity: 'critical',
      metric: ratio('free / limit', {
        free: worst('RabbitMQDiskFree', Stats.MINIMUM),
        limit: worst('RabbitMQDiskFreeLimit', Stats.MAXIMUM),
      }),
      threshold: 'alarmDiskRatio',
      ...SAMPLED,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      text: `Broker ${brokerName} is near its disk limit; at the limit it blocks every producer. Drain the longest queues, dead letters first.`,
    },
    {
      id: 'BrokerCpu',
      severity: 'warning',
      metric: (period) => brokerMetric('SystemCpuUtilization', brokerName, Stats.AVERAGE, period),
      threshold: 'alarmCpuPercent',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmCpuWindows',
      text: `Broker ${brokerName} is busy all the time, so that it and not the worker decides the rate. Look for clients that open a connection for each message, then take a larger instance type.`,
    },
    ...(has ? [connections] : []),
  ];
}

function declarerRows(declarer: IFunction): AlarmRow[] {
  return [
    {
      id: 'TopologyDrift',
      severity: 'warning',
      metric: (period) =>
        new Metric({
          namespace: 'Backpressure',
          metricName: 'TopologyRepaired',
          dimensionsMap: { FunctionName: declarer.functionName },
          period,
          statistic: Stats.SUM,
        }),
      threshold: 'alarmRepaired',
      seconds: 'repairIntervalSeconds',
      text: "Objects of the broker differed from the template and have been declared again; the function's log names them. After a rotated password that is as it should be. Otherwise find out who changes them by hand, and make the change in the stack instead.",
    },
    {
      id: 'TopologyErrors',
      severity: 'critical',
      metric: (period) => declarer.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmRepairErrors',
      seconds: 'repairIntervalSeconds',
      text: "The function cannot check or repair the queue on the broker. What is declared still holds, but drift is not detected. The function's log has the cause: an unreachable broker or secret (security groups, subnets, endpoints), refused credentials, or a policy of another owner that takes the place of ours.",
    },
  ];
}
