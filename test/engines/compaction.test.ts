/**
 * The shipped scripts of ContinuousCompaction on real Delta tables, with the arguments that the manifest gives them: a
 * small table, small targets, the same laws.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Duration } from 'cdk8s';
import type { ContinuousCompactionProps } from '../../lib/k8s/compaction/compaction-props';
import { ContinuousCompaction } from '../../lib/k8s/compaction/continuous-compaction';
import { emptyChart, every, one, written } from '../support/manifest';
import { about, atMost, EXACT, prove } from '../support/proof';
import { pythonMissing, pythonWith } from './venv';

const run = promisify(execFile);
const MIB = 2 ** 20;
const PARTITIONS = 3;
/** 2,000 numbers of 60 random bits, which no compression makes smaller, and their header. */
const ROWS = 2000;
const FILE_BYTES = 19_000;

const missing = pythonMissing();
const suite = missing === undefined ? describe : describe.skip;

const CLAIM = {
  case: 17,
  construct: 'k8s.ContinuousCompaction',
  engine: 'delta-rs 1.6.6 on a local disk',
  how: `The shipped scripts with the arguments of the manifest, on Delta tables of ${PARTITIONS} partitions with files of ${FILE_BYTES / 1000} kB.`,
  scaledBy: 'files of 19 kB and a target of 1 MiB for 2 MB and 128 MiB: what decides is how many files fill one.',
};

interface Seen {
  readonly rows: number;
  readonly sum: number;
  readonly sizes: readonly number[];
  readonly parts: readonly string[];
  readonly version: number;
  readonly optimizes: number;
  readonly writes: number;
}

interface Done {
  readonly small_files: number;
  readonly due_partitions: number;
  readonly partitions: number;
  readonly conflicts: number;
  readonly failures: number;
  readonly removed_files: number;
  readonly added_files: number;
  readonly rewritten_bytes: number;
}

/** Of so many files of each partition between two runs. */
function shipped(
  folder: string,
  filesEach: number,
  given: Partial<ContinuousCompactionProps> = {},
  partitions = PARTITIONS,
) {
  const chart = emptyChart();
  const compaction = new ContinuousCompaction(chart, 'Compaction', {
    workload: {
      filesPerDay: 4 * partitions * filesEach,
      fileBytes: FILE_BYTES,
      openPartitions: partitions,
      bytesPerSecond: 5e6,
      runFixedSeconds: 1,
    },
    objective: { longestRunSeconds: 600, smallFiles: 5000 },
    path: 's3://lake/events',
    image: 'registry.example.net/delta-rs:1.6.6',
    pushGateway: 'http://pushgateway.monitoring:9091',
    targetBytes: MIB,
    interval: Duration.hours(6),
    ...given,
  });
  const all = written(chart);
  const { data } = every(all, 'ConfigMap').find((map) => map.data['compact.py'])!;
  for (const [name, text] of Object.entries<string>(data)) writeFileSync(join(folder, name), text);
  const [container] = one(all, 'CronJob').spec.jobTemplate.spec.template.spec.containers;
  const settings = container.args.filter((text: string) => !/^--(path|push-gateway|job|namespace)=/.test(text));
  const command = (table: string) => [join(folder, 'compact.py'), `--path=${table}`, ...settings];
  return { plan: compaction.plan, command };
}

suite('ContinuousCompaction on Delta tables', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-delta-'));
  let python: string;
  let tables = 0;
  const fresh = () => {
    tables += 1;
    return join(folder, `table-${tables}`);
  };
  const helper = join(__dirname, 'compaction', 'table.py');
  const append = (table: string, filesEach: number, seed: number, rows = ROWS, partitions = PARTITIONS) =>
    run(python, [helper, 'append', table, `${filesEach}`, `${partitions}`, `${rows}`, `${seed}`]);
  const look = async (table: string) => JSON.parse((await run(python, [helper, 'look', table])).stdout) as Seen;
  const compact = async (command: readonly string[]) => {
    const { stdout } = await run(python, [...command]);
    return JSON.parse(stdout.trim().split('\n').pop()!) as Done;
  };

  beforeAll(async () => {
    python = await pythonWith('compaction');
  }, 15 * 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('a run leaves the rows as they are, and as few files as planned; a second one and a stray file start nothing', async () => {
    const { plan, command } = shipped(folder, 100);
    const table = fresh();
    await append(table, 100, 1);
    const before = await look(table);
    const first = await compact(command(table));
    const after = await look(table);
    const bytes = before.sizes.reduce((sum, size) => sum + size, 0);
    const planned = PARTITIONS * Math.ceil(bytes / PARTITIONS / plan.value('targetBytes'));
    prove(
      {
        ...CLAIM,
        metric: 'rows after a run',
        unit: 'rows',
        predicted: before.rows,
        measured: after.rows,
        tolerance: EXACT,
      },
      {
        ...CLAIM,
        metric: 'files after a run, of 300',
        unit: 'files',
        predicted: planned,
        measured: after.sizes.length,
        tolerance: EXACT,
      },
    );
    expect(after.sum).toBe(before.sum);
    expect(first).toMatchObject({ small_files: 300, partitions: 3, conflicts: 0, failures: 0 });

    const second = await compact(command(table));
    expect(second).toMatchObject({ partitions: 0, removed_files: 0, added_files: 0 });
    expect((await look(table)).version).toBe(after.version);

    // "More than 100 files, or one below 20 MB" holds before and after each of its runs.
    await append(table, 1, 2, ROWS, 1);
    const stray = await compact(command(table));
    expect(stray).toMatchObject({ partitions: 0, removed_files: 0 });
    expect((await look(table)).optimizes).toBe(after.optimizes);
    prove({
      ...CLAIM,
      metric: 'commits of the run, one a partition, and of two more runs with nothing to do',
      unit: 'commits',
      predicted: PARTITIONS,
      measured: (await look(table)).optimizes,
      tolerance: EXACT,
    });
  }, 180_000);

  test.each([
    [60, 1.2, MIB, 6],
    [30, 5, 2.5 * MIB, 8],
  ])(
    '%d files a partition and run: the bytes rewritten for each new one follow the formula',
    async (each, writeAmplification, targetBytes, rounds) => {
      const objective = { longestRunSeconds: 600, smallFiles: 5000, writeAmplification };
      const { plan, command } = shipped(folder, each, { objective, targetBytes });
      const table = fresh();
      let [rewritten, runs] = [0, 0];
      for (let round = 0; round < rounds; round += 1) {
        await append(table, each, round);
        const done = await compact(command(table));
        expect(done).toMatchObject({ partitions: PARTITIONS, conflicts: 0, failures: 0 });
        rewritten += done.rewritten_bytes;
        runs += 1;
      }
      const added = rounds * each * PARTITIONS * FILE_BYTES;
      expect(runs).toBe(rounds);
      // Each of them left a part-filled file a partition; nothing fits beside it, and it is never due again.
      expect(await compact(command(table))).toMatchObject({ due_partitions: 0, partitions: 0, rewritten_bytes: 0 });
      prove({
        ...CLAIM,
        metric: `bytes rewritten for each new one, ${each} files a partition and run`,
        unit: 'ratio',
        predicted: plan.predictions.writeAmplification,
        measured: rewritten / added,
        tolerance: about(0.1),
      });
    },
    300_000,
  );

  test('an appender beside it meets no conflict, and neither loses a row', async () => {
    const { command } = shipped(folder, 100);
    const table = fresh();
    await append(table, 100, 1);
    const writer = append(table, 40, 2);
    let conflicts = 0;
    let runs = 0;
    for (let writing = true; writing; ) {
      const done = await compact(command(table));
      if (done.partitions > 0) runs += 1;
      conflicts += done.conflicts;
      expect(done.failures).toBe(0);
      writing = (await Promise.race([writer.then(() => 'written'), wait(0)])) !== 'written';
    }
    await writer;
    const seen = await look(table);
    expect(runs).toBeGreaterThan(0);
    expect(conflicts).toBe(0);
    prove({
      ...CLAIM,
      metric: 'rows of 420 appends, 120 of them beside runs',
      unit: 'rows',
      predicted: 420 * ROWS,
      measured: seen.rows,
      tolerance: EXACT,
    });
  }, 300_000);

  test('a run that is killed in the middle loses nothing; the next one finishes', async () => {
    const partitions = 20;
    const objective = { longestRunSeconds: 600, smallFiles: 5000, writeAmplification: 3 };
    const { command } = shipped(folder, 30, { objective }, partitions);
    const table = fresh();
    await append(table, 30, 1, ROWS, partitions);
    const before = await look(table);
    const killed = spawn(python, [...command(table), '--start-files=1'], { stdio: 'ignore' });
    const ended = once(killed, 'exit');
    const log = () => readdirSync(join(table, '_delta_log')).filter((name) => /^\d+\.json$/.test(name)).length;
    const commits = log();
    while (log() < commits + 2 && killed.exitCode === null) await wait(1);
    killed.kill('SIGKILL');
    await ended;
    const between = await look(table);
    expect(killed.signalCode).toBe('SIGKILL');
    expect(between.optimizes).toBeGreaterThan(0);
    expect(between.optimizes).toBeLessThan(partitions);
    expect([between.rows, between.sum]).toEqual([before.rows, before.sum]);
    const rest = await compact([...command(table), '--start-files=1']);
    const after = await look(table);
    expect(rest.failures).toBe(0);
    expect([after.rows, after.sum]).toEqual([before.rows, before.sum]);
    prove({
      ...CLAIM,
      metric: 'partitions rewritten by a run that is killed and by the next one',
      unit: 'partitions',
      predicted: partitions,
      measured: between.optimizes + rest.partitions,
      tolerance: EXACT,
    });
  }, 300_000);

  test('a vacuum of less than a week is refused before the table is read', async () => {
    const { command } = shipped(folder, 100);
    const refused = run(python, [...command(join(folder, 'nowhere')), '--vacuum-hours=0']);
    await expect(refused).rejects.toThrow('--vacuum-hours must be at least 168');
  });

  test('a run keeps within the memory of its container', async () => {
    const each = 30;
    const { plan, command } = shipped(folder, each, {
      targetBytes: 128 * MIB,
      interval: undefined,
      workload: { filesPerDay: 8 * each, fileBytes: 4e6, openPartitions: 2, bytesPerSecond: 35e6 },
    });
    const table = fresh();
    await append(table, each, 1, 400_000, 2);
    const asked = [python, ...command(table), '--start-files=1', '--min-input-files=2'];
    const { stdout } = await run(python, [helper, 'measured', ...asked]);
    const { code, mib, out } = JSON.parse(stdout) as { code: number; mib: number; out: string };
    expect([code, (JSON.parse(out) as Done).removed_files]).toEqual([0, 2 * each]);
    prove({
      ...CLAIM,
      metric: 'memory of a run at most, files of 3.5 MB and a target of 128 MiB',
      unit: 'MiB',
      predicted: plan.value('memoryMiB'),
      measured: mib,
      tolerance: atMost(0.1),
    });
  }, 300_000);
});
