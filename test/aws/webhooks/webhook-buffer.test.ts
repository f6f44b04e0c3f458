import { App, CfnParameter, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import fc from 'fast-check';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { WebhookBuffer, type WebhookBufferProps } from '../../../lib/aws/webhooks/webhook-buffer';
import {
  DeduplicateBy,
  spellingsOf,
  WebhookScheme,
  type WebhookSource,
} from '../../../lib/aws/webhooks/webhook-source';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { countMetric } from '../../../lib/runtime/metrics';
import { headersAsSent } from '../../../lib/runtime/webhook/scheme';
import { headersRead, signRequest, verifySignature } from '../../../lib/runtime/webhook/signature';
import { nagFindings } from '../../support/nag';
import { mostly, objectives, optional, validOrNamed, workloads } from '../../support/property';
import { type Made, only, permissions, properties, shop, type Untyped } from '../../support/stack';
import { render } from '../../support/vtl';

const usualProps: WebhookBufferProps = {
  workload: { steadyPerSecond: 20, peakPerSecond: 80, peakSeconds: 600, serviceSeconds: 0.07 },
  objective: { latencySeconds: 60 },
  sources: [
    { name: 'github', scheme: WebhookScheme.GITHUB },
    { name: 'pay', scheme: WebhookScheme.STRIPE },
    { name: 'shop', scheme: WebhookScheme.STANDARD_WEBHOOKS },
  ],
};

const SECRET = 'whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ=';

interface Buffer extends Made {
  readonly buffer: WebhookBuffer;
}

function make(props: Partial<WebhookBufferProps> = {}, stack = shop()): Buffer {
  const buffer = new WebhookBuffer(stack, 'Webhooks', { ...usualProps, ...props });
  return { stack, buffer, template: Template.fromStack(stack) };
}

/** With a function attached, as `webhookConsumer` wants it. */
function attached(props: Partial<WebhookBufferProps> = {}, stack = shop()) {
  const buffer = new WebhookBuffer(stack, 'Webhooks', { ...usualProps, ...props });
  const code = { code: Code.fromInline('exports.handler = 0'), handler: 'index.handler' };
  const consumer = new LambdaFunction(stack, 'Consumer', { ...code, runtime: Runtime.NODEJS_24_X });
  const grant = buffer.attach(consumer);
  return { stack, buffer, consumer, grant, template: Template.fromStack(stack) };
}

const usual = make();
const withConsumer = attached();

/** The POST method of a source. */
function route({ template, stack, buffer }: Buffer, source: string): Record<string, Untyped> {
  const method = buffer.api.methods.find((one) => one.resource.path === `/${source}/{tenant}`);
  return properties({ template, stack }, method as never);
}

/** What the queue is sent. */
function sent(
  source: string,
  request: { tenant: string; headers?: Record<string, string>; query?: Record<string, string>; body?: string },
) {
  const { tenant, ...rest } = request;
  const form = render(route(usual, source).Integration.RequestTemplates['application/json'], {
    path: { tenant },
    ...rest,
  });
  const fields = new URLSearchParams(form);
  const attributes: Record<string, string | null> = {};
  for (let n = 1; fields.has(`MessageAttribute.${n}.Name`); n += 1) {
    expect(fields.get(`MessageAttribute.${n}.Value.DataType`)).toBe('String');
    attributes[String(fields.get(`MessageAttribute.${n}.Name`))] = fields.get(
      `MessageAttribute.${n}.Value.StringValue`,
    );
  }
  return { form, fields, attributes };
}

describe('the traps of case 15 are absent', () => {
  test('trap: an answer before the event is safe: 2xx is what the queue answers with 200, and nothing else', () => {
    for (const { name } of usualProps.sources) {
      const { Integration, MethodResponses } = route(usual, name);
      const good = Integration.IntegrationResponses.filter((one: Untyped) => one.StatusCode.startsWith('2'));
      expect(good).toEqual([expect.objectContaining({ StatusCode: '200', SelectionPattern: '200' })]);
      const fallback = Integration.IntegrationResponses.filter((one: Untyped) => one.SelectionPattern === undefined);
      expect(fallback).toEqual([expect.objectContaining({ StatusCode: '503' })]);
      expect(MethodResponses.map((one: Untyped) => one.StatusCode)).toEqual(['200', '400', '503']);
    }
  });

  test('trap: a delivery lost to our own trouble: a lost permission or a throttle (403) says come again, not go away', () => {
    const { IntegrationResponses } = route(usual, 'shop').Integration;
    const answer = (status: number) =>
      IntegrationResponses.find((one: Untyped) => new RegExp(`^(?:${one.SelectionPattern})$`).test(String(status))) ??
      IntegrationResponses.find((one: Untyped) => !one.SelectionPattern);
    const seen = [200, 201, 301, 400, 403, 404, 429, 500, 503].map((status) => answer(status).StatusCode);
    expect(seen).toEqual(['200', '503', '503', '400', '503', '503', '503', '503', '503']);
  });

  test('trap: the sender waits for the work: the API itself writes to the queue, no function stands between', () => {
    const { Integration } = route(usual, 'github');
    expect(Integration).toMatchObject({ Type: 'AWS', IntegrationHttpMethod: 'POST' });
    expect(JSON.stringify(Integration.Uri)).toMatch(/:sqs:path\//);
    const functions = Object.values(usual.template.findResources('AWS::Lambda::Function'));
    // The only function there is sends dead letters back.
    expect(functions.map((one) => one.Properties.Description)).toEqual([expect.stringMatching(/dead letters/)]);
    usual.template.resourceCountIs('AWS::Lambda::Permission', 0);
  });

  test('trap: a key set with no end leaks: the table of keys has a time to live, longer than a message can come back', () => {
    const table = properties(usual, usual.buffer.idempotencyTable);
    expect(table.TimeToLiveSpecification).toEqual({ AttributeName: 'expiration', Enabled: true });
    const { IDEMPOTENCY_SECONDS } = properties(withConsumer, withConsumer.consumer).Environment.Variables;
    expect(Number(IDEMPOTENCY_SECONDS)).toBe(14 * 86_400);
    expect(Number(IDEMPOTENCY_SECONDS)).toBe(usual.buffer.plan.value('idempotencySeconds'));
    expect(Number(IDEMPOTENCY_SECONDS)).toBeGreaterThanOrEqual(usual.buffer.plan.value('retentionSeconds'));
    expect(() => make({ idempotencyRetention: Duration.hours(1) })).toThrow(
      "Webhooks: idempotencyRetention must be at least the queue's retention, 345600 s, got 3600 s",
    );
  });

  test('trap: the key set before the work with nothing to undo it: a crash finds the message still in the queue', () => {
    const queue = properties(usual, usual.buffer.redriveQueue.queue);
    expect(queue.VisibilityTimeout).toBe(6 * 30);
    expect(queue.RedrivePolicy.maxReceiveCount).toBeGreaterThanOrEqual(5);
    // The consumer undoes and hides: both need a permission.
    expect(Object.keys(permissions(withConsumer, withConsumer.consumer.role)).join(' ')).toMatch(
      /dynamodb:DeleteItem.*sqs:ChangeMessageVisibility|sqs:ChangeMessageVisibility.*dynamodb:DeleteItem/,
    );
  });

  test.each(usualProps.sources)(
    'trap: no signature check: $name is refused without a signature, however it is spelled, and the consumer gets it',
    (source) => {
      const { RequestParameters, RequestValidatorId } = route(usual, source.name);
      // A required header has one spelling here, and nobody says whether API Gateway compares it by case.
      expect(RequestParameters).toEqual({ 'method.request.path.tenant': true });
      expect(RequestValidatorId).toEqual({ Ref: expect.stringMatching(/^WebhooksSigned/) });
      // SQS answers 400 to an attribute without a value, and so does the API.
      expect(sent(source.name, { tenant: 'acme' }).attributes.signed).toBe('');
      const others = headersAsSent(source.scheme).filter((name) => name !== headersAsSent(source.scheme)[0]);
      const headers = Object.fromEntries(others.map((name) => [name, 'something']));
      expect(sent(source.name, { tenant: 'acme', headers }).attributes.signed).toBe('');
      for (const spelling of spellingsOf(headersAsSent(source.scheme)[0])) {
        const { attributes } = sent(source.name, { tenant: 'acme', headers: { [spelling]: 'v1,x' } });
        expect(attributes.signed).toBe('v1,x');
      }
      const config = JSON.stringify(
        properties(withConsumer, withConsumer.consumer).Environment.Variables.WEBHOOK_SOURCES,
      );
      expect(config).toContain(`\\"${source.name}\\":{\\"scheme\\":\\"${source.scheme}\\"`);
    },
  );

  test('trap: one tenant floods and the others starve: the tenant is the message group of a fair queue', () => {
    expect(sent('shop', { tenant: 'acme' }).fields.get('MessageGroupId')).toBe('acme');
    // Fair queues are standard queues; a FIFO queue would make a group wait for its own poison.
    expect(properties(usual, usual.buffer.redriveQueue.queue).FifoQueue).toBeUndefined();
  });
});

describe('what the queue is sent', () => {
  test.each([
    ['plain JSON', '{"id":"evt_1"}'],
    ['what a form would take apart', '{"q":"a=b&c=d+e%20f;#"}'],
    ['line breaks and tabs', '{\r\n\t"a": 1\n}\n'],
    ['other scripts', '{"名":"café 🚀"}'],
    ['what a template would take for its own', '{"a":"$input.body #set($x = 1) $y"}'],
  ])('the body as it came, or the signature breaks: %s', (_, body) => {
    expect(sent('github', { tenant: 'acme', body }).fields.get('MessageBody')).toBe(body);
    expect(sent('github', { tenant: 'acme', body }).fields.get('Action')).toBe('SendMessage');
  });

  test.each([
    ['as GitHub documents it', 'X-GitHub-Delivery'],
    ['by a client of HTTP/2', 'x-github-delivery'],
    ['by the canonical form of Go', 'X-Github-Delivery'],
    ['in capitals', 'X-GITHUB-DELIVERY'],
  ])('a header spelled %s arrives: %s', (_, name) => {
    const { attributes } = sent('github', { tenant: 'acme', headers: { [name]: 'd-1' } });
    expect(attributes['header.x-github-delivery']?.split('\n').filter(Boolean)).toEqual(['d-1']);
  });

  test.each(['webhook-id', 'Webhook-Id', 'Webhook-ID', 'WEBHOOK-ID'])('and so does %s', (name) => {
    const { attributes } = sent('shop', { tenant: 'acme', headers: { [name]: 'd-1' } });
    expect(attributes['header.webhook-id']?.split('\n').filter(Boolean)).toEqual(['d-1']);
  });

  test.each(usualProps.sources)('every header of $name in every spelling reaches the consumer, once', (source) => {
    for (const name of headersAsSent(source.scheme)) {
      for (const spelling of spellingsOf(name)) {
        const { attributes } = sent(source.name, { tenant: 'acme', headers: { [spelling]: 'the value' } });
        const lines = String(attributes[`header.${name.toLowerCase()}`]).split('\n');
        expect(lines.filter(Boolean)).toEqual(['the value']);
      }
    }
  });

  test('two spellings with two values both arrive, so that the consumer can refuse them', () => {
    const headers = { 'X-GitHub-Delivery': 'one', 'x-github-delivery': 'other' };
    const { attributes } = sent('github', { tenant: 'acme', headers });
    expect(attributes['header.x-github-delivery']?.split('\n').filter(Boolean)).toEqual(['one', 'other']);
  });

  test.each(usualProps.sources)(
    'SQS takes no empty attribute: without a header $name sends line breaks, and ten attributes at most',
    ({ name }) => {
      const { signed, ...others } = sent(name, { tenant: 'acme' }).attributes;
      expect(signed).toBe('');
      for (const value of Object.values(others)) expect(value).not.toBe('');
      // The redriver adds four of its own.
      expect(Object.keys(others).length + 1).toBeLessThanOrEqual(10 - 4);
      expect(others).toMatchObject({ source: name, tenant: 'acme' });
    },
  );

  test.each(usualProps.sources)(
    'what the consumer reads of $name is what the API writes, and it verifies',
    (source) => {
      const [body, atMillis] = ['{"id":"evt_1"}', 1_700_000_000_000];
      const headers = signRequest(source.scheme, SECRET, body, 'evt_1', atMillis);
      const { attributes, fields } = sent(source.name, { tenant: 'acme', headers, body });
      const arrived = headersRead(source.scheme).map((name) => [
        name,
        attributes[`header.${name}`]?.split('\n').find((line) => line !== ''),
      ]);
      const request = {
        headers: Object.fromEntries(arrived),
        body: String(fields.get('MessageBody')),
        receivedAtMillis: atMillis,
      };
      expect(verifySignature(source.scheme, request, [SECRET], 300)).toMatchObject({ valid: true });
      // Everything that the API demands, the consumer needs, and everything that it needs is demanded.
      expect(headersRead(source.scheme)).toEqual(headersAsSent(source.scheme).map((name) => name.toLowerCase()));
    },
  );

  test('a tenant cannot write fields of its own into the call', () => {
    const { fields, attributes } = sent('shop', { tenant: 'a&QueueUrl=elsewhere&MessageAttribute.9.Name=x' });
    expect(fields.has('QueueUrl')).toBe(false);
    expect(attributes.tenant).toBe('a&QueueUrl=elsewhere&MessageAttribute.9.Name=x');
  });

  test('nothing goes through that no template has seen', () => {
    for (const { name } of usualProps.sources) {
      const { Integration } = route(usual, name);
      expect(Integration.PassthroughBehavior).toBe('NEVER');
      expect(Object.keys(Integration.RequestTemplates)).toEqual(['application/json']);
      expect(Integration.RequestParameters).toEqual({
        'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'",
      });
    }
  });

  test('what is no JSON is refused by the API; what it says is left to the consumer', () => {
    expect(only(usual, 'AWS::ApiGateway::RequestValidator')).toMatchObject({
      ValidateRequestParameters: true,
      ValidateRequestBody: true,
    });
    expect(only(usual, 'AWS::ApiGateway::Model')).toMatchObject({ ContentType: 'application/json', Schema: {} });
    for (const { name } of usualProps.sources) {
      expect(route(usual, name).RequestModels).toEqual({
        'application/json': { Ref: expect.stringMatching(/^WebhooksJson/) },
      });
    }
  });
});

describe('limits', () => {
  test('the throttle of the stage is the one of the plan: twice the peak, and a burst of two seconds', () => {
    const { plan } = usual.buffer;
    const { MethodSettings } = only(usual, 'AWS::ApiGateway::Stage');
    expect(MethodSettings).toEqual([
      expect.objectContaining({
        HttpMethod: '*',
        ResourcePath: '/*',
        ThrottlingRateLimit: plan.value('throttleRatePerSecond'),
        ThrottlingBurstLimit: plan.value('throttleBurst'),
      }),
    ]);
    expect(plan.value('throttleRatePerSecond')).toBe(160);
    expect(plan.value('throttleBurst')).toBe(320);
  });

  test('an address may send as much as the whole peak, for one honest sender may be all of it', () => {
    const acl = only(usual, 'AWS::WAFv2::WebACL');
    expect(acl.Rules).toEqual([
      expect.objectContaining({
        Action: { Block: {} },
        Statement: { RateBasedStatement: { Limit: 160 * 300, AggregateKeyType: 'IP' } },
      }),
    ]);
    expect(usual.buffer.plan.value('wafRequestsPerFiveMinutes')).toBe(160 * 300);
    expect(only(usual, 'AWS::WAFv2::WebACLAssociation')).toMatchObject({
      WebACLArn: { 'Fn::GetAtt': [expect.stringMatching(/WebAcl/), 'Arn'] },
    });
  });

  test.each([
    [0.01, 1, 2, 300],
    [20_000, 40_000, 5000, 12_000_000],
  ])('%d/s keeps within the quotas', (steadyPerSecond, rate, burst, waf) => {
    const workload = { steadyPerSecond, serviceSeconds: 0.001 };
    const { plan } = make({ workload, objective: { latencySeconds: 3600 } }).buffer;
    const names = ['throttleRatePerSecond', 'throttleBurst', 'wafRequestsPerFiveMinutes'];
    expect(names.map((name) => plan.value(name))).toEqual([rate, burst, waf]);
  });

  test('the plan explains them', () => {
    const page = usual.buffer.plan.explain();
    for (const name of ['throttleRatePerSecond', 'throttleBurst', 'wafRequestsPerFiveMinutes', 'maxReceiveCount']) {
      expect(page).toContain(name);
    }
  });
});

describe('alarms of the API: what never reaches the queue, no alarm on the queue can see', () => {
  const apiAlarm = (made: Buffer, which: 'undelivered' | 'refused') => properties(made, made.buffer.alarms[which]);

  test.each([
    ['undelivered', '5XXError', 'alarmUndelivered'],
    ['refused', '4XXError', 'alarmRefused'],
  ] as const)('%s counts %s of this stage of this API, over five minutes', (which, metric, knob) => {
    expect(apiAlarm(usual, which)).toMatchObject({
      Namespace: 'AWS/ApiGateway',
      MetricName: metric,
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: usual.buffer.plan.value(knob),
      // Nothing is published while nobody sends.
      TreatMissingData: 'notBreaching',
      Dimensions: [
        { Name: 'ApiName', Value: only(usual, 'AWS::ApiGateway::RestApi').Name },
        { Name: 'Stage', Value: { Ref: expect.stringMatching(/^WebhooksApiDeploymentStage/) } },
      ],
    });
  });

  test('thresholds follow from the workload: 0.1 % of 20/s in five minutes, and half of what one of three sources sends', () => {
    const { plan } = usual.buffer;
    expect(plan.value('alarmUndelivered')).toBe(Math.floor(0.001 * 20 * 300));
    expect(plan.value('alarmRefused')).toBe((20 * 300) / 3 / 2);
    // A whole source refused rings even at the steady rate; so does every second delivery throttled at the peak.
    expect(plan.value('alarmRefused')).toBeLessThan((20 * 300) / 3);
    expect(plan.value('alarmRefused')).toBeLessThan(0.5 * 80 * 300);
    const quiet = make({ workload: { steadyPerSecond: 0.001, serviceSeconds: 0.1 } }).buffer.plan;
    expect([quiet.value('alarmUndelivered'), quiet.value('alarmRefused')]).toEqual([0, 1]);
  });

  test('each says what to do, and goes to the topic', () => {
    const stack = shop();
    const made = make({ alarmTopic: new Topic(stack, 'Pager') }, stack);
    expect(made.buffer.alarms.all).toHaveLength(2);
    for (const which of ['undelivered', 'refused'] as const) {
      const { AlarmDescription, AlarmActions } = apiAlarm(made, which);
      expect(AlarmDescription).toMatch(/access log/);
      expect(AlarmDescription.length).toBeGreaterThan(80);
      expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
      expect(AlarmActions).toEqual([{ Ref: expect.stringMatching(/^Pager/) }]);
    }
  });

  test('the metrics go by the name of the API, so two of them must not share one', () => {
    const stack = shop();
    new WebhookBuffer(stack, 'One', usualProps);
    new WebhookBuffer(stack, 'Two', { ...usualProps, accountLogRole: false });
    const apis = Object.values(Template.fromStack(stack).findResources('AWS::ApiGateway::RestApi'));
    const names = apis.map(({ Properties }) => JSON.stringify(Properties.Name));
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toContain('AWS::StackName');
  });
});

describe('what the consumer refuses', () => {
  const alarms = (made: ReturnType<typeof attached>) => made.buffer.refusedAlarms[0];
  const metrics = (made: ReturnType<typeof attached>, index: number) => {
    const { Metrics } = properties(made, alarms(made).bySource[index]);
    return Object.fromEntries(
      Metrics.filter((one: Untyped) => one.MetricStat).map((one: Untyped) => [one.Id, one.MetricStat]),
    );
  };
  const evaluated = (made: ReturnType<typeof attached>, values: Record<string, number>) => {
    const { Metrics, Threshold } = properties(made, alarms(made).bySource[0]);
    const text = Metrics.find((one: Untyped) => one.Expression).Expression.replaceAll('IF(', 'when(');
    const scope = {
      FILL: (value: number) => value,
      when: (condition: boolean, yes: number, no: number) => (condition ? yes : no),
      ...values,
    };
    return new Function(...Object.keys(scope), `return ${text}`)(...Object.values(scope)) > Threshold;
  };

  test('rings for each source when more was refused in an hour than accepted, and a tenth of what is usual', () => {
    expect(alarms(withConsumer).bySource).toHaveLength(3);
    const usualPerHour = (20 * 3600) / 3;
    const ringing = (refused: number, processed: number, duplicate = 0) =>
      evaluated(withConsumer, { refused, processed, duplicate });
    expect(ringing(usualPerHour, 0)).toBe(true);
    expect(ringing(usualPerHour * 0.2, usualPerHour * 0.1)).toBe(true);
    // Forgeries beside a source in order, or a few of them beside nothing at night.
    expect(ringing(usualPerHour * 0.9, usualPerHour)).toBe(false);
    expect(ringing(usualPerHour * 0.6, usualPerHour * 0.3, usualPerHour * 0.3)).toBe(false);
    expect(ringing(usualPerHour * 0.1, 0)).toBe(false);
  });

  test('the alarms watch what the consumer counts, of this function and this source', () => {
    const name = { Name: 'FunctionName', Value: { Ref: expect.stringMatching(/^Consumer/) } };
    for (const [index, source] of ['github', 'pay', 'shop'].entries()) {
      const stats = metrics(withConsumer, index);
      for (const [id, metric] of Object.entries({
        refused: 'Refused',
        processed: 'Processed',
        duplicate: 'Duplicate',
      })) {
        expect(stats[id]).toMatchObject({
          Period: 3600,
          Stat: 'Sum',
          Metric: {
            Namespace: 'Backpressure',
            MetricName: metric,
            Dimensions: [name, { Name: 'Source', Value: source }],
          },
        });
      }
    }
    expect(properties(withConsumer, alarms(withConsumer).unusable)).toMatchObject({
      MetricName: 'UnusableSecret',
      Threshold: 0,
    });
    expect(properties(withConsumer, alarms(withConsumer).dropped)).toMatchObject({
      MetricName: 'RefusedDropped',
      Dimensions: [name],
      Threshold: 0,
    });
  });

  test('the consumer counts under just these names', () => {
    const lines: Record<string, Untyped>[] = [];
    const log = jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(JSON.parse(line)));
    countMetric('Refused', { Source: 'github' });
    log.mockRestore();
    expect(lines[0]._aws.CloudWatchMetrics).toEqual([
      {
        Namespace: 'Backpressure',
        Dimensions: [['FunctionName', 'Source']],
        Metrics: [{ Name: 'Refused', Unit: 'Count' }],
      },
    ]);
  });

  test('thresholds are knobs, and a source that sends less than its share has its own', () => {
    const made = attached({
      sources: [
        { name: 'quiet', scheme: WebhookScheme.GITHUB, steadyPerSecond: 0.001 },
        { name: 'usual', scheme: WebhookScheme.GITHUB },
      ],
    });
    const { plan } = made.buffer;
    expect(plan.value('alarmRefusedPerHour.usual')).toBe(Math.floor(0.1 * 10 * 3600));
    // Whatever is refused of three or four an hour is worth a look.
    expect(plan.value('alarmRefusedPerHour.quiet')).toBe(0);
    expect(properties(made, alarms(made).bySource[0]).Threshold).toBe(0);
    expect(properties(made, alarms(made).bySource[1]).Threshold).toBe(plan.value('alarmRefusedPerHour.usual'));
    expect(evaluated(made, { refused: 1, processed: 0, duplicate: 0 })).toBe(true);
  });

  test('each alarm says what to do, and goes to the topic', () => {
    const stack = shop();
    const made = attached({ alarmTopic: new Topic(stack, 'Pager') }, stack);
    for (const alarm of alarms(made).all) {
      const { AlarmDescription, AlarmActions } = properties(made, alarm);
      expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
      expect(AlarmActions).toEqual([{ Ref: expect.stringMatching(/^Pager/) }]);
    }
    expect(properties(made, alarms(made).bySource[0]).AlarmDescription).toMatch(
      /parked for 14 days.*enable the replay/s,
    );
  });

  test('is parked for 14 days, encrypted, over TLS alone, and stays when the stack goes', () => {
    const { refusedQueue, plan } = usual.buffer;
    expect(properties(usual, refusedQueue)).toMatchObject({
      SqsManagedSseEnabled: true,
      MessageRetentionPeriod: 14 * 86_400,
      VisibilityTimeout: plan.value('visibilityTimeoutSeconds'),
    });
    expect(properties(usual, refusedQueue).RedrivePolicy).toBeUndefined();
    const kept = usual.template.findResources('AWS::SQS::Queue', { DeletionPolicy: 'Retain' });
    expect(Object.keys(kept)).toContainEqual(expect.stringMatching(/^WebhooksRefused/));
    const policies = Object.values(usual.template.findResources('AWS::SQS::QueuePolicy')).filter(({ Properties }) =>
      JSON.stringify(Properties.Queues).includes('WebhooksRefused'),
    );
    expect(policies).toHaveLength(1);
    expect(policies[0].Properties.PolicyDocument.Statement[0]).toMatchObject({
      Effect: 'Deny',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  });

  test('a key of the user encrypts every queue, and API and function may use it', () => {
    const stack = shop();
    const encryptionKey = new Key(stack, 'Key');
    const made = attached({ encryptionKey }, stack);
    const keyArn = { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] };
    const queues = Object.values(made.template.findResources('AWS::SQS::Queue'));
    expect(queues).toHaveLength(4);
    for (const { Properties } of queues) expect(Properties.KmsMasterKeyId).toEqual(keyArn);
    expect(permissions(made, made.buffer.node.findChild('ApiRole') as never)).toMatchObject({
      'kms:GenerateDataKey kms:Decrypt': 'Key',
    });
    expect(Object.keys(permissions(made, made.consumer.role)).join(' ')).toMatch(/kms:GenerateDataKey kms:Decrypt/);
  });

  test('as much is parked of each source in an hour as the whole workload brings in an hour with a peak in it', () => {
    expect(usual.buffer.plan.value('parkedPerHour')).toBe(20 * 3600 + (80 - 20) * 600);
    const { Variables } = properties(withConsumer, withConsumer.consumer).Environment;
    expect(Number(Variables.PARKED_PER_HOUR)).toBe(usual.buffer.plan.value('parkedPerHour'));
  });

  test('a replay is there and disabled, slow, and leaves in the queue what is still refused', () => {
    expect(withConsumer.buffer.replays).toHaveLength(1);
    expect(properties(withConsumer, withConsumer.buffer.replays[0])).toEqual({
      Enabled: false,
      BatchSize: 10,
      EventSourceArn: { 'Fn::GetAtt': [expect.stringMatching(/^WebhooksRefused/), 'Arn'] },
      FunctionName: { Ref: expect.stringMatching(/^Consumer/) },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
  });

  test('two functions have an alarm and a replay each', () => {
    const stack = shop();
    const buffer = new WebhookBuffer(stack, 'Webhooks', usualProps);
    const code = { code: Code.fromInline('exports.handler = 0'), handler: 'index.handler' };
    for (const id of ['Blue', 'Green']) {
      buffer.attach(new LambdaFunction(stack, id, { ...code, runtime: Runtime.NODEJS_24_X }));
    }
    expect([buffer.replays.length, buffer.refusedAlarms.length]).toEqual([2, 2]);
    const watched = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')).filter(
      ({ Properties }) => Properties.MetricName === 'RefusedDropped',
    );
    expect(new Set(watched.map(({ Properties }) => JSON.stringify(Properties.Dimensions))).size).toBe(2);
  });

  test('a function of another stack refers to the buffer, and the buffer not to it', () => {
    const app = new App();
    const [base, work] = [new Stack(app, 'Base'), new Stack(app, 'Work')];
    const buffer = new WebhookBuffer(base, 'Webhooks', usualProps);
    const code = { code: Code.fromInline('exports.handler = 0'), handler: 'index.handler' };
    buffer.attach(new LambdaFunction(work, 'Consumer', { ...code, runtime: Runtime.NODEJS_24_X }));
    expect(() => app.synth()).not.toThrow();
    Template.fromStack(work).resourceCountIs('AWS::Lambda::EventSourceMapping', 1);
  });
});

test('a queue can keep its name through a rename, and its dead-letter queue admits it by that name', () => {
  const made = make({ queueName: 'ShopWebhooks-2f5c' });
  const { queue, deadLetterQueue } = made.buffer.redriveQueue;
  expect(properties(made, queue).QueueName).toBe('ShopWebhooks-2f5c');
  const { RedriveAllowPolicy } = properties(made, deadLetterQueue);
  expect(JSON.stringify(RedriveAllowPolicy.sourceQueueArns)).toContain('ShopWebhooks-2f5c');
  expect(() => make({ queueName: 'two words' })).toThrow(/queueName/);
});

describe('safe by itself', () => {
  test('the role of the API may send to this queue, and that is all', () => {
    const role = usual.buffer.node.findChild('ApiRole');
    expect(permissions(usual, role as never)).toEqual({ 'sqs:SendMessage': 'Webhooks/Queue/Queue' });
    expect(route(usual, 'shop').Integration.Credentials).toEqual({
      'Fn::GetAtt': [expect.stringMatching(/^WebhooksApiRole/), 'Arn'],
    });
  });

  test('an attached function: exactly these actions on exactly these resources', () => {
    expect(permissions(withConsumer, withConsumer.consumer.role)).toEqual({
      'dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem': 'Webhooks/Idempotency',
      'sqs:ChangeMessageVisibility': 'Webhooks/Queue/Queue',
      // To send is for parking; the rest is what a replay needs of the function's role.
      'sqs:SendMessage sqs:ReceiveMessage sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:GetQueueAttributes':
        'Webhooks/Refused',
      'secretsmanager:GetSecretValue': 'Webhooks/Secret-github Webhooks/Secret-pay Webhooks/Secret-shop',
    });
    expect(() => withConsumer.grant.assertSuccess()).not.toThrow();
  });

  test('an attached function finds everything in its environment', () => {
    const { Variables } = properties(withConsumer, withConsumer.consumer).Environment;
    expect(Object.keys(Variables).sort()).toEqual([
      'IDEMPOTENCY_SECONDS',
      'IDEMPOTENCY_TABLE',
      'PARKED_PER_HOUR',
      'QUEUE_URL',
      'REFUSED_QUEUE_ARN',
      'REFUSED_QUEUE_URL',
      'WEBHOOK_SOURCES',
    ]);
  });

  test('what a source says reaches the consumer', () => {
    const made = attached({
      sources: [
        {
          name: 'shop',
          scheme: WebhookScheme.STANDARD_WEBHOOKS,
          tolerance: Duration.minutes(1),
          deduplicateBy: DeduplicateBy.SIGNED_CONTENT,
        },
      ],
      idempotencyRetention: Duration.days(30),
    });
    const { Variables } = properties(made, made.consumer).Environment;
    expect(JSON.stringify(Variables.WEBHOOK_SOURCES)).toMatch(
      /toleranceSeconds\\+":60,\\+"deduplicateBy\\+":\\+"signed-content/,
    );
    expect(Variables.IDEMPOTENCY_SECONDS).toBe(String(30 * 86_400));
    expect(made.buffer.plan.knob('idempotencySeconds')).toMatchObject({ value: 30 * 86_400, formula: 'given' });
  });

  test('a secret of its own for every source, generated in the account; no value of one in the template', () => {
    const secrets = Object.values(usual.template.findResources('AWS::SecretsManager::Secret'));
    expect(secrets).toHaveLength(3);
    for (const { Properties, DeletionPolicy } of secrets) {
      expect(Properties.GenerateSecretString).toEqual({ PasswordLength: 48, ExcludePunctuation: true });
      expect(Properties.SecretString).toBeUndefined();
      // The sender keeps signing with it, whatever becomes of the stack.
      expect(DeletionPolicy).toBe('Retain');
    }
    expect(JSON.stringify(withConsumer.template.toJSON())).not.toMatch(/\{\{resolve:|"SecretString"/);
  });

  test('a secret for each tenant reaches the consumer as such', () => {
    const stack = shop();
    const secret = Secret.fromSecretNameV2(stack, 'Given', 'shop/tenants');
    const made = attached(
      { sources: [{ name: 'shop', scheme: WebhookScheme.GITHUB, secret, secretPerTenant: true }] },
      stack,
    );
    const config = JSON.stringify(properties(made, made.consumer).Environment.Variables.WEBHOOK_SOURCES);
    expect(config).toContain('\\"secretPerTenant\\":true');
    expect(JSON.stringify(properties(withConsumer, withConsumer.consumer).Environment)).not.toContain(
      'secretPerTenant',
    );
  });

  test('a given secret is used as it is', () => {
    const stack = shop();
    const secret = Secret.fromSecretNameV2(stack, 'Given', 'shop/signing');
    const made = make({ sources: [{ name: 'shop', scheme: WebhookScheme.STRIPE, secret }] }, stack);
    made.template.resourceCountIs('AWS::SecretsManager::Secret', 0);
    expect(made.buffer.secretOf('shop')).toBe(secret);
  });

  test('an unknown source is an error that lists those there are', () => {
    expect(() => usual.buffer.secretOf('gitlab')).toThrow(
      "Shop/Webhooks: no source 'gitlab'; there are github, pay, shop",
    );
  });

  test('logs say who came and hold no body and no header: no execution log, no sampled requests', () => {
    const { MethodSettings, AccessLogSetting } = only(usual, 'AWS::ApiGateway::Stage');
    for (const settings of MethodSettings) {
      expect(settings.DataTraceEnabled).toBe(false);
      expect(settings.LoggingLevel).toBeUndefined();
    }
    expect(AccessLogSetting.Format).toContain('$context.status');
    expect(AccessLogSetting.Format).not.toMatch(/input|header|body|signature/i);
    expect(JSON.stringify(only(usual, 'AWS::WAFv2::WebACL'))).not.toContain('"SampledRequestsEnabled":true');
  });

  test('keys and secrets stay when the stack goes, or go when told to', () => {
    const kept = usual.template.findResources('AWS::DynamoDB::Table', { DeletionPolicy: 'Retain' });
    expect(Object.keys(kept)).toContainEqual(expect.stringMatching(/^WebhooksIdempotency/));
    usual.template.allResources('AWS::SecretsManager::Secret', { DeletionPolicy: 'Retain' });
    const gone = make({ removalPolicy: RemovalPolicy.DESTROY });
    gone.template.allResources('AWS::SecretsManager::Secret', { DeletionPolicy: 'Delete' });
    gone.template.allResources('AWS::DynamoDB::Table', { DeletionPolicy: 'Delete' });
  });

  test("the account's role for logs can be left to somebody else", () => {
    usual.template.resourceCountIs('AWS::ApiGateway::Account', 1);
    make({ accountLogRole: false }).template.resourceCountIs('AWS::ApiGateway::Account', 0);
  });

  test('AwsSolutions finds what a webhook cannot have, and nothing else', () => {
    expect([...new Set(nagFindings(make({ accountLogRole: false }).buffer).map(({ rule }) => rule))].sort()).toEqual([
      'AwsSolutions-APIG4',
      'AwsSolutions-APIG6',
      'AwsSolutions-COG4',
      'AwsSolutions-SMG4',
    ]);
  });

  test('alarms of the queue go to the topic', () => {
    const stack = shop();
    const made = make({ alarmTopic: new Topic(stack, 'Pager') }, stack);
    made.template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: Match.stringLikeRegexp('Pager') }],
    });
  });

  test('a failed delivery is redriven as often as asked; with 0 there is no redriver', () => {
    const once = make({ maxRedrives: 1 });
    expect(once.buffer.plan.value('maxRedrives')).toBe(1);
    once.template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ MAX_REDRIVES: '1' }) },
    });
    expect(make({ maxRedrives: 0 }).buffer.redriveQueue.alarms.stuck).toBeUndefined();
  });

  test('fields of the user are masked before a message is parked', () => {
    const { template } = make({ maskedFields: ['iban'] });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ MASKED_FIELDS: 'iban' }) },
    });
  });
});

describe('refuses', () => {
  const stripe = WebhookScheme.STRIPE;
  const late = (stack: Stack) => Duration.seconds(new CfnParameter(stack, 'Late', { type: 'Number' }).valueAsNumber);

  test.each<[string, Partial<WebhookBufferProps>]>([
    ['sources must name at least one sender, got none', { sources: [] }],
    [
      "sources.secret must be given with secretPerTenant, because the secrets of tenants cannot be generated; got none for 'a'",
      { sources: [{ name: 'a', scheme: stripe, secretPerTenant: true }] },
    ],
    [
      'sources.steadyPerSecond must be above 0 and at most workload.steadyPerSecond, 20, got 21',
      { sources: [{ name: 'a', scheme: stripe, steadyPerSecond: 21 }] },
    ],
    [
      'sources.steadyPerSecond must be above 0 and at most workload.steadyPerSecond, 20, got 0',
      { sources: [{ name: 'a', scheme: stripe, steadyPerSecond: 0 }] },
    ],
    ['sources must have different names, got a, a', { sources: ['a', 'a'].map((name) => ({ name, scheme: stripe })) }],
    [
      "sources.name must be 1 to 32 lower-case letters, digits and hyphens, got 'a/b'",
      { sources: [{ name: 'a/b', scheme: stripe }] },
    ],
    ["sources.name must not be 'constructor'", { sources: [{ name: 'constructor', scheme: stripe }] }],
    [
      'sources.tolerance in seconds must be a whole number, between 1 and 3600, got 3601',
      { sources: [{ name: 'a', scheme: stripe, tolerance: Duration.seconds(3601) }] },
    ],
    [
      'sources.tolerance in seconds must be a whole number, between 1 and 3600, got 0',
      { sources: [{ name: 'a', scheme: stripe, tolerance: Duration.seconds(0) }] },
    ],
    [
      'idempotencyRetention in seconds must be a whole number, between 3600 and 31536000, got 1.5',
      { idempotencyRetention: Duration.millis(1500) },
    ],
    ['idempotencyRetention must be known at synthesis, got a token', { idempotencyRetention: late(shop()) }],
    [
      'functionTimeout in seconds must be a whole number, between 1 and 900, got 901',
      { functionTimeout: Duration.seconds(901) },
    ],
    ['maxRedrives must be a whole number, between 0 and 100, got 101', { maxRedrives: 101 }],
    ['must be above 0, got 0', { workload: { steadyPerSecond: 0, serviceSeconds: 1 } }],
  ])('%s', (message, props) => {
    expect(() => make(props)).toThrow(InvalidInputError);
    expect(() => make(props)).toThrow(message);
  });

  test('whatever part of it refuses, it is the id of the user that is named', () => {
    const tooLong = () => make({ functionTimeout: Duration.seconds(901) });
    expect(tooLong).toThrow(
      /^Webhooks: functionTimeout in seconds must be a whole number, between 1 and 900, got 901$/,
    );
    const slow = { steadyPerSecond: 1, serviceSeconds: 10 };
    expect(() => make({ workload: slow, objective: { latencySeconds: 5 } })).toThrow(/^Webhooks: an item of 10 s/);
    expect(usual.buffer.plan.subject).toBe('Webhooks');
    expect(usual.buffer.redriveQueue.plan.explain()).toMatch(/^Webhooks: knobs/);
    // A queue of the user's own speaks by its own id, wherever it stands.
    const stack = shop();
    const own = () => new RedriveQueue(new Construct(stack, 'Outer'), 'Orders', { ...usualProps, maxReceiveCount: 0 });
    expect(own).toThrow(/^Orders: maxReceiveCount/);
  });

  test('all at once', () => {
    expect(() => make({ sources: [], idempotencyRetention: Duration.seconds(1) })).toThrow(
      /^Webhooks: sources must name .*; idempotencyRetention in seconds must be/,
    );
  });

  test('a promise that one delivery alone does not keep', () => {
    const workload = { steadyPerSecond: 1, serviceSeconds: 10 };
    expect(() => make({ workload, objective: { latencySeconds: 5 } })).toThrow(CapacityError);
  });
});

test('random props give a valid template or a named error, nothing else', () => {
  const source = fc.record({
    name: mostly(fc.stringMatching(/^[a-z0-9-]{1,32}$/), '', 'A', 'a/b', '日'),
    scheme: fc.constantFrom(...Object.values(WebhookScheme)),
    deduplicateBy: optional(fc.constantFrom(...Object.values(DeduplicateBy))),
    steadyPerSecond: optional(mostly(fc.double({ min: 1e-6, max: 0.01, noNaN: true }), 0, 1e9, Number.NaN)),
    tolerance: optional(
      mostly(fc.integer({ min: 1, max: 3600 }), 0, 3601, 0.5).map((value) => Duration.seconds(value)),
    ),
  });
  const props = fc.record({
    workload: workloads(),
    objective: objectives(),
    sources: mostly(fc.uniqueArray(source, { minLength: 1, maxLength: 4, selector: ({ name }) => name }), []),
    functionTimeout: optional(
      mostly(fc.integer({ min: 30, max: 900 }), 0, 901).map((value) => Duration.seconds(value)),
    ),
    maxRedrives: optional(mostly(fc.integer({ min: 0, max: 10 }), -1, 101)),
    idempotencyRetention: optional(
      mostly(fc.integer({ min: 14, max: 365 }), 0, 0.001, 366).map((value) => Duration.days(value)),
    ),
    maskedFields: optional(fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { maxLength: 3 })),
    accountLogRole: optional(fc.boolean()),
  });
  const claim = (made: Buffer, { sources }: { sources: readonly WebhookSource[] }) => {
    const { MethodSettings } = only(made, 'AWS::ApiGateway::Stage');
    expect(MethodSettings[0].ThrottlingRateLimit).toBeGreaterThanOrEqual(1);
    expect(MethodSettings[0].ThrottlingBurstLimit).toBeLessThanOrEqual(5000);
    expect(only(made, 'AWS::WAFv2::WebACL').Rules[0].Statement.RateBasedStatement.Limit).toBeGreaterThanOrEqual(10);
    for (const { name } of sources) expect(route(made, name).Integration.PassthroughBehavior).toBe('NEVER');
  };
  validOrNamed(/^Webhooks: /, props, make, claim);
}, 300_000);
