/** The validation table of a replica. */
import { type Check, inRange, oneOf, positive, required, wholeNumber } from '../errors';
import { type Fields, objectChecks } from '../fields';
import { LEAST_RATE, LEAST_SECONDS, MOST_ITEMS_PER_SECOND, SHORTEST_PEAK_SECONDS, YEAR_SECONDS } from '../ranges';
import { ENGINE_NAMES } from './parameters';
import type { ReplicationChoices, ReplicationObjective, ReplicationQuestion, ReplicationWorkload } from './workload';

/** `replica_parallel_workers` of MySQL: 0 to 1024 (MySQL Reference Manual, Replica Server Options and Variables). */
export const MOST_WORKERS = 1024;
const MOST_PROCESSORS = 256;
/** A source with more of them has replicas of replicas. */
const MOST_REPLICAS = 64;

const QUESTION_FIELDS: Fields<ReplicationQuestion> = {
  workload: true,
  objective: true,
  engine: true,
  cpu: true,
  replicas: true,
  workers: true,
  heartbeatSeconds: true,
  tickSeconds: true,
  writerPollSeconds: true,
  releaseRatio: true,
  relaxedDurability: true,
  headroom: true,
};
const WORKLOAD_FIELDS: Fields<ReplicationWorkload> = {
  steadyCommitsPerSecond: true,
  peakCommitsPerSecond: true,
  peakSeconds: true,
  applySeconds: true,
  parallelShare: true,
  bulkShare: true,
  largestTransactionSeconds: true,
};
const OBJECTIVE_FIELDS: Fields<ReplicationObjective> = { lagSeconds: true, bulkDelaySeconds: true };

/** Checks the writes, the promise, and what was chosen by hand. */
export function replicationChecks(question: ReplicationQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective, ...choices }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, objectiveChecks),
    ...choiceChecks(choices),
  ]);
}

function workloadChecks(workload: ReplicationWorkload): Check[] {
  const { steadyCommitsPerSecond: steady, peakCommitsPerSecond: peak } = workload;
  return [
    required(positive, 'steadyCommitsPerSecond', steady, LEAST_RATE, MOST_ITEMS_PER_SECOND),
    required(positive, 'peakCommitsPerSecond', peak, LEAST_RATE, MOST_ITEMS_PER_SECOND),
    required(positive, 'peakSeconds', workload.peakSeconds, SHORTEST_PEAK_SECONDS, YEAR_SECONDS),
    required(positive, 'applySeconds', workload.applySeconds, LEAST_SECONDS, YEAR_SECONDS),
    inRange('parallelShare', workload.parallelShare, 0, 1),
    required(inRange, 'bulkShare', workload.bulkShare, 0.01, 1),
    positive('largestTransactionSeconds', workload.largestTransactionSeconds, LEAST_SECONDS, YEAR_SECONDS),
    {
      refused: steady > peak,
      message: `peakCommitsPerSecond must be at least steadyCommitsPerSecond, ${steady}, got ${peak}`,
    },
  ];
}

function objectiveChecks({ lagSeconds, bulkDelaySeconds }: ReplicationObjective): Check[] {
  return [
    required(inRange, 'lagSeconds', lagSeconds, 0.001, YEAR_SECONDS),
    inRange('bulkDelaySeconds', bulkDelaySeconds, 0.001, YEAR_SECONDS),
  ];
}

function choiceChecks(choices: ReplicationChoices): Check[] {
  return [
    ...(choices.engine === undefined ? [{ refused: true, message: 'engine is missing' }] : []),
    oneOf('engine', choices.engine, ENGINE_NAMES),
    wholeNumber('cpu', choices.cpu, 1, MOST_PROCESSORS),
    wholeNumber('replicas', choices.replicas, 1, MOST_REPLICAS),
    wholeNumber('workers', choices.workers, 1, MOST_WORKERS),
    inRange('heartbeatSeconds', choices.heartbeatSeconds, 0.1, 60),
    inRange('tickSeconds', choices.tickSeconds, 0.1, 60),
    inRange('writerPollSeconds', choices.writerPollSeconds, 0.1, 60),
    inRange('releaseRatio', choices.releaseRatio, 0.1, 0.9),
    oneOf('relaxedDurability', choices.relaxedDurability, [true, false]),
    inRange('headroom', choices.headroom, 1, 10),
  ];
}
