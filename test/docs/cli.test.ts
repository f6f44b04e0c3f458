/** docs/cli.md has every command, and its examples do what the page says. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backpressure } from '../bin/harness';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'cli.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'backpressure-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('every command is in the table, and nothing else', async () => {
  const { out } = await backpressure('--help', { columns: 200 });
  const listed = out.slice(out.indexOf('Commands:'), out.indexOf('Examples:'));
  const commands = [...listed.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
  const described = [...page.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, name]) => name);
  expect(described.sort()).toEqual(commands.sort());
});

const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, body]) => body);
const examples = blocks
  .flatMap((body) => body.split('\n'))
  .flatMap((line) => /^npx backpressure ([^>]+)/.exec(line)?.[1].trim() ?? []);

test.each(examples)('%s', async (line) => {
  const { code, out } = await backpressure(line.replace(/--(html|out|check) (\S+)/, `--$1 ${folder}/$2`));
  // An exercise that was only begun is not solved.
  expect(code).toBe(line.includes('exercise') && line.includes('--check') ? 1 : 0);
  expect(out).not.toBe('');
});

test('the page has examples of most commands', () => {
  for (const command of ['size', 'simulate', 'rules', 'completion']) {
    expect(examples.some((line) => line.startsWith(command))).toBe(true);
  }
});
