import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AwsIntegration,
  EndpointType,
  LogGroupLogDestination,
  Model,
  PassthroughBehavior,
  RequestValidator,
  type Resource,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { between, validate } from '../flow/errors';
import type { Knob, Plan } from '../flow/plan';
import type { Objective, Workload } from '../flow/workload';
import { ATTRIBUTES, type SourceConfig } from '../runtime/webhook/contract';
import { RedriveQueue } from './redrive-queue';
import { HEADERS_AS_SENT, REQUIRED_HEADERS, WebhookIdentity, type WebhookSource } from './webhook-source';
import { resolvedSeconds, wholeSeconds } from './worker-compute';

/** The peak is a mean: within a second arrivals vary, and a throttled sender may not come back for minutes. */
const THROTTLE_HEADROOM = 2;
/** AWS WAF counts over five minutes by default. */
const WAF_WINDOW_SECONDS = 300;
/** Limits of a rate-based rule, AWS WAF developer guide. */
const WAF_LIMIT = { min: 10, max: 2_000_000_000 };

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
   * What happens to keys and generated secrets when the stack goes.
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
    this.validateProps(id);
    this.redriveQueue = new RedriveQueue(this, 'Queue', {
      workload: props.workload,
      objective: props.objective,
      functionTimeout: props.functionTimeout ?? Duration.seconds(30),
      maskedFields: props.maskedFields,
      alarmTopic: props.alarmTopic,
    });
    this.validateRetention(id);
    const throttle = throttleKnobs(props.workload);
    this.plan = this.redriveQueue.plan.withKnobs(throttle);
    this.idempotencyTable = new Table(this, 'Idempotency', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiration',
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    for (const source of props.sources) this.secrets.set(source.name, source.secret ?? this.generateSecret(source));
    this.api = this.createApi();
    const integrationRole = new Role(this, 'ApiRole', { assumedBy: new ServicePrincipal('apigateway.amazonaws.com') });
    this.redriveQueue.queue.grant(integrationRole, 'sqs:SendMessage');
    this.addRoutes(integrationRole);
    this.webAcl = this.createWebAcl();
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
    return [...this.secrets.values()].reduce((all, secret) => all.combine(secret.grantRead(consumer)), grant);
  }

  private validateProps(id: string): void {
    const { sources, workload, idempotencyRetention } = this.props;
    const names = sources.map((source) => source.name);
    validate(id, [
      { refused: sources.length === 0, message: 'sources must name at least one sender, got none' },
      {
        refused: new Set(names).size < names.length,
        message: `sources must have different names, got ${names.join(', ')}`,
      },
      ...sources.map((source) => ({
        refused: !/^[a-z0-9-]{1,32}$/.test(source.name),
        message: `sources.name must be 1 to 32 lower-case letters, digits and hyphens, got '${source.name}'`,
      })),
      ...sources.map((source) => wholeSeconds('sources.tolerance', source.tolerance, 1, 3600)),
      wholeSeconds('idempotencyRetention', idempotencyRetention, 3600, 365 * 86_400),
      between('workload.steadyPerSecond', workload.steadyPerSecond, 0),
    ]);
  }

  /** A delivery that comes back after its key is forgotten has its effect twice. */
  private validateRetention(id: string): void {
    const kept = this.props.idempotencyRetention?.toSeconds();
    const retention = this.redriveQueue.plan.value('retentionSeconds');
    validate(id, [
      {
        refused: kept !== undefined && kept < retention,
        message: `idempotencyRetention must be at least the queue's retention, ${retention} s, got ${kept} s`,
      },
    ]);
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

  private createApi(): RestApi {
    return new RestApi(this, 'Api', {
      description: 'Takes webhooks and answers once the queue has them',
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: this.props.accountLogRole ?? true,
      deployOptions: {
        stageName: 'v1',
        throttlingRateLimit: this.plan.value('throttleRatePerSecond'),
        throttlingBurstLimit: this.plan.value('throttleBurst'),
        metricsEnabled: true,
        // Who, when, which status. No execution log: it would hold bodies and signatures.
        accessLogDestination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLog', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
        ),
        accessLogFormat: AccessLogFormat.jsonWithStandardFields(),
      },
    });
  }

  private addRoutes(integrationRole: Role): void {
    const requestValidator = new RequestValidator(this, 'Signed', {
      restApi: this.api,
      validateRequestParameters: true,
      validateRequestBody: true,
    });
    // Any JSON: what it says is for the consumer to judge, once it knows who said it.
    const model = new Model(this, 'Json', {
      restApi: this.api,
      contentType: 'application/json',
      description: 'Any JSON value',
      schema: {},
    });
    for (const source of this.props.sources) {
      const tenant: Resource = this.api.root.addResource(source.name).addResource('{tenant}');
      const headers = REQUIRED_HEADERS[source.scheme].map((name) => [`method.request.header.${name}`, true] as const);
      tenant.addMethod('POST', this.sendMessage(source, integrationRole), {
        requestParameters: { 'method.request.path.tenant': true, ...Object.fromEntries(headers) },
        requestModels: { 'application/json': model },
        requestValidator,
        methodResponses: ['200', '400', '503'].map((statusCode) => ({ statusCode })),
      });
    }
  }

  /** The call of the queue by the API itself. */
  private sendMessage(source: WebhookSource, credentialsRole: Role): AwsIntegration {
    const { queue } = this.redriveQueue;
    return new AwsIntegration({
      service: 'sqs',
      path: `${Stack.of(this).account}/${queue.queueName}`,
      integrationHttpMethod: 'POST',
      options: {
        credentialsRole,
        passthroughBehavior: PassthroughBehavior.NEVER,
        requestParameters: { 'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'" },
        requestTemplates: { 'application/json': sendMessageTemplate(source) },
        // Anything but a plain 200 of the queue is not a receipt, so the default is the failure. Only 400 is the
        // delivery's own fault; 403 is a lost permission or a throttle, and the sender is to come again.
        integrationResponses: [
          {
            statusCode: '200',
            selectionPattern: '200',
            responseTemplates: { 'application/json': '{"received":true}' },
          },
          {
            statusCode: '400',
            selectionPattern: '400',
            responseTemplates: { 'application/json': '{"received":false}' },
          },
          { statusCode: '503', responseTemplates: { 'application/json': '{"received":false}' } },
        ],
      },
    });
  }

  private createWebAcl(): CfnWebACL {
    const limit = this.plan.value('wafRequestsPerFiveMinutes');
    const visibility = (metricName: string) => ({
      sampledRequestsEnabled: false,
      cloudWatchMetricsEnabled: true,
      metricName,
    });
    const webAcl = new CfnWebACL(this, 'WebAcl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('webhooks'),
      rules: [
        {
          name: 'rate-per-ip',
          priority: 0,
          action: { block: {} },
          statement: { rateBasedStatement: { limit, aggregateKeyType: 'IP' } },
          visibilityConfig: visibility('rate-per-ip'),
        },
      ],
    });
    new CfnWebACLAssociation(this, 'WebAclAssociation', {
      resourceArn: this.api.deploymentStage.stageArn,
      webAclArn: webAcl.attrArn,
    });
    return webAcl;
  }
}

function throttleKnobs(workload: Workload): Knob[] {
  const peak = workload.peakPerSecond ?? workload.steadyPerSecond;
  const rate = Math.ceil(THROTTLE_HEADROOM * peak);
  const inputs = { peakPerSecond: peak, headroom: THROTTLE_HEADROOM };
  return [
    {
      name: 'throttleRatePerSecond',
      value: rate,
      unit: 'requests/s',
      formula: 'head-room × peak arrivals',
      inputs,
      source: 'Amazon API Gateway developer guide, Throttle requests to your REST APIs',
    },
    {
      name: 'throttleBurst',
      value: Math.min(5000, 2 * rate),
      unit: 'requests',
      formula: 'two seconds at the throttle rate, at most the account quota of 5,000',
      inputs: { throttleRatePerSecond: rate },
      source: 'Amazon API Gateway developer guide, Throttle requests to your REST APIs',
    },
    {
      name: 'wafRequestsPerFiveMinutes',
      value: Math.min(WAF_LIMIT.max, Math.max(WAF_LIMIT.min, rate * WAF_WINDOW_SECONDS)),
      unit: 'requests',
      formula: 'throttle rate × 300 s: one honest sender may be the whole peak, and comes from few addresses',
      inputs: { throttleRatePerSecond: rate },
      source: 'AWS WAF developer guide, Rate-based rule statement: 10 to 2,000,000,000 in five minutes',
    },
  ];
}

/**
 * The message is the body as it came, so that the signature can be checked; headers and route go into attributes.
 * A header is looked up as the sender spells it and in lower case, one a line: HTTP/2 clients send the latter.
 */
function sendMessageTemplate(source: WebhookSource): string {
  const attributes = [
    [ATTRIBUTES.source, source.name],
    [ATTRIBUTES.tenant, "$util.urlEncode($input.params('tenant'))"],
    ...HEADERS_AS_SENT[source.scheme].map((name) => [ATTRIBUTES.header(name.toLowerCase()), headerLookup(name)]),
  ];
  return [
    'Action=SendMessage',
    '&MessageBody=$util.urlEncode($input.body)',
    // Fair queues: a tenant that floods waits behind itself, not in front of the others.
    "&MessageGroupId=$util.urlEncode($input.params('tenant'))",
    ...attributes.flatMap(([name, value], index) => [
      `&MessageAttribute.${index + 1}.Name=${name}`,
      `&MessageAttribute.${index + 1}.Value.DataType=String`,
      `&MessageAttribute.${index + 1}.Value.StringValue=${value}`,
    ]),
  ].join('');
}

function headerLookup(name: string): string {
  const spellings = [name, name.toLowerCase()];
  return spellings.map((spelling) => `$util.urlEncode($input.params('${spelling}'))`).join('%0A');
}
