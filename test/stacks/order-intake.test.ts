import { Match, Template } from 'aws-cdk-lib/assertions';
import { WEBHOOKS } from '../../lib/cases/case-15-webhook-flood';
import { OrderIntakeStack } from '../../stacks/order-intake';
import { referenceApp } from '../support/reference';

const template = Template.fromStack(new OrderIntakeStack(referenceApp(), 'OrderIntake'));

/** Hashes of code and of deployments change with every build and say nothing here. */
function normalised(json: object): unknown {
  const text = JSON.stringify(json)
    .replace(/\b[0-9a-f]{64}\b/g, '<asset>')
    .replace(/(WebhooksApiDeployment[0-9A-F]{8})[0-9a-f]{32}/g, '$1<deployment>');
  return JSON.parse(text);
}

test('the template', () => {
  expect(normalised(template.toJSON())).toMatchSnapshot();
});

describe('what must not be lost in a snapshot that somebody updates', () => {
  test('an order is safe before the sender is told so: 200 is the answer of the queue and of nothing else', () => {
    const methods = Object.values(template.findResources('AWS::ApiGateway::Method'));
    expect(methods).toHaveLength(2);
    for (const { Properties } of methods) {
      const { Type, Uri, IntegrationResponses } = Properties.Integration;
      expect(Type).toBe('AWS');
      expect(JSON.stringify(Uri)).toContain(':sqs:path/');
      const fallback = IntegrationResponses.filter((one: object) => !('SelectionPattern' in one));
      expect(fallback).toEqual([expect.objectContaining({ StatusCode: '503' })]);
    }
  });

  test('no order is worked on twice at a time: the queue hides it for six time-outs of the function that has it', () => {
    const [{ Properties: fn }] = Object.values(
      template.findResources('AWS::Lambda::Function', {
        Properties: { Environment: { Variables: Match.objectLike({ LEDGER_TABLE: Match.anyValue() }) } },
      }),
    );
    const queues = Object.values(template.findResources('AWS::SQS::Queue')).map(({ Properties }) => Properties);
    const source = queues.find((one) => one.RedrivePolicy !== undefined);
    expect(source?.VisibilityTimeout).toBe(6 * fn.Timeout);
  });

  test('the order system is never asked for more than the peak needs: concurrency is bounded by the mapping', () => {
    const mappings = Object.values(template.findResources('AWS::Lambda::EventSourceMapping')).map(
      (one) => one.Properties,
    );
    // The queue, its dead letters, and the replay of what was refused, which is disabled.
    expect(mappings.map(({ Enabled = true }) => Enabled).sort()).toEqual([false, true, true]);
    // Busy at the peak: 506.5/s × 0.1 s.
    const busy = WEBHOOKS.workload.peakPerSecond * WEBHOOKS.workload.serviceSeconds;
    const most = mappings.map(
      ({ ScalingConfig, ProvisionedPollerConfig }) =>
        // A poller makes up to ten invocations at a time.
        ScalingConfig?.MaximumConcurrency ?? 10 * ProvisionedPollerConfig.MaximumPollers,
    );
    for (const bound of most) expect(bound).toBeLessThan(4 * busy);
    for (const { FunctionResponseTypes } of mappings)
      expect(FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    expect(Math.max(...most)).toBeGreaterThan(busy);
    template.allResourcesProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: Match.absent() });
  });

  test('what was booked stays booked: ledger, keys, archive, secrets and refused deliveries outlive the stack', () => {
    for (const [type, count] of [
      ['AWS::SQS::Queue', 1],
      ['AWS::SecretsManager::Secret', 2],
      ['AWS::DynamoDB::Table', 2],
      ['AWS::S3::Bucket', 1],
    ] as const) {
      const kept = Object.keys(template.findResources(type, { DeletionPolicy: 'Retain' }));
      expect([type, kept.length >= count]).toEqual([type, true]);
    }
  });

  test('no name is fixed but by the stack, so that copies of it can stand side by side', () => {
    for (const { Properties = {} } of Object.values<{ Properties?: Record<string, unknown> }>(
      template.toJSON().Resources,
    )) {
      for (const name of ['TableName', 'BucketName', 'FunctionName', 'RoleName', 'TopicName', 'AlarmName']) {
        expect(typeof Properties[name]).not.toBe('string');
      }
    }
  });
});
