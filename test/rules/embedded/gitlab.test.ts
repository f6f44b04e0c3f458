/** Pipelines of GitLab: what may be cancelled, what may not, and what must not run twice. */
import { check } from '../../../lib/rules/check';
import { readDocuments } from '../../../lib/rules/read';

const found = (text: string, file = '.gitlab-ci.yml') => check(readDocuments([{ file, text }]));
const ids = (text: string, file?: string) => found(text, file).map(({ ruleId }) => ruleId);

const JOB = 'deploy:\n  script: ./deploy.sh\n  environment: production\n  resource_group: production\n';
const ALL = 'default:\n  interruptible: true\n';

describe('CI-002: a deployment', () => {
  test.each([
    ['is interruptible by default', ALL + JOB, ['BP-CI-002']],
    ['says so itself', `${JOB}  interruptible: true\n`, ['BP-CI-002']],
    ['says so in what it extends', `.base:\n  interruptible: true\n${JOB}  extends: .base\n`, ['BP-CI-002']],
    [
      'says so in the last that it extends',
      `.a: { interruptible: false }\n.b: { interruptible: true }\n${JOB}  extends: [.a, .b]\n`,
      ['BP-CI-002'],
    ],
    ['says so by an anchor', `.base: &base\n  interruptible: true\n${JOB}  <<: *base\n`, ['BP-CI-002']],
    [
      'has no environment, and a command',
      `${ALL}apply:\n  script:\n    - terraform apply -auto-approve\n`,
      ['BP-CI-002'],
    ],
    ['with the inputs of a component', `spec:\n  inputs: {}\n---\n${ALL}${JOB}`, ['BP-CI-002']],
    ['beside a reference', `${ALL}${JOB}  before_script: !reference [.setup, script]\n`, ['BP-CI-002']],
    ['is not, against the default', `${ALL}${JOB}  interruptible: false\n`, []],
    ['is not, as the first that it extends says', `${ALL}.a: { interruptible: false }\n${JOB}  extends: .a\n`, []],
    ['is not by default', JOB, []],
    ['is what an included template says', `${ALL}${JOB}  extends: .elsewhere\n`, []],
    ['is what a rule says', `${ALL}${JOB}  rules:\n    - if: $X\n      interruptible: false\n`, []],
    ['takes no default', `${ALL}${JOB}  inherit: { default: false }\n`, []],
    ['is cancelled by no commit', `workflow:\n  auto_cancel: { on_new_commit: none }\n${ALL}${JOB}`, []],
    [
      'is cancelled as the rules of the workflow say',
      `workflow:\n  rules:\n    - auto_cancel: { on_new_commit: none }\n${ALL}${JOB}`,
      [],
    ],
    ['runs for tags only', `${ALL}${JOB}  rules:\n    - if: $CI_COMMIT_TAG\n`, []],
    ['runs for tags only, the old way', `${ALL}${JOB}  only: [tags]\n`, []],
    ['is one for each branch', `${ALL}review:\n  script: x\n  environment: { name: review/$CI_COMMIT_REF_SLUG }\n`, []],
    ['stops an environment', `${ALL}stop:\n  script: x\n  environment: { name: production, action: stop }\n`, []],
    ['is that of a test', `${ALL}test:\n  script: npm test\n`, []],
    ['is started elsewhere', `${ALL}deploy:\n  trigger: { project: a/b }\n  environment: production\n`, []],
  ])('%s', (_, text, expected) => {
    expect(ids(text)).toEqual(expected);
  });

  test('the message has the line, the job, and where it comes from', () => {
    expect(found(ALL + JOB)[0].message).toBe(
      'line 3: deploy deploys and is interruptible by default: the next commit on its branch stops it in the middle',
    );
    expect(found(`# first\n${JOB}  interruptible: true\n`)[0].message).toMatch(
      /^line 2: deploy deploys and is interruptible:/,
    );
  });
});

describe('CI-003: an environment', () => {
  const deploy = (rest: string) => `deploy:\n  script: ./deploy.sh\n${rest}`;
  test.each([
    ['that two may deploy to', deploy('  environment: production\n'), ['BP-CI-003']],
    ['by its name', deploy('  environment:\n    name: staging\n    url: https://x\n'), ['BP-CI-003']],
    ['with a group', deploy('  environment: production\n  resource_group: production\n'), []],
    [
      'with a group in what it extends',
      `.a: { resource_group: x }\n${deploy('  environment: production\n  extends: .a\n')}`,
      [],
    ],
    ['with a template from elsewhere', deploy('  environment: production\n  extends: .a\n'), []],
    ['of each branch', deploy('  environment: review/$CI_COMMIT_REF_SLUG\n'), []],
    ['that a person deploys to', deploy('  environment: production\n  when: manual\n'), []],
    [
      'that a person deploys to, by a rule',
      deploy('  environment: production\n  rules: [{ if: $X, when: manual }, { when: never }]\n'),
      [],
    ],
    ['that releases deploy to', deploy('  environment: production\n  only: { refs: [tags] }\n'), []],
    ['that is only verified', deploy('  environment: { name: production, action: verify }\n'), []],
  ])('%s', (_, text, expected) => {
    expect(ids(text)).toEqual(expected);
  });
});

describe('CI-004: jobs of old commits', () => {
  const jobs = (count: number, rest = '') =>
    Array.from({ length: count }, (_, i) => `test${i}:\n  script: npm test\n${rest}`).join('');
  test.each([
    ['five of them', jobs(5), ['BP-CI-004']],
    ['four of them', jobs(4), []],
    ['shards of one', 'test:\n  parallel: 5\n  script: npm test\n', ['BP-CI-004']],
    [
      'a matrix',
      'test:\n  parallel:\n    matrix: [{ NODE: [20, 22], OS: [a, b, c] }]\n  script: npm test\n',
      ['BP-CI-004'],
    ],
    ['interruptible by default', ALL + jobs(5), []],
    ['of which one is', `${jobs(5)}build:\n  script: x\n  interruptible: true\n`, []],
    ['with a default from elsewhere', `include: [{ local: a.yml }]\n${jobs(5)}`, []],
    ['that are meant to end', `workflow: { auto_cancel: { on_new_commit: none } }\n${jobs(5)}`, []],
    ['that a person starts', jobs(5, '  when: manual\n'), []],
    ['that are templates', jobs(5).replace(/^test/gm, '.test'), []],
    ['that deploy', `${jobs(4)}${JOB}`, []],
  ])('%s', (_, text, expected) => {
    expect(ids(text)).toEqual(expected);
  });
});

test('a file of a project, and one that others include; not any other', () => {
  expect(ids(ALL + JOB, 'a/.gitlab-ci.yml')).toEqual(['BP-CI-002']);
  expect(ids(ALL + JOB, 'templates/deploy.gitlab-ci.yml')).toEqual(['BP-CI-002']);
  expect(() => found(ALL + JOB, 'pipeline.yml')).toThrow(/neither/);
});

test('what extends itself is not decided, and a million ways to extend are one', () => {
  expect(ids(`.a: { extends: .b }\n.b: { extends: .a }\n${ALL}${JOB}  extends: .a\n`)).toEqual([]);
  const fifty = (name: string) => `[${Array.from({ length: 50 }, () => name).join(', ')}]`;
  const wide = Array.from({ length: 12 }, (_, i) => `.a${i}: { extends: ${fifty(`.a${i + 1}`)} }\n`).join('');
  expect(ids(`${wide}.a12: { interruptible: true }\n${JOB}  extends: .a0\n`)).toEqual(['BP-CI-002']);
});

describe('CI-001: a workflow of GitHub that only tests', () => {
  const workflow = (run: string, group = 'tests') =>
    `name: t\non: push\nconcurrency:\n  group: ${group}-\${{ github.ref }}\n  cancel-in-progress: true\njobs:\n  a: { steps: [{ run: ${run} }] }\n`;
  test.each([
    ['may cancel itself', workflow('npm test'), []],
    ['with a comment on a deployment', `# deployed elsewhere\n${workflow('npm test')}`, []],
    ['no longer when it deploys', workflow('./deploy.sh'), ['BP-CI-001', 'BP-CI-001']],
  ])('%s', (_, text, expected) => {
    expect(ids(text, 'workflow.yml')).toEqual(expected);
  });
});
