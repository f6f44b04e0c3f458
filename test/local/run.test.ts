/**
 * The local run as a user starts it: deploy, flood, kill a worker, close the books. One file, one after the other: one run
 * at a time is let into a checkout.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunReport } from '../../bin/local/intake';
import { listening } from '../../bin/local/port';
import { WEBHOOKS } from '../../lib/cases/case-15-webhook-flood';
import { planQueue } from '../../lib/flow/queue/plan';
import { until } from '../support/until';

const ROOT = join(__dirname, '..', '..');
jest.setTimeout(12 * 60_000);

interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; finished: Promise<Finished>; said: () => string } {
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'bin', 'local.ts'), ...args], {
    cwd: ROOT,
    env: { ...process.env, CDK_VALIDATION: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const finished = new Promise<Finished>((resolve) =>
    child.once('close', (status) => resolve({ status, stdout, stderr })),
  );
  return { child, finished, said: () => stderr };
}

describe('options out of range', () => {
  test.each([
    ['--deliveries', '12'],
    ['--rate', 'fast'],
    ['--seed', '-1'],
  ])('%s %s is refused with the limit, exit status 2', async (option, value) => {
    const { status, stderr } = await start([option, value]).finished;
    expect(status).toBe(2);
    expect(stderr).toContain(option);
    expect(stderr).toContain(value);
    expect(stderr).toMatch(/must be a whole number from \d+ to \d+/);
  });
});

test.each<[string[], string]>([
  [[], '1,800 deliveries will be sent, 50 a second'],
  [['--full'], '21,600 deliveries will be sent, 50 a second'],
  [['--deliveries', '2000', '--rate', '30'], '2,000 deliveries will be sent, 30 a second'],
])('%j: %s', async (args, sentence) => {
  const { child, finished, said } = start(args);
  await until('it says so', () => said().includes('will be sent') || child.exitCode !== null, 600);
  child.kill('SIGINT');
  expect((await finished).stderr).toContain(sentence);
  expect((await finished).status).toBe(130);
});

test('--full has its own number of deliveries', async () => {
  const { status, stderr } = await start(['--full', '--deliveries', '2000']).finished;
  expect(status).toBe(2);
  expect(stderr).toContain("option '--full' cannot be used with option '--deliveries <count>'");
});

/** The port of the local AWS, from what the program said. */
function portIn(said: string): number {
  return Number(/starting the local AWS on port (\d+)\n(?!.*starting the local AWS)/s.exec(said)?.[1]);
}

describe('while the stack is deployed', () => {
  test('Ctrl-C, even twice, ends the local AWS and exits with 130', async () => {
    const { child, finished, said } = start(['--deliveries', '1000']);
    await until('it deploys', () => said().includes('deploy …') || child.exitCode !== null, 600);
    expect(await listening(portIn(said()))).toBe(true);
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect((await finished).status).toBe(130);
    expect(await listening(portIn(said()))).toBe(false);
  });

  test('a run that is killed outright leaves no local AWS behind', async () => {
    const { child, finished, said } = start(['--deliveries', '1000']);
    await until('it deploys', () => said().includes('deploy …') || child.exitCode !== null, 600);
    expect(await listening(portIn(said()))).toBe(true);
    child.kill('SIGKILL');
    await finished;
    await until('nothing listens', async () => !(await listening(portIn(said()))));
  });
});

describe('the flood', () => {
  let report: RunReport;
  let finished: Finished;
  beforeAll(async () => {
    finished = await start(['--json']).finished;
    if (finished.status !== 0) throw new Error(finished.stderr);
    report = JSON.parse(finished.stdout) as RunReport;
  });

  test('every valid delivery has its effect exactly once, although a worker was killed in the middle', () => {
    expect(report.notes).toContainEqual(expect.stringMatching(/^worker process \d+ was killed/));
    expect(report).toMatchObject({ ok: true, effects: report.sent.valid, duplicateEffects: 0, lost: 0 });
    expect(report.sent.valid).toBeGreaterThan(1500);
    expect(report.sent.duplicate).toBeGreaterThan(50);
  });

  test('the report says at what multiple of its load the promise of the stack breaks, as its plan does', () => {
    const { breaksAtLoad, breaksAtServiceTime } = planQueue('OrderIntake', {
      workload: WEBHOOKS.workload,
      ...WEBHOOKS.on.aws,
    }).predictions;
    expect(report.planned).toEqual({ latencySeconds: 2, breaksAtLoad, breaksAtServiceTime });
    const multiple = (value = 0) => `${Number(value.toPrecision(3))} ×`;
    const page = readFileSync(join(ROOT, 'dist', 'report', 'index.html'), 'utf8');
    expect(page).toContain(
      `breaks at ${multiple(breaksAtLoad)} the load or ${multiple(breaksAtServiceTime)} the service time`,
    );
  });

  test('every poison message is in quarantine, and nothing in it can be read', () => {
    expect(report.sent.poison).toBeGreaterThanOrEqual(5);
    expect(report).toMatchObject({ quarantined: report.sent.poison, unmaskedSecrets: 0 });
  });

  test('every forgery and every replay outside the window is refused', () => {
    expect(report.sent.forged).toBeGreaterThan(0);
    expect(report.sent.replayed).toBeGreaterThan(0);
    expect(report.refused).toBe(report.sent.forged + report.sent.replayed);
  });

  test('the peak was above what the worker serves: a backlog was predicted, and built up', () => {
    const served = report.basis.slots / report.basis.serviceSeconds;
    expect(report.basis.perSecond).toBeGreaterThan(1.2 * served);
    expect(report.predicted.peakBacklog).toBeGreaterThan(100);
    expect(report.measured.peakBacklog).toBeGreaterThan(100);
  });

  // A shared machine serves unevenly: the model must be right about the shape, the recorded run says how right.
  // Peak and drain are counted from the rates of the run itself, so that only the latencies can refute the model.
  test.each([
    ['latencyP50Seconds', 'is what was predicted'],
    ['latencyP99Seconds', 'is what was predicted'],
    ['peakBacklog', 'agrees with the rates of the run'],
    ['drainSeconds', 'agrees with the rates of the run'],
  ] as const)('%s %s, or half of that more or less', (key, _) => {
    expect(report.measured[key]).toBeGreaterThan(report.predicted[key] / 2);
    expect(report.measured[key]).toBeLessThan(report.predicted[key] * 1.5);
  });

  test('what the emulator could not hold is listed, and nothing of the data path is in that list', () => {
    expect(report.droppedResourceTypes).toEqual([
      'AWS::Budgets::Budget',
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::WAFv2::WebACLAssociation',
    ]);
  });

  test('the report is written, self-contained, and says what comes next', () => {
    const page = readFileSync(join(ROOT, 'dist', 'report', 'index.html'), 'utf8');
    expect(page).toContain('Every delivery is accounted for');
    expect(page).not.toMatch(/<script|(src|href)=/);
    expect(existsSync(join(ROOT, 'dist', 'report', 'run.json'))).toBe(true);
    expect(finished.stderr).toContain('npx cdk deploy OrderIntake');
  });

  test('nothing listens on the port afterwards', async () => {
    expect(await listening(portIn(finished.stderr))).toBe(false);
  });
});
