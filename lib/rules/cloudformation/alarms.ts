import { grouped } from '../../flow/grouped';
import type { Resource } from '../document';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
import { grantsOn, mayBeGranted } from './read/grants';
import { alarms, expandedExpression, mayBeWatched, metricsOf, OF_QUEUE, ownerOf } from './read/metrics';
import { isDeadLetterQueue, isRead, parkersOf, queues, redrivePolicy, sourcesOf } from './read/relations';
import { queueRetentionSeconds } from './read/retention';
import type { Template } from './read/template';

/** Metrics of waiting messages, for every broker. */
const DEPTHS = /^(ApproximateNumberOfMessages\w*|Message(Ready)?Count|QueueSize|SumOffsetLag|MaxOffsetLag|OffsetLag)$/;

/** Comparisons that a rising value meets. */
const RISING = ['GreaterThanThreshold', 'GreaterThanOrEqualToThreshold'];

/** Statistics of an age that are never above the age itself. */
const AGES = ['Maximum', 'Average', 'Minimum'];

/** Rules about CloudWatch alarms on queues. */
export const ALARM_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-CW-001',
    title: 'No alarm watches a dead-letter queue',
    why: 'Parked messages wait for a person. Without an alarm they are deleted unseen at the end of their retention.',
    source: 'Amazon SQS Developer Guide, "Creating alarms for dead-letter queues using Amazon CloudWatch"',
    severity: 'warning',
    cases: [14],
    *check(template) {
      if (!template.closed) return;
      for (const queue of queues(template)) {
        if (!isDeadLetterQueue(template, queue) || template.exportedByName(queue) || isRead(template, queue)) continue;
        if (mayBeGranted(template, queue)) continue;
        // A queue with its own redrive policy passes messages on, so they do not end there.
        if (!redrivePolicy(queue).absent) continue;
        if (mayBeWatched(template, queue)) continue;
        const seconds = queueRetentionSeconds(queue);
        yield {
          at: queue.at('Properties'),
          message: `no consumer reads this dead-letter queue and no alarm watches it: parked messages are deleted ${seconds === undefined ? 'unseen' : `after ${seconds / 86_400} days unseen`}`,
          fix: 'add an alarm on its ApproximateNumberOfMessagesVisible above 0',
        };
      }
    },
  },
  {
    id: 'BP-CW-002',
    title: 'An alarm waits for messages to be sent to a dead-letter queue',
    why: 'NumberOfMessagesSent counts messages that producers send, not those that a redrive policy moves, so the alarm stays silent while the queue fills.',
    source: 'Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS": NumberOfMessagesSent',
    severity: 'error',
    cases: [14],
    *check(template) {
      for (const alarm of alarms(template)) {
        const owned = metricsOf(alarm).map((metric) => [ownerOf(template, metric, OF_QUEUE), metric] as const);
        for (const [queue, own] of grouped(owned)) {
          if (own.length !== 1 || own[0].name.text() !== 'NumberOfMessagesSent') continue;
          const [source] = sourcesOf(template, queue);
          if (!source || isSentTo(template, queue)) continue;
          yield {
            at: own[0].name,
            message: `NumberOfMessagesSent of ${queue.name} does not count messages that the redrive policy of ${source.name} moves there`,
            fix: 'use ApproximateNumberOfMessagesVisible, or NumberOfMessagesReceived where a consumer drains the queue',
          };
        }
      }
    },
  },
  {
    id: 'BP-CW-003',
    title: 'A time to drain goes negative when the producers win',
    why: 'A backlog that grows never drains. Divided by a negative rate it gives a negative time, divided by zero no value, and the alarm is silent when it should fire.',
    source: 'Amazon CloudWatch User Guide, "Using math expressions with CloudWatch metrics": IF, MAX',
    severity: 'error',
    cases: [14],
    *check(template) {
      for (const alarm of alarms(template)) {
        for (const query of alarm.at('Properties', 'Metrics').items()) {
          const text = expandedExpression(alarm, query);
          const returned = query.at('ReturnData').flag(true);
          if (text === undefined || returned !== true || !RISING.includes(comparison(alarm) ?? '')) continue;
          const divisor = /\b(IF|MAX)\s*\(/.test(text) ? undefined : differenceDividedBy(text);
          if (divisor === undefined) continue;
          const ids = idsIn(text);
          const depth = depthsOf(alarm).find(({ id }) => ids.has(id!));
          if (!depth) continue;
          yield {
            at: query.at('Expression'),
            message: `divides ${depth.name.text()} by (${divisor}), which is zero or negative while the backlog grows: the alarm stays below its threshold`,
            fix: `write IF(${divisor} > 0, ${text}, IF(${depth.id} > 0, 1e9, 0)), so that a backlog that does not drain gives a large value`,
          };
        }
      }
    },
  },
  {
    id: 'BP-CW-004',
    title: 'An alarm has a threshold that no message age reaches',
    why: 'A message is deleted when its retention is over. An alarm on an age at or above the retention never fires, and the messages are lost without a warning.',
    source: 'Amazon SQS API Reference, SetQueueAttributes: MessageRetentionPeriod, 345600 s by default',
    severity: 'error',
    cases: [14],
    *check(template) {
      for (const alarm of alarms(template)) {
        const threshold = alarm.at('Properties', 'Threshold');
        const seconds = threshold.number();
        const [metric] = metricsOf(alarm);
        if (seconds === undefined || metric?.name.text() !== 'ApproximateAgeOfOldestMessage') continue;
        if (metric.id !== undefined || !RISING.includes(comparison(alarm) ?? '')) continue;
        if (!AGES.includes(alarm.at('Properties', 'Statistic').text() ?? '')) continue;
        const queue = ownerOf(template, metric, OF_QUEUE);
        const kept = queue && queueRetentionSeconds(queue);
        if (!queue || kept === undefined || seconds < kept) continue;
        yield {
          at: threshold,
          message: `fires from ${seconds} s on, and ${queue.name} deletes its messages after ${kept} s`,
          fix: `set Threshold well below ${kept}: ${Math.floor(kept / 2)} leaves half of the retention to act in`,
        };
      }
    },
  },
];

/** The metrics of an alarm that count waiting messages and that an expression may name. */
const depthsOf = oncePer((alarm: Resource) =>
  metricsOf(alarm).filter(({ id, name }) => id !== undefined && DEPTHS.test(name.text() ?? '')),
);

function comparison(alarm: Resource): string | undefined {
  return alarm.at('Properties', 'ComparisonOperator').text();
}

/** Whether a resource may send to the queue, or parks failures there, so that NumberOfMessagesSent counts. */
function isSentTo(template: Template, queue: Resource): boolean {
  return (
    grantsOn(template, 'sqs:SendMessage', queue, 'QueueName').length > 0 ||
    mayBeGranted(template, queue) ||
    parkersOf(template, queue).some(({ type }) => type !== queue.type)
  );
}

/** The divisor of an expression, if it is a bracket with a difference of two metrics. */
function differenceDividedBy(text: string): string | undefined {
  for (const match of text.matchAll(/\/\s*\(/g)) {
    const inner = unwrapped(bracketAt(text, match.index + match[0].length - 1));
    const sides = withoutBrackets(inner).split('-');
    if (sides.length > 1 && sides.every((side) => /[A-Za-z]/.test(side))) return inner;
  }
  return undefined;
}

/** The text within the bracket that opens here. */
function bracketAt(text: string, open: number): string {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return text.slice(open + 1, i);
  }
  return '';
}

function unwrapped(text: string): string {
  let inner = text.trim();
  while (inner.startsWith('(') && bracketAt(inner, 0).length === inner.length - 2) inner = inner.slice(1, -1).trim();
  return inner;
}

function withoutBrackets(text: string): string {
  let depth = 0;
  return [...text]
    .filter((character) => {
      if (character === '(') depth += 1;
      else if (character === ')') depth = Math.max(0, depth - 1);
      else return depth === 0;
      return false;
    })
    .join('');
}

/** The words of an expression, among them the ids of the metrics in it. */
function idsIn(text: string): ReadonlySet<string> {
  return new Set(text.match(/\w+/g));
}
