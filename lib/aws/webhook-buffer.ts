import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { Plan } from '../flow/plan';
import type { Objective, Workload } from '../flow/workload';
import type { SourceConfig } from '../runtime/webhook/contract';
import { RedriveQueue } from './redrive-queue';
import { grantSecretValue } from './secret-value';
import { speaksForItsParts } from './subject';
import { WebhookAlarms } from './webhook-alarms';
import { createWebAcl, createWebhookApi } from './webhook-api';
import { checkKeysOutliveQueue, checkWebhooks, webhookKnobs } from './webhook-plan';
import { WebhookIdentity, type WebhookSource } from './webhook-source';
import { resolvedSeconds } from './worker-compute';

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
   * What is promised from receipt to effect. The sender's own wait ends once the queue has the delivery.
   */
  readonly objective: Objective;

  /**
   * Time-out of the function that will be attached; the queue's visibility timeout is six times that.
   *
   * @default Duration.seconds(30)
   */
  readonly functionTimeout?: Duration;

  /**
   * How long a delivery's key is kept. At least the queue's retention and the sender's own time of redelivery; up to
   * a year.
   *
   * @default Duration.days(14)
   */
  readonly idempotencyRetention?: Duration;

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
   * What happens to queues, keys and generated secrets when they leave the stack or are replaced. A generated secret
   * that is deleted cannot be recovered.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Takes deliveries as fast as they come and lets them be worked on as fast as that can be done.
 *
 * Cures the receiver that works while the sender waits: it sheds events at the peak and loses those it was working on
 * when it fell (case 15). The API writes to the queue by itself and answers 2xx only once the queue has the message;
 * signature, time window and duplicates are judged by the attached function before anything has an effect.
 */
export class WebhookBuffer extends Construct {
  /** The API; deliveries go to `POST /<source>/<tenant>`. */
  public readonly api: RestApi;
  /** The queue behind it, with its dead letters and quarantine. */
  public readonly redriveQueue: RedriveQueue;
  /** Keys of deliveries that had their effect. */
  public readonly idempotencyTable: Table;
  /** The web ACL with the rate rule. */
  public readonly webAcl: CfnWebACL;
  /** The alarms of the API; those of the queue are `redriveQueue.alarms`. */
  public readonly alarms: WebhookAlarms;
  /** Every knob with its reason, and what to expect. */
  public readonly plan: Plan;

  private readonly secrets = new Map<string, ISecret>();
  private readonly props: WebhookBufferProps;

  /**
   * @throws CapacityError when the workload cannot be served within the objective
   * @throws InvalidInputError when a prop is out of range; the message names every one of them
   */
  constructor(scope: Construct, id: string, props: WebhookBufferProps) {
    super(scope, id);
    this.props = props;
    checkWebhooks(id, props);
    speaksForItsParts(this);
    this.redriveQueue = new RedriveQueue(this, 'Queue', {
      workload: props.workload,
      objective: props.objective,
      functionTimeout: props.functionTimeout ?? Duration.seconds(30),
      maskedFields: props.maskedFields,
      alarmTopic: props.alarmTopic,
      removalPolicy: props.removalPolicy,
    });
    checkKeysOutliveQueue(id, this.redriveQueue.plan, props.idempotencyRetention);
    this.plan = this.redriveQueue.plan.withKnobs(webhookKnobs(props));
    this.idempotencyTable = new Table(this, 'Idempotency', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiration',
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    for (const source of props.sources) this.secrets.set(source.name, source.secret ?? this.generateSecret(source));
    const { plan } = this;
    this.api = createWebhookApi(this, {
      sources: props.sources,
      queue: this.redriveQueue.queue,
      plan,
      accountLogRole: props.accountLogRole ?? true,
    });
    this.webAcl = createWebAcl(this, this.api, plan);
    const stage = this.api.deploymentStage;
    this.alarms = new WebhookAlarms(this, 'Alarms', { stage, plan, alarmTopic: props.alarmTopic });
  }

  /** The signing secret of the source of that name. */
  public secretOf(sourceName: string): ISecret {
    const secret = this.secrets.get(sourceName);
    if (!secret)
      throw new Error(`${this.node.path}: no source '${sourceName}'; there are ${[...this.secrets.keys()].join(', ')}`);
    return secret;
  }

  /**
   * Lets a function built on `webhookConsumer` read the secrets, keep the keys and hide messages for a while.
   * It does not subscribe the function to the queue; `QueueWorker` does.
   */
  public attach(consumer: LambdaFunction): Grant {
    const sources = Object.fromEntries(this.props.sources.map((source) => [source.name, this.sourceConfig(source)]));
    consumer.addEnvironment('WEBHOOK_SOURCES', Stack.of(this).toJsonString(sources));
    consumer.addEnvironment('IDEMPOTENCY_TABLE', this.idempotencyTable.tableName);
    consumer.addEnvironment(
      'IDEMPOTENCY_SECONDS',
      String((this.props.idempotencyRetention ?? Duration.days(14)).toSeconds()),
    );
    consumer.addEnvironment('QUEUE_URL', this.redriveQueue.queue.queueUrl);
    const { queue } = this.redriveQueue;
    const grant = this.idempotencyTable
      .grant(consumer, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem')
      .combine(queue.grant(consumer, 'sqs:ChangeMessageVisibility'));
    return [...this.secrets.values()].reduce((all, secret) => all.combine(grantSecretValue(secret, consumer)), grant);
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
      secretArn: this.secretOf(source.name).secretArn,
      toleranceSeconds: resolvedSeconds(source.tolerance) ?? 300,
      deduplicateBy: source.identity ?? WebhookIdentity.DELIVERY_ID,
    };
  }
}
