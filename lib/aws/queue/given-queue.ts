/**
 * A queue that is there already, with or without a dead-letter queue: what can be read of it goes into the plan, and what can
 * be set is set.
 */
import { type Duration, Stack, Token } from 'aws-cdk-lib';
import { type CfnQueue, type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { SQS_DEFAULTS, SQS_LIMITS } from '../../flow/queue/brokers/sqs';
import { REDRIVER_TIMEOUT_SECONDS } from '../../flow/queue/brokers/sqs-redrive';
import type { QueueQuestion } from '../../flow/queue/question';
import { knownNumber, resolvedNumber, resolvedSeconds, wholeSeconds } from '../tokens';
import type { ExistingQueueSettings } from './existing-queue';
import {
  endOfArn,
  type Identity,
  identityOf,
  identityOfArn,
  isDifferent,
  isSame,
  renderedProperties,
  resourceOf,
} from './queue-identity';

/** The given queues and what is said of them. */
export interface GivenQueues {
  readonly queue?: IQueue;
  readonly deadLetterQueue?: IQueue;
  readonly existing?: ExistingQueueSettings;
}

/** Props that a given queue does not take, because they are its own. */
export interface Refusable extends GivenQueues {
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
export interface Setting {
  /** Its name in `existing`. */
  readonly name: keyof ExistingQueueSettings;
  /** Its name in the question and in the plan. */
  readonly knob: keyof Settings;
  /** Its name in SQS. */
  readonly attribute: string;
  readonly which: 'queue' | 'deadLetterQueue';
  /** The least and the most that a plan goes by. */
  readonly limits: readonly [number, number];
  /** What a queue of this app has, from its properties in the template. */
  readonly read: (properties: Readonly<Record<string, unknown>>) => number | undefined;
}

const DAY_SECONDS = 86_400;

/** All that the plan goes by. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'visibilityTimeout',
    knob: 'visibilityTimeoutSeconds',
    attribute: 'VisibilityTimeout',
    which: 'queue',
    limits: [0, SQS_LIMITS.visibilitySeconds],
    read: ({ VisibilityTimeout }) => numberOf(VisibilityTimeout ?? SQS_DEFAULTS.visibilitySeconds),
  },
  {
    name: 'maxReceiveCount',
    knob: 'maxReceiveCount',
    attribute: 'maxReceiveCount',
    which: 'queue',
    limits: [SQS_LIMITS.receiveCount.min, SQS_LIMITS.receiveCount.max],
    read: ({ RedrivePolicy }) => numberOf(fieldOf(RedrivePolicy, 'maxReceiveCount')),
  },
  {
    name: 'retention',
    knob: 'retentionSeconds',
    attribute: 'MessageRetentionPeriod',
    which: 'queue',
    limits: [SQS_LIMITS.retentionSeconds.min, SQS_LIMITS.retentionSeconds.max - DAY_SECONDS],
    read: ({ MessageRetentionPeriod }) => numberOf(MessageRetentionPeriod ?? SQS_DEFAULTS.retentionSeconds),
  },
  {
    name: 'deadLetterRetention',
    knob: 'deadLetterRetentionSeconds',
    attribute: 'MessageRetentionPeriod',
    which: 'deadLetterQueue',
    limits: [2 * DAY_SECONDS, SQS_LIMITS.retentionSeconds.max],
    read: ({ MessageRetentionPeriod }) => numberOf(MessageRetentionPeriod ?? SQS_DEFAULTS.retentionSeconds),
  },
  {
    name: 'deadLetterVisibilityTimeout',
    knob: 'deadLetterVisibilitySeconds',
    attribute: 'VisibilityTimeout',
    which: 'deadLetterQueue',
    limits: [REDRIVER_TIMEOUT_SECONDS, SQS_LIMITS.visibilitySeconds],
    read: ({ VisibilityTimeout }) => numberOf(VisibilityTimeout ?? SQS_DEFAULTS.visibilitySeconds),
  },
];

/** The settings of the given queues as far as they are known: read, or given by hand. */
export function settingsOf(props: GivenQueues): Settings {
  const known = SETTINGS.map((setting) => [setting.knob, read(props, setting) ?? said(props, setting)] as const);
  return Object.fromEntries(known.filter(([, value]) => value !== undefined));
}

/** The dead-letter queue that is there: the given one, or that of the given queue. */
export function givenDeadLetterQueue({ queue, deadLetterQueue }: GivenQueues): IQueue | undefined {
  if (deadLetterQueue !== undefined || queue === undefined) return deadLetterQueue;
  const owned = (queue as IQueue & { readonly deadLetterQueue?: { readonly queue?: IQueue } }).deadLetterQueue?.queue;
  const resource = resourceOf(queue);
  if (resource === undefined) return owned;
  const target = targetOf(resource);
  if (target === undefined) return undefined;
  // An override may name another one than the construct does.
  if (owned !== undefined && !isDifferent(identityOf(owned), target)) return owned;
  const around = target.resource?.node.scope;
  return around instanceof Queue && around.node.defaultChild === target.resource ? around : undefined;
}

/** The dead-letter queue that the redrive policy in the template names; undefined without a policy. */
export function targetOf(resource: CfnQueue): Identity | undefined {
  const { RedrivePolicy } = renderedProperties(resource);
  if (RedrivePolicy === undefined) return undefined;
  const target = fieldOf(RedrivePolicy, 'deadLetterTargetArn');
  const set: unknown = fieldOf(resource.redrivePolicy, 'deadLetterTargetArn');
  // The property says which construct is meant, also in another stack; an override is in the template only.
  const isSet = JSON.stringify(Stack.of(resource).resolve(set)) === JSON.stringify(target);
  return identityOfArn(resource, isSet ? set : target);
}

/** Whether a given queue is a FIFO queue; undefined where only the deployment knows its name. */
export function isFifoQueue(queue: IQueue): boolean | undefined {
  const resource = resourceOf(queue);
  if (resource !== undefined) {
    const { FifoQueue = false } = renderedProperties(resource);
    return typeof FifoQueue === 'object' ? undefined : String(FifoQueue) === 'true';
  }
  // aws-cdk-lib takes an ARN that is a token for that of a standard queue, unless it is told otherwise.
  return queue.fifo || endOfArn(queue)?.endsWith('.fifo');
}

/** What is wrong with given queues and with what is said of them, beside what the plan refuses. */
export function givenQueueChecks(props: Refusable): Check[] {
  const { queue, existing = {} } = props;
  return [
    ...(queue === undefined ? [] : [...ownSettingChecks(queue, props), ...policyChecks(queue, props)]),
    ...kindChecks(props),
    ...SETTINGS.map(({ name, limits: [min, max] }) => {
      const value = existing[name];
      return typeof value === 'number'
        ? knownNumber(`existing.${name}`, value, min, max)
        : wholeSeconds(`existing.${name}`, value, min, max);
    }),
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
      refused: props.fifo !== undefined && props.fifo !== (isFifoQueue(queue) ?? props.fifo),
      message: `fifo must be that of the given queue ${path}, ${isFifoQueue(queue)}, got ${props.fifo}; leave it out`,
    },
  ];
}

/** Whether the redrive policy can be made, where there is none, and names the dead-letter queue, where there is one. */
function policyChecks(queue: IQueue, props: GivenQueues): Check[] {
  const resource = resourceOf(queue);
  const letters = givenDeadLetterQueue(props);
  if (resource === undefined) return [];
  const target = targetOf(resource);
  return [
    {
      refused: target === undefined && resource.redrivePolicy !== undefined,
      message: `queue must keep its redrive policy, and an override deletes that of ${queue.node.path}; remove the override`,
    },
    {
      refused: target !== undefined && letters === undefined,
      message: `deadLetterQueue must be given, because the redrive policy of ${queue.node.path} names one that is no Queue of aws-cdk-lib`,
    },
    {
      refused: target !== undefined && letters !== undefined && isDifferent(target, identityOf(letters)),
      message: `deadLetterQueue must be the one that the redrive policy of ${queue.node.path} names${target?.resource ? `, ${pathOf(target.resource)}` : ''}, got ${letters?.node.path}`,
    },
  ];
}

/** Kind, account and region of given queues. */
function kindChecks(props: Refusable): Check[] {
  const letters = givenDeadLetterQueue(props);
  const fifo = (props.queue && isFifoQueue(props.queue)) ?? props.fifo ?? false;
  return [
    {
      refused: letters !== undefined && (isFifoQueue(letters) ?? fifo) !== fifo,
      message: `deadLetterQueue must be ${fifo ? 'a FIFO' : 'a standard'} queue, as the queue is (BP-SQS-007), got ${letters?.node.path}`,
    },
    {
      refused:
        props.queue !== undefined && letters !== undefined && isSame(identityOf(props.queue), identityOf(letters)),
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
      message: `queue must have a redrive policy, because it is in the stack ${props.queue && Stack.of(resourceOf(props.queue) ?? props.queue).node.path} and this one cannot set it: give ${props.queue?.node.path} a deadLetterQueue there`,
    },
  ];
}

/** A queue of another stack of this app that would need a dead-letter queue of this one: the stacks would need each other. */
function lacksPolicyElsewhere(scope: Construct, { queue }: GivenQueues): boolean {
  const resource = queue && resourceOf(queue);
  return resource !== undefined && Stack.of(resource) !== Stack.of(scope) && targetOf(resource) === undefined;
}

/**
 * The ARN of a queue without a reference to it, which a dead-letter queue that it refers to can hold; undefined where
 * only the deployment knows its name.
 */
export function arnByName(queue: IQueue): string | undefined {
  const resource = resourceOf(queue);
  if (resource === undefined) return queue.queueArn;
  const { queueName } = resource;
  if (queueName === undefined || Token.isUnresolved(queueName)) return undefined;
  return Stack.of(resource).formatArn({ service: 'sqs', resource: queueName });
}

/** Gives a queue of this app without a redrive policy the dead-letter queue. */
export function setRedrivePolicy(queue: IQueue, deadLetterQueue: IQueue, maxReceiveCount: number): void {
  const resource = resourceOf(queue);
  if (resource === undefined || targetOf(resource) !== undefined) return;
  resource.redrivePolicy = { deadLetterTargetArn: deadLetterQueue.queueArn, maxReceiveCount };
}

/** Whether the given queue has a redrive policy, as far as is known. */
export function hasPolicy(props: GivenQueues): boolean {
  const { queue } = props;
  const resource = queue && resourceOf(queue);
  return resource === undefined ? givenDeadLetterQueue(props) !== undefined : targetOf(resource) !== undefined;
}

/** One of the given queues. */
export function given(props: GivenQueues, which: Setting['which']): IQueue | undefined {
  return which === 'queue' ? props.queue : givenDeadLetterQueue(props);
}

/** What a queue of this app has. */
export function read(props: GivenQueues, { which, read }: Setting): number | undefined {
  const queue = given(props, which);
  const resource = queue && resourceOf(queue);
  return resource && read(renderedProperties(resource));
}

/** What is said of a given queue, where it can be so; a check names what cannot. */
export function said({ existing = {} }: GivenQueues, { name, limits: [min, max] }: Setting): number | undefined {
  const value = existing[name];
  const told = typeof value === 'number' || value === undefined ? resolvedNumber(value) : resolvedSeconds(value);
  return told !== undefined && Number.isInteger(told) && told >= min && told <= max ? told : undefined;
}

/** The field of a value that is an object. */
function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The number in a template; CloudFormation takes it as a text, too. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  return typeof value === 'number' ? value : undefined;
}

/** The path of the construct that a queue is known by: the one around its resource, where there is one. */
export function pathOf(resource: CfnQueue): string {
  const { scope } = resource.node;
  return scope instanceof Queue ? scope.node.path : resource.node.path;
}
