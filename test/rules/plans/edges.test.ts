/** Plans that are strange, hostile or incomplete, and files of the same tools that are no plan. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgeEach } from '../../../lib/rules/check';
import { TYPES_READ } from '../../../lib/rules/cloudformation/read/types';
import { linesOf } from '../../../lib/rules/lines';
import { AWS } from '../../../lib/rules/plans/aws';
import { readEach } from '../../../lib/rules/read';
import { answer } from '../../bin/harness';
import { judged, type Made, plan, refers } from './made';

type Raw = Record<string, unknown>;

const ORDERS: Made = { address: 'aws_sqs_queue.orders', values: { name: 'orders' }, unknown: { arn: true } };

const WORKER: Made = {
  address: 'aws_lambda_function.worker',
  values: { function_name: 'worker', timeout: 60 },
  unknown: { arn: true },
};

const READER: Made = {
  address: 'aws_lambda_event_source_mapping.reader',
  values: { enabled: true, function_name: 'worker', function_response_types: ['ReportBatchItemFailures'] },
  unknown: { event_source_arn: true },
  expressions: { event_source_arn: refers('aws_sqs_queue.orders.arn', 'aws_sqs_queue.orders') },
};

const FOUND = ['BP-SQS-001 aws_sqs_queue.orders', 'BP-SQS-004 aws_sqs_queue.orders'];

test('the plan that the others differ from', () => {
  expect(judged(plan([ORDERS, WORKER, READER])).found).toEqual(FOUND);
});

describe('what is known only after apply', () => {
  test('is not known: no finding about it', () => {
    const orders = {
      ...ORDERS,
      unknown: { visibility_timeout_seconds: true, redrive_policy: true },
      expressions: {
        visibility_timeout_seconds: refers('random_integer.seconds.result', 'random_integer.seconds'),
        redrive_policy: refers('data.external.policy.result', 'data.external.policy'),
      },
    };
    expect(judged(plan([orders, WORKER, READER])).found).toEqual([]);
  });

  test('and is missing when nobody has written it', () => {
    const orders = { ...ORDERS, unknown: { visibility_timeout_seconds: true, redrive_policy: true } };
    expect(judged(plan([orders, WORKER, READER])).found).toEqual(FOUND);
  });

  test('unless the plan has no configuration that would tell', () => {
    const orders = { ...ORDERS, unknown: { visibility_timeout_seconds: true, redrive_policy: true } };
    const reader = {
      ...READER,
      values: { ...READER.values, event_source_arn: 'arn:aws:sqs:eu-west-1:1:orders' },
      unknown: {},
    };
    expect(judged(plan([orders, WORKER, reader], { configuration: undefined })).found).toEqual([]);
  });

  test('of two resources that a value may be, none is meant', () => {
    const expressions = {
      event_source_arn: refers(
        'aws_sqs_queue.orders.arn',
        'aws_sqs_queue.orders',
        'aws_sqs_queue.b.arn',
        'aws_sqs_queue.b',
      ),
    };
    const other = { ...ORDERS, address: 'aws_sqs_queue.b', values: { name: 'b' } };
    expect(judged(plan([ORDERS, other, WORKER, { ...READER, expressions }])).found).toEqual([]);
  });

  test('a redrive policy for a queue that is not known may be that of any', () => {
    const policy: Made = {
      address: 'aws_sqs_queue_redrive_policy.of_some',
      unknown: { queue_url: true, redrive_policy: true },
      expressions: { queue_url: refers('local.url'), redrive_policy: refers('local.policy') },
    };
    expect(judged(plan([ORDERS, WORKER, READER, policy])).found).toEqual(['BP-SQS-004 aws_sqs_queue.orders']);
  });

  test('and made of a local value, it is named, and what would follow from all of them is not said', () => {
    const parked: Made = {
      address: 'aws_sqs_queue.parked',
      values: { name: 'parked', message_retention_seconds: 1209600 },
    };
    const orders = {
      ...ORDERS,
      values: {
        name: 'orders',
        redrive_policy: '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:parked","maxReceiveCount":5}',
      },
    };
    const alarm = (...references: string[]): Made => ({
      address: 'aws_cloudwatch_metric_alarm.any',
      values: { namespace: 'AWS/SQS', metric_name: 'ApproximateNumberOfMessagesVisible' },
      unknown: { dimensions: true },
      expressions: { dimensions: refers(...references) },
    });
    expect(judged(plan([orders, parked])).found).toEqual(['BP-CW-001 aws_sqs_queue.parked']);
    const { found, unread } = judged(plan([orders, parked, alarm('local.dimensions')]));
    expect(found).toEqual([]);
    expect(unread).toEqual([
      '1 1 value that is known only after apply and made of a local value, which a plan does not hold',
    ]);
  });
});

test('in a block that is written in a loop, what is known only after apply is not known', () => {
  const reader = {
    ...READER,
    values: { ...READER.values, scaling_config: [{}] },
    unknown: { event_source_arn: true, scaling_config: [{ maximum_concurrency: true }] },
  };
  const worker = { ...WORKER, values: { ...WORKER.values, reserved_concurrent_executions: 5 } };
  expect(judged(plan([ORDERS, worker, reader])).found).toEqual(FOUND);
  const without = { ...READER, values: { ...READER.values, scaling_config: [] } };
  expect(judged(plan([ORDERS, worker, without])).found).toContain(
    'BP-LAMBDA-003 aws_lambda_event_source_mapping.reader',
  );
});

describe('of several by for_each, the one of the same key is meant', () => {
  const queue = (key: string, seconds: number): Made => ({
    address: `aws_sqs_queue.all["${key}"]`,
    values: { name: key, visibility_timeout_seconds: seconds, redrive_policy: '{"maxReceiveCount":5}' },
    unknown: { arn: true },
    more: { name: 'all', index: key },
    config: { name: 'all' },
  });
  const reader = (key: string, references: string[]): Made => ({
    ...READER,
    address: `aws_lambda_event_source_mapping.readers["${key}"]`,
    expressions: { event_source_arn: refers(...references) },
    more: { name: 'readers', index: key },
    config: { name: 'readers', for_each_expression: refers('aws_sqs_queue.all') },
  });

  test.each([
    ['each.key', ['aws_sqs_queue.all', 'each.key']],
    ['each.value', ['each.value.arn', 'each.value']],
  ])('by %s', (_, references) => {
    const all = [queue('one', 10), queue('two', 900), WORKER, reader('two', references)];
    expect(judged(plan(all)).found).toEqual([]);
    expect(judged(plan([...all, reader('one', references)])).found).toEqual(['BP-SQS-004 aws_sqs_queue.all["one"]']);
  });
});

test('a retention that is the default is one that nobody has set', () => {
  const values = { message_retention_seconds: 345600 };
  const policy = '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:parked","maxReceiveCount":5}';
  const both = [
    { address: 'aws_sqs_queue.parked', values: { ...values, name: 'parked' } },
    { address: 'aws_sqs_queue.orders', values: { ...values, name: 'orders', redrive_policy: policy } },
  ];
  const { findings } = judgeEach(readEach([{ file: 'plan.json', text: JSON.stringify(plan(both)) }]));
  expect(findings.filter(({ ruleId }) => ruleId === 'BP-SQS-002').map(({ severity }) => severity)).toEqual(['warning']);
});

describe('objects of Kubernetes', () => {
  const cron = (spec: Raw, unknown: Raw, expressions: Raw): Made => ({
    address: 'kubernetes_cron_job_v1.a',
    values: {
      metadata: [{ name: 'a', namespace: 'shop' }],
      spec: [
        {
          schedule: '*/5 * * * *',
          concurrency_policy: 'Forbid',
          starting_deadline_seconds: 60,
          job_template: [
            { spec: [{ ...spec, template: [{ spec: [{ restart_policy: 'Never', container: [{ name: 'a' }] }] }] }] },
          ],
        },
      ],
    },
    unknown: { spec: [{ job_template: [{ spec: [unknown] }] }] },
    expressions: { spec: [{ job_template: [{ spec: [expressions] }] }] },
  });

  test('what is known only after apply is not known, and 0 is what nobody has set', () => {
    const missing = ['BP-CRON-003 kubernetes_cron_job_v1.a'];
    expect(judged(plan([cron({}, {}, {})])).found).toEqual(missing);
    expect(judged(plan([cron({ active_deadline_seconds: 0 }, {}, {})])).found).toEqual(missing);
    const known = { active_deadline_seconds: refers('random_integer.a.result', 'random_integer.a') };
    expect(judged(plan([cron({}, { active_deadline_seconds: true }, known)])).found).toEqual([]);
  });

  test('blocks that stand several times are a list, a number of the same name is not', () => {
    const pod: Made = {
      address: 'kubernetes_pod_v1.a',
      values: {
        metadata: [{ name: 'a' }],
        spec: [
          {
            container: [
              {
                name: 'a',
                port: [{ container_port: 80 }],
                readiness_probe: [{ http_get: [{ port: '8080', path: '/' }] }],
              },
            ],
          },
        ],
      },
    };
    const hpa: Made = {
      address: 'kubernetes_horizontal_pod_autoscaler_v2.a',
      values: {
        metadata: [{ name: 'a' }],
        spec: [{ metric: [{ type: 'External', external: [{ metric: [{ name: 'depth' }] }] }] }],
      },
    };
    const reading = readEach([{ file: 'plan.json', text: JSON.stringify(plan([pod, hpa])) }]);
    const resources = reading.documents.flatMap((document) => document.resources);
    const [container] = resources[0].at('spec', 'containers').items();
    expect(container.at('ports').items()).toHaveLength(1);
    expect(container.at('readinessProbe', 'httpGet', 'port').text()).toBe('8080');
    const [metric] = resources[1].at('spec', 'metrics').items();
    expect(metric.at('external', 'metric', 'name').text()).toBe('depth');
  });
});

describe('what is not there after the plan', () => {
  test('what is destroyed is in the changes, and in no value', () => {
    const gone = { address: 'aws_sqs_queue.gone', change: { actions: ['delete'], before: { name: 'gone' } } };
    const all = plan([ORDERS, WORKER, READER]);
    expect(judged({ ...all, resource_changes: [...(all.resource_changes as Raw[]), gone] }).found).toEqual(FOUND);
  });

  test('what is unknown of a deposed object says nothing of its successor', () => {
    const deposed = {
      address: ORDERS.address,
      deposed: '0a1b2c3d',
      change: { actions: ['delete'], after_unknown: { redrive_policy: true, visibility_timeout_seconds: true } },
    };
    const expressions = { visibility_timeout_seconds: { constant_value: 30 }, redrive_policy: refers('var.policy') };
    const all = plan([{ ...ORDERS, expressions }, WORKER, READER]);
    expect(judged({ ...all, resource_changes: [...(all.resource_changes as Raw[]), deposed] }).found).toEqual(FOUND);
  });

  test('nor is a deposed object of a state judged, or what is only read', () => {
    const group = { address: 'aws_cloudwatch_log_group.a', values: { name: 'a' } };
    expect(judged(plan([group])).found).toEqual(['BP-LOGS-001 aws_cloudwatch_log_group.a']);
    expect(judged(plan([{ ...group, more: { deposed_key: '0a1b2c3d' } }])).found).toEqual([]);
    expect(judged(plan([{ ...group, address: 'data.aws_cloudwatch_log_group.a' }])).found).toEqual([]);
  });
});

test('names that two modules or two APIs share', () => {
  const stage = (n: number): Made => ({
    address: `aws_api_gateway_stage.s${n}`,
    values: { stage_name: 'live', rest_api_id: `api${n}` },
  });
  const api = (n: number): Made => ({
    address: `aws_api_gateway_rest_api.a${n}`,
    values: { id: `api${n}`, name: 'shop' },
  });
  const limited: Made = {
    address: 'aws_api_gateway_method_settings.of_two',
    values: { stage_name: 'live', rest_api_id: 'api2', settings: [{ throttling_rate_limit: 10 }] },
  };
  const call = (n: number): Made => ({
    address: `aws_api_gateway_integration.i${n}`,
    values: { rest_api_id: `api${n}`, uri: 'arn:aws:lambda:eu-west-1:1:function:worker' },
  });
  const worker = { ...WORKER, values: { function_name: 'worker', timeout: 5, reserved_concurrent_executions: 10 } };
  const all = [api(1), api(2), stage(1), stage(2), call(1), call(2), worker, limited];
  expect(judged(plan(all)).found).toEqual(['BP-API-001 aws_api_gateway_stage.s1']);
});

test('a part is the place of what it says', () => {
  const rule: Made = {
    address: 'aws_cloudwatch_event_rule.uploads',
    values: { name: 'uploads', event_pattern: '{"source":["aws.s3"]}' },
  };
  const target: Made = {
    address: 'aws_cloudwatch_event_target.one',
    values: { rule: 'uploads', target_id: 'x', arn: 'arn:aws:sqs:eu-west-1:1:x' },
  };
  expect(judged(plan([rule, target])).found).toEqual(['BP-EVENTS-001 aws_cloudwatch_event_target.one']);
});

test('what the provider before version 4 writes within a bucket', () => {
  const bucket: Made = {
    address: 'aws_s3_bucket.old',
    values: {
      bucket: 'old',
      versioning: [{ enabled: true }],
      lifecycle_rule: [{ id: 'x', enabled: true, expiration: [{ days: 30 }], noncurrent_version_expiration: [] }],
    },
  };
  expect(judged(plan([bucket])).found).toEqual(['BP-S3-001 aws_s3_bucket.old', 'BP-S3-002 aws_s3_bucket.old']);
  const computed: Made = {
    address: 'aws_s3_bucket.new',
    values: { bucket: 'new' },
    unknown: { versioning: true, lifecycle_rule: true, logging: true, object_lock_enabled: true },
  };
  const versioning: Made = {
    address: 'aws_s3_bucket_versioning.new',
    values: { bucket: 'new', versioning_configuration: [{ status: 'Enabled' }] },
  };
  expect(judged(plan([computed, versioning])).found).toEqual(['BP-S3-001 aws_s3_bucket.new']);
});

describe('incomplete plans', () => {
  test.each([
    [{ errored: true }, 'the rest of a plan that ended with an error'],
    [{ complete: false }, 'what the plan leaves out: it was made for some targets only'],
    [{ complete: false, deferred_changes: [{}] }, '1 changes that the plan defers'],
  ])('%j', (more, what) => {
    const { found, unread } = judged(plan([ORDERS, WORKER, READER], more));
    expect(found).toEqual(FOUND);
    expect(unread).toEqual([`1 ${what}`]);
  });
});

describe('what is not read', () => {
  const others = plan([
    { address: 'helm_release.a' },
    { address: 'aws_cognito_user_pool.a' },
    { address: 'aws_iam_instance_profile.a' },
    { address: 'random_id.a' },
    { address: 'kubernetes_service_v1.a' },
    { address: 'aws_vpc.a' },
  ]);

  test('is named by its type, and what has no work is not', () => {
    expect(judged(others).unread).toEqual(['1 helm_release', '1 aws_cognito_user_pool']);
  });

  test('in every format, and --strict makes it exit 2', async () => {
    const stdin = async () => JSON.stringify(others);
    for (const format of ['text', 'json', 'sarif', 'junit', 'github', 'markdown'])
      expect((await answer(['check', '-', '--format', format], { stdin })).out.replace(/\\/g, '')).toContain(
        'aws_cognito_user_pool',
      );
    expect((await answer(['check', '-'], { stdin })).code).toBe(0);
    expect((await answer(['check', '-', '--strict'], { stdin })).code).toBe(2);
  });

  test('of the types that rules read, these are made of no resource of Terraform', () => {
    const read = new Set(Object.values(AWS).map(({ type }) => type));
    expect(TYPES_READ.filter((type) => !read.has(type))).toEqual([
      // Terraform has brokers, definitions of jobs, projects and streams of Firehose, which are not converted yet: a plan with one
      // says that it was not read.
      'AWS::AmazonMQ::Broker',
      // Its throttles are those of the stage.
      'AWS::ApiGateway::Deployment',
      'AWS::Batch::JobDefinition',
      'AWS::CodeBuild::Project',
      'AWS::DynamoDB::GlobalTable',
      // Of a cluster that is there; Terraform has steps within a cluster alone.
      'AWS::EMR::Step',
      // Terraform has these, which are not converted yet: a plan with one says that it was not read.
      'AWS::Glue::Job',
      'AWS::Glue::TableOptimizer',
      'AWS::Glue::Trigger',
      // A policy of a role is an AWS::IAM::RolePolicy here.
      'AWS::IAM::Policy',
      'AWS::KinesisFirehose::DeliveryStream',
      'AWS::Lambda::LayerVersion',
      'AWS::Lambda::Url',
      'AWS::Lambda::Version',
      'AWS::MSK::Topic',
      'AWS::SNS::TopicInlinePolicy',
    ]);
    expect([...read].filter((type) => !TYPES_READ.includes(type))).toEqual([]);
  });
});

describe('hostile plans', () => {
  test.each([
    [
      'keys that objects inherit',
      plan([{ address: 'aws_sqs_queue.__proto__', values: JSON.parse('{"__proto__":{"name":"x"},"constructor":1}') }]),
    ],
    ['a type that objects inherit', plan([{ address: '__proto__.toString' }, { address: 'constructor.a' }])],
    [
      'intrinsic functions in values',
      plan([
        {
          ...ORDERS,
          values: { name: { Ref: 'x' }, tags: { 'Fn::GetAtt': 'a.b' }, redrive_policy: '{"Fn::ImportValue":"x"}' },
        },
      ]),
    ],
    [
      'values of other kinds',
      plan([{ ...ORDERS, values: { name: [], visibility_timeout_seconds: {}, tags: 'x', redrive_policy: '[' } }]),
    ],
    ['no values', { format_version: '1.0', planned_values: {} }],
    ['no resources', { format_version: '1.0', values: { root_module: { resources: {}, child_modules: 7 } } }],
    [
      'resources of other kinds',
      { format_version: '1.0', values: { root_module: { resources: [null, 1, {}, { address: 1 }] } } },
    ],
    ['an empty state', { format_version: '1.0', terraform_version: '1.11.4' }],
    ['an empty stack', { version: 3, deployment: { manifest: {}, resources: [] } }],
    [
      'a stack of other kinds',
      { deployment: { resources: [null, 1, { urn: 'x' }, { urn: 'y', type: 7, inputs: [] }] } },
    ],
    [
      'steps without a state',
      {
        steps: [
          { op: 'create', urn: 'x' },
          { op: 'same', urn: 'y', newState: [] },
        ],
      },
    ],
  ])('%s', (_, parsed) => {
    expect(judged(parsed).failures).toEqual([]);
  });

  test('a value that looks like a reference is none', () => {
    const values = { ...READER.values, event_source_arn: { Ref: 'aws_sqs_queue.orders' } };
    expect(judged(plan([ORDERS, WORKER, { ...READER, values, unknown: {} }])).found).toEqual([]);
  });

  test('modules that refer to each other without end', () => {
    const output = { expression: refers('module.b.out', 'module.a.out', 'var.x') };
    const module = { outputs: { out: output }, resources: [], variables: {} };
    const call = { module, expressions: { x: refers('module.a.out', 'module.b.out') } };
    const all = plan([ORDERS, WORKER, { ...READER, expressions: { event_source_arn: refers('module.a.out') } }]);
    const inside = (address: string) => ({
      address,
      resources: [{ address: `${address}.random_id.x`, mode: 'managed', type: 'random_id', name: 'x', values: {} }],
    });
    const root = (all.configuration as { root_module: Raw }).root_module;
    root.module_calls = { a: call, b: call };
    (all.planned_values as { root_module: Raw }).root_module.child_modules = [inside('module.a'), inside('module.b')];
    expect(judged(all).failures).toEqual([]);
  });

  test('parts that are parts of each other', () => {
    const part = (name: string, other: string): Made => ({
      address: `aws_sqs_queue_redrive_policy.${name}`,
      unknown: { queue_url: true },
      expressions: {
        queue_url: refers(`aws_sqs_queue_redrive_policy.${other}.id`, `aws_sqs_queue_redrive_policy.${other}`),
      },
    });
    expect(judged(plan([part('a', 'b'), part('b', 'a')])).failures).toEqual([]);
  });

  test('three thousand resources that all mention each other take seconds at most', () => {
    const count = 3000;
    const queues = Array.from(
      { length: count },
      (_, i): Made => ({
        address: `aws_sqs_queue.q["${i}"]`,
        values: { name: `q${i}` },
        unknown: { redrive_policy: true },
        expressions: { redrive_policy: refers('aws_sqs_queue.q') },
        more: { index: String(i) },
      }),
    );
    expect(judged(plan(queues)).failures).toEqual([]);
  });

  test('50 MB are refused as any other file', () => {
    const text = `{"format_version":"1.0","values":{},"x":"${'x'.repeat(50 * 1024 ** 2)}"}`;
    const { unreadable } = readEach([{ file: 'plan.json', text }]);
    expect(unreadable.map(({ reason }) => reason)).toEqual([expect.stringContaining('larger than 32 MiB')]);
  });
});

describe('files that are no plan say what to run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plans-'));

  test.each([
    ['plan.out', 'PK\u0003\u0004\u0014\u0000\u0008tfplan', 'terraform show -json <plan>'],
    ['main.tf', 'resource "aws_sqs_queue" "a" {\n  name = "a"\n}\n', 'terraform show -json <plan>'],
    ['main.tf.json', '{"resource":{"aws_sqs_queue":{"a":{"name":"a"}}}}', 'terraform show -json <plan>'],
    [
      'cdk.tf.json',
      '{"//":{"metadata":{"version":"0.21.0"}},"terraform":{},"resource":{"aws_sqs_queue":{"a":{}}}}',
      'terraform show -json <plan>',
    ],
    [
      'log.json',
      '{"@level":"info","type":"version"}\n{"@level":"info","type":"planned_change"}\n',
      'terraform show -json <plan>',
    ],
    ['terraform.tfstate', '{"version":4,"serial":3,"lineage":"a-b","resources":[]}', 'terraform show -json'],
    ['schema.json', '{"format_version":"1.0","provider_schemas":{}}', 'terraform show -json <plan>'],
    ['valid.json', '{"format_version":"1.0","valid":true,"error_count":0}', 'terraform show -json <plan>'],
    [
      'events.json',
      '{"sequence":0,"timestamp":1732,"preludeEvent":{"config":{}}}\n{"sequence":1,"timestamp":1732,"resourcePreEvent":{}}\n',
      'pulumi preview --json --show-sames',
    ],
    [
      'preview.json',
      'warning: a new version of Pulumi is available\n{\n    "config": {},\n    "steps": []\n}\n',
      'terraform show -json <plan>',
    ],
    ['Pulumi.yaml', 'name: shop\nruntime: nodejs\nconfig: {}\n', 'pulumi preview --json --show-sames'],
  ])('%s', async (name, text, wanted) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    const { code, err } = await answer(['check', file]);
    expect({ code, says: err.includes(`${wanted} | npx backpressure check -`), err }).toEqual({
      code: 2,
      says: true,
      err,
    });
  });
});

test('the line of a finding, where the file has lines', () => {
  const text = JSON.stringify(plan([ORDERS, { ...WORKER, values: { function_name: 'worker', timeout: 60 } }]), null, 1);
  const line = linesOf(text)({ resource: 'aws_lambda_function.worker', path: 'timeout' })!;
  expect(text.split('\n')[line - 1]).toContain('"timeout": 60');
  const stack = JSON.stringify(
    { deployment: { resources: [{ urn: 'urn:a', inputs: { visibilityTimeoutSeconds: 5 } }] } },
    null,
    1,
  );
  const there = linesOf(stack)({ resource: 'urn:a', path: 'visibilityTimeoutSeconds' })!;
  expect(stack.split('\n')[there - 1]).toContain('visibilityTimeoutSeconds');
});
