/** The ways into a pipeline, each run as its host runs it: with the package's `npx` replaced by the one-file bundle. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { bundle } from '../../bin/bundle';

const ROOT = join(__dirname, '..', '..');
const WRONG = join(ROOT, 'docs', 'rules', 'BP-SQS-002', 'wrong.yaml');
const RIGHT = join(ROOT, 'docs', 'rules', 'BP-SQS-002', 'right.yaml');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const yaml = (name: string) => load(readFileSync(join(ROOT, name), 'utf8')) as never;

// Each starts several processes.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'backpressure-ways-'));
const project = join(folder, 'my project');
const asked = join(folder, 'npx.txt');
let program: string;

beforeAll(async () => {
  program = await bundle(join(folder, 'bundle'));
  mkdirSync(join(folder, 'bin'));
  // Writes down how it was called, and runs what comes after the package.
  const npx = `#!/bin/sh\necho "$@" >> '${asked}'\nwhile [ "$1" != backpressure ]; do shift; done\nshift\nexec '${process.execPath}' '${program}' "$@"\n`;
  writeFileSync(join(folder, 'bin', 'npx'), npx);
  chmodSync(join(folder, 'bin', 'npx'), 0o755);
}, 60_000);
beforeEach(() => {
  rmSync(project, { recursive: true, force: true });
  rmSync(asked, { force: true });
  mkdirSync(join(project, 'my stack'), { recursive: true });
  cpSync(WRONG, join(project, 'my stack', 'template.yaml'));
  cpSync(RIGHT, join(project, 'right.yaml'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], env: Record<string, string> = {}): SpawnSyncReturns<string> {
  const PATH = `${join(folder, 'bin')}:${process.env.PATH}`;
  return spawnSync(command, args, { cwd: project, encoding: 'utf8', env: { ...process.env, PATH, ...env } });
}

const PACKAGE = `--yes --omit=peer --package backpressure-constructs@${version} backpressure check`;

describe('the one-file bundle', () => {
  test('runs where nothing is installed, with the exit codes of the command', () => {
    const alone = join(folder, 'alone.cjs');
    cpSync(program, alone);
    expect(run(process.execPath, [alone, '--version']).stdout).toBe(`${version}\n`);
    expect(run(process.execPath, [alone, 'check', 'right.yaml'])).toMatchObject({ status: 0, stderr: '' });
    expect(run(process.execPath, [alone, 'check', '.'])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('error BP-SQS-002'),
    });
    expect(run(process.execPath, [alone, 'check', 'nowhere']).status).toBe(2);
    expect(
      run(process.execPath, [alone, 'size', '--steady', '5', '--service', '1', '--latency', '60']).stdout,
    ).toContain('maxInstances');
  });

  test('has the licences of the code of others beside it', () => {
    const notices = readFileSync(join(folder, 'bundle', 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    expect(notices).toContain('backpressure.cjs');
    for (const name of ['commander', 'js-yaml']) expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'));
  });
});

describe('the GitHub Action', () => {
  interface Action {
    readonly inputs: Record<string, { readonly default: string; readonly description: string }>;
    readonly runs: {
      readonly using: string;
      readonly steps: readonly { shell: string; env: Record<string, string>; run: string }[];
    };
  }
  const action: Action = yaml('action.yml');
  const [step] = action.runs.steps;

  /** As the runner runs a composite step: inputs by their expressions, the script by bash with `-e`. */
  function act(inputs: Record<string, string> = {}) {
    const summary = join(folder, 'summary.md');
    writeFileSync(summary, '');
    const env = Object.fromEntries(
      Object.entries(step.env).map(([key, expression]) => {
        const [, name] = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(expression)!;
        return [key, inputs[name] ?? action.inputs[name].default];
      }),
    );
    const script = join(folder, 'step.sh');
    writeFileSync(script, step.run);
    const ran = run('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script], {
      ...env,
      RUNNER_TEMP: folder,
      GITHUB_STEP_SUMMARY: summary,
    });
    return { ...ran, summary: readFileSync(summary, 'utf8') };
  }

  test('is one step of bash, without an expression in its script', () => {
    expect(action.runs).toMatchObject({ using: 'composite', steps: [{ shell: 'bash' }] });
    expect(step.run).not.toContain('${{');
    expect(action.inputs.version.default).toBe(version);
  });

  test('annotates, fills the summary, and fails the step', () => {
    const { status, stdout, summary } = act();
    expect(status).toBe(1);
    expect(stdout).toMatch(/^::error file=my stack\/template\.yaml,line=\d+,title=BP-SQS-002 /);
    expect(summary).toContain('### backpressure: 1 error, 0 warnings');
    expect(readFileSync(asked, 'utf8')).toContain(`${PACKAGE} --format github -- .\n`);
  });

  test('takes paths with spaces, options, a file for SARIF and one for the comment', () => {
    const { status } = act({
      paths: 'my stack\nright.yaml\n',
      options: '--fail-on\nnone\n--severity\nBP-SQS-002=warning',
      sarif: 'out.sarif',
      comment: 'comment.md',
    });
    expect(status).toBe(0);
    expect(JSON.parse(readFileSync(join(project, 'out.sarif'), 'utf8')).runs[0].results).toHaveLength(1);
    expect(readFileSync(join(project, 'comment.md'), 'utf8')).toContain('0 errors, 1 warning');
  });

  test('runs the bundle, and then installs nothing', () => {
    expect(act({ program, paths: 'right.yaml' })).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(asked)).toBe(false);
  });

  test('a text of a pull request is no command', () => {
    const { status, stderr } = act({ paths: '$(touch pwned); `touch pwned`' });
    expect(status).toBe(2);
    expect(stderr).toContain('there is no such file or folder');
    expect(existsSync(join(project, 'pwned'))).toBe(false);
  });
});

test('the hook of pre-commit checks the whole project', () => {
  interface Hook {
    readonly id: string;
    readonly language: string;
    readonly entry: string;
    readonly args: readonly string[];
    readonly files: string;
    readonly pass_filenames: boolean;
  }
  const [hook, ...others]: readonly Hook[] = yaml('.pre-commit-hooks.yaml');
  expect(others).toEqual([]);
  expect(hook).toMatchObject({ id: 'backpressure-check', language: 'system', pass_filenames: false });
  // pre-commit splits the entry as a shell does, and appends the arguments.
  const [command, ...words] = hook.entry.split(' ');
  const { status, stdout } = run(command, [...words, ...hook.args]);
  expect(status).toBe(1);
  expect(stdout).toContain('my stack/template.yaml');
  expect(readFileSync(asked, 'utf8')).toBe(`${PACKAGE} .\n`);
  for (const file of ['a.yaml', 'k8s/a.yml', 'cdk.json', 'x.template']) expect(file).toMatch(new RegExp(hook.files));
  expect('a.ts').not.toMatch(new RegExp(hook.files));
});

test('the GitLab job writes a report, and ends as the check does', () => {
  interface Job {
    readonly script: readonly string[];
    readonly variables: Record<string, string>;
    readonly artifacts: { readonly when: string; readonly reports: { readonly junit: string } };
  }
  const { backpressure: job }: { readonly backpressure: Job } = yaml('templates/backpressure.gitlab-ci.yml');
  expect(job.variables.BACKPRESSURE_VERSION).toBe(version);
  // GitLab's runner joins the lines into a script that stops at the first that fails.
  const script = ['set -eo pipefail', ...job.script].join('\n');
  const wrong = run('bash', ['-c', script], { ...job.variables });
  expect(wrong).toMatchObject({ status: 1, stdout: expect.stringContaining('error BP-SQS-002') });
  expect(readFileSync(join(project, job.artifacts.reports.junit), 'utf8')).toContain('<failure ');
  expect(job.artifacts.when).toBe('always');
  const right = run('bash', ['-c', script], {
    ...job.variables,
    BACKPRESSURE_PATHS: 'right.yaml',
    BACKPRESSURE_OPTIONS: '--strict --fail-on warning',
  });
  expect(right.status).toBe(0);
  expect(readFileSync(asked, 'utf8')).toContain(`${PACKAGE} --strict --fail-on warning --format text -- right.yaml\n`);
});
