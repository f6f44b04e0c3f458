/**
 * Consumers and dead-letter queues: the relations between resources that several rules use.
 */

import { grouped } from '../../../flow/grouped';
import type { Resource, Value } from '../../document';
import { oncePer } from '../../once-per';
import { isMapping } from '../../resolved';
import { isOff, type Mapping, mappings } from './functions';
import { grantsOn } from './grants';
import type { Template } from './template';

/** Type of an SQS queue. */
export const QUEUE = 'AWS::SQS::Queue';

/** Every SQS queue. */
export function queues(template: Template): readonly Resource[] {
  return template.ofType(QUEUE);
}

/** A queue's redrive policy; rules read it as a mapping, and ignore one in JSON text. */
export function redrivePolicy(queue: Resource): Value {
  return queue.at('Properties', 'RedrivePolicy');
}

/** The dead-letter queue of this queue; undefined when it is not decided, or in another template. */
export function deadLetterQueueOf(template: Template, queue: Resource): Resource | undefined {
  const arn = redrivePolicy(queue).at('deadLetterTargetArn');
  return template.find(arn, QUEUE, 'QueueName');
}

/** The queues whose dead-letter queue is this one. */
export function sourcesOf(template: Template, deadLetterQueue: Resource): readonly Resource[] {
  return sources(template).get(deadLetterQueue) ?? [];
}

const sources = oncePer((template: Template) =>
  grouped(queues(template).map((queue) => [deadLetterQueueOf(template, queue), queue] as const)),
);

/** Properties in which a resource names its failure destination. */
const DEAD_LETTER_KEYS = new Set(['deadLetterTargetArn', 'DeadLetterConfig', 'DeadLetterQueueArn', 'OnFailure']);

/** Whether any resource of the template sends its failures to this queue. */
export function isDeadLetterQueue(template: Template, queue: Resource): boolean {
  return sourcesOf(template, queue).length > 0 || parkersOf(template, queue).length > 0;
}

/** Every resource with this queue as its failure destination. */
export function parkersOf(template: Template, queue: Resource): readonly Resource[] {
  return parkers(template).get(queue) ?? [];
}

/** Resources with a queue as failure destination, by queue; each once, in the order of the template. */
const parkers = oncePer((template: Template) =>
  grouped(
    template.resources.flatMap((resource) => {
      const named = new Set(failurePlaces(resource).flatMap((place) => template.findAll(place, QUEUE, 'QueueName')));
      return [...named]
        .filter((queue) => queue !== resource && template.mentions(resource, queue))
        .map((queue) => [queue, resource] as const);
    }),
  ),
);

/** The places in which a resource names its failure destination. */
function failurePlaces(resource: Resource): readonly Value[] {
  const found: Value[] = [];
  const collect = (value: Value) => {
    // Most resources have none, and to look at every place of all of them is most of the work.
    if (!hasKey(value.resolved, DEAD_LETTER_KEYS)) return;
    if (Array.isArray(value.resolved)) for (const item of value.items()) collect(item);
    else
      for (const [key, below] of value.entries())
        if (DEAD_LETTER_KEYS.has(key)) places(below, found);
        else collect(below);
  };
  collect(resource.at('Properties'));
  return found;
}

/** Whether a document has one of these keys at any depth. */
function hasKey(raw: unknown, keys: ReadonlySet<string>): boolean {
  // Loops: this is called for every value of a template.
  if (Array.isArray(raw)) {
    for (const item of raw) if (hasKey(item, keys)) return true;
    return false;
  }
  if (!isMapping(raw)) return false;
  for (const key of Object.keys(raw)) if (keys.has(key) || hasKey(raw[key], keys)) return true;
  return false;
}

/** Every place below a value that is no mapping and no list, depth first. */
export function places(value: Value, found: Value[] = []): readonly Value[] {
  const entries = value.entries();
  if (entries.length > 0) for (const [, below] of entries) places(below, found);
  else if (Array.isArray(value.resolved)) for (const item of value.items()) places(item, found);
  else found.push(value);
  return found;
}

/** The mappings through which Lambda functions read this queue. */
export function mappingsOf(template: Template, queue: Resource): readonly Mapping[] {
  return readers(template).get(queue) ?? [];
}

const readers = oncePer((template: Template) =>
  grouped(mappings(template).map((mapping) => [template.find(mapping.source, QUEUE, 'QueueName'), mapping] as const)),
);

/** Whether functions are mapped to this queue with all mappings disabled, to be enabled by a person. */
export function isReadOnDemand(template: Template, queue: Resource): boolean {
  const mapped = mappingsOf(template, queue);
  return mapped.length > 0 && mapped.every(({ mapping }) => isOff(mapping));
}

/** Whether the template has a reader of this queue: a function, a pipe, or a role that may receive its messages. */
export function isRead(template: Template, queue: Resource): boolean {
  return isConsumed(template, queue) || mayBeReceived(template, queue);
}

/** Whether a function or a pipe reads the queue all the time. */
export function isConsumed(template: Template, queue: Resource): boolean {
  return mappingsOf(template, queue).length > 0 || piped(template).has(queue);
}

/** Whether a role names reading this queue among what it may do; `sqs:*` of a sender does not. */
function mayBeReceived(template: Template, queue: Resource): boolean {
  return grantsOn(template, 'sqs:ReceiveMessage', queue, 'QueueName', 'by name').length > 0;
}

/** Names that people give to a queue in which failed messages end. */
const FOR_FAILURES = /dlq|dead[-_]?letter|fatal|failed|failure|parked|poison/i;

/** Whether its name says that failed messages end in it. */
export function isNamedForFailures(queue: Resource): boolean {
  return FOR_FAILURES.test(queue.name) || FOR_FAILURES.test(queue.at('Properties', 'QueueName').text() ?? '');
}

/** Whether it is, or may turn out to be, a FIFO queue. */
export function mayBeFifo(queue: Resource): boolean {
  return queue.at('Properties', 'FifoQueue').flag(false) !== false;
}

/** The queues that pipes read. */
const piped = oncePer(
  (template: Template) =>
    new Set(
      template
        .ofType('AWS::Pipes::Pipe')
        .flatMap((pipe) => template.findAll(pipe.at('Properties', 'Source'), QUEUE, 'QueueName')),
    ),
);
