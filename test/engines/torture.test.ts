/**
 * `npm run torture` with a thousand letters an engine and one seed: the books close on every engine that is here, and so they do
 * with the schedules that once failed. Times are judged by the whole run, alone on a machine.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../support/reference';
import { ENGINES } from '../torture/engines';
import type { Outcome } from '../torture/torture';

const ARGUMENTS = ['--import', 'tsx', 'test/torture/run.ts'];
const [MESSAGES, SEED] = [1000, 11];
const RUN_MILLIS = 900_000;

/** Schedules that failed, as `npm run torture` prints the shortest: engine, what was wrong with it, schedule. */
const KEPT: readonly (readonly [string, string, string])[] = [
  ['sqs', 'the tables are away while the queue is there, and good letters used up their five receives', 'store@15+35'],
  [
    'rabbitmq',
    'letters that were in hand at five kills were set aside, where five attempts were all',
    // After the cut each consumer has all that it may have: what one that is killed had goes to no other that is killed with it,
    // which would be an attempt more.
    `cut@4+5 ${[10, 12.6, 15.2, 17.8, 20.4].flatMap((at) => [0, 1, 2, 3, 4].map((consumer) => `kill#${consumer}@${at}`)).join(' ')}`,
  ],
];

/** Runs engines; gives what came of them, and what was said. */
async function run(args: readonly string[]): Promise<readonly Outcome[]> {
  const child = spawn(
    process.execPath,
    [...ARGUMENTS, '--messages', String(MESSAGES), '--seed', String(SEED), '--no-shrink', '--json', ...args],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [out, said] = ['', ''];
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    said += text;
  });
  await once(child, 'close');
  try {
    return JSON.parse(out) as Outcome[];
  } catch {
    throw new Error(`the run wrote no result:\n${said}`);
  }
}

/** A test of an engine, where it is here. */
function testOn(name: string, claim: string, check: () => Promise<void>): void {
  const { title, missing } = ENGINES[name];
  const why = missing();
  (why === undefined ? test : test.skip)(
    `${title}: ${claim}${why === undefined ? '' : ` (${why})`}`,
    check,
    RUN_MILLIS,
  );
}

describe('torture', () => {
  let outcomes: readonly Outcome[];

  beforeAll(async () => {
    outcomes = await run(['--at-once']);
  }, RUN_MILLIS);

  for (const [name, { kinds }] of Object.entries(ENGINES))
    testOn(name, 'the books close, every kind of fault struck, and what was killed was started again', async () => {
      const outcome = outcomes.find((one) => one.name === name);
      expect(outcome?.books).toMatchObject({ sent: MESSAGES, wrong: [] });
      const struck = outcome?.struck.map(({ kind }) => kind) ?? [];
      expect(new Set(struck)).toEqual(new Set(kinds));
      expect(outcome?.restarts).toBeGreaterThanOrEqual(struck.filter((kind) => kind === 'kill').length);
    });
});

describe('a schedule that once failed', () => {
  for (const [name, claim, schedule] of KEPT)
    testOn(name, claim, async () => {
      const [outcome] = await run(['--engine', name, '--faults', schedule]);
      expect(outcome.books).toMatchObject({ sent: MESSAGES, wrong: [] });
      const kindsOf = (faults: Outcome['faults']) => new Set(faults.map(({ kind }) => kind));
      expect(kindsOf(outcome.struck)).toEqual(kindsOf(outcome.faults));
    });
});

test('an engine that is not there, and a schedule that nobody can read, are refused before anything starts', () => {
  const refusalOf = (...args: string[]) => {
    try {
      execFileSync(process.execPath, [...ARGUMENTS, ...args], { cwd: ROOT, stdio: 'pipe' });
      return '';
    } catch (error) {
      return String((error as { stderr: Buffer }).stderr);
    }
  };
  expect(refusalOf('--engine', 'nats')).toContain('no engine nats; there are ');
  expect(refusalOf('--faults', 'explode@3')).toContain('a fault is written as kill#1@12.5 or cut@40+30, got explode@3');
  expect(refusalOf('--engine', 'pubsub', '--faults', 'crash@3')).toContain(
    'pubsub takes kill, upgrade, replan, cut, got crash; leave it out, or take another engine',
  );
  expect(refusalOf('--messages', 'many')).toContain('a whole number, 1 or more');
}, 60_000);
