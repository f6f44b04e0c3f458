import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { ConfigurationSet, EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { RateLimitedSender } from '../../../lib/aws/rates/rate-limited-sender';
import type { RateLimitedSenderProps } from '../../../lib/aws/rates/rate-limited-sender-props';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planQueue } from '../../../lib/flow/queue/plan';
import { planRates } from '../../../lib/flow/rates/plan';
import { sendingQuestion } from '../../../lib/flow/rates/worker';
import { UnknownMail } from '../../../lib/flow/rates/workload';
import { knobsOf, numbersOf } from '../../support/alarm-numbers';
import { nagFindings } from '../../support/nag';
import { type Made, only, permissions, properties, shop, type Untyped } from '../../support/stack';

const QUESTION = {
  workload: { campaignMessages: 500_000, callSeconds: 0.15, undeliverableRatio: 0.015 },
  limit: { perSecond: 100 },
  objective: { completeSeconds: 7200 },
};

interface Sender extends Made {
  readonly sender: RateLimitedSender;
}

function identityOf(stack: Stack, id = 'Identity') {
  return EmailIdentity.fromEmailIdentityName(stack, id, 'example.com');
}

function make(props: Partial<RateLimitedSenderProps> = {}, stack = shop()): Sender {
  const identity = identityOf(stack);
  const sender = new RateLimitedSender(stack, 'Mailing', {
    ...QUESTION,
    identity,
    from: 'Shop <shop@example.com>',
    ...props,
  });
  return { stack, sender, template: Template.fromStack(stack) };
}

const usual = make();

const standbyOf = (stack: Stack, perDay?: number) => ({
  limit: { perSecond: 14, perDay },
  region: 'eu-west-1',
  identity: EmailIdentity.fromEmailIdentityArn(
    stack,
    'StandbyIdentity',
    'arn:aws:ses:eu-west-1:123456789012:identity/example.com',
  ),
  configurationSetName: 'mails-eu',
});
const twoStack = shop();
const two = make({ standby: standbyOf(twoStack), limit: { perSecond: 100, perDay: 600_000 } }, twoStack);

/** What is in the environment of the senders, with references as text. */
function environment({ sender, ...made }: Sender): Record<string, Untyped> {
  return properties(made, sender.senderFunction).Environment.Variables;
}

function lanesText(made: Sender): string {
  return JSON.stringify(environment(made).LANES);
}

describe('the traps of case 7 are absent', () => {
  test('trap: the bucket is in one process: there is one for all senders, in a table', () => {
    const { template, stack, sender } = usual;
    expect(environment(usual).TABLE).toEqual(stack.resolve(sender.table.tableName));
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 1);
  });

  test('trap: the rate is the limit: 95.2 of 100, so that no window has more', () => {
    expect(usual.sender.plan.value('messagesPerSecond')).toBeCloseTo(95.238, 3);
    expect(lanesText(usual)).toContain('\\"messagesPerSecond\\":95.238');
    expect(lanesText(usual)).toContain('\\"burst\\":1,\\"slotSeconds\\":0.025');
  });

  test('trap: reserved concurrency as a limiter: the mapping bounds the senders, and receives are not used up', () => {
    const mapping = properties(usual, usual.sender.mapping);
    expect(mapping).toMatchObject({
      BatchSize: 23,
      MaximumBatchingWindowInSeconds: 1,
      ScalingConfig: { MaximumConcurrency: 2 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    expect(properties(usual, usual.sender.senderFunction).ReservedConcurrentExecutions).toBeUndefined();
  });

  test('trap: the event destination is on a set that the mail does not name', () => {
    const { stack, sender } = usual;
    expect(properties(usual, sender.eventDestination).ConfigurationSetName).toEqual(
      stack.resolve(sender.configurationSet.configurationSetName),
    );
    expect(environment(usual).LANES['Fn::Join'][1]).toContainEqual(
      stack.resolve(sender.configurationSet.configurationSetName),
    );
  });

  test('trap: bounces and complaints reach nobody: both, and four more, go to the default bus', () => {
    const { EventDestination } = properties(usual, usual.sender.eventDestination);
    expect(EventDestination.MatchingEventTypes).toEqual([
      'bounce',
      'complaint',
      'reject',
      'renderingFailure',
      'deliveryDelay',
      'delivery',
    ]);
    expect(JSON.stringify(EventDestination.EventBridgeDestination.EventBusArn)).toContain(':event-bus/default');
  });

  test('trap: a percentage: the thresholds of bounces and complaints are ratios, and below those of SES', () => {
    const { bounces, complaints } = usual.sender.alarms;
    expect(properties(usual, bounces)).toMatchObject({
      Namespace: 'AWS/SES',
      MetricName: 'Reputation.BounceRate',
      Dimensions: [
        {
          Name: 'ses:configuration-set',
          Value: usual.stack.resolve(usual.sender.configurationSet.configurationSetName),
        },
      ],
      Statistic: 'Average',
      Threshold: 0.05,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    });
    expect(properties(usual, complaints)).toMatchObject({ MetricName: 'Reputation.ComplaintRate', Threshold: 0.001 });
  });

  test('trap: a message is visible again while it is being sent: six times the time-out, and the window', () => {
    const seconds = usual.sender.plan.value('functionTimeoutSeconds');
    expect(properties(usual, usual.sender.senderFunction).Timeout).toBe(seconds);
    const queue = properties(usual, usual.sender.redriveQueue!.queue);
    expect(queue.VisibilityTimeout).toBe(6 * seconds + 1);
    // Refusals, pauses and late slots are receives too.
    expect(queue.RedrivePolicy.maxReceiveCount).toBe(106);
    expect(queue.MessageRetentionPeriod).toBe(345_600);
  });

  test('trap: the whole account is paused: the breaker pauses the configuration set, the bucket and the mapping', () => {
    const { breaker, table, mapping, configurationSet } = usual.sender;
    const allowed = permissions(usual, breaker!.role);
    expect(Object.keys(allowed).sort()).toEqual([
      'dynamodb:GetItem dynamodb:UpdateItem',
      'lambda:UpdateEventSourceMapping',
      'logs:CreateLogStream logs:PutLogEvents',
      'ses:PutConfigurationSetSendingOptions',
    ]);
    const text = JSON.stringify(allowed);
    expect(text).not.toContain('"*"');
    expect(allowed['dynamodb:GetItem dynamodb:UpdateItem']).toBe(table.node.path.replace('Shop/', ''));
    expect(allowed['lambda:UpdateEventSourceMapping']).toContain(
      usual.stack.getLogicalId(mapping.node.defaultChild as never),
    );
    expect(allowed['ses:PutConfigurationSetSendingOptions']).toContain(
      usual.stack.getLogicalId(configurationSet.node.defaultChild as never),
    );
  });

  test('trap: SendEmail on everything: the senders may send as one identity, by one configuration set', () => {
    const allowed = permissions(usual, usual.sender.senderFunction.role);
    expect(
      Object.keys(allowed)
        .filter((action) => action.startsWith('ses:'))
        .sort(),
    ).toEqual(['ses:GetConfigurationSet', 'ses:SendEmail']);
    expect(allowed['ses:SendEmail']).toContain(':identity/example.com');
    expect(allowed['ses:SendEmail']).toContain(':configuration-set/');
    expect(allowed['ses:SendEmail']).not.toContain('*');
  });
});

test('mails by a template need the permission of both versions of the API', () => {
  const made = make({ templates: ['welcome'] });
  const allowed = permissions(made, made.sender.senderFunction.role);
  expect(allowed['ses:SendEmail ses:SendTemplatedEmail']).toContain(':template/welcome');
});

describe('what Amazon SES does itself is set up', () => {
  test('suppression, validation, reputation metrics and TLS', () => {
    expect(only(usual, 'AWS::SES::ConfigurationSet')).toMatchObject({
      ReputationOptions: { ReputationMetricsEnabled: true },
      SuppressionOptions: {
        SuppressedReasons: ['BOUNCE', 'COMPLAINT'],
        ValidationOptions: {
          ConditionThreshold: {
            ConditionThresholdEnabled: 'ENABLED',
            OverallConfidenceThreshold: { ConfidenceVerdictThreshold: 'MANAGED' },
          },
        },
      },
      DeliveryOptions: { TlsPolicy: 'REQUIRE' },
    });
  });
});

describe('the table', () => {
  test('keeps the records of mails: retained, recoverable, and each expires after its last copy', () => {
    usual.template.hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
        Replicas: [Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } })],
      },
    });
    expect(Number(environment(usual).RECORD_SECONDS)).toBe(28 * 86_400);
  });
});

describe('one question, one plan', () => {
  test('the plan is that of the flow, and the queue asks the question that follows from it', () => {
    const plan = planRates('Mailing', { ...QUESTION, sender: 'lambda' });
    for (const { name, value } of plan.knobs) expect([name, usual.sender.plan.value(name)]).toEqual([name, value]);
    const queue = planQueue('Mailing', {
      ...sendingQuestion({ ...QUESTION, sender: 'lambda' }, plan),
      platform: 'lambda',
      broker: 'sqs',
      redrive: {},
    });
    const ours = usual.sender.redriveQueue!.plan;
    for (const name of ['visibilityTimeoutSeconds', 'alarmBacklog', 'alarmAgeSeconds', 'maxReceiveCount']) {
      expect([name, ours.value(name)]).toEqual([name, queue.value(name)]);
    }
    expect(ours.subject).toBe('Mailing');
  });

  test('every number of an alarm is a knob of the plan', () => {
    for (const alarm of [...usual.sender.alarms.all, ...two.sender.alarms.all]) {
      const { threshold, seconds, periods } = knobsOf(`${alarm.node.path}/Resource`);
      const { plan } = alarm.node.path.startsWith('Shop/Mailing') ? usual.sender : two.sender;
      expect(numbersOf(alarm.node.defaultChild as never)).toMatchObject({
        threshold: plan.value(threshold),
        seconds: plan.value(seconds),
        periods: periods === undefined ? 1 : plan.value(periods),
      });
    }
  });
});

describe('days', () => {
  const perDay = 100_000;
  test.each([
    [1, { perSecond: 100, perDay }, 90_000],
    [2, { perSecond: 100, perDay }, 190_000],
    [3, { perSecond: 100, perDay }, 300_000],
    [7, { perSecond: 14, perDay: 50_000 }, 350_000],
    [12, { perSecond: 100, perDay }, 1_200_000],
    // The sandbox of Amazon SES, and a small account.
    [10, { perSecond: 1, perDay: 200 }, 2000],
    [5, { perSecond: 14, perDay: 1000 }, 5000],
  ])('a campaign of %d is built as planned', (days, limit, campaignMessages) => {
    const question = { workload: { campaignMessages, callSeconds: 0.15 }, limit };
    const made = make({ ...question, objective: undefined });
    const { plan, redriveQueue } = made.sender;
    expect(plan.predictions.campaignDays).toBe(days);
    const queue = redriveQueue!.plan;
    // One value for one fact.
    const { functionTimeoutSeconds, retentionSeconds, workload } = sendingQuestion(
      { ...question, sender: 'lambda' },
      plan,
    );
    expect(functionTimeoutSeconds).toBe(plan.value('functionTimeoutSeconds'));
    expect(queue.value('visibilityTimeoutSeconds')).toBe(
      6 * plan.value('functionTimeoutSeconds') + plan.value('batchWindowSeconds'),
    );
    expect(queue.value('retentionSeconds')).toBe(retentionSeconds);
    expect(workload.serviceSeconds).toBeCloseTo(plan.value('senders') / plan.value('messagesPerSecond'), 9);
    // Every mail is kept until it has left, and longer where there is room.
    expect(plan.value('retentionSeconds')).toBeGreaterThan(plan.predictions.campaignSeconds!);
  });

  test('of 13.5 is refused, and says what would do', () => {
    const question = {
      workload: { campaignMessages: 1_350_000, callSeconds: 0.15 },
      limit: { perSecond: 100, perDay },
    };
    expect(() => make({ ...question, objective: undefined })).toThrow(
      /1,350,000 messages take 13\.2 days .*Amazon SQS keeps a message for 13 days/,
    );
  });
});

describe('the breaker', () => {
  test('is started by bounces, complaints and mails that no provider takes, each with a permission', () => {
    const { breaker, alarms } = usual.sender;
    const arn = usual.stack.resolve(breaker!.functionArn);
    const starting = alarms.all.filter((alarm) =>
      JSON.stringify(properties(usual, alarm).AlarmActions ?? []).includes(JSON.stringify(arn)),
    );
    expect(starting.map(({ node }) => node.id)).toEqual(['Bounces', 'Complaints', 'Closed']);
    const permitted = Object.values(usual.template.findResources('AWS::Lambda::Permission')).filter(
      ({ Properties }) => Properties.Principal === 'lambda.alarms.cloudwatch.amazonaws.com',
    );
    expect(permitted.map(({ Properties }) => JSON.stringify(Properties.SourceArn)).sort()).toEqual(
      starting.map((alarm) => JSON.stringify(usual.stack.resolve(alarm.alarmArn))).sort(),
    );
  });

  test('with a second provider it does not start while one is away, and does when both are', () => {
    expect(properties(two, two.sender.alarms.away).AlarmActions).toBeUndefined();
    expect(properties(two, two.sender.alarms.closed)).toMatchObject({
      MetricName: 'Closed',
      Period: 1200,
      EvaluationPeriods: 2,
      AlarmActions: [two.stack.resolve(two.sender.breaker!.functionArn)],
    });
  });

  test('reads and writes the buckets, the days and the gate of its own sender, and no record of a mail', () => {
    const { Statement } = Object.entries(usual.template.findResources('AWS::IAM::Policy')).find(([id]) =>
      id.includes('Breaker'),
    )![1].Properties.PolicyDocument;
    const table = Statement.find(({ Action }: Untyped) => [Action].flat().includes('dynamodb:UpdateItem'));
    expect(table.Condition).toEqual({
      'ForAllValues:StringLike': {
        'dynamodb:LeadingKeys': [
          'bucket#*',
          'day#*',
          { 'Fn::Join': ['', ['gate#', usual.stack.resolve(usual.sender.mapping.eventSourceMappingId)]] },
        ],
      },
    });
  });

  test('has no way back but by hand: no alarm acts when it is over', () => {
    for (const alarm of usual.sender.alarms.all) expect(properties(usual, alarm).OKActions).toBeUndefined();
  });

  test('looks once a minute whether the day is full, only where there is a daily limit', () => {
    usual.template.resourceCountIs('AWS::Events::Rule', 0);
    expect(only(two, 'AWS::Events::Rule')).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      Targets: [expect.objectContaining({ Input: '{"action":"day"}' })],
    });
  });

  test('may be left out', () => {
    const { sender, template } = make({ breaker: false });
    expect([sender.breaker, sender.dayCheck, sender.alarms.paused, sender.alarms.breakerErrors]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    template.resourceCountIs('AWS::Lambda::Permission', 0);
  });

  test('left out, it still stops and starts receiving with the day: nothing else would, for up to a day', () => {
    const daily = make({ breaker: false, limit: { perSecond: 100, perDay: 600_000 } });
    expect(daily.sender.dayCheck).toBeDefined();
    for (const alarm of daily.sender.alarms.all) expect(properties(daily, alarm).AlarmActions).toBeUndefined();
    expect(properties(daily, daily.sender.alarms.closed).AlarmDescription).toContain(
      'Disable the event source mapping',
    );
  });
});

describe('a second provider', () => {
  test('has its own rate, region, identity and set, after the first', () => {
    const text = lanesText(two);
    expect(text.indexOf('\\"name\\":\\"ses\\"')).toBeLessThan(text.indexOf('\\"name\\":\\"standby\\"'));
    expect(text).toContain('\\"region\\":\\"eu-west-1\\"');
    expect(text).toContain('\\"configurationSet\\":\\"mails-eu\\"');
    expect(text).toContain('\\"messagesPerSecond\\":13.33');
    const allowed = permissions(two, two.sender.senderFunction.role)['ses:SendEmail'];
    expect(allowed).toContain('arn:aws:ses:eu-west-1:123456789012:identity/example.com');
    expect(allowed).toContain(':ses:eu-west-1:');
  });

  test('an identity that is known by its name has an ARN in the region of the provider', () => {
    const stack = shop();
    const identity = EmailIdentity.fromEmailIdentityName(stack, 'There', 'example.com');
    const made = make({ standby: { ...standbyOf(stack), identity } }, stack);
    expect(permissions(made, made.sender.senderFunction.role)['ses:SendEmail']).toMatch(
      /:ses:eu-west-1:[^ ]*:identity\/example\.com/,
    );
    expect(lanesText(made)).toMatch(/:ses:eu-west-1:.*:identity\/example\.com/);
  });

  test('gives the function time for a portion at its rate', () => {
    // 46 ÷ 13.33 ÷ 0.01 + 5 + 20
    expect(two.sender.plan.value('functionTimeoutSeconds')).toBe(370);
    expect(two.sender.plan.predictions.standbyCampaignSeconds).toBeCloseTo(37_500, 0);
  });
});

describe('bring your own', () => {
  test('a redrive queue that sets mails aside too early, or deletes them, is refused: all at once', () => {
    const stack = shop();
    const queue = new RedriveQueue(stack, 'Mails', {
      workload: { steadyPerSecond: 1, serviceSeconds: 2 },
      objective: { latencySeconds: 600 },
      maxReceiveCount: 5,
      retention: Duration.days(2),
    });
    const campaign = { workload: { campaignMessages: 500_000, callSeconds: 0.15 }, objective: undefined };
    expect(() => make({ ...campaign, limit: { perSecond: 100, perDay: 100_000 }, queue }, stack)).toThrow(
      /(?=.*a visibility timeout in seconds of at least 445)(?=.*a maxReceiveCount of at least 106, got 5)(?=.*a retention in seconds of at least \d+, got 172800)/s,
    );
  });

  test('a table with a key of its own: senders and breaker may use the key', () => {
    const stack = new Stack(undefined, 'Shop', { env: { region: 'us-east-1', account: '123456789012' } });
    const key = new Key(stack, 'TableKey');
    const table = new TableV2(stack, 'Records', {
      partitionKey: { name: 'id', type: 'S' as never },
      encryption: TableEncryptionV2.customerManagedKey(key),
    });
    const made = make({ table }, stack);
    for (const { role } of [made.sender.senderFunction, made.sender.breaker!]) {
      const [action] = Object.keys(permissions(made, role)).filter((one) => one.includes('kms:Encrypt'));
      expect(action).toContain('kms:Decrypt');
      expect(permissions(made, role)[action]).toBe('TableKey');
    }
  });

  test('the quarantine beside a queue with a key is encrypted by it', () => {
    const stack = shop();
    const key = new Key(stack, 'Key');
    const made = make({ queue: new Queue(stack, 'Mails', { encryptionMasterKey: key }) }, stack);
    expect(properties(made, made.sender.quarantineQueue as Queue).KmsMasterKeyId).toEqual(stack.resolve(key.keyArn));
  });

  test('a queue, a table and a configuration set: nothing is made twice, and what can be added is', () => {
    const stack = shop();
    const key = new Key(stack, 'Key');
    const queue = new Queue(stack, 'Mails', { encryptionMasterKey: key });
    const table = new TableV2(stack, 'Records', { partitionKey: { name: 'id', type: 'S' as never } });
    const configurationSet = ConfigurationSet.fromConfigurationSetName(stack, 'Set', 'mails');
    const made = make({ queue, table, configurationSet }, stack);
    const { template, sender } = made;
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 1);
    template.resourceCountIs('AWS::SES::ConfigurationSet', 0);
    expect(only(made, 'AWS::SES::ConfigurationSetEventDestination').ConfigurationSetName).toBe('mails');
    expect([sender.queue, sender.table, sender.redriveQueue]).toEqual([queue, table, undefined]);
    // Theirs and the quarantine.
    template.resourceCountIs('AWS::SQS::Queue', 2);
    expect(permissions(made, sender.senderFunction.role)['kms:Decrypt']).toBe('Key');
    expect(nagFindings(sender)).toEqual([]);
  });

  test('a redrive queue brings its quarantine, and has to wait for the senders', () => {
    const stack = shop();
    const demand = { workload: { steadyPerSecond: 1, serviceSeconds: 2 }, objective: { latencySeconds: 600 } };
    const queue = new RedriveQueue(stack, 'Mails', {
      ...demand,
      functionTimeout: Duration.seconds(74),
      batchWindow: Duration.seconds(1),
      maxReceiveCount: 106,
    });
    const { sender } = make({ queue }, stack);
    expect(sender.redriveQueue).toBe(queue);
    expect(sender.quarantineQueue).toBe(queue.quarantineQueue);
    const other = shop();
    const hasty = new RedriveQueue(other, 'Mails', {
      ...demand,
      workload: { steadyPerSecond: 1, serviceSeconds: 0.01 },
    });
    expect(() => make({ queue: hasty }, other)).toThrow(
      'Mailing: queue must have a visibility timeout in seconds of at least 445',
    );
  });

  test('what cannot be together is said', () => {
    const stack = shop();
    expect(() =>
      make({ queue: new Queue(stack, 'Mails'), queueName: 'mails', encryptionKey: new Key(stack, 'Key') }, stack),
    ).toThrow(/queueName is for the queue that is made here.*encryptionKey is for the queues/s);
  });
});

describe('a tenant', () => {
  const stack = shop();
  const made = make({ tenant: { name: 'newsletters' }, templates: ['welcome'], standby: standbyOf(stack) }, stack);

  test('has what a mail names: identity, configuration set and templates, and pauses by the standard policy', () => {
    const { sender } = made;
    const { TenantName, ReputationEntity, ResourceAssociations } = only(made, 'AWS::SES::Tenant');
    expect(TenantName).toBe('newsletters');
    expect(JSON.stringify(ReputationEntity)).toContain(':aws:reputation-policy/standard');
    const set = JSON.stringify(stack.resolve(sender.configurationSet.configurationSetName));
    const arns = ResourceAssociations.map(({ ResourceArn }: Untyped) => JSON.stringify(ResourceArn));
    expect(arns).toHaveLength(3);
    expect(arns[0]).toContain(':identity/example.com');
    expect([arns[1].includes(':configuration-set/'), arns[1].includes(set)]).toEqual([true, true]);
    expect(arns[2]).toContain(':template/welcome');
  });

  test('is named by every mail of the first provider, and by none of the second, which is elsewhere', () => {
    const [first, second] = lanesText(made).split('\\"standby\\"');
    expect(first).toContain('\\"tenant\\":\\"');
    expect(second).not.toContain('tenant');
    expect(lanesText(usual)).not.toContain('tenant');
    usual.template.resourceCountIs('AWS::SES::Tenant', 0);
  });

  test('its name and its policy are checked', () => {
    expect(() => make({ tenant: { name: 'two words', policy: 'lax' as never } })).toThrow(
      /(?=.*tenant\.name must be 1 to 64 letters)(?=.*tenant\.policy must be one of none, standard, strict)/s,
    );
    expect(nagFindings(made.sender)).toEqual([]);
  });
});

describe('props', () => {
  test('all that is wrong is said at once', () => {
    expect(() =>
      make({
        workload: { callSeconds: -1 } as never,
        limit: { perSecond: 0 },
        from: 'nobody',
        onUnknown: 'perhaps' as never,
        fro: 'x',
      } as never),
    ).toThrow(/(?=.*callSeconds)(?=.*limit\.perSecond)(?=.*from must be an address)(?=.*onUnknown)(?=.*fro)/s);
    expect(() => new RateLimitedSender(shop(), 'Mailing', {} as never)).toThrow(InvalidInputError);
  });

  test('a second provider in the same region has the same quotas', () => {
    const stack = new Stack(undefined, 'Fixed', { env: { region: 'eu-west-1', account: '123456789012' } });
    expect(
      () =>
        new RateLimitedSender(stack, 'Mailing', {
          ...QUESTION,
          identity: identityOf(stack),
          from: 'a@example.com',
          standby: standbyOf(stack),
        }),
    ).toThrow('standby.region must be another one than eu-west-1');
  });

  test('too large a campaign is refused with ways out', () => {
    expect(() => make({ workload: { ...QUESTION.workload, campaignMessages: 5e6 } })).toThrow(CapacityError);
  });

  test('what was perhaps sent is parked, unless told otherwise', () => {
    expect(environment(usual).ON_UNKNOWN).toBe('park');
    expect(environment(make({ onUnknown: UnknownMail.SEND })).ON_UNKNOWN).toBe('send');
  });
});

test('an alarm topic gets every alarm', () => {
  const stack = shop();
  const alarmTopic = new Topic(stack, 'Alarms');
  const made = make({ alarmTopic }, stack);
  const arn = JSON.stringify(stack.resolve(alarmTopic.topicArn));
  for (const alarm of [...made.sender.alarms.all, ...made.sender.redriveQueue!.alarms.all]) {
    expect(JSON.stringify(properties(made, alarm).AlarmActions)).toContain(arn);
  }
});

test('two side by side share no name, metric or table', () => {
  const stack = shop();
  const both = ['One', 'Two'].map(
    (id) =>
      new RateLimitedSender(stack, id, { ...QUESTION, identity: identityOf(stack, `${id}Of`), from: 'a@example.com' }),
  );
  const template = Template.fromStack(stack);
  // Functions, tables and alarms are named by CloudFormation; a queue that its dead-letter queue admits needs a name.
  const named = Object.values(template.findResources('AWS::SQS::Queue')).flatMap(({ Properties }) =>
    Properties.QueueName === undefined ? [] : [JSON.stringify(Properties.QueueName)],
  );
  expect(named).toHaveLength(2);
  for (const type of [
    'AWS::DynamoDB::GlobalTable',
    'AWS::Lambda::Function',
    'AWS::CloudWatch::Alarm',
    'AWS::SES::ConfigurationSet',
  ]) {
    for (const { Properties = {} } of Object.values(template.findResources(type))) {
      expect([Properties.TableName, Properties.FunctionName, Properties.AlarmName, Properties.Name]).toEqual(
        Array(4).fill(undefined),
      );
    }
  }
  expect(new Set(named).size).toBe(named.length);
  const metrics = both.map(({ alarms }) =>
    alarms.all.map((alarm) =>
      JSON.stringify([
        properties({ stack, template }, alarm).MetricName,
        properties({ stack, template }, alarm).Dimensions,
      ]),
    ),
  );
  expect(metrics[0].filter((metric) => metrics[1].includes(metric))).toEqual([]);
});

test('cdk-nag finds nothing', () => {
  expect(nagFindings(usual.sender)).toEqual([]);
  expect(nagFindings(two.sender)).toEqual([]);
});
