/**
 * `npm run torture`: letters through an engine with the shipped consumers and the planned numbers, while consumers are killed
 * and the engine is restarted, crashes and is cut off; then the books are closed. Writes dist/torture.json and docs/torture.md.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ROOT } from '../support/reference';
import type { Engine } from './engine';
import { KAFKA } from './engines/kafka';
import { type Fault, faultsIn, faultsOf, spoken } from './faults';
import { pageOf } from './page';
import { shrink } from './shrink';
import { type Outcome, torture } from './torture';

const ENGINES: Readonly<Record<string, Engine>> = { kafka: KAFKA };
/** As long as the network is away in a run with all letters; shorter runs have their share of it. */
const CUT_SECONDS = 30;

interface Options {
  readonly engine?: string[];
  readonly messages: number;
  readonly seed: number;
  readonly faults?: string;
  readonly log?: string;
  readonly json?: boolean;
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
    .option('--messages <count>', 'letters for each engine', whole, 100_000)
    .option('--seed <number>', 'of letters and faults; printed, so that a run can be repeated', whole, Date.now() % 1e6)
    .option('--faults <list>', 'such as "kill@12.5 cut@40+30" in place of seeded ones')
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
  const outcomes: Outcome[] = [];
  for (const name of names) {
    const engine = ENGINES[name];
    const missing = engine.missing();
    if (missing !== undefined) {
      console.error(`skipped: ${engine.title} (${missing})`);
      continue;
    }
    const outcome = await once(name, engine, options, given);
    outcomes.push(outcome);
    if (outcome.books.wrong.length > 0 && options.shrink && outcome.faults.length > 1) {
      const fails = async (part: readonly Fault[]) => (await once(name, engine, options, part)).books.wrong.length > 0;
      console.error(
        `the shortest schedule that still fails: --faults "${spoken(await shrink(outcome.faults, fails))}"`,
      );
    }
  }
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(join(ROOT, 'dist', 'torture.json'), `${JSON.stringify(outcomes, undefined, 2)}\n`);
  // The page is of whole runs.
  if (options.messages >= 100_000 && options.engine === undefined)
    writeFileSync(join(ROOT, 'docs', 'torture.md'), pageOf(outcomes));
  if (options.json) console.log(JSON.stringify(outcomes, undefined, 2));
  const wrong = outcomes.filter(({ books }) => books.wrong.length > 0);
  console.error(`${outcomes.length - wrong.length} engines with closed books, ${wrong.length} without`);
  return wrong.length === 0 ? 0 : 1;
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
      faultsFor: (seconds) =>
        given ??
        faultsOf(
          {
            seconds,
            killEverySeconds: engine.killEverySeconds,
            cutSeconds: Math.min(CUT_SECONDS, seconds / 8),
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
