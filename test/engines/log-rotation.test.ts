/** The shipped rotation under a real logrotate and a fast writer: no line is lost, and the disk stays within the plan. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { LogOutput } from '../../lib/k8s/logs/log-output';
import { until } from '../support/until';
import { endGroup, HAS_LOGROTATE, PATH, startRotator, startWriter } from './logs/processes';
import { LINE_BYTES, MIB, shipped } from './logs/shipped';

/** 5 MB/s: a fast writer that leaves the machine to others. */
const LINES_PER_SECOND = 50_000;
const SECONDS = 12;

const suite = HAS_LOGROTATE ? describe : describe.skip;

interface Outcome {
  readonly writtenLines: number;
  /** Distinct lines in everything that ever was a log file. */
  readonly keptLines: number;
  /** Pieces of lines. */
  readonly tornLines: number;
  readonly rotations: number;
  readonly peakBytes: number;
}

/** The construct as a user writes it, at a scale of seconds. */
function shipping(folder: string) {
  const secret = (key: string) => ({ secretName: 'kafka', key });
  const { plan, file } = shipped(folder, {
    linesPerSecond: LINES_PER_SECOND,
    objective: { diskBudgetBytes: 150 * MIB, outageSeconds: 1, shipperAwaySeconds: 1 },
    fileCount: 3,
    fileSizeCapBytes: 5 * MIB,
    output: LogOutput.kafka({
      bootstrapServers: ['kafka:9093'],
      topic: 'logs',
      username: secret('user'),
      password: secret('password'),
    }),
  });
  return { plan, config: file('logrotate.conf'), script: file('rotate.sh') };
}

/** Runs the shipped script on a configuration while somebody writes, and keeps every file open, so that none is gone when it is deleted. */
async function run(config: string, script: string, folder: string, work: string): Promise<Outcome> {
  const { written } = startWriter(join(folder, 'app.log'), LINES_PER_SECOND, SECONDS);
  const rotator = startRotator(config, script, work);
  const open = new Map<number, number>();
  let [peakBytes, running] = [0, true];
  const look = () => {
    let bytes = 0;
    for (const name of readdirSync(folder)) {
      try {
        const fd = openSync(join(folder, name), 'r');
        const { ino, size } = fstatSync(fd);
        bytes += size;
        if (name.endsWith('.gz') || open.has(ino)) closeSync(fd);
        else open.set(ino, fd);
      } catch {
        // Renamed or compressed between two calls: it was opened under its earlier name.
      }
    }
    peakBytes = Math.max(peakBytes, bytes);
  };
  const watching = (async () => {
    while (running) {
      look();
      await wait(20);
    }
  })();
  let writtenLines: number;
  try {
    writtenLines = await written;
    look();
  } finally {
    running = false;
    await watching;
    await endGroup(rotator);
  }
  const lines = new Set<string>();
  let torn = 0;
  for (const fd of open.values()) {
    for (const line of readFileSync(fd, 'latin1').split('\n')) {
      if (line.length === LINE_BYTES - 1) lines.add(line);
      else if (line !== '') torn += 1;
    }
    closeSync(fd);
  }
  return { writtenLines, keptLines: lines.size, tornLines: torn, rotations: open.size - 1, peakBytes };
}

suite('logrotate', () => {
  let work: string;
  let folder: string;
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'backpressure-rotation-'));
    folder = join(work, 'app');
    mkdirSync(folder, { mode: 0o755 });
  });
  afterEach(() => rmSync(work, { recursive: true, force: true }));

  test('accepts the shipped configuration', () => {
    const { config } = shipping(folder);
    writeFileSync(join(work, 'logrotate.conf'), config, { mode: 0o644 });
    const checked = spawnSync('logrotate', ['--debug', '--state', join(work, 'status'), join(work, 'logrotate.conf')], {
      env: { ...process.env, PATH },
      encoding: 'utf8',
    });
    expect(checked.stderr).not.toMatch(/error/i);
    expect(checked.status).toBe(0);
  });

  test('rotates as the user that owns the files, who is not root', () => {
    const { config } = shipping(folder);
    const conf = join(work, 'logrotate.conf');
    const log = join(folder, 'app.log');
    const state = join(work, 'state');
    mkdirSync(state);
    writeFileSync(conf, config, { mode: 0o644 });
    writeFileSync(log, 'x'.repeat(6 * MIB), { mode: 0o640 });
    const root = process.getuid?.() === 0;
    const user = root ? { uid: 10_001, gid: 10_001 } : {};
    if (root) for (const each of [work, folder, state, log]) chownSync(each, 10_001, 10_001);
    const rotated = spawnSync('logrotate', ['--state', join(state, 'status'), conf], {
      ...user,
      env: { ...process.env, PATH },
      encoding: 'utf8',
    });
    expect([rotated.status, rotated.stderr]).toEqual([0, '']);
    expect(readdirSync(folder).sort()).toEqual(['app.log', 'app.log.1']);
    const { uid, mode } = statSync(log);
    expect([uid, mode & 0o777]).toEqual([root ? 10_001 : process.getuid?.(), 0o640]);
  });

  test('waits no longer than its interval when the clock is set back by a day', async () => {
    const bin = join(work, 'bin');
    mkdirSync(bin);
    const slept = join(work, 'slept');
    const looked = join(work, 'looked');
    const command = (name: string, text: string) =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    command('logrotate', 'true');
    // A day less at every second look.
    command(
      'date',
      `if [ -e ${looked} ]; then rm ${looked}; echo 1700000000; else touch ${looked}; echo 1700086400; fi`,
    );
    command('sleep', `echo "$1" >> ${slept}; exec /bin/sleep 600`);
    const script = join(work, 'rotate.sh');
    writeFileSync(script, shipping(folder).script);
    const rotator = spawn('sh', [script], {
      env: { PATH: `${bin}:/usr/bin:/bin`, ROTATION_SECONDS: '60' },
      stdio: 'ignore',
      detached: true,
    });
    try {
      await until('the rotator to rest', () => existsSync(slept) && readFileSync(slept, 'utf8') !== '', 20);
    } finally {
      await endGroup(rotator);
    }
    expect(readFileSync(slept, 'utf8')).toBe('60\n');
  }, 30_000);

  test('loses no line under a fast writer, and all files stay within what the plan says', async () => {
    const { plan, config, script } = shipping(folder);
    const outcome = await run(config, script, folder, work);
    expect(outcome.writtenLines).toBe(LINES_PER_SECOND * SECONDS);
    expect(outcome).toMatchObject({ keptLines: outcome.writtenLines, tornLines: 0 });
    expect(outcome.rotations).toBeGreaterThanOrEqual(4);
    expect(outcome.peakBytes).toBeLessThanOrEqual(plan.predictions.logFileBytes);
    // Files really were rotated away: all that was written would not have fitted.
    expect(readdirSync(folder).length).toBeLessThanOrEqual(plan.value('fileCount') + 1);
  }, 90_000);

  test('with copytruncate instead of a rename the same run loses lines', async () => {
    const { config, script } = shipping(folder);
    const truncating = config.replace(/^ {2}create$/m, '  copytruncate');
    expect(truncating).not.toBe(config);
    const outcome = await run(truncating, script, folder, work);
    expect(outcome.rotations).toBeGreaterThanOrEqual(4);
    expect(outcome.keptLines).toBeLessThan(outcome.writtenLines);
  }, 90_000);
});
