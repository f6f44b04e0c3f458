/** What is deployed apart by one plan, to two regions, accounts or clusters, has names of its own. */
import { judged, type Made, plan, refers } from './made';
import { judged as ofPulumi, preview, type Raw, type State, UNKNOWN, urn } from './stacks';

/** A module of a shop in one region: a queue, its dead-letter queue with an alarm, and a function that reads it. */
function shop(name: string, seconds: readonly [timeout: number, visibility: number], known?: string): Made[] {
  const arn = (service: string, rest: string) =>
    known === undefined ? {} : { arn: `arn:aws:${service}:${known}:111111111111:${rest}` };
  const unknown = known === undefined ? { arn: true } : {};
  const config = { provider_config_key: `aws.${name}` };
  const dead = arn('sqs', 'orders-dlq').arn;
  return [
    {
      address: `aws_sqs_queue.dlq_${name}`,
      values: { name: 'orders-dlq', message_retention_seconds: 1_209_600, ...arn('sqs', 'orders-dlq') },
      unknown,
      config,
    },
    {
      address: `aws_sqs_queue.orders_${name}`,
      values: {
        name: 'orders',
        visibility_timeout_seconds: seconds[1],
        ...arn('sqs', 'orders'),
        ...(dead === undefined
          ? {}
          : { redrive_policy: JSON.stringify({ deadLetterTargetArn: dead, maxReceiveCount: 5 }) }),
      },
      unknown: { ...unknown, ...(dead === undefined ? { redrive_policy: true } : {}) },
      expressions: { redrive_policy: refers(`aws_sqs_queue.dlq_${name}.arn`, `aws_sqs_queue.dlq_${name}`) },
      config,
    },
    {
      address: `aws_lambda_function.worker_${name}`,
      values: { function_name: 'worker', timeout: seconds[0], ...arn('lambda', 'function:worker') },
      unknown,
      config,
    },
    {
      address: `aws_lambda_event_source_mapping.reader_${name}`,
      values: {
        enabled: true,
        function_name: 'worker',
        function_response_types: ['ReportBatchItemFailures'],
        scaling_config: [{ maximum_concurrency: 5 }],
        ...(known === undefined ? {} : { event_source_arn: arn('sqs', 'orders').arn }),
      },
      unknown: known === undefined ? { event_source_arn: true } : {},
      expressions: {
        event_source_arn: refers(`aws_sqs_queue.orders_${name}.arn`, `aws_sqs_queue.orders_${name}`),
        function_name: refers(`aws_lambda_function.worker_${name}.function_name`, `aws_lambda_function.worker_${name}`),
      },
      config,
    },
    {
      address: `aws_cloudwatch_metric_alarm.parked_${name}`,
      values: {
        alarm_name: 'parked',
        namespace: 'AWS/SQS',
        metric_name: 'ApproximateNumberOfMessagesVisible',
        dimensions: { QueueName: 'orders-dlq' },
        statistic: 'Maximum',
        period: 60,
        evaluation_periods: 1,
        threshold: 0,
        comparison_operator: 'GreaterThanThreshold',
        alarm_actions: ['arn:aws:sns:eu-west-1:1:people'],
        ...arn('cloudwatch', 'alarm:parked'),
      },
      expressions: { dimensions: refers(`aws_sqs_queue.dlq_${name}.name`, `aws_sqs_queue.dlq_${name}`) },
      config,
    },
  ];
}

const RIGHT_SLOW = [300, 1800] as const;
const RIGHT_FAST = [5, 30] as const;
const WRONG = [300, 30] as const;

describe('one module in two regions', () => {
  const found = (all: Made[]) => judged(plan(all)).found;

  test('what is right in each is right in both', () => {
    expect(found([...shop('us', RIGHT_SLOW), ...shop('eu', RIGHT_FAST)])).toEqual([]);
  });

  test('what is wrong in one is found there, and only there', () => {
    expect(found([...shop('us', RIGHT_FAST), ...shop('eu', WRONG)])).toEqual(['BP-SQS-004 aws_sqs_queue.orders_eu']);
    expect(found([...shop('eu', RIGHT_FAST), ...shop('us', WRONG)])).toEqual(['BP-SQS-004 aws_sqs_queue.orders_us']);
  });

  test('each has its own alarm', () => {
    const all = [...shop('us', RIGHT_SLOW), ...shop('eu', RIGHT_FAST)];
    const without = all.filter(({ address }) => address !== 'aws_cloudwatch_metric_alarm.parked_eu');
    expect(found(without)).toEqual(['BP-CW-001 aws_sqs_queue.dlq_eu']);
  });

  test('a name that is written belongs to its own provider', () => {
    const literal = (all: Made[]) =>
      all.map(({ expressions, ...rest }) => ({
        ...rest,
        expressions: { ...expressions, function_name: { constant_value: 'worker' }, dimensions: {} },
      }));
    expect(found(literal([...shop('us', RIGHT_SLOW), ...shop('eu', RIGHT_FAST)]))).toEqual([]);
    expect(found(literal([...shop('us', RIGHT_FAST), ...shop('eu', WRONG)]))).toEqual([
      'BP-SQS-004 aws_sqs_queue.orders_eu',
    ]);
    const alone = literal(shop('eu', RIGHT_FAST)).filter(({ address }) => !/function/.test(address));
    expect(found([...literal(shop('us', RIGHT_SLOW)), ...alone])).toEqual([]);
  });

  test('in a state the ARNs tell where each is', () => {
    const state = (all: Made[]) => {
      const { planned_values: values } = plan(all);
      return judged({ format_version: '1.0', values }).found;
    };
    expect(state([...shop('us', RIGHT_SLOW, 'us-east-1'), ...shop('eu', RIGHT_FAST, 'eu-west-1')])).toEqual([]);
    expect(state([...shop('us', RIGHT_FAST, 'us-east-1'), ...shop('eu', WRONG, 'eu-west-1')])).toEqual([
      'BP-SQS-004 aws_sqs_queue.orders_eu',
    ]);
  });

  test('two configurations of a provider for one region are one place', () => {
    const twice = (region: string) => ({ expressions: { region: { constant_value: region } } });
    const all = [
      ...shop('tagged', RIGHT_SLOW).filter(({ address }) => !/function\b|function\./.test(address)),
      ...shop('plain', WRONG).filter(({ address }) => /aws_lambda_function\./.test(address)),
    ].map((each) =>
      /mapping/.test(each.address)
        ? { ...each, expressions: { ...each.expressions, function_name: { constant_value: 'worker' } } }
        : each,
    );
    const [queue] = all.filter(({ address }) => address === 'aws_sqs_queue.orders_tagged');
    const short = all.map((each) =>
      each === queue ? { ...each, values: { ...each.values, visibility_timeout_seconds: 30 } } : each,
    );
    const made = plan(short);
    const configuration = (plain: string) => ({
      ...(made.configuration as Raw),
      provider_config: { 'aws.tagged': twice('eu-west-1'), 'aws.plain': twice(plain) },
    });
    expect(judged({ ...made, configuration: configuration('eu-west-1') }).found).toEqual([
      'BP-SQS-004 aws_sqs_queue.orders_tagged',
    ]);
    expect(judged({ ...made, configuration: configuration('us-east-1') }).found).toEqual([]);
  });
});

describe('objects of two clusters', () => {
  const web = (cluster: string): Made[] => [
    {
      address: `kubernetes_deployment_v1.${cluster}`,
      values: {
        metadata: [{ name: 'web', namespace: 'shop' }],
        spec: [{ template: [{ spec: [{ container: [{ name: 'a', resources: [{ requests: { cpu: '1' } }] }] }] }] }],
      },
      config: { provider_config_key: cluster },
    },
    {
      address: `kubernetes_horizontal_pod_autoscaler_v2.${cluster}`,
      values: {
        metadata: [{ name: `web-${cluster.slice(-1)}`, namespace: 'shop' }],
        spec: [
          {
            max_replicas: 5,
            scale_target_ref: [{ api_version: 'apps/v1', kind: 'Deployment', name: 'web' }],
            metric: [
              {
                type: 'Resource',
                resource: [{ name: 'cpu', target: [{ type: 'Utilization', average_utilization: 60 }] }],
              },
            ],
          },
        ],
      },
      config: { provider_config_key: cluster },
    },
  ];
  const named = (all: Made[]) =>
    all.map(({ address, ...rest }) => ({ ...rest, address: address.replace('kubernetes.', 'k_') }));
  const both = named([...web('kubernetes.a'), ...web('kubernetes.b')]);

  test('of Terraform', () => {
    expect(judged(plan(both)).found.filter((each) => /KEDA|HPA/.test(each))).toEqual([]);
    const one = both.map((each) => ({ ...each, config: { provider_config_key: 'kubernetes' } }));
    expect(judged(plan(one)).found.map((each) => each.split(' ')[0])).toContain('BP-KEDA-006');
  });

  test('and of a state, which does not tell', () => {
    const { planned_values: values } = plan(both);
    const { found, unread } = judged({ format_version: '1.0', values });
    expect(found).toEqual([]);
    expect(unread).toEqual(['1 4 objects of several clusters, which a state does not tell apart']);
  });

  test('of Pulumi', () => {
    const provider = (name: string) => `${urn('pulumi:providers:kubernetes', name)}::${UNKNOWN}`;
    const states = (first: string, second: string): State[] =>
      [first, second].flatMap((name, i) => [
        {
          type: 'kubernetes:apps/v1:Deployment',
          name: `web${i}`,
          inputs: {
            metadata: { name: 'web', namespace: 'shop' },
            spec: { template: { spec: { containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }] } } },
          },
          more: { provider: provider(name) },
        },
        {
          type: 'kubernetes:autoscaling/v2:HorizontalPodAutoscaler',
          name: `hpa${i}`,
          inputs: {
            metadata: { name: `web-${i}`, namespace: 'shop' },
            spec: {
              maxReplicas: 5,
              scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
              metrics: [
                {
                  type: 'Resource',
                  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } },
                },
              ],
            },
          },
          more: { provider: provider(name) },
        },
      ]);
    const found = (first: string, second: string) =>
      ofPulumi(preview(states(first, second))).found.map((each) => each.split(' ')[0]);
    expect(found('a', 'b')).not.toContain('BP-KEDA-006');
    expect(found('a', 'a')).toContain('BP-KEDA-006');
    expect(found('default_4_1_0', 'default_4_18_3')).toContain('BP-KEDA-006');
  });
});

test('a name in Pulumi belongs to its own provider, and what it depends on wins', () => {
  const fn = 'aws:lambda/function:Function';
  const provider = (name: string) => `${urn('pulumi:providers:aws', name)}::${UNKNOWN}`;
  const states = (eu: Raw): State[] =>
    [
      { region: 'us', timeout: 300, visibilityTimeoutSeconds: 1800 },
      { region: 'eu', timeout: 5, visibilityTimeoutSeconds: 30, ...eu },
    ].flatMap(({ region, timeout, visibilityTimeoutSeconds }) => {
      const more = { provider: provider(region) };
      const redrivePolicy = '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:x","maxReceiveCount":5}';
      return [
        {
          type: 'aws:sqs/queue:Queue',
          name: `orders-${region}`,
          inputs: { visibilityTimeoutSeconds, redrivePolicy },
          more,
        },
        { type: fn, name: `worker-${region}`, inputs: { name: 'worker', timeout }, more },
        {
          type: 'aws:lambda/eventSourceMapping:EventSourceMapping',
          name: `reader-${region}`,
          inputs: {
            eventSourceArn: UNKNOWN,
            functionName: 'worker',
            functionResponseTypes: ['ReportBatchItemFailures'],
            scalingConfig: { maximumConcurrency: 5 },
          },
          needs: {
            eventSourceArn: [urn('aws:sqs/queue:Queue', `orders-${region}`)],
            functionName: [urn(fn, `worker-${region}`)],
          },
          more,
        },
      ];
    });
  expect(ofPulumi(preview(states({}))).found).toEqual([]);
  expect(ofPulumi(preview(states({ timeout: 60 }))).found).toEqual(['BP-SQS-004 orders-eu visibilityTimeoutSeconds']);
});
