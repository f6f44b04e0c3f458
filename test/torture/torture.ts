/** One torture run: an engine, its consumers, letters at an even rate, faults at their times, and the books at the end. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Quantiles } from '../../lib/flow/numerics/quantiles';
import { until } from '../support/until';
import { type Books, closeBooks, type Found } from './books';
import type { Engine, Running } from './engine';
import { type Fault, spoken } from './faults';
import { type Away, foreseen } from './foreseen';
import { type Letter, lettersOf } from './letters';

const KEYS = 1000;
const TICK_MILLIS = 50;
const SAMPLE_MILLIS = 1000;
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
  readonly seconds: number;
  readonly perSecond: number;
  readonly consumers: number;
  readonly restarts: number;
  readonly books: Books;
  /** Seconds from when a letter was due to its effect. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly most: number };
  /** Letters that were due and had no effect yet, at most: measured, and with the faults counted in. */
  readonly backlog: { readonly predicted: number; readonly measured: number };
  /** Seconds from the end of the last fault to an empty queue. */
  readonly recovery: { readonly predicted: number; readonly measured: number };
}

/** Runs it, and leaves nothing running. */
export async function torture(run: Run): Promise<Outcome> {
  const { engine, messages, folder, say, seed } = run;
  const letters = lettersOf(messages, KEYS, seed);
  const running = await engine.start(messages, folder);
  const interrupted = () => {
    running.pods.killAll();
    void running.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await until(
      'the consumers are ready',
      async () => readyIn(running) >= running.sizing.instances,
      READY_SECONDS,
      SAMPLE_MILLIS,
    );
    return await flood(run, letters, running);
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await running.stop();
    if (run.log !== undefined) writeFileSync(run.log, running.pods.said);
    say('stopped');
  }
}

const readyIn = ({ pods }: Running) => pods.said.split('"ready":true').length - 1;

async function flood(
  { name, engine, messages, seed, folder, faultsFor, say }: Run,
  letters: readonly Letter[],
  running: Running,
): Promise<Outcome> {
  const { sizing, pods } = running;
  const floodSeconds = messages / sizing.perSecond;
  const faults = faultsFor(floodSeconds);
  say(
    `${messages} letters at ${sizing.perSecond}/s, ${sizing.instances} consumers, seed ${seed}, faults: ${spoken(faults)}`,
  );
  const began = Date.now();
  const elapsed = () => (Date.now() - began) / 1000;
  const away: Away[] = [];
  const struck = strike(faults, running, elapsed, away, say);
  let most = 0;
  let over = false;
  const dueBy = (seconds: number) => Math.min(messages, Math.floor(seconds * sizing.perSecond));
  const sampling = (async () => {
    for (let sample = 0; !over; sample += 1) {
      const waiting = dueBy(elapsed()) - effectsIn(folder).length;
      most = Math.max(most, waiting);
      if (sample % 10 === 0) say(`${elapsed().toFixed(0)} s: ${dueBy(elapsed())} due, ${waiting} wait`);
      await wait(SAMPLE_MILLIS);
    }
  })();
  try {
    await sendAll(letters, running, (place) => place / sizing.perSecond, elapsed);
    await struck;
    const lastOver = Math.max(floodSeconds, 0, ...away.map(({ to }) => to));
    const forecast = foreseen(sizing, floodSeconds, away);
    const wanted = letters.filter(({ fate }) => fate === 'effect').length;
    const patience = Math.max(PATIENCE_SECONDS, forecast.emptyAt - elapsed() + PATIENCE_SECONDS);
    const told = ({ message }: Error) => say(message);
    await until('every letter has its effect', () => effectsIn(folder).length >= wanted, patience, SAMPLE_MILLIS).catch(
      told,
    );
    const emptyAt = elapsed();
    // What is set aside is set aside by now, but for a consumer that was killed at it.
    await until('nothing is left', async () => (await running.left()) === 0, PATIENCE_SECONDS, SAMPLE_MILLIS).catch(
      told,
    );
    const found = await findings(folder, running);
    const books = closeBooks(letters, found, engine.ordered);
    for (const line of books.wrong) say(`WRONG: ${line}`);
    const latency = latencyOf(letters, folder, began, sizing.perSecond);
    return {
      name,
      title: engine.title,
      messages,
      seed,
      faults,
      seconds: elapsed(),
      perSecond: sizing.perSecond,
      consumers: sizing.instances,
      restarts: pods.restarts,
      books,
      latency,
      backlog: { predicted: forecast.mostBacklog, measured: most },
      recovery: { predicted: Math.max(0, forecast.emptyAt - lastOver), measured: Math.max(0, emptyAt - lastOver) },
    };
  } finally {
    over = true;
    await sampling;
  }
}

/** Every fault at its time. Those of the engine follow one another; what they took is measured. */
async function strike(
  faults: readonly Fault[],
  { pods, strike, sizing }: Running,
  elapsed: () => number,
  away: Away[],
  say: (line: string) => void,
): Promise<void> {
  for (const { at, kind, seconds = 0, victim = 0 } of faults) {
    await wait(Math.max(0, 1000 * (at - elapsed())));
    const from = elapsed();
    if (kind === 'kill') {
      pods.kill(victim);
      away.push({ from, to: from + sizing.takeoverSeconds, share: 1 / sizing.instances });
      continue;
    }
    say(`${from.toFixed(1)} s: ${kind}`);
    await strike(kind, seconds);
    away.push({ from, to: elapsed(), share: 1 });
  }
}

/** Sends what is due, in order; what may not have arrived is sent again. */
async function sendAll(
  letters: readonly Letter[],
  running: Running,
  dueAt: (place: number) => number,
  elapsed: () => number,
): Promise<void> {
  for (let next = 0; next < letters.length; ) {
    const due: Letter[] = [];
    while (next + due.length < letters.length && dueAt(next + due.length) <= elapsed() && due.length < 500)
      due.push(letters[next + due.length]);
    if (due.length === 0) {
      await wait(TICK_MILLIS);
      continue;
    }
    try {
      // A letter of a mebibyte goes alone: together they are more than a request takes.
      for (const part of requests(due)) await running.send(part);
      next += due.length;
    } catch {
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

interface Effect {
  readonly id: string;
  readonly key: string;
  readonly place: number;
  readonly at: number;
  readonly order: string;
}

const effectsIn = (folder: string) => readdirSync(folder).filter((name) => !name.startsWith('.'));

function readEffects(folder: string): Effect[] {
  const effects = effectsIn(folder).map((id) => JSON.parse(readFileSync(join(folder, id), 'utf8')) as Effect);
  return effects.sort((a, b) => (BigInt(a.order) < BigInt(b.order) ? -1 : 1));
}

async function findings(folder: string, running: Running): Promise<Found> {
  const repeated = join(folder, '.repeated');
  const { bodies, said } = await running.aside();
  return {
    effects: readEffects(folder),
    repeated: existsSync(repeated) ? readFileSync(repeated, 'utf8').split('\n').length - 1 : 0,
    aside: bodies,
    said: said + running.pods.said,
    left: await running.left(),
  };
}

function latencyOf(letters: readonly Letter[], folder: string, began: number, perSecond: number) {
  const places = new Map(letters.map(({ id }, place) => [id, place]));
  const quantiles = new Quantiles();
  let most = 0;
  for (const { id, at } of readEffects(folder)) {
    const place = places.get(id);
    if (place === undefined) continue;
    const seconds = Math.max(0, (at - began) / 1000 - place / perSecond);
    quantiles.record(seconds);
    most = Math.max(most, seconds);
  }
  return { p50: quantiles.quantile(0.5), p99: quantiles.quantile(0.99), most };
}
