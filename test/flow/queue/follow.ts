/** Follows a way out as a person would: by the words and numbers of its sentence alone. */
import type { PlatformName } from '../../../lib/flow/queue/platforms/facts';
import type { QueueQuestion } from '../../../lib/flow/queue/question';

const DAY = 86_400;
const NUMBER = '([\\d.,]+)';
const UNITS: Readonly<Record<string, number>> = { µs: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, days: DAY };

function number(text: string): number {
  return Number(text.replace(/,/g, ''));
}

/** A number just below, for "less than" and "shorter than". */
function below(value: string, unit: string): number {
  return 0.98 * number(value) * UNITS[unit];
}

type Change = (question: QueueQuestion, found: readonly string[]) => QueueQuestion;

const consumer = (question: QueueQuestion, change: QueueQuestion['consumer']): QueueQuestion => ({
  ...question,
  consumer: { ...question.consumer, ...change },
});
const objective = (question: QueueQuestion, change: Partial<QueueQuestion['objective']>): QueueQuestion => ({
  ...question,
  objective: { ...question.objective, ...change },
});
const workload = (question: QueueQuestion, change: Partial<QueueQuestion['workload']>): QueueQuestion => ({
  ...question,
  workload: { ...question.workload, ...change },
});
const loaded = (question: QueueQuestion, at: (rate: number) => number): QueueQuestion => {
  const { steadyPerSecond, peakPerSecond } = question.workload;
  return workload(question, {
    steadyPerSecond: at(steadyPerSecond),
    ...(peakPerSecond === undefined ? {} : { peakPerSecond: at(peakPerSecond) }),
  });
};

const CHANGES: readonly (readonly [pattern: string, change: Change])[] = [
  [`${NUMBER} s per item`, (q, [, s]) => workload(q, { serviceSeconds: number(s) })],
  [`${NUMBER} (s|min) of latency`, (q, [, s, unit]) => objective(q, { latencySeconds: number(s) * UNITS[unit] })],
  [`promise at least ${NUMBER} s`, (q, [, s]) => objective(q, { latencySeconds: number(s) })],
  [`promise less than ${NUMBER} (\\S+)`, (q, [, s, unit]) => objective(q, { latencySeconds: below(s, unit) })],
  [`${NUMBER}/s at most`, (q, [, most]) => loaded(q, (rate) => Math.min(rate, number(most)))],
  [`allow ${NUMBER} instances`, (q, [, most]) => consumer(q, { maxInstances: number(most) })],
  [`an instanceLimit of ${NUMBER}`, (q, [, most]) => consumer(q, { instanceLimit: number(most) })],
  [`${NUMBER} partitions`, (q, [, most]) => ({ ...q, partitions: number(most) })],
  [`keep ${NUMBER} instances running`, (q, [, least]) => consumer(q, { minInstances: number(least) })],
  [`a backlog of ${NUMBER} items`, (q, [, most]) => objective(q, { maxBacklog: number(most) })],
  [`${NUMBER} USD a month`, (q, [, most]) => objective(q, { monthlyCost: number(most) })],
  [`a visibility timeout of ${NUMBER} s`, (q, [, s]) => ({ ...q, visibilityTimeoutSeconds: number(s) })],
  [`a functionTimeout of ${NUMBER} s`, (q, [, s]) => ({ ...q, functionTimeoutSeconds: number(s) })],
  [`retention of ${NUMBER} days`, (q, [, days]) => ({ ...q, retentionSeconds: number(days) * DAY })],
  [`a peak shorter than ${NUMBER} (\\S+)`, (q, [, s, unit]) => workload(q, { peakSeconds: below(s, unit) })],
  [`a peak of ${NUMBER} s`, (q, [, s]) => workload(q, { peakSeconds: number(s) })],
  [
    'leave scaleToZero off',
    ({ scaleToZero: _, ...q }) => (q.consumer?.minInstances === 0 ? consumer(q, { minInstances: undefined }) : q),
  ],
  ['leave minInstances out', (q) => consumer(q, { minInstances: undefined })],
  ['a job for each item, platform keda-job', (q) => ({ ...q, platform: 'keda-job' as PlatformName })],
  ['provisioned pollers, up to 20,000 at a time', (q) => ({ ...q, platform: 'lambda-provisioned' as PlatformName })],
  [
    'modify the ack deadline to 0 on SIGTERM, as backpressure-constructs/pubsub-worker does, and set nacksOnStop',
    (q) => ({ ...q, nacksOnStop: true }),
  ],
  ['two queues with half of it each', (q) => loaded(q, (rate) => rate / 2)],
  [`${NUMBER} queues with 1/${NUMBER} of it each`, (q, [, count]) => loaded(q, (rate) => rate / number(count))],
  [
    'a Fargate worker with several slots a task',
    (q) => ({
      workload: q.workload,
      objective: q.objective,
      consumer: { ...q.consumer, slotsPerInstance: 10 },
      platform: 'fargate' as PlatformName,
      broker: q.broker,
      maxReceiveCount: q.maxReceiveCount,
      retentionSeconds: q.retentionSeconds,
    }),
  ],
  [
    `ackDeadlineSeconds ${NUMBER} given by hand, and every longer attempt is retried`,
    (q, [, s]) => ({ ...q, ackDeadlineSeconds: number(s) }),
  ],
];

/** Advice that is no change of the question. */
export const ADVICE: readonly string[] = [
  'let the consumer hand the item on and delete the message',
  'run Cloud Run jobs, which are not removed during their work',
  'no one or two changes are enough: change load, service time, instances and promise together',
];

function changedOnce(question: QueueQuestion, words: string): QueueQuestion | undefined {
  for (const [pattern, change] of CHANGES) {
    const found = new RegExp(`^${pattern}$`).exec(words);
    if (found !== null) return change(question, found);
  }
  return undefined;
}

/** The question that a way out describes; undefined when the sentence cannot be followed. */
export function followed(question: QueueQuestion, sentence: string): QueueQuestion | undefined {
  const whole = changedOnce(question, sentence);
  if (whole !== undefined) return whole;
  let changed: QueueQuestion | undefined = question;
  for (const part of sentence.split(/ together with | and /)) changed = changed && changedOnce(changed, part);
  return changed;
}
