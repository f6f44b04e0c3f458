import { type CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { CfnBroker } from 'aws-cdk-lib/aws-amazonmq';
import {
  type CfnAlarm,
  type Dashboard,
  GraphWidget,
  type IMetric,
  type MetricOptions,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Connections, type IConnectable, type ISecurityGroup, Port, type SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { Rule } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { sound } from '../../flow/kinds';
import type { Knob } from '../../flow/plan';
import { topologyKnobs } from '../../flow/queue/alarms';
import { type SolvedQueue, solveQueue } from '../../flow/queue/plan';
import type { QueueQuestion } from '../../flow/queue/question';
import type { QueuePlan } from '../../flow/queue/workload';
import { resourceTimeoutKnobs } from '../../flow/resource-timeouts';
import { describedAs } from '../alarm-settings';
import { subjectOf } from '../subject';
import { RabbitMqAlarms } from './rabbit-mq-alarms';
import { BROKER_PORTS, type RabbitMqBroker, userSecret } from './rabbit-mq-broker';
import { createRabbitMqDashboard } from './rabbit-mq-dashboard';
import { createDeclarer } from './rabbit-mq-declarer';
import { type QueueMetric, queueMetric } from './rabbit-mq-metrics';
import { namesOf, type RabbitMqNames, topologyOf } from './rabbit-mq-names';
import { RABBIT_MQ_KINDS, type RabbitMqQueueProps, rabbitMqChecks, rabbitMqQuestion } from './rabbit-mq-queue-props';
import type { ServingWorker } from './worker-compute';

/**
 * A queue on Amazon MQ for RabbitMQ: a quorum queue with its dead letters, its bound and its delivery limit, declared on
 * the broker by a function, which repairs it every hour.
 *
 * Cures a queue that backs up behind workers that do not follow it, and messages that are discarded because the queue
 * names no dead-letter exchange (case 2). CloudFormation has no queues, users or policies of RabbitMQ; what is declared
 * by hand is lost with the broker and drifts.
 */
export class RabbitMqQueue extends Construct implements IConnectable {
  /** Name of the broker: the dimension of its metrics. */
  public readonly brokerName: string;
  /** Address of AMQP over TLS: `amqps://host:5671`. */
  public readonly endpoint: string;
  /** Virtual host of the queue. */
  public readonly vhost: string;
  /** Name of the queue. Workers consume it. */
  public readonly queueName: string;
  /** Name of the exchange that producers publish to, with any routing key. */
  public readonly exchangeName: string;
  /** Name of the queue with messages that failed every attempt. They stay until a person moves them. */
  public readonly deadLetterQueueName: string;
  /** The broker, for further queues. */
  public readonly broker: RabbitMqBroker;
  /**
   * The broker that was made.
   *
   * @default - it exists already
   */
  public readonly brokerResource?: CfnBroker;
  /** The security group of the broker. */
  public readonly brokerSecurityGroup: ISecurityGroup;
  /** `username` and `password` of the administrator, with which the function declares. */
  public readonly adminSecret: ISecret;
  /** `username` and `password` of the worker, who may only consume the queue. */
  public readonly workerSecret: Secret;
  /** `username` and `password` of producers, who may only publish to `exchangeName`. */
  public readonly producerSecret: Secret;
  /** The function that declares the queue and repairs it. */
  public readonly declarer: LambdaFunction;
  /** Its security group: out to the broker and to Secrets Manager, nothing in. */
  public readonly declarerSecurityGroup: SecurityGroup;
  /** Runs the declarer every `repairInterval`, so that what was changed on the broker is declared again. */
  public readonly repairRule: Rule;
  /** What is declared, as a resource of the stack. */
  public readonly topology: CustomResource;
  /** The alarms, each with a text that says what to do. */
  public readonly alarms: RabbitMqAlarms;
  /**
   * The dashboard of queue, dead letters and broker.
   *
   * @default - none when `dashboard` is false
   */
  public readonly dashboard?: Dashboard;
  /** Who may connect to the broker: `producer.connections.allowToDefaultPort(queue)`. */
  public readonly connections: Connections;

  /**
   * The question that the plan answers; the worker of this queue asks the same one.
   *
   * @internal
   */
  public readonly _question: QueueQuestion;
  /**
   * The most that the worker may cost in US dollars a month.
   *
   * @internal
   */
  public readonly _ceiling?: number;
  /**
   * The queue's own plan and size, to which a worker adds its price.
   *
   * @internal
   */
  public readonly _solved: SolvedQueue;
  private readonly declarerKnobs: Knob[];
  private servedBy?: ServingWorker;

  /**
   * @throws CapacityError when the workload cannot be served within the objective, or does not fit on the broker; the
   * message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: RabbitMqQueueProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, RABBIT_MQ_KINDS);
    this._question = rabbitMqQuestion(usable);
    this._ceiling = this._question.objective?.monthlyCost === undefined ? usable.objective?.monthlyCost : undefined;
    this._solved = solveQueue(subjectOf(this), this._question, [...checks, ...rabbitMqChecks(usable)]);
    this.declarerKnobs = knobsOfDeclarer(usable.repairInterval);
    const { plan } = this;
    const { removalPolicy = RemovalPolicy.RETAIN, alarmTopic, alarms } = usable;
    const names = namesOf(usable.vhost ?? '/', usable.queueName);
    this.vhost = names.vhost;
    this.queueName = names.queue;
    this.exchangeName = names.exchange;
    this.deadLetterQueueName = names.deadLetterQueue;

    const parts = usable.broker._bind({ scope: this, queueName: names.queue, removalPolicy });
    this.broker = usable.broker._made(parts);
    this.brokerName = parts.brokerName;
    this.endpoint = parts.endpoint;
    this.brokerResource = parts.resource;
    this.brokerSecurityGroup = parts.securityGroup;
    this.adminSecret = parts.adminSecret;
    this.connections = new Connections({
      securityGroups: [parts.securityGroup],
      defaultPort: Port.tcp(BROKER_PORTS.amqps),
    });
    const keeping = { encryptionKey: parts.encryptionKey, removalPolicy };
    this.workerSecret = userSecret(this, 'WorkerUser', names.workerUser, keeping);
    this.producerSecret = userSecret(this, 'ProducerUser', names.producerUser, keeping);
    const secrets = { worker: this.workerSecret.secretArn, producer: this.producerSecret.secretArn };
    const { declarer, securityGroup, resource, rule } = createDeclarer(this, {
      broker: parts,
      topology: topologyOf(names, plan, secrets),
      secrets: [this.workerSecret, this.producerSecret],
      plan,
      vpcSubnets: usable.vpcSubnets,
      secretsManagerEndpoint: usable.secretsManagerEndpoint,
      takeOver: usable.takeOver ?? false,
      removalPolicy,
    });
    this.declarer = declarer;
    this.declarerSecurityGroup = securityGroup;
    this.repairRule = rule;
    this.topology = resource;

    this.alarms = this.createAlarms(names, { alarmTopic, alarms });
    if (usable.dashboard ?? true) this.dashboard = createRabbitMqDashboard(this, plan.subject, this);
  }

  /**
   * Every knob with its reason, and what to expect. Once a `RabbitMqWorker` serves the queue, this is the worker's plan:
   * the same knobs, and its price.
   */
  public get plan(): QueuePlan {
    return (this.servedBy?.plan ?? this._solved.plan).withKnobs(this.declarerKnobs);
  }

  /** Messages that wait: `MessageReadyCount`. Average over five minutes unless the options say otherwise. */
  public metricReady(options?: MetricOptions): IMetric {
    return this.metric('MessageReadyCount', options);
  }

  /** Messages in work: `MessageUnacknowledgedCount`. Average over five minutes unless the options say otherwise. */
  public metricUnacknowledged(options?: MetricOptions): IMetric {
    return this.metric('MessageUnacknowledgedCount', options);
  }

  /** Consumers of the queue: `ConsumerCount`. Average over five minutes unless the options say otherwise. */
  public metricConsumers(options?: MetricOptions): IMetric {
    return this.metric('ConsumerCount', options);
  }

  /**
   * Registers the worker of this queue.
   *
   * @internal
   */
  public _serve(worker: ServingWorker): void {
    this.servedBy = worker;
    const { backlog, consumers } = this.alarms;
    for (const watched of [backlog, consumers]) {
      const alarm = watched?.node.defaultChild as CfnAlarm | undefined;
      if (alarm) alarm.alarmDescription = describedAs(`${alarm.alarmDescription} ${worker.subject} serves the queue.`);
    }
    // A metric of another stack would make this stack depend on one that depends on it.
    if (Stack.of(worker.scope) !== Stack.of(this)) return;
    const [width, height] = [24 / Math.max(1, worker.graphs.length), 5];
    this.dashboard?.addWidgets(
      ...worker.graphs.map(
        ({ title, metrics }) =>
          new GraphWidget({ title: `${worker.subject}: ${title}`, left: [...metrics], width, height }),
      ),
    );
  }

  /**
   * The subject of the worker that serves the queue already.
   *
   * @internal
   */
  public get _servedBy(): string | undefined {
    return this.servedBy?.subject;
  }

  private metric(name: QueueMetric, options?: MetricOptions): IMetric {
    return queueMetric(name, this, Stats.AVERAGE).with(options ?? {});
  }

  private createAlarms(
    { vhost, queue, deadLetterQueue }: RabbitMqNames,
    to: Pick<RabbitMqQueueProps, 'alarmTopic' | 'alarms'>,
  ): RabbitMqAlarms {
    const { brokerName, declarer, plan } = this;
    const watched = { brokerName, vhost, queueName: queue, deadLetterQueueName: deadLetterQueue };
    return new RabbitMqAlarms(this, 'Alarms', { ...watched, plan, declarer, ...to });
  }
}

/** The numbers of the function that declares the queue. */
function knobsOfDeclarer(repairInterval: Duration | undefined): Knob[] {
  return [
    ...topologyKnobs((repairInterval ?? Duration.hours(1)).toSeconds(), repairInterval !== undefined),
    ...resourceTimeoutKnobs().filter(({ name }) => name === 'providerTimeoutSeconds'),
  ];
}
