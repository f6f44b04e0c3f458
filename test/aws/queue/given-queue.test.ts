/** Queues that a team has already: alarms, redriver, quarantine and dashboard are added around them. */
import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue, type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { QueueWorker, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import type { RedriveQueueProps } from '../../../lib/aws/queue/redrive-queue-props';
import { refusalOf } from '../../support/refused';
import { permissions, shop, type Untyped, warningsOf } from '../../support/stack';

const demand = { workload: { steadyPerSecond: 5, serviceSeconds: 0.5 }, objective: { latencySeconds: 300 } };
const ARN = 'arn:aws:sqs:us-east-1:123456789012:orders';
const LETTERS_ARN = 'arn:aws:sqs:us-east-1:123456789012:orders-dead';

function around(queue: (stack: Stack) => Partial<RedriveQueueProps>, stack: Stack = shop()) {
  const construct = new RedriveQueue(stack, 'Orders', { ...demand, ...queue(stack) });
  return { stack, construct, template: Template.fromStack(stack) };
}

/** As teams write it: a queue with its dead-letter queue. */
function owned(stack: Stack, more: object = {}, letters: object = {}): Queue {
  return new Queue(stack, 'Own', {
    queueName: 'orders',
    visibilityTimeout: Duration.seconds(90),
    retentionPeriod: Duration.days(7),
    deadLetterQueue: {
      queue: new Queue(stack, 'OwnDead', {
        retentionPeriod: Duration.days(14),
        visibilityTimeout: Duration.minutes(3),
        ...letters,
      }),
      maxReceiveCount: 6,
    },
    ...more,
  });
}

/** A stack where the imported queues are. */
const placed = () =>
  new Stack(new App({ context: { [DISABLE_ASSET_STAGING_CONTEXT]: true } }), 'Shop', {
    env: { account: '123456789012', region: 'us-east-1' },
  });

const imported = (stack: Stack, arn = ARN, id = 'Imported') => Queue.fromQueueArn(stack, id, arn);

/** All that is said of imported queues, as it is. */
const EXISTING = {
  visibilityTimeout: Duration.seconds(90),
  maxReceiveCount: 6,
  retention: Duration.days(7),
  deadLetterRetention: Duration.days(14),
  deadLetterVisibilityTimeout: Duration.minutes(3),
};

describe('a queue of this app', () => {
  const made = around((stack) => ({ queue: owned(stack) }));

  test('is not made again: the only queue that is new is the quarantine', () => {
    const queues = Object.keys(made.template.findResources('AWS::SQS::Queue'));
    expect(queues.filter((id) => id.startsWith('Orders'))).toEqual([expect.stringMatching(/^OrdersQuarantine/)]);
    expect(made.construct.queue.node.path).toBe('Shop/Own');
    expect(made.construct.deadLetterQueue.node.path).toBe('Shop/OwnDead');
  });

  test('its settings are in the plan as given, and nothing is said', () => {
    expect(made.construct.plan.knobs.filter(({ formula }) => formula === 'given').map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'visibilityTimeoutSeconds',
        'maxReceiveCount',
        'retentionSeconds',
        'deadLetterRetentionSeconds',
        'deadLetterVisibilitySeconds',
      ]),
    );
    expect(made.construct.plan.value('visibilityTimeoutSeconds')).toBe(90);
    expect(made.construct.plan.value('maxReceiveCount')).toBe(6);
    expect(made.construct.plan.value('retentionSeconds')).toBe(7 * 86_400);
    expect(warningsOf(made.stack)).toEqual([]);
    expect(made.construct.plan.remarks).toEqual([]);
  });

  test('what the redriver waits for follows from the visibility timeout that the queue has', () => {
    // min(900, 2 × 90) + 300 s promised + 6 receives × 90 s.
    expect(made.construct.plan.value('redriveWindowSeconds')).toBe(180 + 300 + 6 * 90);
    const [[, redriver]] = Object.entries<Untyped>(made.template.findResources('AWS::Lambda::Function'));
    expect(redriver.Properties.Environment.Variables.WINDOW_SECONDS).toBe('1020');
    expect(JSON.stringify(redriver.Properties.Environment.Variables.DEAD_LETTER_QUEUE_URL)).toContain('OwnDead');
  });

  test('a failed message stays hidden for the rest of the visibility timeout that the queue has', () => {
    const failing = { ...demand.workload, failureRatio: 0.01 };
    const { plan } = around((stack) => ({ queue: owned(stack), workload: failing })).construct;
    expect(plan.value('retryDelaySeconds')).toBe(90 - demand.workload.serviceSeconds);
  });

  test('alarms watch it, the redriver drains its dead letters, and the dashboard shows both', () => {
    for (const MetricName of ['ApproximateNumberOfMessagesVisible', 'ApproximateAgeOfOldestMessage']) {
      made.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        MetricName,
        Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Own'), 'QueueName'] } }],
      });
    }
    made.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^OwnDead'), 'Arn'] },
    });
    expect(permissions(made, made.construct.redriver!.role)['sqs:SendMessage']).toBe('Own Orders/Quarantine');
    expect(JSON.stringify(made.template.findResources('AWS::CloudWatch::Dashboard'))).toContain('OwnDead');
  });

  test('a worker on it, or on the construct, has the plan', () => {
    for (const which of ['queue', 'construct'] as const) {
      const stack = shop();
      const queue = owned(stack, { visibilityTimeout: Duration.minutes(6) });
      const construct = new RedriveQueue(stack, 'Orders', { ...demand, queue, functionTimeout: Duration.seconds(60) });
      const fn = new LambdaFunction(stack, 'Handler', {
        code: Code.fromInline('exports.handler = async () => ({})'),
        handler: 'index.handler',
        runtime: Runtime.NODEJS_24_X,
        timeout: Duration.seconds(60),
      });
      const given = which === 'queue' ? queue : construct;
      const compute = WorkerCompute.lambda({ function: fn });
      const worker = new QueueWorker(stack, 'Worker', { queue: given, compute });
      expect(worker.plan.value('visibilityTimeoutSeconds')).toBe(360);
      expect(construct.plan).toBe(worker.plan);
    }
  });

  test('without a dead-letter queue gets one, and the redrive policy that names it', () => {
    const bare = around((stack) => ({ queue: new Queue(stack, 'Own', { visibilityTimeout: Duration.seconds(90) }) }));
    const [[id]] = Object.entries(bare.template.findResources('AWS::SQS::Queue')).filter(([key]) =>
      /DeadLetters/.test(key),
    );
    bare.template.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 90,
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': [id, 'Arn'] },
        maxReceiveCount: bare.construct.plan.value('maxReceiveCount'),
      },
    });
    expect(warningsOf(bare.stack)).toEqual([]);
    // A reference to the queue would be a circle, so only a queue with a name can be named.
    bare.template.hasResourceProperties('AWS::SQS::Queue', {
      MessageRetentionPeriod: 1_209_600,
      RedriveAllowPolicy: Match.absent(),
    });
    const queueName = 'orders';
    const named = around((stack) => ({
      queue: new Queue(stack, 'Own', { queueName, visibilityTimeout: Duration.seconds(90) }),
    }));
    named.template.hasResourceProperties('AWS::SQS::Queue', {
      RedriveAllowPolicy: {
        redrivePermission: 'byQueue',
        sourceQueueArns: [{ 'Fn::Join': ['', Match.arrayWith([':orders'])] }],
      },
    });
  });

  test('gets the given dead-letter queue and the given receives where it has none', () => {
    const made = around((stack) => ({
      queue: new Queue(stack, 'Own', { visibilityTimeout: Duration.seconds(90) }),
      deadLetterQueue: new Queue(stack, 'Dead', {
        retentionPeriod: Duration.days(14),
        visibilityTimeout: Duration.minutes(3),
      }),
      maxReceiveCount: 9,
    }));
    made.template.hasResourceProperties('AWS::SQS::Queue', {
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Dead'), 'Arn'] },
        maxReceiveCount: 9,
      },
    });
    expect(made.construct.plan.value('maxReceiveCount')).toBe(9);
  });

  test('that is encrypted: the redriver may send to it', () => {
    const made = around((stack) => {
      const encryptionMasterKey = new Key(stack, 'Theirs');
      return { queue: owned(stack, { encryption: QueueEncryption.KMS, encryptionMasterKey }) };
    });
    expect(permissions(made, made.construct.redriver!.role)['kms:GenerateDataKey kms:Decrypt']).toBe('Theirs');
  });

  test('the text of an alarm says how long its own dead-letter queue keeps letters', () => {
    const made = around((stack) => ({
      queue: owned(stack, {}, { retentionPeriod: Duration.days(9) }),
    }));
    made.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmDescription: Match.stringLikeRegexp('SQS deletes them 9 days after they first arrived'),
    });
  });
});

describe('what cannot hold is refused', () => {
  test('a message that shows up again while it is in work, with ways out that work', () => {
    const short = (visibility: number, functionTimeout: number) =>
      around((stack) => ({
        queue: owned(stack, { visibilityTimeout: Duration.seconds(visibility) }),
        functionTimeout: Duration.seconds(functionTimeout),
      }));
    expect(refusalOf(() => short(30, 60))).toBe(
      'Orders: the queue hides a message for 30 s, and 6 × the time-out of the function + the batch window is 360 s: the message would be delivered again while it may still be in work; a visibility timeout of 360 s, or a functionTimeout of 5 s',
    );
    expect(refusalOf(() => short(360, 60))).toBe('nothing was thrown');
    expect(refusalOf(() => short(30, 5))).toBe('nothing was thrown');
  });

  test('a dead-letter queue that keeps letters no longer than the queue keeps messages', () => {
    const letters = { retentionPeriod: Duration.days(7) };
    expect(refusalOf(() => around((stack) => ({ queue: owned(stack, {}, letters) })))).toContain(
      'retention must be at least a day shorter than that of the dead-letter queue, 604800 s, because a dead letter keeps its age, got 604800 s; let the dead-letter queue keep 1209600 s',
    );
  });

  test('a retention that ends before the promise', () => {
    const retentionPeriod = Duration.minutes(4);
    expect(refusalOf(() => around((stack) => ({ queue: owned(stack, { retentionPeriod }) })))).toMatch(
      /an item may wait 5 min, as promised, and it is deleted after 4 min/,
    );
  });

  test('a dead-letter queue that hides a letter for less than the redriver takes', () => {
    const visibilityTimeout = Duration.seconds(29);
    expect(refusalOf(() => around((stack) => ({ queue: owned(stack, {}, { visibilityTimeout }) })))).toContain(
      'deadLetterVisibilityTimeout in seconds must be a whole number, between 30 and 43200, got 29',
    );
  });

  const cases: [string, (stack: Stack) => Partial<RedriveQueueProps>, string | RegExp][] = [
    [
      'settings that are the queue’s own',
      (stack) => ({ queue: owned(stack), queueName: 'other', retention: Duration.days(3), maxReceiveCount: 7 }),
      /queueName is for a queue that is made.*retention is set on the given queue Shop\/Own.*maxReceiveCount is set on the given queue Shop\/Own/,
    ],
    [
      'another kind',
      (stack) => ({ queue: owned(stack), fifo: true }),
      'fifo must be that of the given queue Shop/Own, false, got true',
    ],
    [
      'a dead-letter queue that the policy does not name',
      (stack) => ({ queue: owned(stack), deadLetterQueue: new Queue(stack, 'Other') }),
      'deadLetterQueue must be the one that the redrive policy of Shop/Own names, Shop/OwnDead, got Shop/Other',
    ],
    [
      'a dead-letter queue of another kind',
      (stack) => ({ queue: imported(stack), deadLetterQueue: imported(stack, `${LETTERS_ARN}.fifo`, 'Dead') }),
      'deadLetterQueue must be a standard queue, as the queue is (BP-SQS-007), got Shop/Dead',
    ],
    [
      'one queue as both',
      (stack) => {
        const queue = imported(stack);
        return { queue, deadLetterQueue: queue };
      },
      'deadLetterQueue must be another queue than the queue',
    ],
    [
      'what is said of a queue that can be read, if it is not so',
      (stack) => ({ queue: owned(stack), existing: { visibilityTimeout: Duration.seconds(91) } }),
      'existing.visibilityTimeout must be that of Shop/Own, 90, got 91; leave it out, because it is read',
    ],
    [
      'what is said of a queue that is not given',
      () => ({ existing: { visibilityTimeout: Duration.seconds(91) } }),
      'existing.visibilityTimeout is of a given queue, and none is given',
    ],
    [
      'receives of a policy that is not there',
      (stack) => ({ queue: imported(stack), existing: { maxReceiveCount: 6 } }),
      'existing.maxReceiveCount is of a redrive policy, and Shop/Imported has none that is known; give its deadLetterQueue',
    ],
    [
      'a misspelt setting',
      (stack) => ({ queue: imported(stack), existing: { visibilityTimeOut: 5 } as never }),
      'visibilityTimeOut is unknown; did you mean visibilityTimeout?',
    ],
  ];
  test.each(cases)('%s', (_, props, message) => {
    expect(refusalOf(() => around(props))).toEqual(
      typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
    );
  });

  test('a second plan for one queue, and one dead-letter queue for two', () => {
    const stack = shop();
    const queue = owned(stack);
    const first = new RedriveQueue(stack, 'First', { ...demand, queue });
    const second = (given: IQueue) => () => new RedriveQueue(stack, `S${Math.random()}`, { ...demand, queue: given });
    expect(refusalOf(second(queue))).toContain('Shop/Own has that of Shop/First; one queue has one RedriveQueue');
    expect(refusalOf(second(first))).toContain('one queue has one RedriveQueue');
    const deadLetterQueue = first.deadLetterQueue;
    expect(refusalOf(() => new RedriveQueue(stack, 'Third', { ...demand, deadLetterQueue }))).toContain(
      'deadLetterQueue must be of one queue, and Shop/OwnDead is that of Shop/First',
    );
  });

  test('a queue of another region, and one without a policy in another stack', () => {
    const app = new App({ context: { [DISABLE_ASSET_STAGING_CONTEXT]: true } });
    const stack = new Stack(app, 'Shop', { env: { account: '123456789012', region: 'eu-west-1' } });
    expect(refusalOf(() => around((scope) => ({ queue: imported(scope) }), stack))).toContain(
      'queue must be in eu-west-1, the region of this stack, where its metrics and the redriver are, got us-east-1',
    );
    const other = new Stack(app, 'Other');
    const bare = new Queue(other, 'Bare', { visibilityTimeout: Duration.seconds(90) });
    expect(refusalOf(() => around(() => ({ queue: bare }), new Stack(app, 'Third')))).toContain(
      'queue must have a redrive policy, because it is in the stack Other and this one cannot set it: give Other/Bare a deadLetterQueue there',
    );
  });
});

describe('an imported queue', () => {
  const both = (existing?: object) =>
    around(
      (stack) => ({ queue: imported(stack), deadLetterQueue: imported(stack, LETTERS_ARN, 'Dead'), existing }),
      placed(),
    );

  test('of which all is said is planned as one of this app, without a word', () => {
    const made = both(EXISTING);
    const own = around((stack) => ({ queue: owned(stack) }));
    expect(made.construct.plan.knobs).toEqual(own.construct.plan.knobs);
    expect(warningsOf(made.stack)).toEqual([]);
    made.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: 'orders' }],
    });
    made.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', { EventSourceArn: LETTERS_ARN });
    expect(Object.keys(made.template.findResources('AWS::SQS::Queue'))).toHaveLength(1);
  });

  test('of which nothing is said: what the plan expects, the command that shows it, and the prop that takes it', () => {
    const made = both();
    const { plan } = made.construct;
    const [queue, letters, ...rest] = warningsOf(made.stack);
    expect(rest).toEqual([]);
    expect(queue).toContain(
      `the settings of orders cannot be read here. The plan is for VisibilityTimeout ${plan.value('visibilityTimeoutSeconds')}, maxReceiveCount 5, MessageRetentionPeriod 345600. Look: aws sqs get-queue-attributes --queue-url "$(aws sqs get-queue-url --queue-name orders --query QueueUrl --output text)" --attribute-names VisibilityTimeout RedrivePolicy MessageRetentionPeriod. Then say what it has, and it is checked: existing.visibilityTimeout, existing.maxReceiveCount, existing.retention`,
    );
    expect(queue).toMatch(/BP-SQS-004.*BP-SQS-002.*BP-SQS-003/);
    expect(letters).toContain(
      '--queue-name orders-dead --query QueueUrl --output text)" --attribute-names MessageRetentionPeriod VisibilityTimeout',
    );
    expect(plan.explain()).toContain(
      'not read, but expected of queues that are there already: visibilityTimeoutSeconds',
    );
    expect(both({ ...EXISTING, retention: undefined }).construct.plan.remarks).toEqual([
      'not read, but expected of queues that are there already: retentionSeconds 345600',
    ]);
  });

  test('what is said of it is checked as what is read', () => {
    expect(refusalOf(() => both({ ...EXISTING, visibilityTimeout: Duration.seconds(1) }))).toContain(
      'the queue hides a message for 1 s',
    );
    expect(refusalOf(() => both({ ...EXISTING, retention: Duration.days(14) }))).toMatch(/retention .* got 1209600/);
    Annotations.fromStack(both({ ...EXISTING, maxReceiveCount: 3 }).stack).hasWarning(
      '/Shop/Orders',
      Match.stringLikeRegexp('maxReceiveCount 3.*BP-SQS-003'),
    );
    Annotations.fromStack(both({ ...EXISTING, deadLetterVisibilityTimeout: Duration.seconds(30) }).stack).hasWarning(
      '/Shop/Orders',
      Match.stringLikeRegexp('hides a letter for 30 s, and the redriver, which may take 30 s, needs 180 s.*BP-SQS-004'),
    );
  });

  test('without a dead-letter queue gets one that admits only it, and the command that sets the policy (aws-cdk 26084)', () => {
    const made = around(
      (stack) => ({
        queue: imported(stack),
        existing: { visibilityTimeout: EXISTING.visibilityTimeout, retention: EXISTING.retention },
      }),
      placed(),
    );
    made.template.hasResourceProperties('AWS::SQS::Queue', {
      RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns: [ARN] },
      MessageRetentionPeriod: 1_209_600,
    });
    const [warning, ...rest] = warningsOf(made.stack);
    expect(rest).toEqual([]);
    expect(warning).toContain(
      `aws sqs set-queue-attributes --queue-url "$(aws sqs get-queue-url --queue-name orders --query QueueUrl --output text)" --attributes '{"RedrivePolicy":"{\\"deadLetterTargetArn\\":\\"<ARN of the dead-letter queue>\\",\\"maxReceiveCount\\":5}"}'`,
    );
    expect(warning).toContain('BP-SQS-001');
  });

  test('a setting that is a parameter is as little known as an imported one', () => {
    const made = around((stack) => {
      const queue = owned(stack);
      const parameter = new CfnParameter(stack, 'Hidden', { type: 'Number' });
      (queue.node.defaultChild as CfnQueue).visibilityTimeout = parameter.valueAsNumber;
      return { queue };
    });
    expect(warningsOf(made.stack).join()).toMatch(/The plan is for VisibilityTimeout \d+\. Look/);
  });
});

test('a dead-letter queue that is there, behind a queue that is made: the retention leaves a day for it', () => {
  const made = around((stack) => ({
    deadLetterQueue: new Queue(stack, 'Dead', { visibilityTimeout: Duration.minutes(3) }),
  }));
  // SQS keeps letters 4 days unless it is told otherwise.
  expect(made.construct.plan.value('deadLetterRetentionSeconds')).toBe(4 * 86_400);
  expect(made.construct.plan.value('retentionSeconds')).toBe(3 * 86_400);
  made.template.hasResourceProperties('AWS::SQS::Queue', {
    MessageRetentionPeriod: 3 * 86_400,
    RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Dead'), 'Arn'] } },
  });
});
