import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectNoFindings } from '../../lib/rules/expect-no-findings';

const example = (which: string) =>
  readFileSync(join(__dirname, '..', '..', 'docs', 'rules', 'BP-SQS-002', `${which}.yaml`), 'utf8');

test('says nothing about a document without findings', () => {
  expect(() => expectNoFindings(example('right'))).not.toThrow();
  expect(() => expectNoFindings([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }])).not.toThrow();
});

test('lists what was found, with the fix', () => {
  expect(() => expectNoFindings(example('wrong'))).toThrow(
    /^expected no findings, got 1:\nerror BP-SQS-002 Parked Properties\.MessageRetentionPeriod\n {2}keeps .*\n {2}fix: set /,
  );
});

test('takes a parsed template, and leaves a rule out that is off', () => {
  const Properties = { RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['B', 'Arn'] }, maxReceiveCount: 5 } };
  const template = { Resources: { A: { Type: 'AWS::SQS::Queue', Properties }, B: { Type: 'AWS::SQS::Queue' } } };
  expect(() => expectNoFindings(template)).toThrow(/BP-SQS-002/);
  expect(() => expectNoFindings(template, { severities: { 'BP-SQS-002': 'off' } })).not.toThrow(/BP-SQS-002/);
});

test('refuses what is neither template nor manifests, so that a test does not pass for nothing', () => {
  expect(() => expectNoFindings({})).toThrow(/neither/);
  expect(() => expectNoFindings([])).toThrow(/it is empty/);
});
