/**
 * The policies of a function or a state machine: documents, statements, and SAM's policy templates.
 */
import { own } from '../../../own';
import { mapping, type Raw } from '../../../raw';
import { isMapping } from '../../../resolved';

/** What a policy template lets a role do: the actions, and the ARNs with the parameter in braces. */
interface PolicyTemplate {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

const HERE = `:\${AWS::Region}:\${AWS::AccountId}:`;
const arn = (rest: string) => `arn:\${AWS::Partition}:${rest.replace('::', () => HERE)}`;
const queue = [arn('sqs::{QueueName}')];
const table = [arn('dynamodb::table/{TableName}'), arn('dynamodb::table/{TableName}/index/*')];
const stream = [arn('kinesis::stream/{StreamName}')];

/**
 * The templates for what rules follow: queues, topics, streams, tables and functions. The others grant what no rule
 * asks for.
 */
export const POLICY_TEMPLATES: Readonly<Record<string, PolicyTemplate>> = {
  SQSPollerPolicy: {
    actions: [
      'sqs:ChangeMessageVisibility',
      'sqs:ChangeMessageVisibilityBatch',
      'sqs:DeleteMessage',
      'sqs:DeleteMessageBatch',
      'sqs:GetQueueAttributes',
      'sqs:ReceiveMessage',
    ],
    resources: queue,
  },
  SQSSendMessagePolicy: { actions: ['sqs:SendMessage*'], resources: queue },
  SNSPublishMessagePolicy: { actions: ['sns:Publish'], resources: [arn('sns::{TopicName}')] },
  SNSCrudPolicy: {
    actions: [
      'sns:ListSubscriptionsByTopic',
      'sns:CreateTopic',
      'sns:SetTopicAttributes',
      'sns:Subscribe',
      'sns:Publish',
    ],
    resources: [arn('sns::{TopicName}*')],
  },
  LambdaInvokePolicy: { actions: ['lambda:InvokeFunction'], resources: [arn('lambda::function:{FunctionName}*')] },
  StepFunctionsExecutionPolicy: {
    actions: ['states:StartExecution'],
    resources: [arn('states::stateMachine:{StateMachineName}')],
  },
  KinesisStreamReadPolicy: {
    actions: [
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
    ],
    resources: stream,
  },
  KinesisCrudPolicy: {
    actions: [
      'kinesis:AddTagsToStream',
      'kinesis:CreateStream',
      'kinesis:DecreaseStreamRetentionPeriod',
      'kinesis:DeleteStream',
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetShardIterator',
      'kinesis:IncreaseStreamRetentionPeriod',
      'kinesis:ListTagsForStream',
      'kinesis:MergeShards',
      'kinesis:PutRecord',
      'kinesis:PutRecords',
      'kinesis:SplitShard',
      'kinesis:RemoveTagsFromStream',
    ],
    resources: stream,
  },
  DynamoDBCrudPolicy: {
    actions: [
      'dynamodb:GetItem',
      'dynamodb:DeleteItem',
      'dynamodb:PutItem',
      'dynamodb:Scan',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
      'dynamodb:BatchWriteItem',
      'dynamodb:BatchGetItem',
      'dynamodb:DescribeTable',
      'dynamodb:ConditionCheckItem',
    ],
    resources: table,
  },
  DynamoDBWritePolicy: {
    actions: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:BatchWriteItem'],
    resources: table,
  },
  DynamoDBReadPolicy: {
    actions: ['dynamodb:GetItem', 'dynamodb:Scan', 'dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:DescribeTable'],
    resources: table,
  },
  DynamoDBStreamReadPolicy: {
    actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
    resources: [arn('dynamodb::table/{TableName}/stream/{StreamName}')],
  },
};

/** The properties of the role that runs it: managed policies, and statements of its own. */
export function roleProperties(given: unknown, statements: readonly Raw[]): Raw {
  const policies = [given ?? []].flat();
  const managed = policies.filter((policy) => typeof policy === 'string' || isReference(policy));
  const documents = policies.filter((policy) => isMapping(policy) && !isReference(policy)).flatMap(documentsOf);
  const all = [...documents, ...statements.map((statement) => ({ Statement: [statement] }))];
  return { ManagedPolicyArns: managed, Policies: all.map((PolicyDocument) => ({ PolicyDocument })) };
}

/** A statement that allows one action on one resource. */
export function allow(action: string, resource: unknown): Raw {
  return { Effect: 'Allow', Action: [action], Resource: resource };
}

function isReference(policy: unknown): boolean {
  const keys = isMapping(policy) ? Object.keys(policy) : [];
  return keys.length === 1 && (keys[0] === 'Ref' || keys[0].startsWith('Fn::'));
}

function documentsOf(policy: unknown): Raw[] {
  const body = mapping(policy);
  if ('Statement' in body) return [body];
  return Object.entries(body).flatMap(([name, parameters]) => {
    const template = own(POLICY_TEMPLATES, name);
    return template ? [{ Statement: [statementOf(template, mapping(parameters))] }] : [];
  });
}

function statementOf({ actions, resources }: PolicyTemplate, parameters: Raw): Raw {
  return {
    Effect: 'Allow',
    Action: actions,
    Resource: resources.map((text) => ({
      'Fn::Sub': [text.replace(/(?<!\$)\{(\w+)\}/g, (_, name: string) => `\${${name}}`), parameters],
    })),
  };
}
