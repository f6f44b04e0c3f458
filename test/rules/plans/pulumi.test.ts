/** Previews and stacks of Pulumi, whose types and inputs follow from the table of Terraform's provider. */
import { judgeEach } from '../../../lib/rules/check';
import { readEach } from '../../../lib/rules/read';
import { judged, preview, type Raw, type State, stack, UNKNOWN, urn } from './stacks';

const QUEUE = 'aws:sqs/queue:Queue';
const FUNCTION = 'aws:lambda/function:Function';
const MAPPING = 'aws:lambda/eventSourceMapping:EventSourceMapping';

const orders: State = { type: QUEUE, name: 'orders', inputs: { visibilityTimeoutSeconds: 10 } };
const worker: State = {
  type: FUNCTION,
  name: 'worker',
  inputs: { timeout: 30, deadLetterConfig: { targetArn: 'arn:aws:sqs:eu-west-1:1:x' } },
};
const reader: State = {
  type: MAPPING,
  name: 'reader',
  inputs: { eventSourceArn: UNKNOWN, functionName: UNKNOWN, scalingConfig: { maximumConcurrency: 5 } },
  needs: { eventSourceArn: [urn(QUEUE, 'orders')], functionName: [urn(FUNCTION, 'worker')] },
};

const FOUND = [
  'BP-SQS-001 orders redrivePolicy',
  'BP-SQS-004 orders visibilityTimeoutSeconds',
  'BP-LAMBDA-001 reader functionResponseTypes',
];

test('unknown values meet by what they depend on', () => {
  expect(judged(preview([orders, worker, reader])).found).toEqual(FOUND);
});

test('those of a stack meet by their ARNs', () => {
  const arn = 'arn:aws:sqs:eu-west-1:1:orders-1a2b';
  const states = [
    { ...orders, more: { outputs: { arn, url: 'https://sqs/1/orders-1a2b' }, id: 'https://sqs/1/orders-1a2b' } },
    { ...worker, more: { outputs: { arn: 'arn:aws:lambda:eu-west-1:1:function:worker-3c4d' } } },
    {
      ...reader,
      inputs: {
        ...reader.inputs,
        eventSourceArn: arn,
        functionName: 'arn:aws:lambda:eu-west-1:1:function:worker-3c4d',
      },
      needs: {},
    },
  ];
  expect(judged(stack(states)).found).toEqual(FOUND);
});

test('the place is the URN', () => {
  const reading = readEach([{ file: 'a.json', text: JSON.stringify(preview([orders, worker, reader])) }]);
  expect(judgeEach(reading).findings[0].resource).toBe('urn:pulumi:dev::shop::aws:sqs/queue:Queue::orders');
});

describe('what is not there after the update', () => {
  test.each(['delete', 'delete-replaced', 'discard-replaced'])('%s', (op) => {
    expect(judged(preview([orders, worker, reader], op)).found).toEqual([]);
  });

  test('what a stack is about to delete, what it only reads, and groups of resources', () => {
    const states = [orders, worker, { ...reader, more: { delete: true } }];
    expect(judged(stack(states)).found).toEqual([]);
    expect(judged(stack([orders, worker, { ...reader, more: { external: true } }])).found).toEqual([]);
    expect(judged(stack([{ type: 'shop:index:Queues', name: 'all', more: { custom: false } }])).unread).toEqual([]);
    expect(judged(stack([{ type: 'pulumi:providers:aws', name: 'default' }])).unread).toEqual([]);
  });

  test('a replacement is two steps and one resource', () => {
    const both = preview([orders, worker, reader]);
    const steps = both.steps as Raw[];
    const again = [
      ...steps.map((step) => ({ ...step, op: 'create-replacement' })),
      ...steps.map((step) => ({ ...step, op: 'replace' })),
    ];
    expect(judged({ ...both, steps: again }).found).toEqual(FOUND);
  });
});

describe('unknown values are unknown', () => {
  test('the value itself, and a text with it', () => {
    const inputs = {
      visibilityTimeoutSeconds: UNKNOWN,
      redrivePolicy: `{"deadLetterTargetArn":"${UNKNOWN}","maxReceiveCount":2}`,
    };
    const parked: State = { type: QUEUE, name: 'parked', inputs: { messageRetentionSeconds: 60 } };
    const own = { ...orders, inputs, needs: { redrivePolicy: [urn(QUEUE, 'parked')] } };
    expect(judged(preview([own, parked, worker, reader])).found).toEqual([
      'BP-SQS-002 parked messageRetentionSeconds',
      'BP-CW-001 parked ',
      'BP-LAMBDA-001 reader functionResponseTypes',
    ]);
  });

  test('a secret', () => {
    const secret = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', ciphertext: 'v1:x' };
    const own = { ...orders, inputs: { visibilityTimeoutSeconds: secret, redrivePolicy: secret } };
    const hidden = { ...reader, inputs: { ...reader.inputs, functionResponseTypes: secret } };
    expect(judged(preview([own, worker, hidden])).found).toEqual([]);
  });
});

test('parts, blocks in the plural, and resources of a bucket with and without V2', () => {
  const bucket = (v: string): State => ({
    type: `aws:s3/bucket${v}:Bucket${v}`,
    name: 'uploads',
    inputs: { bucket: 'uploads' },
  });
  const lifecycle = (v: string): State => ({
    type: `aws:s3/bucketLifecycleConfiguration${v}:BucketLifecycleConfiguration${v}`,
    name: 'of-uploads',
    inputs: {
      bucket: UNKNOWN,
      rules: [
        { id: 'a', status: 'Enabled', expiration: { days: 100 }, transitions: [{ days: 30, storageClass: 'GLACIER' }] },
      ],
    },
    needs: { bucket: [urn(`aws:s3/bucket${v}:Bucket${v}`, 'uploads')] },
  });
  const wanted = [
    'BP-S3-002 of-uploads rules',
    'BP-S3-003 of-uploads rules[0].transitions',
    'BP-S3-004 of-uploads rules[0].expiration.days',
  ];
  expect(judged(preview([bucket('V2'), lifecycle('V2')])).found).toEqual(wanted);
  expect(judged(preview([bucket(''), lifecycle('')])).found).toEqual(wanted);
});

test('an event target, and a redrive policy apart', () => {
  const states: State[] = [
    { type: 'aws:cloudwatch/eventRule:EventRule', name: 'uploads', inputs: { eventPattern: '{"source":["aws.s3"]}' } },
    {
      type: 'aws:cloudwatch/eventTarget:EventTarget',
      name: 'target',
      inputs: { rule: UNKNOWN, arn: 'arn:aws:sqs:eu-west-1:1:x' },
      needs: { rule: [urn('aws:cloudwatch/eventRule:EventRule', 'uploads')] },
    },
    orders,
    worker,
    reader,
    {
      type: 'aws:sqs/redrivePolicy:RedrivePolicy',
      name: 'policy',
      inputs: {
        queueUrl: UNKNOWN,
        redrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:x","maxReceiveCount":2}',
      },
      needs: { queueUrl: [urn(QUEUE, 'orders')] },
    },
  ];
  expect(judged(preview(states)).found).toEqual([
    'BP-EVENTS-001 target deadLetterConfig',
    'BP-SQS-003 policy redrivePolicy.maxReceiveCount',
    'BP-SQS-004 orders visibilityTimeoutSeconds',
    'BP-LAMBDA-001 reader functionResponseTypes',
  ]);
});

test('objects of Kubernetes are written as they are', () => {
  const job: State = {
    type: 'kubernetes:batch/v1:CronJob',
    name: 'nightly',
    inputs: {
      metadata: { name: 'nightly', namespace: 'shop' },
      spec: {
        schedule: '*/5 * * * *',
        jobTemplate: {
          spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a:1' }] } } },
        },
      },
    },
  };
  const { found } = judged(preview([job]));
  expect(found).toEqual(['BP-CRON-003 nightly spec.jobTemplate.spec.activeDeadlineSeconds']);
  const unknown = { ...job, inputs: { ...job.inputs, spec: UNKNOWN } };
  expect(judged(preview([unknown])).found).toEqual([]);
  const scaled: State = { type: 'kubernetes:core/v1:ConfigMap', name: 'map', inputs: { data: { a: '1' } } };
  expect(judged(preview([scaled]))).toEqual({ found: [], unread: [] });
});

test('aws-native has the types of CloudFormation', () => {
  const states: State[] = [
    { type: 'aws-native:sqs:Queue', name: 'orders', inputs: { visibilityTimeout: 10 } },
    { type: 'aws-native:lambda:Function', name: 'worker', inputs: { timeout: 30 } },
    {
      type: 'aws-native:lambda:EventSourceMapping',
      name: 'reader',
      inputs: { eventSourceArn: UNKNOWN, functionName: UNKNOWN, scalingConfig: { maximumConcurrency: 5 } },
      needs: {
        eventSourceArn: [urn('aws-native:sqs:Queue', 'orders')],
        functionName: [urn('aws-native:lambda:Function', 'worker')],
      },
    },
  ];
  expect(judged(preview(states)).found).toEqual([
    'BP-SQS-001 orders ',
    'BP-SQS-004 orders visibilityTimeout',
    'BP-LAMBDA-001 reader ',
  ]);
});

test('what is not read is named', () => {
  const states: State[] = [
    { type: 'aws:cognito/userPool:UserPool', name: 'a' },
    { type: 'gcp:pubsub/topic:Topic', name: 'b' },
    { type: 'aws:iam/instanceProfile:InstanceProfile', name: 'c' },
    { type: 'random:index/randomId:RandomId', name: 'd' },
    { type: 'pulumi-nodejs:dynamic:Resource', name: 'e' },
    { type: 'pulumi-python:dynamic:Resource', name: 'f' },
  ];
  expect(judged(preview(states)).unread).toEqual([
    '1 aws:cognito/userPool:UserPool',
    '1 gcp:pubsub/topic:Topic',
    '1 pulumi-nodejs:dynamic:Resource',
    '1 pulumi-python:dynamic:Resource',
  ]);
});
