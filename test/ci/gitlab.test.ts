import { parse } from 'yaml';
import { CiFiles } from '../../lib/ci/ci-files';
import { githubWorkflows } from '../../lib/ci/github';
import { gitlabPipeline } from '../../lib/ci/gitlab';
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

test('an action that GitLab does not have is named, with what to give instead', () => {
  const make = (uses: string, image?: string) =>
    gitlabPipeline([{ name: 'a', jobs: [{ name: 'b', image, steps: [{ uses }] }] }], OPTIONS);
  expect(() => make('actions/setup-node@v5')).toThrow(InvalidInputError);
  expect(() => make('actions/setup-node@v5')).toThrow(
    'a: job b uses actions/setup-node@v5, which GitLab does not have: give image on the job',
  );
  expect(() => make('docker/build-push-action@v6', 'node:24')).toThrow('give commands (run) instead');
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
