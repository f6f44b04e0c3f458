import { type App, Duration, Names, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { User } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, StorageClass, type Transition } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import fc from 'fast-check';
import { ArchiveBucket, type ArchiveBucketProps } from '../../../lib/aws/storage/archive-bucket';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { nagFindings } from '../../support/nag';
import { optional, usually, validOrNamed, zeroOr } from '../../support/property';
import { shop } from '../../support/stack';

const KB = 1024;
const MB = 1024 * KB;

/** A year of $5,000 a month in S3 Standard, in objects of 1 MB. */
const WORKLOAD = { bytesPerDay: 640e9, objectBytes: MB };
const SEED: Transition[] = [
  { storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) },
  { storageClass: StorageClass.GLACIER, transitionAfter: Duration.days(180) },
];

function archive(props: Partial<ArchiveBucketProps> = {}) {
  const stack = shop();
  const construct = new ArchiveBucket(stack, 'Archive', { workload: WORKLOAD, ...props });
  return { stack, construct, template: () => Template.fromStack(stack) };
}

/** The lifecycle rules of the archive (not of its log bucket). */
function rules(template: Template): { [id: string]: { [key: string]: unknown } } {
  const buckets = Object.values(
    template.findResources('AWS::S3::Bucket', { Properties: { VersioningConfiguration: Match.anyValue() } }),
  );
  expect(buckets).toHaveLength(1);
  const list: { Id: string }[] = buckets[0].Properties.LifecycleConfiguration.Rules;
  return Object.fromEntries(list.map((rule) => [rule.Id, rule]));
}

describe('lifecycle', () => {
  test('IA 30, Glacier 180, expire 365 for objects that are worth it', () => {
    const found = rules(archive().template());
    expect(found['move-to-STANDARD_IA']).toMatchObject({
      Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 30 }],
    });
    expect(found['move-to-GLACIER']).toMatchObject({
      Transitions: [{ StorageClass: 'GLACIER', TransitionInDays: 180 }],
    });
    expect(found.expire).toMatchObject({ ExpirationInDays: 365, Status: 'Enabled' });
  });

  test('trap: small objects are not moved, because moving them costs more than keeping them', () => {
    const found = rules(archive({ workload: { ...WORKLOAD, objectBytes: 16 * KB } }).template());
    expect(Object.keys(found)).toEqual(['expire', 'expired-delete-markers']);
  });

  test('trap: the rule of the seed on 16 KB objects is refused with the break-even, both costs and ways out', () => {
    const refused = () => archive({ workload: { ...WORKLOAD, objectBytes: 16 * KB }, transitions: SEED });
    expect(refused).toThrow(CapacityError);
    expect(refused).toThrow(
      /costs 59,085 USD\/month .* S3 Standard 5,415 USD\/month; it pays from 231 KB an object; compact to 231 KB/,
    );
  });

  test('trap: 128 KB minimum; no transition is without a size floor, and the floor is the break-even', () => {
    const { construct, template } = archive();
    const moves = Object.values(rules(template())).filter((rule) => rule.Transitions);
    expect(moves.map((rule) => rule.ObjectSizeGreaterThan)).toEqual([109_605, 539_451]);
    expect(construct.plan.predictions.breakEvenObjectBytes).toBe(109_606);
    // For rules added by hand, and on buckets from before September 2024.
    template().hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K' },
    });
  });

  test('trap: minimum storage days; what expires too soon after a move is not moved', () => {
    const found = rules(
      archive({
        workload: { ...WORKLOAD, retentionDays: 31 },
        noncurrentVersionExpiration: Duration.days(1),
      }).template(),
    );
    expect(found['move-to-STANDARD_IA']).toBeUndefined();
    expect(() =>
      archive({
        workload: { ...WORKLOAD, retentionDays: 181 },
        noncurrentVersionExpiration: Duration.days(1),
        transitions: [{ storageClass: StorageClass.DEEP_ARCHIVE, transitionAfter: Duration.days(180) }],
      }),
    ).toThrow(CapacityError);
  });

  test('trap: no rule for noncurrent versions; they and their delete markers go', () => {
    const found = rules(archive().template());
    expect(found.expire.NoncurrentVersionExpiration).toEqual({ NoncurrentDays: 30 });
    expect(found['expired-delete-markers'].ExpiredObjectDeleteMarker).toBe(true);
    // S3 refuses both actions in one rule.
    expect(found['expired-delete-markers'].ExpirationInDays).toBeUndefined();
  });

  test('parts of unfinished uploads go, in a rule that no size filter narrows', () => {
    const { expire } = rules(archive().template());
    expect(expire.AbortIncompleteMultipartUpload).toEqual({ DaysAfterInitiation: 7 });
    expect(expire.ObjectSizeGreaterThan).toBeUndefined();
  });

  test('Intelligent-Tiering by choice', () => {
    const transitions = [{ storageClass: StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(0) }];
    const found = rules(archive({ transitions }).template());
    expect(found['move-to-INTELLIGENT_TIERING']).toMatchObject({
      ObjectSizeGreaterThan: expect.any(Number),
      Transitions: [{ StorageClass: 'INTELLIGENT_TIERING', TransitionInDays: 0 }],
    });
  });

  test('an empty list keeps everything in Standard', () => {
    const { construct, template } = archive({ transitions: [] });
    expect(Object.keys(rules(template()))).toEqual(['expire', 'expired-delete-markers']);
    expect(construct.objectBytesAlarm).toBeUndefined();
  });

  test('every number of a rule is the knob of the plan', () => {
    const { construct, template } = archive({ workload: { ...WORKLOAD, retentionDays: 400 } });
    const found = rules(template());
    expect(found.expire.ExpirationInDays).toBe(construct.plan.value('expirationInDays'));
    expect(found['move-to-GLACIER'].ObjectSizeGreaterThan).toBe(construct.plan.value('objectSizeGreaterThan.GLACIER'));
    expect(construct.plan.value('transitionInDays.GLACIER')).toBe(180);
  });

  test('a move that costs more than it saves, inside a list that saves, is a warning', () => {
    const { stack } = archive({ workload: { ...WORKLOAD, objectBytes: 400 * KB }, transitions: SEED });
    Annotations.fromStack(stack).hasWarning(
      '/Shop/Archive',
      Match.stringLikeRegexp('GLACIER after 180 d costs more than it saves'),
    );
  });

  test('durations that are tokens go through', () => {
    const days = Duration.days(Token.asNumber({ Ref: 'Days' }));
    const found = rules(
      archive({ noncurrentVersionExpiration: days, abortIncompleteMultipartUploadAfter: days }).template(),
    );
    expect(found.expire).toMatchObject({
      NoncurrentVersionExpiration: { NoncurrentDays: { Ref: 'Days' } },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: { Ref: 'Days' } },
    });
  });
});

describe('secure by default', () => {
  test('cdk-nag AwsSolutions finds nothing, and nothing is suppressed', () => {
    const { stack } = archive();
    expect(nagFindings(stack)).toEqual([]);
    expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toContain('rules_to_suppress');
    new Bucket(stack, 'Control');
    expect(nagFindings(stack).map(({ rule }) => rule)).toContain('AwsSolutions-S1');
  });

  test('cdk-nag finds nothing with a key, a topic and a log bucket of the user', () => {
    const stack = shop({ '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true });
    new ArchiveBucket(stack, 'Archive', {
      workload: WORKLOAD,
      encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }),
      serverAccessLogsBucket: new Bucket(stack, 'Logs', { enforceSSL: true }),
      alarmTopic: new Topic(stack, 'Topic', { enforceSSL: true }),
    });
    expect(nagFindings(stack)).toEqual([]);
  });

  test('both buckets: no public access, no ACLs, TLS 1.2 only, encrypted, retained', () => {
    const template = archive().template();
    template.allResourcesProperties('AWS::S3::Bucket', {
      BucketEncryption: Match.anyValue(),
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    template.allResources('AWS::S3::Bucket', { DeletionPolicy: 'Retain' });
    for (const policy of Object.values(template.findResources('AWS::S3::BucketPolicy'))) {
      expect(JSON.stringify(policy)).toContain('"aws:SecureTransport":"false"');
      expect(JSON.stringify(policy)).toContain('"s3:TlsVersion":1.2');
    }
    expect(JSON.stringify(template.toJSON())).not.toContain('AccessControl":');
  });

  test('a key given encrypts the archive, not the log bucket, to which S3 could not deliver', () => {
    const stack = shop();
    new ArchiveBucket(stack, 'Archive', { workload: WORKLOAD, encryptionKey: new Key(stack, 'Key') });
    const algorithms = Object.values(Template.fromStack(stack).findResources('AWS::S3::Bucket')).map(
      (bucket) => bucket.Properties.BucketEncryption.ServerSideEncryptionConfiguration[0],
    );
    expect(algorithms).toEqual([
      { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
      {
        BucketKeyEnabled: true,
        ServerSideEncryptionByDefault: { KMSMasterKeyID: expect.anything(), SSEAlgorithm: 'aws:kms' },
      },
    ]);
  });

  test('access logs and inventory go to the log bucket; the archive never refers to itself', () => {
    const { template, construct } = archive();
    const [[logId, logs], [, main]] = Object.entries(template().findResources('AWS::S3::Bucket'));
    expect(logs.Properties.LifecycleConfiguration.Rules).toEqual([
      expect.objectContaining({ ExpirationInDays: construct.plan.value('logRetentionDays') }),
    ]);
    expect(main.Properties.LoggingConfiguration.DestinationBucketName).toEqual({ Ref: logId });
    expect(main.Properties.InventoryConfigurations[0].Destination.BucketArn).toEqual({ 'Fn::GetAtt': [logId, 'Arn'] });
    expect(main.Properties.InventoryConfigurations[0].IncludedObjectVersions).toBe('All');
  });

  test('given buckets take logs and inventory, and no log bucket is made', () => {
    const stack = shop({ '@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy': true });
    const construct = new ArchiveBucket(stack, 'Archive', {
      workload: WORKLOAD,
      serverAccessLogsBucket: new Bucket(stack, 'Logs'),
      inventoryBucket: Bucket.fromBucketName(stack, 'Inventory', 'inventory'),
    });
    expect(construct.logBucket).toBeUndefined();
    expect(construct.plan.knobs.map(({ name }) => name)).not.toContain('logRetentionDays');
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::S3::Bucket', 2);
    template.hasResourceProperties('AWS::S3::Bucket', {
      InventoryConfigurations: [
        { Destination: { BucketArn: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':s3:::inventory']] } } },
      ],
    });
  });

  test('removalPolicy holds for both buckets', () => {
    archive({ removalPolicy: RemovalPolicy.DESTROY })
      .template()
      .allResources('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
  });
});

describe('the bill', () => {
  test('a budget over the tagged bucket: predicted cost with requests and head-room, told by SNS', () => {
    const { construct, template } = archive();
    const { monthlyCostAfter, monthlyRequestCost } = construct.plan.predictions;
    expect(construct.plan.value('alarmBudgetPercent')).toBe(100);
    const amount = Math.ceil(1.2 * (monthlyCostAfter + monthlyRequestCost));
    template().hasResourceProperties('AWS::Budgets::Budget', {
      Budget: {
        BudgetLimit: { Amount: amount, Unit: 'USD' },
        BudgetType: 'COST',
        TimeUnit: 'MONTHLY',
        CostFilters: { TagKeyValue: [`user:backpressure:archive$${Names.uniqueId(construct)}`] },
        // A budget with a name cannot be replaced, and CloudFormation replaces it when its notifications change.
        BudgetName: Match.absent(),
      },
      NotificationsWithSubscribers: ['ACTUAL', 'FORECASTED'].map((NotificationType) =>
        Match.objectLike({
          Notification: { NotificationType, ComparisonOperator: 'GREATER_THAN', Threshold: 100 },
          Subscribers: [{ SubscriptionType: 'SNS', Address: { Ref: Match.anyValue() } }],
        }),
      ),
    });
    template().hasResourceProperties('AWS::S3::Bucket', {
      Tags: [{ Key: 'backpressure:archive', Value: Names.uniqueId(construct) }],
    });
  });

  test('the budget waits for the topic policy, and the policy lets both the budget and the alarms publish', () => {
    const template = archive().template();
    const [policyId] = Object.keys(template.findResources('AWS::SNS::TopicPolicy'));
    template.hasResource('AWS::Budgets::Budget', { DependsOn: Match.arrayWith([policyId]) });
    for (const Service of ['budgets.amazonaws.com', 'cloudwatch.amazonaws.com']) {
      template.hasResourceProperties('AWS::SNS::TopicPolicy', {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Effect: 'Allow',
              Action: 'sns:Publish',
              Principal: { Service },
              Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
            }),
          ]),
        },
      });
    }
  });

  test('a budget can be left out; the alarms and the plan stay', () => {
    const { construct, template } = archive({ budget: false });
    template().resourceCountIs('AWS::Budgets::Budget', 0);
    template().resourceCountIs('AWS::CloudWatch::Alarm', 2);
    expect(construct.budget).toBeUndefined();
    expect(construct.plan.value('budgetLimit')).toBeGreaterThan(0);
    expect(JSON.stringify(template().toJSON())).not.toMatch(/budgets.amazonaws|backpressure:archive/);
  });

  describe.each([
    ['us-gov-west-1', 'GovCloud has no AWS Budgets'],
    ['cn-northwest-1', 'China counts in yuan'],
    ['eusc-de-east-1', 'counts in euros'],
  ])('in %s', (region, reason) => {
    const inRegion = (props: Partial<ArchiveBucketProps> = {}) => {
      const stack = new Stack(shop().node.root as App, 'There', { env: { region, account: '123456789012' } });
      new ArchiveBucket(stack, 'Archive', { workload: WORKLOAD, ...props });
      return stack;
    };

    test('it is left out, and the reason is said', () => {
      const stack = inRegion();
      Template.fromStack(stack).resourceCountIs('AWS::Budgets::Budget', 0);
      Annotations.fromStack(stack).hasInfo('/There/Archive', Match.stringLikeRegexp(`${region}: .*${reason}`));
    });

    test('one that is asked for is refused, and one that is not wanted is not spoken of', () => {
      expect(() => inRegion({ budget: true })).toThrow(`Archive: budget must be left out in ${region}: `);
      Annotations.fromStack(inRegion({ budget: false })).hasNoInfo('*', Match.anyValue());
    });
  });

  test('an inventory of a bucket of the same name in another account is refused', () => {
    archive()
      .template()
      .hasResourceProperties('AWS::S3::BucketPolicy', {
        PolicyDocument: {
          Statement: Match.arrayWith([
            {
              Effect: 'Deny',
              Principal: { Service: 's3.amazonaws.com' },
              Action: 's3:PutObject',
              Resource: Match.anyValue(),
              Condition: {
                ArnLike: { 'aws:SourceArn': { 'Fn::GetAtt': [Match.stringLikeRegexp('^ArchiveBucket'), 'Arn'] } },
                StringNotEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              },
            },
          ]),
        },
      });
  });

  test('alarms on the stock itself: too many bytes, too small objects', () => {
    const { construct, template } = archive();
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: construct.plan.value('storedBytesLimit'),
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'SUM([standardStorage, standardIAStorage, glacierStorage])' }),
      ]),
    });
    template().hasResourceProperties('AWS::CloudWatch::Alarm', {
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 109_606,
      Metrics: Match.arrayWith([
        Match.objectLike({ Expression: 'SUM([standardStorage, standardIAStorage, glacierStorage]) / objects' }),
      ]),
    });
    template().allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: Match.anyValue() }],
      TreatMissingData: 'ignore',
    });
  });

  test('a ceiling that does not hold is refused with ways out', () => {
    expect(() => archive({ objective: { monthlyCost: 2000 } })).toThrow(
      /above the 2,000 USD\/month allowed; allow .*, or keep 176 days/,
    );
  });

  test('two archives share a topic', () => {
    const stack = shop();
    const alarmTopic = new Topic(stack, 'Topic');
    for (const id of ['A', 'B']) new ArchiveBucket(stack, id, { workload: WORKLOAD, alarmTopic });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::SNS::Topic', 1);
    template.resourceCountIs('AWS::Budgets::Budget', 2);
    const tags = Object.values(template.findResources('AWS::Budgets::Budget')).map(
      (b) => b.Properties.Budget.CostFilters.TagKeyValue[0],
    );
    expect(new Set(tags).size).toBe(2);
  });
});

describe('partitions by service and date', () => {
  const { construct } = archive();

  test('a prefix for Firehose and one for a day', () => {
    expect(construct.prefixFor('orders')).toBe('service=orders/date=!{timestamp:yyyy-MM-dd}/');
    expect(construct.dayPrefixFor('orders', new Date('2026-11-23T23:59:59Z'))).toBe('service=orders/date=2026-11-23/');
  });

  test('Athena looks back as far as the retention', () => {
    expect(construct.partitionProjection(['orders', 'mail'])).toMatchObject({
      'projection.service.values': 'orders,mail',
      'projection.date.range': 'NOW-365DAYS,NOW',
      'storage.location.template': expect.stringMatching(/^s3:\/\/.*\/service=\$\{service\}\/date=\$\{date\}\/$/),
    });
  });

  test.each(['', 'a/b', 'a=b', '日誌', 'a b'])("'%s' is no service", (service) => {
    expect(() => construct.prefixFor(service)).toThrow(InvalidInputError);
    expect(() => construct.partitionProjection([service])).toThrow(InvalidInputError);
  });

  test('no service is no table', () => {
    expect(() => construct.partitionProjection([])).toThrow('services must name at least one service');
  });

  test('grants reach one service and no further', () => {
    const { stack, construct } = archive();
    const user = new User(stack, 'User');
    construct.grantWrite(user, 'orders');
    construct.grantRead(user, 'mail');
    const policy = JSON.stringify(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    expect(policy).toContain('/service=orders/*');
    expect(policy).toContain('/service=mail/*');
    expect(policy).not.toContain('"/*"');
  });
});

describe('validation', () => {
  test.each<[string, Partial<ArchiveBucketProps>]>([
    [
      'workload.bytesPerDay must be a number known at synth',
      { workload: { ...WORKLOAD, bytesPerDay: Token.asNumber({ Ref: 'P' }) } },
    ],
    ['workload.objectBytes must be between 1 and', { workload: { ...WORKLOAD, objectBytes: 0 } }],
    [
      'noncurrentVersionExpiration must be whole days, at least 1, got 0.5',
      { noncurrentVersionExpiration: Duration.hours(12) },
    ],
    [
      'abortIncompleteMultipartUploadAfter must be whole days',
      { abortIncompleteMultipartUploadAfter: Duration.days(0) },
    ],
    [
      'days to GLACIER must be whole days, at least 0, got 1.5',
      { transitions: [{ storageClass: StorageClass.GLACIER, transitionAfter: Duration.hours(36) }] },
    ],
    [
      'GLACIER must have transitionAfter, got transitionDate',
      { transitions: [{ storageClass: StorageClass.GLACIER, transitionDate: new Date(0) }] },
    ],
    ['GLACIER must have transitionAfter, got none', { transitions: [{ storageClass: StorageClass.GLACIER }] }],
    [
      'days to GLACIER must be known at synth',
      {
        transitions: [
          { storageClass: StorageClass.GLACIER, transitionAfter: Duration.days(Token.asNumber({ Ref: 'P' })) },
        ],
      },
    ],
    [
      'must name one of STANDARD_IA',
      { transitions: [{ storageClass: StorageClass.ONE_ZONE_INFREQUENT_ACCESS, transitionAfter: Duration.days(30) }] },
    ],
    [
      "costAllocationTag must be 1 to 128 letters, digits, spaces or + - = . _ : / @, and not begin with aws:, got 'aws:x'",
      { costAllocationTag: 'aws:x' },
    ],
    ['budgetHeadroom must be between 1 and 10, got 11', { budgetHeadroom: 11 }],
  ])('%s', (message, props) => {
    expect(() => archive(props)).toThrow(InvalidInputError);
    expect(() => archive(props)).toThrow(message);
  });
});

test('random props give a valid template or a named error, nothing else', () => {
  const days = (min: number, max: number) =>
    usually(fc.integer({ min, max }), fc.double({ min: 0, max, noNaN: true })).map((d) => Duration.hours(24 * d));
  const move = (storageClass: StorageClass, min: number, max: number) =>
    fc.record({ storageClass: fc.constant(storageClass), transitionAfter: days(min, max) });
  const moves = fc.tuple(
    optional(move(StorageClass.INFREQUENT_ACCESS, 30, 60)),
    optional(move(StorageClass.GLACIER, 90, 120)),
    optional(
      usually(move(StorageClass.DEEP_ARCHIVE, 180, 300), move(StorageClass.ONE_ZONE_INFREQUENT_ACCESS, 30, 400)),
    ),
  );
  const tiering = move(StorageClass.INTELLIGENT_TIERING, 0, 60).map((m) => [m]);
  const props = fc.record({
    workload: fc.record({
      bytesPerDay: usually(fc.double({ min: 1, max: 1e15, noNaN: true }), fc.double()),
      objectBytes: usually(
        fc.double({ min: 3, max: 9, noNaN: true }).map((e) => 10 ** e),
        fc.double(),
      ),
      retentionDays: optional(usually(fc.integer({ min: 1, max: 4000 }), fc.double({ min: 0, max: 50_000 }))),
      overwriteRatio: optional(usually(zeroOr(0.001, 0.99), fc.double())),
      readRatioPerMonth: optional(usually(zeroOr(0.001, 2), fc.double())),
    }),
    objective: optional(
      fc.record({
        monthlyCost: optional(usually(fc.double({ min: 1e5, max: 1e9, noNaN: true }), fc.double())),
        retrievalSeconds: optional(usually(fc.integer({ min: 0, max: 1e6 }), fc.double())),
      }),
    ),
    transitions: optional(
      fc.oneof(
        moves.map((list) => list.filter((m) => m !== undefined)),
        tiering,
      ),
    ),
    noncurrentVersionExpiration: optional(days(1, 400)),
    abortIncompleteMultipartUploadAfter: optional(days(1, 30)),
    budgetHeadroom: optional(usually(fc.double({ min: 1, max: 10, noNaN: true }), fc.double())),
    costAllocationTag: optional(usually(fc.stringMatching(/^[a-z][a-z:/ -]{0,20}$/), fc.string({ maxLength: 140 }))),
  });
  const make = (random: Partial<ArchiveBucketProps>) => {
    const { stack, template } = archive(random);
    return { stack, template: template() };
  };
  validOrNamed(/^Archive: /, props, make, ({ template }) => {
    for (const rule of Object.values(rules(template)).filter((one) => one.Transitions)) {
      const [move] = rule.Transitions as { TransitionInDays: number }[];
      expect(Number.isInteger(rule.ObjectSizeGreaterThan)).toBe(true);
      expect(move.TransitionInDays).toBeLessThan(rules(template).expire.ExpirationInDays as number);
    }
    template.resourcePropertiesCountIs('AWS::Budgets::Budget', { Budget: { BudgetLimit: { Unit: 'USD' } } }, 1);
  });
}, 300_000);
