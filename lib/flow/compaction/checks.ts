/** The validation table of a compaction. */
import { type Check, inRange, isKnown, oneOf, positive, required, shown, wholeNumber } from '../errors';
import { type Fields, objectChecks, rowOf } from '../fields';
import { DAY_SECONDS, MOST_BYTES_PER_SECOND, WEEK_SECONDS, YEAR_SECONDS } from '../ranges';
import { ENGINES, GLUE_INPUT_FILES, LEAST_INPUT_FILES, SMALL_SHARE } from './engines';
import { INTERVALS } from './sizing';
import {
  CompactedTableKind,
  type CompactionObjective,
  type CompactionQuestion,
  type CompactionWorkload,
  CompactionWriter,
  TableStorage,
} from './workload';

const MOST_FILES = 1e9;
const MOST_FILE_BYTES = 1e12;

const QUESTION_FIELDS: Fields<CompactionQuestion> = {
  workload: true,
  objective: true,
  table: true,
  writer: true,
  storage: true,
  targetBytes: true,
  workers: true,
  intervalSeconds: true,
  startFiles: true,
  quietSeconds: true,
  batchSeconds: true,
};
const WORKLOAD_FIELDS: Fields<CompactionWorkload> = {
  filesPerDay: true,
  fileBytes: true,
  openPartitions: true,
  partitionSeconds: true,
  peakRatio: true,
  bytesPerSecond: true,
  fileSeconds: true,
  runFixedSeconds: true,
};
const OBJECTIVE_FIELDS: Fields<CompactionObjective> = {
  longestRunSeconds: true,
  smallFiles: true,
  writeAmplification: true,
  retentionSeconds: true,
  headroom: true,
};

/** Checks of a compaction's question. */
export function compactionChecks(question: CompactionQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective, ...choices }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, objectiveChecks),
    ...choiceChecks(choices),
    sizeCheck(workload, choices),
  ]);
}

function workloadChecks(workload: CompactionWorkload): Check[] {
  return [
    required(inRange, 'filesPerDay', workload.filesPerDay, 1, MOST_FILES),
    required(inRange, 'fileBytes', workload.fileBytes, 1, MOST_FILE_BYTES),
    wholeNumber('openPartitions', workload.openPartitions, 1, 1e5),
    inRange('partitionSeconds', workload.partitionSeconds, 300, YEAR_SECONDS),
    inRange('peakRatio', workload.peakRatio, 1, 100),
    required(positive, 'bytesPerSecond', workload.bytesPerSecond, 1, MOST_BYTES_PER_SECOND),
    inRange('fileSeconds', workload.fileSeconds, 0, 3600),
    inRange('runFixedSeconds', workload.runFixedSeconds, 0, DAY_SECONDS),
  ];
}

function objectiveChecks(objective: CompactionObjective): Check[] {
  return [
    required(inRange, 'longestRunSeconds', objective.longestRunSeconds, 60, WEEK_SECONDS),
    required(inRange, 'smallFiles', objective.smallFiles, 10, MOST_FILES),
    inRange('writeAmplification', objective.writeAmplification, 1.02, 10),
    // Delta Lake, Vacuum: below a week a running reader or writer loses files that it still needs.
    inRange('retentionSeconds', objective.retentionSeconds, WEEK_SECONDS, 10 * YEAR_SECONDS),
    inRange('headroom', objective.headroom, 1, 10),
  ];
}

/** A file that is not small is never rewritten. */
function sizeCheck(
  workload: CompactionWorkload | undefined,
  { table, targetBytes }: Pick<CompactionQuestion, 'table' | 'targetBytes'>,
): Check {
  const target = targetBytes ?? ENGINES[table]?.targetBytes;
  const small = SMALL_SHARE * target;
  const fileBytes = workload?.fileBytes;
  return {
    refused: isKnown(fileBytes) && isKnown(small) && fileBytes >= small,
    message: `fileBytes must be below ${small}, ${SMALL_SHARE} × targetBytes, got ${shown(fileBytes)}: larger files need no compaction`,
  };
}

function choiceChecks(choices: Omit<CompactionQuestion, 'workload' | 'objective'>): Check[] {
  const { table, writer, storage, targetBytes, workers, intervalSeconds, startFiles, quietSeconds } = choices;
  const known = rowOf(ENGINES, table) ?? ENGINES[CompactedTableKind.DELTA_RS];
  const iceberg = table === CompactedTableKind.ICEBERG;
  return [
    { refused: table === undefined, message: 'table is missing' },
    oneOf('table', table, Object.values(CompactedTableKind)),
    oneOf('writer', writer, Object.values(CompactionWriter)),
    oneOf('storage', storage, Object.values(TableStorage)),
    wholeNumber('targetBytes', targetBytes, ...known.targets),
    wholeNumber('workers', workers, 1, known.mostWorkers),
    oneOf('intervalSeconds', intervalSeconds, INTERVALS),
    wholeNumber('startFiles', startFiles, iceberg ? LEAST_INPUT_FILES : 1, iceberg ? GLUE_INPUT_FILES : MOST_FILES),
    inRange('quietSeconds', quietSeconds, 0, 30 * DAY_SECONDS),
    inRange('batchSeconds', choices.batchSeconds, 1, DAY_SECONDS),
    {
      refused: intervalSeconds !== undefined && !known.scheduled,
      message: `intervalSeconds must be left out: ${known.title} starts by itself`,
    },
  ];
}
