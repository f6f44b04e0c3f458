import { Case } from './case';
import { logFlood } from './case-01-log-flood';
import { orderPeak } from './case-02-order-peak';
import { batchToStreaming } from './case-03-batch-to-streaming';
import { cronStampede } from './case-04-cron-stampede';
import { iotMetrics } from './case-05-iot-metrics';
import { imageJobs } from './case-06-image-jobs';
import { mailRateLimit } from './case-07-mail-rate-limit';
import { replicaLag } from './case-08-replica-lag';
import { invalidationStorm } from './case-09-invalidation-storm';
import { allocationOutrunsGc } from './case-10-allocation-outruns-gc';
import { coldData } from './case-11-cold-data';
import { unboundedThreadPool } from './case-12-unbounded-thread-pool';
import { ciStorm } from './case-13-ci-storm';
import { poisonMessages } from './case-14-poison-messages';
import { webhookFlood } from './case-15-webhook-flood';
import { collectionSwells } from './case-16-collection-swells';
import { continuousCleanup } from './case-17-continuous-cleanup';
import { noisyProducer } from './case-18-noisy-producer';
import { tooManyMetrics } from './case-19-too-many-metrics';
import { tenantStarvation } from './case-20-tenant-starvation';

/** All cases, by number. */
export const CASES: readonly Case[] = [
  logFlood,
  orderPeak,
  batchToStreaming,
  cronStampede,
  iotMetrics,
  imageJobs,
  mailRateLimit,
  replicaLag,
  invalidationStorm,
  allocationOutrunsGc,
  coldData,
  unboundedThreadPool,
  ciStorm,
  poisonMessages,
  webhookFlood,
  collectionSwells,
  continuousCleanup,
  noisyProducer,
  tooManyMetrics,
  tenantStarvation,
];

/** Numbers of the cases in the order in which to learn them. */
export const LEARNING_PATH: readonly number[] = [11, 16, 4, 7, 1, 13, 2, 14, 5, 12, 15, 17, 3, 8, 10, 18, 20];

/** Cases off the path, each with its neighbour on the path. */
export const BESIDE_THE_PATH: readonly { readonly number: number; readonly beside: number }[] = [
  { number: 9, beside: 12 },
  { number: 6, beside: 2 },
  { number: 19, beside: 11 },
];

/** A case number that does not exist. */
export class UnknownCaseError extends Error {
  public readonly name = 'UnknownCaseError';

  constructor(
    /** The given number. */
    public readonly given: string,
  ) {
    super(`there is no case ${given}: cases are numbered 1 to ${CASES.length}`);
  }
}

/**
 * The case of that number.
 *
 * @throws UnknownCaseError when there is none; the message lists the numbers
 */
export function caseOf(number: number): Case {
  const found = CASES.find((candidate) => candidate.number === number);
  if (!found) throw new UnknownCaseError(String(number));
  return found;
}

/** All cases in learning order; a case off the path follows its neighbour. */
export function inLearningOrder(): Case[] {
  return LEARNING_PATH.flatMap((step) => [
    caseOf(step),
    ...BESIDE_THE_PATH.filter(({ beside }) => beside === step).map(({ number }) => caseOf(number)),
  ]);
}

/** Place of a case: its step on the path (from 1), or its neighbour on the path. */
export function placeOf(number: number): { readonly step?: number; readonly beside?: number } {
  const step = LEARNING_PATH.indexOf(caseOf(number).number);
  if (step >= 0) return { step: step + 1 };
  return { beside: BESIDE_THE_PATH.find((aside) => aside.number === number)?.beside };
}

/** Whether two cases name each other as a dependency: they explain each other, in any order. */
export function isMutual(one: Case, other: Case): boolean {
  return one.dependsOn.includes(other.number) && other.dependsOn.includes(one.number);
}

/**
 * Errors in an order of cases: one sentence for every case that comes before one it depends on. Dependencies outside
 * the order and mutual ones are ignored.
 */
export function outOfOrder(order: readonly number[]): string[] {
  return order.flatMap((number, index) => {
    const subject = caseOf(number);
    return subject.dependsOn
      .filter((needed) => order.indexOf(needed) > index && !isMutual(subject, caseOf(needed)))
      .map((needed) => `case ${number} depends on case ${needed}, which comes later`);
  });
}
