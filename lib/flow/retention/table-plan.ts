/**
 * A DynamoDB table with a time to live: the retention that a ceiling leaves when DynamoDB deletes late, how long it takes to
 * give every item its date within a budget of write units, and how the expiry of old items is spread.
 */
import { CapacityError, type Check, validate } from '../errors';
import { figure, percent } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { retentionFor, type Stock, steadyBytes, steadyItems } from '../numerics/stock';
import prices from '../prices.json';
import { CENTURY_SECONDS, DAY_SECONDS } from '../ranges';
import { lastWhole } from '../search';
import { sizeOf } from './sizing';
import { tableAlarmKnobs } from './table-alarms';
import { tableChecks } from './table-checks';
import { tableKnobs } from './table-knobs';
import { MOST_WRITE_UNITS, type Pace, paceOf, READ_UNIT_BYTES } from './table-pace';
import type { TableSizes } from './table-sizes';
import {
  type TtlTableObjective,
  TtlTablePlan,
  type TtlTablePredictions,
  type TtlTableQuestion,
  type TtlTableWorkload,
} from './table-workload';
import { unknownAgeRemark } from './unknown-age';

const LAG_DAYS = 2;

/**
 * The plan of a table with a time to live.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param question inserts, what the table can take, and the retention or the size that is wanted
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range, or neither retention nor size is given
 * @throws CapacityError when the size holds only without the lag of deletion, the backfill cannot keep ahead of inserts, a
 *   deadline for deletion is shorter than the lag, or size or time are above the objective; the message names the ways out
 */
export function planTtlTable(subject: string, question: TtlTableQuestion, checks: readonly Check[] = []): TtlTablePlan {
  validate(subject, [...checks, ...tableChecks(question)]);
  const { workload, objective } = question;
  const lagSeconds = (objective.ttlLagDays ?? LAG_DAYS) * DAY_SECONDS;
  refuseDeadline(subject, objective, lagSeconds);
  refuseSlowDeletion(subject, workload);
  const retentionSeconds = objective.retentionSeconds ?? retentionWithin(subject, workload, objective, lagSeconds);
  const sizes = sizesOf(workload, objective, retentionSeconds, lagSeconds);
  refuseSize(subject, sizes);
  refuseSlowBackfill(subject, sizes);
  const predictions = predict(sizes);
  return new TtlTablePlan(subject, [...tableKnobs(sizes), ...tableAlarmKnobs(sizes)], predictions, [
    ...remarksOn(predictions),
    unknownAgeRemark(objective, 'Items'),
  ]);
}

function sizesOf(
  workload: TtlTableWorkload,
  objective: TtlTableObjective,
  retentionSeconds: number,
  lagSeconds: number,
): TableSizes {
  const { insertsPerSecond, itemBytes } = workload;
  const pace = paceOf(workload);
  const kept = (seconds: number): Stock => ({
    arrivalsPerSecond: insertsPerSecond,
    itemBytes,
    retentionSeconds: seconds,
  });
  const sized = sizeOf({
    ...workload,
    stock: kept(retentionSeconds),
    datesPerSecond: pace.meanItemsPerSecond,
    checkSeconds: checkSeconds(workload, pace),
  });
  return { workload, objective, retentionSeconds, lagSeconds, stock: kept(retentionSeconds + lagSeconds), pace, sized };
}

/** Another pass, at the pace of the dates, finds what writers put behind the place of the first one. */
function checkSeconds({ existingItems, writersSetExpiry }: TtlTableWorkload, { meanItemsPerSecond }: Pace): number {
  return writersSetExpiry ? 0 : existingItems / meanItemsPerSecond;
}

/** The most whole days that the ceiling has room for, with the lag taken off. */
function retentionWithin(
  subject: string,
  { insertsPerSecond, itemBytes }: TtlTableWorkload,
  { tableBytes = 0 }: TtlTableObjective,
  lagSeconds: number,
): number {
  const stock: Stock = { arrivalsPerSecond: insertsPerSecond, itemBytes, retentionSeconds: lagSeconds };
  const room = retentionFor(stock, tableBytes);
  const days = Math.floor((room - lagSeconds) / DAY_SECONDS);
  if (days >= 1) return Math.min(days * DAY_SECONDS, CENTURY_SECONDS);
  const needed = steadyBytes({ ...stock, retentionSeconds: lagSeconds + DAY_SECONDS });
  throw new CapacityError(
    subject,
    `${gigabytes(tableBytes)} hold ${figure(room)} s of items, and DynamoDB deletes ${figure(lagSeconds)} s late: not even a day can be kept`,
    [`allow ${Math.ceil(needed)} bytes`, `make items ${smaller(itemBytes, tableBytes / needed)} bytes`],
  );
}

function refuseDeadline(subject: string, { deletionLagSeconds }: TtlTableObjective, lagSeconds: number): void {
  if (deletionLagSeconds === undefined || deletionLagSeconds >= lagSeconds) return;
  throw new CapacityError(
    subject,
    `items may outlive their expiry by ${figure(deletionLagSeconds)} s, and DynamoDB deletes within a few days, which is no promise; ${figure(lagSeconds)} s are planned with`,
    [
      `allow ${Math.ceil(lagSeconds)} s`,
      'leave deletionLagSeconds out and delete the items yourself, from an index on the expiry',
    ],
  );
}

/** In the steady state as much is deleted as is inserted. */
function refuseSlowDeletion(subject: string, { insertsPerSecond, deletesPerSecond }: TtlTableWorkload): void {
  if (deletesPerSecond > insertsPerSecond) return;
  throw new CapacityError(
    subject,
    `${figure(insertsPerSecond)} items are inserted a second, and the stream and its consumers take ${figure(deletesPerSecond)} deletions: they never catch up`,
    [
      `take more than ${figure(insertsPerSecond)} deletions a second, for instance by a filter of the stream that leaves them out`,
      `insert less than ${figure(deletesPerSecond)} a second`,
    ],
  );
}

function refuseSize(subject: string, { workload, objective, retentionSeconds, lagSeconds, stock }: TableSizes): void {
  const { tableBytes } = objective;
  const bytes = steadyBytes(stock);
  if (tableBytes === undefined || bytes <= tableBytes) return;
  const days = Math.floor((retentionFor(stock, tableBytes) - lagSeconds) / DAY_SECONDS);
  throw new CapacityError(
    subject,
    `${figure(retentionSeconds / DAY_SECONDS)} days and ${figure(lagSeconds / DAY_SECONDS)} of lag are ${gigabytes(bytes)}, ${gigabytes(tableBytes)} are allowed`,
    [
      ...(days >= 1 ? [`keep ${days} days, retentionSeconds ${days * DAY_SECONDS}`] : []),
      `make items ${smaller(workload.itemBytes, tableBytes / bytes)} bytes`,
      `allow ${Math.ceil(bytes)} bytes`,
    ],
  );
}

function refuseSlowBackfill(subject: string, sizes: TableSizes): void {
  const { workload, objective, pace, sized } = sizes;
  const allowed = objective.backfillSeconds ?? Number.POSITIVE_INFINITY;
  const fits = (changed: Partial<TtlTableWorkload>) => {
    const { gain, backfill } = sizesOf(
      { ...workload, ...changed },
      objective,
      sizes.retentionSeconds,
      sizes.lagSeconds,
    ).sized;
    return gain > 0 && backfill <= allowed;
  };
  if (fits({})) return;
  const { gain, backfill } = sized;
  const { insertsPerSecond, existingItems, spareWriteUnitsPerSecond } = workload;
  const helped = fits({ writersSetExpiry: true });
  const ofUnits = (units: number) => fits({ spareWriteUnitsPerSecond: units });
  throw new CapacityError(
    subject,
    gain > 0
      ? `the backfill of ${figure(existingItems)} items takes ${figure(backfill)} s, ${figure(allowed)} s are allowed`
      : `${figure(spareWriteUnitsPerSecond)} write units are ${figure(pace.meanItemsPerSecond)} dates a second, and ${figure(insertsPerSecond)} items without one are inserted: it never finishes`,
    [
      ...(helped ? ['let the writers set the expiry first and say writersSetExpiry'] : []),
      ...(ofUnits(MOST_WRITE_UNITS)
        ? [`allow ${lastWhole(MOST_WRITE_UNITS, Math.floor(spareWriteUnitsPerSecond), ofUnits)} write units a second`]
        : []),
      ...(gain > 0 ? [`allow ${Math.ceil(backfill)} s`] : []),
      ...(gain > 0 || helped
        ? []
        : [
            `let the writers set the expiry first, say writersSetExpiry, and allow ${Math.ceil(existingItems / pace.meanItemsPerSecond)} s`,
          ]),
    ],
  );
}

function predict({ workload, objective, lagSeconds, stock, pace, sized }: TableSizes): TtlTablePredictions {
  const { perMillionWrites, perMillionReads } = prices.dynamodb;
  const { existingItems, itemBytes, insertsPerSecond, deletesPerSecond, writersSetExpiry } = workload;
  const bytes = steadyBytes(stock);
  return {
    bytesToday: existingItems * itemBytes,
    steadyItems: steadyItems(stock),
    steadyBytes: bytes,
    expiredItems: sized.expired,
    datesPerSecond: pace.meanItemsPerSecond,
    backfillSeconds: sized.backfill,
    backfillDollars:
      (existingItems * pace.unitsPerItem * perMillionWrites.value +
        ((existingItems * itemBytes) / READ_UNIT_BYTES) * perMillionReads.value) /
      1e6,
    drainSeconds: sized.drain,
    lagSeconds,
    breaksAtLoad: Math.min(
      (objective.tableBytes ?? Number.POSITIVE_INFINITY) / bytes,
      deletesPerSecond / insertsPerSecond,
      writersSetExpiry ? Number.POSITIVE_INFINITY : pace.meanItemsPerSecond / insertsPerSecond,
    ),
  };
}

function remarksOn({ breaksAtLoad }: TtlTablePredictions): string[] {
  return breaksAtLoad < DEFAULT_HEADROOM
    ? [
        `The promise breaks at ${figure(breaksAtLoad)} × the inserts, ${percent(Math.max(0, breaksAtLoad - 1))} more than planned: a shorter retention gives head-room.`,
      ]
    : [];
}

/** Sizes of tables as AWS bills and the case states them, in powers of ten. */
function gigabytes(bytes: number): string {
  return `${figure(bytes / 1e9)} GB`;
}

/** Down, and to whole bytes where an item has several. */
function smaller(itemBytes: number, ratio: number): number {
  const bytes = itemBytes * ratio;
  return bytes >= 1 ? Math.floor(bytes) : bytes;
}
