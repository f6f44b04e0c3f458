import type { Check } from '../../flow/errors';
import { type Kinds, needed, sound, TEXT } from '../../flow/kinds';
import { cidr, textCheck } from '../names';
import { type Egress, INTERNET } from '../network-policy';
import { workloadIdentity } from '../operators/keda';
import type { Trigger, TriggerBinding, TriggerContext } from './trigger';

const HTTPS = 443;
const QUEUE_URL = /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[\w.-]+)+$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;

/**
 * An existing SQS queue, made with the AWS `RedriveQueue` for instance. Only its address is known here, so the plan of the
 * worker has no visibility timeout, retention or `maxReceiveCount`: those are in the plan of the queue.
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
   * Role of the worker's service account (IAM roles for service accounts); KEDA polls with the same role. It needs
   * `sqs:GetQueueAttributes`, `sqs:ReceiveMessage`, `sqs:DeleteMessage` and `sqs:ChangeMessageVisibility` on the queue.
   */
  readonly roleArn: string;

  /**
   * Addresses of the SQS endpoint, those of a VPC endpoint for instance.
   *
   * @default - the internet, without private and link-local addresses
   */
  readonly endpointCidr?: string;

  /**
   * Addresses of the STS endpoint, where the pod exchanges the token of its service account for the role's credentials.
   * It is needed besides `endpointCidr`; to block the internet, give the addresses of a VPC endpoint here too.
   *
   * @default - the internet, without private and link-local addresses
   */
  readonly stsCidr?: string;
}

const KINDS: Kinds<SqsTriggerProps> = {
  queueUrl: needed(TEXT),
  region: needed(TEXT),
  roleArn: needed(TEXT),
  endpointCidr: TEXT,
  stsCidr: TEXT,
};

/** KEDA's trigger on an SQS queue. */
export function sqsTrigger(given: SqsTriggerProps): Trigger {
  const { props, checks: kinds } = sound(given, KINDS, 'trigger');
  const { queueUrl, roleArn } = props;
  const checks: Check[] = [
    ...kinds,
    textCheck('queueUrl', queueUrl, (text) => QUEUE_URL.test(text), 'the URL of a queue'),
    textCheck(
      'region',
      props.region,
      (text) => /^[a-z]{2,8}(-[a-z]+)+-\d{1,2}$/.test(text),
      'a region such as eu-central-1',
    ),
    textCheck('roleArn', roleArn, (text) => ROLE_ARN.test(text), 'the ARN of an IAM role'),
    cidr('endpointCidr', props.endpointCidr),
    cidr('stsCidr', props.stsCidr),
  ];
  return {
    checks,
    question: { broker: 'sqs' },
    // Only its address is known here.
    settings: {},
    serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': roleArn },
    bind: (context) => bind(context, props),
  };
}

function bind({ scope, target }: TriggerContext, props: SqsTriggerProps): TriggerBinding {
  const { queueUrl, region } = props;
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
          // A pod in the middle of a message must stay, and a delayed message will be retried.
          scaleOnInFlight: 'true',
          scaleOnDelayed: 'true',
        },
        authenticationRef: { name: authentication.name },
      },
    ],
    environment: { QUEUE_URL: queueUrl, AWS_REGION: region },
    secrets: {},
    egress: endpoints(props),
    alerts: [],
    authentication,
  };
}

/** SQS, and STS for the role; without given ranges both are on the internet. */
function endpoints({ endpointCidr, stsCidr }: SqsTriggerProps): Egress[] {
  const places = [endpointCidr, stsCidr].map((cidr) => (cidr === undefined ? INTERNET : { cidr }));
  const different = places.filter((place, i) => places.findIndex(({ cidr }) => cidr === place.cidr) === i);
  return different.map((place) => ({ ports: [HTTPS], ...place }));
}
