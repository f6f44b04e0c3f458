import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, NestedStack, Stack, Stage, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { RULES } from '../../lib/rules/table';
import { backpressure } from './harness';

const RULE_EXAMPLES = join(__dirname, '..', '..', 'docs', 'rules');
const WRONG = join(RULE_EXAMPLES, 'BP-SQS-002', 'wrong.yaml');
const RIGHT = join(RULE_EXAMPLES, 'BP-SQS-002', 'right.yaml');
const WARNED = join(RULE_EXAMPLES, 'BP-SQS-003', 'wrong.yaml');

const folder = mkdtempSync(join(tmpdir(), 'backpressure-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Finding {
  readonly ruleId: string;
  readonly resource: string;
  readonly file: string;
}

const findings = async (line: string) => JSON.parse((await backpressure(`check ${line} --json`)).out) as Finding[];

describe('exit code and text', () => {
  test('an error is found: 1, with place, value, limit and fix', async () => {
    const { code, out } = await backpressure(`check ${WRONG}`);
    expect(code).toBe(1);
    expect(out).toMatch(
      /BP-SQS-002\/wrong\.yaml:\d+\nerror BP-SQS-002 Parked Properties\.MessageRetentionPeriod\n {2}keeps messages 4 days/,
    );
    expect(out).toMatch(/\n1 error, 0 warnings in 3 resources in 1 file\n$/);
  });

  test('a warning alone: 0', async () => {
    expect(await backpressure(`check ${WARNED}`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('warning BP-SQS-003'),
    });
  });

  test('nothing: 0, and says over how much', async () => {
    expect(await backpressure(`check ${RIGHT}`)).toEqual({
      code: 0,
      out: 'no findings in 3 resources in 1 file\n',
      err: '',
    });
  });
});

test('--format json prints an array of findings with exactly the promised keys', async () => {
  const { code, out } = await backpressure(`check ${WRONG} --format json`);
  expect(code).toBe(1);
  const [finding, ...more] = JSON.parse(out);
  expect(more).toEqual([]);
  expect(Object.keys(finding).sort()).toEqual([
    'file',
    'fingerprint',
    'fix',
    'instead',
    'line',
    'link',
    'message',
    'path',
    'resource',
    'ruleId',
    'severity',
    'title',
  ]);
  expect(await findings(RIGHT)).toEqual([]);
});

test('--format sarif prints a log with lines', async () => {
  const { runs } = JSON.parse((await backpressure(`check ${WRONG} --format sarif`)).out);
  expect(runs[0].results).toHaveLength(1);
  expect(runs[0].results[0].locations[0].physicalLocation.region.startLine).toBeGreaterThan(1);
  expect(runs[0].tool.driver.version).toMatch(/^\d/);
});

test('- reads stdin', async () => {
  const stdin = async () =>
    'Resources:\n  A: { Type: AWS::SQS::Queue, Properties: { RedrivePolicy: { deadLetterTargetArn: !GetAtt B.Arn, maxReceiveCount: 5 } } }\n  B: { Type: AWS::SQS::Queue, Properties: { MessageRetentionPeriod: 60 } }\n';
  const { code, out } = await backpressure('check - --json', { stdin });
  expect(code).toBe(1);
  expect(JSON.parse(out)).toContainEqual(expect.objectContaining({ file: 'stdin', ruleId: 'BP-SQS-002' }));
});

describe('severities', () => {
  test('a rule is muted, lowered or raised', async () => {
    expect(await backpressure(`check ${WRONG} --severity BP-SQS-002=off`)).toMatchObject({ code: 0 });
    expect(await backpressure(`check ${WRONG} --severity BP-SQS-002=warning`)).toMatchObject({ code: 0 });
    expect(await backpressure(`check ${WARNED} --severity BP-SQS-003=error`)).toMatchObject({ code: 1 });
    const both = '--severity BP-SQS-002=off --severity BP-SQS-003=error';
    expect(await backpressure(`check ${both} ${WRONG}`)).toMatchObject({ code: 0 });
    expect(await backpressure(`check ${both} ${WARNED}`)).toMatchObject({ code: 1 });
  });

  test.each([
    ['BP-SQS-002=mild', /--severity of BP-SQS-002 must be one of error, warning, off, got mild/],
    ['BP-SQS-999=off', /--severity names BP-SQS-999, which is not a rule/],
    ['BP-SQS-002', /--severity must be a rule and a level, as in BP-SQS-001=warning, got BP-SQS-002/],
  ])('%s is refused', async (given, message) => {
    const { code, out, err } = await backpressure(`check ${WRONG} --severity ${given}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});

describe('what cannot be checked is one clear line and exit code 2', () => {
  test.each([
    ['a file that is neither', 'other.json', '{ "name": "x" }', /other\.json: neither a CloudFormation template/],
    ['broken YAML', 'cut.yaml', 'a: [1\n', /cut\.yaml: no YAML in line/],
    ['broken JSON', 'cut.json', '{ "a": ', /cut\.json: no JSON/],
    ['an empty file', 'empty.yaml', '', /empty\.yaml: it is empty/],
  ])('%s', async (_, name, text, message) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    const { code, out, err } = await backpressure(`check ${file}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  test('a path that is not there, a format that is none', async () => {
    expect(await backpressure(`check ${join(folder, 'nowhere')}`)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/nowhere: there is no such file or folder\n$/),
    });
    expect(await backpressure(`check ${WRONG} --format xml`)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--format must be one of text, json, sarif, junit, github, markdown, got xml/),
    });
  });

  test('a folder with nothing to check in it', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(await backpressure(`check ${empty}`)).toMatchObject({ code: 2 });
    writeFileSync(join(empty, 'package.json'), '{ "name": "x" }');
    expect(await backpressure(`check ${empty}`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('neither a template nor a manifest'),
    });
  });
});

test('a folder: every document below it, what is something else counted, what is broken named', async () => {
  const below = join(folder, 'below');
  mkdirSync(join(below, 'deep', 'node_modules'), { recursive: true });
  cpSync(WRONG, join(below, 'deep', 'template.yaml'));
  cpSync(WRONG, join(below, 'deep', 'node_modules', 'template.yaml'));
  writeFileSync(join(below, 'package.json'), '{}');
  writeFileSync(join(below, 'chart.yaml'), 'a: {{ .Values.a }}\n- b\n');
  const { code, out, err } = await backpressure(`check ${below}`);
  // What was not read may be wrong too, so it is never a green run.
  expect(code).toBe(2);
  expect(out).toContain('1 error, 0 warnings in 3 resources in 1 file');
  expect(err).toMatch(/chart\.yaml: a Helm template; render first/);
  expect(err).toMatch(/passed over 1 file with neither/);
});

test('a cdk.out: stacks, stages and nested stacks with their construct paths, what the app acknowledged left out', async () => {
  const outdir = join(folder, 'cdk.out');
  const app = new App({ outdir, analyticsReporting: false, context: { 'aws:cdk:enable-path-metadata': true } });
  const build = (scope: Stack) => {
    const parked = new Queue(scope, 'Parked', { retentionPeriod: Duration.days(3) });
    new Queue(scope, 'Orders', { deadLetterQueue: { queue: parked, maxReceiveCount: 5 } });
    return parked;
  };
  build(new Stack(app, 'Shop'));
  build(new NestedStack(new Stack(new Stage(app, 'Production'), 'Shop'), 'Queues'));
  const acknowledged = build(new Stack(app, 'Quiet'));
  Validations.of(acknowledged).acknowledge({ id: 'Backpressure::BP-SQS-002', reason: 'Read within the hour.' });
  app.synth();
  const found = (await findings(outdir)).filter(({ ruleId }) => ruleId === 'BP-SQS-002');
  expect(found.map(({ file }) => file.replace(/^.*cdk\.out\//, ''))).toEqual([
    'Shop.template.json',
    expect.stringMatching(/^assembly-Production\/.*\.nested\.template\.json$/),
  ]);
  expect((await backpressure(`check ${outdir}`)).out).toContain('Shop/Parked/Resource\nerror BP-SQS-002');
});

describe('a template as tools write it', () => {
  const text = '{\n"Resources": {"Lines": {"Type": "AWS::Logs::LogGroup"}}\n}\n';
  test.each([
    ['with a byte order mark', Buffer.from(`\uFEFF${text}`)],
    ['in UTF-16, by PowerShell', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['with carriage returns', Buffer.from(text.replaceAll('\n', '\r\n'))],
    ['in the answer of get-template', Buffer.from(`{"TemplateBody": ${text}, "StagesAvailable": ["Original"]}`)],
  ])('%s', async (_, bytes) => {
    const file = join(folder, 'as-written.json');
    writeFileSync(file, bytes);
    const { code, out } = await backpressure(`check ${file}`);
    expect(code).toBe(0);
    expect(out).toMatch(/as-written\.json:\d\nwarning BP-LOGS-001 Lines/);
  });
});

describe('rules', () => {
  test('lists them all', async () => {
    const { code, out } = await backpressure('rules');
    expect(code).toBe(0);
    for (const { id } of RULES) expect(out).toContain(id);
    expect(JSON.parse((await backpressure('rules --json')).out)).toHaveLength(RULES.length);
  });

  test.each(RULES.map(({ id }) => id))('%s: prints both examples, as docs/rules has them', async (id) => {
    const example = (which: string) => readFileSync(join(RULE_EXAMPLES, id, `${which}.yaml`), 'utf8');
    const printed = (which: string) =>
      example(which)
        .trimEnd()
        .replace(/^(?=.)/gm, '  ');
    const { out } = await backpressure(`rules ${id}`);
    expect(out.endsWith(`\n\nWrong:\n\n${printed('wrong')}\n\nRight:\n\n${printed('right')}\n`)).toBe(true);
    const json = JSON.parse((await backpressure(`rules ${id} --json`)).out);
    expect(json).toMatchObject({ id, wrong: example('wrong'), right: example('right') });
  });

  test('shows one, however it is written, and refuses one that is none', async () => {
    expect((await backpressure('rules bp-sqs-002')).out).toMatch(/^BP-SQS-002 {2}A dead-letter queue keeps/);
    expect(await backpressure('rules BP-SQS-999')).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no rule BP-SQS-999'),
    });
  });
});
