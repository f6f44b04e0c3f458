/**
 * Works on the keys of a flush: in calls of so many keys, so many calls at once, with retries of what failed. A key that
 * fails at every attempt is set aside, if another still succeeds; otherwise what is behind is away, and nothing is set aside.
 */
import type { MergedKey } from './merge';

/** What became of the keys of one call. Keys that are not named are done. */
export interface Outcome {
  /** Failed; another attempt may succeed. */
  readonly failed?: readonly string[];
  /** Can never succeed, such as a path that the provider does not take. */
  readonly refused?: readonly string[];
  /** Not taken now, through no fault of theirs: a limit. */
  readonly busy?: readonly string[];
}

/** What is done with keys. */
export interface Invalidator {
  /**
   * Works on keys. Once it has returned, what was cached before is gone, or newer than the events. When it throws, all of
   * them have failed.
   *
   * @param batch names the events that the keys come from; the same events give the same name
   */
  invalidate(keys: readonly MergedKey[], batch: string): Promise<Outcome>;
}

/** The numbers of a flush. */
export interface FlushConfig {
  readonly keysPerCall: number;
  readonly workers: number;
  readonly attempts: number;
  readonly backoffSeconds: number;
  readonly backoffCapSeconds: number;
}

/** What a flush needs of the world. */
export interface FlushPorts {
  readonly invalidator: Invalidator;
  wait(millis: number): Promise<void>;
  now(): number;
  random(): number;
  /** No content of an event may be in the details. */
  log(event: string, details: Readonly<Record<string, string>>): void;
  count(name: string, value: number): void;
}

/** What became of a flush. */
export interface Flushed {
  readonly done: readonly MergedKey[];
  /** Set aside: refused, or failed at every attempt while others succeeded. */
  readonly aside: readonly MergedKey[];
  /** Not worked on: their events have to come again. */
  readonly undone: readonly MergedKey[];
}

/** Calls that fail in a row, and none that succeeded in the flush, before an attempt is given up: what is behind is away. */
const FAILURES_IN_A_ROW = 10;

/** @param deadline in milliseconds: no attempt begins after it */
export async function flush(
  keys: readonly MergedKey[],
  batch: string,
  deadline: number,
  config: FlushConfig,
  ports: FlushPorts,
): Promise<Flushed> {
  const done: MergedKey[] = [];
  const refused: MergedKey[] = [];
  let failed: readonly MergedKey[] = keys;
  let busy: readonly MergedKey[] = [];
  const unsure: MergedKey[] = [];
  let attempt = 0;
  while (ports.now() < deadline && ((failed.length > 0 && attempt < config.attempts) || busy.length > 0)) {
    attempt += 1;
    if (attempt > 1) await ports.wait(backoffMillis(attempt, config, ports));
    const size = callSize(attempt, config);
    const again = attempt <= config.attempts ? await once(failed, size, batch, done.length > 0, config, ports) : EMPTY;
    // A limit is no reason for smaller calls, and costs no attempt beyond the time that there is.
    const held = await once(busy, config.keysPerCall, batch, true, config, ports);
    done.push(...again.done, ...held.done);
    refused.push(...again.refused, ...held.refused);
    // A limit that is over leaves fewer attempts, or none: such a key has not failed at every attempt.
    const late = attempt < config.attempts ? [] : held.failed;
    failed = [...(attempt <= config.attempts ? again.failed : failed), ...(late.length > 0 ? [] : held.failed)];
    unsure.push(...late);
    busy = [...again.busy, ...held.busy];
  }
  const undone = [...busy, ...unsure];
  if (failed.length === 0) return { done, aside: refused, undone };
  const isTheirs = ports.now() < deadline && (await isThere(done, batch, ports));
  return isTheirs
    ? { done, aside: [...refused, ...failed], undone }
    : { done, aside: refused, undone: [...failed, ...undone] };
}

/**
 * Whether what is behind still answers: asked with a key that it has done in this flush, which does no harm. What went away
 * in the middle of a flush has failed every key since, and none of them is to blame.
 */
async function isThere(done: readonly MergedKey[], batch: string, ports: FlushPorts): Promise<boolean> {
  if (done.length === 0) return false;
  const [known] = done;
  const { failed = [], refused = [], busy = [] } = await outcomeOf([known], batch, ports);
  return ![...failed, ...refused, ...busy].includes(known.key);
}

/** Calls become smaller with each attempt, down to one key: the one that spoils its call is alone in the end. */
function callSize(attempt: number, { keysPerCall, attempts }: FlushConfig): number {
  if (attempts === 1) return keysPerCall;
  return Math.ceil(keysPerCall ** Math.max(0, (attempts - attempt) / (attempts - 1)) - 1e-9);
}

function backoffMillis(attempt: number, config: FlushConfig, ports: FlushPorts): number {
  const most = Math.min(config.backoffCapSeconds, config.backoffSeconds * 2 ** (attempt - 2));
  return 1000 * most * ports.random();
}

interface Attempt {
  readonly done: MergedKey[];
  readonly failed: MergedKey[];
  readonly refused: MergedKey[];
  readonly busy: MergedKey[];
}

const EMPTY: Attempt = { done: [], failed: [], refused: [], busy: [] };

/** One attempt at every key. */
async function once(
  keys: readonly MergedKey[],
  size: number,
  batch: string,
  hasSucceeded: boolean,
  { workers }: FlushConfig,
  ports: FlushPorts,
): Promise<Attempt> {
  const result: Attempt = { done: [], failed: [], refused: [], busy: [] };
  let next = 0;
  let failures = hasSucceeded ? Number.NEGATIVE_INFINITY : 0;
  const work = async () => {
    while (next < keys.length && failures < FAILURES_IN_A_ROW) {
      const call = keys.slice(next, next + size);
      next += size;
      const outcome = await outcomeOf(call, batch, ports);
      const names = { failed: set(outcome.failed), refused: set(outcome.refused), busy: set(outcome.busy) };
      for (const key of call) {
        const list = (['refused', 'failed', 'busy'] as const).find((name) => names[name].has(key.key));
        result[list ?? 'done'].push(key);
      }
      failures = result.done.length > 0 ? Number.NEGATIVE_INFINITY : failures + 1;
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  if (result.busy.length > 0) ports.count('FlushRefused', 1);
  // Those that were not called come first the next time.
  return { ...result, failed: [...keys.slice(next), ...result.failed] };
}

function set(keys: readonly string[] | undefined): ReadonlySet<string> {
  return new Set(keys);
}

async function outcomeOf(call: readonly MergedKey[], batch: string, ports: FlushPorts): Promise<Outcome> {
  try {
    return await ports.invalidator.invalidate(call, batch);
  } catch (error) {
    ports.log('call failed', { keys: String(call.length), error: error instanceof Error ? error.name : 'unknown' });
    return { failed: call.map(({ key }) => key) };
  }
}
