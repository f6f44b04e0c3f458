/** What pauses a sender on AWS by itself, and what stops it while its day is full. */
import { Duration, Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { EventSourceMapping, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { RatesPlan } from '../../flow/rates/workload';
import { RuntimeFunction } from '../runtime-function';
import type { SesLanes } from './ses-lanes';

/** What DynamoDB does with the key of a table in the name of its caller: developer guide, DynamoDB encryption at rest. */
export const TABLE_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
];

/** What the breaker switches. */
export interface BreakerParts {
  readonly table: ITable;
  readonly mapping: EventSourceMapping;
  readonly ses: SesLanes;
  readonly plan: RatesPlan;
}

/** The function that pauses and resumes. It may touch the buckets, not the records of mails. */
export function createBreaker(scope: Construct, { table, mapping, ses, plan }: BreakerParts): RuntimeFunction {
  const lanes = ses.lanes().map(({ name, region, configurationSet, pace: { messagesPerDay } }) => ({
    name,
    region,
    configurationSet,
    messagesPerDay,
  }));
  const breaker = new RuntimeFunction(scope, 'Breaker', {
    bundle: 'sender-breaker',
    description: `Pauses the sender ${scope.node.path} by itself; resumes it when told to`,
    environment: {
      TABLE: table.tableName,
      MAPPING_ID: mapping.eventSourceMappingId,
      BATCH: String(plan.value('messagesPerSender')),
      LANES: Stack.of(scope).toJsonString(lanes),
    },
  });
  breaker.addToRolePolicy(
    new PolicyStatement({
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      resources: [table.tableArn],
      // Not the records of mails.
      conditions: {
        'ForAllValues:StringLike': {
          'dynamodb:LeadingKeys': ['bucket#*', 'day#*', `gate#${mapping.eventSourceMappingId}`],
        },
      },
    }),
  );
  table.encryptionKey?.grant(breaker, ...TABLE_KEY_ACTIONS);
  breaker.addToRolePolicy(
    new PolicyStatement({
      actions: ['ses:PutConfigurationSetSendingOptions'],
      resources: ses.configurationSetArns(),
    }),
  );
  breaker.addToRolePolicy(
    new PolicyStatement({
      actions: ['lambda:UpdateEventSourceMapping'],
      resources: [mapping.eventSourceMappingArn],
    }),
  );
  return breaker;
}

/**
 * Asks the breaker once a minute whether the day is full. Not a `singleStart`: Lambda repeats what failed for all that invokes a
 * function, and an alarm that pauses the sender calls the breaker once.
 */
export function createDayCheck(scope: Construct, breaker: LambdaFunction): Rule {
  return new Rule(scope, 'DayCheck', {
    description: `Stops the sender ${scope.node.path} while its day is full`.slice(0, 512),
    schedule: Schedule.rate(Duration.minutes(1)),
    targets: [new LambdaTarget(breaker, { event: RuleTargetInput.fromObject({ action: 'day' }), retryAttempts: 0 })],
  });
}
