import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const PROGRAM = join(root, 'bin', 'backpressure.ts');

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

// A limit holds for root too, as a full disk does; what a file's mode forbids, root may.
test.each([['--fix'], ['--write-baseline', '--baseline', 'known.json']])(
  'check %s leaves a file that cannot be written as it was, and nothing beside it',
  async (...options) => {
    const folder = mkdtempSync(join(tmpdir(), 'backpressure-full-'));
    const wrong = readFileSync(join(root, 'docs', 'rules', 'BP-SQS-002', 'wrong.yaml'), 'utf8');
    writeFileSync(join(folder, 'a.yaml'), wrong);
    writeFileSync(join(folder, 'known.json'), '{ "version": 1, "findings": [] }');
    const before = contentsOf(folder);
    const { status, stderr } = spawnSync(
      'sh',
      [
        '-c',
        'ulimit -f 0 && exec "$0" "$@"',
        process.execPath,
        '--import',
        require.resolve('tsx'),
        PROGRAM,
        'check',
        'a.yaml',
        ...options,
      ],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, TSX_DISABLE_CACHE: '1' } },
    );
    expect(stderr).toMatch(/^backpressure check: (a\.yaml|known\.json) cannot be written: EFBIG.*\n$/);
    expect(status).toBe(2);
    expect(contentsOf(folder)).toEqual(before);
    rmSync(folder, { recursive: true });
  },
);

function contentsOf(folder: string): string[][] {
  return readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}
