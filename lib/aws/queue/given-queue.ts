/**
 * A queue that is there already, with or without a dead-letter queue: what can be read of it goes into the plan, what can
 * be set is set, and the rest is said, with the commands that show and set it.
 */
import { Annotations, type Duration, Stack, Token } from 'aws-cdk-lib';
import { CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { SQS_DEFAULTS } from '../../flow/queue/brokers/sqs';
import type { QueueQuestion } from '../../flow/queue/question';
import type { QueuePlan } from '../../flow/queue/workload';
import { knownNumber, resolvedNumber, resolvedSeconds, wholeSeconds } from '../tokens';
import type { ExistingQueueSettings } from './existing-queue';

/** The given queues and what is said of them. */
export interface GivenQueues {
  readonly queue?: IQueue;
  readonly deadLetterQueue?: IQueue;
  readonly existing?: ExistingQueueSettings;
}

/** Props that a given queue does not take, because they are its own. */
interface Refusable extends GivenQueues {
  readonly fifo?: boolean;
  readonly queueName?: string;
  readonly retention?: Duration;
  readonly maxReceiveCount?: number;
}

type Settings = Pick<
  QueueQuestion,
  | 'visibilityTimeoutSeconds'
  | 'maxReceiveCount'
  | 'retentionSeconds'
  | 'deadLetterRetentionSeconds'
  | 'deadLetterVisibilitySeconds'
>;

/** One setting of a given queue. */
interface Setting {
  /** Its name in `existing`. */
  readonly name: keyof ExistingQueueSettings;
  /** Its name in the question and in the plan. */
  readonly knob: keyof Settings;
  /** Its name in SQS. */
  readonly attribute: string;
  readonly which: 'queue' | 'deadLetterQueue';
  /** What a queue of this app has. */
  readonly read: (resource: CfnQueue) => number | undefined;
}

const SETTINGS: readonly Setting[] = [
  {
    name: 'visibilityTimeout',
    knob: 'visibilityTimeoutSeconds',
    attribute: 'VisibilityTimeout',
    which: 'queue',
    read: ({ visibilityTimeout }) => resolvedNumber(visibilityTimeout ?? SQS_DEFAULTS.visibilitySeconds),
  },
  {
    name: 'maxReceiveCount',
    knob: 'maxReceiveCount',
    attribute: 'maxReceiveCount',
    which: 'queue',
    read: ({ redrivePolicy }) => resolvedNumber(redrivePolicy?.maxReceiveCount),
  },
  {
    name: 'retention',
    knob: 'retentionSeconds',
    attribute: 'MessageRetentionPeriod',
    which: 'queue',
    read: ({ messageRetentionPeriod }) => resolvedNumber(messageRetentionPeriod ?? SQS_DEFAULTS.retentionSeconds),
  },
  {
    name: 'deadLetterRetention',
    knob: 'deadLetterRetentionSeconds',
    attribute: 'MessageRetentionPeriod',
    which: 'deadLetterQueue',
    read: ({ messageRetentionPeriod }) => resolvedNumber(messageRetentionPeriod ?? SQS_DEFAULTS.retentionSeconds),
  },
  {
    name: 'deadLetterVisibilityTimeout',
    knob: 'deadLetterVisibilitySeconds',
    attribute: 'VisibilityTimeout',
    which: 'deadLetterQueue',
    read: ({ visibilityTimeout }) => resolvedNumber(visibilityTimeout ?? SQS_DEFAULTS.visibilitySeconds),
  },
];

/** The settings of the given queues as far as they are known: read, or given by hand. */
export function settingsOf(props: GivenQueues): Settings {
  const known = SETTINGS.map((setting) => [setting.knob, read(props, setting) ?? said(props, setting)] as const);
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

/** The dead-letter queue that is there: the given one, or that of the given queue. */
export function givenDeadLetterQueue({ queue, deadLetterQueue }: GivenQueues): IQueue | undefined {
  const owned = queue as (IQueue & { readonly deadLetterQueue?: { readonly queue?: IQueue } }) | undefined;
  return deadLetterQueue ?? owned?.deadLetterQueue?.queue;
}

/** What is wrong with given queues and with what is said of them, beside what the plan refuses. */
export function givenQueueChecks(props: Refusable): Check[] {
  const { queue, existing = {} } = props;
  return [
    ...(queue === undefined ? [] : [...ownSettingChecks(queue, props), ...policyChecks(queue, props)]),
    ...kindChecks(props),
    knownNumber('existing.maxReceiveCount', existing.maxReceiveCount, 1, 1000),
    ...(['visibilityTimeout', 'retention', 'deadLetterRetention', 'deadLetterVisibilityTimeout'] as const).map((name) =>
      wholeSeconds(`existing.${name}`, existing[name], 0, Number.MAX_SAFE_INTEGER),
    ),
    ...SETTINGS.flatMap((setting) => {
      const [has, told] = [read(props, setting), said(props, setting)];
      return [
        {
          refused: told !== undefined && given(props, setting.which) === undefined,
          message: `existing.${setting.name} is of a given ${setting.which}, and none is given`,
        },
        {
          refused: has !== undefined && told !== undefined && has !== told,
          message: `existing.${setting.name} must be that of ${given(props, setting.which)?.node.path}, ${has}, got ${told}; leave it out, because it is read`,
        },
      ];
    }),
  ];
}

/** A prop for a setting that the given queue has itself. */
function ownSettingChecks(queue: IQueue, props: Refusable): Check[] {
  const { path } = queue.node;
  return [
    {
      refused: props.queueName !== undefined,
      message: `queueName is for a queue that is made, and ${path} has its name; leave it out`,
    },
    {
      refused: props.retention !== undefined,
      message: `retention is set on the given queue ${path}; set it there, or say what it has as existing.retention`,
    },
    {
      refused: props.maxReceiveCount !== undefined && hasPolicy(props),
      message: `maxReceiveCount is set on the given queue ${path}; set it there, or say what it has as existing.maxReceiveCount`,
    },
    {
      refused: props.existing?.maxReceiveCount !== undefined && !hasPolicy(props),
      message: `existing.maxReceiveCount is of a redrive policy, and ${path} has none that is known; give its deadLetterQueue`,
    },
    {
      refused: props.fifo !== undefined && props.fifo !== queue.fifo,
      message: `fifo must be that of the given queue ${path}, ${queue.fifo}, got ${props.fifo}; leave it out`,
    },
  ];
}

/** Whether the redrive policy can be made, where there is none, and names the dead-letter queue, where there is one. */
function policyChecks(queue: IQueue, props: GivenQueues): Check[] {
  const resource = cfn(queue);
  const letters = givenDeadLetterQueue(props);
  if (resource === undefined) return [];
  const target = resource.redrivePolicy?.deadLetterTargetArn;
  return [
    {
      refused: target !== undefined && letters === undefined,
      message: `deadLetterQueue must be given, because the redrive policy of ${queue.node.path} names one that is no construct of aws-cdk-lib`,
    },
    {
      refused: letters !== undefined && areDifferent(queue, target, letters.queueArn),
      message: `deadLetterQueue must be the one that the redrive policy of ${queue.node.path} names, got ${letters?.node.path}`,
    },
  ];
}

/** Kind, account and region of given queues. */
function kindChecks(props: Refusable): Check[] {
  const letters = givenDeadLetterQueue(props);
  const fifo = props.queue?.fifo ?? props.fifo ?? false;
  return [
    {
      refused: letters !== undefined && letters.fifo !== fifo,
      message: `deadLetterQueue must be ${fifo ? 'a FIFO' : 'a standard'} queue, as the queue is (BP-SQS-007), got ${letters?.node.path}`,
    },
    {
      refused: props.queue !== undefined && props.queue === letters,
      message: 'deadLetterQueue must be another queue than the queue',
    },
  ];
}

/** A queue of another account or region: its metrics are not here, and no mapping reaches it. */
export function placeChecks(scope: Construct, props: GivenQueues): Check[] {
  const stack = Stack.of(scope);
  const given = Object.entries({ queue: props.queue, deadLetterQueue: givenDeadLetterQueue(props) });
  return [
    ...given.flatMap(([name, queue]) =>
      (['account', 'region'] as const).map((place): Check => {
        const [has, needs] = [queue?.env[place] ?? '', stack[place]];
        const known = queue !== undefined && !Token.isUnresolved(has) && !Token.isUnresolved(needs);
        return {
          refused: known && has !== needs,
          message: `${name} must be in ${needs}, the ${place} of this stack, where its metrics and the redriver are, got ${has}`,
        };
      }),
    ),
    {
      refused: lacksPolicyElsewhere(scope, props),
      message: `queue must have a redrive policy, because it is in the stack ${props.queue && Stack.of(props.queue).stackName} and this one cannot set it: give ${props.queue?.node.path} a deadLetterQueue there`,
    },
  ];
}

/** A queue of another stack of this app that would need a dead-letter queue of this one: the stacks would need each other. */
function lacksPolicyElsewhere(scope: Construct, { queue }: GivenQueues): boolean {
  const resource = queue && cfn(queue);
  return resource !== undefined && resource.redrivePolicy === undefined && Stack.of(resource) !== Stack.of(scope);
}

/**
 * The ARN of a queue without a reference to it, which a dead-letter queue that it refers to can hold; undefined where
 * only the deployment knows its name.
 */
export function arnByName(queue: IQueue): string | undefined {
  const resource = cfn(queue);
  if (resource === undefined) return queue.queueArn;
  const { queueName } = resource;
  if (queueName === undefined || Token.isUnresolved(queueName)) return undefined;
  return Stack.of(queue).formatArn({ service: 'sqs', resource: queueName });
}

/** Gives a queue of this app without a redrive policy the dead-letter queue. */
export function setRedrivePolicy(queue: IQueue, deadLetterQueue: IQueue, maxReceiveCount: number): void {
  const resource = cfn(queue);
  if (resource === undefined || resource.redrivePolicy !== undefined) return;
  resource.redrivePolicy = { deadLetterTargetArn: deadLetterQueue.queueArn, maxReceiveCount };
}

/** Whether the given queue has a redrive policy, as far as is known. */
function hasPolicy(props: GivenQueues): boolean {
  const { queue } = props;
  const resource = queue && cfn(queue);
  return resource === undefined ? givenDeadLetterQueue(props) !== undefined : resource.redrivePolicy !== undefined;
}

/** The settings that the plan goes by and that are not known, with what it expects. */
function unread(props: GivenQueues, plan: QueuePlan): (Setting & { readonly value: number })[] {
  const planned = new Map(plan.knobs.map(({ name, value }) => [name, value]));
  return SETTINGS.flatMap((setting) => {
    const queue = given(props, setting.which);
    const value = planned.get(setting.knob);
    const isKnown = read(props, setting) !== undefined || said(props, setting) !== undefined;
    if (queue === undefined || value === undefined || isKnown) return [];
    // The policy that is made here has the number of the plan, and a missing one is said on its own.
    if (setting.name === 'maxReceiveCount' && !hasPolicy(props)) return [];
    return [{ ...setting, value }];
  });
}

/** What the plan expects of queues that it could not read, in a sentence; undefined where all is known. */
export function unreadRemark(props: GivenQueues, plan: QueuePlan): string | undefined {
  const lacking = unread(props, plan);
  if (lacking.length === 0) return undefined;
  return `not read, but expected of queues that are there already: ${lacking.map(({ knob, value }) => `${knob} ${value}`).join(', ')}`;
}

/** Says what the given queues must be set to, where nothing here can read or change it, with the commands. */
export function sayUnread(scope: Construct, props: GivenQueues, plan: QueuePlan, deadLetterQueue: IQueue): void {
  for (const which of ['queue', 'deadLetterQueue'] as const) {
    const queue = given(props, which);
    const lacking = unread(props, plan).filter((setting) => setting.which === which);
    if (queue !== undefined && lacking.length > 0) {
      Annotations.of(scope).addWarningV2(
        `Backpressure::given-${which === 'queue' ? 'queue' : 'dead-letters'}`,
        unreadText(queue, lacking),
      );
    }
  }
  const { queue } = props;
  if (queue === undefined || cfn(queue) !== undefined || hasPolicy(props)) return;
  Annotations.of(scope).addWarningV2(
    'Backpressure::BP-SQS-001',
    `the queue ${nameOf(queue)} is not of this app, so its redrive policy cannot be set here. Until it names ${deadLetterQueue.node.path}, a message that fails is retried until it expires, and there is no dead letter to redrive. ${policyCommand(queue, plan)}; then give this construct the deadLetterQueue, or acknowledge this warning`,
  );
}

function unreadText(queue: IQueue, lacking: readonly (Setting & { readonly value: number })[]): string {
  const isPolicy = ({ attribute }: Setting) => attribute === 'maxReceiveCount';
  const attributes = [...new Set(lacking.map((one) => (isPolicy(one) ? 'RedrivePolicy' : one.attribute)))];
  return [
    `the settings of ${nameOf(queue)} cannot be read here. The plan is for ${lacking.map(({ attribute, value }) => `${attribute} ${value}`).join(', ')}`,
    `Look: aws sqs get-queue-attributes --queue-url ${urlOf(queue)} --attribute-names ${attributes.join(' ')}`,
    `Then say what it has, and it is checked: ${lacking.map(({ name }) => `existing.${name}`).join(', ')}`,
    `A shorter visibility timeout delivers messages twice (BP-SQS-004), a dead-letter queue that keeps letters no longer than its source loses them (BP-SQS-002), and fewer than five receives set good messages aside (BP-SQS-003)`,
  ].join('. ');
}

function policyCommand(queue: IQueue, plan: QueuePlan): string {
  const policy = {
    deadLetterTargetArn: '<ARN of the dead-letter queue>',
    maxReceiveCount: plan.value('maxReceiveCount'),
  };
  const attributes = JSON.stringify({ RedrivePolicy: JSON.stringify(policy) });
  return `After the deployment: aws sqs set-queue-attributes --queue-url ${urlOf(queue)} --attributes '${attributes}'`;
}

function nameOf({ queueName, node }: IQueue): string {
  return Token.isUnresolved(queueName) ? node.path : queueName;
}

function urlOf({ queueName }: IQueue): string {
  const name = Token.isUnresolved(queueName) ? '<name of the queue>' : queueName;
  return `"$(aws sqs get-queue-url --queue-name ${name} --query QueueUrl --output text)"`;
}

function given(props: GivenQueues, which: Setting['which']): IQueue | undefined {
  return which === 'queue' ? props.queue : givenDeadLetterQueue(props);
}

function read(props: GivenQueues, { which, read }: Setting): number | undefined {
  const queue = given(props, which);
  const resource = queue && cfn(queue);
  return resource && read(resource);
}

function said({ existing = {} }: GivenQueues, { name }: Setting): number | undefined {
  const value = existing[name];
  return typeof value === 'number' || value === undefined ? resolvedNumber(value) : resolvedSeconds(value);
}

function cfn(queue: IQueue): CfnQueue | undefined {
  const resource = queue.node.defaultChild;
  return resource instanceof CfnQueue ? resource : undefined;
}

/** Whether two ARNs are of different queues for certain: both are literal, or both are of a resource of the stack. */
function areDifferent(scope: Construct | IQueue, one: unknown, other: unknown): boolean {
  if (one === undefined) return false;
  const stack = Stack.of(scope);
  const [left, right] = [stack.resolve(one), stack.resolve(other)];
  const isAttribute = (value: unknown) => typeof value === 'object' && value !== null && 'Fn::GetAtt' in value;
  const comparable =
    (typeof left === 'string' && typeof right === 'string') || (isAttribute(left) && isAttribute(right));
  return comparable && JSON.stringify(left) !== JSON.stringify(right);
}
