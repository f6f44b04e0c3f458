/** What a plan does not relate to a resource for certain is related to none, and named. */
import { judged, type Made, plan, refers } from './made';

const DEAD_ENOUGH = '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:x","maxReceiveCount":5}';

describe('one of several by for_each, with an index that is not its own key', () => {
  const queue = (key: string, seconds: number): Made => ({
    address: `aws_sqs_queue.q["${key}"]`,
    values: { name: key, visibility_timeout_seconds: seconds, redrive_policy: DEAD_ENOUGH },
    unknown: { arn: true },
    more: { name: 'q', index: key },
    config: { name: 'q' },
  });
  const worker: Made = { address: 'aws_lambda_function.worker', values: { function_name: 'worker', timeout: 60 } };
  const reader = (...references: string[]): Made => ({
    address: 'aws_lambda_event_source_mapping.m["a"]',
    values: {
      enabled: true,
      function_name: 'worker',
      function_response_types: ['ReportBatchItemFailures'],
      scaling_config: [{ maximum_concurrency: 5 }],
    },
    unknown: { event_source_arn: true },
    expressions: { event_source_arn: refers(...references) },
    more: { name: 'm', index: 'a' },
    config: { name: 'm', for_each_expression: refers('var.mappings') },
  });
  const result = (...references: string[]) =>
    judged(plan([queue('a', 30), queue('b', 600), worker, reader(...references)]));

  test.each([
    [['aws_sqs_queue.q', 'each.value.queue', 'each.value']],
    [['aws_sqs_queue.q', 'local.queues', 'each.key']],
    [['aws_sqs_queue.q', 'var.queues', 'each.key']],
  ])('%j: none is meant, and that is said', (references) => {
    expect(result(...references)).toEqual({
      found: [],
      failures: [],
      unread: ['1 1 value that is known only after apply and may be of any of several resources'],
    });
  });

  test('its own key is, and is read', () => {
    expect(result('aws_sqs_queue.q', 'each.key')).toEqual({
      found: ['BP-SQS-004 aws_sqs_queue.q["a"]'],
      failures: [],
      unread: [],
    });
  });

  test('a dead-letter queue of another key has no other', () => {
    const dead = (key: string, seconds: number): Made => ({
      address: `aws_sqs_queue.dlq["${key}"]`,
      values: { name: `${key}-dlq`, message_retention_seconds: seconds },
      unknown: { arn: true },
      more: { name: 'dlq', index: key },
      config: { name: 'dlq' },
    });
    const policy = (...references: string[]): Made => ({
      ...queue('a', 600),
      values: { name: 'a', message_retention_seconds: 345_601 },
      unknown: { arn: true, redrive_policy: true },
      expressions: { redrive_policy: refers(...references) },
    });
    const found = (...references: string[]) =>
      judged(plan([dead('a', 60), dead('b', 1_209_600), policy(...references)])).found;
    expect(found('aws_sqs_queue.dlq', 'each.key')).toContain('BP-SQS-002 aws_sqs_queue.dlq["a"]');
    expect(found('aws_sqs_queue.dlq', 'each.value.dlq', 'each.value')).toEqual([]);
  });
});

describe('a part whose whole', () => {
  const bucket: Made = { address: 'aws_s3_bucket.a', values: { bucket: 'a' }, unknown: { id: true } };
  const versioning: Made = {
    address: 'aws_s3_bucket_versioning.a',
    values: { bucket: 'a', versioning_configuration: [{ status: 'Enabled' }] },
  };
  const lifecycle = (more: Partial<Made>): Made => ({
    address: 'aws_s3_bucket_lifecycle_configuration.z',
    ...more,
    values: {
      rule: [
        {
          id: 'x',
          status: 'Enabled',
          expiration: [{ days: 40 }],
          transition: [{ days: 30, storage_class: 'GLACIER' }],
        },
      ],
      ...more.values,
    },
  });
  // How long anything is kept depends on the versioning of the bucket; that nothing ends an upload does not.
  const alone = ['BP-S3-002 aws_s3_bucket_lifecycle_configuration.z'];

  test('is not known may be that of any, is named, and is judged alone', () => {
    expect(judged(plan([bucket, versioning])).found).toEqual(['BP-S3-001 aws_s3_bucket.a']);
    const open = lifecycle({ unknown: { bucket: true }, expressions: { bucket: refers('local.bucket_id') } });
    expect(judged(plan([bucket, versioning, open]))).toEqual({
      found: alone,
      failures: [],
      unread: ['1 aws_s3_bucket_lifecycle_configuration.z, whose aws_s3_bucket is not known'],
    });
  });

  test('is in no resource of the file is judged alone', () => {
    expect(judged(plan([bucket, versioning, lifecycle({ values: { bucket: 'elsewhere' } })]))).toEqual({
      found: ['BP-S3-001 aws_s3_bucket.a', ...alone],
      failures: [],
      unread: ['1 aws_s3_bucket_lifecycle_configuration.z, whose aws_s3_bucket is not in the file'],
    });
  });

  test('is only read: the redrive policy of a data source', () => {
    const policy: Made = {
      address: 'aws_sqs_queue_redrive_policy.p',
      values: { redrive_policy: '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:x","maxReceiveCount":1}' },
      unknown: { queue_url: true },
      expressions: { queue_url: refers('data.aws_sqs_queue.given.url', 'data.aws_sqs_queue.given') },
    };
    const given: Made = { address: 'data.aws_sqs_queue.given', values: { name: 'given' } };
    expect(judged(plan([given, policy])).unread).toEqual([
      '1 aws_sqs_queue_redrive_policy.p, whose aws_sqs_queue is not known',
    ]);
  });

  test('is a rule elsewhere: a target alone is named', () => {
    const target = (more: Partial<Made>): Made => ({
      address: 'aws_cloudwatch_event_target.t',
      ...more,
      values: { target_id: 't', arn: 'arn:aws:sqs:eu-west-1:1:x', ...more.values },
    });
    expect(judged(plan([target({ values: { rule: 'elsewhere' } })])).unread).toEqual([
      '1 aws_cloudwatch_event_target.t, whose aws_cloudwatch_event_rule is not in the file',
    ]);
    const open = target({ unknown: { rule: true }, expressions: { rule: refers('local.rule') } });
    expect(judged(plan([open])).unread).toContain(
      '1 aws_cloudwatch_event_target.t, whose aws_cloudwatch_event_rule is not known',
    );
  });

  test('says who may do what is not named', () => {
    const attachment: Made = {
      address: 'aws_iam_role_policy_attachment.a',
      values: { role: 'elsewhere', policy_arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' },
    };
    expect(judged(plan([attachment]))).toEqual({ found: [], failures: [], unread: [] });
  });
});

describe('a variable that is null', () => {
  const orders = (expression: object): Made => ({
    address: 'aws_sqs_queue.orders',
    values: { name: 'orders', arn: 'arn:aws:sqs:eu-west-1:1:orders', visibility_timeout_seconds: 900 },
    unknown: { redrive_policy: true },
    expressions: { redrive_policy: expression },
  });
  const others: Made[] = [
    { address: 'aws_lambda_function.worker', values: { function_name: 'worker', timeout: 60 } },
    {
      address: 'aws_lambda_event_source_mapping.reader',
      values: {
        enabled: true,
        event_source_arn: 'arn:aws:sqs:eu-west-1:1:orders',
        function_name: 'worker',
        function_response_types: ['ReportBatchItemFailures'],
        scaling_config: [{ maximum_concurrency: 5 }],
      },
    },
  ];
  const missing = ['BP-SQS-001 aws_sqs_queue.orders'];

  test('leaves the attribute to the service', () => {
    expect(judged(plan([orders(refers('var.dlq_policy')), ...others]))).toEqual({
      found: missing,
      failures: [],
      unread: [],
    });
  });

  test('what is made of a local value, or of a resource, is not known', () => {
    const local = judged(plan([orders(refers('local.policy')), ...others]));
    expect(local.found).toEqual([]);
    expect(local.unread).toHaveLength(1);
    expect(judged(plan([orders(refers('random_id.a.hex', 'random_id.a', 'var.b')), ...others])).found).toEqual([]);
    expect(judged(plan([orders({}), ...others])).found).toEqual([]);
  });

  test.each([
    ['given by nobody', undefined, missing],
    ['given by another variable', refers('var.outer'), missing],
    ['given as it is', { constant_value: null }, missing],
    ['given by a local value', refers('local.policy'), []],
    ['given by a function', {}, []],
  ])('in a module: %s', (_, given, found) => {
    const inner = { ...plan([orders(refers('var.dlq_policy'))]) } as {
      planned_values: { root_module: { resources: { address: string }[] } };
      configuration: { root_module: object };
      resource_changes: { address: string }[];
    };
    const all = plan(others) as unknown as {
      planned_values: { root_module: Record<string, unknown> };
      configuration: { root_module: Record<string, unknown> };
      resource_changes: object[];
    };
    const inModule = <T extends { address: string }>(each: T) => ({ ...each, address: `module.m.${each.address}` });
    all.planned_values.root_module.child_modules = [
      { address: 'module.m', resources: inner.planned_values.root_module.resources.map(inModule) },
    ];
    all.configuration.root_module.module_calls = {
      m: {
        module: { ...inner.configuration.root_module, variables: { dlq_policy: { default: null } } },
        expressions: given === undefined ? {} : { dlq_policy: given },
      },
    };
    all.resource_changes.push(...inner.resource_changes.map(inModule));
    expect(judged(all).found).toEqual(found.map((each) => each.replace('aws_sqs', 'module.m.aws_sqs')));
  });
});
