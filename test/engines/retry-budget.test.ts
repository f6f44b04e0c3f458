/** The budgets of retries on the page of BoundedService, in Java and in Python: when all calls fail, the planned share is repeated. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findPython } from '../../bin/local/python';
import { compiled } from './jvm/jdks';
import { pythonMissing } from './venv';

const FOLDER = join(__dirname, 'services');
const RATIO = 0.2;
const CALLS = 10_000;
const STORM = [String(RATIO), String(CALLS)];
/** One is there from the beginning; a share of a retry that is left over is none. */
const RETRIES = [RATIO * CALLS, RATIO * CALLS + 1];

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'constructs', 'k8s-bounded-service.md'), 'utf8');
const sourceOf = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

const classes = compiled(join(FOLDER, 'RetryBudget.java'));
const missing = pythonMissing();
afterAll(() => {
  if (classes !== undefined) rmSync(classes, { recursive: true });
});

test(`javac: ${classes === undefined ? 'none, skipped' : 'there'}; Python: ${missing ?? 'there'}`, () => {});

(classes === undefined ? test.skip : test)('in Java a storm adds a fifth', () => {
  const retries = Number(execFileSync('java', ['-cp', classes!, 'RetryStorm', ...STORM], { encoding: 'utf8' }));
  expect(RETRIES).toContain(retries);
});

(missing === undefined ? test : test.skip)('in Python a storm adds a fifth', async () => {
  const args = ['-B', join(FOLDER, 'storm.py'), ...STORM];
  expect(RETRIES).toContain(Number(execFileSync(await findPython(), args, { encoding: 'utf8' })));
});

test('both are those of the page', () => {
  const [budget] = sourceOf('RetryBudget.java').split('\n\n/** Calls that all fail');
  expect(page).toContain(`\`\`\`java\n${budget}\n\`\`\``);
  expect(page).toContain(`\`\`\`python\n${sourceOf('retries.py')}\`\`\``);
});
