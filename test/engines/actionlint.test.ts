/** actionlint on the workflows that the library writes, and on our own. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ownWorkflows } from '../../docs/workflows';
import { githubWorkflows } from '../../lib/ci/github';
import { NIGHTLY, OPTIONS, PLAIN, SHOP } from '../ci/description';

const PROGRAM = join(homedir(), '.cache', 'backpressure', 'actionlint', 'actionlint');
const missing = existsSync(PROGRAM) ? undefined : 'no actionlint: test/engines/install builds it, with Go';

/**
 * What is ignored, and why: actionlint 1.7.12 knows `group` and `cancel-in-progress` of a concurrency group only, and GitHub has
 * `queue` since 2026-05-07; the last test goes red when a version knows it, and then the line goes. Labels of runners of one's
 * own are in its configuration file, which there is none of here.
 */
const UNKNOWN = ['unexpected key "queue" for "concurrency" section', 'label "pool" is unknown'];

/** What it says of a workflow, without what it cannot know. */
function lint(text: string, ignored: readonly string[] = UNKNOWN): string {
  const ignore = ignored.flatMap((pattern) => ['-ignore', pattern]);
  const { stdout, stderr, status } = spawnSync(PROGRAM, ['-no-color', '-oneline', ...ignore, '-'], {
    input: text,
    encoding: 'utf8',
  });
  if (status === null || status > 1) throw new Error(`actionlint ended with ${status}: ${stderr}`);
  return stdout;
}

const judge = missing === undefined ? test : test.skip;
const written = { ...githubWorkflows([SHOP, NIGHTLY, PLAIN], OPTIONS), ...ownWorkflows() };

if (missing !== undefined) console.warn(`actionlint: skipped, ${missing}`);

judge.each(Object.entries(written))('%s', (_, text) => {
  expect(lint(text)).toBe('');
});

judge('it judges: an expression that is none and a need that is not there are found', () => {
  const [text] = Object.values(githubWorkflows([SHOP], OPTIONS));
  expect(lint(text.replace('matrix.shard', 'matrix.shards'))).toMatch(/property "shards" is not defined/);
  expect(lint(text.replace('needs: [changes, test]', 'needs: [changes, tests]'))).toMatch(/tests/);
  // Else it is known by now, and need not be ignored.
  expect(lint(text, [])).toMatch(/unexpected key "queue"/);
});
