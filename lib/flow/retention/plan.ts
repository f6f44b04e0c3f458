/**
 * A collection with a time to live: how large it becomes, how long it takes to give every document its date without
 * hurting the database, and how the deletion of old documents is spread, so that the index does not begin with a flood.
 */
import { atLeast, CapacityError, type Check, oneOf, positive, required, validate } from '../errors';
import { type Fields, objectChecks } from '../fields';
import { figure, sizeText } from '../figures';
import { retentionFor, steadyBytes, steadyItems } from '../numerics/stock';
import { given, type Knob } from '../plan';
import { CENTURY_SECONDS, LEAST_RATE, LEAST_SECONDS, MOST_HELD, MOST_ITEMS_PER_SECOND } from '../ranges';
import { platformOf, RETENTION_PLATFORMS } from './collection-platforms';
import { type Sized, sizeOf } from './sizing';
import { unknownAgeKnob, unknownAgeRemark } from './unknown-age';
import {
  type RetentionObjective,
  RetentionPlan,
  type RetentionPredictions,
  type RetentionQuestion,
  type RetentionWorkload,
} from './workload';

/** The thread that deletes wakes up once a minute (MongoDB, TTL Indexes, `ttlMonitorSleepSecs`). */
export const TTL_PASS_SECONDS = 60;
/** An update of so many ids is one request of moderate size, well below MongoDB's 100,000 writes and 48 MB. */
const LARGEST_BATCH = 1000;
/** A batch a second: short enough that no other client waits long behind one. An assumption. */
const BATCH_SECONDS = 1;
const DELETION_LAG_SECONDS = 3600;
/** How far the size may be above the prediction before the alarm fires: the mean of inserts is not exact. */
const SIZE_MARGIN = 1.2;

/**
 * The plan of a collection with a time to live.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param question inserts, capacity of the database, and retention
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range
 * @throws CapacityError when the backfill cannot keep ahead of inserts, deletion cannot keep up with them, or size or
 *   time are above the objective; the message names the ways out
 */
export function planRetention(
  subject: string,
  question: RetentionQuestion,
  checks: readonly Check[] = [],
): RetentionPlan {
  validate(subject, [...checks, ...questionChecks(question)]);
  const { workload, objective } = question;
  const sized = size(workload, objective);
  refuseSlowDeletion(subject, workload);
  refuseSlowBackfill(subject, workload, objective, sized);
  refuseSize(subject, workload, objective, sized);
  return new RetentionPlan(subject, knobsOf(question, sized), predict(workload, sized), [
    unknownAgeRemark(objective, 'Documents'),
  ]);
}

function size(workload: RetentionWorkload, { retentionSeconds }: RetentionObjective): Sized {
  const { insertsPerSecond, documentBytes, existingDocuments, spareWritesPerSecond } = workload;
  return sizeOf({
    ...workload,
    stock: { arrivalsPerSecond: insertsPerSecond, itemBytes: documentBytes, retentionSeconds },
    existingItems: existingDocuments,
    datesPerSecond: spareWritesPerSecond,
  });
}

/** In the steady state as much is deleted as is inserted. */
function refuseSlowDeletion(subject: string, { insertsPerSecond, deletesPerSecond }: RetentionWorkload): void {
  if (deletesPerSecond > insertsPerSecond) return;
  throw new CapacityError(
    subject,
    `${figure(insertsPerSecond)} documents are inserted a second and ${figure(deletesPerSecond)} can be deleted: it never catches up`,
    [
      `allow more than ${figure(insertsPerSecond)} deletions a second (faster disks, fewer indexes, more shards)`,
      `insert less than ${figure(deletesPerSecond)} a second`,
      'keep them in a time series collection, which drops whole buckets',
    ],
  );
}

function refuseSlowBackfill(
  subject: string,
  workload: RetentionWorkload,
  objective: RetentionObjective,
  { gain, backfill }: Sized,
) {
  const { insertsPerSecond, spareWritesPerSecond, existingDocuments, writersSetExpiry } = workload;
  const allowed = objective.backfillSeconds ?? Number.POSITIVE_INFINITY;
  if (gain > 0 && backfill <= allowed) return;
  const needed = existingDocuments / allowed + (writersSetExpiry ? 0 : insertsPerSecond);
  const writersHelp = !writersSetExpiry && existingDocuments / spareWritesPerSecond <= allowed;
  throw new CapacityError(
    subject,
    gain > 0
      ? `the backfill of ${figure(existingDocuments)} documents takes ${figure(backfill)} s, ${figure(allowed)} s are allowed`
      : `the backfill may write ${figure(spareWritesPerSecond)} documents a second, ${figure(insertsPerSecond)} without a date are inserted: it never finishes`,
    [
      ...(writersHelp ? ['let the writers set expireAt first and say writersSetExpiry'] : []),
      `allow ${gain > 0 ? 'at least' : 'more than'} ${figure(Math.ceil(needed))} updates a second`,
      ...(gain > 0 ? [`allow ${Math.ceil(backfill)} s`] : []),
    ],
  );
}

function refuseSize(
  subject: string,
  { documentBytes }: RetentionWorkload,
  objective: RetentionObjective,
  { stock }: Sized,
): void {
  const { collectionBytes, retentionSeconds } = objective;
  if (collectionBytes === undefined || steadyBytes(stock) <= collectionBytes) return;
  throw new CapacityError(
    subject,
    `${figure(retentionSeconds)} s of documents are ${sizeText(steadyBytes(stock))}, ${sizeText(collectionBytes)} are allowed`,
    [
      `keep them for ${Math.floor(retentionFor(stock, collectionBytes))} s`,
      `make them ${Math.floor((documentBytes * collectionBytes) / steadyBytes(stock))} bytes`,
      `allow ${Math.ceil(steadyBytes(stock))} bytes`,
    ],
  );
}

function predict(workload: RetentionWorkload, { stock, expired, backfill, drain }: Sized): RetentionPredictions {
  return {
    bytesToday: workload.existingDocuments * workload.documentBytes,
    steadyDocuments: steadyItems(stock),
    steadyBytes: steadyBytes(stock),
    expiredDocuments: expired,
    backfillSeconds: backfill,
    drainSeconds: drain,
  };
}

function knobsOf(question: RetentionQuestion, sized: Sized): Knob[] {
  return [
    ...backfillKnobs(question, sized),
    ...deletionKnobs(question, sized),
    ...platformOf(question.platform).alarms(lateSeconds(sized), Math.ceil(sized.drain)),
  ];
}

/** When a backfill is late. */
function lateSeconds({ backfill }: Sized): number {
  return 2 * Math.ceil(backfill) + 3600;
}

function backfillKnobs({ workload, platform }: RetentionQuestion, sized: Sized): Knob[] {
  const { gain, backfill } = sized;
  const { spareWritesPerSecond, existingDocuments } = workload;
  const batch = Math.max(1, Math.min(LARGEST_BATCH, Math.floor(spareWritesPerSecond * BATCH_SECONDS)));
  return [
    {
      name: 'batchSize',
      value: batch,
      unit: 'documents',
      formula: `updates of ${BATCH_SECONDS} s, 1 to ${LARGEST_BATCH}`,
      inputs: { spareWritesPerSecond },
      source: 'MongoDB, Limits and Thresholds, write command batch; the size is an assumption within them',
    },
    {
      name: 'batchSeconds',
      value: batch / spareWritesPerSecond,
      unit: 's',
      formula: 'batch ÷ updates a second, from the beginning of one batch to that of the next',
      inputs: { batch, spareWritesPerSecond },
      source: 'throttle: the rest of the time is for other clients',
    },
    {
      name: 'backfillSeconds',
      value: Math.ceil(backfill),
      unit: 's',
      formula: 'documents ÷ (updates a second − inserts a second without a date)',
      inputs: { existingDocuments, gainPerSecond: gain },
      source: 'drain of a backlog: backlog ÷ (capacity − arrivals)',
    },
    {
      ...platformOf(platform).late,
      value: lateSeconds(sized),
      unit: 's',
      inputs: { backfillSeconds: backfill },
    },
  ];
}

function deletionKnobs({ workload, objective, platform }: RetentionQuestion, { stock, spread, drain }: Sized): Knob[] {
  const { insertsPerSecond, deletesPerSecond } = workload;
  const lag = objective.deletionLagSeconds ?? DELETION_LAG_SECONDS;
  return [
    given('retentionSeconds', objective.retentionSeconds, 's', 'the objective'),
    unknownAgeKnob(objective, 'documents'),
    {
      name: 'drainSeconds',
      value: Math.ceil(drain),
      unit: 's',
      formula:
        'documents that are too old when the backfill is done ÷ (deletions a second − inserts a second): their dates are spread over it',
      inputs: { tooOld: spread, deletesPerSecond, insertsPerSecond },
      source: 'MongoDB, TTL Indexes: an index on old data deletes all of it at once',
    },
    {
      name: 'drainPerSecond',
      value: deletesPerSecond - insertsPerSecond,
      unit: 'documents/s',
      formula: 'deletions a second − inserts a second: so many old documents get their dates a second',
      inputs: { deletesPerSecond, insertsPerSecond },
      source: 'drain of a backlog: capacity − arrivals',
    },
    {
      name: 'deletionsPerPass',
      value: Math.ceil(insertsPerSecond * TTL_PASS_SECONDS),
      unit: 'documents',
      formula: 'inserts of a minute: the documents that the server deletes in each pass once it is steady',
      inputs: { insertsPerSecond, passSeconds: TTL_PASS_SECONDS, budget: deletesPerSecond * TTL_PASS_SECONDS },
      source: 'MongoDB, TTL Indexes: a background thread, every 60 seconds',
    },
    {
      name: 'deletionLagSeconds',
      value: lag,
      unit: 's',
      formula: 'given, or an hour',
      inputs: {},
      source: 'the objective',
    },
    ...platformOf(platform).runs(),
    {
      name: 'sizeAlarmBytes',
      value: Math.ceil(SIZE_MARGIN * steadyBytes(stock)),
      unit: 'bytes',
      formula: `steady size × ${SIZE_MARGIN}`,
      inputs: { steadyBytes: steadyBytes(stock) },
      source: 'inserts a second × retention × bytes; the margin is an assumption',
    },
  ];
}

function questionChecks(question: RetentionQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective, platform }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, objectiveChecks),
    oneOf('platform', platform, RETENTION_PLATFORMS),
  ]);
}

const QUESTION_FIELDS: Fields<RetentionQuestion> = { workload: true, objective: true, platform: true };

const WORKLOAD_FIELDS: Fields<RetentionWorkload> = {
  insertsPerSecond: true,
  documentBytes: true,
  existingDocuments: true,
  spareWritesPerSecond: true,
  deletesPerSecond: true,
  writersSetExpiry: true,
};
const OBJECTIVE_FIELDS: Fields<RetentionObjective> = {
  retentionSeconds: true,
  collectionBytes: true,
  backfillSeconds: true,
  deletionLagSeconds: true,
  expireUnknownAge: true,
};

function workloadChecks(workload: RetentionWorkload): Check[] {
  return [
    rate('insertsPerSecond', workload.insertsPerSecond),
    required(positive, 'documentBytes', workload.documentBytes, Number.MIN_VALUE, MOST_HELD),
    required(atLeast, 'existingDocuments', workload.existingDocuments, 0, MOST_HELD),
    rate('spareWritesPerSecond', workload.spareWritesPerSecond),
    rate('deletesPerSecond', workload.deletesPerSecond),
    oneOf('writersSetExpiry', workload.writersSetExpiry, [true, false]),
  ];
}

function objectiveChecks(objective: RetentionObjective): Check[] {
  return [
    required(positive, 'retentionSeconds', objective.retentionSeconds, LEAST_SECONDS, CENTURY_SECONDS),
    positive('collectionBytes', objective.collectionBytes, Number.MIN_VALUE, MOST_HELD),
    positive('backfillSeconds', objective.backfillSeconds, LEAST_SECONDS, CENTURY_SECONDS),
    atLeast('deletionLagSeconds', objective.deletionLagSeconds, 2 * TTL_PASS_SECONDS, CENTURY_SECONDS),
    oneOf('expireUnknownAge', objective.expireUnknownAge, [true, false]),
  ];
}

function rate(name: string, value: number): Check {
  return required(positive, name, value, LEAST_RATE, MOST_ITEMS_PER_SECOND);
}
