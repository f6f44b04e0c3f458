import { Arn, ArnFormat, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { GraphWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, Billing, type ITable, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { type Grant, type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import {
  AutoValidationThreshold,
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
import { LAMBDA_VISIBILITY_FACTOR, SQS_LIMITS } from '../../flow/queue/brokers/sqs';
import { senderAlarmKnobs } from '../../flow/rates/alarms';
import { planRates } from '../../flow/rates/plan';
import { bucketSettings, ratesQuestion } from '../../flow/rates/question';
import { sendingQuestion } from '../../flow/rates/worker';
import { type RatesPlan, UnknownMail } from '../../flow/rates/workload';
import type { LaneSetting } from '../../runtime/sender/handler';
import { alarmSettingsChecks, settingsOfPart } from '../alarm-settings';
import { parkedQueue } from '../parked-queue';
import { QUEUE_ALARMS } from '../queue/queue-alarms';
import { RedriveQueue } from '../queue/redrive-queue';
import { RuntimeFunction } from '../runtime-function';
import { reportsForChildren, subjectOf } from '../subject';
import {
  type RateLimitedSenderProps,
  SENDER_KINDS,
  STANDBY_KINDS,
  type StandbyProvider,
  senderChecks,
} from './rate-limited-sender-props';
import { countedMetric, reputationMetric, SENDER_ALARMS, SenderAlarms } from './sender-alarms';

/** Names of the buckets in the table. */
const FIRST = 'ses';
const STANDBY = 'standby';
/** Attributes of the table, as `lib/runtime/sender/dynamo.ts` writes them. */
const KEY = 'id';
const TIME_TO_LIVE = 'expires';
/** What DynamoDB does with the key of a table in the name of its caller: developer guide, DynamoDB encryption at rest. */
const TABLE_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
];
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
    ]);
    this.plan = plan.withKnobs(senderAlarmKnobs(plan));

    this.redriveQueue = usable.queue === undefined ? this.createQueue() : RedriveQueue._of(usable.queue);
    this.queue = this.redriveQueue ?? (usable.queue as IQueue);
    this.checkQueue();
    this.quarantineQueue = this.redriveQueue?.quarantineQueue ?? this.createQuarantine();
    this.table = usable.table ?? this.createTable();
    this.configurationSet = usable.configurationSet ?? this.createConfigurationSet();
    this.eventDestination = this.createEventDestination();
    this.senderFunction = this.createSender();
    this.mapping = this.createMapping();
    const isDaily = this.lanes().some(({ pace }) => pace.messagesPerDay !== undefined);
    if (this.pauses || isDaily) this.breaker = this.createBreaker();
    if (this.breaker && isDaily) this.dayCheck = this.createDayCheck(this.breaker);
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

  /** A message that is visible again while its sender still runs is sent by two; one that has expired, by none. */
  private checkQueue(): void {
    if (this.props.queue === undefined || this.redriveQueue === undefined) return;
    const queue = this.redriveQueue.plan;
    const of = (knob: string) => this.plan.value(knob);
    const rows = [
      {
        knob: 'visibilityTimeoutSeconds',
        least: LAMBDA_VISIBILITY_FACTOR * of('functionTimeoutSeconds') + of('batchWindowSeconds'),
        what: 'a visibility timeout in seconds',
        why: `six times the function's and the batch window; give its RedriveQueue a functionTimeout of ${of('functionTimeoutSeconds')} s and a batchWindow of ${of('batchWindowSeconds')} s`,
      },
      {
        knob: 'maxReceiveCount',
        least: of('maxReceiveCount'),
        what: 'a maxReceiveCount',
        why: 'a mail that waits for a provider is received and hidden again',
      },
      {
        knob: 'retentionSeconds',
        least: Math.min(of('retentionSeconds'), Math.ceil(this.plan.predictions.campaignSeconds ?? 0)),
        what: 'a retention in seconds',
        why: 'the campaign takes that long',
      },
    ];
    validate(
      subjectOf(this),
      rows.map(({ knob, least, what, why }) => ({
        refused: queue.value(knob) < least,
        message: `queue must have ${what} of at least ${least}, got ${queue.value(knob)}: ${why}`,
      })),
    );
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

  private createSender(): RuntimeFunction {
    const { plan, queue, quarantineQueue, table } = this;
    const value = (knob: string) => String(plan.value(knob));
    const sender = new RuntimeFunction(this, 'Sender', {
      bundle: 'sender',
      description: `Sends the mails of ${this.node.path} in their slots, each once`,
      timeout: Duration.seconds(plan.value('functionTimeoutSeconds')),
      // One vCPU: a call that waits for the CPU misses its slot, and new connections cost the most of it.
      memorySize: 1769,
      environment: {
        TABLE: table.tableName,
        QUEUE_URL: queue.queueUrl,
        QUARANTINE_QUEUE_URL: quarantineQueue.queueUrl,
        LANES: Stack.of(this).toJsonString(this.lanes()),
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
    sender.addToRolePolicy(new PolicyStatement({ actions: this.sendingActions(), resources: this.sendingArns() }));
    // Read once to connect, so that the first mail of a function is not late.
    sender.addToRolePolicy(
      new PolicyStatement({ actions: ['ses:GetConfigurationSet'], resources: this.configurationSetArns() }),
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

  private createBreaker(): RuntimeFunction {
    const { table, mapping } = this;
    const lanes = this.lanes().map(({ name, region, configurationSet, pace: { messagesPerDay } }) => ({
      name,
      region,
      configurationSet,
      messagesPerDay,
    }));
    const breaker = new RuntimeFunction(this, 'Breaker', {
      bundle: 'sender-breaker',
      description: `Pauses the sender ${this.node.path} by itself; resumes it when told to`,
      environment: {
        TABLE: table.tableName,
        MAPPING_ID: mapping.eventSourceMappingId,
        BATCH: String(this.plan.value('messagesPerSender')),
        LANES: Stack.of(this).toJsonString(lanes),
      },
    });
    breaker.addToRolePolicy(
      new PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
        resources: [table.tableArn],
        // Not the records of mails.
        conditions: {
          'ForAllValues:StringLike': {
            'dynamodb:LeadingKeys': ['bucket#*', 'day#*', `gate#${mapping.eventSourceMappingId}`],
          },
        },
      }),
    );
    table.encryptionKey?.grant(breaker, ...TABLE_KEY_ACTIONS);
    breaker.addToRolePolicy(
      new PolicyStatement({
        actions: ['ses:PutConfigurationSetSendingOptions'],
        resources: this.configurationSetArns(),
      }),
    );
    breaker.addToRolePolicy(
      new PolicyStatement({
        actions: ['lambda:UpdateEventSourceMapping'],
        resources: [mapping.eventSourceMappingArn],
      }),
    );
    return breaker;
  }

  private createDayCheck(breaker: LambdaFunction): Rule {
    return new Rule(this, 'DayCheck', {
      description: `Stops the sender ${this.node.path} while its day is full`.slice(0, 512),
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaTarget(breaker, { event: RuleTargetInput.fromObject({ action: 'day' }), retryAttempts: 0 })],
    });
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

  /** The providers, the first one first. */
  private lanes(): LaneSetting[] {
    const { from, identity, standby } = this.props;
    const first: LaneSetting = {
      name: FIRST,
      from,
      identityArn: identity.emailIdentityArn,
      configurationSet: this.configurationSet.configurationSetName,
      pace: bucketSettings(this.plan, 'first'),
      connections: this.plan.value('connections'),
    };
    if (standby === undefined) return [first];
    return [
      first,
      {
        name: STANDBY,
        from,
        region: standby.region,
        identityArn: this.standbyIdentityArn(standby),
        configurationSet: standby.configurationSetName,
        pace: bucketSettings(this.plan, 'standby'),
        connections: this.plan.value('connections'),
      },
    ];
  }

  /** A mail by a template needs both: Amazon SES checks the action of the first version of its API as well [unverified]. */
  private sendingActions(): string[] {
    const { templates = [] } = this.props;
    return ['ses:SendEmail', ...(templates.length > 0 ? ['ses:SendTemplatedEmail'] : [])];
  }

  /** What a mail names, each of which Amazon SES checks the permission for. */
  private sendingArns(): string[] {
    const { identity, standby, templates = [] } = this.props;
    return [
      identity.emailIdentityArn,
      ...(standby === undefined ? [] : [this.standbyIdentityArn(standby)]),
      ...this.configurationSetArns(),
      ...templates.flatMap((name) => this.sesArns('template', name, name)),
    ];
  }

  /** An identity that is known by its name has an ARN in the region of this stack. */
  private standbyIdentityArn({ identity, region }: StandbyProvider): string {
    const { emailIdentityArn: arn } = identity;
    const isThere = !Token.isUnresolved(arn) && Arn.split(arn, ArnFormat.SLASH_RESOURCE_NAME).region === region;
    if (isThere) return arn;
    return Stack.of(this).formatArn({
      service: 'ses',
      resource: 'identity',
      resourceName: identity.emailIdentityName,
      region,
    });
  }

  private configurationSetArns(): string[] {
    const { configurationSet, props } = this;
    return this.sesArns(
      'configuration-set',
      configurationSet.configurationSetName,
      props.standby?.configurationSetName,
    );
  }

  private sesArns(resource: string, here: string, there: string | undefined): string[] {
    const { standby } = this.props;
    const stack = Stack.of(this);
    return [
      stack.formatArn({ service: 'ses', resource, resourceName: here }),
      ...(standby === undefined || there === undefined
        ? []
        : [stack.formatArn({ service: 'ses', resource, resourceName: there, region: standby.region })]),
    ];
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
