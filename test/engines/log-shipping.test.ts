/**
 * The shipped filebeat.yml on a real Filebeat, beside the shipped rotation and the shipped exporter: no line is lost
 * while files are rotated under it, its destination stands still and it is killed itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { figure } from '../../lib/flow/figures';
import { LogOutput } from '../../lib/k8s/logs/log-output';
import type { SecretKey } from '../../lib/k8s/secret-key';
import { ended } from '../support/ended';
import { freePorts } from '../support/ports';
import { atMost, EXACT, prove } from '../support/proof';
import { ROOT } from '../support/reference';
import { until } from '../support/until';
import { type Kafka, kafkaMissing, startKafka } from './kafka';
import { type Elasticsearch, startElasticsearch } from './logs/elasticsearch';
import { Filebeat, filebeatMissing } from './logs/filebeat';
import { endGroup, HAS_LOGROTATE, lineNumber, startRotator, startWriter } from './logs/processes';
import { LINE_BYTES, MIB, type Run, type Shipped, shipped } from './logs/shipped';

const LINES_PER_SECOND = 4000;
const SECONDS = 45;
/** Seconds into the run: the broker stands still from the first to the last, in between Filebeat dies. */
const [HALT, CRASH, RESUME] = [10, 18, 28];
const USERS = { shipper: 'shipper-7Gnx', reader: 'reader-3Jwq' };
const API_KEY = 'id-5Ycv:key-8Mrt';
const TOPIC = 'app-logs';
const EXPORTER = join(ROOT, 'dist', 'runtime', 'log-exporter', 'index.js');

const missing = filebeatMissing() ?? kafkaMissing() ?? (HAS_LOGROTATE ? undefined : 'no logrotate');
const described = missing ? describe.skip : describe;
const secret = (key: string) => ({ secretName: 'logs', key });
const CERTIFICATE = 'ca.crt';

/** What differs from a node is the scale: seconds for hours, megabytes for gigabytes. */
const SCALE: Omit<Run, 'output'> = {
  linesPerSecond: LINES_PER_SECOND,
  objective: { diskBudgetBytes: 400 * MIB, outageSeconds: 60, shipperAwaySeconds: 10 },
  fileCount: 4,
  fileSizeCapBytes: 4 * MIB,
};

/** One look at the node. */
interface Look {
  readonly logBytes: number;
  readonly queueBytes: number;
  /** What the exporter tells Prometheus, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a run came to. */
interface Outcome {
  readonly writtenLines: number;
  /** Messages in the topic. */
  readonly messages: number;
  /** Distinct lines among them. */
  readonly lines: number;
  /** Names of nodes in the messages. */
  readonly nodes: readonly string[];
  readonly rotations: number;
  readonly peakLogBytes: number;
  readonly peakQueueBytes: number;
  /** Just before the outage, just before its end, and when all had arrived. */
  readonly before: Look;
  readonly outage: Look;
  readonly after: Look;
}

described(`LogShipping on a real Filebeat${missing ? ` (${missing})` : ''}`, () => {
  let work: string;
  let folder: string;

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'backpressure-logs-'));
    folder = join(work, 'app');
    mkdirSync(folder);
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  describe('to Kafka, with files rotated, a broker that stands still and a crash in between', () => {
    let shipper: Shipped;
    let outcome: Outcome;

    beforeAll(async () => {
      const kafka = await startKafka(USERS);
      try {
        copyFileSync(kafka.certificateFile, join(work, CERTIFICATE));
        const topic = ['--create', '--topic', TOPIC, '--partitions', '3'];
        await kafka.tool('org.apache.kafka.tools.TopicCommand', 'reader', topic);
        shipper = shipped(folder, { ...SCALE, output: toKafka(kafka.tlsBroker, secret(CERTIFICATE)) });
        outcome = await run(shipper, kafka, work, folder);
      } finally {
        await kafka.stop();
      }
    }, 300_000);

    test('what the plan predicts', () => claim(shipper, outcome));

    test('every line arrives, at least once, with the name of its node', () => {
      expect(outcome.writtenLines).toBe(LINES_PER_SECOND * SECONDS);
      expect(outcome.lines).toBe(outcome.writtenLines);
      expect(outcome.nodes).toEqual(['node-1']);
    });

    test('the files were rotated all the while and stay within the plan', () => {
      expect(outcome.rotations).toBeGreaterThanOrEqual(3);
      expect(outcome.peakLogBytes).toBeLessThanOrEqual(shipper.plan.predictions.logFileBytes);
    });

    test('the queue takes the outage in, at no more bytes a line than the plan reckons with', () => {
      const lines = LINES_PER_SECOND * (RESUME - HALT);
      const perLine = (outcome.outage.queueBytes - outcome.before.queueBytes) / lines;
      // Below the line itself it would not hold it; the envelope is an upper bound of what surrounds it.
      expect(perLine).toBeGreaterThan(LINE_BYTES);
      expect(perLine).toBeLessThanOrEqual(reckonedPerLine(shipper));
      expect(outcome.peakQueueBytes).toBeLessThanOrEqual(shipper.plan.value('diskQueueBytes'));
    });

    test('the exporter reads what this Filebeat says of itself', () => {
      const { before, outage, after } = outcome;
      for (const { metrics } of [before, outage, after]) expect(metrics.log_shipping_up).toBe(1);
      expect(outage.metrics.log_shipping_queue_bytes).toBeGreaterThan(before.metrics.log_shipping_queue_bytes);
      // What waits is what lies in the files of the queue, though Filebeat has forgotten its counters. By the clock it would be
      // a little less than what was written: after its crash Filebeat reads what it has missed.
      const waiting = outage.metrics.log_shipping_queued_events - before.metrics.log_shipping_queued_events;
      const perEvent = (outage.queueBytes - before.queueBytes) / waiting;
      expect(perEvent).toBeGreaterThan(LINE_BYTES);
      expect(perEvent).toBeLessThanOrEqual(reckonedPerLine(shipper));
      expect(after.metrics.log_shipping_queued_events).toBe(0);
      expect(after.metrics.log_shipping_acked_events_total).toBeGreaterThan(0);
      expect(after.metrics.log_shipping_dropped_events_total).toBe(0);
    });
  });

  test('to Elasticsearch: signed in by key, into the index, and what is refused into the one beside it', async () => {
    const [own, logs] = [join(work, 'elasticsearch'), join(work, 'es-app')];
    for (const each of [own, logs]) mkdirSync(each);
    const lines = Array.from({ length: 200 }, (_, n) => `line ${n} ${'.'.repeat(80)}`);
    const refused = (index: string, message: string) => index === 'logs' && message.startsWith('line 7 ');
    const elasticsearch = await startElasticsearch(own, API_KEY, refused);
    const [port] = await freePorts(1);
    const shipper = shipped(logs, { ...SCALE, output: toElasticsearch(elasticsearch.port) });
    const filebeat = new Filebeat(shipper, own, port, { LOG_OUTPUT_API_KEY: API_KEY });
    try {
      writeFileSync(join(logs, 'app.log'), `${lines.join('\n')}\n`);
      filebeat.start();
      await until('every line is in an index', () => count(elasticsearch) >= lines.length);
      const messages = (index: string) => elasticsearch.indices.get(index)?.map(({ message }) => message);
      expect(messages('logs')?.sort()).toEqual(lines.filter((line) => !line.startsWith('line 7 ')).sort());
      expect(elasticsearch.indices.get('logs-rejected')).toHaveLength(1);
      expect(JSON.stringify(elasticsearch.indices.get('logs-rejected'))).toContain('line 7 ');
    } finally {
      await filebeat.kill();
      await elasticsearch.stop();
    }
  }, 120_000);

  test('a queue below the smallest that the plan gives is refused, so that the claims above can fail', async () => {
    const own = join(work, 'wrong');
    mkdirSync(own);
    const good = shipped(folder, { ...SCALE, output: toKafka('localhost:9') });
    const file = (name: string) => good.file(name).replace(/max_size: \d+B/, 'max_size: 9000000B');
    const filebeat = new Filebeat({ ...good, file }, own, 9, { LOG_OUTPUT_USERNAME: 'a', LOG_OUTPUT_PASSWORD: 'b' });
    filebeat.start();
    await until(
      'it gives up',
      () => /disk queue max_size \(9000000\) cannot be less than 10MB/.test(filebeat.said()),
      30,
    );
    await filebeat.kill();
  }, 60_000);
});

function toKafka(broker: string, certificateAuthority?: SecretKey): LogOutput {
  return LogOutput.kafka({
    bootstrapServers: [broker],
    topic: TOPIC,
    username: secret('username'),
    password: secret('password'),
    certificateAuthority,
  });
}

function toElasticsearch(port: number): LogOutput {
  return LogOutput.elasticsearch({
    hosts: [`https://localhost:${port}`],
    index: 'logs',
    apiKey: secret('key'),
    certificateAuthority: secret(CERTIFICATE),
  });
}

/** Writes, rotates and ships; halts the broker, kills Filebeat and lets all go on; then reads the topic. */
async function run(shipper: Shipped, kafka: Kafka, work: string, folder: string): Promise<Outcome> {
  const [statsPort, metricsPort] = await freePorts(2);
  const filebeat = new Filebeat(shipper, work, statsPort, {
    LOG_OUTPUT_USERNAME: 'shipper',
    LOG_OUTPUT_PASSWORD: USERS.shipper,
  });
  const exporter = startExporter(folder, filebeat, metricsPort);
  const rotator = startRotator(shipper.file('logrotate.conf'), shipper.file('rotate.sh'), work);
  const look = async (): Promise<Look> => ({
    logBytes: bytesIn(folder),
    queueBytes: bytesIn(filebeat.queueFolder),
    metrics: await metricsOf(metricsPort),
  });
  const inodes = new Set<number>();
  const peak = { logs: 0, queue: 0 };
  const watch = setInterval(() => {
    peak.logs = Math.max(peak.logs, bytesIn(folder));
    peak.queue = Math.max(peak.queue, bytesIn(filebeat.queueFolder));
    inodes.add(statSync(join(folder, 'app.log'), { throwIfNoEntry: false })?.ino ?? 0);
  }, 50);
  try {
    filebeat.start();
    const up = async () => (await metricsOf(metricsPort).catch(() => ({}) as Look['metrics'])).log_shipping_up === 1;
    await until('exporter and Filebeat answer', up);
    const began = Date.now();
    const second = (seconds: number) => wait(Math.max(0, began + 1000 * seconds - Date.now()));
    const writer = startWriter(join(folder, 'app.log'), LINES_PER_SECOND, SECONDS);
    await second(HALT);
    const before = await look();
    kafka.halt();
    await second(CRASH);
    await filebeat.kill();
    filebeat.start();
    await second(RESUME);
    const outage = await look();
    kafka.resume();
    const writtenLines = await writer.written;
    const shippedAll = async () => (await metricsOf(metricsPort)).log_shipping_queued_events === 0;
    const read = await readTopic(kafka, writtenLines);
    await until('nothing waits in the queue any more', shippedAll);
    const after = await look();
    return {
      ...read,
      writtenLines,
      before,
      outage,
      after,
      rotations: inodes.size - 1,
      peakLogBytes: peak.logs,
      peakQueueBytes: peak.queue,
    };
  } finally {
    clearInterval(watch);
    await filebeat.kill();
    exporter.kill();
    await Promise.all([ended(exporter), endGroup(rotator)]);
  }
}

function startExporter(folder: string, filebeat: Filebeat, port: number): ChildProcess {
  return spawn(process.execPath, [EXPORTER], {
    env: {
      LOG_FOLDER: folder,
      QUEUE_FOLDER: filebeat.queueFolder,
      STATS_URL: filebeat.statsUrl,
      METRICS_PORT: String(port),
      METRICS_HOST: '127.0.0.1',
      SHIPPER: 'shipper',
      NODE_NAME: 'node-1',
    },
    stdio: 'ignore',
  });
}

async function metricsOf(port: number): Promise<Record<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)\{.*\} (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
}

function bytesIn(folder: string): number {
  let bytes = 0;
  try {
    for (const name of readdirSync(folder)) bytes += statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    // Not made yet.
  }
  return bytes;
}

/** Reads until every line was seen and no more messages come. */
async function readTopic(kafka: Kafka, expected: number): Promise<Pick<Outcome, 'messages' | 'lines' | 'nodes'>> {
  const [lines, nodes] = [new Set<number>(), new Set<string>()];
  let [messages, lastAt] = [0, Date.now()];
  const reader = kafka.read(TOPIC, 'reader', (value) => {
    const { message, node } = JSON.parse(value);
    lines.add(lineNumber(message) ?? -1);
    nodes.add(node);
    messages += 1;
    lastAt = Date.now();
  });
  try {
    // Lines that come twice come behind the last new one too: a pause of some seconds is the end.
    const quiet = () => lines.size >= expected && Date.now() - lastAt > 5000;
    await until('all that was shipped is read', quiet, 90).catch((error: Error) =>
      console.warn(`${error.message}: ${lines.size} of ${expected} lines`),
    );
  } finally {
    reader.kill();
    await ended(reader);
  }
  return { messages, lines: lines.size, nodes: [...nodes] };
}

function count({ indices }: Elasticsearch): number {
  return [...indices.values()].reduce((sum, documents) => sum + documents.length, 0);
}

/** Bytes that the plan reckons with for a line in the queue. */
function reckonedPerLine({ plan }: Shipped): number {
  const queue = plan.knobs.find(({ name }) => name === 'diskQueueBytes');
  return LINE_BYTES + Number(queue?.inputs.envelopeBytes);
}

/** What the run says of case 1. */
function claim(shipper: Shipped, outcome: Outcome): void {
  const perLine = (outcome.outage.queueBytes - outcome.before.queueBytes) / (LINES_PER_SECOND * (RESUME - HALT));
  const duplicates = outcome.messages - outcome.lines;
  const common = {
    case: 1,
    construct: 'k8s.LogShipping',
    engine: 'Filebeat 9.0.0, logrotate, Kafka 3.9.1',
    how: `The shipped filebeat.yml and rotation, ${figure(LINES_PER_SECOND)} lines a second for ${SECONDS} s; the broker stands still from second ${HALT} to ${RESUME}, Filebeat is killed at second ${CRASH}. ${outcome.rotations} rotations; ${figure(duplicates)} lines came twice, after the crash.`,
    scaledBy: 'megabytes for gigabytes, seconds for hours: a buffer is rate × time.',
  };
  prove(
    {
      ...common,
      metric: 'lines that arrive',
      unit: 'lines',
      predicted: outcome.writtenLines,
      measured: outcome.lines,
      tolerance: EXACT,
    },
    {
      ...common,
      metric: 'log files at most',
      unit: 'bytes',
      predicted: shipper.plan.predictions.logFileBytes,
      measured: outcome.peakLogBytes,
      // Rotation comes before a file is full.
      tolerance: atMost(0.2),
    },
    {
      ...common,
      metric: 'queue at most',
      unit: 'bytes',
      predicted: shipper.plan.value('diskQueueBytes'),
      measured: outcome.peakQueueBytes,
      // It is planned for an outage of 60 s, and this one has 18.
      tolerance: atMost((0.5 * (RESUME - HALT)) / 60),
    },
    {
      ...common,
      metric: `a line of ${LINE_BYTES} bytes in the queue`,
      unit: 'bytes',
      predicted: reckonedPerLine(shipper),
      measured: perLine,
      // The plan reckons with names of pods that are longer.
      tolerance: atMost(0.5),
    },
  );
}
