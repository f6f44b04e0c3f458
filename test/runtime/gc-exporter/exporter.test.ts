/** The exporter as a program: a log that is not there yet, rotated, emptied or written by the line, and a restart. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tail } from '../../../lib/runtime/gc-exporter/tail';
import { until } from '../../support/until';

const folder = mkdtempSync(join(tmpdir(), 'gc-exporter-'));
afterAll(() => rmSync(folder, { recursive: true }));

const stall = (seconds: number) => `[${seconds.toFixed(3)}s][info][gc          ] Allocation Stall (main) 100.000ms\n`;
let files = 0;
/** A path in a folder of its own. */
const path = () => {
  files += 1;
  mkdirSync(join(folder, String(files)));
  return join(folder, String(files), 'gc.log');
};

describe('a tail', () => {
  const tailed = (file: string) => {
    const lines: string[] = [];
    return { lines, tail: new Tail(file, (line) => lines.push(line)) };
  };

  test('waits for the file, and for the end of a line', async () => {
    const file = path();
    const { lines, tail } = tailed(file);
    expect(await tail.poll()).toBe(false);
    writeFileSync(file, 'one\ntw');
    expect(await tail.poll()).toBe(true);
    expect(lines).toEqual(['one']);
    appendFileSync(file, 'o\n');
    await tail.poll();
    expect(lines).toEqual(['one', 'two']);
    await tail.close();
  });

  test('reads what is left of a file that was renamed, then the new one', async () => {
    const file = path();
    const { lines, tail } = tailed(file);
    writeFileSync(file, 'one\n');
    await tail.poll();
    appendFileSync(file, 'two\n');
    renameSync(file, `${file}.0`);
    writeFileSync(file, 'three\n');
    await tail.poll();
    expect(lines).toEqual(['one', 'two', 'three']);
    await tail.close();
  });

  test('begins again when the file was emptied', async () => {
    const file = path();
    const { lines, tail } = tailed(file);
    writeFileSync(file, 'one\ntwo\n');
    await tail.poll();
    truncateSync(file);
    appendFileSync(file, 'new\n');
    await tail.poll();
    expect(lines).toEqual(['one', 'two', 'new']);
    await tail.close();
  });

  test('reads characters and lines that are cut in two by its chunks', async () => {
    const file = path();
    const { lines, tail } = tailed(file);
    const long = 'ü'.repeat(70_000);
    writeFileSync(file, `x${long}\nend\n`);
    await tail.poll();
    expect(lines).toEqual([`x${long}`, 'end']);
    await tail.close();
  });
});

describe('the program', () => {
  const running: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of running.splice(0)) {
      if (child.exitCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });

  async function start(file: string): Promise<(name: string) => Promise<number | undefined>> {
    const socket = createSocket().listen(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address() as AddressInfo;
    socket.close();
    const child = spawn(process.execPath, [join(__dirname, '../../../dist/runtime/gc-exporter/index.js')], {
      env: {
        GC_LOG: file,
        ALARM_PAUSE_SECONDS: '0.05',
        SERVICE: 'api',
        METRICS_PORT: String(port),
        METRICS_HOST: '127.0.0.1',
      },
      stdio: 'ignore',
    });
    running.push(child);
    const text = () => fetch(`http://127.0.0.1:${port}/metrics`).then((response) => response.text());
    await until('the exporter answers', async () => (await text().catch(() => '')) !== '');
    return async (name) => {
      const value = new RegExp(`^gc_log_${name}\\{service="api"\\} (.*)$`, 'm').exec(await text())?.[1];
      return value === undefined ? undefined : Number(value);
    };
  }

  test('says that a log is missing, and reads it when it comes', async () => {
    const file = path();
    const metric = await start(file);
    expect(await metric('up')).toBe(0);
    expect(await metric('stalls_total')).toBe(0);
    // Nothing is known yet, and a zero would be a live set.
    expect(await metric('live_bytes')).toBeUndefined();
    writeFileSync(file, stall(1));
    // A scrape reads first.
    expect(await metric('stalls_total')).toBe(1);
    expect(await metric('up')).toBe(1);
  });

  // Counters that begin at 100 instead of 0 would look to Prometheus like 100 stalls.
  test('after a restart counts only what is new', async () => {
    const file = path();
    writeFileSync(file, stall(1) + stall(2));
    const metric = await start(file);
    expect(await metric('stalls_total')).toBe(0);
    appendFileSync(file, stall(3));
    expect(await metric('stalls_total')).toBe(1);
    expect(await metric('stall_seconds_total')).toBeCloseTo(0.1, 9);
  });

  test('a folder in place of the log is a reading, and no end', async () => {
    const file = path();
    mkdirSync(file);
    const metric = await start(file);
    expect(await metric('stalls_total')).toBe(0);
  });
});
