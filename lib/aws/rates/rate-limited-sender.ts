import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { GraphWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, Billing, type ITable, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, type Rule } from 'aws-cdk-lib/aws-events';
import { type Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import {
  AutoValidationThreshold,
  CfnTenant,
  ConfigurationSet,
  ConfigurationSetEventDestination,
  ConfigurationSetTlsPolicy,
  EmailSendingEvent,
  EventDestination,
  type IConfigurationSet,
  SuppressionReasons,
} from 'aws-cdk-lib/aws-ses';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type Check, validate } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { SQS_LIMITS } from '../../flow/queue/brokers/sqs';
import { senderAlarmKnobs } from '../../flow/rates/alarms';
import { planRates } from '../../flow/rates/plan';
import { ratesQuestion } from '../../flow/rates/question';
import { SENDER_MIB } from '../../flow/rates/senders';
import { sendingQuestion } from '../../flow/rates/worker';
import { type RatesPlan, UnknownMail } from '../../flow/rates/workload';
import { alarmSettingsChecks, settingsOfPart } from '../alarm-settings';
import { parkedQueue } from '../parked-queue';
import { QUEUE_ALARMS } from '../queue/queue-alarms';
import { oneWorkerCheck, workers } from '../queue/queue-identity';
import { RedriveQueue } from '../queue/redrive-queue';
import { RuntimeFunction } from '../runtime-function';
import { reportsForChildren, subjectOf } from '../subject';
import { givenQueueChecks } from './given-queue';
import {
  type RateLimitedSenderProps,
  SENDER_KINDS,
  STANDBY_KINDS,
  senderChecks,
  TenantPolicy,
} from './rate-limited-sender-props';
import { countedMetric, reputationMetric, SENDER_ALARMS, SenderAlarms } from './sender-alarms';
import { createBreaker, createDayCheck, TABLE_KEY_ACTIONS } from './sender-breaker';
import { SesLanes } from './ses-lanes';

/** Attributes of the table, as `lib/runtime/sender/dynamo.ts` writes them. */
const KEY = 'id';
const TIME_TO_LIVE = 'expires';
/** What Amazon SQS does with the key of a queue in the name of a producer: developer guide, key management. */
const PRODUCER_KEY_ACTIONS = ['kms:GenerateDataKey', 'kms:Decrypt'];

/**
 * Sends mail as fast as the provider takes it, and in no window faster, however many senders there are.
 *
 * Cures a campaign that is handed to the provider at once: what is above its limit is refused and lost, and after many
 * refusals and bounces the provider blocks the sender (case 7). All senders share one token bucket. A refusal slows them
 * down, a mail that was perhaps sent is set aside instead of sent twice, and sending pauses by itself before the provider
 * pauses the account. The suppression list, validation and reputation metrics of Amazon SES are set up, not rebuilt.
 */
export class RateLimitedSender extends Construct {
  /** Every knob with its reason, and what to expect. The queue has its own plan. */
  public readonly plan: RatesPlan;
  /** The queue to put mails into. */
  public readonly queue: IQueue;
  /**
   * The queue with its dead letters, quarantine and alarms.
   *
   * @default - `queue` was given and belongs to no `RedriveQueue`
   */
  public readonly redriveQueue?: RedriveQueue;
  /** Where mails are set aside for a person, masked. */
  public readonly quarantineQueue: IQueue;
  /** The buckets, and the record of every mail. */
  public readonly table: ITable;
  /** The configuration set that every mail names. */
  public readonly configurationSet: IConfigurationSet;
  /** Sends bounces, complaints and the like to the default bus of Amazon EventBridge. */
  public readonly eventDestination: ConfigurationSetEventDestination;
  /**
   * The tenant of Amazon SES that mails are sent as.
   *
   * @default - the prop `tenant` was not given
   */
  public readonly tenant?: CfnTenant;
  /** The senders. */
  public readonly senderFunction: LambdaFunction;
  /** Gives messages to the senders. The breaker disables it. */
  public readonly mapping: EventSourceMapping;
  /**
   * Pauses by itself, unless the prop `breaker` is false, and resumes when it is invoked with `{"action":"resume"}`.
   *
   * @default - none when the prop `breaker` is false and there is no daily limit
   */
  public readonly breaker?: LambdaFunction;
  /**
   * Stops receiving once a minute when the day is full, and starts it again.
   *
   * @default - there is no daily limit
   */
  public readonly dayCheck?: Rule;
  /** The alarms of the senders; those of the queue are `redriveQueue.alarms`. */
  public readonly alarms: SenderAlarms;

  private readonly props: RateLimitedSenderProps;
  private readonly ses: SesLanes;

  /**
   * @throws CapacityError when the limit leaves too little, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: RateLimitedSenderProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, SENDER_KINDS);
    const standby = usable.standby && sound(usable.standby, STANDBY_KINDS, 'standby');
    this.props = { ...usable, standby: standby?.props };
    reportsForChildren(this);
    const question = ratesQuestion(this.props, 'lambda');
    const plan = planRates(subjectOf(this), question, [
      ...checks,
      ...alarmSettingsChecks(usable.alarms, [...(usable.queue === undefined ? QUEUE_ALARMS : []), ...SENDER_ALARMS]),
      ...pausingChecks(this.props),
      ...(standby?.checks ?? []),
      ...senderChecks(this.props, Stack.of(this).region),
      oneWorkerCheck(usable.queue),
    ]);
    this.plan = plan.withKnobs(senderAlarmKnobs(plan));

    this.redriveQueue = usable.queue === undefined ? this.createQueue() : RedriveQueue._of(usable.queue);
    this.queue = this.redriveQueue ?? (usable.queue as IQueue);
    workers.set(this.queue, subjectOf(this));
    if (usable.queue !== undefined && this.redriveQueue !== undefined) {
      validate(subjectOf(this), givenQueueChecks(this.redriveQueue.plan, this.plan));
    }
    this.quarantineQueue = this.redriveQueue?.quarantineQueue ?? this.createQuarantine();
    this.table = usable.table ?? this.createTable();
    this.configurationSet = usable.configurationSet ?? this.createConfigurationSet();
    this.eventDestination = this.createEventDestination();
    this.tenant = this.createTenant();
    this.ses = new SesLanes(this, this.props, this.configurationSet, this.plan, this.tenant);
    this.senderFunction = this.createSender();
    this.mapping = this.createMapping();
    const isDaily = this.ses.lanes().some(({ pace }) => pace.messagesPerDay !== undefined);
    if (this.pauses || isDaily)
      this.breaker = createBreaker(this, { table: this.table, mapping: this.mapping, ses: this.ses, plan: this.plan });
    if (this.breaker && isDaily) this.dayCheck = createDayCheck(this, this.breaker);
    this.alarms = new SenderAlarms(this, 'Alarms', {
      sender: this.senderFunction,
      breaker: this.breaker,
      pauses: this.pauses,
      configurationSet: this.configurationSet,
      plan: this.plan,
      alarmTopic: usable.alarmTopic,
      alarms: settingsOfPart(usable.alarms, SENDER_ALARMS),
    });
    this.connectBreaker();
    this.addGraphs();
  }

  /** Lets a producer put mails into the queue. */
  public grantSend(producer: IGrantable): Grant {
    return this.queue.grantSendMessages(producer);
  }

  private createQueue(): RedriveQueue {
    const { workload, objective, consumer } = sendingQuestion(ratesQuestion(this.props, 'lambda'), this.plan);
    const { alarmTopic, alarms, encryptionKey, queueName, removalPolicy, dashboard } = this.props;
    const seconds = (knob: string) => Duration.seconds(this.plan.value(knob));
    return new RedriveQueue(this, 'Queue', {
      workload,
      objective,
      consumer,
      functionTimeout: seconds('functionTimeoutSeconds'),
      batchWindow: seconds('batchWindowSeconds'),
      maxReceiveCount: this.plan.value('maxReceiveCount'),
      retention: seconds('retentionSeconds'),
      alarmTopic,
      alarms: settingsOfPart(alarms, QUEUE_ALARMS),
      encryptionKey,
      queueName,
      removalPolicy,
      dashboard,
    });
  }

  private createQuarantine(): Queue {
    return parkedQueue(this, 'Quarantine', {
      retentionSeconds: SQS_LIMITS.retentionSeconds.max,
      removalPolicy: this.props.removalPolicy,
      encryptionKey: this.queue.encryptionMasterKey,
      holds: 'It holds masked copies for a person to read.',
    });
  }

  private createTable(): TableV2 {
    return new TableV2(this, 'Table', {
      partitionKey: { name: KEY, type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      timeToLiveAttribute: TIME_TO_LIVE,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: this.props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  private createConfigurationSet(): ConfigurationSet {
    return new ConfigurationSet(this, 'ConfigurationSet', {
      reputationMetrics: true,
      suppressionReasons: SuppressionReasons.BOUNCES_AND_COMPLAINTS,
      autoValidationThreshold: AutoValidationThreshold.MANAGED,
      tlsPolicy: ConfigurationSetTlsPolicy.REQUIRE,
    });
  }

  private createEventDestination(): ConfigurationSetEventDestination {
    return new ConfigurationSetEventDestination(this, 'Events', {
      configurationSet: this.configurationSet,
      // Amazon SES publishes to the default bus only.
      destination: EventDestination.eventBus(EventBus.fromEventBusName(this, 'DefaultBus', 'default')),
      events: [
        EmailSendingEvent.BOUNCE,
        EmailSendingEvent.COMPLAINT,
        EmailSendingEvent.REJECT,
        EmailSendingEvent.RENDERING_FAILURE,
        EmailSendingEvent.DELIVERY_DELAY,
        EmailSendingEvent.DELIVERY,
      ],
    });
  }

  /** A mail that names a tenant may only name what belongs to it. There is no L2. */
  private createTenant(): CfnTenant | undefined {
    const { tenant, identity, templates = [] } = this.props;
    if (tenant === undefined) return undefined;
    const stack = Stack.of(this);
    const ofSes = (resource: string, resourceName: string) =>
      stack.formatArn({ service: 'ses', resource, resourceName });
    const policy = `aws:reputation-policy/${tenant.policy ?? TenantPolicy.STANDARD}`;
    return new CfnTenant(this, 'Tenant', {
      tenantName: tenant.name,
      reputationEntity: {
        policy: { reputationEntityPolicy: `arn:${stack.partition}:ses:${stack.region}:${policy}` },
      },
      resourceAssociations: [
        identity.emailIdentityArn,
        ofSes('configuration-set', this.configurationSet.configurationSetName),
        ...templates.map((name) => ofSes('template', name)),
      ].map((resourceArn) => ({ resourceArn })),
    });
  }

  private createSender(): RuntimeFunction {
    const { plan, queue, quarantineQueue, table } = this;
    const value = (knob: string) => String(plan.value(knob));
    const sender = new RuntimeFunction(this, 'Sender', {
      bundle: 'sender',
      description: `Sends the mails of ${this.node.path} in their slots, each once`,
      timeout: Duration.seconds(plan.value('functionTimeoutSeconds')),
      memorySize: SENDER_MIB,
      environment: {
        TABLE: table.tableName,
        QUEUE_URL: queue.queueUrl,
        QUARANTINE_QUEUE_URL: quarantineQueue.queueUrl,
        LANES: Stack.of(this).toJsonString(this.ses.lanes()),
        MOST_RECIPIENTS: String(this.props.workload.recipientsPerMessage ?? 1),
        ON_UNKNOWN: this.props.onUnknown ?? UnknownMail.PARK,
        CLAIM_SECONDS: value('functionTimeoutSeconds'),
        CALL_TIMEOUT_SECONDS: value('callTimeoutSeconds'),
        BACKOFF_SECONDS: value('backoffSeconds'),
        BACKOFF_CAP_SECONDS: value('backoffCapSeconds'),
        CLOSED_SECONDS: value('closedSeconds'),
        HOLD_SECONDS: value('holdSeconds'),
        RECORD_SECONDS: value('recordSeconds'),
      },
    });
    table.grant(sender, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem');
    table.encryptionKey?.grant(sender, ...TABLE_KEY_ACTIONS);
    quarantineQueue.grant(sender, 'sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl');
    quarantineQueue.encryptionMasterKey?.grant(sender, ...PRODUCER_KEY_ACTIONS);
    queue.grant(
      sender,
      'sqs:ReceiveMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
    );
    queue.encryptionMasterKey?.grantDecrypt(sender);
    sender.addToRolePolicy(
      new PolicyStatement({ actions: this.ses.sendingActions(), resources: this.ses.sendingArns() }),
    );
    // Read once to connect, so that the first mail of a function is not late.
    sender.addToRolePolicy(
      new PolicyStatement({ actions: ['ses:GetConfigurationSet'], resources: this.ses.configurationSetArns() }),
    );
    return sender;
  }

  private createMapping(): EventSourceMapping {
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.senderFunction,
      eventSourceArn: this.queue.queueArn,
      batchSize: this.plan.value('messagesPerSender'),
      maxBatchingWindow: Duration.seconds(this.plan.value('batchWindowSeconds')),
      // Not reserved concurrency: pollers that are throttled would use up the receives of good messages.
      maxConcurrency: this.plan.value('senders'),
      reportBatchItemFailures: true,
    });
    // Lambda checks whether the role may receive before it creates the mapping.
    if (this.senderFunction.role) mapping.node.addDependency(this.senderFunction.role);
    return mapping;
  }

  /** What bounces pauses. So do providers of which none takes what is received. */
  private connectBreaker(): void {
    if (this.breaker === undefined || !this.pauses) return;
    for (const name of PAUSING_ALARMS) {
      const alarm = this.alarms[name];
      alarm.addAlarmAction(new LambdaAction(this.breaker, { useUniquePermissionId: true }));
    }
  }

  private get pauses(): boolean {
    return this.props.breaker ?? true;
  }

  private addGraphs(): void {
    if (this.props.queue !== undefined) return;
    const minute = Duration.minutes(1);
    const counted = (name: string) => countedMetric(this.senderFunction, name)(minute);
    const hour = Duration.seconds(this.plan.value('alarmReputationSeconds'));
    const ratio = (name: string) => reputationMetric(this.configurationSet, name, hour);
    this.redriveQueue?.dashboard?.addWidgets(
      new GraphWidget({
        title: 'sent and refused a minute, against the rate',
        width: 12,
        left: ['Sent', 'Throttled', 'SlotsMissed', 'Parked'].map(counted),
        leftAnnotations: [{ value: 60 * this.plan.value('messagesPerSecond'), label: 'rate of the plan' }],
      }),
      new GraphWidget({
        title: 'bounces and complaints, as shares',
        width: 12,
        left: [ratio('Reputation.BounceRate')],
        right: [ratio('Reputation.ComplaintRate')],
        leftAnnotations: [{ value: this.plan.value('pauseAtBounceRatio'), label: 'pauses' }],
        rightAnnotations: [{ value: this.plan.value('pauseAtComplaintRatio'), label: 'pauses' }],
      }),
    );
  }
}

/** The alarms that call the breaker. */
const PAUSING_ALARMS = ['bounces', 'complaints', 'closed'] as const;

/** An alarm without actions would not call the breaker either. */
function pausingChecks({ alarms, breaker = true }: RateLimitedSenderProps): Check[] {
  return PAUSING_ALARMS.map((name) => ({
    refused: breaker && Object.hasOwn(alarms?.silence ?? {}, name),
    message: `alarms.silence must not have ${name}, because this alarm pauses sending; give alarms.critical a topic that wakes nobody, or set breaker to false`,
  }));
}
