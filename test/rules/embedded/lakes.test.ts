/** How near two writers of a table may come to what a rule finds without being found. */
import { check } from '../../../lib/rules/check';
import { readDocuments } from '../../../lib/rules/read';

const DELTA = { 'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension' };
const STORE = { 'spark.delta.logStore.s3a.impl': 'io.delta.storage.S3DynamoDBLogStore' };

const application = (name: string, args: string[], sparkConf: object = DELTA) => ({
  apiVersion: 'sparkoperator.k8s.io/v1beta2',
  kind: 'SparkApplication',
  metadata: { name },
  spec: { restartPolicy: { type: 'Always' }, arguments: args, sparkConf },
});
const found = (...documents: object[]) => {
  const text = documents.map((one) => JSON.stringify(one)).join('\n---\n');
  return check(readDocuments([{ file: 'test.yaml', text }])).filter(({ ruleId }) => ruleId === 'BP-DELTA-001');
};
const glue = (...jobs: object[]) =>
  found({
    Resources: Object.fromEntries(
      jobs.map((DefaultArguments, index) => [
        `Job${index}`,
        { Type: 'AWS::Glue::Job', Properties: { DefaultArguments } },
      ]),
    ),
  });
const job = { '--datalake-formats': 'delta', '--table_path': 's3://lake/counts' };

test('two applications are named, with the table', () => {
  const [one, ...more] = found(
    application('a', ['--table=s3a://lake/counts']),
    application('b', ['--output', 's3://lake/counts/']),
  );
  expect(more).toEqual([]);
  expect(one.message).toMatch(/a and .*b write the Delta table s3:\/\/lake\/counts, and neither has a log store/);
});

test.each<[string, unknown[], number]>([
  ['two jobs of AWS Glue', glue(job, job), 1],
  ['one job with two arguments', glue({ ...job, '--table': 's3://lake/counts' }), 0],
  ['one of them with a log store', glue(job, { ...job, '--conf': 'spark.delta.logStore.s3.impl=x' }), 0],
  ['a setting that a parameter gives', glue(job, { ...job, '--conf': { Ref: 'Conf' } }), 0],
  ['another format', glue(job, { ...job, '--datalake-formats': 'iceberg' }), 0],
  ['another table', glue(job, { ...job, '--table_path': 's3://lake/views' }), 0],
  ['a path that a parameter gives', glue(job, { ...job, '--table_path': { Ref: 'Path' } }), 0],
  ['a table that is read', glue(job, { '--datalake-formats': 'delta', '--source_path': 's3://lake/counts' }), 0],
  [
    'both with a log store',
    found(
      application('a', ['--table=s3a://lake/counts'], { ...DELTA, ...STORE }),
      application('b', ['--table=s3a://lake/counts'], { ...DELTA, ...STORE }),
    ),
    0,
  ],
  [
    'tables that are not of Delta',
    found(application('a', ['--table=s3a://lake/counts'], {}), application('b', ['--table=s3a://lake/counts'], {})),
    0,
  ],
  [
    'a file system with conditional writes',
    found(application('a', ['--table=abfss://lake/counts']), application('b', ['--table=abfss://lake/counts'])),
    0,
  ],
  ['an argument without its value', found(application('a', ['--table']), application('b', ['--table'])), 0],
])('%s', (_, all, count) => expect(all).toHaveLength(count));
