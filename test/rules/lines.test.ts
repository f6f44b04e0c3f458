import { linesOf } from '../../lib/rules/lines';

const TEMPLATE = `# a comment
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt Parked.Arn
        maxReceiveCount: 3
      Tags:
        - Key: a
        - Key: b
`;

test.each([
  ['a property', 'Orders', 'Properties.RedrivePolicy.maxReceiveCount', 8],
  ['an item of a list', 'Orders', 'Properties.Tags[1].Key', 11],
  ['something missing: what it is missing from', 'Orders', 'Properties.RedrivePolicy.redriveAllowPolicy', 6],
  ['the resource itself', 'Orders', '', 3],
  ['a resource that is not there', 'Nobody', '', undefined],
])('%s', (_, resource, path, line) => {
  expect(linesOf(TEMPLATE)({ resource, path })).toBe(line);
});

test('JSON, of which YAML is a superset', () => {
  const json = JSON.stringify(
    { Resources: { Orders: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } } } },
    null,
    1,
  );
  expect(linesOf(json)({ resource: 'Orders', path: 'Properties.FifoQueue' })).toBe(6);
});

const MANIFESTS = `apiVersion: v1
kind: ConfigMap
metadata: { name: first }
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata:
      name: second
    data:
      a: |
        text
`;

test('a manifest is found by kind and name, among documents and in a list', () => {
  const line = linesOf(MANIFESTS);
  expect(line({ resource: 'ConfigMap/first', path: 'metadata.name' })).toBe(3);
  expect(line({ resource: 'ConfigMap/second', path: 'data.a' })).toBe(13);
});

test('of two with one name, the one of the namespace', () => {
  const manifest = (namespace: string) => `apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: ${namespace} }\n`;
  const line = linesOf(`${manifest('one')}---\n${manifest('two')}`);
  expect(line({ resource: 'Pod/a', namespace: 'one', path: 'metadata' })).toBe(3);
  expect(line({ resource: 'Pod/a', namespace: 'two', path: 'metadata' })).toBe(7);
  // A kustomization has set it.
  expect(line({ resource: 'Pod/a', namespace: 'three', path: 'metadata' })).toBe(3);
});

test('in a list within a list', () => {
  const text = 'kind: List\nitems:\n  - kind: List\n    items:\n      - kind: Pod\n        metadata: { name: a }\n';
  expect(linesOf(text)({ resource: 'Pod/a', path: 'metadata.name' })).toBe(6);
});
