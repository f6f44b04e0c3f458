import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');

/** The CLI as a process of its own; each costs about a second, so only what a process alone can show is here. */
function backpressure(
  args: string[],
  readAll = true,
  stdout: 'pipe' | number = 'pipe',
): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'bin/backpressure.ts', ...args], {
      cwd: root,
      stdio: ['pipe', stdout, 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout?.on('data', (data) => {
      out += data;
      if (!readAll) child.stdout?.destroy();
    });
    child.stderr?.on('data', (data) => {
      err += data;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

jest.setTimeout(60_000);

test('the answer goes to stdout', async () => {
  const { code, out, err } = await backpressure(['cases', '14', '--json']);
  expect([code, err]).toEqual([0, '']);
  expect(JSON.parse(out).number).toBe(14);
});

test('a mistake goes to stderr as one line, without a stack', async () => {
  const { code, out, err } = await backpressure(['size', '--steady', 'x']);
  expect([code, out]).toEqual([2, '']);
  expect(err).toBe('backpressure size: --steady must be a number, got x\n');
});

test('a reader that has seen enough is no failure', async () => {
  const args = ['simulate', '--steady', '5', '--service', '0.5', '--latency', '60', '--seeds', '20', '--json'];
  const { code, out, err } = await backpressure(args, false);
  expect(out.length).toBeGreaterThan(0);
  expect([code, err]).toEqual([0, '']);
});

// A device of Linux that takes nothing.
(existsSync('/dev/full') ? test : test.skip)('an answer that cannot be written is a fault in one line', async () => {
  const full = openSync('/dev/full', 'w');
  const { code, err } = await backpressure(['cases', '14', '--json'], true, full);
  closeSync(full);
  expect(code).toBe(70);
  expect(err).toMatch(/^backpressure: the answer cannot be written: ENOSPC.*\n$/);
});
