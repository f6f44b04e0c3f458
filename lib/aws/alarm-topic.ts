/**
 * The services that publish to an alarm topic, and the policies that allow it. Without its statement an alarm changes
 * its state, fails to publish, and sends no notification.
 */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import { AnyPrincipal, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnTopic, type ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct, IConstruct } from 'constructs';
import { validate } from '../flow/errors';

/** A service that publishes on behalf of an account. */
interface Publisher {
  readonly principal: string;
  /** Its name in messages. */
  readonly called: string;
  /** The id of its warning after `Backpressure::`. */
  readonly warning: string;
  /** Whether it publishes within its own region only. */
  readonly regional: boolean;
  /** ARN pattern of the publishing resources. */
  sourceArn(stack: Stack): string;
}

const ALARMS: Publisher = {
  principal: 'cloudwatch.amazonaws.com',
  called: 'CloudWatch alarms',
  warning: 'alarm-topic',
  regional: true,
  sourceArn: ({ partition, region, account }) => `arn:${partition}:cloudwatch:${region}:${account}:alarm:*`,
};

const BUDGETS: Publisher = {
  principal: 'budgets.amazonaws.com',
  called: 'AWS Budgets',
  warning: 'budget-topic',
  regional: false,
  sourceArn: ({ partition, account }) => `arn:${partition}:budgets::${account}:*`,
};

/** Knowledge Center, "Why didn't I receive an SNS notification for my CloudWatch alarm trigger?": for an encrypted topic. */
const KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey*'];
const MANAGED_KEY = /alias\/aws\/sns\b/;

/** Statements already added, by topic: each is needed once, however many alarms there are. */
const added = new WeakMap<IConstruct, Set<string>>();

/**
 * Lets CloudWatch alarms of the account and region of `scope` publish to the topic, by its policy and that of its key.
 *
 * @param name the prop that the topic was given as
 * @throws InvalidInputError when the topic is encrypted with the AWS managed key of SNS, which alarms cannot use, or is
 * in another region
 */
export function allowAlarms(scope: Construct, topic: ITopic, name = 'alarmTopic'): void {
  allow(scope, topic, ALARMS, name);
}

/**
 * Lets AWS Budgets of the account of `scope` publish to the topic, by its policy and that of its key.
 *
 * @throws InvalidInputError when the topic is encrypted with the AWS managed key of SNS, which budgets cannot use
 */
export function allowBudgets(scope: Construct, topic: ITopic): void {
  allow(scope, topic, BUDGETS, 'alarmTopic');
}

function allow(scope: Construct, topic: ITopic, publisher: Publisher, name: string): void {
  const stack = Stack.of(scope);
  const { region } = topic.env;
  const isElsewhere = !Token.isUnresolved(region) && !Token.isUnresolved(stack.region) && region !== stack.region;
  validate(scope.node.path, [
    {
      refused: publisher.regional && isElsewhere,
      message: `${name} must be in ${stack.region}, the region of this stack's ${publisher.called}, got one in ${region}`,
    },
    {
      refused: MANAGED_KEY.test(keyText(topic)),
      message: `${name} must not be encrypted with alias/aws/sns, whose policy does not allow ${publisher.called} and cannot be changed; give ${topic.node.path} a key of your own, or none`,
    },
  ]);
  const statement = {
    account: stack.account,
    sourceArn: publisher.sourceArn(stack),
    principal: publisher.principal,
  };
  if (!isNew(topic, JSON.stringify(statement))) return;
  keepDefaultPolicy(topic);
  allowPublish(topic, publisher, statement);
  allowKey(topic, publisher);
}

function isNew(topic: ITopic, statement: string): boolean {
  const statements = added.get(topic) ?? new Set<string>();
  added.set(topic, statements);
  if (statements.has(statement)) return false;
  statements.add(statement);
  return true;
}

/** The first statement added to a topic replaces the default policy, which lets services of the account publish. */
function keepDefaultPolicy(topic: ITopic): void {
  if (!(topic.node.defaultChild instanceof CfnTopic) || topic.node.tryFindChild('Policy')) return;
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new AnyPrincipal()],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceOwner': Stack.of(topic).account } },
    }),
  );
}

function allowPublish(
  topic: ITopic,
  { principal, called, warning }: Publisher,
  { account, sourceArn }: { readonly account: string; readonly sourceArn: string },
): void {
  const statement = new PolicyStatement({
    principals: [new ServicePrincipal(principal)],
    actions: ['sns:Publish'],
    resources: [topic.topicArn],
    conditions: { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': sourceArn } },
  });
  if (topic.addToResourcePolicy(statement).statementAdded) return;
  Annotations.of(topic).addWarningV2(
    `Backpressure::${warning}`,
    `this stack cannot change the policy of an imported topic. Unless it is the default one, it needs ${JSON.stringify({
      Effect: 'Allow',
      Principal: { Service: principal },
      Action: 'sns:Publish',
      Resource: '<ARN of the topic>',
      Condition: { StringEquals: { 'aws:SourceAccount': '<account>' } },
    })}, and the policy of its key, if it has one, ${KEY_ACTIONS.join(' and ')} for the same service; without them ${called} cannot publish`,
  );
}

function allowKey(topic: ITopic, { principal, called, warning }: Publisher): void {
  const key = topic.masterKey;
  if (!key) return;
  // No conditions: none is documented for these calls of CloudWatch, and a wrong one silences every alarm. The topic's
  // policy says who may publish.
  const statement = new PolicyStatement({
    principals: [new ServicePrincipal(principal)],
    actions: KEY_ACTIONS,
    resources: ['*'],
  });
  if (key.addToResourcePolicy(statement, true).statementAdded) return;
  Annotations.of(topic).addWarningV2(
    `Backpressure::${warning}-key`,
    `this stack cannot change the policy of the key of this topic, which must allow ${KEY_ACTIONS.join(' and ')} to ${principal}; without that ${called} cannot publish`,
  );
}

/** The topic's key as far as it is known; an alias by its name. */
function keyText(topic: ITopic): string {
  const resource = topic.node.defaultChild;
  const id = resource instanceof CfnTopic ? resource.kmsMasterKeyId : topic.masterKey?.keyArn;
  return JSON.stringify(Stack.of(topic).resolve(id)) ?? '';
}
