import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { QueuePlatform } from '../lib/aws/queue/queue-platform';
import { QueueWorker, WorkerCompute } from '../lib/aws/queue/queue-worker';
import { RuntimeFunction } from '../lib/aws/runtime-function';
import { ArchiveBucket } from '../lib/aws/storage/archive-bucket';
import { WebhookBuffer } from '../lib/aws/webhooks/webhook-buffer';
import { WebhookScheme } from '../lib/aws/webhooks/webhook-source';
import { WEBHOOKS } from '../lib/cases/case-15-webhook-flood';
import type { Objective, Workload } from '../lib/flow/queue/workload';
import { acknowledgeFindings } from './acknowledgements';

/** What the environment is sized from, besides its Lambda function. */
export interface IntakeQuestion {
  readonly workload: Workload;
  readonly objective: Objective;
  readonly platform: QueuePlatform;
  /** Seconds that the order system behind the worker takes. */
  readonly downstreamSeconds: number;
  /** @default - the construct's own */
  readonly maxRedrives?: number;
  /** The longest wait before a failed delivery is tried again. @default - the consumer's own, 15 minutes */
  readonly retryCapSeconds?: number;
}

/** The flood of case 15, on the platform that the case is planned for. */
export const WEBHOOK_FLOOD: IntakeQuestion = {
  workload: WEBHOOKS.workload,
  objective: WEBHOOKS.on.aws.objective,
  platform: QueuePlatform.LAMBDA_PROVISIONED,
  downstreamSeconds: 0.05,
};

/**
 * The local run: Lambda without provisioned pollers, and an order system so slow that it, and not the one thread of the
 * emulator, decides how much the workers serve.
 */
export const LOCAL_INTAKE: IntakeQuestion = {
  workload: {
    steadyPerSecond: 10,
    peakPerSecond: 25,
    peakSeconds: 600,
    // 200 ms in the order system; the rest is DynamoDB, S3 and the queue.
    serviceSeconds: 0.25,
    serviceVariation: 0.5,
    itemBytes: 8 * 1024,
    poisonRatio: 0.003,
  },
  objective: { latencySeconds: 60 },
  platform: QueuePlatform.LAMBDA,
  downstreamSeconds: 0.2,
  // A second redrive and longer waits would add two minutes to the run, for the few orders that always fail.
  maxRedrives: 1,
  retryCapSeconds: 8,
};

/** Small differences between a run on a laptop and the real environment. */
export interface OrderIntakeProps extends StackProps {
  /** @default - the question of case 15 */
  readonly intake?: IntakeQuestion;
}

const FUNCTION_TIMEOUT = Duration.seconds(WEBHOOKS.on.aws.functionTimeoutSeconds);
const SERVICE = 'orders';

/**
 * Order intake: webhooks arrive, are buffered, processed at the pace of the order system, and archived. Deliveries that
 * cannot be processed end masked in quarantine (case 15).
 */
export class OrderIntakeStack extends Stack {
  constructor(scope: Construct, id: string, { intake: question = WEBHOOK_FLOOD, ...props }: OrderIntakeProps = {}) {
    super(scope, id, { description: 'Order intake: webhooks, buffered, worked through once each, archived', ...props });
    const alarms = new Topic(this, 'Alarms', { enforceSSL: true });

    const { downstreamSeconds, retryCapSeconds, ...sizing } = question;
    const webhooks = new WebhookBuffer(this, 'Webhooks', {
      ...sizing,
      sources: [
        { name: 'github', scheme: WebhookScheme.GITHUB },
        { name: 'shop', scheme: WebhookScheme.STANDARD_WEBHOOKS },
      ],
      functionTimeout: FUNCTION_TIMEOUT,
      alarmTopic: alarms,
    });

    const archive = new ArchiveBucket(this, 'Archive', {
      workload: {
        bytesPerDay: question.workload.steadyPerSecond * 86_400 * 2048,
        objectBytes: 2048,
        retentionDays: 365,
      },
      // One object an order, so that it is stored before it is booked: too small for a colder class to pay.
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
        DOWNSTREAM_SECONDS: String(downstreamSeconds),
        ...(retryCapSeconds !== undefined && { BACKOFF_CAP_SECONDS: String(retryCapSeconds) }),
      },
    });
    ledger.grant(intake, 'dynamodb:UpdateItem');
    archive.grantWrite(intake, SERVICE);
    webhooks.attach(intake);

    const worker = new QueueWorker(this, 'Worker', {
      queue: webhooks.redriveQueue,
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
      // Enable it by hand once a wrong secret is repaired: aws lambda update-event-source-mapping --enabled --uuid …
      ReplayMappingId: replay.eventSourceMappingId,
      LedgerTable: ledger.tableName,
      IntakeFunction: intake.functionName,
      IntakeLogGroup: intake.logGroup.logGroupName,
      ArchiveBucketName: archive.bucket.bucketName,
      MaxConcurrency: String(worker.plan.value('maxInstances')),
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
