import { type Check, inRange, wholeNumber } from '../../flow/errors';
import { FLAG, type Kinds, listOf, mapOf, NUMBER, needed, sound, struct, TEXT } from '../../flow/kinds';
import { SECRET_KEY } from '../kinds';
import {
  cidrs,
  dnsLabel,
  dnsSubdomain,
  environmentName,
  printableTexts,
  qualifiedName,
  secretChecks,
  textCheck,
} from '../names';
import { secretAuthentication, secretTargets } from '../operators/keda';
import type { SecretKey } from '../secret-key';
import type { Trigger, TriggerBinding, TriggerContext } from './trigger';

/**
 * Where a worker may connect to.
 */
export interface QueueEgress {
  /**
   * TCP ports, such as 5671. At least one.
   */
  readonly ports: number[];

  /**
   * Namespace of the queue, if it is in the cluster.
   *
   * @default - outside the cluster
   */
  readonly namespace?: string;

  /**
   * Addresses of the queue, if it is outside the cluster, such as `10.20.0.0/16`. Instead of `namespace`.
   *
   * @default - in the cluster
   */
  readonly cidrs?: string[];
}

/**
 * A queue that this library has no trigger for, such as Azure Service Bus, Google Cloud Pub/Sub or NATS JetStream. It exists
 * already, and KEDA has a scaler for it.
 */
export interface CustomTriggerProps {
  /**
   * Name of KEDA's scaler, such as `azure-servicebus`.
   */
  readonly scaler: string;

  /**
   * What the scaler is told, but for the target: queue, namespace, subscription. No credentials; those are in
   * `authentication`.
   */
  readonly metadata: { [field: string]: string };

  /**
   * The field of the scaler that takes the items for each replica, such as `messageCount`. Its value comes from the plan.
   */
  readonly targetField: string;

  /**
   * The field of the scaler above which the first replica is started, such as `activationMessageCount`; it is set to 0.
   *
   * @default - left at the default of the scaler, which is 0
   */
  readonly activationField?: string;

  /**
   * Whether the scaler counts an item that is in work until it is done. Azure Service Bus counts locked messages as active,
   * and NATS JetStream adds those without an acknowledgement. Where it does not, pods at work may be removed, and a job is
   * started for each item that waits.
   */
  readonly countsWork: boolean;

  /**
   * Attempts at an item before the queue sets it aside, as it is set there: 10 on Azure Service Bus unless it was changed. 1
   * to 1,000.
   */
  readonly maxAttempts: number;

  /**
   * Seconds by which the number that KEDA reads is old. 0 to 3,600.
   *
   * @default 5
   */
  readonly depthAgeSeconds?: number;

  /**
   * The most instances that the queue can serve, such as the partitions of a stream. 1 or more.
   *
   * @default - no bound
   */
  readonly instanceLimit?: number;

  /**
   * Parameters of the scaler that come from Secrets, such as `connection`. A `TriggerAuthentication` is made of them.
   *
   * @default - none
   */
  readonly authentication?: { [parameter: string]: SecretKey };

  /**
   * Name of a `TriggerAuthentication` that is there already, for instance one with a workload identity. Instead of
   * `authentication`.
   *
   * @default - one is made if there is `authentication`
   */
  readonly authenticationName?: string;

  /**
   * Annotations of the worker's service account, such as `azure.workload.identity/client-id`.
   *
   * @default - none
   */
  readonly serviceAccountAnnotations?: { [name: string]: string };

  /**
   * Variables of the worker, by which it finds the queue.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * Variables of the worker that come from Secrets.
   *
   * @default - none
   */
  readonly secrets?: { [name: string]: SecretKey };

  /**
   * Where the worker connects to, beside DNS. At least one place: it could not receive otherwise.
   */
  readonly egress: QueueEgress[];
}

const KINDS: Kinds<CustomTriggerProps> = {
  scaler: needed(TEXT),
  metadata: needed(mapOf(TEXT)),
  targetField: needed(TEXT),
  activationField: TEXT,
  countsWork: needed(FLAG),
  maxAttempts: needed(NUMBER),
  depthAgeSeconds: NUMBER,
  instanceLimit: NUMBER,
  authentication: mapOf(SECRET_KEY),
  authenticationName: TEXT,
  serviceAccountAnnotations: mapOf(TEXT),
  environment: mapOf(TEXT),
  secrets: mapOf(SECRET_KEY),
  egress: needed(
    listOf(
      struct<QueueEgress>({
        ports: needed(listOf(NUMBER)),
        namespace: TEXT,
        cidrs: listOf(TEXT),
      } satisfies Kinds<QueueEgress>),
    ),
  ),
};

const FIELD = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
/** Parameters of KEDA's scalers that are a credential: in `metadata` they would be readable by whoever reads the manifest. */
const CREDENTIAL = /password|passwd|secret|token|credential|api_?key|connection_?string|^connection$/i;

/** KEDA's trigger on any queue. */
export function customTrigger(given: CustomTriggerProps): Trigger {
  const { props, checks: kinds } = sound(given, KINDS, 'trigger');
  const { depthAgeSeconds, countsWork } = props;
  return {
    checks: [...kinds, ...customChecks(props)],
    question: {
      broker: 'other',
      ...(depthAgeSeconds === undefined ? {} : { depthAgeSeconds }),
      ...(countsWork === undefined ? {} : { depthCountsWork: countsWork }),
    },
    maxAttempts: props.maxAttempts,
    instanceLimit: props.instanceLimit,
    serviceAccountAnnotations: props.serviceAccountAnnotations,
    remarks: () =>
      countsWork === false
        ? [
            'the queue does not count items in work: replicas may be removed while they work, and finish within their grace period',
          ]
        : [],
    bind: (context) => bind(context, props),
  };
}

function customChecks(props: CustomTriggerProps): Check[] {
  const { metadata = {}, targetField, activationField, authentication, environment = {}, secrets = {}, egress } = props;
  const field = (prop: string, value: string | undefined) =>
    textCheck(prop, value, (text) => FIELD.test(text), 'a name of letters, digits and underscores');
  return [
    textCheck('scaler', props.scaler, (text) => /^[a-z][a-z0-9-]{0,62}$/.test(text), 'the name of a scaler of KEDA'),
    field('targetField', targetField),
    field('activationField', activationField),
    ...Object.keys(metadata).map((name) => field('metadata', name)),
    ...printableTexts('metadata', metadata),
    ...Object.keys(metadata).map((name) => ({
      refused: CREDENTIAL.test(name) && !/FromEnv$/.test(name),
      message: `metadata must have no credential, got ${name}: give it in authentication, from a Secret`,
    })),
    ...[targetField, activationField].map((name) => ({
      refused: name !== undefined && name in metadata,
      message: `metadata must not have ${name}, which comes from the plan`,
    })),
    wholeNumber('maxAttempts', props.maxAttempts, 1, 1000),
    inRange('depthAgeSeconds', props.depthAgeSeconds, 0, 3600),
    wholeNumber('instanceLimit', props.instanceLimit, 1),
    ...Object.entries(authentication ?? {}).flatMap(([name, secret]) => [
      field('authentication', name),
      ...secretChecks(`authentication.${name}`, secret),
    ]),
    dnsSubdomain('authenticationName', props.authenticationName),
    {
      refused: authentication !== undefined && props.authenticationName !== undefined,
      message: 'authentication and authenticationName must not be given together: KEDA takes one of them',
    },
    ...Object.keys(props.serviceAccountAnnotations ?? {}).map((name) =>
      qualifiedName('serviceAccountAnnotations', name),
    ),
    ...printableTexts('serviceAccountAnnotations', props.serviceAccountAnnotations ?? {}),
    ...Object.keys(environment).map((name) => environmentName('trigger.environment', name)),
    ...Object.keys(secrets).map((name) => environmentName('secrets', name)),
    ...printableTexts('trigger.environment', environment),
    ...Object.entries(secrets).flatMap(([name, secret]) => secretChecks(`secrets.${name}`, secret)),
    ...egressChecks(egress),
  ];
}

function egressChecks(egress: readonly QueueEgress[] | undefined): Check[] {
  if (egress === undefined) return [];
  return [
    {
      refused: egress.length === 0,
      message: 'egress must have one place at least: the worker could not receive, got none',
    },
    ...egress.flatMap(({ ports = [], namespace, cidrs: ranges }, i) => [
      { refused: ports.length === 0, message: `egress[${i}].ports must be one at least, got none` },
      ...ports.map((port) => wholeNumber(`egress[${i}].ports`, port, 1, 65_535)),
      dnsLabel(`egress[${i}].namespace`, namespace),
      ...cidrs(`egress[${i}].cidrs`, ranges),
      {
        refused: (namespace === undefined) === (ranges === undefined),
        message: `egress[${i}] must have either namespace or cidrs: the queue is inside or outside the cluster`,
      },
    ]),
  ];
}

function bind({ scope, target }: TriggerContext, props: CustomTriggerProps): TriggerBinding {
  const { scaler, metadata, targetField, activationField, authenticationName } = props;
  const secrets = secretTargets(props.authentication ?? {});
  const authentication = secrets.length > 0 ? secretAuthentication(scope, 'Authentication', secrets) : undefined;
  const name = authenticationName ?? authentication?.name;
  return {
    triggers: [
      {
        type: scaler,
        metadata: {
          ...metadata,
          [targetField]: String(target),
          ...(activationField === undefined ? {} : { [activationField]: '0' }),
        },
        ...(name === undefined ? {} : { authenticationRef: { name } }),
      },
    ],
    environment: props.environment ?? {},
    secrets: props.secrets ?? {},
    egress: props.egress,
    alerts: [],
    authentication,
  };
}
