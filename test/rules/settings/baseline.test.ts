import type { Finding } from '../../../lib/rules/rule';
import { baselineFrom, baselineText, compare, fingerprint } from '../../../lib/rules/settings/baseline';

const same = (file: string) => file;
const finding = (changes: Partial<Finding> = {}): Finding => ({
  ruleId: 'BP-SQS-002',
  severity: 'error',
  file: 'a.yaml',
  resource: 'Parked',
  path: 'Properties.Rules[0].Days',
  message: 'keeps messages 4 days',
  fix: 'f',
  ...changes,
});
const round = (findings: readonly Finding[]) => baselineFrom('b.json', baselineText(findings, same));
const against = (now: readonly Finding[], before: readonly Finding[]) => compare(now, round(before), same, () => true);

test('what is known is not new', () => {
  expect(against([finding()], [finding()])).toEqual({ fresh: [], known: 1, gone: 0 });
});

test.each<[string, Partial<Finding>]>([
  ['other numbers in the message', { message: 'keeps messages 3 days' }],
  ['another severity', { severity: 'warning' }],
  ['an element above it', { path: 'Properties.Rules[1].Days' }],
])('%s does not make it new', (_, changes) => {
  expect(against([finding(changes)], [finding()]).fresh).toEqual([]);
  expect(fingerprint(finding(changes), same)).toBe(fingerprint(finding(), same));
});

test.each<[string, Partial<Finding>]>([
  ['another rule', { ruleId: 'BP-SQS-001' }],
  ['another file', { file: 'b.yaml' }],
  ['another resource', { resource: 'Orders' }],
  ['another namespace', { namespace: 'prod' }],
  ['another place', { path: 'Properties.Rules[0].Prefix' }],
])('%s is new, and the known one is gone', (_, changes) => {
  expect(against([finding(changes)], [finding()])).toEqual({ fresh: [finding(changes)], known: 0, gone: 1 });
  expect(fingerprint(finding(changes), same)).not.toBe(fingerprint(finding(), same));
});

test('a second one like it is new', () => {
  const second = finding({ path: 'Properties.Rules[1].Days' });
  expect(against([finding(), second], [finding()])).toEqual({ fresh: [second], known: 1, gone: 0 });
  expect(against([finding(), second], [finding(), second])).toMatchObject({ fresh: [], known: 2 });
  expect(against([finding()], [finding(), second])).toMatchObject({ known: 1, gone: 1 });
});

test('a finding of a file that was not checked is not gone', () => {
  expect(compare([], round([finding()]), same, () => false).gone).toBe(0);
});

test('the file is one line a finding, in order, and the same for the findings in any order', () => {
  const findings = [finding(), finding({ file: 'b.yaml' }), finding({ ruleId: 'BP-SQS-001' })];
  const text = baselineText(findings, same);
  expect(baselineText([...findings].reverse(), same)).toBe(text);
  expect(text.split('\n').filter((line) => line.includes('"rule"'))).toHaveLength(3);
  expect(JSON.parse(baselineText([], same))).toEqual({ version: 1, findings: [] });
});

test.each([
  ['no JSON', '{', /^b\.json: is not a baseline: .*; --write-baseline writes one$/],
  ['another file', '{}', /is not a baseline of version 1/],
  ['a later version', '{"version":2,"findings":[]}', /is not a baseline of version 1/],
  [
    'half an entry',
    '{"version":1,"findings":[{"rule":"x"}]}',
    /an entry without rule, file, resource and path, number 1/,
  ],
  [
    'a count of nothing',
    '{"version":1,"findings":[{"rule":"x","file":"f","resource":"r","path":"","count":0}]}',
    /number 1/,
  ],
])('%s is refused', (_, text, message) => {
  expect(() => baselineFrom('b.json', text)).toThrow(message);
});
