/** A rule of AWS IoT that puts messages into the stream, and the queue of those that it could not. */
import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { cut, roleDescription } from '../descriptions';
import { grantSecretValue } from '../secret-value';
import type { IotSource } from './partitioned-stream-props';
import type { KafkaTopicOptions } from './stream-kind';

/** The key of a record unless one is given: of each device. */
const DEVICE = `\${clientid()}`;

/** What a rule feeds: one of the two. */
export interface IotTarget {
  readonly stream?: IStream;
  readonly kafka?: KafkaTopicOptions;
  readonly errorQueue: IQueue;
}

/** A rule with its role. */
export interface IotRule {
  readonly rule: CfnTopicRule;
  readonly role: Role;
}

/** Makes the rule. It may write to its stream and its error queue, and nothing else. */
export function createIotRule(scope: Construct, iot: IotSource, { stream, kafka, errorQueue }: IotTarget): IotRule {
  const { partition, region, account } = Stack.of(scope);
  const role = new Role(scope, 'RuleRole', {
    assumedBy: new ServicePrincipal('iot.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:iot:${region}:${account}:rule/*` },
      },
    }),
    description: roleDescription(`Lets a rule of AWS IoT write to ${scope.node.path}`),
  });
  errorQueue.grantSendMessages(role);
  if (stream !== undefined) {
    stream.grant(role, 'kinesis:PutRecord');
    stream.encryptionKey?.grant(role, 'kms:GenerateDataKey');
  }
  const secret = kafka?.scramSecret;
  if (secret !== undefined) {
    grantSecretValue(secret, role);
    role.addToPolicy(
      new PolicyStatement({ actions: ['secretsmanager:DescribeSecret'], resources: [secret.secretArn] }),
    );
  }
  const key = iot.key ?? DEVICE;
  // The L2 of a rule is alpha.
  const rule = new CfnTopicRule(scope, 'Rule', {
    topicRulePayload: {
      description: cut(`Puts messages of devices into ${scope.node.path}`, 256),
      sql: iot.sql,
      awsIotSqlVersion: '2016-03-23',
      actions: [
        stream !== undefined
          ? { kinesis: { streamName: stream.streamName, partitionKey: key, roleArn: role.roleArn } }
          : {
              kafka: {
                // Checked before: on Amazon MSK all of these are given.
                destinationArn: iot.destinationArn!,
                topic: kafka!.topicName,
                key,
                clientProperties: clientProperties(kafka!.bootstrapServers!, secret!, role),
              },
            },
      ],
      errorAction: { sqs: { queueUrl: errorQueue.queueUrl, roleArn: role.roleArn, useBase64: false } },
    },
  });
  // A rule without its permissions would lose the first messages.
  rule.node.addDependency(role);
  return { rule, role };
}

/** How the rule signs in: it reads the secret by itself. AWS IoT developer guide, Apache Kafka, and get_secret. */
function clientProperties(brokers: readonly string[], secret: ISecret, role: Role): Record<string, string> {
  const field = (name: string) => `\${get_secret('${secret.secretArn}', 'SecretString', '${name}', '${role.roleArn}')}`;
  return {
    'bootstrap.servers': brokers.join(','),
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.scram.username': field('username'),
    'sasl.scram.password': field('password'),
    // As many copies as the topic wants in sync.
    acks: '-1',
  };
}
