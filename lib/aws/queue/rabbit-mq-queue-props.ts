import { type Duration, type RemovalPolicy, Token } from 'aws-cdk-lib';
import type { IInterfaceVpcEndpoint, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Check } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, NUMBER, needed, OBJECT, TEXT } from '../../flow/kinds';
import type { QueueQuestion } from '../../flow/queue/question';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';
import { ALARM_SETTINGS, type AlarmSettings, alarmSettingsChecks } from '../alarm-settings';
import { DURATION, TOPIC } from '../kinds';
import { removalCheck } from '../removal-policy';
import { resolvedSeconds, wholeSeconds } from '../tokens';
import { RABBIT_MQ_ALARMS } from './rabbit-mq-alarms';
import type { RabbitMqBroker } from './rabbit-mq-broker';

/**
 * What a RabbitMQ queue is sized from, and the broker that it is on.
 */
export interface RabbitMqQueueProps {
  /**
   * Name of the queue. 1 to 200 letters, digits, `-`, `_` and `.`; CloudWatch has no metrics of a queue with others.
   * `<queueName>.dead` is the queue with its dead letters, and `<queueName>` the exchange to publish to.
   */
  readonly queueName: string;

  /**
   * What arrives in the queue and how long one item takes.
   */
  readonly workload: Workload;

  /**
   * The promise to the senders.
   */
  readonly objective: Objective;

  /**
   * The broker: one that is made, `RabbitMqBroker.managed({ vpc })`, one that exists,
   * `RabbitMqBroker.existing({ … })`, or the `broker` of another `RabbitMqQueue`.
   */
  readonly broker: RabbitMqBroker;

  /**
   * Settings of the consumer given by hand, such as `maxInstances` or `slotsPerInstance`. They are checked against the
   * workload, and the plan says `given`.
   *
   * @default - all derived
   */
  readonly consumer?: Consumer;

  /**
   * Virtual host, which is made unless it is there. 1 to 255 printable characters without blanks. Two installations on
   * one broker need one each.
   *
   * @default /
   */
  readonly vhost?: string;

  /**
   * The longest outage of all consumers before publishers are refused. Bounds the queue: it holds the messages that
   * arrive in that time, peak included.
   *
   * @default Duration.hours(1)
   */
  readonly consumerOutage?: Duration;

  /**
   * Seconds from an acknowledgement to the next message. Above 0, up to 60.
   *
   * @default 0.002
   */
  readonly roundTripSeconds?: number;

  /**
   * Deliveries after the first before a message is a dead letter. 0 to 999.
   *
   * @default - derived: 4
   */
  readonly deliveryLimit?: number;

  /**
   * Whether the worker's last task stops when the queue is empty.
   *
   * @default false
   */
  readonly scaleToZero?: boolean;

  /**
   * How often the objects on the broker are checked, and declared again if they were changed. Whole minutes, 5 min to a
   * day.
   *
   * @default Duration.hours(1)
   */
  readonly repairInterval?: Duration;

  /**
   * Subnets of the function that declares the queue. It needs a way to the broker and to Secrets Manager, and none to the
   * internet.
   *
   * @default - the private subnets of the broker's VPC
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The interface endpoint of Secrets Manager. The function may connect only to it and to the broker.
   *
   * @default - the function may connect to port 443 of any address, through an endpoint of the VPC or a NAT gateway
   */
  readonly secretsManagerEndpoint?: IInterfaceVpcEndpoint;

  /**
   * Whether to overwrite users and policies of the same names that another owner has set up in another way. Without it
   * the deployment fails, changes nothing, and names them.
   *
   * @default false
   */
  readonly takeOver?: boolean;

  /**
   * Where alarms go.
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
   * Whether there is a dashboard.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * What happens to a broker that is made, to the secrets and to the objects on the broker when they leave the stack or
   * are replaced. With DESTROY a queue is deleted only while it is empty and nothing consumes it: otherwise the deletion
   * fails, and nothing is removed. RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What each prop has to be. */
export const RABBIT_MQ_KINDS: Kinds<RabbitMqQueueProps> = {
  queueName: needed(TEXT),
  workload: CHECKED,
  objective: CHECKED,
  broker: needed(
    having(
      ['_bind', '_question'],
      'a RabbitMqBroker: RabbitMqBroker.managed({ vpc }) or RabbitMqBroker.existing({ … })',
    ),
  ),
  consumer: CHECKED,
  vhost: TEXT,
  consumerOutage: DURATION,
  roundTripSeconds: CHECKED,
  deliveryLimit: NUMBER,
  scaleToZero: FLAG,
  repairInterval: DURATION,
  vpcSubnets: OBJECT,
  secretsManagerEndpoint: having(['vpcEndpointId', 'connections'], 'an interface endpoint of a VPC'),
  takeOver: FLAG,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  dashboard: FLAG,
  removalPolicy: CHECKED,
};

/** The question of the plan. */
export function rabbitMqQuestion(props: RabbitMqQueueProps): QueueQuestion {
  const { workload, objective, consumer, broker, consumerOutage, roundTripSeconds, deliveryLimit, scaleToZero } = props;
  return {
    workload,
    // The ceiling bounds the worker's cost, which is unknown here without the price of a task.
    objective:
      objective?.monthlyCost !== undefined && consumer?.instanceHourCost === undefined
        ? { ...objective, monthlyCost: undefined }
        : objective,
    consumer,
    platform: 'fargate',
    broker: 'amazon-mq',
    scaleToZero,
    consumerOutageSeconds: resolvedSeconds(consumerOutage),
    roundTripSeconds,
    deliveryLimit,
    ...broker?._question,
  };
}

/** What is wrong with the props, beside what the plan refuses. */
export function rabbitMqChecks(props: RabbitMqQueueProps): Check[] {
  const { queueName, vhost, repairInterval, consumerOutage, removalPolicy, alarms, broker, deliveryLimit } = props;
  return [
    ...(broker?._checks ?? []),
    nameCheck(
      'queueName',
      queueName,
      (text) => /^[A-Za-z0-9._-]{1,200}$/.test(text) && !text.endsWith('.dead'),
      "1 to 200 letters, digits, '.', '_' and '-', not ending in '.dead', which is the queue of the dead letters",
    ),
    nameCheck(
      'vhost',
      vhost,
      (text) => /^[\x21-\x7e]{1,255}$/.test(text),
      '1 to 255 printable characters of ASCII without blanks: CloudWatch has no metrics of others',
    ),
    {
      refused: Token.isUnresolved(deliveryLimit),
      message: 'deliveryLimit must be known at synthesis, got a token',
    },
    {
      refused: consumerOutage?.isUnresolved() === true,
      message: 'consumerOutage must be known at synthesis, got a token',
    },
    wholeSeconds('repairInterval', repairInterval, 300, 86_400),
    {
      refused:
        repairInterval !== undefined &&
        !repairInterval.isUnresolved() &&
        repairInterval.toSeconds({ integral: false }) % 60 !== 0,
      message: 'repairInterval must be whole minutes',
    },
    removalCheck(removalPolicy),
    ...alarmSettingsChecks(alarms, RABBIT_MQ_ALARMS),
  ];
}

/** Names go into regular expressions and the dimensions of metrics, so they have to be known. */
function nameCheck(prop: string, value: string | undefined, is: (text: string) => boolean, form: string): Check {
  const known = typeof value === 'string' && !Token.isUnresolved(value);
  return {
    refused: typeof value === 'string' && !(known && is(value)),
    message: `${prop} must be ${form}, got ${known ? `'${value.slice(0, 80)}'` : 'a token'}`,
  };
}
