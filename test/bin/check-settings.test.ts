/** The configuration, the baseline and the options of `check`, on files of a project. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { backpressure } from './harness';

const ROOT = join(__dirname, '..', '..');
const RULE_EXAMPLES = join(ROOT, 'docs', 'rules');
/** One error, BP-SQS-002 on Parked. */
const ERROR = join(RULE_EXAMPLES, 'BP-SQS-002', 'wrong.yaml');
/** One warning, BP-SQS-003 on Orders. */
const WARNING = join(RULE_EXAMPLES, 'BP-SQS-003', 'wrong.yaml');

const temporary = mkdtempSync(join(tmpdir(), 'backpressure-settings-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

let count = 0;

/** A project with an error in `old/queue.yaml`, a warning in `new/queue.yaml`, and these files. */
function project(files: Record<string, unknown> = {}): string {
  const folder = join(temporary, String(count++));
  for (const [name, from] of [
    ['old/queue.yaml', ERROR],
    ['new/queue.yaml', WARNING],
  ]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    cpSync(from, join(folder, name));
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

interface Row {
  readonly ruleId?: string;
  readonly severity?: string;
  readonly notice?: string;
  readonly fingerprint?: string;
}

const rows = async (line: string) => JSON.parse((await backpressure(`check ${line} --json`)).out) as Row[];
const found = async (line: string) =>
  (await rows(line)).flatMap(({ ruleId, severity }) => (ruleId === undefined ? [] : [`${severity} ${ruleId}`])).sort();

test('without settings: an error and a warning', async () => {
  expect(await found(project())).toEqual(['error BP-SQS-002', 'warning BP-SQS-003']);
});

describe('the configuration', () => {
  test.each(['json', 'yaml', 'yml'])('is found as .%s above the path, and changes levels', async (extension) => {
    const folder = project({ [`backpressure.config.${extension}`]: { severity: { 'BP-SQS-*': 'warning' } } });
    const { code, err } = await backpressure(`check ${join(folder, 'old')}`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await found(join(folder, 'old', 'queue.yaml'))).toEqual(['warning BP-SQS-002']);
  });

  test('is a program as .ts, which is run from the folder that it is in, or when it is named', async () => {
    const config = `import type { CheckConfig } from '${ROOT}/lib/rules';
const config: CheckConfig = { severity: { ['BP-SQS-*' as string]: 'off' } };
export default config;`;
    const folder = project({ 'backpressure.config.ts': config });
    const check = (cwd: string, ...more: string[]) =>
      spawnSync(
        process.execPath,
        [
          '--import',
          join(ROOT, 'node_modules/tsx/dist/esm/index.mjs'),
          '--import',
          join(ROOT, 'node_modules/tsx/dist/loader.mjs'),
          join(ROOT, 'bin/backpressure.ts'),
          'check',
          folder,
          ...more,
        ],
        { cwd, encoding: 'utf8' },
      );
    expect(check(folder)).toMatchObject({ status: 0, stdout: 'no findings in 8 resources in 2 files\n', stderr: '' });
    expect(check(ROOT, '--config', join(folder, 'backpressure.config.ts'))).toMatchObject({ status: 0 });
    // A folder of others that is checked runs no code here.
    const refused = check(ROOT);
    expect(refused.stderr).toMatch(
      /is a program outside of this folder; name it with --config to run it, or leave it out with --no-config\n$/,
    );
    expect(refused.status).toBe(2);
    expect(check(ROOT, '--no-config').status).toBe(1);
  }, 60_000);

  test('a program that fails is one line', async () => {
    const folder = project({ 'c.ts': "throw new Error('no such team');" });
    expect(await backpressure(`check ${folder} --config ${join(folder, 'c.ts')}`)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^backpressure check: .*c\.ts: fails: no such team\n$/),
    });
  });

  test('is not looked for above the folder of the repository', async () => {
    const folder = project({ 'backpressure.config.json': { severity: { '*': 'off' } }, 'old/.git/HEAD': '' });
    expect(await found(join(folder, 'old'))).toEqual(['error BP-SQS-002']);
    expect(await found(join(folder, 'new'))).toEqual([]);
  });

  test('--no-config reads none, --config another, wherever it is', async () => {
    const folder = project({
      'backpressure.config.json': { severity: { '*': 'off' } },
      'ci/strict.yaml': 'failOn: warning',
    });
    expect(await found(`${folder} --no-config`)).toHaveLength(2);
    const { code } = await backpressure(`check ${join(folder, 'new')} --config ${join(folder, 'ci/strict.yaml')}`);
    expect(code).toBe(1);
  });

  test('paths: other levels for some files', async () => {
    const paths = { old: { severity: { '*': 'warning' } }, 'new/*.yaml': { severity: { 'BP-SQS': 'error' } } };
    const folder = project({ 'backpressure.config.json': { paths } });
    expect(await found(folder)).toEqual(['error BP-SQS-003', 'warning BP-SQS-002']);
  });

  test('exclude and include leave files out, and stderr says how many', async () => {
    const folder = project({ 'backpressure.config.json': { exclude: ['old'] } });
    expect(await found(folder)).toEqual(['warning BP-SQS-003']);
    expect((await backpressure(`check ${folder}`)).err).toBe(
      'backpressure check: passed over 1 file that the configuration or --exclude leaves out\n',
    );
    expect(await found(`${folder} --include new`)).toEqual(['warning BP-SQS-003']);
    expect(await found(`${folder} --exclude new/*.yaml`)).toEqual([]);
    // Named by a hook, and left out: nothing to check, and no failure.
    expect(await backpressure(`check ${join(folder, 'old/queue.yaml')}`)).toMatchObject({ code: 0, out: '' });
  });

  test('a file that is left out is not read', async () => {
    const folder = project({ 'backpressure.config.json': { exclude: ['cut.json'] }, 'cut.json': '{' });
    expect((await backpressure(`check ${join(folder, 'cut.json')} ${join(folder, 'new')}`)).code).toBe(0);
    expect((await backpressure(`check ${join(folder, 'cut.json')} --no-config`)).code).toBe(2);
  });

  test('is neither checked nor counted as another file', async () => {
    const folder = project({ 'backpressure.config.yaml': 'strict: false\n', 'backpressure-baseline.json': '{}' });
    const { err } = await backpressure(`check ${folder} --write-baseline`);
    expect(err).not.toContain('passed over');
  });

  test('format, failOn and strict are those of the options, which win', async () => {
    const folder = project({ 'backpressure.config.json': { format: 'json', failOn: 'warning' } });
    const { code, out } = await backpressure(`check ${join(folder, 'new')}`);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toHaveLength(1);
    expect(await backpressure(`check ${join(folder, 'new')} --format text --fail-on error`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('0 errors, 1 warning in 5 resources in 1 file'),
    });
  });

  test('all that is wrong with it is one line that names the file', async () => {
    const folder = project({ 'backpressure.config.yaml': 'severty: {}\nfailOn: never\n' });
    const { code, out, err } = await backpressure(`check ${folder}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(
      /^backpressure check: \S*backpressure\.config\.yaml: severty is not a setting; did you mean severity\?; failOn must be one of error, warning, none, got "never"\n$/,
    );
  });

  test.each<[string, Record<string, string>, string, RegExp]>([
    ['broken YAML', { 'backpressure.config.yaml': 'a: [1\n' }, '', /backpressure\.config\.yaml: no YAML in line/],
    [
      'two documents',
      { 'backpressure.config.yaml': 'strict: true\n---\nstrict: false\n' },
      '',
      /has 2 documents; one is read/,
    ],
    [
      'two in a folder',
      { 'backpressure.config.yaml': '', 'backpressure.config.json': '{}' },
      '',
      /there are .*config\.json and .*config\.yaml; keep one/,
    ],
    [
      'two for two paths',
      { 'old/backpressure.config.yaml': '', 'new/backpressure.config.yaml': '' },
      'new',
      /different configurations, .* and .*; name one with --config/,
    ],
    ['none where it is named', {}, '--config', /nowhere\.yaml: there is no such file or folder/],
  ])('%s is one line', async (_, files, more, message) => {
    const folder = project(files);
    const line =
      more === '--config' ? `${folder} --config ${folder}/nowhere.yaml` : more ? `${folder}/old ${folder}/new` : folder;
    const { code, out, err } = await backpressure(`check ${line}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});

describe('acknowledgements', () => {
  const accept = (changes: object) => ({
    acknowledge: [{ rule: 'BP-SQS-002', path: 'old/queue.yaml', reason: 'r', ...changes }],
  });

  test('accept a finding: exit code 0, and the text counts it', async () => {
    const folder = project({ 'backpressure.config.json': accept({ object: 'Parked', expires: '2999-12-31' }) });
    expect(await backpressure(`check ${join(folder, 'old')}`)).toEqual({
      code: 0,
      out: 'no findings in 3 resources in 1 file (not shown: 1 acknowledged)\n',
      err: '',
    });
  });

  test.each([
    ['expired', { expires: '2020-01-01' }, 1, /expired on 2020-01-01/],
    ['mis-spelt object', { object: 'Prked' }, 1, /BP-SQS-002 Prked in old\/queue\.yaml matches no finding/],
    ['mis-spelt path', { path: 'old/quue.yaml' }, 1, /names a path that is not there/],
    ['stale rule', { rule: 'BP-SQS-001' }, 1, /BP-SQS-001 in old\/queue\.yaml matches no finding/],
  ])(
    '%s: the finding stands, the notice is on stderr and in the output, and --strict exits with 2',
    async (_, changes, code, message) => {
      const folder = project({ 'backpressure.config.json': accept(changes) });
      const answer = await backpressure(`check ${join(folder, 'old')}`);
      expect(answer).toMatchObject({ code, err: expect.stringMatching(message) });
      expect(answer.out).toContain('1 error, 0 warnings');
      expect((await rows(join(folder, 'old'))).flatMap(({ notice }) => notice ?? [])).toEqual([
        expect.stringMatching(message),
      ]);
      expect((await backpressure(`check ${join(folder, 'old')} --strict`)).code).toBe(2);
    },
  );

  test('of files that were not checked are not called stale', async () => {
    const folder = project({ 'backpressure.config.json': accept({}) });
    expect(await backpressure(`check ${join(folder, 'new')} --strict`)).toMatchObject({ code: 0, err: '' });
  });

  test('by the construct path of a template that has one', async () => {
    const template = readFileSync(ERROR, 'utf8').replace(
      /^( {2}Parked:\n)/m,
      '$1    Metadata: { aws:cdk:path: Shop/Parked/Resource }\n',
    );
    const folder = project({
      'cdk/Shop.yaml': template,
      'backpressure.config.json': { acknowledge: [{ rule: 'BP-SQS-002', object: 'Shop/Parked/*', reason: 'r' }] },
    });
    expect(template).toContain('aws:cdk:path');
    expect(await found(join(folder, 'cdk'))).toEqual([]);
  });
});

describe('the baseline', () => {
  test('written once, it leaves only what is new; moved lines are not new', async () => {
    const folder = project();
    const file = join(folder, 'known.json');
    const written = await backpressure(`check ${folder} --baseline ${file} --write-baseline`);
    expect(written).toMatchObject({ code: 0, err: expect.stringMatching(/2 findings written to .*known\.json\n$/) });
    const queue = join(folder, 'old', 'queue.yaml');
    writeFileSync(queue, `# one\n# two\n${readFileSync(queue, 'utf8')}`);
    expect(await backpressure(`check ${folder} --baseline ${file}`)).toEqual({
      code: 0,
      out: 'no new findings in 8 resources in 2 files (not shown: 2 in the baseline)\n',
      err: '',
    });
    cpSync(ERROR, join(folder, 'new', 'more.yaml'));
    const { code, out } = await backpressure(`check ${folder} --baseline ${file}`);
    expect(code).toBe(1);
    expect(out).toContain('1 error, 0 warnings, all new, in 11 resources in 3 files (not shown: 2 in the baseline)');
    expect(out).not.toContain('old/queue.yaml');
  });

  test('is named in the configuration, and does not depend on the folder that one stands in', async () => {
    const folder = project({ 'backpressure.config.json': { baseline: 'ci/known.json' }, 'ci/.keep': '' });
    await backpressure(`check ${folder} --write-baseline`);
    const before = process.cwd();
    try {
      process.chdir(join(folder, 'old'));
      expect(await found('.')).toEqual([]);
      expect(await found(`queue.yaml ${join('..', 'new')}`)).toEqual([]);
    } finally {
      process.chdir(before);
    }
  });

  test('what is mended is told, and leaves with the next --write-baseline; files that were not checked stay in', async () => {
    const folder = project({ 'backpressure.config.json': {} });
    await backpressure(`check ${folder} --write-baseline`);
    const file = join(folder, 'backpressure-baseline.json');
    const known = () => JSON.parse(readFileSync(file, 'utf8')).findings.map((one: { file: string }) => one.file);
    expect(known()).toEqual(['new/queue.yaml', 'old/queue.yaml']);
    cpSync(join(RULE_EXAMPLES, 'BP-SQS-002', 'right.yaml'), join(folder, 'old', 'queue.yaml'));
    expect((await backpressure(`check ${folder} --baseline ${file}`)).err).toMatch(
      /1 finding of .* no longer found; --write-baseline removes them/,
    );
    // Not told where the rule or the file was not looked at.
    expect((await backpressure(`check ${join(folder, 'new')} --baseline ${file}`)).err).toBe('');
    expect((await backpressure(`check ${folder} --baseline ${file} --rule BP-KEDA`)).err).toBe('');
    await backpressure(`check ${join(folder, 'old')} --write-baseline`);
    expect(known()).toEqual(['new/queue.yaml']);
  });

  test.each([
    ['is not there', '', /nowhere\.json: there is no such file or folder; --write-baseline writes one/],
    ['is none', '{}', /is not a baseline of version 1; --write-baseline writes one/],
  ])('one that %s is one line', async (_, text, message) => {
    const folder = project(text === '' ? {} : { 'nowhere.json': text });
    const { code, out, err } = await backpressure(`check ${folder} --baseline ${join(folder, 'nowhere.json')}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(message);
  });

  test('is not written with half of the rules, nor where it cannot be', async () => {
    const folder = project();
    expect(
      await backpressure(`check ${folder} --write-baseline --baseline ${folder}/b.json --rule BP-SQS`),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining('--write-baseline takes the findings of every rule'),
    });
    expect(existsSync(join(folder, 'b.json'))).toBe(false);
    expect(await backpressure(`check ${folder} --write-baseline --baseline ${folder}/no/b.json`)).toMatchObject({
      code: 2,
      err: expect.stringContaining('cannot be written'),
    });
  });
});

describe('--fail-on and --rule', () => {
  test.each([
    [ERROR, 'error', 1],
    [ERROR, 'warning', 1],
    [ERROR, 'none', 0],
    [WARNING, 'error', 0],
    [WARNING, 'warning', 1],
    [WARNING, 'none', 0],
  ])('%s --fail-on %s: %s', async (file, level, code) => {
    expect((await backpressure(`check ${file} --fail-on ${level}`)).code).toBe(code);
  });

  test('an unreadable file exits with 2 under every threshold', async () => {
    const folder = project({ 'cut.json': '{' });
    expect((await backpressure(`check ${folder}/cut.json --fail-on none`)).code).toBe(2);
  });

  test('--rule runs only these', async () => {
    const folder = project();
    expect(await found(`${folder} --rule BP-SQS-003`)).toEqual(['warning BP-SQS-003']);
    expect(await found(`${folder} --rule BP-KEDA --rule BP-*-002`)).toEqual(['error BP-SQS-002']);
    expect(await found(`${folder} --rule BP-KEDA-*`)).toEqual([]);
  });

  test('--explain explains, without a path', async () => {
    const { code, out } = await backpressure('check --explain bp-sqs-002');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^BP-SQS-002 {2}A dead-letter queue keeps[\s\S]*source .*[\s\S]*page {6}https:\/\/\S+\/BP-SQS-002\/README.md\n\nWrong:\n/,
    );
  });
});

test.each([
  ['--severity BP-SQS-*=mild', /--severity of BP-SQS-\* must be one of error, warning, off, got mild/],
  ['--severity BP-SQ-*=off', /--severity names BP-SQ-\*, which is not a rule/],
  ['--severity a=b=c', /--severity must be a rule and a level, as in BP-SQS-001=warning, got a=b=c/],
  ['--rule BP-SQS-999', /--rule names BP-SQS-999, which is not a rule/],
  ['--fail-on never', /--fail-on must be one of error, warning, none, got never/],
  ['--format xml', /--format must be one of text, json, sarif, junit, github, markdown, got xml/],
  ['--explain BP-SQS-999', /there is no rule BP-SQS-999/],
  ['--explain', /option '--explain <rule>' argument missing/],
  ['--rule', /option '--rule <rule>' argument missing/],
  ['--fail-on x --rule y --format z', /--format must .*; --fail-on must .*; --rule names y/],
  ['--fail-an none', /unknown option '--fail-an'/],
])('%s is refused in one line', async (options, message) => {
  const { code, out, err } = await backpressure(`check ${ERROR} ${options}`);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(message);
  expect(err.trim().split('\n')).toHaveLength(1);
});

test('a key that is given twice is a notice of the output too', async () => {
  const folder = project({
    'twice.yaml': 'Resources:\n  A: { Type: AWS::SNS::Topic }\nResources:\n  A: { Type: AWS::SNS::Topic }\n',
  });
  const notices = (await rows(join(folder, 'twice.yaml'))).flatMap(({ notice }) => notice ?? []);
  expect(notices).toEqual([expect.stringContaining('twice.yaml')]);
});

test('no path is refused in one line', async () => {
  expect(await backpressure('check')).toEqual({
    code: 2,
    out: '',
    err: "backpressure check: missing required argument 'paths'; see npx backpressure check --help\n",
  });
});

describe('one object in several namespaces of one file', () => {
  const NAMESPACES = ['dev', 'staging', 'prod'];
  /** BP-CRON-003 in each. */
  const jobs = NAMESPACES.map(
    (namespace) =>
      `apiVersion: batch/v1\nkind: CronJob\nmetadata: { name: a, namespace: ${namespace} }\nspec: { schedule: "0 0 * * *" }\n`,
  ).join('---\n');
  const left = async (line: string) =>
    (JSON.parse((await backpressure(`check ${line} --json`)).out) as { namespace?: string }[]).map(
      ({ namespace }) => namespace,
    );
  const accepting = (object: string) => ({
    acknowledge: [{ rule: 'BP-CRON-003', object, reason: 'It ends within the hour.' }],
  });

  test('what is accepted in one is still found in the others', async () => {
    const folder = project({ 'all.yaml': jobs, 'backpressure.config.json': accepting('prod/CronJob/a') });
    expect(await left(join(folder, 'all.yaml'))).toEqual(['dev', 'staging']);
  });

  test('the name alone accepts it in all', async () => {
    const folder = project({ 'all.yaml': jobs, 'backpressure.config.json': accepting('CronJob/a') });
    expect(await left(join(folder, 'all.yaml'))).toEqual([]);
  });

  test('a baseline of one does not hold the others', async () => {
    const folder = project({ 'all.yaml': jobs.split('---\n')[2] });
    const line = `${join(folder, 'all.yaml')} --baseline ${join(folder, 'known.json')}`;
    await backpressure(`check ${line} --write-baseline`);
    expect(await left(line)).toEqual([]);
    writeFileSync(join(folder, 'all.yaml'), jobs);
    expect(await left(line)).toEqual(['dev', 'staging']);
  });
});
