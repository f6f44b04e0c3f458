/** The settings of a DynamoDB table with a time to live, each with its reason. */
import { chosenKnob } from '../alarms';
import { steadyBytes } from '../numerics/stock';
import { type Knob, unlessGiven } from '../plan';
import { DAY_SECONDS } from '../ranges';
import {
  LEASE_SECONDS,
  MOST_WORKERS,
  READ_UNIT_BYTES,
  WORKER_SPARE_SECONDS,
  WORKER_TIMEOUT_SECONDS,
  WORKER_WRITE_UNITS,
} from './table-pace';
import type { TableSizes } from './table-sizes';
import { unknownAgeKnob } from './unknown-age';

const TTL_GUIDE = 'Amazon DynamoDB Developer Guide, Using time to live (TTL) in DynamoDB';
const UNITS_GUIDE = 'Amazon DynamoDB Developer Guide, DynamoDB read and write operations';
const SCAN_GUIDE = 'Amazon DynamoDB Developer Guide, Scanning tables, Parallel scan';
/** Amazon DynamoDB API reference, Scan: a page is 1 MB at most. */
const PAGE_BYTES = 2 ** 20;
/** The same, TotalSegments. */
const MOST_SEGMENTS = 1_000_000;
const SAMPLE_PAGES = 20;
const REPORT_TIMEOUT_SECONDS = 300;
/** The time of a report beside its sample: it describes the table and reads the progress. */
const REPORT_SPARE_SECONDS = 60;
/** Amazon DynamoDB API reference, TableDescription: sizes are updated about every six hours. */
export const REPORT_SECONDS = 21_600;
/** The share of the time that a worker works. */
const WORKED = `${WORKER_TIMEOUT_SECONDS - WORKER_SPARE_SECONDS} of ${WORKER_TIMEOUT_SECONDS}`;
/** How far the size may be above the prediction before the alarm fires: the mean of inserts is not exact. */
const SIZE_MARGIN = 1.2;

/** Every knob of a table. */
export function tableKnobs(sizes: TableSizes): Knob[] {
  return [...retentionKnobs(sizes), ...paceKnobs(sizes), ...workerKnobs(), ...drainKnobs(sizes), ...reportKnobs(sizes)];
}

function retentionKnobs({ workload, objective, retentionSeconds, lagSeconds }: TableSizes): Knob[] {
  const { insertsPerSecond, itemBytes } = workload;
  return [
    {
      name: 'retentionSeconds',
      value: retentionSeconds,
      unit: 's',
      ...unlessGiven(
        objective.retentionSeconds,
        'bytes of the table ÷ (inserts a second × bytes) − lag of deletion, down to whole days',
        { tableBytes: objective.tableBytes ?? 0, insertsPerSecond, itemBytes, lagSeconds },
      ),
      source: "Little's law with retention and lag as the time in system",
    },
    {
      name: 'ttlLagSeconds',
      value: lagSeconds,
      unit: 's',
      ...unlessGiven(
        objective.ttlLagDays,
        `${lagSeconds / DAY_SECONDS} days: items lie in the table for retention + lag`,
      ),
      source:
        'Amazon DynamoDB API reference, UpdateTimeToLive: typically within two days of expiration; no promise, so the report measures it',
    },
    unknownAgeKnob(objective, 'items'),
  ];
}

function paceKnobs({ workload, pace, sized }: TableSizes): Knob[] {
  const { itemBytes, indexes = 0, spareWriteUnitsPerSecond, existingItems } = workload;
  const { unitsPerItem, writeUnitsPerSecond, workers, itemsPerSecond, meanItemsPerSecond } = pace;
  const perWorker = itemsPerSecond / workers;
  return [
    {
      name: 'writeUnitsPerItem',
      value: unitsPerItem,
      unit: 'write units',
      formula: '⌈bytes ÷ 1,024⌉ × (1 + indexes with the attribute)',
      inputs: { itemBytes, indexes },
      source: UNITS_GUIDE,
    },
    {
      name: 'workers',
      value: workers,
      unit: 'segments',
      formula: `⌈write units a second ÷ ${WORKER_WRITE_UNITS}⌉, at most ${MOST_WORKERS}: each scans a segment of the table`,
      inputs: { spareWriteUnitsPerSecond },
      source: `${SCAN_GUIDE}; what one function writes is an assumption`,
    },
    {
      name: 'workerWriteUnitsPerSecond',
      value: writeUnitsPerSecond / workers,
      unit: 'write units/s',
      formula: 'write units a second ÷ workers: the token bucket of each, filled by what DynamoDB says was consumed',
      inputs: { writeUnitsPerSecond, workers },
      source: 'throttle: the rest of the capacity is for the traffic',
    },
    {
      name: 'workerReadUnitsPerSecond',
      value: workerReadUnits(workload, pace),
      unit: 'read units/s',
      formula:
        'items a second of a worker × bytes ÷ 8,192: reads go no faster than the dates, also where all have one, and those of the report no faster either',
      inputs: { itemsPerSecond: perWorker, itemBytes },
      source: UNITS_GUIDE,
    },
    {
      name: 'pageItems',
      value: Math.max(1, Math.min(1000, Math.round(perWorker))),
      unit: 'items',
      formula: 'items of a second, 1 to 1,000: a place is saved after each page',
      inputs: { itemsPerSecond: perWorker },
      source: 'Amazon DynamoDB API reference, Scan, Limit',
    },
    {
      name: 'backfillSeconds',
      value: Math.ceil(sized.backfill),
      unit: 's',
      formula: workload.writersSetExpiry
        ? `items ÷ (dates a second × ${WORKED} s)`
        : `items ÷ (dates a second × ${WORKED} s − inserts a second), and another pass that finds what was put behind the first`,
      inputs: { existingItems, datesPerSecond: itemsPerSecond, meanDatesPerSecond: meanItemsPerSecond },
      source: 'drain of a backlog: backlog ÷ (capacity − arrivals)',
    },
    {
      name: 'backfillPasses',
      value: workload.writersSetExpiry ? 1 : 10,
      unit: 'passes',
      formula:
        'one when the writers set the expiry; else until a pass finds nothing, or no less than half of the one before',
      inputs: {},
      source: 'Amazon DynamoDB Developer Guide, Scan: items that are put behind the place of a scan are not in it',
    },
  ];
}

function workerKnobs(): Knob[] {
  return [
    chosenKnob(
      'workerTimeoutSeconds',
      WORKER_TIMEOUT_SECONDS,
      's',
      'the longest that there is: each start reads the key schema and the place again',
      'AWS Lambda quotas, function timeout',
    ),
    chosenKnob(
      'workerSeconds',
      WORKER_TIMEOUT_SECONDS - WORKER_SPARE_SECONDS,
      's',
      'time-out − 30 s: a worker stops by itself, with its place saved',
      'an assumption: a page takes seconds',
    ),
    chosenKnob(
      'startSeconds',
      WORKER_TIMEOUT_SECONDS,
      's',
      'the time-out of a worker: the next one of a segment starts when the last has ended, also when that died',
      'BP-SCHED-002: nothing waits for the run before',
    ),
    chosenKnob(
      'leaseSeconds',
      LEASE_SECONDS,
      's',
      'renewed with each page, and every third of it while a call waits: a start that is delivered twice finds it held',
      'an assumption: two renewals may fail',
    ),
  ];
}

function drainKnobs({ workload, sized }: TableSizes): Knob[] {
  const { insertsPerSecond, deletesPerSecond } = workload;
  return [
    {
      name: 'drainSeconds',
      value: Math.ceil(sized.drain),
      unit: 's',
      formula:
        'items that are too old when the backfill is done ÷ (deletions a second − inserts a second): their expiries are spread over it',
      inputs: { tooOld: sized.spread, deletesPerSecond, insertsPerSecond },
      source: `${TTL_GUIDE}: an expiry more than five years ago is never acted on, so none is set in the past`,
    },
  ];
}

function reportKnobs({ stock, sized, workload, pace }: TableSizes): Knob[] {
  const bytes = steadyBytes(stock);
  const held = Math.max(bytes, sized.stock.itemBytes);
  const sampleSeconds = REPORT_TIMEOUT_SECONDS - REPORT_SPARE_SECONDS;
  const readUnitsPerSecond = workerReadUnits(workload, pace);
  return [
    chosenKnob(
      'reportSeconds',
      REPORT_SECONDS,
      's',
      'DynamoDB updates the size of a table about every six hours',
      'Amazon DynamoDB API reference, TableDescription, TableSizeBytes',
    ),
    chosenKnob(
      'reportTimeoutSeconds',
      REPORT_TIMEOUT_SECONDS,
      's',
      'the time of the sample, and a minute to describe the table and to read the progress',
      'an assumption, with room for retries',
    ),
    {
      name: 'sampleSegments',
      value: Math.max(1, Math.min(MOST_SEGMENTS, Math.ceil(held / PAGE_BYTES))),
      unit: 'segments',
      formula: 'bytes ÷ 1 MB, 1 to 1,000,000: a segment is about a page',
      inputs: { steadyBytes: bytes },
      source: SCAN_GUIDE,
    },
    chosenKnob(
      'samplePages',
      SAMPLE_PAGES,
      'pages',
      'so many segments, chosen at random, are read in turns for the age of what waits for its deletion',
      'an assumption: about 20,000 items of 1 KB',
    ),
    {
      name: 'sampleSeconds',
      value: sampleSeconds,
      unit: 's',
      formula: 'time-out of the report − a minute: what is read by then is the sample',
      inputs: { reportTimeoutSeconds: REPORT_TIMEOUT_SECONDS },
      source: 'AWS Lambda quotas, function timeout; the minute is an assumption',
    },
    {
      name: 'sampleReadUnits',
      value: Math.min((SAMPLE_PAGES * PAGE_BYTES) / READ_UNIT_BYTES, sampleSeconds * readUnitsPerSecond),
      unit: 'read units',
      formula: `${SAMPLE_PAGES} pages of 1 MB, or what a worker may read within the time of the sample: no faster, so that readers keep their capacity`,
      inputs: { sampleSeconds, workerReadUnitsPerSecond: readUnitsPerSecond },
      source: UNITS_GUIDE,
    },
    {
      name: 'sizeAlarmBytes',
      value: Math.ceil(SIZE_MARGIN * bytes),
      unit: 'bytes',
      formula: `steady size × ${SIZE_MARGIN}`,
      inputs: { steadyBytes: bytes },
      source: 'inserts a second × (retention + lag) × bytes; the margin is an assumption',
    },
  ];
}

/** Read units a second of a worker, and of the report. */
function workerReadUnits(
  { itemBytes }: TableSizes['workload'],
  { itemsPerSecond, workers }: TableSizes['pace'],
): number {
  return ((itemsPerSecond / workers) * itemBytes) / READ_UNIT_BYTES;
}
