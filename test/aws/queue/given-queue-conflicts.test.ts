/** Queues that a team has already, where two constructs, two imports or an override disagree about one queue. */
import { App, CfnParameter, Duration, Fn, NestedStack, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { CfnQueue, type IQueue, Queue, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import { QueueWorker, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import type { RedriveQueueProps } from '../../../lib/aws/queue/redrive-queue-props';
import { judge } from '../../../lib/rules/check';
import { Template as Document } from '../../../lib/rules/cloudformation/read/template';
import { refusalOf } from '../../support/refused';
import { shop, type Untyped, warningsOf } from '../../support/stack';

const demand = { workload: { steadyPerSecond: 5, serviceSeconds: 0.5 }, objective: { latencySeconds: 300 } };
const ENV = { account: '123456789012', region: 'us-east-1' };
const ARN = 'arn:aws:sqs:us-east-1:123456789012:orders';
const LETTERS_ARN = 'arn:aws:sqs:us-east-1:123456789012:orders-dead';
const EXISTING = {
  visibilityTimeout: Duration.seconds(90),
  retention: Duration.days(7),
};

const redrive = (stack: Stack, props: Partial<RedriveQueueProps>, id = 'Orders') =>
  new RedriveQueue(stack, id, { ...demand, ...props });

const imported = (stack: Stack, id: string, arn = ARN) => Queue.fromQueueArn(stack, id, arn);

const letters = (stack: Stack, id = 'Dead', more: object = {}) =>
  new Queue(stack, id, { retentionPeriod: Duration.days(14), visibilityTimeout: Duration.minutes(3), ...more });

const owned = (stack: Stack, id: string, dead?: IQueue, more: object = {}) =>
  new Queue(stack, id, {
    visibilityTimeout: Duration.seconds(90),
    retentionPeriod: Duration.days(7),
    deadLetterQueue: dead && { queue: dead, maxReceiveCount: 6 },
    ...more,
  });

const cfn = (queue: Queue) => queue.node.defaultChild as CfnQueue;

const handler = (stack: Stack, id = 'Handler') =>
  new LambdaFunction(stack, id, {
    code: Code.fromInline('exports.handler = async () => ({})'),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    timeout: Duration.seconds(10),
  });

/** Stacks of one app, in one place or in none. */
function stacks(env?: object, otherEnv = env): [Stack, Stack] {
  const app = new App({ context: { [DISABLE_ASSET_STAGING_CONTEXT]: true } });
  return [new Stack(app, 'One', { env }), new Stack(app, 'Two', { env: otherEnv })];
}

/** What the synthesis of the app says. */
function synthesis(stack: Stack): string {
  try {
    Template.fromStack(stack);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

describe('one dead-letter queue for two queues of the app is refused', () => {
  const SHARED = 'deadLetterQueue must be of one queue, and Shop/Dead is also that of Shop/Q2';

  test('of which one is given', () => {
    const stack = shop();
    const dead = letters(stack);
    const queue = owned(stack, 'Q1', dead);
    owned(stack, 'Q2', dead);
    expect(refusalOf(() => redrive(stack, { queue }))).toContain(SHARED);
    expect(refusalOf(() => redrive(stack, { deadLetterQueue: dead }, 'Made'))).toContain(
      'and Shop/Dead is also that of Shop/Q1, Shop/Q2',
    );
  });

  test('also when it gets the second one later', () => {
    const stack = shop();
    const dead = letters(stack);
    redrive(stack, { queue: owned(stack, 'Q1', dead) });
    expect(synthesis(stack)).toBe('nothing was thrown');
    const late = shop();
    const shared = letters(late);
    redrive(late, { queue: owned(late, 'Q1', shared) });
    owned(late, 'Q2', shared);
    expect(synthesis(late)).toContain(SHARED);
  });

  test('also by an import of it, and by the L1', () => {
    const stack = shop();
    const dead = letters(stack);
    const queue = owned(stack, 'Q1', dead);
    const byArn = imported(stack, 'Again', dead.queueArn);
    new CfnQueue(stack, 'Q2', { redrivePolicy: { deadLetterTargetArn: byArn.queueArn, maxReceiveCount: 5 } });
    expect(refusalOf(() => redrive(stack, { queue }))).toContain(SHARED);
  });
});

describe('two imports of one queue are one queue', () => {
  const given = (stack: Stack, id: string, arn: string) => ({ queue: imported(stack, id, arn), existing: EXISTING });
  const SECOND = 'one queue has one RedriveQueue';

  test('in one stack, and in two', () => {
    const [one, two] = stacks(ENV);
    redrive(one, given(one, 'A', ARN));
    expect(refusalOf(() => redrive(one, given(one, 'B', ARN), 'Second'))).toContain(
      `has that of One/Orders; ${SECOND}`,
    );
    expect(refusalOf(() => redrive(two, given(two, 'A', ARN)))).toContain(`has that of One/Orders; ${SECOND}`);
    expect(refusalOf(() => redrive(two, given(two, 'C', LETTERS_ARN), 'Other'))).toBe('nothing was thrown');
  });

  test('by an export, which is another one in another place', () => {
    const [one, two] = stacks(ENV, { ...ENV, region: 'eu-west-1' });
    const arn = Fn.importValue('orders-arn');
    redrive(one, { ...given(one, 'A', arn), fifo: false });
    expect(refusalOf(() => redrive(one, { ...given(one, 'B', arn), fifo: false }, 'Second'))).toContain(SECOND);
    expect(refusalOf(() => redrive(two, { ...given(two, 'A', arn), fifo: false }))).toBe('nothing was thrown');
  });

  test('by its name, beside the queue itself', () => {
    const [one] = stacks(ENV);
    const queue = owned(one, 'Own', letters(one), { queueName: 'orders' });
    redrive(one, { queue });
    expect(refusalOf(() => redrive(one, given(one, 'A', ARN), 'Second'))).toContain(SECOND);
  });

  test('as the queue and as its dead-letter queue', () => {
    const [stack] = stacks(ENV);
    const props = { queue: imported(stack, 'A'), deadLetterQueue: imported(stack, 'B') };
    expect(refusalOf(() => redrive(stack, props))).toContain('deadLetterQueue must be another queue than the queue');
  });

  test('as the dead-letter queue of two', () => {
    const [stack] = stacks(ENV);
    redrive(stack, { deadLetterQueue: imported(stack, 'A', LETTERS_ARN) });
    const again = imported(stack, 'B', LETTERS_ARN);
    expect(refusalOf(() => redrive(stack, { deadLetterQueue: again }, 'Second'))).toContain(
      'deadLetterQueue must be of one queue, and One/B is that of One/Orders',
    );
  });

  test('a worker on the second import has the plan of the first', () => {
    const [stack] = stacks(ENV);
    const construct = redrive(stack, given(stack, 'A', ARN));
    const compute = WorkerCompute.lambda({ function: handler(stack) });
    const worker = new QueueWorker(stack, 'Worker', { queue: imported(stack, 'B'), compute });
    expect(construct.plan).toBe(worker.plan);
  });

  test('an import by the ARN of a resource of the app is that resource: it is read, and its policy is set', () => {
    const stack = shop();
    const resource = new CfnQueue(stack, 'Own', { visibilityTimeout: 77, messageRetentionPeriod: 604_800 });
    const { plan } = redrive(stack, { queue: imported(stack, 'A', resource.attrArn) });
    expect(plan.value('visibilityTimeoutSeconds')).toBe(77);
    expect(warningsOf(stack)).toEqual([]);
    Template.fromStack(stack).hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 77,
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('DeadLetters'), 'Arn'] } },
    });
  });
});

describe('whether an imported queue is a FIFO queue', () => {
  const ORDERS = Fn.importValue('orders-arn');

  test('is not known of a token: a warning says so, unless the props say it', () => {
    const silent = shop();
    redrive(silent, { queue: imported(silent, 'A', ORDERS), existing: EXISTING });
    expect(warningsOf(silent).join()).toMatch(
      /Shop\/A is known only at deployment.*Say fifo: true or fifo: false, or import it by Queue\.fromQueueAttributes\(\{ queueArn, fifo: true \}\)/,
    );
    for (const fifo of [true, false]) {
      const stack = shop();
      const { deadLetterQueue } = redrive(stack, { queue: imported(stack, 'A', ORDERS), fifo, existing: EXISTING });
      expect(warningsOf(stack).join()).not.toContain('given-fifo');
      expect(deadLetterQueue.fifo).toBe(fifo);
    }
  });

  test('is known of attributes, and of an ARN whose end is known', () => {
    const stack = shop();
    const queue = Queue.fromQueueAttributes(stack, 'A', { queueArn: ORDERS, fifo: true });
    expect(redrive(stack, { queue, existing: EXISTING }).deadLetterQueue.fifo).toBe(true);
    const named = imported(stack, 'B', stack.formatArn({ service: 'sqs', resource: 'invoices.fifo' }));
    expect(redrive(stack, { queue: named, existing: EXISTING }, 'Named').quarantineQueue.fifo).toBe(true);
    expect(warningsOf(stack).join()).not.toContain('given-fifo');
  });
});

test('the dead-letter queue of an imported queue has no finding of our own rule', () => {
  const stack = shop();
  redrive(stack, { queue: imported(stack, 'A'), existing: EXISTING });
  const { findings } = judge([new Document(Template.fromStack(stack).toJSON(), 'shop.json')]);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
});

describe('the warning about a missing dead-letter queue', () => {
  const work = (stack: Stack, queue: IQueue, more: object = {}) =>
    new QueueWorker(stack, 'Worker', { queue, compute: WorkerCompute.lambda({ function: handler(stack) }), ...more });

  test.each(['queue', 'construct'])('is not given of a queue that has just got one, by the %s', (which) => {
    const stack = shop();
    const queue = owned(stack, 'Q');
    const construct = redrive(stack, { queue });
    work(stack, which === 'queue' ? queue : construct);
    expect(warningsOf(stack)).toEqual([]);
  });

  test('reads the resource: its property and its overrides', () => {
    const [set, deleted] = [shop(), shop()];
    const dead = letters(set);
    const bare = owned(set, 'Q');
    cfn(bare).redrivePolicy = { deadLetterTargetArn: dead.queueArn, maxReceiveCount: 5 };
    work(set, bare, demand);
    expect(warningsOf(set).join()).not.toContain('BP-SQS-001');
    const without = owned(deleted, 'Q', letters(deleted));
    cfn(without).addPropertyDeletionOverride('RedrivePolicy');
    work(deleted, without, demand);
    expect(warningsOf(deleted).join()).toContain('Shop/Q has no dead-letter queue');
  });
});

test('a queue that a worker has planned gets no second plan', () => {
  const stack = shop();
  const queue = owned(stack, 'Q', letters(stack));
  const compute = WorkerCompute.lambda({ function: handler(stack) });
  new QueueWorker(stack, 'Worker', { queue, compute, ...demand });
  expect(refusalOf(() => redrive(stack, { queue }))).toContain(
    'queue must be a queue without a plan, and the worker Worker has one for Shop/Q; make the RedriveQueue first, and give it to the worker in place of the queue, a QueueWorker without workload and objective',
  );
});

describe('a given dead-letter queue', () => {
  const { DENY_ALL, BY_QUEUE, ALLOW_ALL } = RedrivePermission;
  const admitting = (stack: Stack, redriveAllowPolicy: object) => letters(stack, 'Dead', { redriveAllowPolicy });

  test('that admits no queue, or only another one, is refused', () => {
    const stack = shop();
    const source = owned(stack, 'Source');
    const queue = owned(stack, 'Q');
    const denying = admitting(stack, { redrivePermission: DENY_ALL });
    expect(refusalOf(() => redrive(stack, { queue, deadLetterQueue: denying }))).toContain(
      'deadLetterQueue must admit Shop/Q, and the redriveAllowPolicy of Shop/Dead is denyAll',
    );
    expect(refusalOf(() => redrive(stack, { deadLetterQueue: denying }, 'B'))).toContain(
      'must admit the queue that is made here, and the redriveAllowPolicy of Shop/Dead is denyAll',
    );
    const one = letters(stack, 'One', {
      redriveAllowPolicy: { redrivePermission: BY_QUEUE, sourceQueues: [source] },
    });
    expect(refusalOf(() => redrive(stack, { queue, deadLetterQueue: one }, 'C'))).toContain(
      'deadLetterQueue must admit Shop/Q, and the redriveAllowPolicy of Shop/One is byQueue without it',
    );
    expect(refusalOf(() => redrive(stack, { deadLetterQueue: one }, 'D'))).toContain('is byQueue without it');
    expect(refusalOf(() => redrive(stack, { queue: source, deadLetterQueue: one }, 'E'))).toBe('nothing was thrown');
  });

  test('that admits all, or a queue that only the deployment knows, or the name that is given, is taken', () => {
    const stack = shop();
    const parameter = new CfnParameter(stack, 'Source').valueAsString;
    const all = admitting(stack, { redrivePermission: ALLOW_ALL });
    expect(refusalOf(() => redrive(stack, { deadLetterQueue: all }, 'A'))).toBe('nothing was thrown');
    const unknown = letters(stack, 'Unknown', {
      redriveAllowPolicy: { redrivePermission: BY_QUEUE, sourceQueues: [imported(stack, 'P', parameter)] },
    });
    expect(refusalOf(() => redrive(stack, { deadLetterQueue: unknown }, 'B'))).toBe('nothing was thrown');
    const named = letters(stack, 'Named', {
      redriveAllowPolicy: { redrivePermission: BY_QUEUE, sourceQueues: [imported(stack, 'N')] },
    });
    const queueName = 'orders';
    expect(refusalOf(() => redrive(stack, { deadLetterQueue: named, queueName }, 'C'))).toBe('nothing was thrown');
  });

  const CONSUMED =
    /deadLetterQueue must have no consumer but the redriver, and Shop\/Handler\/SqsEventSource.* receives from Shop\/Dead/;

  test('with a consumer is refused, unless nothing is redriven or the mapping is off', () => {
    const consumed = (props: object, mapping: object = {}) => {
      const stack = shop();
      const dead = letters(stack);
      handler(stack).addEventSource(new SqsEventSource(dead, mapping));
      return refusalOf(() => redrive(stack, { queue: owned(stack, 'Q', dead), ...props }));
    };
    expect(consumed({})).toMatch(CONSUMED);
    expect(consumed({ maxRedrives: 0 })).toBe('nothing was thrown');
    expect(consumed({}, { enabled: false })).toBe('nothing was thrown');
  });

  test('that gets a consumer later is refused when the app is synthesized', () => {
    const stack = shop();
    const dead = letters(stack);
    redrive(stack, { queue: owned(stack, 'Q', dead) });
    handler(stack).addEventSource(new SqsEventSource(imported(stack, 'Again', dead.queueArn)));
    expect(synthesis(stack)).toMatch(CONSUMED);
  });
});

describe('a queue with a place in a stack without one', () => {
  test('a warning says where the stack must be', () => {
    const stack = shop();
    const deadLetterQueue = imported(stack, 'B', LETTERS_ARN);
    redrive(stack, { queue: imported(stack, 'A'), deadLetterQueue });
    const said = warningsOf(stack).filter((text) => text.includes('given-place'));
    expect(said).toEqual([
      expect.stringContaining(
        "the stack Shop does not say where it is deployed, and orders and orders-dead can be used only there: { region: 'us-east-1', account: '123456789012' }",
      ),
    ]);
  });

  test('nothing is said where both have one, or neither has', () => {
    const [placed] = stacks(ENV);
    redrive(placed, { queue: imported(placed, 'A'), existing: EXISTING });
    const free = shop();
    const arn = free.formatArn({ service: 'sqs', resource: 'orders' });
    redrive(free, { queue: imported(free, 'A', arn), existing: EXISTING });
    for (const stack of [placed, free]) expect(warningsOf(stack).join()).not.toContain('given-place');
  });
});

describe('what is read is what the template has', () => {
  const made = (change: (queue: CfnQueue, stack: Stack) => void, dead: object = {}) => {
    const stack = shop();
    const queue = owned(stack, 'Q', letters(stack, 'Dead', dead));
    change(cfn(queue), stack);
    return { stack, construct: redrive(stack, { queue }) };
  };

  test('a visibility timeout by override, as a number and as a text', () => {
    for (const seconds of [77, '77']) {
      const { construct } = made((queue) => queue.addPropertyOverride('VisibilityTimeout', seconds));
      expect(construct.plan.value('visibilityTimeoutSeconds')).toBe(77);
    }
    expect(refusalOf(() => made((queue) => queue.addPropertyOverride('VisibilityTimeout', 0)))).toContain(
      'the queue hides a message for 0 s',
    );
  });

  test('a redrive policy by override: its dead-letter queue is drained, and no second one is made', () => {
    const { stack, construct } = made((queue, scope) => {
      const other = letters(scope, 'Other');
      const target = { 'Fn::GetAtt': [scope.getLogicalId(cfn(other)), 'Arn'] };
      queue.addPropertyOverride('RedrivePolicy', { deadLetterTargetArn: target, maxReceiveCount: 8 });
    });
    expect(construct.deadLetterQueue.node.path).toBe('Shop/Other');
    expect(construct.plan.value('maxReceiveCount')).toBe(8);
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Other'), 'Arn'] },
    });
  });

  test('a policy set on the L1: its dead-letter queue is found', () => {
    const stack = shop();
    const queue = owned(stack, 'Q');
    cfn(queue).redrivePolicy = { deadLetterTargetArn: letters(stack).queueArn, maxReceiveCount: 8 };
    expect(redrive(stack, { queue }).deadLetterQueue.node.path).toBe('Shop/Dead');
    const raw = new CfnQueue(stack, 'Raw');
    const other = owned(stack, 'Other');
    cfn(other).redrivePolicy = { deadLetterTargetArn: raw.attrArn, maxReceiveCount: 8 };
    expect(refusalOf(() => redrive(stack, { queue: other }, 'Second'))).toContain(
      'deadLetterQueue must be given, because the redrive policy of Shop/Other names one that is no Queue of aws-cdk-lib',
    );
  });

  test('an override that deletes the policy is refused', () => {
    expect(refusalOf(() => made((queue) => queue.addPropertyDeletionOverride('RedrivePolicy')))).toContain(
      'queue must keep its redrive policy, and an override deletes that of Shop/Q',
    );
  });

  test('a retention of the dead-letter queue by override', () => {
    const stack = shop();
    const dead = letters(stack);
    cfn(dead).addPropertyOverride('MessageRetentionPeriod', 9 * 86_400);
    const { plan } = redrive(stack, { queue: owned(stack, 'Q', dead) });
    expect(plan.value('deadLetterRetentionSeconds')).toBe(9 * 86_400);
  });

  test('what changes after the plan is refused when the app is synthesized', () => {
    const { stack, construct } = made(() => undefined);
    cfn(construct.queue as Queue).addPropertyOverride('VisibilityTimeout', 5);
    cfn(construct.queue as Queue).addPropertyOverride('RedrivePolicy.deadLetterTargetArn', {
      'Fn::GetAtt': [stack.getLogicalId(cfn(letters(stack, 'Other'))), 'Arn'],
    });
    const said = synthesis(stack);
    expect(said).toContain(
      'VisibilityTimeout of Shop/Q must be 90, as when Shop/Orders was planned, got 5; set it before Shop/Orders is made',
    );
    expect(said).toContain('the redrive policy of Shop/Q must name Shop/Dead, got Shop/Other');
  });

  test('a dead-letter queue of another stack is known by its construct', () => {
    const [one, two] = stacks();
    const queue = owned(one, 'Q', letters(two));
    expect(redrive(one, { queue }).deadLetterQueue.node.path).toBe('Two/Dead');
    expect(synthesis(one)).toBe('nothing was thrown');
  });
});

test('the text of a silent alarm fits, also with the name of the worker', () => {
  const stack = shop();
  const reason = 'x'.repeat(1000);
  const functionTimeout = Duration.seconds(10);
  const queue = redrive(stack, {
    functionTimeout,
    alarms: { silence: { age: reason, backlog: reason, timeToDrain: reason } },
  });
  new QueueWorker(stack, 'Worker', { queue, compute: WorkerCompute.lambda({ function: handler(stack) }) });
  const alarms = Object.values<Untyped>(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'));
  const lengths = alarms.map(({ Properties }) => Properties.AlarmDescription.length);
  expect(Math.max(...lengths)).toBe(1024);
});

describe('names of alarms', () => {
  const alarms = { namePrefix: 'orders' };

  test('of two constructs with one prefix are refused in a stack, and in stacks of one place', () => {
    const [one, two] = stacks(ENV);
    redrive(one, { alarms });
    const message =
      /namePrefix must be of one construct in an account and region, and One\/Orders\/Alarms has an alarm orders-backlog already; give another prefix than 'orders'/;
    expect(refusalOf(() => redrive(one, { alarms }, 'Second'))).toMatch(message);
    expect(refusalOf(() => redrive(two, { alarms }))).toMatch(message);
    expect(refusalOf(() => redrive(two, { alarms: { namePrefix: 'invoices' } }, 'Third'))).toBe('nothing was thrown');
  });

  test('in two places are two, and where the place is not known a warning says what may happen', () => {
    const [one, two] = stacks(ENV, { ...ENV, region: 'eu-west-1' });
    const [free, alsoFree] = stacks();
    for (const stack of [one, two, free, alsoFree]) redrive(stack, { alarms });
    const counts = [one, two, free, alsoFree].map(
      (stack) => warningsOf(stack).filter((text) => text.includes('alarm-names')).length,
    );
    expect(counts).toEqual([0, 0, 0, 1]);
  });
});

describe('messages name what was given', () => {
  test('a setting that is said and cannot be: once, by its own name', () => {
    const [stack] = stacks(ENV);
    const existing = { retention: Duration.days(14), visibilityTimeout: Duration.millis(1500) };
    expect(refusalOf(() => redrive(stack, { queue: imported(stack, 'A'), existing }))).toBe(
      'Orders: existing.visibilityTimeout in seconds must be a whole number, between 0 and 43200, got 1.5; existing.retention in seconds must be a whole number, between 60 and 1123200, got 1209600',
    );
  });

  test('a queue of a nested stack, by the path of that stack', () => {
    const [one] = stacks();
    const queue = owned(new NestedStack(one, 'Inner'), 'Q');
    expect(refusalOf(() => redrive(one, { queue }))).toContain('because it is in the stack One/Inner and this one');
  });

  test('an alarm of the redriver, where there is none', () => {
    const silenced = (props: object) =>
      refusalOf(() => redrive(shop(), { alarms: { silence: { stuck: 'nobody looks' } }, ...props }));
    expect(silenced({ maxRedrives: 0 })).toBe(
      'Orders: alarms.silence.stuck is of an alarm of the redriver, and there is none with maxRedrives 0; leave it out',
    );
    expect(silenced({ fifo: true })).toContain('maxRedrives 0, the default of a FIFO queue; leave it out');
    expect(silenced({})).toBe('nothing was thrown');
  });

  test('a field of the alarm settings that does not exist', () => {
    const stack = shop();
    const topic = new Topic(stack, 'Pager');
    const alarms = { crit: { topic }, prefix: 'x', warning: { ok: topic } } as never;
    const said = refusalOf(() => redrive(stack, { alarms }));
    expect(said).toContain('alarms.prefix is unknown; there are critical, warning, namePrefix, silence');
    expect(said).toContain('alarms.crit is unknown');
    expect(said).toContain('alarms.warning.ok is unknown; there are topic, okTopic, actions, okActions');
  });

  test('a topic that cannot be used, by the prop that it was given as', () => {
    const [stack] = stacks(ENV);
    const okTopic = Topic.fromTopicArn(stack, 'Far', 'arn:aws:sns:eu-west-1:123456789012:pager');
    expect(refusalOf(() => redrive(stack, { alarms: { critical: { okTopic } } }))).toContain(
      'alarms.critical.okTopic must be in us-east-1',
    );
    expect(refusalOf(() => redrive(stack, { alarms: { warning: { topic: okTopic } } }, 'Second'))).toContain(
      'alarms.warning.topic must be in us-east-1',
    );
  });
});

test('a topic that is given twice is told once', () => {
  const stack = shop();
  const topic = new Topic(stack, 'Pager');
  const actions = [new SnsAction(topic), new SnsAction(new Topic(stack, 'Chat')), new SnsAction(topic)];
  redrive(stack, { alarms: { critical: { topic, actions } } });
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmActions: [{ Ref: Match.stringLikeRegexp('^Pager') }, { Ref: Match.stringLikeRegexp('^Chat') }],
  });
});
