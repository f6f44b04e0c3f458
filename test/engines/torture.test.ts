/**
 * `npm run torture` with a thousand letters an engine and one seed: the books close on every engine that is here. Times are
 * judged by the whole run, alone on a machine.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../support/reference';
import { ENGINES } from '../torture/engines';
import type { Outcome } from '../torture/torture';

const ARGUMENTS = ['--import', 'tsx', 'test/torture/run.ts'];
const [MESSAGES, SEED] = [1000, 11];

describe('torture', () => {
  let outcomes: readonly Outcome[];
  let said = '';

  beforeAll(async () => {
    const child = spawn(
      process.execPath,
      [...ARGUMENTS, '--messages', String(MESSAGES), '--seed', String(SEED), '--together', '--no-shrink', '--json'],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let out = '';
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      said += text;
    });
    await once(child, 'close');
    try {
      outcomes = JSON.parse(out) as Outcome[];
    } catch {
      throw new Error(`the run wrote no result:\n${said}`);
    }
  }, 900_000);

  for (const [name, engine] of Object.entries(ENGINES)) {
    const missing = engine.missing();
    (missing === undefined ? test : test.skip)(
      `${engine.title}: the books close, and every fault came${missing === undefined ? '' : ` (${missing})`}`,
      () => {
        const outcome = outcomes.find((one) => one.name === name);
        expect(outcome?.books).toMatchObject({ sent: MESSAGES, wrong: [] });
        expect(new Set(outcome?.faults.map(({ kind }) => kind))).toEqual(new Set(engine.kinds));
      },
    );
  }
});

test('an engine that is not there, and a schedule that nobody can read, are refused before anything starts', () => {
  const run = (...args: string[]) => {
    try {
      execFileSync(process.execPath, [...ARGUMENTS, ...args], { cwd: ROOT, stdio: 'pipe' });
      return '';
    } catch (error) {
      return String((error as { stderr: Buffer }).stderr);
    }
  };
  expect(run('--engine', 'nats')).toContain('no engine nats; there are ');
  expect(run('--faults', 'explode@3')).toContain('a fault is written as kill@12.5 or cut@40+30, got explode@3');
  expect(run('--messages', 'many')).toContain('a whole number, 1 or more');
}, 60_000);
