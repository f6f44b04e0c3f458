/** How near a program for Spark may come to what a rule finds without being found. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../../../lib/rules/check';
import { readDocuments } from '../../../lib/rules/read';
import { ROOT } from '../../support/reference';

const idsIn = (program: string) => {
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'etl' }, data: { 'etl.py': program } };
  const findings = check(readDocuments([{ file: 'test.json', text: JSON.stringify(manifest) }]));
  return [...new Set(findings.map(({ ruleId }) => ruleId))].sort();
};

const WRITE = 'counts.writeStream.outputMode("append").format("delta").start("/t")';
const MERGE = (set: string) =>
  `t.merge(b.alias("s"), "t.k = s.k").whenMatchedUpdate(set={"cnt": "${set}"}).whenNotMatchedInsertAll().execute()`;
const APPEND = (options: string) =>
  `def write(batch, batch_id):\n    batch.write.format("delta").mode("append")${options}.save("/t")\n\nrows = 1\n`;
const READ = 'spark.readStream.format("kafka").option("maxOffsetsPerTrigger", 5)';

test.each([
  ['a stream without a checkpoint', WRITE, ['BP-SPARK-003']],
  ['to a table of the catalog', WRITE.replace('start("/t")', 'toTable("t")'), ['BP-SPARK-003']],
  ['with one', WRITE.replace('.start', '.option("checkpointLocation", "/c").start'), []],
  ['with options from elsewhere', WRITE.replace('.start', '.options(**settings).start'), []],
  ['to the console', WRITE.replace('delta', 'console'), []],
  ['to memory', WRITE.replace('delta', 'memory'), []],
  ['a MERGE that adds', MERGE('t.cnt + s.cnt'), ['BP-SPARK-004']],
  ['a MERGE that adds the other way round', MERGE('s.cnt + t.cnt'), ['BP-SPARK-004']],
  ['a MERGE that sets', MERGE('s.cnt'), []],
  ['a MERGE that adds two columns of the batch', MERGE('s.cnt + s.more'), []],
  ['an append of a batch', APPEND(''), ['BP-SPARK-004']],
  ['an append with the number of its batch', APPEND('.option("txnAppId", a).option("txnVersion", batch_id)'), []],
  ['an append in a function that gets no batch', APPEND('').replace('batch_id', 'path'), []],
  ['an append to another format', APPEND('').replace('delta', 'parquet'), []],
  ['a source that begins at the end', `${READ}.load()`, ['BP-SPARK-005']],
  ['one that says where it begins', `${READ}.option("startingOffsets", "latest").load()`, []],
  ['one that begins at a time', `${READ}.option("startingTimestamp", 5).load()`, []],
  ['a batch of a topic', `${READ.replace('readStream', 'read')}.load()`, []],
])('%s', (_, program, ids) => expect(idsIn(program)).toEqual(ids));

test('the job that is shipped has none of these traps', () => {
  expect(idsIn(readFileSync(join(ROOT, 'lib/runtime/streaming-etl/job.py'), 'utf8'))).toEqual([]);
});
