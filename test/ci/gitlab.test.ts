import { parse } from 'yaml';
import { CiFiles } from '../../lib/ci/ci-files';
import { githubWorkflows } from '../../lib/ci/github';
import { gitlabPipeline } from '../../lib/ci/gitlab';
import type { WriterOptions } from '../../lib/ci/options';
import type { CiJob, CiPipeline } from '../../lib/flow/ci/pipelines';
import { InvalidInputError } from '../../lib/flow/errors';
import { check } from '../../lib/rules/check';
import { readDocuments } from '../../lib/rules/read';
import { NIGHTLY, OPTIONS, PLAIN, SHOP } from './description';

const text = gitlabPipeline([SHOP, NIGHTLY, PLAIN], OPTIONS)['.gitlab-ci.yml'];
const file = parse(text);

test('a newer push cancels jobs of merge requests; branches, tags and merge trains are kept', () => {
  expect(file.workflow.auto_cancel.on_new_commit).toBe('interruptible');
  expect(file.workflow.rules).toEqual([
    { if: '$CI_MERGE_REQUEST_EVENT_TYPE == "merge_train"', auto_cancel: { on_new_commit: 'none' } },
    { if: '$CI_PIPELINE_SOURCE == "merge_request_event"' },
    { if: '$CI_COMMIT_BRANCH == "main"', auto_cancel: { on_new_commit: 'none' } },
    { if: '$CI_COMMIT_TAG =~ /^v.*$/', auto_cancel: { on_new_commit: 'none' } },
  ]);
  expect(file.default).toEqual({ interruptible: true, tags: ['pool'], timeout: '40 minutes' });
});

test('a deployment is not interruptible, follows the one before, and is none for merge requests', () => {
  expect(file['shop:deploy']).toMatchObject({
    stage: 'deploy',
    interruptible: false,
    resource_group: 'production',
    environment: 'production',
    timeout: '20 minutes',
    needs: ['shop:test'],
    rules: [{ if: '$CI_COMMIT_BRANCH == "main"', changes: ['src/**', 'package.json'] }],
  });
});

test('a matrix is a matrix, its values are variables, and the check-out is as deep', () => {
  expect(file['shop:test']).toMatchObject({
    image: 'node:24',
    parallel: { matrix: [{ NODE: ['22', '24'], SHARD: ['a', 'b'] }] },
    variables: { GIT_DEPTH: '0' },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the shell.
    script: ['npm ci\nnpm test -- --shard="${SHARD}"'],
  });
  expect(file['shop:deploy'].script).toEqual(['export STAGE="production"', 'npx cdk deploy --all']);
});

test('one pipeline needs no prefix', () => {
  expect(Object.keys(parse(gitlabPipeline([PLAIN], OPTIONS)['.gitlab-ci.yml']))).toContain('lint');
});

test('comments are kept', () => {
  for (const line of [
    '# The shop and its deployment.',
    '# Two versions are supported.\nshop:test:',
    '# One shard each.',
  ])
    expect(text).toContain(line);
});

const written = (jobs: CiJob[], more: Partial<CiPipeline> = {}, options: Partial<WriterOptions> = {}) =>
  parse(gitlabPipeline([{ name: 'a', jobs, ...more }], { ...OPTIONS, ...options })['.gitlab-ci.yml']);
const run = [{ run: 'make' }];

describe('a job that needs a deployment', () => {
  const made = written([
    { name: 'test', steps: run },
    { name: 'deploy', needs: ['test'], deploysTo: 'staging', steps: run },
    { name: 'smoke', needs: ['deploy'], steps: run },
    { name: 'report', needs: ['smoke'], steps: run },
    { name: 'release', needs: ['smoke'], deploysTo: 'production', steps: run },
  ]);

  test('is in no earlier stage than what it needs', () => {
    const stages = Object.fromEntries(
      ['test', 'deploy', 'smoke', 'report', 'release'].map((job) => [job, made[job].stage]),
    );
    expect(stages).toEqual({ test: 'test', deploy: 'deploy', smoke: 'deploy', report: 'deploy', release: 'deploy' });
  });

  test('is in no pipeline without the deployment: GitLab would make none', () => {
    for (const job of ['smoke', 'report']) expect(made[job].rules).toEqual(made.deploy.rules);
    expect(made.smoke.rules).toEqual([{ if: '$CI_COMMIT_BRANCH == "main"' }]);
  });

  test('is no deployment itself', () => {
    expect(made.smoke).not.toHaveProperty('resource_group');
    expect(made.smoke).not.toHaveProperty('environment');
  });
});

test.each([
  ['main', '$CI_COMMIT_BRANCH == "main"'],
  ['release/**', '$CI_COMMIT_BRANCH =~ /^release\\/.*$/'],
  ['release/*', '$CI_COMMIT_BRANCH =~ /^release\\/[^\\/]*$/'],
  ['v1.*', '$CI_COMMIT_BRANCH =~ /^v1\\.[^\\/]*$/'],
])('the branch %s runs where %s', (branch, rule) => {
  const made = written([{ name: 'test', steps: run }], { branches: [branch], pullRequests: false });
  expect(made.test.rules).toEqual([{ if: rule }]);
  expect(made.workflow.rules[0].if).toBe(rule);
});

test('a value of the matrix is a variable in the image too', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
  const image = 'node:${{ matrix.node }}-slim';
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of GitLab's looks like that.
  expect(written([{ name: 'test', image, matrix: { node: ['22'] }, steps: run }]).test.image).toBe('node:${NODE}-slim');
});

test('a check-out takes its submodules along', () => {
  const checkout = (submodules: string) => [{ uses: 'actions/checkout@v5', inputs: { submodules } }, ...run];
  const strategy = (submodules: string) =>
    written([{ name: 'test', steps: checkout(submodules) }]).test.variables.GIT_SUBMODULE_STRATEGY;
  expect(['true', 'recursive', 'false'].map(strategy)).toEqual(['normal', 'recursive', 'none']);
});

test('without merging and filters nothing is cancelled, and every push runs all', () => {
  const made = written(
    [{ name: 'test', steps: run }],
    { paths: ['src/**'] },
    { cancelOutdated: false, filterPaths: false },
  );
  expect(made.workflow.auto_cancel.on_new_commit).toBe('none');
  expect(made.default.interruptible).toBe(false);
  expect(made.test.rules).toEqual([
    { if: '$CI_PIPELINE_SOURCE == "merge_request_event"' },
    { if: '$CI_COMMIT_BRANCH == "main"' },
  ]);
});

describe('what GitLab has nothing for is refused, with a way out', () => {
  const make = (job: Partial<CiJob>, name = 'b') =>
    gitlabPipeline([{ name: 'a', jobs: [{ name, steps: run, ...job }] }], OPTIONS);
  const checkout = (inputs: { [name: string]: string }) => ({
    steps: [{ uses: 'actions/checkout@v5', inputs }, ...run],
  });

  test.each<[string, Partial<CiJob>]>([
    [
      'a: job b uses actions/setup-node@v5, which GitLab does not have: give image on the job',
      { steps: [{ uses: 'actions/setup-node@v5' }, ...run] },
    ],
    ['give commands (run) instead', { image: 'node:24', steps: [{ uses: 'docker/build-push-action@v6' }, ...run] }],
    [
      'uses actions/cache@v4, which GitLab does not have: leave it out',
      { steps: [{ uses: 'actions/cache@v4' }, ...run] },
    ],
    ['job b has no commands (run)', { steps: [{ uses: 'actions/checkout@v5' }] }],
    ['gives ref to actions/checkout@v5, which is lost on GitLab', checkout({ ref: 'next' })],
    ["gives submodules 'some' to actions/checkout@v5: give true, false or recursive", checkout({ submodules: 'some' })],
    [
      'gives registry-url to actions/setup-node@v5, which is lost on GitLab',
      { image: 'node:24', steps: [{ uses: 'actions/setup-node@v5', inputs: { 'registry-url': 'a' } }, ...run] },
    ],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
      'job b has ${{ secrets.TOKEN }} in its environment TOKEN: GitLab has variables of the project instead',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
      { steps: [{ run: 'make', environment: { TOKEN: '${{ secrets.TOKEN }}' } }] },
    ],
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
      'job b has ${{ github.sha }} in its run: GitLab has variables such as $CI_COMMIT_SHA instead',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
      { steps: [{ run: 'make ${{ github.sha }}' }] },
    ],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
    ['has ${{ matrix.os }} in its run', { matrix: { node: ['22'] }, steps: [{ run: 'make ${{ matrix.os }}' }] }],
    ['has path in its matrix, which is the variable PATH there', { matrix: { path: ['a'] } }],
    ['has NODE twice in its matrix', { matrix: { node: ['22'], Node: ['24'] } }],
    [
      'has 225 combinations in its matrix, and GitLab runs 200',
      {
        matrix: Object.fromEntries(['x', 'y'].map((name) => [name, Array.from({ length: 15 }, (_, one) => `${one}`)])),
      },
    ],
  ])('%s', (message, job) => {
    expect(() => make(job)).toThrow(InvalidInputError);
    expect(() => make(job)).toThrow(message);
  });

  test.each(['image', 'cache', 'default', 'pages', 'stages', 'workflow'])(
    'a job called %s would replace a keyword',
    (name) => {
      expect(() => make({}, name)).toThrow(`job ${name} would be called ${name}, which is a keyword of GitLab`);
    },
  );

  test('with several pipelines a job has the name of its pipeline before its own, which is no keyword', () => {
    const cache: CiPipeline = { name: 'c', jobs: [{ name: 'cache', steps: run }] };
    expect(() => gitlabPipeline([cache, PLAIN], OPTIONS)).not.toThrow();
    const pages: CiPipeline = { name: 'pages', jobs: [{ name: 'deploy', steps: run }] };
    expect(() => gitlabPipeline([pages, PLAIN], OPTIONS)).toThrow('would be called pages:deploy');
  });

  test('all of it in one error', () => {
    const failing = () => make({ steps: [{ uses: 'actions/setup-node@v5' }, { uses: 'a/b@v1' }] }, 'cache');
    for (const part of ['keyword of GitLab', 'give image on the job', 'uses a/b@v1', 'no commands'])
      expect(failing).toThrow(part);
  });
});

test('our own rules find nothing in what is written', () => {
  expect(check(readDocuments([{ file: '.gitlab-ci.yml', text }]))).toEqual([]);
  for (const [path, one] of Object.entries(githubWorkflows([SHOP, NIGHTLY, PLAIN], OPTIONS)))
    expect(check(readDocuments([{ file: path, text: one }]))).toEqual([]);
});

test('both are public, and a description that is wrong is refused with everything that is wrong', () => {
  const options = { runner: 'pool', timeoutMinutes: 40 };
  expect(Object.keys(CiFiles.github([SHOP, PLAIN], options))).toEqual([
    '.github/workflows/shop.yml',
    '.github/workflows/lint.yml',
  ]);
  expect(CiFiles.gitlab([SHOP], options)['.gitlab-ci.yml']).toContain('# Written by backpressure-constructs.');
  expect(() => CiFiles.gitlab([{ ...PLAIN, name: 'a b' }], { ...options, timeoutMinutes: 0 })).toThrow(
    "CiFiles: pipelines[0].name must be letters, digits, _ and -, at most 64, got 'a b'; timeoutMinutes must be between 1 and 360, got 0",
  );
});
