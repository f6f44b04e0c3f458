/** The check in a pipeline: which findings count, which are news, and how other programs read them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backpressure } from './harness';

const folder = mkdtempSync(join(tmpdir(), 'backpressure-ci-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const group = (name: string) => `  ${name}: { Type: AWS::Logs::LogGroup }\n`;
const warned = write('warned.yaml', `Resources:\n${group('A')}`);
const wrong = write(
  'wrong.yaml',
  `Resources:\n${group('A')}  Queue: { Type: AWS::SQS::Queue }\n  Way: { Type: AWS::Lambda::EventSourceMapping, Properties: { EventSourceArn: !GetAtt Queue.Arn, FunctionName: "<f> & g" } }\n`,
);

describe('--fail-on', () => {
  test.each([
    ['error', warned, 0],
    ['error', wrong, 1],
    ['warning', warned, 1],
    ['none', wrong, 0],
  ])('%s', async (level, file, code) => {
    expect((await backpressure(`check ${file} --fail-on ${level}`)).code).toBe(code);
  });

  test('another level is refused', async () => {
    expect((await backpressure(`check ${warned} --fail-on often`)).code).toBe(2);
  });
});

describe('--rule and patterns', () => {
  const ids = async (options: string) => {
    const { out } = await backpressure(`check ${wrong} --json ${options}`);
    return (JSON.parse(out) as { ruleId: string }[]).map(({ ruleId }) => ruleId);
  };

  test('only the rules of a pattern, or of several', async () => {
    expect(await ids('--rule BP-SQS-*')).toEqual(['BP-SQS-001']);
    expect(await ids('--rule BP-LOGS-001 --rule BP-SQS-001')).toEqual(['BP-LOGS-001', 'BP-SQS-001']);
  });

  test('a severity for a pattern', async () => {
    expect(await ids('--severity BP-L*=off')).toEqual(['BP-SQS-001']);
  });

  test('a pattern of no rule is refused', async () => {
    expect(await backpressure(`check ${wrong} --rule BP-NONE-*`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('BP-NONE-* is no rule'),
    });
  });
});

describe('a baseline', () => {
  const baseline = join(folder, 'baseline.json');

  test('what is in it is left out; what comes is news; what is gone is said', async () => {
    const file = write('grows.yaml', `Resources:\n${group('A')}${group('B')}`);
    expect((await backpressure(`check ${file} --fail-on warning --write-baseline ${baseline}`)).code).toBe(0);
    expect(Object.values(JSON.parse(readFileSync(baseline, 'utf8')).findings)).toEqual([1, 1]);
    expect(await backpressure(`check ${file} --fail-on warning --baseline ${baseline}`)).toMatchObject({
      code: 0,
      err: '',
    });
    write('grows.yaml', `Resources:\n${group('B')}${group('C')}`);
    const { code, out, err } = await backpressure(`check ${file} --fail-on warning --baseline ${baseline}`);
    expect(code).toBe(1);
    expect(out).toContain('BP-LOGS-001 C ');
    expect(out).not.toContain('BP-LOGS-001 B ');
    expect(err).toMatch(/not found any more: BP-LOGS-001 \| .*grows\.yaml \| A/);
  });

  test('a file that is none is refused', async () => {
    expect((await backpressure(`check ${warned} --baseline ${warned}`)).code).toBe(2);
    expect((await backpressure(`check ${warned} --baseline ${join(folder, 'nowhere')}`)).code).toBe(2);
  });
});

describe('formats', () => {
  const out = async (format: string) => (await backpressure(`check ${wrong} --format ${format}`)).out;

  test('JUnit: an error fails, a warning is skipped, and names are escaped', async () => {
    const text = await out('junit');
    expect(text).toContain('tests="3" failures="1" errors="0" skipped="2"');
    expect(text.match(/<testcase /g)).toHaveLength(3);
    expect(text).not.toMatch(/<f>|& g/);
  });

  test('GitHub: one line each, with the line of the file', async () => {
    const lines = (await out('github')).trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^::warning file=.*wrong\.yaml,line=2,title=BP-LOGS-001 .*::A: no RetentionInDays/);
    expect(lines.filter((line) => line.startsWith('::error '))).toHaveLength(1);
  });

  test('Markdown: a row each, with a link to the rule', async () => {
    const text = await out('markdown');
    expect(text).toContain('### Backpressure: 1 errors, 2 warnings');
    expect(text).toContain('/docs/rules.md#bp-sqs-001)');
  });

  test('more than twenty findings begin with their number by rule', async () => {
    const file = write('many.yaml', `Resources:\n${Array.from({ length: 21 }, (_, i) => group(`G${i}`)).join('')}`);
    const { out: text } = await backpressure(`check ${file}`);
    expect(text).toMatch(/^ {4}21 {2}warning BP-LOGS-001 {2}A log group never deletes its logs\n\n/);
    expect((await backpressure(`check ${warned}`)).out).not.toMatch(/^ {5}1/);
  });
});
