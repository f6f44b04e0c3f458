/** The shipped scripts for Spark on a real Delta table, with the arguments that the manifest gives them. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration } from 'cdk8s';
import { ContinuousCompaction } from '../../lib/k8s/compaction/continuous-compaction';
import { emptyChart, every, one, written } from '../support/manifest';
import { EXACT, prove } from '../support/proof';
import { installSpark, sparkMissing, startSpark } from './spark';

const MIB = 2 ** 20;
const PARTITIONS = 3;
const FILES = 100;

const CLAIM = {
  case: 17,
  construct: 'k8s.ContinuousCompaction',
  engine: 'Spark 3.5.7, Delta Lake 3.3.1',
  how: `compact_spark.py with the arguments of the ScheduledSparkApplication, in one driver, on a Delta table of ${PARTITIONS} partitions with ${FILES} files of 14 kB each.`,
  scaledBy: 'files of 14 kB and a target of 1 MiB for 2 MB and 128 MiB: what decides is how many files fill one.',
  tolerance: EXACT,
};

const suite = sparkMissing() === undefined ? describe : describe.skip;

interface Seen {
  readonly rows: number;
  readonly sum: number;
  readonly files: number;
  readonly optimizes: number;
  readonly code?: number;
}

suite('ContinuousCompaction on a Delta table of Spark', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-spark-'));
  const table = join(folder, 'table');
  const chart = emptyChart();
  const { plan } = new ContinuousCompaction(chart, 'Compaction', {
    workload: {
      filesPerDay: 4 * PARTITIONS * FILES,
      fileBytes: 14_000,
      openPartitions: PARTITIONS,
      bytesPerSecond: 5e6,
      runFixedSeconds: 1,
    },
    objective: { longestRunSeconds: 600, smallFiles: 5000, writeAmplification: 2 },
    path: 's3a://lake/events',
    image: 'registry.example.net/spark-delta:3.5.7',
    pushGateway: 'http://pushgateway.monitoring:9091',
    targetBytes: MIB,
    interval: Duration.hours(6),
    spark: {},
  });
  const all = written(chart);
  const pushed: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      pushed.push(`${request.url}\n${body}`);
      response.end();
    });
  });
  let seen: Readonly<Record<'before' | 'first' | 'second' | 'stray', Seen>>;

  beforeAll(async () => {
    await installSpark();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { data } = every(all, 'ConfigMap').find((map) => map.data['compact_spark.py'])!;
    for (const [name, text] of Object.entries<string>(data)) writeFileSync(join(folder, name), text);
    const { template } = one(all, 'ScheduledSparkApplication').spec;
    const settings = template.arguments.filter((text: string) => !/^--(path|push-gateway)=/.test(text));
    const program = startSpark(folder, join(__dirname, 'compaction', 'spark.py'), [
      folder,
      table,
      ...settings,
      `--push-gateway=http://127.0.0.1:${port}`,
    ]);
    const code = await program.ended;
    const said = /^SEEN (.*)$/m.exec(program.output())?.[1];
    if (code !== 0 || said === undefined) throw new Error(program.output().slice(-4000));
    seen = JSON.parse(said);
  }, 15 * 60_000);
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const number = (report: string, name: string) =>
    Number(new RegExp(`^continuous_compaction_${name} (\\S+)$`, 'm').exec(report)?.[1]);

  test('a run leaves the rows as they are, and as few files as their bytes fill', () => {
    const { before, first } = seen;
    expect(before.files).toBe(PARTITIONS * FILES);
    expect([first.code, first.rows, first.sum]).toEqual([0, before.rows, before.sum]);
    const bytes = number(pushed[0], 'rewritten_bytes');
    const predicted = PARTITIONS * Math.ceil(bytes / PARTITIONS / plan.value('targetBytes'));
    prove(
      { ...CLAIM, metric: 'rows after a run', unit: 'rows', predicted: before.rows, measured: first.rows },
      { ...CLAIM, metric: 'files after a run, of 300', unit: 'files', predicted, measured: first.files },
    );
    expect(number(pushed[0], 'small_files')).toBe(PARTITIONS * FILES);
    expect(first.optimizes).toBe(PARTITIONS);
  });

  test('a run right after it finds nothing to do', () => {
    expect([seen.second.code, seen.second.optimizes]).toEqual([0, seen.first.optimizes]);
    expect(number(pushed[1], 'partitions')).toBe(0);
  });

  test('trap: one stray file starts nothing', () => {
    const { first, stray } = seen;
    expect([stray.code, stray.files]).toEqual([0, first.files + 1]);
    prove({
      ...CLAIM,
      metric: 'commits of the run, one a partition, and of two more runs with nothing to do',
      unit: 'commits',
      predicted: PARTITIONS,
      measured: stray.optimizes,
    });
  });

  test('each run reports to its group of the Pushgateway', () => {
    const { name } = one(all, 'ScheduledSparkApplication').metadata;
    expect(pushed.map((one) => one.split('\n')[0])).toEqual(Array(3).fill(`/metrics/job/${name}/namespace/shop`));
    for (const report of pushed) expect(number(report, 'failures')).toBe(0);
  });

  test('a file on disk is as large as the plan was told', () => {
    const sizes = readdirSync(join(table, 'day=0'))
      .filter((name) => name.endsWith('.parquet'))
      .map((name) => statSync(join(table, 'day=0', name)).size)
      .sort((a, b) => a - b);
    expect(Math.abs(sizes[0] / 14_000 - 1)).toBeLessThan(0.2);
  });
});
