import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { IDomainName, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { unknownName } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, NUMBER, needed, sound, struct, TEXT } from '../../flow/kinds';
import type { Knob } from '../../flow/plan';
import { withRemark } from '../../flow/queue/existing';
import type { Consumer, Objective, QueuePlan, Workload } from '../../flow/queue/workload';
import { TOLERANCE_SECONDS } from '../../flow/webhooks/sources';
import type { SourceConfig } from '../../runtime/webhook/contract';
import { ALARM_SETTINGS, type AlarmSettings, alarmSettingsChecks, settingsOfPart } from '../alarm-settings';
import { DURATION, KEY, TOPIC } from '../kinds';
import { QUEUE_ALARMS } from '../queue/queue-alarms';
import type { QueuePlatform } from '../queue/queue-platform';
import { createRedriveQueue, type RedriveQueue } from '../queue/redrive-queue';
import { retainPolicyOf } from '../retained-policy';
import { grantSecretValue } from '../secret-value';
import { reportsForChildren } from '../subject';
import { resolvedSeconds } from '../tokens';
import { DOMAIN, FIREWALL, hasRateRule, THROTTLE } from './front-checks';
import { RefusedAlarms, refusedAlarms } from './refused-alarms';
import { WEBHOOK_ALARMS, WebhookAlarms } from './webhook-alarms';
import { associateWebAcl, createWebAcl, createWebhookApi, mapDomain } from './webhook-api';
import type { WebhookDomain, WebhookFirewall, WebhookThrottle } from './webhook-front';
import { webhookChecks, webhookKnobs, webhookRemark } from './webhook-plan';
import { DeduplicateBy, rulesOf, SOURCE_KINDS, type WebhookSource } from './webhook-source';

/**
 * What a webhook buffer is sized from.
 */
export interface WebhookBufferProps {
  /**
   * The senders. At least one; names must differ.
   */
  readonly sources: WebhookSource[];

  /**
   * Deliveries of all senders together.
   */
  readonly workload: Workload;

  /**
   * The promise from receipt to effect. The sender's own wait ends once the queue has the delivery.
   */
  readonly objective: Objective;

  /**
   * Where the consumer runs. The plan, the alarms and the time-outs of the queue are those of this platform.
   *
   * @default QueuePlatform.LAMBDA
   */
  readonly platform?: QueuePlatform;

  /**
   * Settings of the consumer given by hand, such as `maxInstances`. They are checked against the workload, and the plan
   * says `given`.
   *
   * @default - all derived
   */
  readonly consumer?: Consumer;

  /**
   * Time-out of the attached function. 1 s to 15 min, and no less than `serviceSeconds`; the queue's visibility timeout is six
   * times that.
   *
   * @default Duration.seconds(30)
   */
  readonly functionTimeout?: Duration;

  /**
   * How often a delivery whose attempts all failed is sent back to the queue before it is quarantined. 0 to 100; with 0
   * there is no redriver, and such deliveries wait in the dead-letter queue for a person.
   *
   * @default 2
   */
  readonly maxRedrives?: number;

  /**
   * How long a repeated delivery counts as the same one. At least the queue's retention and the sender's own time of
   * redelivery; up to a year. Its key is kept 14 days longer, because a parked copy can be replayed until then.
   *
   * @default Duration.days(14)
   */
  readonly idempotencyRetention?: Duration;

  /**
   * The key that encrypts the messages of all queues. The API and the attached function get its permission.
   *
   * @default - keys of Amazon SQS (SSE-SQS)
   */
  readonly encryptionKey?: IKey;

  /**
   * The web ACL before the API: made, your own, or none.
   *
   * @default - one is made, with a rule on the rate of an address; 6 USD a month and 0.60 USD a million requests
   */
  readonly firewall?: WebhookFirewall;

  /**
   * How much the API lets through. It is checked against the peak, and the plan says `given`.
   *
   * @default - twice the peak, and two seconds of that at once
   */
  readonly throttle?: WebhookThrottle;

  /**
   * The domain under which senders call the API.
   *
   * @default - the URL of `execute-api`, which changes when the API is replaced
   */
  readonly domain?: WebhookDomain;

  /**
   * Whether to set the account's role for API Gateway's logs. An account has one such role for all its APIs.
   *
   * @default true
   */
  readonly accountLogRole?: boolean;

  /**
   * Names of fields that are masked before a message is quarantined, besides the built-in ones.
   *
   * @default - the built-in ones
   */
  readonly maskedFields?: string[];

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
   * Name of the queue. Only needed to keep a queue whose construct is renamed: give its present name. 1 to 80 letters,
   * digits, hyphens and underscores.
   *
   * @default - from the construct path and the id of the stack, which keeps copies of a stack apart
   */
  readonly queueName?: string;

  /**
   * What happens to queues, keys, parked deliveries and generated secrets when they leave the stack or are replaced. A
   * deleted generated secret cannot be recovered.
   * RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const KINDS: Kinds<WebhookBufferProps> = {
  sources: needed(listOf(struct(SOURCE_KINDS))),
  workload: CHECKED,
  objective: CHECKED,
  platform: CHECKED,
  consumer: CHECKED,
  functionTimeout: DURATION,
  maxRedrives: NUMBER,
  idempotencyRetention: DURATION,
  encryptionKey: KEY,
  firewall: FIREWALL,
  throttle: THROTTLE,
  domain: DOMAIN,
  accountLogRole: FLAG,
  maskedFields: listOf(TEXT),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  queueName: TEXT,
  removalPolicy: CHECKED,
};

/**
 * Accepts deliveries as fast as they arrive, and the consumer works through them at its own pace.
 *
 * Cures a receiver that works while the sender waits: it sheds events at the peak and, when it crashes, loses those in
 * work (case 15). The API writes directly to the queue and answers 2xx only once the queue has the message; the
 * attached function checks signature, time window and duplicates before a delivery has an effect.
 */
export class WebhookBuffer extends Construct {
  /** The API; deliveries go to `POST /<source>/<tenant>`. */
  public readonly api: RestApi;
  /** The role by which the API writes deliveries to the queue. */
  public readonly apiRole: Role;
  /** Sender, time and status of each request, for a month. No bodies and no signatures. */
  public readonly accessLogGroup: LogGroup;
  /** The queue behind it, with its dead letters and quarantine. */
  public readonly redriveQueue: RedriveQueue;
  /** Unchanged deliveries that the consumer refused and a repair may make valid, for 14 days. */
  public readonly refusedQueue: Queue;
  /** Keys of deliveries that had their effect. */
  public readonly idempotencyTable: Table;
  /**
   * The web ACL with the rate rule.
   *
   * @default - none when `firewall` says so, or has an own one
   */
  public readonly webAcl?: CfnWebACL;
  /**
   * The domain, for its DNS record: `new ApiGatewayDomain(buffer.domain)`.
   *
   * @default - none unless `domain` is given
   */
  public readonly domain?: IDomainName;
  /** The alarms of the API; those of the queue are `redriveQueue.alarms`. */
  public readonly alarms: WebhookAlarms;
  /** One for each attached function: the alarms on deliveries that it refused. */
  public readonly refusedAlarms: RefusedAlarms[] = [];
  /**
   * One for each attached function: replays the parked deliveries to it. Disabled; enable it when the cause of the
   * refusals is repaired.
   */
  public readonly replays: EventSourceMapping[] = [];

  private readonly secrets = new Map<string, ISecret>();
  private readonly props: WebhookBufferProps;
  private readonly ownKnobs: Knob[];

  /**
   * @throws CapacityError when the workload cannot be served within the objective
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: WebhookBufferProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    this.props = usable;
    reportsForChildren(this);
    this.redriveQueue = createRedriveQueue(
      this,
      'Queue',
      [...checks, ...alarmSettingsChecks(usable.alarms, alarmNames(usable)), ...webhookChecks(usable)],
      {
        workload: usable.workload,
        objective: usable.objective,
        platform: usable.platform,
        consumer: usable.consumer,
        functionTimeout: usable.functionTimeout ?? Duration.seconds(30),
        maxRedrives: usable.maxRedrives,
        maskedFields: usable.maskedFields,
        alarmTopic: usable.alarmTopic,
        alarms: settingsOfPart(usable.alarms, QUEUE_ALARMS),
        encryptionKey: usable.encryptionKey,
        queueName: usable.queueName,
        removalPolicy: usable.removalPolicy,
      },
    );
    this.ownKnobs = webhookKnobs(this.redriveQueue.plan, usable);
    this.refusedQueue = this.createRefusedQueue();
    this.idempotencyTable = new Table(this, 'Idempotency', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiration',
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: usable.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    for (const source of usable.sources) this.secrets.set(source.name, source.secret ?? this.generateSecret(source));
    const { plan } = this;
    const made = createWebhookApi(this, {
      sources: usable.sources,
      queue: this.redriveQueue.queue,
      encryptionKey: usable.encryptionKey,
      plan,
      accountLogRole: usable.accountLogRole ?? true,
      domain: usable.domain,
    });
    this.api = made.api;
    this.apiRole = made.apiRole;
    this.accessLogGroup = made.accessLogGroup;
    const { firewall } = usable;
    if (hasRateRule(firewall)) this.webAcl = createWebAcl(this, { api: this.api, plan });
    else if (firewall?.webAclArn !== undefined) associateWebAcl(this, this.api, firewall.webAclArn);
    if (usable.domain !== undefined) this.domain = mapDomain(this, this.api, usable.domain);
    const stage = this.api.deploymentStage;
    this.alarms = new WebhookAlarms(this, 'Alarms', {
      stage,
      plan,
      alarmTopic: usable.alarmTopic,
      alarms: settingsOfPart(usable.alarms, WEBHOOK_ALARMS),
    });
  }

  /** Every knob with its reason, and what to expect: the plan of the queue, with the knobs of the API. */
  public get plan(): QueuePlan {
    const plan = this.redriveQueue.plan.withKnobs(this.ownKnobs);
    return withRemark(plan, webhookRemark(plan, this.props));
  }

  /**
   * The signing secret of the source of that name.
   *
   * @throws InvalidInputError when there is no such source; the message lists the sources
   */
  public secretOf(sourceName: string): ISecret {
    const secret = this.secrets.get(sourceName);
    if (secret) return secret;
    throw unknownName(this.node.path, 'source', sourceName, [...this.secrets.keys()]);
  }

  /**
   * Lets a function built on `webhookConsumer` read the secrets, keep the keys, hide messages for a while, park refused
   * deliveries and, once its mapping in `replays` is enabled, replay them. Adds the alarms on refused deliveries.
   *
   * It does not subscribe the function to the queue; `QueueWorker` does.
   */
  public attach(consumer: LambdaFunction): Grant {
    const { redriveQueue, refusedQueue, idempotencyTable, plan } = this;
    const { maskedFields = [] } = this.props;
    const sources = Object.fromEntries(this.props.sources.map((source) => [source.name, this.sourceConfig(source)]));
    const environment = {
      WEBHOOK_SOURCES: Stack.of(this).toJsonString(sources),
      IDEMPOTENCY_TABLE: idempotencyTable.tableName,
      IDEMPOTENCY_SECONDS: String(plan.value('idempotencySeconds')),
      QUEUE_URL: redriveQueue.queue.queueUrl,
      REFUSED_QUEUE_URL: refusedQueue.queueUrl,
      REFUSED_QUEUE_ARN: refusedQueue.queueArn,
      PARKED_PER_HOUR: String(plan.value('parkedPerHour')),
      // For the log of errors.
      ...(maskedFields.length > 0 && { MASKED_FIELDS: maskedFields.join(',') }),
    };
    for (const [name, value] of Object.entries(environment)) consumer.addEnvironment(name, value);
    this.watch(consumer);
    const grant = idempotencyTable
      .grant(consumer, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem')
      .combine(redriveQueue.queue.grant(consumer, 'sqs:ChangeMessageVisibility'))
      .combine(this.grantParking(consumer));
    this.addReplay(consumer);
    return [...this.secrets.values()].reduce((all, secret) => all.combine(grantSecretValue(secret, consumer)), grant);
  }

  /** Parking needs SendMessage; Lambda uses the other permissions with the function's role for a replay. */
  private grantParking(consumer: LambdaFunction): Grant {
    const grant = this.refusedQueue.grant(
      consumer,
      'sqs:SendMessage',
      'sqs:ReceiveMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
    );
    const { encryptionKey } = this.props;
    return encryptionKey ? grant.combine(encryptionKey.grant(consumer, 'kms:GenerateDataKey', 'kms:Decrypt')) : grant;
  }

  /** The second function has alarms of the same names, so its prefix ends in a number. */
  private refusedSettings(sourceNames: readonly string[]): AlarmSettings | undefined {
    const settings = settingsOfPart(this.props.alarms, refusedAlarms(sourceNames));
    const index = this.refusedAlarms.length;
    if (settings?.namePrefix === undefined || index === 0) return settings;
    return { ...settings, namePrefix: `${settings.namePrefix}-${index + 1}` };
  }

  /** Inside the function, which may be in another stack: that stack then refers to this one, never the reverse. */
  private watch(consumer: LambdaFunction): void {
    const sourceNames = this.props.sources.map(({ name }) => name);
    const alarms = new RefusedAlarms(consumer, `RefusedAlarms-${this.node.addr.slice(-8)}`, {
      consumer,
      sourceNames,
      plan: this.plan,
      alarmTopic: this.props.alarmTopic,
      alarms: this.refusedSettings(sourceNames),
    });
    this.refusedAlarms.push(alarms);
  }

  private addReplay(consumer: LambdaFunction): void {
    const replay = new EventSourceMapping(consumer, `Replay-${this.node.addr.slice(-8)}`, {
      target: consumer,
      eventSourceArn: this.refusedQueue.queueArn,
      // A person enables it once the cause of the refusals is repaired.
      enabled: false,
      batchSize: 10,
      maxConcurrency: this.plan.value('replayConcurrency'),
      // Deliveries that are still refused stay in the queue.
      reportBatchItemFailures: true,
    });
    // Lambda checks whether the role may receive before it creates the mapping.
    if (consumer.role) replay.node.addDependency(consumer.role);
    this.replays.push(replay);
  }

  private createRefusedQueue(): Queue {
    const { encryptionKey, removalPolicy = RemovalPolicy.RETAIN } = this.props;
    const queue = new Queue(this, 'Refused', {
      encryption: encryptionKey ? QueueEncryption.KMS : QueueEncryption.SQS_MANAGED,
      encryptionMasterKey: encryptionKey,
      dataKeyReuse: encryptionKey ? Duration.seconds(this.plan.value('dataKeyReuseSeconds')) : undefined,
      enforceSSL: true,
      receiveMessageWaitTime: Duration.seconds(this.plan.value('receiveMessageWaitTimeSeconds')),
      retentionPeriod: Duration.seconds(this.plan.value('refusedRetentionSeconds')),
      visibilityTimeout: Duration.seconds(this.plan.value('visibilityTimeoutSeconds')),
      removalPolicy,
    });
    retainPolicyOf(queue, removalPolicy);
    Validations.of(queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'Deliveries that a replay still refuses stay here, hidden for longer each time, until their retention ends. With a dead-letter queue, the next replay could not reach them.',
    });
    return queue;
  }

  private generateSecret(source: WebhookSource): ISecret {
    return new Secret(this, `Secret-${source.name}`, {
      description: `Signing secret of the webhook source ${source.name}; give its value to the sender`,
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: this.props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  private sourceConfig(source: WebhookSource): SourceConfig {
    return {
      scheme: source.scheme,
      ...(source.hmac && { hmac: rulesOf(source) }),
      secretArn: this.secretOf(source.name).secretArn,
      ...(source.secretPerTenant && { secretPerTenant: true }),
      toleranceSeconds: resolvedSeconds(source.tolerance) ?? TOLERANCE_SECONDS.usual,
      deduplicateBy: source.deduplicateBy ?? DeduplicateBy.DELIVERY_ID,
    };
  }
}

/** The names of all alarms on the API, the queue and the refused deliveries. */
function alarmNames({ sources }: WebhookBufferProps): string[] {
  const refused = refusedAlarms((sources ?? []).map(({ name }) => name));
  return [...QUEUE_ALARMS, ...WEBHOOK_ALARMS, ...refused];
}
