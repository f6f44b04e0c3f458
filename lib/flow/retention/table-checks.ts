/** What a question about a DynamoDB table has to be. */
import { above0, atLeast, type Check, inRange, oneOf, positive, required, wholeNumber } from '../errors';
import { type Fields, objectChecks } from '../fields';
import { CENTURY_SECONDS, LEAST_RATE, LEAST_SECONDS, MOST_HELD, MOST_ITEMS_PER_SECOND } from '../ranges';
import type { TtlTableObjective, TtlTableQuestion, TtlTableWorkload } from './table-workload';

/** Amazon DynamoDB Developer Guide, Constraints: item size. */
const LARGEST_ITEM_BYTES = 409_600;
/** The same, secondary indexes: 20 global ones by default, 5 local ones. */
const MOST_INDEXES = 25;
/** A retention below this has no use: DynamoDB deletes by days. */
const LEAST_RETENTION_SECONDS = 60;

const WORKLOAD_FIELDS: Fields<TtlTableWorkload> = {
  insertsPerSecond: true,
  itemBytes: true,
  existingItems: true,
  spareWriteUnitsPerSecond: true,
  deletesPerSecond: true,
  indexes: true,
  writersSetExpiry: true,
};
const OBJECTIVE_FIELDS: Fields<TtlTableObjective> = {
  retentionSeconds: true,
  tableBytes: true,
  backfillSeconds: true,
  ttlLagDays: true,
  deletionLagSeconds: true,
  expireUnknownAge: true,
};

/** The checks of a question. */
export function tableChecks(question: TtlTableQuestion): Check[] {
  return objectChecks('question', question, { workload: true, objective: true }, ({ workload, objective }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, objectiveChecks),
  ]);
}

function workloadChecks(workload: TtlTableWorkload): Check[] {
  const rate = (name: 'insertsPerSecond' | 'deletesPerSecond') =>
    required(positive, name, workload[name], LEAST_RATE, MOST_ITEMS_PER_SECOND);
  return [
    rate('insertsPerSecond'),
    required(above0, 'itemBytes', workload.itemBytes, LARGEST_ITEM_BYTES),
    required(atLeast, 'existingItems', workload.existingItems, 0, MOST_HELD),
    required(inRange, 'spareWriteUnitsPerSecond', workload.spareWriteUnitsPerSecond, 1, MOST_ITEMS_PER_SECOND),
    rate('deletesPerSecond'),
    wholeNumber('indexes', workload.indexes, 0, MOST_INDEXES),
    oneOf('writersSetExpiry', workload.writersSetExpiry, [true, false]),
  ];
}

function objectiveChecks(objective: TtlTableObjective): Check[] {
  const { retentionSeconds, tableBytes } = objective;
  return [
    inRange('retentionSeconds', retentionSeconds, LEAST_RETENTION_SECONDS, CENTURY_SECONDS),
    positive('tableBytes', tableBytes, Number.MIN_VALUE, MOST_HELD),
    {
      refused: retentionSeconds === undefined && tableBytes === undefined,
      message: 'retentionSeconds or tableBytes is missing: how long items are kept, or what the table may take',
    },
    positive('backfillSeconds', objective.backfillSeconds, LEAST_SECONDS, CENTURY_SECONDS),
    inRange('ttlLagDays', objective.ttlLagDays, 0.1, 30),
    inRange('deletionLagSeconds', objective.deletionLagSeconds, 1, CENTURY_SECONDS),
    oneOf('expireUnknownAge', objective.expireUnknownAge, [true, false]),
  ];
}
