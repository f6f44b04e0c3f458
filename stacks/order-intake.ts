import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { QueueWorker, WorkerCompute } from '../lib/aws/queue/queue-worker';
import { RuntimeFunction } from '../lib/aws/runtime-function';
import { ArchiveBucket } from '../lib/aws/storage/archive-bucket';
import { WebhookBuffer } from '../lib/aws/webhooks/webhook-buffer';
import { WebhookScheme } from '../lib/aws/webhooks/webhook-source';
import type { Objective, Workload } from '../lib/flow/queue/workload';
import { acknowledgeFindings } from './acknowledgements';

/** What the environment is sized from; the local run predicts with the same numbers. */
export const ORDER_INTAKE: { workload: Workload; objective: Objective } = {
  workload: {
    steadyPerSecond: 20,
    peakPerSecond: 80,
    peakSeconds: 600,
    // 50 ms in the order system behind the worker, the rest is DynamoDB, S3 and the queue.
    serviceSeconds: 0.07,
    serviceVariation: 0.5,
    itemBytes: 8 * 1024,
    poisonRatio: 0.001,
  },
  objective: { latencySeconds: 60 },
};

/** Seconds that the order system behind the worker takes. */
const DOWNSTREAM_SECONDS = 0.05;
const FUNCTION_TIMEOUT = Duration.seconds(5);
const SERVICE = 'orders';

/**
 * Order intake: webhooks come in, are buffered, worked through at the pace of the order system, and archived.
 * Whatever can't be worked through ends masked in quarantine (cases 15, 14, 6 and 11).
 */
export class OrderIntakeStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'Order intake: webhooks, buffered, worked through once each, archived', ...props });
    const alarms = new Topic(this, 'Alarms', { enforceSSL: true });

    const webhooks = new WebhookBuffer(this, 'Webhooks', {
      ...ORDER_INTAKE,
      sources: [
        { name: 'github', scheme: WebhookScheme.GITHUB },
        { name: 'shop', scheme: WebhookScheme.STANDARD_WEBHOOKS },
      ],
      functionTimeout: FUNCTION_TIMEOUT,
      alarmTopic: alarms,
    });

    const archive = new ArchiveBucket(this, 'Archive', {
      workload: {
        bytesPerDay: ORDER_INTAKE.workload.steadyPerSecond * 86_400 * 2048,
        objectBytes: 2048,
        retentionDays: 365,
      },
      // One object an order, so that it is safe before it is booked: too small for a colder class to pay.
      transitions: [],
      alarmTopic: alarms,
    });

    const ledger = new Table(this, 'Ledger', {
      partitionKey: { name: 'deliveryId', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });

    const intake = new RuntimeFunction(this, 'Intake', {
      bundle: 'order-intake',
      description: 'Books and archives every order once',
      timeout: FUNCTION_TIMEOUT,
      memorySize: 512,
      environment: {
        LEDGER_TABLE: ledger.tableName,
        ARCHIVE_BUCKET: archive.bucket.bucketName,
        ARCHIVE_SERVICE: SERVICE,
        DOWNSTREAM_SECONDS: String(DOWNSTREAM_SECONDS),
      },
    });
    ledger.grant(intake, 'dynamodb:UpdateItem');
    archive.grantWrite(intake, SERVICE);
    webhooks.attach(intake);

    const worker = new QueueWorker(this, 'Worker', {
      ...ORDER_INTAKE,
      queue: webhooks.redriveQueue.queue,
      compute: WorkerCompute.lambda({ function: intake }),
    });

    acknowledgeFindings({ webhooks, generated: ['github', 'shop'], archive, service: SERVICE, intake });
    const { queue, deadLetterQueue, quarantineQueue } = webhooks.redriveQueue;
    const [replay] = webhooks.replays;
    const outputs = {
      WebhookUrl: webhooks.api.url,
      RestApiId: webhooks.api.restApiId,
      GithubSecretArn: webhooks.secretOf('github').secretArn,
      ShopSecretArn: webhooks.secretOf('shop').secretArn,
      QueueUrl: queue.queueUrl,
      DeadLetterQueueUrl: deadLetterQueue.queueUrl,
      QuarantineQueueUrl: quarantineQueue.queueUrl,
      RefusedQueueUrl: webhooks.refusedQueue.queueUrl,
      // Enabled by hand once a wrong secret is repaired: aws lambda update-event-source-mapping --enabled --uuid …
      ReplayMappingId: replay.eventSourceMappingId,
      LedgerTable: ledger.tableName,
      IntakeFunction: intake.functionName,
      IntakeLogGroup: intake.logGroup.logGroupName,
      ArchiveBucketName: archive.bucket.bucketName,
      MaxConcurrency: String(worker.plan.value('maxConcurrency')),
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
