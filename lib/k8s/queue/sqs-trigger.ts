import type { Check } from '../../flow/errors';
import { type Kinds, listOf, needed, sound, TEXT } from '../../flow/kinds';
import { cidr, cidrs, textCheck } from '../names';
import { type Egress, INTERNET } from '../network-policy';
import { operatorIdentity, workloadIdentity } from '../operators/keda';
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
   *
   * @default - EKS Pod Identity: an association binds the role to the service account, which has no annotation, and KEDA
   * polls with its own role or with `scalerRoleArn`
   */
  readonly roleArn?: string;

  /**
   * Role that KEDA's operator takes on to poll, with `sqs:GetQueueAttributes` on the queue; it has to trust the operator's
   * role. Without `roleArn` only.
   *
   * @default - the operator's own role
   */
  readonly scalerRoleArn?: string;

  /**
   * Addresses of the SQS endpoint, those of a VPC endpoint for instance.
   *
   * @default - the internet, without private and link-local addresses
   */
  readonly endpointCidr?: string;

  /**
   * Several address ranges of the SQS endpoint, such as one for each subnet. Instead of `endpointCidr`.
   *
   * @default - the internet, or `endpointCidr`
   */
  readonly endpointCidrs?: string[];

  /**
   * Addresses of the STS endpoint, where the pod exchanges the token of its service account for the role's credentials.
   * It is needed besides `endpointCidr`; to block the internet, give the addresses of a VPC endpoint here too.
   *
   * @default - the internet, without private and link-local addresses; with EKS Pod Identity not needed
   */
  readonly stsCidr?: string;

  /**
   * Several address ranges of the STS endpoint. Instead of `stsCidr`.
   *
   * @default - the internet, or `stsCidr`
   */
  readonly stsCidrs?: string[];
}

const KINDS: Kinds<SqsTriggerProps> = {
  queueUrl: needed(TEXT),
  region: needed(TEXT),
  roleArn: TEXT,
  scalerRoleArn: TEXT,
  endpointCidr: TEXT,
  endpointCidrs: listOf(TEXT),
  stsCidr: TEXT,
  stsCidrs: listOf(TEXT),
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
    ...cidrs('endpointCidrs', props.endpointCidrs),
    ...cidrs('stsCidrs', props.stsCidrs),
    textCheck('scalerRoleArn', props.scalerRoleArn, (text) => ROLE_ARN.test(text), 'the ARN of an IAM role'),
    {
      refused: roleArn !== undefined && props.scalerRoleArn !== undefined,
      message: 'scalerRoleArn must not be given with roleArn, with which KEDA polls',
    },
    {
      refused: roleArn === undefined && (props.stsCidr ?? props.stsCidrs) !== undefined,
      message: 'stsCidr needs roleArn: with EKS Pod Identity the pod asks the agent of its node, not STS',
    },
    ...(['endpointCidr', 'stsCidr'] as const).map((name) => ({
      refused: props[name] !== undefined && props[`${name}s`] !== undefined,
      message: `${name} and ${name}s must not be given together`,
    })),
  ];
  return {
    checks,
    question: { broker: 'sqs' },
    // Only its address is known here.
    settings: {},
    ...(roleArn === undefined ? {} : { serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': roleArn } }),
    bind: (context) => bind(context, props),
  };
}

function bind({ scope, target }: TriggerContext, props: SqsTriggerProps): TriggerBinding {
  const { queueUrl, region } = props;
  const authentication =
    props.roleArn === undefined
      ? operatorIdentity(scope, 'Authentication', props.scalerRoleArn)
      : workloadIdentity(scope, 'Authentication');
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

/**
 * Where the EKS Pod Identity Agent of a node gives credentials to its pods.
 *
 * Source: Amazon EKS user guide, Set up the Amazon EKS Pod Identity Agent.
 */
const POD_IDENTITY_AGENT: Egress = { ports: [80], cidr: '169.254.170.23/32' };

/** SQS, and STS or the agent of the node for the role; without given ranges SQS and STS are on the internet. */
function endpoints({ roleArn, endpointCidr, endpointCidrs, stsCidr, stsCidrs }: SqsTriggerProps): Egress[] {
  const place = (cidr?: string, cidrs?: string[]): Omit<Egress, 'ports'> =>
    cidr === undefined && cidrs === undefined ? INTERNET : { cidr, cidrs };
  const https = (one: Omit<Egress, 'ports'>): Egress => ({ ports: [HTTPS], ...one });
  const sqs = https(place(endpointCidr, endpointCidrs));
  if (roleArn === undefined) return [sqs, POD_IDENTITY_AGENT];
  const sts = https(place(stsCidr, stsCidrs));
  return JSON.stringify(sqs) === JSON.stringify(sts) ? [sqs] : [sqs, sts];
}
