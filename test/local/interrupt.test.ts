/** Ctrl-C, SIGTERM and a closed terminal, at every stage that a stand-in for Python can hold. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { awaitLock } from '../../bin/local/lock';
import { ROOT } from '../support/reference';
import { until } from '../support/until';
import { type Behaviour, Checkout, isThere, type Stage, type Started } from './checkout';

jest.setTimeout(180_000);

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;
const checkouts = SIGNALS.map(() => new Checkout());
const [checkout] = checkouts;

// The flood of the local run is measured, and holds the lock of this checkout until it is over.
beforeAll(async () => (await awaitLock(join(ROOT, 'dist', 'start.lock'), () => {}))(), 600_000);
beforeEach(() => {
  for (const { root } of checkouts) rmSync(join(root, '.venv'), { recursive: true, force: true });
});
// A test that fails leaves its processes, and the lock that they hold would fail the next one.
afterEach(() => {
  for (const one of checkouts) one.end();
});
afterAll(() => {
  for (const one of checkouts) one.remove();
});

/** Runs up to the start of the emulator: what came before is whole again. */
async function runsAgain(one: Checkout): Promise<void> {
  const again = one.start({ stage: 'start' });
  await one.atStage(again);
  expect(again.said()).toContain('starting the local AWS on port');
  again.child.kill('SIGINT');
  expect(await again.ended).toBe(130);
}

/** Waits until the CDK is started, or the program has ended with something to say. */
async function deploying({ said, child }: Started): Promise<void> {
  await until('it deploys', () => said().includes('deploy …') || child.exitCode !== null);
  if (child.exitCode !== null) throw new Error(said());
}

test.each<[string, Stage]>([
  ['Python is asked for its version', 'version'],
  ['the virtual environment is made', 'venv'],
  ['pip installs', 'pip'],
  ['the emulator starts', 'start'],
  ['the stack is deployed', 'deploy'],
])(
  'while %s, each signal ends all that was started, and the next run begins as if there had been none',
  async (_, stage) => {
    await Promise.all(
      SIGNALS.map(async ([signal, status], index) => {
        const one = checkouts[index];
        const started = one.start({ stage });
        await one.atStage(started);
        if (stage === 'deploy') await deploying(started);
        started.child.kill(signal);
        expect(`${signal} ${await started.ended}`).toBe(`${signal} ${status}`);
        expect(one.left()).toEqual([]);
        await runsAgain(one);
      }),
    );
  },
);

test('what ignores SIGTERM is killed, and a second Ctrl-C does not leave it behind', async () => {
  const started = checkout.start({ stage: 'pip', stubborn: true });
  await checkout.atStage(started);
  started.child.kill('SIGINT');
  await until('it says that it stops', () => started.said().includes('SIGINT'));
  started.child.kill('SIGINT');
  started.child.kill('SIGTERM');
  expect(await started.ended).toBe(130);
  expect(checkout.left()).toEqual([]);
});

test('a run whose terminal is gone still ends what it started', async () => {
  const started = checkout.start({ stage: 'pip' });
  await checkout.atStage(started);
  started.child.stderr?.destroy();
  started.child.kill('SIGHUP');
  expect(await started.ended).toBe(129);
  expect(checkout.left()).toEqual([]);
});

describe('two runs at once', () => {
  test('in one checkout the second is refused and names the first, which runs on', async () => {
    const first = checkout.start({ stage: 'pip' });
    await checkout.atStage(first);
    const second = checkout.start({ stage: 'pip' });
    expect(await second.ended).toBe(3);
    expect(second.said()).toContain(`Another \`npm start\`, process ${first.child.pid}, runs in this checkout.`);
    expect(first.child.exitCode).toBeNull();
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(130);
  });

  test('a run that was killed holds up none after it', async () => {
    const killed = checkout.start({ stage: 'version' });
    await checkout.atStage(killed);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const [python] = checkout.left();
    process.kill(-python, 'SIGKILL');
    expect(readFileSync(join(checkout.root, 'dist', 'start.lock'), 'utf8')).toContain(`${killed.child.pid}`);
    await runsAgain(checkout);
  });

  test('in two checkouts each takes a port of its own', async () => {
    const two = checkouts.slice(0, 2);
    const runs: Behaviour = { stage: 'deploy' };
    const ports: string[] = [];
    const started = [];
    for (const one of two) {
      const run = one.start(runs);
      started.push(run);
      await deploying(run);
      ports.push(/AWS on port (\d+)\n(?!.*AWS on port)/s.exec(run.said())?.[1] ?? 'none');
    }
    expect(new Set(ports).size).toBe(2);
    for (const run of started) run.child.kill('SIGINT');
    expect(await Promise.all(started.map(({ ended }) => ended))).toEqual([130, 130]);
  });

  test('a server that answers in the place of the emulator is never taken for it', async () => {
    const started = checkout.start({ stage: 'foreign' });
    expect(await started.ended).toBe(3);
    expect(started.said()).toMatch(/Another server answers on port \d+\./);
    expect(started.said()).not.toContain('deploy …');
    expect(checkout.left()).toEqual([]);
  });

  test('an emulator that was there before keeps its port, and another is taken', async () => {
    const foreign = createServer((_request, response) => response.end('{"edition":"light"}'));
    // Another's on the usual port serves as well.
    await new Promise<void>((resolve) => foreign.once('error', () => resolve()).listen(4566, '127.0.0.1', resolve));
    const started = checkout.start({ stage: 'start' });
    await checkout.atStage(started);
    expect(started.said()).toMatch(
      /port 4566 is taken by another process\n *\d+ s +starting the local AWS on port (?!4566)\d+/,
    );
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(130);
    await new Promise((resolve) => foreign.close(resolve));
  });
});

test('what a failed test leaves is ended, also what the stand-in of an earlier run has started', async () => {
  const first = checkout.start({ stage: 'pip', stubborn: true });
  await checkout.atStage(first);
  const left = checkout.left();
  // The notes of the first run are gone with it.
  const second = checkout.start({ stage: 'pip' });
  expect(await second.ended).toBe(3);
  expect([left.length, checkout.left()]).toEqual([2, []]);
  checkout.end();
  // A killed process is there until the kernel has come to it.
  await until('both have ended', () => !left.some(isThere), 30);
});

test('files that another run of the same number left do not count as a lock', async () => {
  writeFileSync(join(checkout.root, 'dist', 'start.lock'), JSON.stringify({ pid: process.pid, started: '1' }));
  await runsAgain(checkout);
  writeFileSync(join(checkout.root, 'dist', 'start.lock'), '');
  await runsAgain(checkout);
});
