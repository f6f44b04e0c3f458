// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation's Fn::Sub is written so
import { check } from '../../lib/rules/check';
import { Template } from '../../lib/rules/cloudformation/read/template';
import type { Document } from '../../lib/rules/document';
import { Manifests } from '../../lib/rules/kubernetes/read/manifests';
import { UnreadableError } from '../../lib/rules/parse';
import { readDocuments } from '../../lib/rules/read';

const read = (text: string, file = 'file.yaml'): Document[] => readDocuments([{ file, text }]);
const names = (documents: readonly Document[]) => documents.map(({ resources }) => resources.map(({ name }) => name));

test('a template, in JSON and in YAML with the short forms, says the same', () => {
  const json =
    '{ "Resources": { "Q": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": { "Fn::Sub": "a-${B}" } } } } }';
  const yaml =
    'AWSTemplateFormatVersion: 2010-09-09\nResources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Sub a-${B}\n';
  for (const [document] of [read(json, 'file.json'), read(yaml)]) {
    expect(document).toBeInstanceOf(Template);
    expect(document.resources[0].at('Properties', 'QueueName').decided).toBe(true);
    expect(document.resources[0].at('Properties', 'QueueName').text()).toBeUndefined();
  }
});

test.each([
  ['!Ref Other', 'Other'],
  ['!GetAtt Other.Arn', 'Other'],
  ['!GetAtt [Other, Arn]', 'Other'],
  ['!Sub "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Other.QueueName}"', 'Other'],
  ['!Join [":", [arn, !Ref "AWS::Partition", !GetAtt Other.QueueName]]', 'Other'],
])('%s leads to the resource', (value, target) => {
  const text = `Resources:\n  One: { Type: AWS::SQS::Queue, Properties: { A: ${value} } }\n  Other: { Type: AWS::SQS::Queue }\n`;
  const [document] = read(text) as [Template];
  expect(document.target(document.resources[0].at('Properties', 'A'))?.name).toBe(target);
});

test('many manifests, lists and empty documents between them', () => {
  const manifest = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;
  const list = 'apiVersion: v1\nkind: List\nitems: [{ apiVersion: v1, kind: Secret, metadata: { name: c } }]\n';
  const documents = read(`---\n${manifest('a')}---\n---\n${manifest('b')}---\n${list}`);
  expect(documents).toHaveLength(1);
  expect(documents[0]).toBeInstanceOf(Manifests);
  expect(names(documents)).toEqual([['ConfigMap/a', 'ConfigMap/b', 'Secret/c']]);
});

test('manifests of several files are judged together, templates each for itself', () => {
  const manifest = (name: string) => ({
    file: `${name}.yaml`,
    text: `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\n`,
  });
  const template = (name: string) => ({ file: `${name}.json`, text: '{ "Resources": {} }' });
  expect(readDocuments([manifest('a'), template('b'), manifest('c'), template('d')])).toHaveLength(3);
});

test.each([
  [
    '{ "name": "a package" }',
    'package.json',
    /^package\.json: neither a CloudFormation template .* nor Kubernetes manifests/,
  ],
  ['{ "Resources": ', 'cut.json', /^cut\.json: no JSON: /],
  ['a: [1\nb: 2\n', 'cut.yaml', /^cut\.yaml: no YAML in line \d+: /],
  ['', 'empty.yaml', /^empty\.yaml: it is empty$/],
  ['just text', 'text.yaml', /^text\.yaml: neither/],
])('%j is refused in one line that names the file', (text, file, message) => {
  expect(() => read(text, file)).toThrow(UnreadableError);
  expect(() => read(text, file)).toThrow(message);
});

test('findings come in the order of the resources, also of two with one name', () => {
  const job = (namespace: string, spec: string) =>
    `apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: a, namespace: ${namespace} }\nspec: ${spec}\n`;
  const hanging = job('one', '{ schedule: "0 0 * * *" }');
  const overlapping = job('two', '{ schedule: "* * * * *", jobTemplate: { spec: { activeDeadlineSeconds: 120 } } }');
  const findings = check(read(`${hanging}---\n${overlapping}`));
  expect(findings.map(({ ruleId }) => ruleId)).toEqual(['BP-CRON-003', 'BP-CRON-002']);
});
