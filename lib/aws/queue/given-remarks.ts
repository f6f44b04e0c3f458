/** What of queues that are there already can be neither read nor set, in words, with the commands that show and set it. */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { QueuePlan } from '../../flow/queue/workload';
import {
  type GivenQueues,
  given,
  hasPolicy,
  isFifoQueue,
  type Refusable,
  read,
  SETTINGS,
  type Setting,
  said,
} from './given-queue';
import { resourceOf } from './queue-identity';

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

/** Says what is not known of the given queues: their kind, and where the stack has to be. */
export function sayUnknown(scope: Construct, props: Refusable): void {
  const { queue, fifo } = props;
  if (queue !== undefined && fifo === undefined && isFifoQueue(queue) === undefined) {
    Annotations.of(scope).addWarningV2(
      'Backpressure::given-fifo',
      `the ARN of ${queue.node.path} is known only at deployment, and so is whether it is a FIFO queue. It is planned as a standard one, and SQS refuses a standard dead-letter queue of a FIFO queue. Say fifo: true or fifo: false, or import it by Queue.fromQueueAttributes({ queueArn, fifo: true })`,
    );
  }
  sayPlaces(scope, props);
}

/** Says where a stack without an account or a region has to be deployed, for imported queues that have one. */
function sayPlaces(scope: Construct, props: GivenQueues): void {
  const stack = Stack.of(scope);
  const places = (['queue', 'deadLetterQueue'] as const).flatMap((which) => {
    const queue = given(props, which);
    // Between stacks of one app CDK itself compares the places.
    if (queue === undefined || resourceOf(queue) !== undefined) return [];
    const env = (['region', 'account'] as const)
      .filter((place) => !Token.isUnresolved(queue.env[place]) && Token.isUnresolved(stack[place]))
      .map((place) => `${place}: '${queue.env[place]}'`);
    return env.length === 0 ? [] : [{ name: nameOf(queue), env: `{ ${env.join(', ')} }` }];
  });
  for (const env of new Set(places.map((place) => place.env))) {
    const names = places.filter((place) => place.env === env).map(({ name }) => name);
    Annotations.of(scope).addWarningV2(
      'Backpressure::given-place',
      `the stack ${stack.stackName} does not say where it is deployed, and ${names.join(' and ')} can be used only there: ${env}. Deployed elsewhere, alarms watch metrics that do not exist and never fire, and no function receives from the queue. Give the stack this env`,
    );
  }
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
  if (queue === undefined || resourceOf(queue) !== undefined || hasPolicy(props)) return;
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
