/** Objects of one name, in several namespaces of one file, in several overlays, and in several templates. */
import { check } from '../../lib/rules/check';
import { readDocuments } from '../../lib/rules/read';
import { sarif } from '../../lib/rules/sarif';

/** BP-CRON-003: it may run until the next one is due, and nothing ends it. */
const job = (namespace?: string) =>
  `apiVersion: batch/v1
kind: CronJob
metadata: { name: a${namespace === undefined ? '' : `, namespace: ${namespace}`} }
spec: { schedule: "0 0 * * *" }
`;

const where = (files: Readonly<Record<string, string>>) =>
  check(readDocuments(Object.entries(files).map(([file, text]) => ({ file, text })))).map(
    ({ file, resource, namespace }) => [file, namespace, resource],
  );

const NAMESPACES = ['dev', 'staging', 'prod'];
const EACH = NAMESPACES.map((namespace) => ['stdin', namespace, 'CronJob/a']);

test('each namespace of one file has its finding', () => {
  expect(where({ stdin: NAMESPACES.map(job).join('---\n') })).toEqual(EACH);
});

test('each namespace of one list has its finding, as kubectl get -A writes it', () => {
  const items = NAMESPACES.map((namespace) => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'a', namespace },
    spec: { schedule: '0 0 * * *' },
  }));
  expect(where({ stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })).toEqual(EACH);
});

test('each of two objects whose name the server makes has its finding', () => {
  const made = job().replace('name: a', 'generateName: a');
  expect(where({ stdin: `${made}---\n${made}` })).toHaveLength(2);
});

test('two overlays in one namespace have the fault of their base once', () => {
  const overlay = 'resources: [../base]\n';
  const files = {
    'base/kustomization.yaml': 'resources: [job.yaml]\n',
    'base/job.yaml': job(),
    'dev/kustomization.yaml': overlay,
    'prod/kustomization.yaml': overlay,
  };
  expect(where(files)).toEqual([['base/job.yaml', undefined, 'CronJob/a']]);
});

test('two overlays with a namespace each have it in each, so that accepting it in one hides no other', () => {
  const files = {
    'base/kustomization.yaml': 'resources: [job.yaml]\n',
    'base/job.yaml': job(),
    'dev/kustomization.yaml': 'resources: [../base]\nnamespace: dev\n',
    'prod/kustomization.yaml': 'resources: [../base]\nnamespace: prod\n',
  };
  expect(where(files)).toEqual([
    ['base/job.yaml', 'dev', 'CronJob/a'],
    ['base/job.yaml', 'prod', 'CronJob/a'],
  ]);
});

test('each of two templates of one file with one logical id has its finding', () => {
  const template = `Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties: { RedrivePolicy: { deadLetterTargetArn: !GetAtt Parked.Arn, maxReceiveCount: 1 } }
  Parked: { Type: AWS::SQS::Queue, Properties: { MessageRetentionPeriod: 1209600 } }
`;
  const one = where({ stdin: template });
  expect(one.length).toBeGreaterThan(0);
  expect(where({ stdin: `${template}---\n${template}` })).toEqual([...one, ...one]);
});

test('in SARIF the place of each is another one', () => {
  const findings = check(readDocuments([{ file: 'stdin', text: NAMESPACES.map(job).join('---\n') }]));
  const [run] = (
    sarif(findings, '1.0.0') as {
      runs: [{ results: { partialFingerprints: object; locations: [{ logicalLocations: [{ name: string }] }] }[] }];
    }
  ).runs;
  expect(new Set(run.results.map(({ partialFingerprints }) => JSON.stringify(partialFingerprints))).size).toBe(3);
  expect(run.results.map(({ locations }) => locations[0].logicalLocations[0].name)).toEqual(
    NAMESPACES.map((namespace) => `${namespace}/CronJob/a`),
  );
});
