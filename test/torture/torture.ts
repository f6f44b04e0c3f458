/** One torture run: an engine, its consumers, letters at an even rate, faults at their times, and the books at the end. */
import { loadavg } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { Quantiles } from '../../lib/flow/numerics/quantiles';
import { until } from '../support/until';
import { type Books, closeBooks } from './books';
import { type Effect, EffectFiles, type Effects } from './effects';
import { Broken, type Engine, type Running } from './engine';
import { type Fault, spoken } from './faults';
import { type Away, foreseen, lastOverOf, settledBacklog } from './foreseen';
import { type Letter, lettersOf } from './letters';

const KEYS = 1000;
const TICK_MILLIS = 50;
const SAMPLE_MILLIS = 500;
const SAY_EVERY = 20;
/** Longer than the drain that is foreseen nothing is waited for. */
const PATIENCE_SECONDS = 180;
const RETRY_MILLIS = 500;
const READY_SECONDS = 120;

/** What a run is told. */
export interface Run {
  readonly name: string;
  readonly engine: Engine;
  readonly messages: number;
  readonly seed: number;
  /** Where effects are kept. */
  readonly folder: string;
  /** Faults of a flood of so many seconds. */
  readonly faultsFor: (seconds: number) => readonly Fault[];
  /** File for what the consumers say. */
  readonly log?: string;
  /** Progress. */
  readonly say: (line: string) => void;
}

/** What came of it. */
export interface Outcome {
  readonly name: string;
  readonly title: string;
  readonly messages: number;
  readonly seed: number;
  readonly faults: readonly Fault[];
  /** Date, and the load of the machine before it. */
  readonly on: string;
  readonly seconds: number;
  readonly perSecond: number;
  readonly consumers: number;
  readonly restarts: number;
  readonly books: Books;
  /** Seconds from when a letter was due to its effect. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly most: number };
  /** Letters that were due and had no effect yet, at most: measured, and with the faults counted in. */
  readonly backlog: { readonly predicted: number; readonly measured: number };
  /** Seconds from the end of the last fault until no more letters wait than without one. */
  readonly recovery: { readonly predicted: number; readonly measured: number };
}

/** Runs it, and leaves nothing running. */
export async function torture(run: Run): Promise<Outcome> {
  const { engine, messages, folder, say, seed } = run;
  const letters = lettersOf(messages, KEYS, seed);
  const running = await engine.start(messages, folder);
  running.pods.log = run.log;
  if (running.front) running.front.log = run.log;
  const interrupted = () => {
    running.pods.killAll();
    running.front?.killAll();
    void running.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await until(
      'the consumers are ready',
      () => running.pods.ready === running.sizing.instances,
      READY_SECONDS,
      SAMPLE_MILLIS,
    );
    return await flood(run, letters, running);
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await running.stop();
    say('stopped');
  }
}

async function flood(
  { name, engine, messages, seed, folder, faultsFor, say }: Run,
  letters: readonly Letter[],
  running: Running,
): Promise<Outcome> {
  const { sizing, pods, effects = new EffectFiles(folder) } = running;
  const floodSeconds = messages / sizing.perSecond;
  const faults = faultsFor(floodSeconds);
  say(
    `${messages} letters at ${sizing.perSecond}/s, ${sizing.instances} consumers, seed ${seed}, faults: ${spoken(faults)}`,
  );
  const began = Date.now();
  const on = `${new Date(began).toISOString().slice(0, 10)}, load ${loadavg()[0].toFixed(1)}`;
  const elapsed = () => (Date.now() - began) / 1000;
  const away: Away[] = [];
  const effectsOf = effectsBefore(letters);
  const dueBy = (seconds: number) => effectsOf[Math.min(messages, Math.floor(seconds * sizing.perSecond))];
  const watch = watchBacklog(effects, dueBy, elapsed, say);
  try {
    const failed = new AbortController();
    const either = (error: unknown) => {
      failed.abort();
      throw error;
    };
    await Promise.all([
      sendAll(letters, running, (place) => place / sizing.perSecond, elapsed, failed.signal).catch(either),
      strike(faults, running, elapsed, away, say, failed.signal).catch(either),
    ]);
    const lastOver = lastOverOf(away);
    const forecast = foreseen(sizing, floodSeconds, away);
    const refused = running.refused?.() ?? new Set();
    const judged = letters.map((letter) => (refused.has(letter.id) ? { ...letter, fate: 'refused' as const } : letter));
    const wanted = judged.filter(({ fate }) => fate === 'effect').length;
    const patience = Math.max(PATIENCE_SECONDS, forecast.emptyAt - elapsed() + PATIENCE_SECONDS);
    const told = ({ message }: Error) => say(message);
    await until(
      'every letter has its effect',
      async () => (await effects.count()) >= wanted,
      patience,
      SAMPLE_MILLIS,
    ).catch(told);
    // What is set aside is set aside by now, but for a consumer that was killed at it.
    await until('nothing is left', async () => (await running.left()) === 0, PATIENCE_SECONDS, SAMPLE_MILLIS).catch(
      told,
    );
    const all = await effects.all();
    const { bodies, said } = await running.aside();
    const books = closeBooks(
      judged,
      {
        effects: all,
        repeated: await effects.repeated(),
        aside: bodies,
        said: said + pods.said + (running.front?.said ?? ''),
        left: await running.left(),
      },
      engine.ordered,
      1 + faults.filter(({ kind }) => kind === 'upgrade' || kind === 'replan').length,
    );
    for (const line of books.wrong) say(`WRONG: ${line}`);
    return {
      name,
      title: engine.title,
      messages,
      seed,
      faults,
      on,
      seconds: elapsed(),
      perSecond: sizing.perSecond,
      consumers: sizing.instances,
      restarts: pods.restarts,
      books,
      latency: latencyOf(letters, all, began, sizing.perSecond),
      backlog: { predicted: forecast.mostBacklog, measured: watch.most() },
      recovery: {
        predicted: forecast.recoveredAt - lastOver,
        measured: watch.settledAfter(lastOver, settledBacklog(sizing)) - lastOver,
      },
    };
  } finally {
    await watch.end();
  }
}

/** Of so many first letters, those that have an effect: the others never have one, and nobody waits for it. */
function effectsBefore(letters: readonly Letter[]): readonly number[] {
  const counts = [0];
  for (const { fate } of letters) counts.push(counts.at(-1)! + (fate === 'effect' ? 1 : 0));
  return counts;
}

/** Looks at what is due and has no effect yet, until it is ended. */
function watchBacklog(
  effects: Effects,
  dueBy: (seconds: number) => number,
  elapsed: () => number,
  say: (line: string) => void,
) {
  const seen: { readonly at: number; readonly waiting: number }[] = [];
  let over = false;
  let failure: Error | undefined;
  const watching = (async () => {
    for (let sample = 0; !over; sample += 1) {
      const at = elapsed();
      const waiting = dueBy(at) - (await effects.count());
      seen.push({ at, waiting });
      if (sample % SAY_EVERY === 0) say(`${at.toFixed(0)} s: ${dueBy(at)} due, ${waiting} wait`);
      await wait(SAMPLE_MILLIS);
    }
  })().catch((error: Error) => {
    failure = error;
  });
  return {
    most: () => Math.max(...seen.map(({ waiting }) => waiting)),
    /** When no more than that waited, from then on; when it was looked at last if that never came. */
    settledAfter: (from: number, settled: number) =>
      (seen.find(({ at, waiting }) => at >= from && waiting <= settled) ?? seen.at(-1)!).at,
    async end() {
      over = true;
      await watching;
      if (failure) throw failure;
    },
  };
}

/** Every fault at its time. They follow one another, but for kills, which take no time; what the others took is measured. */
async function strike(
  faults: readonly Fault[],
  running: Running,
  elapsed: () => number,
  away: Away[],
  say: (line: string) => void,
  failed: AbortSignal,
): Promise<void> {
  const { pods, sizing } = running;
  for (const { at, kind, seconds = 0, victim = 0 } of faults) {
    await wait(Math.max(0, 1000 * (at - elapsed())), undefined, { signal: failed }).catch(() => {});
    if (failed.aborted) return;
    const from = elapsed();
    if (kind === 'kill') {
      away.push({ from, to: from + sizing.takeoverSeconds, consumer: pods.kill(victim) });
      continue;
    }
    say(`${from.toFixed(1)} s: ${kind}`);
    if (kind === 'upgrade' || kind === 'replan') {
      const settings = (kind === 'replan' && (await running.replan?.())) || {};
      if (kind === 'upgrade') await running.front?.roll({}, () => {});
      await pods.roll(settings, (consumer, leftAt) => {
        const to = elapsed();
        away.push({ from: to - (Date.now() - leftAt) / 1000, to, consumer });
      });
    } else {
      await running.strike(kind, seconds);
      const over = elapsed();
      away.push({ from, to: over + (sizing.resumeSeconds ?? 0), over });
    }
  }
}

/** Sends what is due, in order; what may not have arrived is sent again, for as long as a fault may last. */
async function sendAll(
  letters: readonly Letter[],
  running: Running,
  dueAt: (place: number) => number,
  elapsed: () => number,
  failed: AbortSignal,
): Promise<void> {
  let sentAt = elapsed();
  for (let next = 0; next < letters.length && !failed.aborted; ) {
    const due: Letter[] = [];
    while (next + due.length < letters.length && dueAt(next + due.length) <= elapsed() && due.length < 500)
      due.push(letters[next + due.length]);
    if (due.length === 0) {
      sentAt = elapsed();
      await wait(TICK_MILLIS);
      continue;
    }
    try {
      // A letter of a mebibyte goes alone: together they are more than a request takes.
      for (const part of requests(due)) await running.send(part);
      next += due.length;
      sentAt = elapsed();
    } catch (error) {
      if (error instanceof Broken || elapsed() - sentAt > PATIENCE_SECONDS) throw error;
      await wait(RETRY_MILLIS);
    }
  }
}

function requests(letters: readonly Letter[]): Letter[][] {
  const parts: Letter[][] = [[]];
  for (const letter of letters) {
    const copies = Array.from({ length: letter.copies }, () => letter);
    if (letter.body.length > 100_000) parts.push(...copies.map((copy) => [copy]), []);
    else parts.at(-1)!.push(...copies);
  }
  return parts.filter((part) => part.length > 0);
}

function latencyOf(letters: readonly Letter[], effects: readonly Effect[], began: number, perSecond: number) {
  const places = new Map(letters.map(({ id }, place) => [id, place]));
  const quantiles = new Quantiles();
  let most = 0;
  for (const { id, at } of effects) {
    const place = places.get(id);
    if (place === undefined) continue;
    const seconds = Math.max(0, (at - began) / 1000 - place / perSecond);
    quantiles.record(seconds);
    most = Math.max(most, seconds);
  }
  return { p50: quantiles.quantile(0.5), p99: quantiles.quantile(0.99), most };
}
