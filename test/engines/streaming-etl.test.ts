/**
 * Case 3 on a real Kafka, Spark and Delta Lake, with the job as it is shipped: a first batch that is bounded, a driver that is
 * killed in the middle of a MERGE, records that are bad or late, and the age of the table against the plan.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planEtl } from '../../lib/flow/etl/plan';
import { groupPrefix, planArguments } from '../../lib/flow/etl/settings';
import type { EtlQuestion } from '../../lib/flow/etl/workload';
import { about, atMost, EXACT, prove } from '../support/proof';
import { ROOT } from '../support/reference';
import { until } from '../support/until';
import { type Kafka, kafkaMissing, startKafka } from './kafka';
import { installSpark, type SparkProgram, sparkMissing, startSpark } from './spark';

const JOB = join(ROOT, 'lib', 'runtime', 'streaming-etl', 'job.py');
const TOPIC = 'views';
const USER = 'admin';
const PASSWORD = 'admin-4Qp7';
const ENGINE = 'Kafka 3.9, Spark 3.5, Delta Lake 3.3';
const BACKLOG = 60_000;
const MOST_OFFSETS = 20_000;
const TRIGGER_SECONDS = 8;
const CORES = 2;
const PAGES = 8;
const LATE = 5;
const FIRST_TIME = Date.UTC(2026, 2, 1);
/** Records a second of event time, so that the backlog is some 50 minutes. */
const PER_EVENT_SECOND = 20;
const PEAK = 1000;
const BAD = ['not json', `{"page":null,"at":"${at(0)}"}`, '{"page":"p0","at":"2099-01-01T00:00:00.000Z"}'];

function at(index: number): string {
  return new Date(FIRST_TIME + (1000 * index) / PER_EVENT_SECOND).toISOString();
}

const view = (index: number) => `{"page":"p${index % PAGES}","at":"${at(index)}"}`;

interface Costs {
  readonly batchSeconds: number;
  readonly coreSecondsPerRecord: number;
}

const question = (costs: Costs, freshnessSeconds: number): EtlQuestion => ({
  workload: {
    steadyPerSecond: PEAK,
    recordBytes: 50,
    windowSeconds: 300,
    lateSeconds: 600,
    keysPerWindow: PAGES,
    ...costs,
  },
  objective: { freshnessSeconds, outageSeconds: 60 },
  platform: 'spark-operator',
  outputMode: 'update',
  executors: 1,
  executorCores: CORES,
});

/** Before anything is measured: trigger and bound are given by hand. */
const FIRST = planEtl('Views', {
  ...question({ batchSeconds: 2, coreSecondsPerRecord: 1e-4 }, 60),
  triggerSeconds: TRIGGER_SECONDS,
  maxOffsetsPerTrigger: MOST_OFFSETS,
});

const missing = kafkaMissing() ?? sparkMissing();
const described = missing ? describe.skip : describe;

described(`StreamingEtl on a real Kafka and Spark${missing ? ` (${missing})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-etl-'));
  const [table, checkpoint] = [join(folder, 'table'), join(folder, 'checkpoint')];
  let kafka: Kafka;
  let job: SparkProgram | undefined;
  let sent = 0;
  let measured: Costs | undefined;
  const outputs: string[] = [];

  beforeAll(async () => {
    await installSpark();
    kafka = await startKafka({ [USER]: PASSWORD });
    const partitions = ['--create', '--topic', TOPIC, '--partitions', '2'];
    await kafka.tool('org.apache.kafka.tools.TopicCommand', USER, partitions);
  }, 20 * 60_000);

  afterAll(async () => {
    await job?.kill();
    await kafka?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Writes lines and waits until the broker has them. */
  async function send(lines: readonly string[]): Promise<void> {
    const writer = kafka.writer(TOPIC, USER);
    const ended = new Promise((resolve) => writer.once('exit', resolve));
    writer.stdin?.end(lines.map((line) => `${line}\n`).join(''));
    await ended;
    sent += lines.length;
  }

  function start(plan = FIRST): SparkProgram {
    const jaas = join(folder, 'jaas');
    const module = 'org.apache.kafka.common.security.scram.ScramLoginModule';
    writeFileSync(jaas, `${module} required username="${USER}" password="${PASSWORD}";\n`);
    job = startSpark(folder, JOB, [
      '--query-name=views',
      `--bootstrap-servers=${kafka.plainBroker}`,
      `--topic=${TOPIC}`,
      `--table=${table}`,
      `--checkpoint=${checkpoint}`,
      '--schema=page STRING, at TIMESTAMP',
      '--event-time=at',
      '--keys=page',
      ...planArguments(plan),
      `--group-prefix=${groupPrefix('views')}`,
      '--kafka-option=kafka.security.protocol=SASL_PLAINTEXT',
      '--kafka-option=kafka.sasl.mechanism=SCRAM-SHA-512',
      `--sasl-jaas-file=${jaas}`,
    ]);
    return job;
  }

  const log = (query: string, part: 'offsets' | 'commits'): number[] => {
    const place = join(checkpoint, query, part);
    return existsSync(place)
      ? readdirSync(place)
          .filter((name) => /^\d+$/.test(name))
          .map(Number)
          .sort((a, b) => a - b)
      : [];
  };
  const offsetsFile = (query: string, batch: number) =>
    readFileSync(join(checkpoint, query, 'offsets', String(batch)), 'utf8').split('\n');
  /** Records until the end of a batch. */
  const endOf = (batch: number, query = 'main'): number =>
    batch < 0
      ? 0
      : Object.values<number>(JSON.parse(offsetsFile(query, batch)[2])[TOPIC]).reduce((sum, offset) => sum + offset, 0);
  const startOf = (batch: number): number => JSON.parse(offsetsFile('main', batch)[1]).batchTimestampMs / 1000;
  const committedAt = (batch: number): number =>
    statSync(join(checkpoint, 'main', 'commits', String(batch))).mtimeMs / 1000;
  const lengthOf = (batch: number): number => committedAt(batch) - startOf(batch);
  const taken = (batch: number): number => endOf(batch) - endOf(batch - 1);
  const filesIn = (place: string): number =>
    existsSync(place)
      ? readdirSync(place, { recursive: true }).filter((name) => String(name).endsWith('.parquet')).length
      : 0;

  /** Waits for a condition, and fails as soon as the job has ended. */
  const whileRunning = (what: string, holds: () => boolean, seconds = 120) =>
    until(
      what,
      () => {
        if (job?.process.exitCode !== null) throw new Error(`the job ended:\n${job?.output().slice(-6000)}`);
        return holds();
      },
      seconds,
    );

  /** Until both queries have committed all that was sent. */
  async function caughtUp(): Promise<void> {
    await whileRunning(
      `all ${sent} records are committed`,
      () =>
        ['main', 'rejected'].every((query) => {
          const last = log(query, 'commits').at(-1);
          return last !== undefined && endOf(last, query) === sent;
        }),
      240,
    );
  }

  async function read(): Promise<{ records: number; rows: number; keys: number; rejected: number; places: number }> {
    const reader = startSpark(folder, join(__dirname, 'spark', 'read.py'), [table, `${table}_rejected`]);
    await reader.ended;
    const found = reader.output().match(/^FOUND (.*)$/m)?.[1];
    if (found === undefined) throw new Error(reader.output().slice(-4000));
    return JSON.parse(found);
  }

  test('a first start behind a backlog reads no more than it may', async () => {
    await send([...Array.from({ length: BACKLOG }, (_, index) => view(index)), ...BAD]);
    start();
    await whileRunning('the first batch is planned', () => log('main', 'offsets').length > 0, 120);
    prove({
      case: 3,
      construct: 'k8s.StreamingEtl',
      metric: `records of the first batch, ${BACKLOG} behind`,
      unit: 'records',
      predicted: MOST_OFFSETS,
      measured: endOf(0),
      // The bound is shared out over partitions, and each share is rounded down.
      tolerance: atMost(0.999),
      engine: ENGINE,
      how: 'the shipped job started behind a backlog; offsets of the first batch in the checkpoint',
      scaledBy: '20,000 records in place of 375,000: a bound of the source, whatever its number',
    });
  }, 180_000);

  test('a driver that is killed in the middle of a MERGE loses nothing and counts nothing twice', async () => {
    await whileRunning('the first batch is committed', () => log('main', 'commits').length > 0, 120);
    const before = filesIn(table);
    await whileRunning(
      'a MERGE has written a file and its batch is not committed',
      () => (log('main', 'offsets').at(-1) ?? 0) > (log('main', 'commits').at(-1) ?? 0) && filesIn(table) > before,
      120,
    );
    const cut = log('main', 'offsets').at(-1) ?? 0;
    await job?.kill();
    outputs.push(job?.output() ?? '');
    expect(log('main', 'commits')).not.toContain(cut);
    start();
    await caughtUp();
  }, 360_000);

  test('records behind the watermark are dropped, and batches of few and of many records are measured', async () => {
    // All of the first minute, hours behind the watermark; each is a window and key of its own.
    const late = Array.from({ length: LATE }, (_, index) => `{"page":"late${index}","at":"${at(index)}"}`);
    await send(late);
    await caughtUp();
    // The next batch begins with a watermark, and takes few records: the fixed part.
    for (let round = 0; round < 3; round += 1) {
      await send([view(BACKLOG + round)]);
      await caughtUp();
    }
    const small = log('main', 'commits').filter((batch) => batch > 0 && taken(batch) > 0 && taken(batch) < 100);
    const large = log('main', 'commits').filter((batch) => batch > 0 && taken(batch) > 0.99 * MOST_OFFSETS);
    const median = (batches: readonly number[]) =>
      batches.map(lengthOf).sort((a, b) => a - b)[Math.floor(batches.length / 2)];
    const batchSeconds = median(small);
    const last = large.at(-1) ?? Number.NaN;
    const coreSecondsPerRecord = ((lengthOf(last) - batchSeconds) * CORES) / MOST_OFFSETS;
    measured = { batchSeconds, coreSecondsPerRecord };
    expect(coreSecondsPerRecord).toBeGreaterThan(0);
  }, 360_000);

  /** Tells the driver to end, which it does between two batches. */
  async function stop(): Promise<void> {
    job?.process.kill('SIGTERM');
    expect(await job?.ended).toBe(0);
    outputs.push(job?.output() ?? '');
  }

  test('measured numbers of a batch, given to the plan, predict the age of the table after the job was upgraded', async () => {
    const costs = measured as Costs;
    const plan = planEtl('Views', question(costs, Math.ceil(Math.max(30, 6 * costs.batchSeconds))));
    const triggerSeconds = plan.value('triggerSeconds');
    // The old driver is gone before the new one begins, on the same checkpoint.
    await stop();
    const from = log('main', 'commits').length;
    start(plan);
    const writer = kafka.writer(TOPIC, USER);
    const ended = new Promise((resolve) => writer.once('exit', resolve));
    const seconds = 6 * triggerSeconds;
    for (let second = 0, begun = Date.now(); second < seconds; second += 1) {
      const lines = Array.from({ length: PEAK }, (_, index) => view(BACKLOG + 10 + second * PEAK + index));
      writer.stdin?.write(lines.map((line) => `${line}\n`).join(''));
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + 1000 * (second + 1) - Date.now())));
    }
    writer.stdin?.end();
    await ended;
    sent += seconds * PEAK;
    await caughtUp();
    // Whole batches of the stream, not those of its beginning and end.
    const whole = log('main', 'commits').filter((batch) => batch > from && taken(batch) > 0.9 * PEAK * triggerSeconds);
    expect(whole.length).toBeGreaterThan(2);
    const ages = whole.map((batch) => committedAt(batch) - startOf(batch - 1)).sort((a, b) => a - b);
    prove({
      case: 3,
      construct: 'k8s.StreamingEtl',
      metric: 'age of the oldest record of a batch',
      unit: 's',
      predicted: plan.predictions.oldestRecordSeconds,
      measured: ages[Math.floor(ages.length / 2)],
      tolerance: about(0.3),
      engine: ENGINE,
      how: `${PEAK} records/s for six triggers, with the plan of the fixed part of a batch and the seconds of a record that were measured before; the median batch, from checkpoint files`,
      scaledBy: 'a shorter trigger and one executor of two cores: the law is linear in both',
    });
  }, 900_000);

  test('each record is in the table once, set aside with its place, or counted as late', async () => {
    await stop();
    // Spark's own output may stand before it in a line.
    const lines = [...outputs.join('\n').matchAll(/\{"backpressure".*?\}/g)].map(([line]) => JSON.parse(line));
    const found = await read();
    expect(found.keys).toBe(found.rows);
    expect(found.places).toBe(found.rejected);
    const how = 'the driver killed by SIGKILL in a MERGE and started again; both tables read at the end';
    const scaledBy = 'fewer records: each is counted';
    const common = {
      case: 3,
      construct: 'k8s.StreamingEtl',
      engine: ENGINE,
      unit: 'records',
      tolerance: EXACT,
      how,
      scaledBy,
    };
    prove(
      {
        ...common,
        metric: 'records counted in the table',
        predicted: sent - BAD.length - LATE,
        measured: found.records,
      },
      { ...common, metric: 'records set aside as bad', predicted: BAD.length, measured: found.rejected },
      {
        ...common,
        metric: 'records counted as late',
        predicted: LATE,
        measured: lines.reduce((sum, { lateRecords }) => sum + lateRecords, 0),
      },
    );
  }, 180_000);

  test("the seed's snippet: update into a Delta sink never starts, and append shows a window 15 minutes after its beginning", async () => {
    const seed = join(folder, 'seed');
    mkdirSync(seed);
    const program = startSpark(seed, join(__dirname, 'spark', 'seed.py'), [seed]);
    await program.ended;
    const found = program.output().match(/^FOUND (.*)$/m)?.[1];
    if (found === undefined) throw new Error(program.output().slice(-4000));
    const { update, shown } = JSON.parse(found);
    expect(update).toMatch(/does not support Update output mode/);
    expect(shown).toEqual({ 0: 0, 600: 0, 899: 0, 901: 1 });
  }, 180_000);
});
