import type { Check } from '../flow/errors';
import { workloadIdentity } from './operators/keda';
import type { Trigger, TriggerBinding, TriggerContext } from './trigger';

/** GetQueueAttributes is eventually consistent; under steady traffic it lags by seconds (SQS API reference). */
const ATTRIBUTES_AGE_SECONDS = 5;
const HTTPS = 443;

/**
 * An SQS queue that exists already, made with `RedriveQueue` of the AWS side for instance.
 */
export interface SqsTriggerProps {
  /**
   * URL of the queue.
   */
  readonly queueUrl: string;

  /**
   * Region of the queue, such as `eu-central-1`.
   */
  readonly region: string;

  /**
   * Role of the worker's service account (IAM roles for service accounts); KEDA looks with the same role. It needs
   * `sqs:GetQueueAttributes`, `sqs:ReceiveMessage`, `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility` on the queue.
   */
  readonly roleArn: string;

  /**
   * Addresses of the SQS endpoint, those of a VPC endpoint for instance.
   *
   * @default 0.0.0.0/0
   */
  readonly endpointCidr?: string;
}

/** KEDA's look at an SQS queue. */
export function sqsTrigger(props: SqsTriggerProps): Trigger {
  const { queueUrl, roleArn } = props;
  const checks: Check[] = [
    { refused: !/^https?:\/\//.test(queueUrl), message: `queueUrl must be the URL of a queue, got '${queueUrl}'` },
    { refused: !/^arn:[^:]+:iam::/.test(roleArn), message: `roleArn must be the ARN of an IAM role, got '${roleArn}'` },
  ];
  return {
    checks,
    consumer: { decideSeconds: ATTRIBUTES_AGE_SECONDS },
    serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': roleArn },
    bind: (context) => bind(context, props),
  };
}

function bind({ scope, target }: TriggerContext, props: SqsTriggerProps): TriggerBinding {
  const { queueUrl, region, endpointCidr = '0.0.0.0/0' } = props;
  const authentication = workloadIdentity(scope, 'Authentication');
  return {
    triggers: [
      {
        type: 'aws-sqs-queue',
        metadata: {
          queueURL: queueUrl,
          awsRegion: region,
          queueLength: String(target),
          activationQueueLength: '0',
          // Whoever works on a message must stay, and one that waits out a backoff will come back.
          scaleOnInFlight: 'true',
          scaleOnDelayed: 'true',
        },
        authenticationRef: { name: authentication.name },
      },
    ],
    environment: { QUEUE_URL: queueUrl, AWS_REGION: region },
    secrets: {},
    egress: [{ ports: [HTTPS], cidr: endpointCidr }],
    knobs: [],
    alerts: [],
  };
}
