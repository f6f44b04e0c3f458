/**
 * What `decide.py` and `compact.py` do, without delta-rs: the store is a list. Python reads a scenario, and prints what
 * the run did.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../../support/reference';

const FOLDER = join(ROOT, 'lib', 'runtime', 'compaction');

interface File {
  readonly partition: string;
  readonly size: number;
  readonly modified?: number;
}

interface Scenario {
  readonly files: readonly File[];
  /** Partitions whose rewriting fails, and how. */
  readonly fails?: Readonly<Record<string, 'conflict' | 'error'>>;
  /** Seconds that a partition takes. */
  readonly partitionSeconds?: number;
  /** As delta-rs; false is Spark. */
  readonly keepsOrder?: boolean;
  readonly vacuumFails?: boolean;
  readonly now?: number;
  readonly times?: number;
  readonly settings?: readonly string[];
}

const HARNESS = `
import json, sys
sys.path.insert(0, sys.argv[1])
import compact
from decide import File
scenario = {}

class Conflict(Exception):
    pass

class Store:
    def __init__(self):
        self.keeps_order = scenario.get("keepsOrder", True)
        self.all = [File((one["partition"],), one["size"], one.get("modified", 0)) for one in scenario["files"]]
        self.now = scenario.get("now", 1e9)
        self.compacted = []
        self.vacuums = []
    def files(self):
        return list(self.all)
    def compact(self, key, target):
        self.now += scenario.get("partitionSeconds", 1)
        fails = scenario.get("fails", {}).get(key[0])
        if fails == "conflict":
            raise Conflict("a writer was faster")
        if fails == "error":
            raise OSError("no right to write")
        mine = [one for one in self.all if one.partition == key]
        self.all = [one for one in self.all if one.partition != key]
        size = sum(one.size for one in mine)
        parts = [target] * (size // target) + ([size % target] if size % target else [])
        self.all += [File(key, part, self.now) for part in parts]
        self.compacted.append(key[0])
        return len(mine), len(parts), size
    def vacuum(self, hours):
        if scenario.get("vacuumFails"):
            raise OSError("no right to list")
        self.vacuums.append(hours)
        return 7
    def is_conflict(self, error):
        return isinstance(error, Conflict)

base = ["--path=t", "--target-bytes=1000", "--small-bytes=750", "--start-files=20", "--min-input-files=5", "--quiet-seconds=0",
        "--budget-seconds=100", "--interval-seconds=21600", "--offset-seconds=0", "--workers=1", "--vacuum-hours=168",
        "--vacuum-interval-seconds=86400"]
outcomes = []
for scenario in json.loads(sys.stdin.read()):
    store, said, done = Store(), [], None
    for _ in range(scenario.get("times", 1)):
        done = compact.run(compact.arguments(base + scenario.get("settings", [])), store, lambda: store.now, said.append)
    outcomes.append({"done": done, "said": said, "compacted": store.compacted, "vacuums": store.vacuums})
print(json.dumps(outcomes))
`;

interface Outcome {
  readonly done: Readonly<Record<string, number>>;
  readonly said: readonly Readonly<Record<string, unknown>>[];
  readonly compacted: readonly string[];
  readonly vacuums: readonly number[];
}

/** Scenarios in one process, each with a table of its own: an interpreter takes longer to start than all of them. */
function runs(scenarios: readonly Scenario[]): Outcome[] {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const options = { input: JSON.stringify(scenarios), encoding: 'utf8', env, stdio: 'pipe' } as const;
  return JSON.parse(execFileSync(process.env.PYTHON ?? 'python3', ['-c', HARNESS, FOLDER], options));
}

const run = (scenario: Scenario) => runs([scenario])[0];

const files = (partition: string, count: number, size = 100, modified = 0): File[] =>
  Array.from({ length: count }, () => ({ partition, size, modified }));

test('from startFiles on, fullest partition first, a commit each', () => {
  const { compacted, done } = run({ files: [...files('a', 12), ...files('b', 30), ...files('c', 12)] });
  expect(compacted).toEqual(['b', 'a', 'c']);
  expect(done).toMatchObject({ small_files: 54, partitions: 3, rewritten_bytes: 5400, failures: 0, conflicts: 0 });
});

test('a second run does nothing, and neither does any further one', () => {
  const { compacted, done } = run({ files: [...files('a', 15), ...files('b', 30)], times: 5 });
  expect(compacted).toEqual(['b', 'a']);
  // 15 × 100 and 30 × 100 bytes in files of 1000: one is left part-filled.
  expect(done).toMatchObject({ small_files: 0, left_files: 1, partitions: 0, rewritten_bytes: 0 });
});

test('one stray file starts nothing, and one file below startFiles is one too few', () => {
  const tables = [[...files('a', 50, 900), ...files('a', 1)], files('a', 19), files('a', 20)];
  expect(runs(tables.map((all) => ({ files: all }))).map(({ compacted }) => compacted)).toEqual([[], [], ['a']]);
});

test('large files are not small, and a partition with fewer than minInputFiles is left', () => {
  const { compacted, done } = run({ files: [...files('a', 25), ...files('b', 4), ...files('c', 40, 750)] });
  expect(compacted).toEqual(['a']);
  expect(done).toMatchObject({ small_files: 25, left_files: 4 });
});

test('a part-filled file between full ones is never due again on delta-rs, and is joined with new ones on Spark', () => {
  const rounds = Array.from({ length: 10 }, () => [...files('a', 1, 400), ...files('a', 2, 1000)]).flat();
  const settings = ['--start-files=5'];
  const [stuck, spark, fresh] = runs([
    { files: rounds, settings },
    { files: rounds, settings, keepsOrder: false },
    { files: [...files('a', 6), ...rounds], settings },
  ]);
  expect(stuck.done).toMatchObject({ small_files: 0, left_files: 10, due_partitions: 0 });
  expect(spark.done).toMatchObject({ small_files: 10, due_partitions: 1 });
  // The newest part-filled file is beside the new ones.
  expect(fresh.done).toMatchObject({ small_files: 7, left_files: 9, due_partitions: 1 });
});

test('a partition that is written to is left alone while it is not quiet; a clock that is behind changes nothing', () => {
  const written = [8801, 8800, 20_000];
  const asked = runs(
    written.map((at) => ({ files: files('a', 30, 100, at), now: 10_000, settings: ['--quiet-seconds=1200'] })),
  );
  expect(asked.map(({ compacted }) => compacted)).toEqual([[], ['a'], []]);
  expect(asked[0].done.small_files).toBe(30);
});

test('after the budget no partition is begun: it waits for the next run', () => {
  const { compacted, done } = run({
    files: [...files('a', 30), ...files('b', 20), ...files('c', 10)],
    partitionSeconds: 60,
    settings: ['--budget-seconds=100'],
  });
  expect(compacted).toEqual(['a', 'b']);
  expect(done).toMatchObject({ partitions: 2, waiting_partitions: 1, run_seconds: 120 });
});

test('a conflict gives up one partition, and is no failure', () => {
  const { compacted, done, said } = run({ files: [...files('a', 30), ...files('b', 20)], fails: { a: 'conflict' } });
  expect(compacted).toEqual(['b']);
  expect(done).toMatchObject({ conflicts: 1, failures: 0, partitions: 1 });
  expect(said[0]).toMatchObject({ partition: ['a'], error: 'Conflict: a writer was faster' });
});

test('a partition that fails does not stop the others, and is found again by the next run', () => {
  const scenario: Scenario = { files: [...files('a', 30), ...files('b', 20)], fails: { a: 'error' } };
  expect(run(scenario).done).toMatchObject({ conflicts: 0, failures: 1, partitions: 1 });
  expect(run({ ...scenario, times: 2 }).done).toMatchObject({ small_files: 30, failures: 1 });
});

describe('the vacuum', () => {
  const at = (offset: number, ...times: number[]) =>
    runs(times.map((now) => ({ files: [], now, settings: [`--offset-seconds=${offset}`] }))).map(
      ({ vacuums }) => vacuums.length,
    );
  const midnight = 86_400 * 20_000;

  test('comes with the first run of a day, also a late one, and with no other', () => {
    const starts = [0, 1, 2, 3].map((index) => midnight + index * 21_600);
    expect(at(0, ...starts, midnight + 3600)).toEqual([1, 0, 0, 0, 1]);
    // The last of these started 3 hours late, beyond the interval that began at midnight.
    const later = starts.map((start) => start + 20_000);
    expect(at(20_000, ...later, midnight + 20_000 + 10_800)).toEqual([1, 0, 0, 0, 1]);
  });

  test('comes also when there is nothing to rewrite, and its failure is one', () => {
    expect(run({ files: [], now: midnight }).done).toMatchObject({ vacuumed_files: 7, partitions: 0, failures: 0 });
    const failed = run({ files: [], now: midnight, vacuumFails: true });
    expect(failed.done.failures).toBe(1);
    // The time of the last one stays at the Pushgateway.
    expect(failed.done).not.toHaveProperty('vacuumed_timestamp_seconds');
  });

  test('of less than a week is refused', () => {
    expect(() => run({ files: [], settings: ['--vacuum-hours=167'] })).toThrow(/at least 168/);
    expect(() => run({ files: [], settings: ['--vacuum-hours=0'] })).toThrow(/at least 168/);
  });
});
