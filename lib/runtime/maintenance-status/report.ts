/** What the last runs of the optimizers of a table say: pure, from what the services answer. */

/** One optimizer, as it stands. */
export interface OptimizerState {
  readonly name: string;
  /** Whether it rewrites files, or deletes old ones. */
  readonly task: 'compaction' | 'expiry';
  /** Seconds since 1970; undefined when it never ran. */
  readonly lastRun?: number;
  /** Why the last run failed; undefined when it did not. */
  readonly failure?: string;
  /** Seconds of the longest run that ended since the last report. */
  readonly longestRunSeconds?: number;
}

/** What is reported; a number that nothing is known of is left out, and its alarm takes that for the worst. */
export interface Report {
  readonly failing: readonly OptimizerState[];
  readonly compactionAgeSeconds?: number;
  readonly expiryAgeSeconds?: number;
  readonly compactionRunSeconds?: number;
}

/** The report at a time. */
export function reportOf(states: readonly OptimizerState[], nowSeconds: number): Report {
  const longest = states.flatMap(({ longestRunSeconds }) => longestRunSeconds ?? []);
  return {
    failing: states.filter(({ failure }) => failure !== undefined),
    compactionAgeSeconds: ageOf(states, 'compaction', nowSeconds),
    expiryAgeSeconds: ageOf(states, 'expiry', nowSeconds),
    compactionRunSeconds: longest.length === 0 ? undefined : Math.max(...longest),
  };
}

/** The age of the oldest of the last runs; undefined when one of them never ran. */
function ageOf(states: readonly OptimizerState[], task: OptimizerState['task'], now: number): number | undefined {
  const ages = states.filter((state) => state.task === task).map(({ lastRun }) => lastRun && now - lastRun);
  const known = ages.filter((age) => age !== undefined);
  // A clock that is behind the service's makes an age negative.
  return ages.length === 0 || known.length < ages.length ? undefined : Math.max(0, ...known);
}

/** A run of an optimizer of AWS Glue: API reference, TableOptimizerRun. */
export interface OptimizerRun {
  readonly eventType?: 'starting' | 'started' | 'completed' | 'failed' | 'in_progress';
  readonly startTimestamp?: number;
  readonly endTimestamp?: number;
  readonly error?: string;
}

/** The optimizers of AWS Glue by the types that its API has. */
export const GLUE_OPTIMIZERS: Readonly<Record<string, OptimizerState['task']>> = {
  compaction: 'compaction',
  retention: 'expiry',
  orphan_file_deletion: 'expiry',
};

/** The state of an optimizer from its runs, in whatever order. A run that goes on says nothing yet. */
export function glueState(
  name: string,
  runs: readonly OptimizerRun[],
  nowSeconds: number,
  intervalSeconds: number,
): OptimizerState {
  const endOf = ({ startTimestamp = 0, endTimestamp = startTimestamp }: OptimizerRun) => endTimestamp;
  const ended = runs
    .filter(({ eventType }) => eventType === 'completed' || eventType === 'failed')
    .sort((a, b) => endOf(b) - endOf(a));
  const completed = ended.filter(({ eventType }) => eventType === 'completed');
  const lasted = completed
    .filter((run) => run.startTimestamp !== undefined && endOf(run) > nowSeconds - intervalSeconds)
    .map((run) => endOf(run) - run.startTimestamp!);
  return {
    name,
    task: GLUE_OPTIMIZERS[name],
    lastRun: completed.length === 0 ? undefined : endOf(completed[0]),
    failure: ended[0]?.eventType === 'failed' ? (ended[0].error ?? 'no reason given') : undefined,
    longestRunSeconds: name === 'compaction' && lasted.length > 0 ? Math.max(...lasted) : undefined,
  };
}

/** A maintenance job of S3 Tables: API reference, TableMaintenanceJobStatusValue. */
export interface MaintenanceJob {
  readonly status?: 'Not_Yet_Run' | 'Successful' | 'Failed' | 'Disabled';
  readonly lastRunTimestamp?: string | number;
  readonly failureMessage?: string;
}

/** The jobs of S3 Tables by the names that its API has. */
export const S3_TABLE_JOBS: Readonly<Record<string, OptimizerState['task']>> = {
  icebergCompaction: 'compaction',
  icebergSnapshotManagement: 'expiry',
  icebergUnreferencedFileRemoval: 'expiry',
};

/** The state of a maintenance job. Of the runs before the last one nothing is known: a failed one counts as run. */
export function s3TableState(name: string, job: MaintenanceJob | undefined): OptimizerState {
  const { status, lastRunTimestamp, failureMessage = 'no reason given' } = job ?? {};
  const ran = status === 'Successful' || status === 'Failed';
  return {
    name,
    task: S3_TABLE_JOBS[name],
    lastRun: ran && lastRunTimestamp !== undefined ? secondsOf(lastRunTimestamp) : undefined,
    failure: status === 'Failed' ? failureMessage : undefined,
  };
}

/** A time as text, or as seconds since 1970. */
function secondsOf(time: string | number): number | undefined {
  const seconds = typeof time === 'number' ? time : Date.parse(time) / 1000;
  return Number.isFinite(seconds) ? seconds : undefined;
}
