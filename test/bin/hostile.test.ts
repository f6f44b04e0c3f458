/** What a command line may meet on a disk, and what may stand on one. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { rounds } from '../fuzz/support';
import { answer, backpressure } from './harness';

const WRONG = join(__dirname, '..', '..', 'docs', 'rules', 'BP-SQS-002', 'wrong.yaml');
const folder = mkdtempSync(join(tmpdir(), 'backpressure-hostile-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('what cannot be read is named; the findings of the others are printed, and the exit code is 2', () => {
  const made: readonly (readonly [string, () => string, RegExp])[] = [
    ['an alias cycle', () => file('cycle.yaml', '&a [*a]'), /cycle\.yaml: a value contains itself/],
    [
      'nesting',
      () => file('deep.json', `${'['.repeat(9000)}${']'.repeat(9000)}`),
      /deep\.json: nests .* more than 200 levels/,
    ],
    [
      'a file of 100 MB',
      () => {
        const large = file('large.yaml', '');
        truncateSync(large, 1e8);
        return large;
      },
      /large\.yaml: is larger than 32 MiB/,
    ],
    [
      'a named pipe',
      () => {
        execFileSync('mkfifo', [join(folder, 'pipe.yaml')]);
        return join(folder, 'pipe.yaml');
      },
      /pipe\.yaml: is a named pipe and no file; pipe its content into: npx backpressure check -/,
    ],
    ['a device', () => '/dev/zero', /\/dev\/zero: is a device and no file/],
    [
      'a link to itself',
      () => {
        symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
        return join(folder, 'loop');
      },
      /loop: is a symbolic link that leads back to itself/,
    ],
    ['a path that is not there', () => join(folder, 'nowhere'), /nowhere: there is no such file or folder/],
    ['a name that is too long', () => join(folder, 'x'.repeat(5000)), /is a longer path than the system takes/],
    [
      'bytes of no text',
      () =>
        file(
          'noise.yaml',
          Uint8Array.from({ length: 999 }, (_, i) => (i * 7) % 256),
        ),
      /noise\.yaml: /,
    ],
  ];
  test.each(made)('%s', async (_, make, message) => {
    const path = make();
    const alone = await backpressure(`check '${path}'`);
    expect(alone).toMatchObject({ code: 2, out: '' });
    expect(alone.err).toMatch(message);
    const both = await backpressure(`check '${path}' ${WRONG}`);
    expect(both.code).toBe(2);
    expect(both.out).toContain('error BP-SQS-002');
    const entries = JSON.parse((await backpressure(`check '${path}' ${WRONG} --json`)).out);
    expect(entries).toEqual([
      expect.objectContaining({ ruleId: 'BP-SQS-002' }),
      { file: expect.any(String), failure: expect.any(String) },
    ]);
    const { runs } = JSON.parse((await backpressure(`check '${path}' ${WRONG} --format sarif`)).out);
    expect(runs[0].results).toHaveLength(1);
    expect(runs[0].invocations).toEqual([
      {
        executionSuccessful: false,
        exitCode: 2,
        toolExecutionNotifications: [expect.objectContaining({ level: 'error' })],
      },
    ]);
  });
});

test('a folder: links are counted and not followed, what may not be read is named, an assembly that names itself ends', async () => {
  const below = join(folder, 'below');
  mkdirSync(join(below, 'cdk'), { recursive: true });
  symlinkSync(below, join(below, 'again'));
  writeFileSync(join(below, 'cdk', 'cdk.out'), '{}');
  const artifacts = {
    a: { type: 'cdk:cloud-assembly', properties: { directoryName: '.' } },
    b: { type: 'aws:cdk:cloudformation:stack' },
    c: null,
    d: { type: 'aws:cloudformation:stack', metadata: { '/x': 5 } },
  };
  writeFileSync(join(below, 'cdk', 'manifest.json'), JSON.stringify({ artifacts }));
  writeFileSync(join(below, 'secret.yaml'), 'a: 1');
  chmodSync(join(below, 'secret.yaml'), 0);
  const { code, out, err } = await backpressure(`check ${below} ${WRONG}`);
  expect(out).toContain('error BP-SQS-002');
  expect(err).toMatch(/passed over 1 symbolic link; name one to have it checked/);
  // The superuser may read everything.
  if (process.getuid?.() !== 0) {
    expect(code).toBe(2);
    expect(err).toMatch(/secret\.yaml: may not be read/);
  }
});

test('a file of a folder that parses and cannot be judged is a failure, and is not passed over', async () => {
  const below = join(folder, 'cycles');
  mkdirSync(below);
  writeFileSync(join(below, 'cycle.yaml'), 'Resources: &r {Q: {Type: AWS::SQS::Queue, Properties: *r}}');
  const { code, err } = await backpressure(`check ${below}`);
  expect(err).toMatch(/cycle\.yaml: a value contains itself/);
  expect(err).not.toContain('passed over');
  expect(code).toBe(2);
});

test('stdin named twice is read once', async () => {
  let text = readFileSync(WRONG, 'utf8');
  const stdin = async () => {
    const all = text;
    text = '';
    return all;
  };
  const { code, out } = await backpressure('check - -', { stdin });
  expect(code).toBe(1);
  expect(out).toContain('error BP-SQS-002');
});

describe('where nothing can be checked the output is valid all the same, and the exit code is 2', () => {
  const made: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    ['an empty folder', {}, /there is no template, JSON or YAML in this folder/],
    ['files of another kind', { 'a.yaml': 'a: 1' }, /there is neither a template nor a manifest in it/],
    [
      'an assembly without a template',
      { 'cdk.out': '{}', 'manifest.json': '{"artifacts":{"a":{"type":"aws:cloudformation:stack","properties":{}}}}' },
      /there is no template, JSON or YAML in this folder/,
    ],
  ];
  test.each(made)('%s', async (_, files, message) => {
    const path = mkdtempSync(join(folder, 'without-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
    const entries = await backpressure(`check ${path} --json`);
    expect(entries.code).toBe(2);
    expect(entries.err).toMatch(message);
    expect(JSON.parse(entries.out)).toEqual([{ file: path, failure: expect.stringMatching(message) }]);
    const log = await backpressure(`check ${path} --format sarif`);
    expect(JSON.parse(log.out).runs[0].invocations[0]).toMatchObject({ executionSuccessful: false, exitCode: 2 });
  });
});

test('UTF-16 and a byte order mark are read', async () => {
  const text = '{ "Resources": { "Q": { "Type": "AWS::SQS::Queue" } } }';
  const little = Buffer.from(`\ufeff${text}`, 'utf16le');
  for (const bytes of [little, Buffer.from(little).swap16(), Buffer.from(`\ufeff${text}`)]) {
    expect(await backpressure(`check ${file('bom.json', bytes)}`)).toMatchObject({ code: 0, err: '' });
  }
});

test('no name in a document moves the cursor or begins a line of its own', async () => {
  const name = 'Q\u001b[2J\n::error::x';
  const body = {
    Resources: {
      [name]: {
        Type: 'AWS::SQS::Queue',
        Properties: { RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [name, 'Arn'] } } },
      },
    },
  };
  const { out } = await backpressure(`check ${file('names.json', JSON.stringify(body))}`);
  expect(out).toContain('\\u001b[2J\\u000a::error::x');
  expect(out).not.toContain('\u001b');
  expect(out).not.toMatch(/^::error/m);
});

test('random command lines: an answer or one line, and no other exit code than the documented ones', async () => {
  const words = fc.oneof(
    fc.constantFrom(
      'size',
      'check',
      'cases',
      'rules',
      'help',
      '-',
      '--json',
      '--help',
      '--version',
      '--severity',
      '--format',
      '--steady',
      '--service',
      '--latency',
      '--peak',
      '--peak-seconds',
      '--slots',
      '--max-instances',
      '--min-instances',
      '--start',
      '--case',
      '--seed',
      '--',
      '-x',
      WRONG,
      folder,
      'BP-SQS-001=off',
      '__proto__',
      'constructor',
    ),
    fc.constantFrom(
      '0',
      '-0',
      '1',
      '40',
      '1e9',
      '1e-9',
      '5e-324',
      '1.7e308',
      'NaN',
      'Infinity',
      '-1',
      '0x10',
      '',
      ' ',
      '\u0000',
      '💥',
    ),
    fc.string({ maxLength: 12 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(words, { maxLength: 9 }), async (argv) => {
      const { code, out, err } = await answer(argv);
      expect([0, 1, 2]).toContain(code);
      expect(out + err).not.toMatch(/internal fault|\n {4}at |TypeError|RangeError/);
      if (code === 2) expect(err).toMatch(/^backpressure.*: .+\n$/m);
    }),
    { numRuns: rounds(30_000) },
  );
});
