/** The validation table of a queue that merges. */
import { ARRIVALS_FIELDS, arrivalsChecks } from '../arrivals';
import { above0, type Check, inRange, isKnown, oneOf, required, shown, wholeNumber } from '../errors';
import { type Fields, objectChecks, rowOf } from '../fields';
import { figure } from '../figures';
import { KINESIS_LIMITS } from '../kinesis';
import { DAY_SECONDS, MOST_DOLLARS, MOST_ITEMS_PER_SECOND, WEEK_SECONDS } from '../ranges';
import { batchLimit } from './cycles';
import { INVALIDATORS } from './invalidators';
import { loadOf } from './load';
import { TRANSPORTS } from './transports';
import type { MergingObjective, MergingQuestion, MergingWorkload } from './workload';

const MOST_KEYS = 1e9;
const MOST_SKEW = 3;
const MOST_SECONDS = 3600;
const MOST_CALL_SECONDS = 60;
const MOST_EVENT_BYTES = KINESIS_LIMITS.recordBytes;
const MOST_BATCH = 1e7;

const QUESTION_FIELDS: Fields<MergingQuestion> = {
  workload: true,
  objective: true,
  transport: true,
  invalidator: true,
  wildcardFallback: true,
  windowSeconds: true,
  maxBatch: true,
  shards: true,
  workers: true,
  outageSeconds: true,
};
const WORKLOAD_FIELDS: Fields<MergingWorkload> = {
  ...ARRIVALS_FIELDS,
  distinctKeys: true,
  keySkew: true,
  keySeconds: true,
  flushSeconds: true,
  callSeconds: true,
  wildcardKeys: true,
  eventBytes: true,
};
const OBJECTIVE_FIELDS: Fields<MergingObjective> = {
  freshnessSeconds: true,
  invalidationCost: true,
  monthlyCost: true,
  headroom: true,
};

/** Checks what arrives, the promise, and what was chosen by hand. */
export function mergingChecks(question: MergingQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective, ...choices }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, () => workloadChecks(workload, choices)),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, () => objectiveChecks(objective, workload, choices)),
    oneOf('transport', choices.transport, Object.keys(TRANSPORTS)),
    oneOf('invalidator', choices.invalidator, Object.keys(INVALIDATORS)),
    ...choiceChecks(choices),
    {
      refused: choices.wildcardFallback === true && !hasWildcards(choices.invalidator),
      message: `wildcardFallback needs an invalidator that has wildcards, such as cloudfront, got ${shown(choices.invalidator ?? 'rebuild')}`,
    },
  ]);
}

/** Checks that need a question whose numbers are sound. */
export function batchChecks(question: MergingQuestion): Check[] {
  const most = batchLimit(loadOf(question));
  const { maxBatch } = question;
  return [
    {
      refused: maxBatch !== undefined && maxBatch > most,
      message: `maxBatch must be at most ${figure(most)}, what ${TRANSPORTS[question.transport ?? 'kinesis'].title} hands over of events of this size, got ${maxBatch}`,
    },
  ];
}

function workloadChecks(
  workload: MergingWorkload,
  { invalidator = 'rebuild' }: Pick<MergingQuestion, 'invalidator'>,
): Check[] {
  const { distinctKeys, keySkew, keySeconds, flushSeconds, callSeconds, wildcardKeys, eventBytes } = workload;
  return [
    ...arrivalsChecks(workload, { unit: '', most: MOST_ITEMS_PER_SECOND }),
    required(wholeNumber, 'distinctKeys', distinctKeys, 1, MOST_KEYS),
    inRange('keySkew', keySkew, 0, MOST_SKEW),
    required(above0, 'keySeconds', keySeconds, MOST_SECONDS),
    inRange('flushSeconds', flushSeconds, 0, MOST_SECONDS),
    inRange('callSeconds', callSeconds, 0, MOST_CALL_SECONDS),
    wholeNumber('wildcardKeys', wildcardKeys, 0, isKnown(distinctKeys) ? distinctKeys : MOST_KEYS),
    {
      refused: isKnown(wildcardKeys) && wildcardKeys > 0 && !hasWildcards(invalidator),
      message: `wildcardKeys needs an invalidator that has wildcards, such as cloudfront, got ${shown(invalidator)}`,
    },
    inRange('eventBytes', eventBytes, 1, MOST_EVENT_BYTES),
  ];
}

function hasWildcards(invalidator: MergingQuestion['invalidator'] = 'rebuild'): boolean {
  return rowOf(INVALIDATORS, invalidator)?.inProgress?.wildcards !== undefined;
}

function objectiveChecks(
  { freshnessSeconds, invalidationCost, monthlyCost, headroom }: MergingObjective,
  workload: MergingWorkload | undefined,
  { invalidator = 'rebuild', transport }: Pick<MergingQuestion, 'invalidator' | 'transport'>,
): Check[] {
  const priced = rowOf(INVALIDATORS, invalidator)?.keyCost !== undefined;
  return [
    required(above0, 'objective.freshnessSeconds', freshnessSeconds, DAY_SECONDS),
    above0('objective.invalidationCost', invalidationCost, MOST_DOLLARS),
    {
      refused: invalidationCost !== undefined && !priced,
      message: `objective.invalidationCost needs an invalidator with a price, such as cloudfront, got ${shown(invalidator)}`,
    },
    {
      refused: isKnown(invalidationCost) && priced && !workload?.peakSeconds,
      message: 'objective.invalidationCost is of one peak; give workload.peakSeconds',
    },
    above0('objective.monthlyCost', monthlyCost, MOST_DOLLARS),
    {
      refused: monthlyCost !== undefined && transport === 'redis-stream',
      message:
        'objective.monthlyCost needs a transport with a price, kinesis or sqs; the machines of a cluster have none here',
    },
    inRange('objective.headroom', headroom, 1 + 1e-6, 10),
  ];
}

function choiceChecks({
  transport = 'kinesis',
  invalidator = 'rebuild',
  windowSeconds,
  maxBatch,
  shards,
  workers,
  outageSeconds,
}: Omit<MergingQuestion, 'workload' | 'objective'>): Check[] {
  const facts = rowOf(TRANSPORTS, transport);
  const known = rowOf(INVALIDATORS, invalidator);
  if (facts === undefined || known === undefined) return [];
  const { least, most, step } = facts.window;
  const { mostWorkers, title } = known;
  const offStep = isKnown(windowSeconds) && Math.abs(windowSeconds / step - Math.round(windowSeconds / step)) > 1e-6;
  return [
    inRange('windowSeconds', windowSeconds, least, most),
    {
      refused: offStep,
      message: `windowSeconds must be a multiple of ${step} for ${facts.title}, got ${shown(windowSeconds)}`,
    },
    wholeNumber('maxBatch', maxBatch, 1, MOST_BATCH),
    wholeNumber('shards', shards, 1, facts.shard.most),
    wholeNumber('workers', workers, 1, 64),
    {
      refused: isKnown(workers) && workers > mostWorkers && workers <= 64,
      message: `workers must be at most ${mostWorkers} for ${title}, got ${shown(workers)}`,
    },
    inRange('outageSeconds', outageSeconds, 1, WEEK_SECONDS),
  ];
}
