/** What `compact_spark.py` does beside Spark: conditions on partitions, and what goes to CloudWatch. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../../support/reference';

const PROGRAM = `
import json, sys
sys.path.insert(0, sys.argv[1])
import compact, compact_spark

class Client:
    def put_metric_data(self, **given):
        self.given = given

client = Client()
compact_spark.report({"small_files": 36, "run_seconds": 7.5, "rewritten_bytes": 10, "vacuumed_files": 0,
                      "reported_timestamp_seconds": 1, "vacuumed_timestamp_seconds": 1}, "events", client)
quiet = Client()
compact_spark.report({"small_files": 0}, "events", quiet)
given = compact.arguments(json.loads(sys.argv[2]), strict=False)

class Store:
    keeps_order = False
    def files(self):
        return []
    def vacuum(self, hours):
        return 0

def reported(*more):
    told = []
    kept = compact_spark.SparkStore, compact_spark.report, compact.push
    compact_spark.SparkStore = lambda *_: Store()
    compact_spark.report = lambda done, table: told.append("cloudwatch " + table)
    compact.push = lambda given, done: told.append("push " + given.push_gateway)
    out, sys.stdout = sys.stdout, sys.stderr
    try:
        compact_spark.main([*json.loads(sys.argv[2]), *more])
    finally:
        sys.stdout = out
        compact_spark.SparkStore, compact_spark.report, compact.push = kept
    return told
print(json.dumps({
    "where": [compact_spark.predicate(key) for key in [(("day", "2026-01-01"), ("shop", None)), (("name", "it's \\\\ a"),), ()]],
    "namespace": client.given["Namespace"],
    "metrics": client.given["MetricData"],
    "vacuums": [one["Value"] for one in quiet.given["MetricData"] if one["MetricName"] == "Vacuums"],
    "job": given.job,
    "reported": [reported(), reported("--push-gateway=http://push:9091")],
}))
`;

const ours = ['target-bytes', 'small-bytes', 'start-files', 'min-input-files', 'quiet-seconds', 'budget-seconds'];
const more = ['interval-seconds', 'offset-seconds', 'workers', 'vacuum-interval-seconds'];
const args = [
  ...[...ours, ...more].map((name) => `--${name}=1`),
  '--path=s3://lake/events',
  '--vacuum-hours=168',
  '--job=events',
  // Glue's own.
  '--JOB_NAME',
  'lake-events',
  '--enable-glue-datacatalog',
];

const seen = JSON.parse(
  execFileSync(
    process.env.PYTHON ?? 'python3',
    ['-c', PROGRAM, join(ROOT, 'lib', 'runtime', 'compaction'), JSON.stringify(args)],
    { encoding: 'utf8', env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }, stdio: ['ignore', 'pipe', 'ignore'] },
  ),
);

test('a partition is named by all of its values, quoted, and a missing one by IS NULL', () => {
  expect(seen.where).toEqual(["`day` = '2026-01-01' AND `shop` IS NULL", "`name` = 'it\\'s \\\\ a'", '']);
});

test('a run reports each number of its table, with its unit, and no times', () => {
  expect(seen.namespace).toBe('Backpressure/ContinuousCompaction');
  const named = Object.fromEntries(
    seen.metrics.map((one: { MetricName: string; Value: number; Unit: string }) => [
      one.MetricName,
      [one.Value, one.Unit],
    ]),
  );
  expect(named).toEqual({
    Runs: [1, 'Count'],
    Vacuums: [1, 'Count'],
    SmallFiles: [36, 'Count'],
    RunSeconds: [7.5, 'Seconds'],
    RewrittenBytes: [10, 'Bytes'],
    VacuumedFiles: [0, 'Count'],
  });
  for (const { Dimensions } of seen.metrics) expect(Dimensions).toEqual([{ Name: 'Table', Value: 'events' }]);
});

test('a run without a vacuum says so', () => {
  expect(seen.vacuums).toEqual([0]);
});

test('arguments of Glue beside ours are left to Glue', () => {
  expect(seen.job).toBe('events');
});

test('what a run did goes to a Pushgateway where one is given, and to CloudWatch otherwise', () => {
  expect(seen.reported).toEqual([['cloudwatch events'], ['push http://push:9091']]);
});
