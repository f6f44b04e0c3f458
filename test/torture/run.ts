/**
 * `npm run torture`: letters through an engine with the shipped consumers and the planned numbers, while consumers are killed
 * and the engine is restarted, crashes and is cut off; then the books are closed. Writes dist/torture.json and docs/torture.md.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ROOT } from '../support/reference';
import type { Engine } from './engine';
import { ENGINES } from './engines';
import { FAULT_KINDS, type Fault, faultsIn, faultsOf, GIVEN_KINDS, spoken } from './faults';
import { packed } from './packed';
import { pageOf, type Together } from './page';
import { shrink } from './shrink';
import { type Outcome, torture } from './torture';
import { faultsFound, WHOLE } from './verdict';

/** As long as the network is away in a run with all letters; shorter runs have their share of it. */
const CUT_SECONDS = 30;
/** Share of the machine's cores that runs beside one another may take: what one needs in a moment is more than its mean. */
const PACKED_RATIO = 0.8;

/** A result in dist/torture.json. */
interface Kept extends Outcome {
  /** Whether it is one for the page. */
  readonly isWhole: boolean;
  /** Engines that ran beside it for some of its time. */
  readonly beside: readonly string[];
  /** What all engines took together, where all were run. */
  readonly together?: Together;
}

interface Options {
  readonly engine?: string[];
  readonly messages: number;
  readonly seed: number;
  readonly faults?: string;
  readonly log?: string;
  readonly json?: boolean;
  readonly alone?: boolean;
  readonly atOnce?: boolean;
  readonly shrink: boolean;
}

const whole = (text: string) => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number, 1 or more');
  return number;
};

async function main(): Promise<number> {
  const options = new Command('torture')
    .description(
      'Sends letters through real engines while consumers are killed and the engines fail, and closes the books.',
    )
    .option('--engine <name...>', `one of ${Object.keys(ENGINES).join(', ')}; all unless told`)
    .option('--messages <count>', 'letters for each engine', whole, WHOLE)
    .option('--seed <number>', 'of letters and faults; printed, so that a run can be repeated', whole, Date.now() % 1e6)
    .option(
      '--faults <list>',
      `in place of seeded ones, such as "kill#1@12.5 cut@40+30"; ${[...FAULT_KINDS, ...GIVEN_KINDS].join(', ')}`,
    )
    .option('--alone', 'one engine after the other, and not beside one another as far as the cores of this machine go')
    .option('--at-once', 'all engines at once: quicker, and worth nothing as a measurement')
    .option('--no-shrink', 'do not look for the shortest schedule that still fails')
    .option('--log <file>', 'everything that the consumers say')
    .option('--json', 'the result as JSON on standard output')
    .parse()
    .opts<Options>();
  const names = options.engine ?? Object.keys(ENGINES);
  const unknown = names.filter((name) => !(name in ENGINES));
  if (unknown.length > 0) {
    console.error(`no engine ${unknown.join(', ')}; there are ${Object.keys(ENGINES).join(', ')}`);
    return 2;
  }
  const given = options.faults === undefined ? undefined : faultsIn(options.faults);
  for (const name of names) {
    const taken = [...ENGINES[name].kinds, ...(ENGINES[name].given ?? [])];
    const other = (given ?? []).find(({ kind }) => !taken.includes(kind));
    if (other === undefined) continue;
    console.error(`${name} takes ${taken.join(', ')}, got ${other.kind}; leave it out, or take another engine`);
    return 2;
  }
  const here = names.filter((name) => {
    const missing = ENGINES[name].missing();
    if (missing !== undefined) console.error(`skipped: ${ENGINES[name].title} (${missing})`);
    return missing === undefined;
  });
  const outcomes: Outcome[] = [];
  const broken: string[] = [];
  const beside = new Map<string, Set<string>>(here.map((name) => [name, new Set()]));
  const now = new Set<string>();
  const results = () => outcomes.map((outcome) => ({ ...outcome, beside: [...(beside.get(outcome.name) ?? [])] }));
  // What came of the others is not lost with one that did not run to its end, nor with this process.
  const run = async (name: string) => {
    for (const other of now) {
      beside.get(name)?.add(other);
      beside.get(other)?.add(name);
    }
    now.add(name);
    try {
      outcomes.push(await shrunk(name, ENGINES[name], options, given));
      keep(results(), options);
    } catch (error) {
      broken.push(name);
      console.error(`${name}: WRONG: the run ended before its time: ${(error as Error).stack}`);
    } finally {
      now.delete(name);
    }
  };
  const began = performance.now();
  await packed(here, (name) => ENGINES[name].cores, roomOf(options), run);
  const allSeconds = (performance.now() - began) / 1000;
  console.error(`${(allSeconds / 60).toFixed(1)} minutes in all`);
  const together = { seconds: allSeconds, cores: availableParallelism() };
  const isAll = outcomes.length === Object.keys(ENGINES).length;
  keep(isAll ? results().map((one) => ({ ...one, together })) : results(), options);
  if (options.json) console.log(JSON.stringify(outcomes, undefined, 2));
  const found = (outcome: Outcome) => faultsFound(outcome, !options.atOnce);
  const failed = outcomes.filter((outcome) => found(outcome).length > 0);
  for (const outcome of failed) for (const line of found(outcome)) console.error(`${outcome.name}: WRONG: ${line}`);
  const wrong = failed.length + broken.length;
  console.error(`${outcomes.length - failed.length} passed, ${wrong} failed`);
  return wrong === 0 ? 0 : 1;
}

/** Cores for runs at the same time; one goes always. */
function roomOf({ alone, atOnce }: Options): number {
  if (atOnce) return Number.POSITIVE_INFINITY;
  return alone ? 0 : PACKED_RATIO * availableParallelism();
}

/**
 * Results of whole runs stay until their engine is run again; the page has each engine's last one, also where it failed. One of all
 * engines at once, or with faults that were given, is none of them.
 */
function keep(outcomes: readonly Omit<Kept, 'isWhole'>[], { messages, atOnce, faults }: Options): void {
  const file = join(ROOT, 'dist', 'torture.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept[]) : [];
  const whole = messages >= WHOLE && !atOnce && faults === undefined;
  const kept = before.filter(
    // Before a run had a record of what struck, its books could not be wrong where they can be now.
    (old) =>
      old.isWhole &&
      old.struck !== undefined &&
      old.name in ENGINES &&
      !(whole && outcomes.some(({ name }) => name === old.name)),
  );
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  const all: Kept[] = [...kept, ...outcomes.map((outcome) => ({ ...outcome, isWhole: whole }))];
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`);
  if (!whole) return;
  const had = Object.keys(ENGINES).flatMap((name) => all.find((one) => one.name === name) ?? []);
  const page = join(ROOT, 'docs', 'torture.md');
  const titles = Object.values(ENGINES).map(({ title }) => title);
  // Of engines that were not run now the page may have a later run, of another machine.
  const now = new Set(outcomes.map(({ name }) => name));
  const shown = had.filter(({ name }) => now.has(name));
  writeFileSync(page, pageOf(shown, titles, existsSync(page) ? readFileSync(page, 'utf8') : ''));
}

/** One run; when its books do not close, the shortest schedule with which they still do not is looked for and printed. */
async function shrunk(name: string, engine: Engine, options: Options, given?: readonly Fault[]): Promise<Outcome> {
  const outcome = await once(name, engine, options, given);
  if (outcome.books.wrong.length > 0 && options.shrink && outcome.faults.length > 0) {
    const fails = async (part: readonly Fault[]) => (await once(name, engine, options, part)).books.wrong.length > 0;
    const shortest = spoken(await shrink(outcome.faults, fails));
    const { messages, seed } = options;
    console.error(
      `the shortest schedule that still fails: npm run torture -- --engine ${name} --messages ${messages} --seed ${seed} --faults "${shortest}"\n` +
        'keep it in test/engines/torture.test.ts',
    );
  }
  return outcome;
}

async function once(
  name: string,
  engine: Engine,
  { messages, seed, log }: Options,
  given?: readonly Fault[],
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-torture-'));
  const say = (line: string) => console.error(`${name}: ${line}`);
  try {
    return await torture({
      name,
      engine,
      messages,
      seed,
      folder,
      faultsFor: (seconds, consumers) =>
        given ??
        faultsOf(
          {
            seconds,
            killEverySeconds: engine.killEverySeconds,
            cutSeconds: Math.min(CUT_SECONDS, seconds / 8),
            consumers,
            kinds: engine.kinds,
          },
          seed,
        ),
      say,
      ...(log !== undefined && { log }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().then(
  (status) => process.exit(status),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
