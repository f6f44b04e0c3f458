import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AccessLogFormat,
  AwsIntegration,
  BasePathMapping,
  DomainName,
  EndpointType,
  type IDomainName,
  LogGroupLogDestination,
  Model,
  PassthroughBehavior,
  RequestValidator,
  type Resource,
  RestApi,
  SecurityPolicy,
} from 'aws-cdk-lib/aws-apigateway';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import type { Plan } from '../../flow/plan';
import { ATTRIBUTES } from '../../runtime/webhook/contract';
import { headersAsSent } from '../../runtime/webhook/scheme';
import { uniqueName } from '../unique-name';
import type { WebhookDomain } from './webhook-front';
import { rulesOf, spellingsOf, type WebhookSource } from './webhook-source';

/** Inputs of the API. */
export interface WebhookApiProps {
  readonly sources: readonly WebhookSource[];
  readonly queue: IQueue;
  /** The key that encrypts its messages, unless Amazon SQS owns it. */
  readonly encryptionKey?: IKey;
  /** The plan with the throttle. */
  readonly plan: Plan;
  /** Whether to set the account's role for logs. */
  readonly accountLogRole: boolean;
  /** Whether it answers under its own URL only through the domain. */
  readonly domain?: WebhookDomain;
}

/** The API, and what a team may change of it. */
interface WebhookApi {
  readonly api: RestApi;
  readonly apiRole: Role;
  readonly accessLogGroup: LogGroup;
}

/** Makes, inside `scope`, the API that writes deliveries directly to the queue, one route a source. */
export function createWebhookApi(scope: Construct, props: WebhookApiProps): WebhookApi {
  const { api, accessLogGroup } = createStage(scope, props);
  const integrationRole = new Role(scope, 'ApiRole', { assumedBy: new ServicePrincipal('apigateway.amazonaws.com') });
  props.queue.grant(integrationRole, 'sqs:SendMessage');
  // SQS developer guide, Key management: a producer needs both.
  props.encryptionKey?.grant(integrationRole, 'kms:GenerateDataKey', 'kms:Decrypt');
  addRoutes(scope, api, props, integrationRole);
  return { api, apiRole: integrationRole, accessLogGroup };
}

function createStage(scope: Construct, { plan, accountLogRole, domain }: WebhookApiProps): Omit<WebhookApi, 'apiRole'> {
  const accessLogGroup = new LogGroup(scope, 'AccessLog', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const api = new RestApi(scope, 'Api', {
    // The only dimension of its metrics is this name.
    restApiName: uniqueName(scope),
    description: 'Takes webhooks and answers once the queue has them',
    endpointTypes: [EndpointType.REGIONAL],
    cloudWatchRole: accountLogRole,
    disableExecuteApiEndpoint: domain?.defaultEndpoint === false ? true : undefined,
    deployOptions: {
      stageName: 'v1',
      throttlingRateLimit: plan.value('throttleRatePerSecond'),
      throttlingBurstLimit: plan.value('throttleBurst'),
      metricsEnabled: true,
      // Sender, time and status. No execution log: it would hold bodies and signatures.
      accessLogDestination: new LogGroupLogDestination(accessLogGroup),
      accessLogFormat: AccessLogFormat.jsonWithStandardFields(),
    },
  });
  return { api, accessLogGroup };
}

function addRoutes(scope: Construct, api: RestApi, { sources, queue }: WebhookApiProps, integrationRole: Role): void {
  const requestValidator = new RequestValidator(scope, 'Signed', {
    restApi: api,
    validateRequestParameters: true,
    validateRequestBody: true,
  });
  // Any JSON: the consumer checks the content after it has verified the sender.
  const model = new Model(scope, 'Json', {
    restApi: api,
    contentType: 'application/json',
    description: 'Any JSON value',
    schema: {},
  });
  for (const source of sources) {
    const tenant: Resource = api.root.addResource(source.name).addResource('{tenant}');
    tenant.addMethod('POST', sendMessage(source, queue, integrationRole), {
      // No header is required here: this list has one spelling of a name, and clients send several.
      requestParameters: { 'method.request.path.tenant': true },
      requestModels: { 'application/json': model },
      requestValidator,
      methodResponses: ['200', '400', '503'].map((statusCode) => ({ statusCode })),
    });
  }
}

/** The API's direct call of SQS. */
function sendMessage(source: WebhookSource, queue: IQueue, credentialsRole: Role): AwsIntegration {
  return new AwsIntegration({
    service: 'sqs',
    path: `${Stack.of(queue).account}/${queue.queueName}`,
    integrationHttpMethod: 'POST',
    options: {
      credentialsRole,
      passthroughBehavior: PassthroughBehavior.NEVER,
      requestParameters: { 'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'" },
      requestTemplates: { 'application/json': sendMessageTemplate(source) },
      // Only a 200 from SQS is a receipt, so the default is failure. Only 400 is the delivery's own fault; 403 is a
      // lost permission or a throttle, and the sender should retry.
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

/** Inputs of the web ACL. */
export interface WebAclProps {
  readonly api: RestApi;
  /** The plan with the knob `wafRequestsPerFiveMinutes`. */
  readonly plan: Plan;
}

/** Makes, inside `scope`, the web ACL with the rate rule in front of the API. */
export function createWebAcl(scope: Construct, { api, plan }: WebAclProps): CfnWebACL {
  const limit = plan.value('wafRequestsPerFiveMinutes');
  const visibility = (metricName: string) => ({
    sampledRequestsEnabled: false,
    cloudWatchMetricsEnabled: true,
    metricName,
  });
  const webAcl = new CfnWebACL(scope, 'WebAcl', {
    scope: 'REGIONAL',
    defaultAction: { allow: {} },
    // This name is a dimension of the metrics of the ACL and of its rules; those of a rule also have the rule's name.
    visibilityConfig: visibility(uniqueName(scope)),
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
  associateWebAcl(scope, api, webAcl.attrArn);
  return webAcl;
}

/** Puts a web ACL in front of the API. */
export function associateWebAcl(scope: Construct, api: RestApi, webAclArn: string): void {
  new CfnWebACLAssociation(scope, 'WebAclAssociation', { resourceArn: api.deploymentStage.stageArn, webAclArn });
}

/** Maps a domain to the API, and makes the domain unless there is one. */
export function mapDomain(scope: Construct, api: RestApi, domain: WebhookDomain): IDomainName {
  const { domainName = '', certificate, existing, basePath } = domain;
  const mapped =
    existing ??
    new DomainName(scope, 'Domain', {
      domainName,
      // Checked: a name comes with its certificate.
      certificate: certificate!,
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
    });
  new BasePathMapping(scope, 'DomainMapping', {
    domainName: mapped,
    restApi: api,
    stage: api.deploymentStage,
    basePath,
  });
  return mapped;
}

/**
 * The message is the unchanged body, so that the signature can be checked; headers and route go into attributes.
 *
 * A header is read in every spelling that clients send, one a line: all but one are empty. Iterating over the names
 * would need `#foreach`, which the local AWS does not support.
 */
function sendMessageTemplate(source: WebhookSource): string {
  const headers = headersAsSent(source.scheme, rulesOf(source));
  const attributes = [
    [ATTRIBUTES.source, source.name],
    [ATTRIBUTES.tenant, parameter('tenant')],
    // No line break between them, so that an absent header is empty: SQS answers 400 to that, and so does the API.
    [ATTRIBUTES.signed, spellingsOf(headers[0]).map(parameter).join('')],
    ...headers.map((name) => [ATTRIBUTES.header(name.toLowerCase()), spellingsOf(name).map(parameter).join('%0A')]),
  ];
  return [
    'Action=SendMessage',
    '&MessageBody=$util.urlEncode($input.body)',
    // Fair queues: a tenant that floods delays its own messages, not those of the others.
    `&MessageGroupId=${parameter('tenant')}`,
    ...attributes.flatMap(([name, value], index) => [
      `&MessageAttribute.${index + 1}.Name=${name}`,
      `&MessageAttribute.${index + 1}.Value.DataType=String`,
      `&MessageAttribute.${index + 1}.Value.StringValue=${value}`,
    ]),
  ].join('');
}

function parameter(name: string): string {
  return `$util.urlEncode($input.params('${name}'))`;
}
