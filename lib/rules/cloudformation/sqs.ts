import { duration } from '../../flow/figures';
import { FEWEST_RECEIVES, LAMBDA_VISIBILITY_FACTOR, SQS_DEFAULTS, SQS_LIMITS } from '../../flow/queue/brokers/sqs';
import type { Resource } from '../document';
import { least } from '../extremes';
import type { Found, Rule } from '../rule';
import { isOff, timeoutOf } from './read/functions';
import { alarms, metricsOf, OF_QUEUE, ownerOf } from './read/metrics';
import {
  deadLetterQueueOf,
  isConsumed,
  isDeadLetterQueue,
  isNamedForFailures,
  isRead,
  isReadOnDemand,
  mappingsOf,
  mayBeFifo,
  queues,
  redrivePolicy,
  sourcesOf,
} from './read/relations';
import { queueRetentionSeconds } from './read/retention';
import type { Template } from './read/template';

const LONGEST_RETENTION_SECONDS = SQS_LIMITS.retentionSeconds.max;

/** The most queues of a circle in one message. */
const NAMED = 12;

/** Rules about SQS queues and their consumers. */
export const SQS_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-SQS-001',
    title: 'A queue that is read has no dead-letter queue',
    why: 'A message that cannot be processed is delivered again after every visibility time-out until its retention ends, takes capacity each time, and is then deleted without a trace.',
    source: 'Amazon SQS Developer Guide, "Using dead-letter queues"',
    severity: 'error',
    cases: [2, 14],
    *check(template) {
      for (const queue of queues(template)) {
        const policy = redrivePolicy(queue);
        if (!policy.absent || !isRead(template, queue) || isDeadLetterQueue(template, queue)) continue;
        // It parks messages: only a person starts a retry.
        if (isReadOnDemand(template, queue)) continue;
        // A role that may read a queue of failures is the one of the person who looks into them.
        if (isNamedForFailures(queue) && !isConsumed(template, queue)) continue;
        if (queue.at('Properties', 'FifoQueue').flag(false) === true) {
          yield* inStrictOrder(template, queue);
          continue;
        }
        const retention = queueRetentionSeconds(queue);
        const visibility = queue.at('Properties', 'VisibilityTimeout').number(SQS_DEFAULTS.visibilitySeconds);
        const tries =
          retention === undefined || !visibility
            ? ''
            : `, up to ${Math.floor(retention / visibility)} times (${duration(retention)} kept ÷ ${duration(visibility)} hidden)`;
        yield {
          at: policy,
          message: `no RedrivePolicy: a failed message is retried until it is deleted${tries}`,
          fix: `add a dead-letter queue and a RedrivePolicy with maxReceiveCount ${FEWEST_RECEIVES} or more`,
        };
      }
    },
  },
  {
    id: 'BP-SQS-002',
    title: 'A dead-letter queue keeps messages no longer than its source',
    why: 'On a standard queue a message keeps the time at which it was first sent. A message that fails late has used up most of the retention when it is parked, and is deleted before a person sees it.',
    source: 'Amazon SQS Developer Guide, "Setting up dead-letter queue retention"',
    severity: 'error',
    cases: [14],
    *check(template) {
      for (const parked of queues(template)) {
        const kept = parked.at('Properties', 'MessageRetentionPeriod');
        const keptSeconds = queueRetentionSeconds(parked);
        for (const source of sourcesOf(template, parked)) {
          // A FIFO queue resets the time of a message that it parks.
          if (mayBeFifo(source)) continue;
          const seconds = queueRetentionSeconds(source);
          if (keptSeconds === undefined || seconds === undefined || keptSeconds > seconds) continue;
          const byDefault = kept.absent && source.at('Properties', 'MessageRetentionPeriod').absent;
          yield {
            at: kept,
            // With both at the default only a message that waited for days is lost; who sets one has thought of it.
            severity: byDefault ? 'warning' : 'error',
            message: `keeps messages ${duration(keptSeconds)}, their source ${source.name} ${duration(seconds)}: the age counts from the first send, so a message that fails late is deleted at once`,
            fix: `set MessageRetentionPeriod above ${seconds}, ${LONGEST_RETENTION_SECONDS} (${LONGEST_RETENTION_SECONDS / 86_400} days) at most`,
            ...(seconds < LONGEST_RETENTION_SECONDS ? { instead: LONGEST_RETENTION_SECONDS } : {}),
          };
        }
      }
    },
  },
  {
    id: 'BP-SQS-003',
    title: 'Too few receives for a Lambda consumer',
    why: 'An invocation that is throttled counts as a receive. With few receives a burst is enough to park good messages.',
    source: 'AWS Lambda Developer Guide, "Using Lambda with Amazon SQS": maxReceiveCount of at least 5',
    severity: 'warning',
    cases: [14],
    *check(template) {
      for (const queue of queues(template)) {
        const receives = redrivePolicy(queue).at('maxReceiveCount');
        const count = receives.number();
        const working = mappingsOf(template, queue).filter(({ mapping }) => !isOff(mapping));
        if (count === undefined || count >= FEWEST_RECEIVES || working.length === 0) continue;
        yield {
          at: receives,
          message: `maxReceiveCount ${count} for a Lambda consumer, below ${FEWEST_RECEIVES}: throttled invocations count as receives`,
          fix: `set maxReceiveCount to ${FEWEST_RECEIVES} or more`,
        };
      }
    },
  },
  {
    id: 'BP-SQS-004',
    title: 'Messages are delivered again while the function may still process them',
    why: 'Lambda retries a throttled batch within the visibility time-out. If it is too short, the same messages are delivered twice.',
    source: 'AWS Lambda Developer Guide, "Using Lambda with Amazon SQS": 6 × function time-out plus the batch window',
    severity: 'warning',
    cases: [14],
    *check(template) {
      for (const queue of queues(template)) yield* visibilityOf(template, queue);
    },
  },
  {
    id: 'BP-SQS-005',
    title: 'Dead-letter queues form a circle',
    why: 'A message that cannot be processed moves in a circle until it is deleted, and no queue holds it long enough for an alarm.',
    source: 'Amazon SQS Developer Guide, "Using dead-letter queues"',
    severity: 'error',
    cases: [14],
    *check(template) {
      for (const circle of circles(template)) {
        const [queue] = circle;
        yield {
          at: redrivePolicy(queue).at('deadLetterTargetArn'),
          message: `${wayRound(circle)}: failed messages move in a circle`,
          fix: 'remove the RedrivePolicy of the last dead-letter queue, and add an alarm',
        };
      }
    },
  },
  {
    id: 'BP-SQS-007',
    title: 'A queue and its dead-letter queue are of different types',
    why: 'The dead-letter queue of a FIFO queue has to be a FIFO queue, and that of a standard queue a standard one. SQS refuses the RedrivePolicy, and the deployment fails.',
    source: 'Amazon SQS Developer Guide, "Using dead-letter queues": the type of the dead-letter queue',
    severity: 'error',
    cases: [14],
    *check(template) {
      for (const queue of queues(template)) {
        const parked = deadLetterQueueOf(template, queue);
        const [own, other] = [queue, parked].map((each) => each?.at('Properties', 'FifoQueue').flag(false));
        if (!parked || own === undefined || other === undefined || own === other) continue;
        yield {
          at: redrivePolicy(queue).at('deadLetterTargetArn'),
          message: `${parked.name} is a ${other ? 'FIFO' : 'standard'} queue, and this one a ${own ? 'FIFO' : 'standard'} queue: SQS refuses the RedrivePolicy`,
          fix: own
            ? `set FifoQueue: true for ${parked.name}; a QueueName has to end in .fifo`
            : `remove FifoQueue from ${parked.name}`,
        };
      }
    },
  },
];

/** A FIFO queue may do without: its group waits for a person, and an alarm on the age says so. */
function* inStrictOrder(template: Template, queue: Resource): Iterable<Found> {
  const watched = alarms(template).some((alarm) =>
    metricsOf(alarm).some(
      (metric) => ownerOf(template, metric, OF_QUEUE) === queue && metric.name.mayBe('ApproximateAgeOfOldestMessage'),
    ),
  );
  if (watched) return;
  yield {
    at: redrivePolicy(queue),
    severity: 'warning',
    message:
      'no RedrivePolicy on a FIFO queue, and no alarm on its age: a failed message blocks its group until it is deleted, and nobody is told',
    fix: 'add a FIFO dead-letter queue, or, where the order counts more than going on, an alarm on ApproximateAgeOfOldestMessage',
  };
}

/** The circles of dead-letter queues, each from its queue that stands first in the template; every queue is visited once. */
function circles(template: Template): Resource[][] {
  const places = new Map(queues(template).map((queue, place) => [queue, place]));
  const walks = new Map<Resource, Resource>();
  return queues(template).flatMap((start) => {
    const way: Resource[] = [];
    let next: Resource | undefined = start;
    for (; next && !walks.has(next); next = deadLetterQueueOf(template, next)) {
      walks.set(next, start);
      way.push(next);
    }
    // A walk that meets its own queue has found a circle; a queue of an earlier walk has been reported.
    if (!next || walks.get(next) !== start) return [];
    const members = way.slice(way.indexOf(next));
    const firstPlace = least(members.map((queue) => places.get(queue)!));
    const turn = members.findIndex((queue) => places.get(queue) === firstPlace);
    return [[...members.slice(turn), ...members.slice(0, turn)]];
  });
}

/** The names of a circle in their order, back to the first; of a long one the beginning and the end. */
function wayRound(circle: readonly Resource[]): string {
  const names = circle.map(({ name }) => name);
  const shown = names.length > NAMED ? [...names.slice(0, NAMED - 1), '…', names[names.length - 1]] : names;
  return [...shown, names[0]].join(' → ');
}

function* visibilityOf(template: Template, queue: Resource): Iterable<Found> {
  const at = queue.at('Properties', 'VisibilityTimeout');
  const visibility = at.number(SQS_DEFAULTS.visibilitySeconds);
  for (const { mapping, handler } of mappingsOf(template, queue)) {
    const timeout = handler && timeoutOf(handler);
    if (visibility === undefined || timeout === undefined || isOff(mapping)) continue;
    // A window that is not decided is 0 or more, which may be enough to know.
    const window = mapping.at('Properties', 'MaximumBatchingWindowInSeconds').number(0) ?? 0;
    const least = LAMBDA_VISIBILITY_FACTOR * timeout + window;
    if (visibility >= least) continue;
    const sum = `${LAMBDA_VISIBILITY_FACTOR} × ${timeout}${window > 0 ? ` + ${window}` : ''} = ${least} s`;
    const waits = window > 0 ? ` and waits up to ${window} s for a batch` : '';
    const refused = visibility < timeout;
    yield {
      at,
      severity: refused ? 'error' : 'warning',
      message: refused
        ? `a message is hidden for ${visibility} s, and ${handler!.name} may take ${timeout} s: Lambda refuses the mapping, and it should be ${sum}`
        : `a message is hidden for ${visibility} s, while ${handler!.name} may take ${timeout} s${waits}: below ${sum}`,
      fix: `set VisibilityTimeout to ${least} or more, or shorten the function's Timeout`,
      instead: least,
    };
  }
}
