/** Alarms reach their topic, whatever policy and key it has. */
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AnyPrincipal, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias, Key } from 'aws-cdk-lib/aws-kms';
import { Topic, type TopicProps } from 'aws-cdk-lib/aws-sns';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import { ArchiveBucket } from '../../lib/aws/storage/archive-bucket';
import { InvalidInputError } from '../../lib/flow/errors';
import { CLOUDWATCH, mute, publishersOf } from '../support/alarm-topics';
import { nagFindings } from '../support/nag';
import { shop, type Untyped } from '../support/stack';

const demand = {
  workload: { steadyPerSecond: 20, peakPerSecond: 80, peakSeconds: 600, serviceSeconds: 0.07 },
  objective: { latencySeconds: 60 },
};
const BUDGETS = 'budgets.amazonaws.com';

function queueOn(props: TopicProps | ((stack: Stack) => TopicProps), stack: Stack = shop()) {
  const alarmTopic = new Topic(stack, 'Pager', typeof props === 'function' ? props(stack) : props);
  new RedriveQueue(stack, 'Orders', { ...demand, alarmTopic });
  return { stack, alarmTopic, template: () => Template.fromStack(stack) };
}

const keyed = (stack: Stack): TopicProps => ({ masterKey: new Key(stack, 'Key', { enableKeyRotation: true }) });

describe('no alarm is mute', () => {
  test.each<[string, TopicProps | ((stack: Stack) => TopicProps)]>([
    ['a plain topic', {}],
    ['a topic that takes TLS only', { enforceSSL: true }],
    ['a topic with a key', keyed],
    ['a topic with a key that takes TLS only', (stack) => ({ ...keyed(stack), enforceSSL: true })],
    [
      'a topic with the alias of a key',
      (stack) => ({
        masterKey: new Alias(stack, 'Alias', { aliasName: 'alias/pager', targetKey: new Key(stack, 'Key') }),
      }),
    ],
  ])('%s', (_, props) => {
    const template = queueOn(props).template().toJSON();
    expect(mute(template)).toEqual([]);
    const policies = Object.values<Untyped>(template.Resources).filter(({ Type }) => Type === 'AWS::SNS::TopicPolicy');
    expect(policies).toHaveLength(1);
  });

  test('a topic of another region is refused: an alarm publishes within its own', () => {
    const env = { account: '123456789012', region: 'eu-west-1' };
    const onTopicIn = (region: string) => () => {
      const stack = new Stack(new App(), 'Shop', { env });
      const alarmTopic = Topic.fromTopicArn(stack, 'Pager', `arn:aws:sns:${region}:123456789012:pager`);
      return new RedriveQueue(stack, 'Orders', { ...demand, alarmTopic });
    };
    expect(onTopicIn('us-east-1')).toThrow(
      /alarmTopic must be in eu-west-1, the region of this stack's CloudWatch alarms, got one in us-east-1/,
    );
    expect(onTopicIn('eu-west-1')).not.toThrow();
  });

  test('a policy that is added later does not shut them out', () => {
    const { alarmTopic, template } = queueOn({});
    alarmTopic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [alarmTopic.topicArn],
      }),
    );
    expect(mute(template().toJSON())).toEqual([]);
  });

  test('two constructs and an archive share a topic: one statement for alarms, one for budgets', () => {
    const { stack, alarmTopic, template } = queueOn(keyed);
    new RedriveQueue(stack, 'Second', { ...demand, alarmTopic });
    new ArchiveBucket(stack, 'Archive', { workload: { bytesPerDay: 1e9, objectBytes: 2 ** 20 }, alarmTopic });
    const found = template().toJSON();
    expect(mute(found)).toEqual([]);
    expect(publishersOf(found, 'AWS::SNS::TopicPolicy').filter((one) => one !== '*')).toEqual([CLOUDWATCH, BUDGETS]);
    expect(publishersOf(found, 'AWS::KMS::Key')).toEqual([CLOUDWATCH, BUDGETS]);
  });

  test('the judge of this file hears a mute one', () => {
    const denied = queueOn({ enforceSSL: true }).template().toJSON();
    for (const one of Object.values<Untyped>(denied.Resources)) {
      if (one.Type !== 'AWS::SNS::TopicPolicy') continue;
      const { PolicyDocument } = one.Properties;
      PolicyDocument.Statement = PolicyDocument.Statement.filter(({ Effect }: Untyped) => Effect === 'Deny');
    }
    expect(mute(denied).length).toBeGreaterThan(5);
  });
});

describe('nobody else is let in, and nobody is shut out', () => {
  const only = (template: Template, type: string): Untyped => Object.values(template.findResources(type))[0].Properties;

  test('alarms of this account and region, and nothing but to publish', () => {
    const { PolicyDocument } = only(queueOn({ enforceSSL: true }).template(), 'AWS::SNS::TopicPolicy');
    const allowed = PolicyDocument.Statement.filter(({ Effect }: Untyped) => Effect === 'Allow');
    expect(allowed).toEqual([
      {
        Sid: expect.any(String),
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: CLOUDWATCH },
        Resource: { Ref: expect.stringMatching(/^Pager/) },
        Condition: {
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
          ArnLike: { 'aws:SourceArn': { 'Fn::Join': ['', expect.arrayContaining([':alarm:*'])] } },
        },
      },
    ]);
  });

  test('the key: to decrypt and to make data keys, without a condition, as CloudWatch documents it', () => {
    const { KeyPolicy } = only(queueOn(keyed).template(), 'AWS::KMS::Key');
    expect(KeyPolicy.Statement[1]).toEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
      Principal: { Service: CLOUDWATCH },
      Resource: '*',
    });
  });

  test('what the default policy of a plain topic let publish still may: services of this account', () => {
    const { PolicyDocument } = only(queueOn({}).template(), 'AWS::SNS::TopicPolicy');
    expect(PolicyDocument.Statement).toContainEqual({
      Sid: expect.any(String),
      Effect: 'Allow',
      Action: 'sns:Publish',
      Principal: { AWS: '*' },
      Resource: { Ref: expect.stringMatching(/^Pager/) },
      Condition: { StringEquals: { 'aws:SourceOwner': { Ref: 'AWS::AccountId' } } },
    });
  });

  test('a topic whose policy had replaced the default is opened no further than to alarms', () => {
    const stack = shop();
    const alarmTopic = new Topic(stack, 'Pager');
    const principals = [new AnyPrincipal()];
    const resources = [alarmTopic.topicArn];
    alarmTopic.addToResourcePolicy(new PolicyStatement({ principals, resources, actions: ['sns:Subscribe'] }));
    new RedriveQueue(stack, 'Orders', { ...demand, alarmTopic });
    expect(JSON.stringify(Template.fromStack(stack).toJSON())).not.toContain('SourceOwner');
  });

  test('cdk-nag finds nothing at the topic', () => {
    const { stack } = queueOn((one) => ({ ...keyed(one), enforceSSL: true }));
    expect(nagFindings(stack)).toEqual([]);
  });
});

describe('what cannot be let in is said', () => {
  test('a topic encrypted by alias/aws/sns is refused: nobody can let CloudWatch use that key', () => {
    const managed = (stack: Stack): TopicProps => ({
      masterKey: Alias.fromAliasName(stack, 'Managed', 'alias/aws/sns'),
    });
    expect(() => queueOn(managed)).toThrow(InvalidInputError);
    expect(() => queueOn(managed)).toThrow(
      /^Shop\/Orders\/Alarms: alarmTopic must not be encrypted with alias\/aws\/sns, .*; give Shop\/Pager a key of your own/,
    );
  });

  test('an imported topic is a warning with the statement that its policy needs', () => {
    const stack = shop();
    const alarmTopic = Topic.fromTopicArn(stack, 'Pager', 'arn:aws:sns:us-east-1:123456789012:pager');
    new RedriveQueue(stack, 'Orders', { ...demand, alarmTopic });
    new ArchiveBucket(stack, 'Archive', { workload: { bytesPerDay: 1e9, objectBytes: 2 ** 20 }, alarmTopic });
    const found = Annotations.fromStack(stack).findWarning('/Shop/Pager', Match.stringLikeRegexp('sns:Publish'));
    expect(found).toHaveLength(2);
    expect(found.map(({ entry }) => entry.data)).toEqual([
      expect.stringMatching(/"Service":"cloudwatch.amazonaws.com".*Backpressure::alarm-topic/),
      expect.stringMatching(/"Service":"budgets.amazonaws.com".*Backpressure::budget-topic/),
    ]);
  });

  test('an imported key is one as well', () => {
    const { stack } = queueOn((one) => ({
      masterKey: Key.fromKeyArn(one, 'Key', 'arn:aws:kms:us-east-1:123456789012:key/1'),
    }));
    Annotations.fromStack(stack).hasWarning('/Shop/Pager', Match.stringLikeRegexp('kms:GenerateDataKey'));
  });

  test('a topic of this app is none', () => {
    const { stack } = queueOn(keyed);
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('a topic in another stack of the app is let in there', () => {
    const stack = shop();
    const other = new Stack(stack.node.root as never, 'Shared');
    const alarmTopic = new Topic(other, 'Pager', { enforceSSL: true });
    new RedriveQueue(stack, 'Orders', { ...demand, alarmTopic });
    expect(publishersOf(Template.fromStack(other).toJSON(), 'AWS::SNS::TopicPolicy')).toEqual([CLOUDWATCH]);
  });
});
