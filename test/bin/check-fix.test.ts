/** `check --fix`, on files. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { check } from '../../lib/rules/check';
import { readDocuments } from '../../lib/rules/read';
import { backpressure } from './harness';

const RULE_EXAMPLES = join(__dirname, '..', '..', 'docs', 'rules');
const temporary = mkdtempSync(join(tmpdir(), 'backpressure-fix-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const example = (id: string) => readFileSync(join(RULE_EXAMPLES, id, 'wrong.yaml'), 'utf8');
// Each run judges the files twice or three times.
jest.setTimeout(60_000);

let count = 0;
function file(name: string, content: string | Uint8Array): string {
  const path = join(temporary, String(count++), name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}
const read = (path: string) => readFileSync(path, 'utf8');

/** Rules with a value that is safe to write. */
const FIXABLE = ['BP-CRON-006', 'BP-KEDA-003', 'BP-LAMBDA-001', 'BP-SQS-002', 'BP-SQS-004'];

test('these rules have a value to write in their examples, and no other', () => {
  const fixable = readdirSync(RULE_EXAMPLES).filter((id) => {
    const path = join(RULE_EXAMPLES, id, 'wrong.yaml');
    if (!existsSync(path)) return false;
    return check(readDocuments([{ file: path, text: read(path) }])).some(
      ({ ruleId, instead }) => ruleId === id && instead !== undefined,
    );
  });
  expect(fixable.sort()).toEqual(FIXABLE);
});

test.each(FIXABLE)('%s: the finding is gone, every other line is there, and the difference is shown', async (id) => {
  const path = file('a.yaml', `# Ours\n${example(id)}# The end\n`);
  const before = read(path).split('\n');
  const found = async () => {
    const rows = JSON.parse((await backpressure(`check ${path} --json`)).out);
    return rows.filter((row: { ruleId: string; instead?: unknown }) => row.ruleId === id && row.instead !== undefined);
  };
  expect(await found()).toHaveLength(1);
  const { out } = await backpressure(`check ${path} --fix`);
  expect(out).toMatch(/^--- a\/.*\n\+\+\+ b\/.*\n@@ -/);
  expect(out).toContain(`fixed ${id} `);
  expect(await found()).toEqual([]);
  const after = read(path).split('\n');
  // At most one line is replaced, by a value at the same place.
  expect(before.filter((line) => !after.includes(line)).length).toBeLessThanOrEqual(1);
  expect(after).toEqual(expect.arrayContaining(['# Ours', '# The end']));
});

test('the exit code and the report are those of what is left', async () => {
  const path = file('a.yaml', example('BP-SQS-002'));
  expect(await backpressure(`check ${path} --fix`)).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      /fixed BP-SQS-002 Parked in .*: set MessageRetentionPeriod above .*\n\nno findings in 3 resources in 1 file\n$/,
    ),
    err: '',
  });
  expect((await backpressure(`check ${path} --fix`)).out).toBe('no findings in 3 resources in 1 file\n');
});

test('--dry-run writes nothing, and ends as the check does', async () => {
  const path = file('a.yaml', example('BP-SQS-002'));
  const { code, out } = await backpressure(`check ${path} --fix --dry-run`);
  expect(code).toBe(1);
  expect(out).toContain('+      MessageRetentionPeriod: 1209600\n');
  expect(out).toContain('would fix BP-SQS-002 ');
  expect(out).toContain('1 error, 0 warnings');
  expect(read(path)).toBe(example('BP-SQS-002'));
});

test('the difference is on stderr where the format is for programs', async () => {
  const path = file('a.yaml', example('BP-SQS-002'));
  const { out, err } = await backpressure(`check ${path} --fix --json`);
  expect(JSON.parse(out)).toEqual([]);
  expect(err).toContain('+      MessageRetentionPeriod: 1209600\n');
});

test('a function of SAM: the value goes to its event', async () => {
  const path = file(
    'template.yaml',
    `Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties: { VisibilityTimeout: 180, RedrivePolicy: { deadLetterTargetArn: arn:aws:sqs:eu-west-1:1:d, maxReceiveCount: 5 } }
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 30
      Events:
        Orders:
          Type: SQS
          Properties:
            Queue: !GetAtt Orders.Arn
            # ten at once
            BatchSize: 10
`,
  );
  await backpressure(`check ${path} --fix`);
  expect(read(path)).toContain(
    '            BatchSize: 10\n            FunctionResponseTypes: [ReportBatchItemFailures]\n',
  );
});

test('two functions on one queue: the longer time-out counts', async () => {
  const worker = (name: string, seconds: number) => `  ${name}:
    Type: AWS::Lambda::Function
    Properties: { Timeout: ${seconds} }
  ${name}From:
    Type: AWS::Lambda::EventSourceMapping
    Properties: { EventSourceArn: !GetAtt Orders.Arn, FunctionName: !Ref ${name}, FunctionResponseTypes: [ReportBatchItemFailures] }
`;
  const path = file(
    'a.yaml',
    `Resources:\n  Orders: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: 20 } }\n${worker('A', 10)}${worker('B', 30)}`,
  );
  const { out } = await backpressure(`check ${path} --fix`);
  expect(read(path)).toContain('VisibilityTimeout: 180');
  expect(out.match(/^fixed BP-SQS-004/gm)).toHaveLength(2);
});

describe('not fixed, and says why', () => {
  const parked = example('BP-SQS-002');
  test.each<[string, string, string | Uint8Array, RegExp]>([
    ['a template of CDK', 'cdk.out/Shop.template.yaml', parked, /CDK generates this template: mend the app/],
    [
      'a template of CDK by its name',
      'Shop.template.json',
      JSON.stringify({
        Resources: {
          O: {
            Type: 'AWS::SQS::Queue',
            Properties: { RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['P', 'Arn'] }, maxReceiveCount: 5 } },
          },
          P: { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 60 } },
        },
      }),
      /CDK generates this template: mend the app/,
    ],
    [
      'manifests of cdk8s',
      'dist/shop.k8s.yaml',
      example('BP-KEDA-003'),
      /cdk8s generates these manifests: mend the app/,
    ],
    ['what SAM built', '.aws-sam/build/template.yaml', parked, /this file is generated: mend its source/],
    [
      'JSON',
      'a.json',
      JSON.stringify({
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { name: 'a' },
        spec: { schedule: '17 3 * * *', startingDeadlineSeconds: 5 },
      }),
      /only YAML is edited/,
    ],
    ['UTF-16', 'a.yaml', Buffer.from(`\ufeff${parked}`, 'utf16le'), /it is not in UTF-8, or has a byte order mark/],
    ['a byte order mark', 'a.yaml', `\ufeff${parked}`, /it is not in UTF-8, or has a byte order mark/],
  ])('%s', async (_, name, content, why) => {
    const path = file(name, content);
    const before = readFileSync(path);
    const { out } = await backpressure(`check ${path} --fix --fail-on none`);
    expect(out).toMatch(/^not fixed BP-/m);
    expect(out).toMatch(why);
    expect(out).not.toMatch(/^fixed/m);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('stdin', async () => {
    const { out } = await backpressure('check - --fix', { stdin: async () => parked });
    expect(out).toMatch(/^not fixed BP-SQS-002 Parked in stdin: it was read from stdin$/m);
  });

  test('a value that an overlay sets again', async () => {
    const folder = dirname(file('base/kustomization.yaml', 'resources: [job.yaml]\n'));
    const job = example('BP-CRON-006');
    writeFileSync(join(folder, 'job.yaml'), job);
    const overlay = join(dirname(folder), 'prod');
    mkdirSync(overlay);
    writeFileSync(join(overlay, 'kustomization.yaml'), 'resources: [../base]\npatches: [{ path: late.yaml }]\n');
    writeFileSync(
      join(overlay, 'late.yaml'),
      'apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: cleanup }\nspec: { startingDeadlineSeconds: 4 }\n',
    );
    const { out } = await backpressure(`check ${dirname(folder)} --fix`);
    expect(out).toMatch(/^not fixed BP-CRON-006 CronJob\/cleanup in .*base\/job\.yaml: the finding would stay$/m);
    expect(read(join(folder, 'job.yaml'))).toBe(job);
    // Where the overlays leave it alone, the base is mended, also when each puts it into a namespace of its own.
    writeFileSync(join(overlay, 'kustomization.yaml'), 'resources: [../base]\nnamespace: prod\n');
    const dev = join(dirname(folder), 'dev');
    mkdirSync(dev);
    writeFileSync(join(dev, 'kustomization.yaml'), 'resources: [../base]\nnamespace: dev\n');
    const mended = await backpressure(`check ${dirname(folder)} --fix`);
    expect(mended.out).toMatch(/^fixed BP-CRON-006 CronJob\/cleanup in dev in /m);
    expect(mended.out).toMatch(/^fixed BP-CRON-006 CronJob\/cleanup in prod in /m);
    expect(read(join(folder, 'job.yaml'))).toBe(
      job.replace('startingDeadlineSeconds: 5', 'startingDeadlineSeconds: 600'),
    );
  });
});

test('acknowledged and known findings are not touched', async () => {
  const path = file('a.yaml', example('BP-SQS-002'));
  writeFileSync(
    join(dirname(path), 'backpressure.config.json'),
    JSON.stringify({ acknowledge: [{ rule: 'BP-SQS-002', path: 'a.yaml', reason: 'r' }] }),
  );
  await backpressure(`check ${path} --fix`);
  expect(read(path)).toBe(example('BP-SQS-002'));
});

test.each([
  ['--fix --write-baseline', /--fix and --write-baseline are two runs; mend first/],
  ['--dry-run', /--dry-run shows what --fix would do; give both/],
])('%s is refused', async (options, message) => {
  const path = file('a.yaml', example('BP-SQS-002'));
  expect(await backpressure(`check ${path} ${options}`)).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringMatching(message),
  });
});

describe('--format sarif has the replacements of --fix', () => {
  interface Region {
    readonly startLine: number;
    readonly startColumn: number;
    readonly endLine: number;
    readonly endColumn: number;
  }
  interface Log {
    readonly runs: readonly {
      readonly results: readonly {
        readonly ruleId: string;
        readonly fixes?: readonly {
          readonly artifactChanges: readonly {
            readonly replacements: readonly {
              readonly deletedRegion: Region;
              readonly insertedContent: { readonly text: string };
            }[];
          }[];
        }[];
      }[];
    }[];
  }
  const results = async (path: string, options = '') => {
    const { out } = await backpressure(`check ${path} --format sarif ${options}`);
    return (JSON.parse(out) as Log).runs[0].results;
  };
  /** As an editor applies it. */
  const applied = (text: string, { fixes = [] }: Log['runs'][number]['results'][number]) => {
    const [{ deletedRegion, insertedContent }] = fixes[0].artifactChanges[0].replacements;
    const lines = text.split('\n');
    const offset = (line: number, column: number) =>
      lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
    const { startLine, startColumn, endLine, endColumn } = deletedRegion;
    return (
      text.slice(0, offset(startLine, startColumn)) + insertedContent.text + text.slice(offset(endLine, endColumn))
    );
  };

  test.each(FIXABLE)('%s: an editor that applies it writes what --fix writes', async (id) => {
    const path = file('a.yaml', example(id));
    const before = read(path);
    const fixable = (await results(path)).filter(({ fixes }) => fixes !== undefined);
    expect(fixable.map(({ ruleId }) => ruleId)).toEqual([id]);
    expect(read(path)).toBe(before);
    await backpressure(`check ${path} --fix`);
    expect(applied(before, fixable[0])).toBe(read(path));
  });

  test('each for itself: of two in one mapping, the second one too is for the file as it is', async () => {
    const two = `kind: CronJob
metadata: { name: a }
spec: { schedule: "17 3 * * *", startingDeadlineSeconds: 5 }
---
kind: CronJob
metadata: { name: b }
spec: { schedule: "17 3 * * *", startingDeadlineSeconds: 5 }
`.replaceAll('kind:', 'apiVersion: batch/v1\nkind:');
    const path = file('a.yaml', two);
    const fixable = (await results(path)).filter(({ ruleId }) => ruleId === 'BP-CRON-006');
    const texts = fixable.map((one) => applied(two, one));
    expect(texts).toHaveLength(2);
    for (const text of texts) {
      expect(text.match(/startingDeadlineSeconds: 5 /g)).toHaveLength(1);
      expect((await results(file('a.yaml', text))).filter(({ ruleId }) => ruleId === 'BP-CRON-006')).toHaveLength(1);
    }
  });

  test('none where --fix does nothing: a template of CDK', async () => {
    const path = file('a.template.json', JSON.stringify({ Resources: {} }));
    const yaml = file('cdk.out/a.yaml', example('BP-SQS-002'));
    expect((await results(yaml)).map(({ fixes }) => fixes)).toEqual([undefined]);
    expect(await results(path)).toEqual([]);
  });

  test('after --fix none is left, and --dry-run keeps it', async () => {
    const path = file('a.yaml', example('BP-SQS-002'));
    expect((await results(path, '--fix --dry-run'))[0].fixes).toHaveLength(1);
    expect(await results(path, '--fix')).toEqual([]);
  });
});
