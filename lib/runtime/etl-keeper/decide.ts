/**
 * What keeps one run on a checkpoint: two drivers on one lose or repeat records. Pure: what is there, what is wanted, and the
 * next step. Each step may be repeated, and two keepers that see the same runs take the same one.
 */
import { createHash } from 'node:crypto';

/** A run of a job, as Amazon EMR Serverless lists it. */
export interface Run {
  readonly applicationId: string;
  readonly id: string;
  readonly state: string;
  /** What it was started with; absent when another one started it. */
  readonly hash?: string;
  /** When it was started, in milliseconds. */
  readonly startedAt: number;
}

/** Where which run is wanted. */
export interface Wanted {
  readonly applicationId: string;
  readonly hash: string;
}

/** The next step. */
export type Step =
  | { readonly kind: 'cancel'; readonly runs: readonly Run[] }
  | { readonly kind: 'wait'; readonly runs: readonly Run[] }
  | { readonly kind: 'start'; readonly clientToken: string }
  | { readonly kind: 'done'; readonly run?: Run };

/** Ended by itself: a run that a person cancelled stays so. */
const ENDED_BY_ITSELF = ['SUCCESS', 'FAILED'];
/** Amazon EMR Serverless API reference, JobRun, state: those that are at an end. */
const ENDED = [...ENDED_BY_ITSELF, 'CANCELLED'];

/**
 * The next step of a deployment: everything that is not wanted ends before the wanted run starts.
 *
 * @param runs those of the application, and of the one that it replaces
 * @param wanted none when the stack deletes the job
 */
export function deploy(runs: readonly Run[], wanted?: Wanted): Step {
  const { kept, others } = living(runs, wanted);
  if (others.length > 0) {
    const told = others.filter(({ state }) => state !== 'CANCELLING');
    return told.length > 0 ? { kind: 'cancel', runs: told } : { kind: 'wait', runs: others };
  }
  if (kept !== undefined || wanted === undefined) return { kind: 'done', run: kept };
  return start(runs, wanted);
}

/**
 * The next step between two deployments: a run that ended by itself starts again. It never brings another version: a deployment
 * that is under way does that, after it has ended the old one.
 */
export function keep(runs: readonly Run[], wanted: Wanted): Step {
  const { kept, others } = living(runs, wanted);
  // Of two that are alike the younger one ends; others are a deployment's.
  const alike = others.filter((run) => isWanted(run, wanted) && run.state !== 'CANCELLING');
  if (alike.length > 0) return { kind: 'cancel', runs: alike };
  if (kept !== undefined || others.length > 0) return { kind: 'done', run: kept };
  const last = latest(runs.filter(({ applicationId }) => applicationId === wanted.applicationId));
  const ended = last !== undefined && last.hash === wanted.hash && ENDED_BY_ITSELF.includes(last.state);
  return ended ? start(runs, wanted) : { kind: 'done' };
}

/** Whether a run is at an end. */
export function isOver({ state }: Pick<Run, 'state'>): boolean {
  return ENDED.includes(state);
}

/** What a run is made of, in short: another text is another version. */
export function hashOf(request: string): string {
  return createHash('sha256').update(request).digest('hex').slice(0, 32);
}

/** The oldest living run that is wanted, unless it ends already, and all other living ones. */
function living(runs: readonly Run[], wanted: Wanted | undefined) {
  const alive = runs.filter((run) => !isOver(run)).sort((a, b) => a.startedAt - b.startedAt);
  const kept =
    wanted === undefined ? undefined : alive.find((run) => isWanted(run, wanted) && run.state !== 'CANCELLING');
  return { kept, others: alive.filter((run) => run !== kept) };
}

function isWanted({ applicationId, hash }: Run, wanted: Wanted): boolean {
  return applicationId === wanted.applicationId && hash === wanted.hash;
}

/** The same token for the same history: a second keeper, or a second try, gets the run of the first. */
function start(runs: readonly Run[], { applicationId, hash }: Wanted): Step {
  const last = latest(runs.filter((run) => run.applicationId === applicationId));
  const clientToken = createHash('sha256')
    .update(`${applicationId} ${hash} ${last?.id ?? ''}`)
    .digest('hex');
  return { kind: 'start', clientToken };
}

function latest(runs: readonly Run[]): Run | undefined {
  return runs.reduce<Run | undefined>((last, run) => (last && last.startedAt >= run.startedAt ? last : run), undefined);
}
