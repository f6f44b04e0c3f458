/** What cannot be compacted as asked, and what helps: each way out was solved. */
import { CapacityError } from '../errors';
import { duration, figure, percent, sizeText } from '../figures';
import { DAY_SECONDS, WEEK_SECONDS } from '../ranges';
import { largestBelow, smallestAbove } from '../search';
import { compactionChecks } from './checks';
import { ENGINES, SMALL_SHARE } from './engines';
import {
  filesOfEach,
  fixedSecondsOf,
  HYSTERESIS,
  INTERVALS,
  keptAt,
  type Load,
  loadOf,
  longestInterval,
  MOST_UTILISATION,
  mostSmallFiles,
  runSeconds,
  startFiles,
  stopFiles,
  surelyFound,
  utilisation,
} from './sizing';
import {
  CompactedTableKind,
  type CompactionObjective,
  type CompactionQuestion,
  type CompactionWorkload,
  CompactionWriter,
  TableStorage,
} from './workload';

/** Refuses what loses commits: two drivers on Amazon S3, of which open-source Delta Lake has no safe commit. */
export function refuseTwoWriters(subject: string, question: CompactionQuestion): void {
  const { table, storage = TableStorage.S3, writer } = question;
  if (storage !== TableStorage.S3) return;
  const beside =
    (table === CompactedTableKind.DELTA_RS && writer === CompactionWriter.SPARK) ||
    (table === CompactedTableKind.DELTA_SPARK &&
      (writer === CompactionWriter.SPARK || writer === CompactionWriter.DELTA_RS));
  if (!beside) return;
  throw new CapacityError(
    subject,
    `a compaction of its own beside a writer (${writer}) on Amazon S3 loses commits: Spark writes the log of a Delta table without a conditional put, so the later of two commits replaces the earlier one`,
    [
      'compact inside the streaming job: table delta-streaming',
      'run it when no writer runs, in one state machine or schedule with them: writer batch',
      'keep the table where a file is created only if it is not there (Google Cloud Storage, Azure, HDFS): storage atomic',
    ],
  );
}

/** Refuses to take a partition that is still written to for a closed one: between two files it is quiet as well. */
export function refuseShortQuiet(subject: string, question: CompactionQuestion, load: Load): void {
  const least = shortestQuiet(load);
  if (load.quietSeconds === 0 || load.quietSeconds >= least) return;
  const ways = [
    ...(fits({ ...question, quietSeconds: 0 }) ? [APPEND_ONLY] : []),
    ...(fits({ ...question, quietSeconds: least }) ? [`give quietSeconds ${least}`] : []),
  ];
  throw new CapacityError(
    subject,
    `an open partition gets a file every ${duration(load.openPartitions / load.filesPerSecond)}, and is quiet for ${duration(load.quietSeconds)} again and again`,
    ways.length > 0 ? ways : waysOut(question),
  );
}

const APPEND_ONLY = 'append only, and rewrite open partitions: quietSeconds 0';

/** Ten mean gaps: of gaps between random files one in 22,000 is longer. */
function shortestQuiet({ openPartitions, filesPerSecond }: Load): number {
  return Math.ceil((10 * openPartitions) / filesPerSecond);
}

/** Refuses work for half of the time and more. */
export function refuseBusy(subject: string, question: CompactionQuestion, load: Load): void {
  if (utilisation(load) < MOST_UTILISATION) return;
  const busy = (one: number) => utilisation({ ...load, workers: one }) < MOST_UTILISATION;
  const workers = solved(question.workers ?? 1, load.engine.mostWorkers, busy);
  const fewer = Math.floor((0.99 * MOST_UTILISATION * question.workload.filesPerDay) / utilisation(load));
  throw new CapacityError(subject, busyText(load), [
    ...(workers === undefined ? [] : [`take ${workers} workers`]),
    ...(fewer >= 1 ? [`write ${fewer} files a day`] : ['write files of the target size']),
  ]);
}

function busyText(load: Load): string {
  return `${figure(load.workers)} worker(s) would be busy ${percent(utilisation(load))} of the time with rewriting ${figure(load.plannedPerSecond)} files of ${sizeText(load.fileBytes)} a second, half of it is the limit`;
}

/** A start given by hand: below twice what a run leaves it never stops, above what surely comes runs are skipped. */
export function refuseStart(subject: string, question: CompactionQuestion, load: Load, interval: number): void {
  const start = question.startFiles;
  if (start === undefined) return;
  const least = HYSTERESIS * stopFiles(load, interval);
  const most = surelyFound(load, interval);
  const ways = (text: string) => [text, 'leave startFiles to the plan'];
  if (start < least) {
    throw new CapacityError(
      subject,
      `a run leaves ${figure(least / HYSTERESIS)} small files; with startFiles ${start} the next one begins although there is nothing to do`,
      ways(`give startFiles ${least}`),
    );
  }
  if (start > most) {
    throw new CapacityError(
      subject,
      `in ${duration(interval)} ${figure(most)} files come for certain; with startFiles ${start} runs are skipped`,
      ways(`give startFiles ${most}`),
    );
  }
}

/** The longest interval that keeps every promise, or the error that says which cannot be kept. */
export function intervalOf(subject: string, question: CompactionQuestion, load: Load): number {
  const among = amongOf(question);
  const found = longestInterval(load, among);
  if (found !== undefined) return found;
  throw new CapacityError(subject, reasonOf(load, among), waysOut(question));
}

function amongOf({ intervalSeconds }: CompactionQuestion): readonly number[] {
  return intervalSeconds === undefined ? INTERVALS : [intervalSeconds];
}

function reasonOf(load: Load, among: readonly number[]): string {
  if (utilisation(load) >= MOST_UTILISATION) return busyText(load);
  const least = among[among.length - 1];
  const even = among.filter((one) => keptAt(load, one).even);
  if (even.length === 0) {
    return `no interval divides the ${duration(load.partitionSeconds)} of a partition, or is a multiple of them: runs would find one partition too many`;
  }
  const inTime = even.find((one) => keptAt(load, one).run);
  if (inTime === undefined) {
    const longest = runSeconds(load, least, load.plannedPerSecond, true);
    return `even every ${duration(least)} a run takes ${duration(longest)}, ${duration(Math.min(load.longestRunSeconds, least))} are allowed`;
  }
  const few = even.find((one) => keptAt(load, one).files);
  if (few === undefined) {
    const most = Math.ceil(mostSmallFiles(load, least, load.plannedPerSecond));
    return `even every ${duration(least)} a query meets ${figure(most)} small files, ${figure(load.smallFiles)} are allowed`;
  }
  const most = Math.min(inTime, few);
  const between = `the run and the small files allow ${duration(most)} between two runs, in which`;
  if (!keptAt(load, most).each) {
    return `${between} a partition gets ${figure(filesOfEach(load, most, load.filesPerSecond))} files: one with fewer than ${load.engine.minInputFiles} is left as it is, and noise makes them fewer`;
  }
  return `${between} ${figure(surelyFound(load, most))} files come for certain: fewer than ${figure(startFiles(load, most))}, from which a rewrite keeps an amplification of ${figure(load.writeAmplification)} and leaves half of them behind at most`;
}

/** What would help on its own; each is planned before it is said. */
function waysOut(question: CompactionQuestion): string[] {
  const { workload, objective, workers = 1 } = question;
  const { engine, targetBytes, openPartitions, partitionSeconds, writeAmplification } = loadOf(question);
  const helps = (changed: Partial<CompactionQuestion>) => fits({ ...question, ...changed });
  const load = (changed: Partial<CompactionWorkload>) => ({ workload: { ...workload, ...changed } });
  const goal = (changed: Partial<CompactionObjective>) => ({ objective: { ...objective, ...changed } });
  const ways: (readonly [number | undefined, (value: number) => string])[] = [
    [solved(workers, engine.mostWorkers, (one) => helps({ workers: one })), (n) => `take ${n} workers`],
    [
      solved(objective.longestRunSeconds, WEEK_SECONDS, (one) => helps(goal({ longestRunSeconds: one }))),
      (n) => `allow a run ${n} s`,
    ],
    [solved(objective.smallFiles, 1e9, (one) => helps(goal({ smallFiles: one }))), (n) => `allow ${n} small files`],
    [
      solved(workload.fileBytes, Math.floor(SMALL_SHARE * targetBytes) - 1, (one) =>
        helps(load({ fileBytes: one, filesPerDay: (workload.filesPerDay * workload.fileBytes) / one })),
      ),
      (n) => `let writers make files of ${n} bytes, in larger batches`,
    ],
    [
      [1.5, 2, 3, 5, 10].find((one) => one > writeAmplification && helps(goal({ writeAmplification: one }))),
      (n) => `allow a write amplification of ${n}`,
    ],
    [
      [1, 10, 100, 1000].filter((one) => one < openPartitions).find((one) => helps(load({ openPartitions: one }))),
      (n) => `let ${n} partition(s) take new files at a time`,
    ],
    [
      [DAY_SECONDS, 3600, 300].find((one) => one < partitionSeconds && helps(load({ partitionSeconds: one }))),
      (n) => `partition the table finer: a partition takes new files for ${n} s`,
    ],
    [helps({ quietSeconds: 0 }) ? 0 : undefined, () => APPEND_ONLY],
  ];
  const found = ways.flatMap(([value, say]) => (value === undefined ? [] : [say(value)]));
  if (question.intervalSeconds !== undefined && helps({ intervalSeconds: undefined })) {
    found.push('leave intervalSeconds to the plan');
  }
  return found.length > 0 ? found : [together(question)];
}

/** Whether a question has a plan. */
function fits(question: CompactionQuestion): boolean {
  if (compactionChecks(question).some(({ refused }) => refused)) return false;
  const load = loadOf(question);
  const { quietSeconds } = load;
  const interval = longestInterval(load, amongOf(question));
  if (interval === undefined || (quietSeconds > 0 && quietSeconds < shortestQuiet(load))) return false;
  const { startFiles: start } = question;
  if (start === undefined) return true;
  return start >= HYSTERESIS * stopFiles(load, interval) && start <= surelyFound(load, interval);
}

/** The first whole number above `start` that helps, and a little more: 1 % of it. */
function solved(start: number, most: number, helps: (value: number) => boolean): number | undefined {
  const value = smallestAbove(start, (one) => one <= most && helps(Math.ceil(one)));
  return value === undefined || Math.ceil(value) > most ? undefined : Math.ceil(value);
}

/** Where no single change helps: everything at its widest, and the load at which that is enough. */
function together(question: CompactionQuestion): string {
  const { workload, objective } = question;
  const widest = {
    ...question,
    workers: ENGINES[question.table].mostWorkers,
    quietSeconds: 0,
    intervalSeconds: undefined,
    startFiles: undefined,
    objective: { ...objective, longestRunSeconds: WEEK_SECONDS, smallFiles: 1e9, writeAmplification: 10 },
  };
  const at = (filesPerDay: number, runFixedSeconds: number) =>
    fits({ ...widest, workload: { ...workload, openPartitions: 1, filesPerDay, runFixedSeconds } });
  const { filesPerDay } = workload;
  const wide = `${widest.workers} workers, a run of a week, 1000000000 small files, a write amplification of 10 and one open partition`;
  if (at(filesPerDay, fixedSecondsOf(workload))) return `take together ${wide}`;
  if (at(filesPerDay, 0)) return `take together ${wide}, and a run that starts at once: runFixedSeconds 0`;
  const fewer = largestBelow(filesPerDay, (one) => at(one, 0));
  const more = solved(filesPerDay, 1e9, (one) => at(one, 0));
  const said = fewer !== undefined && fewer >= 1 ? Math.floor(fewer) : more;
  return `take together ${wide}, runFixedSeconds 0, and ${said === undefined ? 'files of the target size from the writer, which need no compaction' : `${said} files a day`}`;
}
