/** The exporter as a program: a log that is not there yet, rotated, emptied or written by the line, and a restart. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readingsLine } from '../../../lib/runtime/gc-exporter/embedded';
import { GcLog } from '../../../lib/runtime/gc-exporter/parser';
import { Tail } from '../../../lib/runtime/gc-exporter/tail';
import { until } from '../../support/until';

const PROGRAM = join(__dirname, '../../../dist/runtime/gc-exporter/index.js');
const folder = mkdtempSync(join(tmpdir(), 'gc-exporter-'));
afterAll(() => rmSync(folder, { recursive: true }));

const stall = (seconds: number) => `[${seconds.toFixed(3)}s][info][gc          ] Allocation Stall (main) 100.000ms\n`;
const log17 = readFileSync(join(__dirname, 'logs', 'java-17-zgc.log'), 'utf8');
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
    const child = spawn(process.execPath, [PROGRAM], {
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

  describe('for CloudWatch', () => {
    type Line = Record<string, unknown> & { _aws: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] } };

    /** Lines that the program writes, a fifth of a second apart. */
    function writing(file: string, seconds = '0.2') {
      const child = spawn(process.execPath, [PROGRAM], {
        env: { GC_LOG: file, ALARM_PAUSE_SECONDS: '0.05', SERVICE: 'shop-api', METRIC_SECONDS: seconds },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      running.push(child);
      let output = '';
      child.stdout.on('data', (text) => {
        output += text;
      });
      const lines = () =>
        output
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Line);
      return { child, lines };
    }
    const sum = (lines: Line[], name: string) => lines.reduce((all, line) => all + Number(line[name] ?? 0), 0);

    test('each line has what was counted since the one before, and no value that the log has not told', async () => {
      const file = path();
      const { lines } = writing(file);
      await until('a line', () => lines().length > 0);
      expect(lines()[0]).toMatchObject({ Service: 'shop-api', LogsRead: 0, Stalls: 0 });
      expect(Object.keys(lines()[0])).not.toContain('LiveBytes');
      writeFileSync(file, stall(1) + stall(2));
      await until('the stalls', () => sum(lines(), 'Stalls') > 0);
      const seen = lines().length;
      await until('another line', () => lines().length > seen);
      expect(sum(lines(), 'Stalls')).toBe(2);
      expect(sum(lines(), 'StallSeconds')).toBeCloseTo(0.2, 9);
      expect(lines().at(-1)).toMatchObject({ LogsRead: 1, Stalls: 0 });
    });

    test('every value of a line is a metric with a unit, in a namespace of its own', async () => {
      const file = path();
      writeFileSync(file, '');
      const { lines } = writing(file);
      appendFileSync(file, log17);
      await until('a live set', () => lines().some((line) => line.LiveBytes !== undefined));
      const line = lines().find((one) => one.LiveBytes !== undefined)!;
      const [{ Metrics, ...rest }] = line._aws.CloudWatchMetrics;
      expect(rest).toEqual({ Namespace: 'Backpressure/Jvm', Dimensions: [['Service']] });
      const { _aws, Service, collector, ...values } = line;
      expect(Metrics.map(({ Name }) => Name).sort()).toEqual(Object.keys(values).sort());
      expect(Object.values(values).every((value) => typeof value === 'number')).toBe(true);
      expect(collector).toBe('Z');
    });

    // Collections may be minutes apart: a minute without one would read as no allocation, the next as many times the rate.
    test('a rate of allocation is of the time from one collection to the next, and no line between has one', () => {
      const readings = (allocatedBytes: number) => ({ ...new GcLog().readings, allocatedBytes });
      const rate = (before: number, now: number, seconds: number): unknown =>
        JSON.parse(readingsLine('api', readings(before), readings(now), seconds, true)).AllocatedBytesPerSecond;
      expect(rate(100, 100, 60)).toBeUndefined();
      expect(rate(100, 1900, 180)).toBe(10);
    });

    test('what was counted since the last line is written when it is told to end', async () => {
      const file = path();
      writeFileSync(file, '');
      const { child, lines } = writing(file, '1');
      await until('a line', () => lines().length > 0);
      appendFileSync(file, stall(1));
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      await until('the stall', () => sum(lines(), 'Stalls') === 1);
      expect(code).toBe(0);
    });
  });
});
