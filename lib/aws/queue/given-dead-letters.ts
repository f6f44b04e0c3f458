/**
 * A dead-letter queue that is there already: it must admit the queue, be of this queue alone, and have no other consumer. The
 * same is checked again when the app is synthesized, with all that was added since.
 */
import { Stack } from 'aws-cdk-lib';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import {
  type GivenQueues,
  given,
  givenDeadLetterQueue,
  pathOf,
  type Refusable,
  read,
  SETTINGS,
  targetOf,
} from './given-queue';
import {
  type Identity,
  identityOf,
  identityOfArn,
  isDifferent,
  isSame,
  renderedProperties,
  resourceOf,
} from './queue-identity';

/** What is wrong with a given dead-letter queue. */
export function deadLetterChecks(props: Refusable, redrives: boolean): Check[] {
  const letters = givenDeadLetterQueue(props);
  if (letters === undefined) return [];
  return [
    ...admissionChecks(letters, props),
    ...shareChecks(letters, props.queue),
    ...(redrives ? consumerChecks(letters) : []),
  ];
}

/** Checks the given queues once more at the end of the app, when overrides, aspects and other constructs have had their say. */
export function checkAtSynthesis(
  scope: Construct,
  props: GivenQueues,
  made: { readonly queue: IQueue; readonly deadLetterQueue: IQueue; readonly redriver?: Construct },
): void {
  const letters = givenDeadLetterQueue(props);
  if (props.queue === undefined && letters === undefined) return;
  const planned = SETTINGS.map((setting) => read(props, setting));
  const validate = () =>
    [
      ...SETTINGS.map((setting, index): Check => {
        const [before, now] = [planned[index], read(props, setting)];
        return {
          refused: before !== now,
          message: `${setting.attribute} of ${given(props, setting.which)?.node.path} must be ${before}, as when ${scope.node.path} was planned, got ${now}; set it before ${scope.node.path} is made`,
        };
      }),
      ...targetChecks(made.queue, made.deadLetterQueue),
      ...(letters === undefined ? [] : shareChecks(letters, made.queue)),
      ...(letters === undefined || made.redriver === undefined ? [] : consumerChecks(letters, made.redriver)),
    ].flatMap(({ refused, message }) => (refused ? [message] : []));
  scope.node.addValidation({ validate });
}

/** Whether the policy of the dead-letter queue lets the queue have it. */
function admissionChecks(letters: IQueue, { queue, queueName }: Refusable): Check[] {
  const resource = resourceOf(letters);
  const policy = resource && renderedProperties(resource).RedriveAllowPolicy;
  if (resource === undefined || typeof policy !== 'object' || policy === null) return [];
  const { redrivePermission, sourceQueueArns } = policy as { redrivePermission?: unknown; sourceQueueArns?: unknown };
  const sources = Array.isArray(sourceQueueArns) ? sourceQueueArns : [];
  const isOther = (arn: unknown) => {
    const source = identityOfArn(resource, arn);
    if (queue !== undefined) return isDifferent(source, identityOf(queue));
    // A queue that is made here has the name that is given, or one that nobody knows yet.
    const named = source.arn?.split(':').at(-1);
    return source.resource !== undefined || (named !== undefined && named !== queueName);
  };
  const one = queue === undefined ? 'the queue that is made here' : queue.node.path;
  const way = `let its redriveAllowPolicy admit ${queue === undefined ? 'all queues, or give no deadLetterQueue' : 'it'}`;
  return [
    {
      refused: redrivePermission === 'denyAll',
      message: `deadLetterQueue must admit ${one}, and the redriveAllowPolicy of ${letters.node.path} is denyAll: SQS refuses the redrive policy; ${way}`,
    },
    {
      refused: redrivePermission === 'byQueue' && Array.isArray(sourceQueueArns) && sources.every(isOther),
      message: `deadLetterQueue must admit ${one}, and the redriveAllowPolicy of ${letters.node.path} is byQueue without it: SQS refuses the redrive policy; ${way}`,
    },
  ];
}

/** Whether another queue of the app has the same dead-letter queue. */
function shareChecks(letters: IQueue, own: IQueue | undefined): Check[] {
  const identity = identityOf(letters);
  const isOwn = (queue: CfnQueue) =>
    own !== undefined && (resourceOf(own) === queue || isSame(identityOf(own), ofQueue(queue)));
  const others = letters.node.root.node
    .findAll()
    .filter((node) => node instanceof CfnQueue)
    .filter((queue) => !isOwn(queue) && isSame(targetOf(queue) ?? {}, identity));
  return [
    {
      refused: others.length > 0,
      message: `deadLetterQueue must be of one queue, and ${letters.node.path} is also that of ${others.map(pathOf).join(', ')}: the redriver would send the letters of all to one of them; give each queue its own`,
    },
  ];
}

function ofQueue(queue: CfnQueue): Identity {
  return identityOfArn(queue, queue.attrArn);
}

/** Whether a function of the app consumes the dead-letter queue beside the redriver. */
function consumerChecks(letters: IQueue, redriver?: Construct): Check[] {
  const identity = identityOf(letters);
  const others = letters.node.root.node
    .findAll()
    .filter((node) => node instanceof CfnEventSourceMapping)
    .filter((mapping) => redriver === undefined || !mapping.node.scopes.includes(redriver))
    .filter((mapping) => {
      const { EventSourceArn, Enabled } = renderedProperties(mapping);
      const source = mapping.eventSourceArn;
      const isSet = JSON.stringify(Stack.of(mapping).resolve(source)) === JSON.stringify(EventSourceArn);
      return Enabled !== false && isSame(identityOfArn(mapping, isSet ? source : EventSourceArn), identity);
    });
  return [
    {
      refused: others.length > 0,
      message: `deadLetterQueue must have no consumer but the redriver, and ${others.map(({ node }) => node.path).join(', ')} receives from ${letters.node.path}: letters that it receives are deleted; remove it, or set maxRedrives to 0`,
    },
  ];
}

/** Whether the redrive policy in the template names the dead-letter queue. */
function targetChecks(queue: IQueue, letters: IQueue): Check[] {
  const resource = resourceOf(queue);
  if (resource === undefined) return [];
  const target = targetOf(resource);
  return [
    {
      refused: target === undefined || isDifferent(target, identityOf(letters)),
      message: `the redrive policy of ${queue.node.path} must name ${letters.node.path}, got ${target?.resource ? pathOf(target.resource) : (target?.arn ?? 'none')}; remove the override`,
    },
  ];
}
