/** docs/cli.md has every command, and its examples do what the page says. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
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

test("the README's line at the terminal has the numbers of its ten lines for AWS", async () => {
  const readme = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8');
  const [, line] = /^npx backpressure (size .+)$/m.exec(readme)!;
  const { knobs } = JSON.parse((await backpressure(`${line} --json`)).out);
  const { plan } = new RedriveQueue(new Stack(new App(), 'Shop'), 'Orders', {
    workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 },
    objective: { latencySeconds: 90 },
  });
  const common = plan.knobs.filter(({ name }) => knobs[name] !== undefined);
  expect(common.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['minInstances', 'maxInstances', 'alarmBacklog', 'visibilityTimeoutSeconds']),
  );
  expect(common.map(({ name }) => [name, knobs[name].value])).toEqual(common.map(({ name, value }) => [name, value]));
});

test('the page has examples of most commands', () => {
  for (const command of ['size', 'simulate', 'rules', 'completion']) {
    expect(examples.some((line) => line.startsWith(command))).toBe(true);
  }
});
