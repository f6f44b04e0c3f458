import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { githubWorkflows, PASSED_SCRIPT } from '../../lib/ci/github';
import type { WriterOptions } from '../../lib/ci/options';
import { NIGHTLY, OPTIONS, PLAIN, SHOP } from './description';

const files = githubWorkflows([SHOP, NIGHTLY, PLAIN], OPTIONS);
const workflow = (name: string) => parse(files[`.github/workflows/${name}.yml`]);
const [shop, images, lint] = ['shop', 'images', 'lint'].map(workflow);

describe('runs that merge', () => {
  test('a pull request is a group in which the newest run cancels the older; every other run is a group by itself', () => {
    expect(shop.concurrency).toEqual({
      group:
        // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's looks like that.
        "${{ github.workflow }}-${{ github.event_name == 'pull_request' && github.event.pull_request.number || github.run_id }}",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the same.
      'cancel-in-progress': "${{ github.event_name == 'pull_request' }}",
    });
  });

  // Two forks may have branches of one name, which `github.head_ref` takes for the same.
  test('the group goes by the number of the pull request, not by the name of its branch', () => {
    expect(JSON.stringify(files)).not.toContain('head_ref');
  });

  test('a deployment has a group of its own, in order, and does not run for pull requests or merge groups', () => {
    const { concurrency, if: guard, environment } = shop.jobs.deploy;
    expect(concurrency).toEqual({ group: 'deploy-production', 'cancel-in-progress': false, queue: 'max' });
    expect(guard).toContain("github.event_name == 'push'");
    expect(environment).toBe('production');
  });

  test('deployments wait for one another by their environment, in whatever workflow they are', () => {
    expect(images.jobs.push).toMatchObject({
      if: "github.event_name == 'push'",
      concurrency: { group: 'deploy-registry', 'cancel-in-progress': false, queue: 'max' },
    });
    expect(images.on).toEqual({ push: { tags: ['v*'] } });
  });

  test('nothing that waits in order is cancelled: GitHub refuses both together', () => {
    for (const text of Object.values(files)) expect(text).not.toMatch(/cancel-in-progress: true/);
  });
});

describe('runs that do not start', () => {
  test('where no check is required, a filter of the workflow', () => {
    expect(lint.on).toEqual({
      push: { branches: ['main'], paths: ['src/**'] },
      pull_request: { paths: ['src/**'] },
    });
    expect(Object.keys(lint.jobs)).toEqual(['lint']);
  });

  test('where one is, a job that compares the files, and one that always ends', () => {
    expect(shop.on).toEqual({ push: { branches: ['main'] }, pull_request: null, merge_group: null });
    expect(Object.keys(shop.jobs)).toEqual(['changes', 'test', 'deploy', 'passed']);
    expect(shop.jobs.test).toMatchObject({ needs: ['changes'], if: "needs.changes.outputs.relevant == 'true'" });
    expect(shop.jobs.passed).toMatchObject({ name: 'shop passed', needs: ['changes', 'test'], if: 'always()' });
  });

  describe('the job that compares, in a repository', () => {
    const folder = mkdtempSync(join(tmpdir(), 'backpressure-changes-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const git = (...args: string[]) => {
      const config = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];
      const { status, stdout, stderr } = spawnSync('git', [...config, ...args], { cwd: folder, encoding: 'utf8' });
      if (status !== 0) throw new Error(stderr);
      return stdout.trim();
    };
    const commit = (path: string) => {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), String(Math.random()));
      git('add', '-A');
      git('commit', '-qm', path);
      return git('rev-parse', 'HEAD');
    };
    const script = shop.jobs.changes.steps[1].run as string;
    const relevant = (base: string) => {
      const output = join(folder, '.git', 'output');
      writeFileSync(output, '');
      const env = { ...process.env, BASE: base, GITHUB_OUTPUT: output };
      // As GitHub runs a step: the first command that fails ends it.
      const { status } = spawnSync('bash', ['-e', '-c', script], { cwd: folder, env });
      return status === 0 ? readFileSync(output, 'utf8').trim() : `ended with ${status}`;
    };

    git('init', '-q', '-b', 'main');
    const first = commit('src/a/b.ts');
    const second = commit('docs/page.md');
    const third = commit('package.json');

    test.each([
      ['only texts', () => relevant(first), 'relevant=false', second],
      ['a file of the pattern', () => relevant(first), 'relevant=true', third],
      ['a branch without a commit before it', () => relevant('0'.repeat(40)), 'relevant=true', third],
      ['a commit that was forced away', () => relevant('1'.repeat(40)), 'relevant=true', third],
    ])('%s', (_, compare, answer, head) => {
      git('checkout', '-q', head);
      expect(compare()).toBe(answer);
    });

    test('a change of main that the branch does not have is not one of the branch', () => {
      git('checkout', '-q', '-b', 'branch', first);
      commit('docs/other.md');
      expect(relevant(third)).toBe('relevant=false');
    });
  });

  test.each([
    ['success success', 0],
    ['success skipped', 0],
    ['success failure', 1],
    ['success cancelled', 1],
    ['failure skipped', 1],
  ])('the job that always ends, after %s: %d', (results, status) => {
    expect(spawnSync('bash', ['-e', '-c', PASSED_SCRIPT], { env: { ...process.env, RESULTS: results } }).status).toBe(
      status,
    );
  });
});

describe('without merging or without filters, the files do what the plan counts', () => {
  const made = (options: Partial<WriterOptions>) => {
    const texts = githubWorkflows([SHOP, PLAIN], { ...OPTIONS, ...options });
    return ['shop', 'lint'].map((name) => parse(texts[`.github/workflows/${name}.yml`]));
  };

  test('cancelOutdated: false leaves out the group, so that no run ends or waits for another', () => {
    for (const one of made({ cancelOutdated: false })) {
      expect(one).not.toHaveProperty('concurrency');
      expect(JSON.stringify(one)).not.toContain("'pull_request' }}");
    }
    expect(made({ cancelOutdated: false })[0].jobs.deploy.concurrency).toMatchObject({ queue: 'max' });
  });

  test('filterPaths: false starts every job for every push, and the required check keeps its name', () => {
    const [all, plain] = made({ filterPaths: false });
    expect(plain.on).toEqual({ push: { branches: ['main'] }, pull_request: null });
    expect(Object.keys(all.jobs)).toEqual(['test', 'deploy', 'passed']);
    expect(all.jobs.test).not.toHaveProperty('if');
    expect(all.jobs.passed).toMatchObject({ name: 'shop passed', needs: ['test'], if: 'always()' });
  });
});

// A job with permissions of its own has no others, and a check-out of a private repository needs to read it.
test('the job that compares files may read the repository, whatever the pipeline may', () => {
  const [text] = Object.values(githubWorkflows([{ ...SHOP, permissions: { 'id-token': 'write' } }], OPTIONS));
  const { permissions, jobs } = parse(text);
  expect(permissions).toEqual({ 'id-token': 'write' });
  expect(jobs.changes.permissions).toEqual({ contents: 'read' });
});

test('the required check does not wait for what follows a deployment', () => {
  const smoke = { name: 'smoke', needs: ['deploy'], steps: [{ run: 'make smoke' }] };
  const [text] = Object.values(githubWorkflows([{ ...SHOP, jobs: [...SHOP.jobs, smoke] }], OPTIONS));
  expect(parse(text).jobs.passed.needs).toEqual(['changes', 'test']);
});

test('runners, times and rights: nothing is left to a default', () => {
  expect(shop.jobs.test).toMatchObject({ 'runs-on': 'pool', 'timeout-minutes': 40, container: 'node:24' });
  expect(shop.jobs.deploy['timeout-minutes']).toBe(20);
  expect(shop.permissions).toEqual({ contents: 'read' });
  expect(shop.jobs.deploy.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  expect(shop.jobs.test.strategy.matrix).toEqual({ node: ['22', '24'], shard: ['a', 'b'] });
  for (const one of [shop, images, lint])
    for (const job of Object.values<{ 'timeout-minutes': number }>(one.jobs))
      expect(job['timeout-minutes']).toBeGreaterThan(0);
});

test('comments are kept: of the file, a job, a step and an input', () => {
  const text = files['.github/workflows/shop.yml'];
  for (const line of [
    '# Written by a test.',
    '# The shop and its deployment.',
    '  # Two versions are supported.\n  test:',
    '          # The version is counted from the last tag.\n          fetch-depth: 0',
    '      # One shard each.\n      - run: |',
  ])
    expect(text).toContain(line);
});
