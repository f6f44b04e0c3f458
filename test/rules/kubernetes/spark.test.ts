/** How near a Spark application may come to what a rule finds without being found. */
import { check } from '../../../lib/rules/check';
import { readDocuments } from '../../../lib/rules/read';

const STREAM = 'spark.readStream.format("rate").load()';

function ids(restartPolicy: object | undefined, script = STREAM, volume = 'etl'): string[] {
  const documents = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'etl' }, data: { 'etl.py': script } },
    {
      apiVersion: 'sparkoperator.k8s.io/v1beta2',
      kind: 'SparkApplication',
      metadata: { name: 'etl' },
      spec: {
        mainApplicationFile: 'local:///opt/etl.py',
        ...(restartPolicy && { restartPolicy }),
        volumes: [{ name: 'script', configMap: { name: volume } }],
      },
    },
  ];
  const text = documents.map((one) => JSON.stringify(one)).join('\n---\n');
  return check(readDocuments([{ file: 'test.yaml', text }])).map(({ ruleId }) => ruleId);
}

test.each<[string, string[], string[]]>([
  ['a stream that is not started again', ids({ type: 'Never' }), ['BP-SPARK-006']],
  ['one whose policy is left out', ids(undefined), ['BP-SPARK-006']],
  ['one that is', ids({ type: 'Always' }), []],
  ['one that is after a failure', ids({ type: 'OnFailure' }), []],
  ['a batch', ids({ type: 'Never' }, 'spark.read.format("delta").load("/t")'), []],
  ['a script that is elsewhere', ids({ type: 'Never' }, STREAM, 'other'), []],
])('%s', (_, found, wanted) => expect(found.filter((id) => id.startsWith('BP-SPARK'))).toEqual(wanted));
