/** One torture run: an engine, its consumers, letters at an even rate, faults at their times, and the books at the end. */
import { cpus, loadavg } from 'node:os';
import { Quantiles } from '../../lib/flow/numerics/quantiles';
import { until } from '../support/until';
import { watchBacklog } from './backlog';
import { type Books, closeBooks } from './books';
import { type Effect, EffectFiles, type Effects } from './effects';
import type { Engine, Running } from './engine';
import { type Fault, spoken } from './faults';
import { type Foreseen, foreseen, lastOverOf, settledBacklog } from './foreseen';
import { type Letter, lettersOf } from './letters';
import { dueTimes, sendAll } from './sending';
import { isRoll, Striker } from './strike';

const KEYS = 1000;
const SAMPLE_MILLIS = 500;
/** Longer than the drain that is foreseen nothing is waited for. */
const PATIENCE_SECONDS = 180;
const READY_SECONDS = 120;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** What a run is told. */
export interface Run {
  readonly name: string;
  readonly engine: Engine;
  readonly messages: number;
  readonly seed: number;
  /** Where effects are kept. */
  readonly folder: string;
  /** Faults of a flood of so many seconds, at so many consumers. */
  readonly faultsFor: (seconds: number, consumers: number) => readonly Fault[];
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
  /** Those of them that struck, at the time at which they did: a consumer that is down cannot be killed. */
  readonly struck: readonly Fault[];
  /** Date, and the load of the machine before it. */
  readonly on: string;
  readonly seconds: number;
  readonly perSecond: number;
  readonly consumers: number;
  readonly restarts: number;
  readonly books: Books;
  /** Seconds from when a letter was due to its effect. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly most: number };
  /** Of the same what is foreseen of waiting, where what came first is taken first. */
  readonly waits?: Foreseen['waits'];
  /** Letters that were due and had no effect yet, at most: measured, and with the faults counted in. */
  readonly backlog: { readonly predicted: number; readonly measured: number };
  /** Seconds from the end of the last fault until no more letters wait than without one. */
  readonly recovery: { readonly predicted: number; readonly measured: number };
  /** Share of their time for which the processors were busy, 0 to 1. Default: the run is older than this field. */
  readonly busyRatio?: number;
  /** Numbers that are in no plan, in words. */
  readonly assumed: string;
  /** Seconds from a kill until the work of its consumer goes on, on average. */
  readonly takeover: Compared;
  /** Letters in a second while what waited was worked off after the last fault. */
  readonly cleared: Compared;
}

/** A number of the plan, and the same as it was measured where it was. */
export interface Compared {
  readonly predicted: number;
  readonly measured?: number;
}

/** How to end each run of this process that is not over. */
const stops = new Set<() => Promise<void>>();

/** One that is interrupted ends all of them. */
const interrupted = () => void Promise.allSettled([...stops].map((stop) => stop())).finally(() => process.exit(130));

/** Runs it, and leaves nothing running. */
export async function torture(run: Run): Promise<Outcome> {
  const { engine, messages, folder, say, seed } = run;
  const letters = lettersOf(messages, KEYS, seed);
  const starting = engine.start(messages, folder);
  const stop = async () => {
    const begun = await starting;
    begun.pods.killAll();
    begun.front?.killAll();
    await begun.stop();
  };
  stops.add(stop);
  if (stops.size === 1) for (const signal of SIGNALS) process.once(signal, interrupted);
  try {
    const running = await starting;
    running.pods.log = run.log;
    if (running.front) running.front.log = run.log;
    await until(
      'the consumers are ready',
      () => running.pods.ready === running.sizing.instances,
      READY_SECONDS,
      SAMPLE_MILLIS,
    );
    return await flood(run, letters, running);
  } finally {
    stops.delete(stop);
    if (stops.size === 0) for (const signal of SIGNALS) process.off(signal, interrupted);
    const begun = await starting.catch(() => undefined);
    await begun?.stop();
    say('stopped');
  }
}

async function flood(
  { name, engine, messages, seed, folder, faultsFor, say }: Run,
  letters: readonly Letter[],
  running: Running,
): Promise<Outcome> {
  const { sizing, pods } = running;
  const effects: Effects = running.effects ?? new EffectFiles(folder);
  const floodSeconds = messages / sizing.perSecond;
  const faults = faultsFor(floodSeconds, sizing.instances);
  say(
    `${messages} letters at ${sizing.perSecond}/s, ${sizing.instances} consumers, seed ${seed}, faults: ${spoken(faults)}`,
  );
  const began = Date.now();
  const on = `${new Date(began).toISOString().slice(0, 10)}, load ${loadavg()[0].toFixed(1)}`;
  const busyBefore = processorTime();
  const elapsed = () => (Date.now() - began) / 1000;
  const striker = new Striker(running, elapsed, say);
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
      sendAll(letters, running, dueTimes(messages, sizing.perSecond, striker), elapsed, failed.signal).catch(either),
      striker.strikeAll(faults, failed.signal).catch(either),
    ]);
    const refused = running.refused?.() ?? new Set();
    const judged = letters.map((letter) => (refused.has(letter.id) ? { ...letter, fate: 'refused' as const } : letter));
    const wanted = judged.filter(({ fate }) => fate === 'effect').length;
    const { emptyAt } = foreseen(sizing, floodSeconds, striker.away(sizing));
    const patience = Math.max(PATIENCE_SECONDS, emptyAt - elapsed() + PATIENCE_SECONDS);
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
        surplus: (await effects.surplus?.()) ?? 0,
        repeated: await effects.repeated(),
        aside: bodies,
        said: said + pods.said + (running.front?.said ?? ''),
        left: await running.left(),
      },
      { ordered: engine.ordered, quotes: engine.quotes },
      1 + faults.filter(({ kind }) => isRoll(kind)).length,
    );
    for (const line of books.wrong) say(`WRONG: ${line}`);
    // What was measured by now takes the place of what was assumed.
    const measured = running.measured?.(striker.away(sizing), began) ?? {};
    const sized = { ...sizing, ...measured };
    const away = striker.away(sized);
    const forecast = foreseen(sized, floodSeconds, away);
    const lastOver = lastOverOf(away);
    const settledAt = watch.settledAfter(lastOver, settledBacklog(sized));
    const drainedFrom = Math.max(lastOver, ...away.map(({ to }) => to));
    return {
      name,
      title: engine.title,
      messages,
      seed,
      faults,
      struck: striker.struck,
      on,
      seconds: elapsed(),
      perSecond: sizing.perSecond,
      consumers: sizing.instances,
      restarts: pods.restarts,
      books,
      latency: latencyOf(letters, all, began, sizing.perSecond),
      ...(engine.isFifo && { waits: forecast.waits }),
      backlog: { predicted: forecast.mostBacklog, measured: watch.most() },
      recovery: { predicted: forecast.recoveredAt - lastOver, measured: settledAt - lastOver },
      busyRatio: busySince(busyBefore),
      assumed: engine.assumed,
      takeover: {
        predicted: sizing.takeoverSeconds,
        measured: measured.takeoverSeconds ?? meanOf(striker.takeovers),
      },
      cleared: {
        predicted: (sized.changed ?? sized).clearedPerSecond,
        measured: watch.clearedPerSecond(drainedFrom, settledAt),
      },
    };
  } finally {
    await watch.end();
  }
}

interface ProcessorTime {
  readonly busy: number;
  readonly all: number;
}

/** Milliseconds of all processors since the machine began. */
function processorTime(): ProcessorTime {
  const times = cpus().map((one) => one.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) };
}

function busySince(before: ProcessorTime): number {
  const { busy, all } = processorTime();
  return (busy - before.busy) / (all - before.all);
}

/** None of nothing. */
function meanOf(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of so many first letters, those that have an effect: the others never have one, and nobody waits for it. */
function effectsBefore(letters: readonly Letter[]): readonly number[] {
  const counts = [0];
  for (const { fate } of letters) counts.push(counts.at(-1)! + (fate === 'effect' ? 1 : 0));
  return counts;
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
