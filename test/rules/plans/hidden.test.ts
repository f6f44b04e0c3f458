/** What a plan or a preview hides, leaves out or only hints at is not known, and nothing is made up for it. */
import { type Made, judged as ofPlan, plan, refers } from './made';
import { judged as ofPulumi, preview, type Raw, type State, stack, UNKNOWN, urn } from './stacks';

const QUEUE = 'aws:sqs/queue:Queue';

describe('secrets', () => {
  const handler = (password: unknown): State => ({
    type: 'aws:lambda/function:Function',
    name: 'worker',
    inputs: { environment: { variables: { REDIS_PASSWORD: password } } },
  });
  const deployment = (password: unknown): State => ({
    type: 'kubernetes:apps/v1:Deployment',
    name: 'web',
    inputs: {
      metadata: { name: 'web' },
      spec: {
        template: { spec: { containers: [{ name: 'a', env: [{ name: 'REDIS_PASSWORD', value: password }] }] } },
      },
    },
  });

  test('a preview of Pulumi has a word in place of one', () => {
    const secretsOf = (password: unknown) =>
      ofPulumi(preview([handler(password), deployment(password)])).found.filter((one) => /BP-SECRET/.test(one));
    expect(secretsOf('hunter22').map((one) => one.split(' ')[0])).toEqual(['BP-SECRET-002', 'BP-SECRET-001']);
    expect(secretsOf('[secret]')).toEqual([]);
  });

  test('the word is no number, policy or name either', () => {
    const states: State[] = [
      { type: QUEUE, name: 'orders', inputs: { visibilityTimeoutSeconds: '[secret]', redrivePolicy: '[secret]' } },
      { type: 'aws:lambda/function:Function', name: 'worker', inputs: { timeout: 30 } },
      {
        type: 'aws:lambda/eventSourceMapping:EventSourceMapping',
        name: 'reader',
        inputs: { eventSourceArn: UNKNOWN, functionName: UNKNOWN, functionResponseTypes: '[secret]' },
        needs: {
          eventSourceArn: [urn(QUEUE, 'orders')],
          functionName: [urn('aws:lambda/function:Function', 'worker')],
        },
      },
    ];
    expect(ofPulumi(preview(states)).found.filter((one) => !/DESTINATION|LAMBDA-003/.test(one))).toEqual([]);
  });

  const worker = (sensitive: Raw): Made => ({
    address: 'aws_lambda_function.worker',
    values: { function_name: 'worker', timeout: 5, environment: [{ variables: { REDIS_PASSWORD: 'hunter22' } }] },
    more: { sensitive_values: sensitive },
  });

  test('Terraform marks them beside the values', () => {
    const error = ['BP-SECRET-002 aws_lambda_function.worker'];
    expect(ofPlan(plan([worker({})])).found).toEqual(error);
    expect(ofPlan(plan([worker({ environment: [{ variables: { OTHER: true } }] })])).found).toEqual(error);
    expect(ofPlan(plan([worker({ environment: [{ variables: { REDIS_PASSWORD: true } }] })])).found).toEqual([]);
    expect(ofPlan(plan([worker({ environment: [{ variables: true }] })])).found).toEqual([]);
    expect(ofPlan(plan([worker({ environment: true })])).found).toEqual([]);
  });

  test('a number that is marked is read, and a text of many values is named as not read', () => {
    const queue: Made = {
      address: 'aws_sqs_queue.orders',
      values: {
        name: 'orders',
        redrive_policy: '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:x","maxReceiveCount":1}',
      },
    };
    const orders = (more: Raw) => ofPlan(plan([{ ...queue, more }]));
    expect(orders({ sensitive_values: { redrive_policy: true } })).toEqual({
      found: [],
      failures: [],
      unread: ['1 a text that the file marks as a secret: redrive_policy of aws_sqs_queue.orders'],
    });
    const visible: Made = {
      address: 'aws_sqs_queue.jobs',
      values: { name: 'jobs', arn: 'arn:aws:sqs:eu-west-1:1:jobs', visibility_timeout_seconds: 1 },
      more: { sensitive_values: { visibility_timeout_seconds: true } },
    };
    const reader: Made = {
      address: 'aws_lambda_event_source_mapping.reader',
      values: { event_source_arn: 'arn:aws:sqs:eu-west-1:1:jobs', function_name: 'worker' },
    };
    expect(ofPlan(plan([visible, worker({}), reader])).found).toContain('BP-SQS-004 aws_sqs_queue.jobs');
  });
});

describe('a preview that is not the whole', () => {
  const parked: State = { type: QUEUE, name: 'parked', inputs: { messageRetentionSeconds: 1209600 } };
  const orders: State = {
    type: QUEUE,
    name: 'orders',
    inputs: { redrivePolicy: `{"deadLetterTargetArn":"${UNKNOWN}","maxReceiveCount":5}` },
    needs: { redrivePolicy: [urn(QUEUE, 'parked')] },
  };
  const updated = preview([orders, parked], 'update');

  test('without what does not change it says so, and nothing is taken to be missing', () => {
    expect(ofPulumi(updated)).toEqual({ found: ['BP-CW-001 parked '], unread: [] });
    expect(ofPulumi({ ...updated, changeSummary: { update: 2, same: 12 } })).toEqual({
      found: [],
      unread: ['1 12 unchanged resources; run pulumi preview --json --show-sames'],
    });
    const all = preview([orders, parked], 'same');
    expect(ofPulumi(all)).toEqual({ found: ['BP-CW-001 parked '], unread: [] });
  });

  test('one that failed says so', () => {
    const diagnostics = [{ message: 'no credentials', severity: 'error' }];
    expect(ofPulumi({ ...updated, diagnostics }).unread).toEqual(['1 the rest of a preview that ended with an error']);
    expect(ofPulumi({ ...updated, diagnostics: [{ severity: 'warning' }] }).unread).toEqual([]);
    expect(ofPulumi({ ...updated, maybeCorrupt: true }).unread).toHaveLength(1);
    expect(ofPulumi({ steps: [], changeSummary: {}, diagnostics }).unread).toHaveLength(1);
  });
});

describe('a value that is made of an attribute is not the attribute', () => {
  const queue: Made = { address: 'aws_sqs_queue.q', values: { name: 'q' }, unknown: { arn: true } };
  const alarm: Made = {
    address: 'aws_cloudwatch_metric_alarm.depth',
    values: { namespace: 'AWS/SQS', metric_name: 'ApproximateNumberOfMessagesVisible', dimensions: {} },
    unknown: { dimensions: { QueueName: true } },
    expressions: { dimensions: refers('aws_sqs_queue.q.arn', 'aws_sqs_queue.q') },
  };

  test('in a plan of Terraform', () => {
    expect(ofPlan(plan([queue, alarm])).found).toEqual([]);
  });

  test('but once it is known, it is', () => {
    const arn = 'arn:aws:sqs:eu-west-1:1:q';
    const known = { ...alarm, values: { ...alarm.values, dimensions: { QueueName: arn } }, unknown: {} };
    expect(ofPlan(plan([{ ...queue, values: { name: 'q', arn }, unknown: {} }, known])).found).toEqual([
      'BP-CW-006 aws_cloudwatch_metric_alarm.depth',
    ]);
  });

  test.each([
    [QUEUE, 'aws:cloudwatch/metricAlarm:MetricAlarm', { QueueName: UNKNOWN }],
    ['aws-native:sqs:Queue', 'aws-native:cloudwatch:Alarm', [{ name: 'QueueName', value: UNKNOWN }]],
  ])('in a preview of Pulumi: %s', (type, ofAlarm, dimensions) => {
    const inputs = { namespace: 'AWS/SQS', metricName: 'ApproximateNumberOfMessagesVisible', dimensions };
    const states: State[] = [
      { type, name: 'q' },
      { type: ofAlarm, name: 'depth', inputs, needs: { dimensions: [urn(type, 'q')] } },
    ];
    expect(ofPulumi(preview(states)).found).toEqual([]);
  });
});

test('a transition by date has no days, whatever a state has beside it', () => {
  const bucket: Made = { address: 'aws_s3_bucket.a', values: { bucket: 'a' } };
  const found = (transition: Raw) =>
    ofPlan(
      plan([
        bucket,
        {
          address: 'aws_s3_bucket_lifecycle_configuration.a',
          values: {
            bucket: 'a',
            rule: [
              {
                id: 'x',
                status: 'Enabled',
                abort_incomplete_multipart_upload: [{ days_after_initiation: 7 }],
                expiration: [{ days: 30 }],
                transition: [{ storage_class: 'GLACIER', ...transition }],
              },
            ],
          },
        },
      ]),
    ).found;
  expect(found({ date: '2027-01-01T00:00:00Z', days: 0 })).toEqual([]);
  expect(found({ date: '', days: 0 })).toContain('BP-S3-004 aws_s3_bucket_lifecycle_configuration.a');
});

describe('names of aws-native, which spells acronyms as words', () => {
  test('a pipe', () => {
    const pipe = (inputs: Raw): State => ({
      type: 'aws-native:pipes:Pipe',
      name: 'p',
      inputs: { source: 'arn:aws:dynamodb:eu-west-1:1:table/t/stream/x', sourceParameters: inputs },
    });
    expect(ofPulumi(preview([pipe({ dynamoDbStreamParameters: {} })])).found).toEqual([
      'BP-PIPES-001 p sourceParameters.dynamoDbStreamParameters.MaximumRetryAttempts',
    ]);
    expect(
      ofPulumi(
        preview([pipe({ dynamoDbStreamParameters: { maximumRetryAttempts: 5, deadLetterConfig: { arn: 'x' } } })]),
      ).found,
    ).toEqual([]);
  });

  test('the stream of a consumer', () => {
    const stream = urn('aws-native:kinesis:Stream', 's');
    const consumer = urn('aws-native:kinesis:StreamConsumer', 'c');
    const states: State[] = [
      { type: 'aws-native:kinesis:Stream', name: 's', inputs: { retentionPeriodHours: 24, shardCount: 1 } },
      {
        type: 'aws-native:kinesis:StreamConsumer',
        name: 'c',
        inputs: { streamArn: UNKNOWN },
        needs: { streamArn: [stream] },
      },
      {
        type: 'aws-native:lambda:EventSourceMapping',
        name: 'm',
        inputs: { eventSourceArn: UNKNOWN, functionName: 'f', maximumRecordAgeInSeconds: 604800 },
        needs: { eventSourceArn: [consumer] },
      },
    ];
    expect(ofPulumi(preview(states)).found.map((one) => one.split(' ')[0])).toContain('BP-KINESIS-002');
  });
});

test('a stack has no step, and nothing that a preview leaves out', () => {
  expect(ofPulumi({ ...stack([{ type: QUEUE, name: 'a' }]), changeSummary: { same: 4 } }).unread).toEqual([]);
});
