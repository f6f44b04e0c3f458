import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diffOf } from '../../../lib/rules/fix/diff';
import { edited as editedAll } from '../../../lib/rules/fix/edit';
import { parse } from '../../../lib/rules/parse';
import type { Finding, Instead } from '../../../lib/rules/rule';

// Counts the parses.
jest.mock('../../../lib/rules/parse', () => {
  const actual = jest.requireActual<typeof import('../../../lib/rules/parse')>('../../../lib/rules/parse');
  return { ...actual, parse: jest.fn(actual.parse) };
});

const at = (resource: string, path: string): Finding => ({
  ruleId: 'BP-SQS-004',
  severity: 'warning',
  file: 'a.yaml',
  resource,
  path,
  message: 'm',
  fix: 'f',
});
const edited = (text: string, finding: Finding, value: Instead) => {
  const wanted = { finding, value };
  const result = editedAll(text, [wanted]);
  const refused = result.refused.get(wanted);
  if (refused === undefined) return { text: result.text };
  // What is refused leaves the text alone.
  expect(result.text).toBe(text);
  return { refused };
};
const template = (rest: string) => `# Ours\nResources:\n${rest}`;
const visibility = (text: string, value: Instead = 180) => edited(text, at('Q', 'Properties.VisibilityTimeout'), value);

describe('a value is written where it belongs, and nothing else changes', () => {
  test.each<[string, string, string]>([
    [
      'a number',
      '  Q:\n    Properties:\n      VisibilityTimeout: 30 # too short\n      A: 1\n',
      '  Q:\n    Properties:\n      VisibilityTimeout: 180 # too short\n      A: 1\n',
    ],
    [
      'a number in quotes',
      '  Q:\n    Properties: { VisibilityTimeout: \'30\', A: "x" }\n',
      '  Q:\n    Properties: { VisibilityTimeout: 180, A: "x" }\n',
    ],
    [
      'a key that is missing, after the last one',
      '  Q:\n    Properties:\n      # why\n      A: 1 # one\n\n  # The next\n  R: {}\n',
      '  Q:\n    Properties:\n      # why\n      A: 1 # one\n      VisibilityTimeout: 180\n\n  # The next\n  R: {}\n',
    ],
    [
      'after a list in the column of its key',
      '  Q:\n    Properties:\n      Tags:\n      - Key: a\n      - Key: b\n  R: {}\n',
      '  Q:\n    Properties:\n      Tags:\n      - Key: a\n      - Key: b\n      VisibilityTimeout: 180\n  R: {}\n',
    ],
    [
      'after a text of several lines',
      '  Q:\n    Properties:\n      A: |\n        one\n\n        two\n  R: {}\n',
      '  Q:\n    Properties:\n      A: |\n        one\n\n        two\n      VisibilityTimeout: 180\n  R: {}\n',
    ],
    ['in brackets', '  Q: { Properties: { A: 1 } }\n', '  Q: { Properties: { VisibilityTimeout: 180, A: 1 } }\n'],
    ['in empty brackets', '  Q: { Properties: {} }\n', '  Q: { Properties: { VisibilityTimeout: 180 } }\n'],
    [
      'with the mapping around it',
      '  Q:\n    Type: AWS::SQS::Queue\n  R: {}\n',
      '  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeout: 180\n  R: {}\n',
    ],
    [
      'with the mapping around it, in brackets',
      '  Q: { Type: AWS::SQS::Queue }\n',
      '  Q: { Properties: { VisibilityTimeout: 180 }, Type: AWS::SQS::Queue }\n',
    ],
    [
      'at the end of a file without an end of line',
      '  Q:\n    Properties:\n      A: 1',
      '  Q:\n    Properties:\n      A: 1\n      VisibilityTimeout: 180',
    ],
    [
      'beside short forms of CloudFormation',
      '  Q:\n    Properties:\n      A: !GetAtt R.Arn\n      B: !Sub x\n',
      '  Q:\n    Properties:\n      A: !GetAtt R.Arn\n      B: !Sub x\n      VisibilityTimeout: 180\n',
    ],
  ])('%s', (_, before, after) => {
    expect(visibility(template(before))).toEqual({ text: template(after) });
    const windows = (text: string) => template(text).replaceAll('\n', '\r\n');
    expect(visibility(windows(before))).toEqual({ text: windows(after) });
  });

  test('a list, and a mapping', () => {
    expect(edited(template('  M:\n    Properties:\n      A: 1\n'), at('M', 'Properties.Types'), ['x'])).toEqual({
      text: template('  M:\n    Properties:\n      A: 1\n      Types: [x]\n'),
    });
    const scaler = 'apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: { name: a }\nspec:\n    max: 3\n';
    expect(edited(scaler, at('ScaledObject/a', 'spec.fallback'), { failureThreshold: 3, behavior: 'x' })).toEqual({
      text: `${scaler}    fallback:\n      failureThreshold: 3\n      behavior: x\n`,
    });
  });

  test('in the document of its namespace', () => {
    const job = (namespace: string) => `kind: CronJob\nmetadata: { name: a, namespace: ${namespace} }\nspec:\n  x: 1\n`;
    const finding = { ...at('CronJob/a', 'spec.startingDeadlineSeconds'), namespace: 'prod' };
    expect(edited(`${job('dev')}---\n${job('prod')}`, finding, 60)).toEqual({
      text: `${job('dev')}---\n${job('prod')}  startingDeadlineSeconds: 60\n`,
    });
  });
});

describe('refused, and nothing is written', () => {
  test.each<[string, string]>([
    ['a reference', '  Q:\n    Properties:\n      VisibilityTimeout: !Ref Seconds\n'],
    ['a condition', '  Q:\n    Properties: !If [A, { B: 1 }, { C: 1 }]\n'],
    ['an anchor', '  Q:\n    Properties:\n      VisibilityTimeout: &seconds 30\n  R: { A: *seconds }\n'],
    ['a mapping that another one shares', '  Q:\n    Properties: &all\n      A: 1\n  R:\n    Properties: *all\n'],
    ['a place within what another one shares', '  Q: &q\n    Properties:\n      VisibilityTimeout: 30\n  R: *q\n'],
    ['an alias', '  R:\n    Properties: &all { A: 1 }\n  Q:\n    Properties: *all\n'],
    ['a mapping that is empty', '  Q:\n    Properties:\n  R: {}\n'],
    ['a text of several lines', '  Q:\n    Properties:\n      VisibilityTimeout: >\n        30\n'],
    ['a resource that is not there', '  R: {}\n'],
  ])('%s', (_, rest) => {
    expect(visibility(template(rest))).toEqual({ refused: expect.any(String) });
  });

  test('two of one name', () => {
    const job = 'kind: CronJob\nmetadata: { name: a }\nspec:\n  x: 1\n';
    expect(edited(`${job}---\n${job}`, at('CronJob/a', 'spec.y'), 60)).toEqual({
      refused: 'the file has no CronJob/a, or several',
    });
  });

  test('what is no YAML', () => {
    expect(visibility('Resources: [')).toEqual({ refused: expect.stringMatching(/^it cannot be edited: /) });
  });
});

describe('many edits of one file', () => {
  const queue = (name: string, seconds: string) => `  ${name}:\n    Properties:\n      VisibilityTimeout: ${seconds}\n`;
  const names = Array.from({ length: 600 }, (_, i) => `Q${i}`);
  const want = (resource: string, path: string, value: Instead = 180) => ({ finding: at(resource, path), value });
  const counted = <T>(work: () => T): [T, number] => {
    const calls = jest.mocked(parse).mock.calls;
    const before = calls.length;
    return [work(), calls.length - before];
  };

  test('are one pass: 600 parse the file as often as one', () => {
    const text = template(names.map((name) => queue(name, '30')).join(''));
    const wanted = names.map((name) => want(name, 'Properties.VisibilityTimeout'));
    const [one, once] = counted(() => editedAll(text, wanted.slice(0, 1)));
    const [all, parses] = counted(() => editedAll(text, wanted));
    expect(one.text).not.toBe(text);
    expect(all).toEqual({ text: template(names.map((name) => queue(name, '180')).join('')), refused: new Map() });
    expect(parses).toBe(once);
  });

  test('one that is impossible is refused alone, in a few more parses', () => {
    const seconds = (name: string, other: string) => (name === 'Q300' ? '&shared 30' : other);
    // Only after the edit is it seen that something else changes.
    const text = (other: string) =>
      template(
        `  Shared: &all\n    Properties:\n      VisibilityTimeout: 30\n  Also: *all\n${names.map((name) => queue(name, seconds(name, other))).join('')}`,
      );
    const impossible = [want('Shared', 'Properties.VisibilityTimeout'), want('Q300', 'Properties.VisibilityTimeout')];
    const wanted = [
      ...names.filter((name) => name !== 'Q300').map((name) => want(name, 'Properties.VisibilityTimeout')),
    ];
    const [result, parses] = counted(() => editedAll(text('30'), [...wanted, ...impossible]));
    expect(result.text).toBe(text('180'));
    expect([...result.refused.keys()]).toEqual(expect.arrayContaining(impossible));
    expect(result.refused.size).toBe(2);
    expect(parses).toBeLessThan(60);
  });

  test.each<[string, string, [string, Instead][], string]>([
    [
      'two keys of one mapping, in their order',
      '  Q:\n    Properties:\n      A: 1\n',
      [
        ['Properties.B', 2],
        ['Properties.C', 3],
      ],
      '  Q:\n    Properties:\n      A: 1\n      B: 2\n      C: 3\n',
    ],
    [
      'two keys of empty brackets',
      '  Q: { Properties: {} }\n',
      [
        ['Properties.B', 2],
        ['Properties.C', 3],
      ],
      '  Q: { Properties: { C: 3, B: 2 } }\n',
    ],
    [
      'two keys of a mapping that is missing',
      '  Q:\n    Type: T\n',
      [
        ['Properties.B', 2],
        ['Properties.C', 3],
      ],
      '  Q:\n    Type: T\n    Properties:\n      B: 2\n      C: 3\n',
    ],
    [
      'a mapping that ends with another one, the outer first',
      '  Q:\n    Properties:\n      A: 1',
      [
        ['Z', 2],
        ['Properties.B', 3],
      ],
      '  Q:\n    Properties:\n      A: 1\n      B: 3\n    Z: 2',
    ],
    [
      'a value and a key beside it',
      '  Q:\n    Properties:\n      A: 1 # one\n',
      [
        ['Properties.B', 2],
        ['Properties.A', 3],
      ],
      '  Q:\n    Properties:\n      A: 3 # one\n      B: 2\n',
    ],
  ])('%s', (_, before, values, after) => {
    const wanted = values.map(([path, value]) => want('Q', path, value));
    expect(editedAll(template(before), wanted)).toEqual({ text: template(after), refused: new Map() });
  });
});

describe('the difference', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-diff-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');

  test.each<[string, string, string]>([
    ['a line changed', lines(9), lines(9).replace('line 4', 'line four')],
    ['lines added', lines(9), lines(9).replace('line 4\n', 'line 4\nnew\nnewer\n')],
    ['two places', lines(30), lines(30).replace('line 4\n', 'new\nline 4\n').replace('line 25', 'LINE')],
    ['at the beginning', lines(3), `new\n${lines(3)}`],
    ['at the end', lines(3), `${lines(3)}new\n`],
    ['an end without a new line', lines(3).trimEnd(), `${lines(3)}new`],
    ['Windows', lines(3).replaceAll('\n', '\r\n'), `${lines(3).replaceAll('\n', '\r\n')}new\r\n`],
  ])('%s: `git apply` makes the one of the other', (_, before, after) => {
    mkdirSync(join(folder, 'k8s'), { recursive: true });
    writeFileSync(join(folder, 'k8s', 'a.yaml'), before);
    execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
      cwd: folder,
      input: diffOf('k8s/a.yaml', before, after),
    });
    expect(readFileSync(join(folder, 'k8s', 'a.yaml'), 'utf8')).toBe(after);
  });

  test('none is empty', () => {
    expect(diffOf('a', 'x\n', 'x\n')).toBe('');
  });
});
