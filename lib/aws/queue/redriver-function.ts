import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Plan } from '../../flow/plan';
import { RuntimeFunction } from '../runtime-function';

/** What the redriver works on. */
export interface RedriverProps {
  readonly queue: IQueue;
  readonly deadLetterQueue: IQueue;
  readonly quarantineQueue: IQueue;
  readonly encryptionKey?: IKey;
  readonly maskedFields?: readonly string[];
  /** The plan with its limits. */
  readonly plan: Plan;
  /** What happens to the table when it leaves the stack. */
  readonly removalPolicy: RemovalPolicy;
}

/** What sends dead letters back. */
interface Redriver {
  readonly redriver: LambdaFunction;
  readonly circuitTable: Table;
}

/** Makes, inside `scope`, the function that sends dead letters back or parks them, and the table with its counts. */
export function createRedriver(scope: Construct, props: RedriverProps): Redriver {
  const { plan, queue, deadLetterQueue, quarantineQueue } = props;
  const table = new Table(scope, 'Circuit', {
    partitionKey: { name: 'key', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: 'expires',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    // Without its key and its journal in the table, a letter in flight counts as never redriven.
    removalPolicy: props.removalPolicy,
  });
  const redriver = new RuntimeFunction(scope, 'Redriver', {
    bundle: 'redrive',
    description: `Sends dead letters of ${scope.node.path} back a bounded number of times, then parks them masked`,
    timeout: Duration.seconds(plan.value('redriverTimeoutSeconds')),
    environment: {
      SOURCE_QUEUE_URL: queue.queueUrl,
      DEAD_LETTER_QUEUE_URL: deadLetterQueue.queueUrl,
      QUARANTINE_QUEUE_URL: quarantineQueue.queueUrl,
      CIRCUIT_TABLE: table.tableName,
      MAX_REDRIVES: String(plan.value('maxRedrives')),
      WINDOW_SECONDS: String(plan.value('redriveWindowSeconds')),
      REDRIVES_PER_WINDOW: String(plan.value('redrivesPerWindow')),
      VERDICT_MINIMUM: String(plan.value('redriveVerdictMinimum')),
      SUCCESS_RATIO_FLOOR: String(plan.value('successRatioFloor')),
      BACKOFF_SECONDS: String(plan.value('redriveBackoffSeconds')),
      BACKOFF_CAP_SECONDS: String(plan.value('redriveBackoffCapSeconds')),
      RETENTION_SECONDS: String(plan.value('deadLetterRetentionSeconds')),
      STUCK_TRIES: String(plan.value('stuckTries')),
      STUCK_HOLD_SECONDS: String(plan.value('stuckHoldSeconds')),
      MASKED_FIELDS: (props.maskedFields ?? []).join(','),
    },
  });
  queue.grant(redriver, 'sqs:SendMessage');
  quarantineQueue.grant(redriver, 'sqs:SendMessage');
  // Sending to an encrypted queue needs both.
  const keys = [props.encryptionKey, queue.encryptionMasterKey, quarantineQueue.encryptionMasterKey];
  for (const key of new Set(keys)) key?.grant(redriver, 'kms:GenerateDataKey', 'kms:Decrypt');
  table.grant(redriver, 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
  redriver.addEventSource(
    new SqsEventSource(deadLetterQueue, {
      batchSize: 10,
      reportBatchItemFailures: true,
      // The mapping's minimum: redriving is never urgent, and the consumer's capacity is for new messages.
      maxConcurrency: 2,
    }),
  );
  return { redriver, circuitTable: table };
}
