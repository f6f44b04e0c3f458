import { CfnParameter, Duration, type Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import fc from 'fast-check';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import type { RedriveQueueProps } from '../../../lib/aws/queue/redrive-queue-props';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { nagFindings } from '../../support/nag';
import { mostly, objectives, optional, spread, usually, validOrNamed, workloads, zeroOr } from '../../support/property';
import { type Made as MadeStack, permissions, properties, shop, type Untyped } from '../../support/stack';

const orders: RedriveQueueProps = {
  workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
};

interface Made extends MadeStack {
  readonly construct: RedriveQueue;
}

function make(props: Partial<RedriveQueueProps> = {}, stack: Stack = shop()): Made {
  const construct = new RedriveQueue(stack, 'Orders', { ...orders, ...props });
  return { stack, construct, template: Template.fromStack(stack) };
}

const usual = make();
const queue = properties(usual, usual.construct.queue);
const deadLetters = properties(usual, usual.construct.deadLetterQueue);
const quarantine = properties(usual, usual.construct.quarantineQueue);
const mapping = Object.values(usual.template.findResources('AWS::Lambda::EventSourceMapping'))[0].Properties;

/** The metrics of every graph of the dashboard, as CloudWatch reads them. */
function dashboardMetrics(made: Made): Untyped[][][] {
  const [{ Properties }] = Object.values(made.template.findResources('AWS::CloudWatch::Dashboard'));
  const parts: Untyped[] = Properties.DashboardBody['Fn::Join'][1];
  const body = parts.map((part) => (typeof part === 'string' ? part : 'x')).join('');
  return JSON.parse(body).widgets.flatMap((widget: Untyped) =>
    widget.properties.metrics ? [widget.properties.metrics] : [],
  );
}

/** A metric expression with its metrics put in. */
function evaluated(expression: string, values: Record<string, number>): number {
  const text = expression.replaceAll('IF(', 'when(');
  const functions = {
    FILL: (value: number) => value,
    PERIOD: () => 300,
    when: (condition: boolean, yes: number, no: number) => (condition ? yes : no),
  };
  const scope = { ...functions, ...values };
  return new Function(...Object.keys(scope), `return ${text}`)(...Object.values(scope));
}

function alarm(made: Made, id: keyof RedriveQueue['alarms']): Record<string, Untyped> {
  return properties(made, made.construct.alarms[id] as never);
}

describe('the traps of case 14 are absent', () => {
  test('trap: no visibility timeout (30 s by default): it is 6 × function time-out + batch window', () => {
    const made = make({ functionTimeout: Duration.seconds(30), batchWindow: Duration.seconds(5) });
    expect(properties(made, made.construct.queue).VisibilityTimeout).toBe(185);
    expect(made.construct.plan.knob('visibilityTimeoutSeconds').formula).toBe('6 × function time-out + batch window');
    expect(queue.VisibilityTimeout).toBe(usual.construct.plan.value('visibilityTimeoutSeconds'));
  });

  test('trap: maxReceiveCount 3 with throttles counted as failures: 5 or more, and fewer is a warning', () => {
    expect(queue.RedrivePolicy.maxReceiveCount).toBeGreaterThanOrEqual(5);
    const made = make({ maxReceiveCount: 3 });
    expect(properties(made, made.construct.queue).RedrivePolicy.maxReceiveCount).toBe(3);
    expect(made.construct.plan.knob('maxReceiveCount').formula).toBe('given');
    Annotations.fromStack(made.stack).hasWarning(
      '/Shop/Orders',
      Match.stringLikeRegexp('maxReceiveCount 3.*BP-SQS-003'),
    );
    Annotations.fromStack(usual.stack).hasNoWarning('*', Match.anyValue());
  });

  test('trap: dead letters expire with their source: the dead-letter queue keeps longer, because it inherits the age', () => {
    expect(deadLetters.MessageRetentionPeriod).toBe(1_209_600);
    expect(deadLetters.MessageRetentionPeriod).toBeGreaterThan(queue.MessageRetentionPeriod);
    expect(() => make({ retention: Duration.days(14) })).toThrow(
      /Orders: retention in seconds must be a whole number, between 60 and 1123200, got 1209600/,
    );
  });

  test('trap: auto-redrive loops for ever: no move task, a cap and a place to end', () => {
    const json = JSON.stringify(usual.template.toJSON());
    expect(json).not.toContain('StartMessageMoveTask');
    usual.template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ MAX_REDRIVES: '2' }) },
    });
    expect(deadLetters.RedrivePolicy).toBeUndefined();
    expect(quarantine.RedrivePolicy).toBeUndefined();
  });

  test('trap: a drained dead-letter queue blinds a depth alarm: what is received rings, depth only when nobody takes it', () => {
    expect(alarm(usual, 'deadLettersReceived')).toMatchObject({
      MetricName: 'NumberOfMessagesReceived',
      Statistic: 'Sum',
      Threshold: 0,
      EvaluationPeriods: 1,
    });
    expect(alarm(usual, 'deadLettersUnattended')).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Statistic: 'Minimum',
      EvaluationPeriods: 3,
    });
    const alone = make({ maxRedrives: 0 });
    expect(alone.construct.alarms.deadLettersReceived).toBeUndefined();
    expect(alarm(alone, 'deadLettersUnattended')).toMatchObject({
      Statistic: 'Maximum',
      EvaluationPeriods: 1,
      Threshold: 0,
    });
  });

  test('trap: drain time is negative or missing when producers win: it is a week', () => {
    const { Metrics, Threshold } = alarm(usual, 'timeToDrain');
    const { Expression } = Metrics.find((metric: Untyped) => metric.Expression);
    const drain = (visible: number, sent: number, deleted: number) => {
      const text = Expression.replace(/FILL\((\w+), 0\)/g, '$1').replaceAll('IF(', 'when(');
      const when = (condition: boolean, yes: number, no: number) => (condition ? yes : no);
      return new Function('visible', 'sent', 'deleted', 'when', `return ${text}`)(visible, sent, deleted, when);
    };
    expect(drain(50_000, 3000, 300)).toBe(604_800);
    expect(drain(50_000, 3000, 3000)).toBe(604_800);
    expect(drain(50_000, 3000, 33_000)).toBe(500);
    // With the consumer down it is never, however few wait.
    expect(drain(1, 0, 0)).toBe(604_800);
    // In a steady queue as much arrives as is finished: what waits no longer than promised is no backlog.
    const patience = usual.construct.plan.value('alarmAgeSeconds');
    expect(patience).toBeLessThanOrEqual(90);
    expect(drain(patience, 301, 300)).toBe(0);
    expect(drain(patience + 1, 301, 300)).toBe(604_800);
    expect(drain(0, 0, 0)).toBe(0);
    expect(Threshold).toBeGreaterThan(0);
    expect(Threshold).toBeLessThan(604_800);
    // A missing number must not make the whole expression missing.
    expect(Expression.replace(/FILL\(\w+, 0\)/g, '')).not.toMatch(/visible|sent|deleted/);
  });

  test('trap: one bad message fails its whole batch: only what failed is reported', () => {
    expect(mapping).toMatchObject({
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BatchSize: 10,
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    expect(deadLetters.VisibilityTimeout).toBe(6 * 30);
  });
});

describe('safe by itself', () => {
  test('only this queue may use the dead-letter queue, without a circle in the template', () => {
    const [arn] = deadLetters.RedriveAllowPolicy.sourceQueueArns;
    expect(deadLetters.RedriveAllowPolicy.redrivePermission).toBe('byQueue');
    expect(JSON.stringify(arn)).toContain(JSON.stringify(queue.QueueName['Fn::Join'][1][1]));
    expect(JSON.stringify(arn)).not.toContain('GetAtt');
  });

  test('every queue is encrypted and takes TLS only', () => {
    for (const { SqsManagedSseEnabled } of [queue, deadLetters, quarantine]) expect(SqsManagedSseEnabled).toBe(true);
    usual.template.resourceCountIs('AWS::SQS::QueuePolicy', 3);
    usual.template.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: 'Deny',
            Action: 'sqs:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ],
      },
    });
  });

  test('the role of the redriver: exactly these actions on exactly these resources', () => {
    expect(permissions(usual)).toEqual({
      'logs:CreateLogStream logs:PutLogEvents': 'Orders/RedriverLogs',
      'sqs:SendMessage': 'Orders/Queue Orders/Quarantine',
      'dynamodb:BatchGetItem dynamodb:PutItem dynamodb:UpdateItem': 'Orders/Circuit',
      'sqs:ReceiveMessage sqs:ChangeMessageVisibility sqs:GetQueueUrl sqs:DeleteMessage sqs:GetQueueAttributes':
        'Orders/DeadLetters',
    });
    usual.template.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
  });

  test('with a key: all three queues, one call to KMS in five minutes, and the two permissions that sending needs', () => {
    const stack = shop();
    const made = make({ encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }) }, stack);
    for (const resource of [made.construct.queue, made.construct.deadLetterQueue, made.construct.quarantineQueue]) {
      expect(properties(made, resource)).toMatchObject({
        KmsMasterKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
        KmsDataKeyReusePeriodSeconds: 300,
      });
    }
    expect(permissions(made)).toMatchObject({ 'kms:GenerateDataKey kms:Decrypt': 'Key' });
  });

  test.each<[string, Partial<RedriveQueueProps>]>([
    ['as it comes', {}],
    ['FIFO', { fifo: true, maxRedrives: 1 }],
    ['without a redriver', { maxRedrives: 0 }],
  ])('AwsSolutions finds nothing: %s', (_, props) => {
    const { stack } = make(props);
    expect(nagFindings(stack)).toEqual([]);
  });

  test('nothing of the sensitive fields but their names is in the template', () => {
    const made = make({ maskedFields: ['taxNumber', 'maiden_name'] });
    made.template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ MASKED_FIELDS: 'taxNumber,maiden_name' }) },
    });
  });
});

describe('FIFO', () => {
  const made = make({ fifo: true });

  test('all three queues are of one kind, as a redrive policy demands', () => {
    for (const resource of [made.construct.queue, made.construct.deadLetterQueue, made.construct.quarantineQueue]) {
      expect(properties(made, resource)).toMatchObject({ FifoQueue: true, FifoThroughputLimit: 'perMessageGroupId' });
    }
    expect(JSON.stringify(properties(made, made.construct.queue).QueueName)).toContain('.fifo');
  });

  test('a redrive breaks the order of a group, so nobody redrives unless asked to, and then with a warning', () => {
    expect(made.construct.redriver).toBeUndefined();
    made.template.resourceCountIs('AWS::Lambda::Function', 0);
    made.template.resourceCountIs('AWS::DynamoDB::Table', 0);
    const asked = make({ fifo: true, maxRedrives: 2 });
    expect(asked.construct.redriver).toBeDefined();
    Annotations.fromStack(asked.stack).hasWarning(
      '/Shop/Orders',
      Match.stringLikeRegexp('maxRedrives 2 on a FIFO queue'),
    );
  });
});

describe('alarms', () => {
  test('thresholds are the knobs of the plan', () => {
    const { plan } = usual.construct;
    expect(alarm(usual, 'backlog')).toMatchObject({
      Threshold: plan.value('alarmBacklog'),
      MetricName: 'ApproximateNumberOfMessagesVisible',
    });
    expect(alarm(usual, 'age')).toMatchObject({
      Threshold: plan.value('alarmAgeSeconds'),
      MetricName: 'ApproximateAgeOfOldestMessage',
    });
  });

  test('all say what to do, and a silent queue is no trouble', () => {
    const { all } = usual.construct.alarms;
    expect(all).toHaveLength(10);
    usual.template.resourceCountIs('AWS::CloudWatch::Alarm', 10);
    for (const one of all) {
      const { AlarmDescription, TreatMissingData } = properties(usual, one);
      expect(AlarmDescription.length).toBeGreaterThan(80);
      expect(TreatMissingData).toBe('notBreaching');
    }
  });

  test('an open circuit is seen within four windows', () => {
    const { Period, MetricName, Namespace, Dimensions } = alarm(usual, 'circuitOpen');
    expect({ MetricName, Namespace, dimension: Dimensions[0].Name }).toEqual({
      MetricName: 'CircuitOpen',
      Namespace: 'Backpressure',
      dimension: 'FunctionName',
    });
    expect(Period % 60).toBe(0);
    expect(Period).toBeGreaterThanOrEqual(4 * usual.construct.plan.value('redriveWindowSeconds'));
  });

  test('a letter that can be neither redriven nor parked rings as long as it is tried, days before it expires', () => {
    const { plan } = usual.construct;
    const { Period, MetricName, Namespace, Threshold, Dimensions } = alarm(usual, 'stuck');
    expect({ MetricName, Namespace, Threshold, dimension: Dimensions[0].Name }).toEqual({
      MetricName: 'Stuck',
      Namespace: 'Backpressure',
      Threshold: plan.value('alarmStuckLetters'),
      dimension: 'FunctionName',
    });
    expect(Period).toBeGreaterThan(plan.value('stuckHoldSeconds'));
    // CloudWatch evaluates at most a day.
    expect(Period).toBeLessThanOrEqual(86_400);
    const untilStuck = plan.value('stuckTries') * plan.value('stuckHoldSeconds');
    expect(untilStuck).toBeLessThan(plan.value('deadLetterRetentionSeconds') - plan.value('retentionSeconds') + 86_400);
    usual.template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: Match.objectLike({
          STUCK_TRIES: String(plan.value('stuckTries')),
          STUCK_HOLD_SECONDS: String(plan.value('stuckHoldSeconds')),
        }),
      },
    });
    expect(make({ maxRedrives: 0 }).construct.alarms.stuck).toBeUndefined();
  });

  test('a table that fails for some letters rings, although no invocation ends with an error', () => {
    expect(alarm(usual, 'redriverTable')).toMatchObject({
      Namespace: 'Backpressure',
      MetricName: 'TableFailed',
      Dimensions: [{ Name: 'FunctionName', Value: { Ref: expect.stringMatching(/Redriver/) } }],
      Threshold: 0,
    });
    expect(make({ maxRedrives: 0 }).construct.alarms.redriverTable).toBeUndefined();
  });

  test('go to the topic when there is one', () => {
    const stack = shop();
    const made = make({ alarmTopic: new Topic(stack, 'Pager') }, stack);
    made.template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: Match.stringLikeRegexp('Pager') }],
    });
    usual.template.allResourcesProperties('AWS::CloudWatch::Alarm', { AlarmActions: Match.absent() });
  });

  test('no graph of the dashboard can go negative, whatever the metrics are (trap: a time to drain below zero when producers win)', () => {
    const graphs = dashboardMetrics(usual);
    const expressions = graphs.flatMap((graph) => graph.flatMap((entry) => entry[0].expression ?? []));
    expect(expressions).toHaveLength(3);
    const amount = fc.integer({ min: 0, max: 1000 });
    for (const graph of graphs) {
      for (const [{ expression }] of graph.filter(([first]) => typeof first === 'object' && first.expression)) {
        const names = graph.flatMap((entry) => entry.at(-1).id ?? []);
        fc.assert(
          fc.property(fc.tuple(...names.map(() => amount)), (values) => {
            const value = evaluated(expression, Object.fromEntries(names.map((name, n) => [name, values[n]])));
            // 0 ÷ 0 is a gap in the graph, not a number below zero.
            expect([expression, !(value < 0)]).toEqual([expression, true]);
          }),
          { numRuns: 50 },
        );
      }
    }
    // The time to drain is there, and is the alarm's.
    const watched = alarm(usual, 'timeToDrain').Metrics.find((metric: Untyped) => metric.Expression).Expression;
    expect(expressions.filter((expression) => expression === watched)).toHaveLength(1);
  });

  test('the dashboard adds widgets and no alarm of its own, and can be left out', () => {
    usual.template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
    const without = make({ dashboard: false });
    without.template.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
    without.template.resourceCountIs('AWS::CloudWatch::Alarm', 10);
  });
});

describe('the plan', () => {
  test('explains every number that the redriver is given', () => {
    const { plan } = usual.construct;
    const page = plan.explain();
    for (const name of [
      'maxRedrives',
      'redriveWindowSeconds',
      'redrivesPerWindow',
      'redriveVerdictMinimum',
      'successRatioFloor',
      'deadLetterRetentionSeconds',
      'stuckTries',
      'stuckHoldSeconds',
      'alarmStuckLetters',
    ]) {
      expect(page).toContain(name);
    }
    const window = plan.value('redriveWindowSeconds');
    // A message must have had time to fail every attempt, or the circuit would judge too early.
    expect(window).toBeGreaterThanOrEqual(plan.value('maxReceiveCount') * plan.value('visibilityTimeoutSeconds'));
    expect(plan.value('redrivesPerWindow')).toBe(Math.max(5, Math.ceil(0.1 * 40 * window)));
  });

  test('declared poison does not open the circuit', () => {
    const workload = { ...orders.workload, poisonRatio: 0.02 };
    const { plan } = make({ workload }).construct;
    expect(plan.value('redriveVerdictMinimum')).toBe(Math.ceil(2 * 0.02 * 40 * plan.value('redriveWindowSeconds')));
  });

  test('a ceiling on cost bounds who serves the queue: it is held where the price is known', () => {
    const objective = { ...orders.objective, monthlyCost: 1 };
    expect(make({ objective }).construct.plan.predictions.monthlyCost).toBeUndefined();
    expect(() => make({ objective, consumer: { instanceHourCost: 0.1 } })).toThrow(
      /^Orders: .* may cost [\d.,]+ USD a month, 1 are allowed/,
    );
  });

  test('refuses all bad props at once, each with its limit', () => {
    const bad = {
      maxReceiveCount: 0,
      maxRedrives: 1.5,
      successRatioFloor: 2,
      functionTimeout: Duration.minutes(16),
      maskedFields: ['a,b'],
    };
    expect(() => make(bad)).toThrow(InvalidInputError);
    expect(() => make(bad)).toThrow(
      /maxRedrives must be .* got 1.5; successRatioFloor must be between 0 and 1, got 2; functionTimeout in seconds must be a whole number, between 1 and 900, got 960; maxReceiveCount must be a whole number, between 1 and 1000, got 0; maskedFields must be names without commas, got a,b/,
    );
    expect(() =>
      make({ workload: { ...orders.workload, serviceSeconds: 20 }, functionTimeout: Duration.seconds(10) }),
    ).toThrow(/functionTimeout must be at least serviceSeconds, 20 s, got 10 s/);
  });

  test('refuses an item that takes longer than SQS can hide a message', () => {
    const slow = { workload: { steadyPerSecond: 0.01, serviceSeconds: 2000 }, objective: { latencySeconds: 86_400 } };
    expect(() => make(slow)).toThrow(CapacityError);
    expect(() => make(slow)).toThrow(/^Orders: one attempt may take [\d,]+ s, .* 43,200 s; [\d,.]+ s per item/);
  });

  test('lets tokens through where the queue takes them, and says so where sums need a number', () => {
    const stack = shop();
    const parameter = new CfnParameter(stack, 'Attempts', { type: 'Number', default: 6 });
    const made = make({ maxReceiveCount: parameter.valueAsNumber }, stack);
    expect(properties(made, made.construct.queue).RedrivePolicy.maxReceiveCount).toEqual({ Ref: 'Attempts' });
    expect(() => make({ maxRedrives: parameter.valueAsNumber })).toThrow(
      'maxRedrives must be known at synthesis, got a token',
    );
  });
});

test('two copies in one stack do not meet', () => {
  const stack = shop();
  new RedriveQueue(stack, 'Orders', orders);
  new RedriveQueue(stack, 'Returns', orders);
  const names = Object.values(Template.fromStack(stack).findResources('AWS::SQS::Queue')).flatMap(
    ({ Properties }) => Properties.QueueName ?? [],
  );
  expect(new Set(names.map((name) => JSON.stringify(name))).size).toBe(2);
});

test('random props give a valid template or a named error, nothing else', () => {
  const seconds = (max: number, ...bad: number[]) =>
    mostly(fc.integer({ min: 1, max }), ...bad).map((value) => Duration.seconds(value));
  const props: fc.Arbitrary<RedriveQueueProps> = fc.record({
    workload: workloads(),
    objective: objectives(),
    consumer: optional(
      fc.record({
        slotsPerInstance: optional(mostly(fc.constant(1), 8)),
        maxInstances: optional(fc.integer({ min: 1, max: 500 })),
      }),
    ),
    fifo: optional(fc.boolean()),
    functionTimeout: optional(seconds(900, 0, 901)),
    batchWindow: optional(usually(seconds(9, 301), seconds(300, 301))),
    maxReceiveCount: optional(mostly(fc.integer({ min: 1, max: 1000 }), 0, -1, 1001, 2.5)),
    retention: optional(seconds(1_123_200, 59, 1_209_600)),
    maxRedrives: optional(mostly(fc.integer({ min: 0, max: 100 }), -1, 101, 1.5)),
    redrivesPerSecond: optional(mostly(spread(0.001, 500), 0, 501)),
    successRatioFloor: optional(mostly(zeroOr(0.001, 1), -0.1, 1.1)),
    maskedFields: optional(fc.array(mostly(fc.stringMatching(/^[a-z]{1,10}$/), 'a,b', ' '), { maxLength: 3 })),
    dashboard: fc.constant(false),
  });
  validOrNamed(/^Orders: /, props, make, (made, given) => {
    const [source, dead] = [made.construct.queue, made.construct.deadLetterQueue].map((one) => properties(made, one));
    expect(dead.MessageRetentionPeriod).toBeGreaterThan(source.MessageRetentionPeriod);
    expect(source.VisibilityTimeout).toBeGreaterThanOrEqual(
      6 * (given.functionTimeout?.toSeconds() ?? 0) + (given.batchWindow?.toSeconds() ?? 0),
    );
    expect(source.VisibilityTimeout).toBeLessThanOrEqual(43_200);
    for (const value of made.construct.plan.knobs.map((knob) => knob.value)) expect(Number.isFinite(value)).toBe(true);
    for (const { Properties } of Object.values(made.template.findResources('AWS::CloudWatch::Alarm'))) {
      expect(Number.isFinite(Properties.Threshold)).toBe(true);
    }
  });
}, 300_000);
