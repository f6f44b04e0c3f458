import { Aws, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
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
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import type { Plan } from '../flow/plan';
import { ATTRIBUTES } from '../runtime/webhook/contract';
import { HEADERS_AS_SENT, REQUIRED_HEADERS, type WebhookSource } from './webhook-source';

/** What the API is made from. */
export interface WebhookApiProps {
  readonly sources: readonly WebhookSource[];
  readonly queue: IQueue;
  /** The plan with the throttle. */
  readonly plan: Plan;
  /** Whether to set the account's role for logs. */
  readonly accountLogRole: boolean;
}

/** Makes, inside `scope`, the API that writes deliveries to the queue by itself, one route a source. */
export function createWebhookApi(scope: Construct, props: WebhookApiProps): RestApi {
  const api = createStage(scope, props);
  const integrationRole = new Role(scope, 'ApiRole', { assumedBy: new ServicePrincipal('apigateway.amazonaws.com') });
  props.queue.grant(integrationRole, 'sqs:SendMessage');
  addRoutes(scope, api, props, integrationRole);
  return api;
}

function createStage(scope: Construct, { plan, accountLogRole }: WebhookApiProps): RestApi {
  return new RestApi(scope, 'Api', {
    // Its metrics go by this name alone, so it must be the only one in the account and region.
    restApiName: `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`,
    description: 'Takes webhooks and answers once the queue has them',
    endpointTypes: [EndpointType.REGIONAL],
    cloudWatchRole: accountLogRole,
    deployOptions: {
      stageName: 'v1',
      throttlingRateLimit: plan.value('throttleRatePerSecond'),
      throttlingBurstLimit: plan.value('throttleBurst'),
      metricsEnabled: true,
      // Who, when, which status. No execution log: it would hold bodies and signatures.
      accessLogDestination: new LogGroupLogDestination(
        new LogGroup(scope, 'AccessLog', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
      ),
      accessLogFormat: AccessLogFormat.jsonWithStandardFields(),
    },
  });
}

function addRoutes(scope: Construct, api: RestApi, { sources, queue }: WebhookApiProps, integrationRole: Role): void {
  const requestValidator = new RequestValidator(scope, 'Signed', {
    restApi: api,
    validateRequestParameters: true,
    validateRequestBody: true,
  });
  // Any JSON: what it says is for the consumer to judge, once it knows who said it.
  const model = new Model(scope, 'Json', {
    restApi: api,
    contentType: 'application/json',
    description: 'Any JSON value',
    schema: {},
  });
  for (const source of sources) {
    const tenant: Resource = api.root.addResource(source.name).addResource('{tenant}');
    const headers = REQUIRED_HEADERS[source.scheme].map((name) => [`method.request.header.${name}`, true] as const);
    tenant.addMethod('POST', sendMessage(source, queue, integrationRole), {
      requestParameters: { 'method.request.path.tenant': true, ...Object.fromEntries(headers) },
      requestModels: { 'application/json': model },
      requestValidator,
      methodResponses: ['200', '400', '503'].map((statusCode) => ({ statusCode })),
    });
  }
}

/** The call of the queue by the API itself. */
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

/** Makes, inside `scope`, the web ACL with the rate rule in front of the API. */
export function createWebAcl(scope: Construct, api: RestApi, plan: Plan): CfnWebACL {
  const limit = plan.value('wafRequestsPerFiveMinutes');
  const visibility = (metricName: string) => ({
    sampledRequestsEnabled: false,
    cloudWatchMetricsEnabled: true,
    metricName,
  });
  const webAcl = new CfnWebACL(scope, 'WebAcl', {
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
  new CfnWebACLAssociation(scope, 'WebAclAssociation', {
    resourceArn: api.deploymentStage.stageArn,
    webAclArn: webAcl.attrArn,
  });
  return webAcl;
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
