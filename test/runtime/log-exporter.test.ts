/** The exporter of log shippers: what Prometheus is told, and what it is told when something is missing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { acknowledgedEvents } from '../../lib/runtime/log-exporter/queue-position';
import { metricsText } from '../../lib/runtime/log-exporter/reading';

const reading = { logBytes: 300, unreadableFiles: 0, queueBytes: 20, freeBytes: 1e9, acknowledgedEvents: 2 };
/** What Filebeat's `/stats` says while its destination is away: test/engines/log-shipping.test.ts reads a real one. */
const stats = {
  libbeat: {
    output: { events: { acked: 7, active: 0, batches: 1, dropped: 2, failed: 0, total: 9 }, type: 'kafka' },
    pipeline: { events: { active: 0, published: 14, total: 14 }, queue: { filled: { bytes: 3724, events: 7 } } },
  },
};

describe('the text', () => {
  const text = metricsText({ ...reading, stats }, { shipper: 'logs', node: 'n"1' });

  test('has every figure once, with its type and its labels', () => {
    const samples = text.split('\n').filter((line) => line && !line.startsWith('#'));
    expect(samples).toEqual([
      'log_shipping_log_bytes{shipper="logs",node="n\\"1"} 300',
      'log_shipping_unreadable_files{shipper="logs",node="n\\"1"} 0',
      'log_shipping_queue_bytes{shipper="logs",node="n\\"1"} 20',
      'log_shipping_free_bytes{shipper="logs",node="n\\"1"} 1000000000',
      'log_shipping_up{shipper="logs",node="n\\"1"} 1',
      'log_shipping_queued_events{shipper="logs",node="n\\"1"} 5',
      'log_shipping_acked_events_total{shipper="logs",node="n\\"1"} 7',
      'log_shipping_dropped_events_total{shipper="logs",node="n\\"1"} 2',
    ]);
    expect(text).toContain('# TYPE log_shipping_acked_events_total counter\n');
  });

  test('leaves out what Filebeat does not say: a zero would look like calm', () => {
    const silent = metricsText(reading, { shipper: 'logs' });
    expect(silent).toContain('log_shipping_up{shipper="logs"} 0');
    expect(silent).not.toMatch(/queued_events|acked_events|dropped_events/);
  });
});

describe('how far the queue is acknowledged', () => {
  const state = (version: number, frame: number) => {
    const buffer = Buffer.alloc(28);
    buffer.writeUInt32LE(version, 0);
    buffer.writeBigUInt64LE(2n, 4);
    buffer.writeBigUInt64LE(1_025_743n, 12);
    buffer.writeBigUInt64LE(BigInt(frame), 20);
    return buffer;
  };

  test.each([
    ['the frame within the segment', state(1, 1939), 1939],
    ['nothing yet: the file is made empty', Buffer.alloc(0), 0],
    ['not known: another version', state(2, 1939), undefined],
    ['not known: cut short', state(1, 1939).subarray(0, 20), undefined],
  ])('%s', (_, buffer, expected) => expect(acknowledgedEvents(buffer)).toBe(expected));

  test('what is acknowledged is in the queue no more, and never less than nothing is', () => {
    const queued = (acknowledged?: number) =>
      /queued_events\{.*\} (.*)/.exec(
        metricsText({ ...reading, acknowledgedEvents: acknowledged, stats }, { a: 'b' }),
      )?.[1];
    expect([queued(0), queued(7), queued(8), queued(undefined)]).toEqual(['7', '0', '0', undefined]);
  });
});

describe('the program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-exporter-'));
  let filebeat: Server;
  let exporter: ChildProcess;
  let address: string;

  beforeAll(async () => {
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'logs', 'app.log'), 'x'.repeat(100));
    writeFileSync(join(folder, 'logs', 'app.log.1'), 'x'.repeat(200));
    filebeat = createServer((_request, response) => response.end(JSON.stringify(stats))).listen(0, '127.0.0.1');
    const free = createSocket().listen(0, '127.0.0.1');
    await Promise.all([once(filebeat, 'listening'), once(free, 'listening')]);
    const { port } = free.address() as AddressInfo;
    free.close();
    address = `http://127.0.0.1:${port}`;
    exporter = spawn(process.execPath, [join(__dirname, '../../dist/runtime/log-exporter/index.js')], {
      env: {
        ...process.env,
        LOG_FOLDER: join(folder, 'logs'),
        QUEUE_FOLDER: join(folder, 'queue'),
        STATS_URL: `http://127.0.0.1:${(filebeat.address() as AddressInfo).port}/stats`,
        METRICS_PORT: String(port),
        METRICS_HOST: '127.0.0.1',
        SHIPPER: 'logs',
        NODE_NAME: 'n1',
      },
    });
    const deadline = Date.now() + 20_000;
    const up = () =>
      fetch(`${address}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await up()) && Date.now() < deadline) await wait(50);
  }, 30_000);

  afterAll(async () => {
    const exit = once(exporter, 'exit');
    exporter.kill('SIGTERM');
    await exit;
    filebeat.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const value = async (name: string) => {
    const text = await (await fetch(`${address}/metrics`)).text();
    const found = new RegExp(`^log_shipping_${name}{.*} (.*)$`, 'm').exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };

  test('counts the bytes of all files, rotated ones too; a queue that is not there yet is empty', async () => {
    expect(await value('log_bytes')).toBe(300);
    expect(await value('queue_bytes')).toBe(0);
    expect(await value('free_bytes')).toBeGreaterThan(0);
    expect(await value('acked_events_total')).toBe(7);
  });

  test('goes on telling of the disk when Filebeat is gone', async () => {
    filebeat.closeAllConnections();
    filebeat.close();
    expect(await value('up')).toBe(0);
    expect(await value('log_bytes')).toBe(300);
    expect(await value('acked_events_total')).toBeUndefined();
  });
});
