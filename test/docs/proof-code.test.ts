/** The code behind a row of the proof: which it was, and what has become of it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { changedFiles, codeOf, commitOf, sinceThen, whyNotProven } from '../proof-code';

const root = mkdtempSync(join(tmpdir(), 'backpressure-proof-code-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: root })
    .toString()
    .trim();
const put = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const committed = () => {
  git('add', '-A');
  git('commit', '-q', '-m', 'm');
  return commitOf(root);
};

const TEST = 'test/engines/a.test.ts';
let first: string;
beforeAll(() => {
  git('init', '-q');
  put(TEST, "import { a } from '../../lib/flow/a';\nimport './helper.mjs';\n");
  put('test/engines/helper.mjs', '');
  put('lib/flow/a.ts', "export * from './b';\nconst c = () => require('./c');\n");
  put('lib/flow/b.ts', '');
  put('lib/flow/c/index.ts', '');
  put('lib/flow/other.ts', '');
  put('lib/runtime/sender/main.ts', '');
  first = committed();
});

test('its files are what it imports, at any depth, and all that is bundled', () => {
  expect(codeOf(root, TEST)).toEqual([
    'lib/flow/a.ts',
    'lib/flow/b.ts',
    'lib/flow/c/index.ts',
    'lib/runtime/sender/main.ts',
    'test/engines/a.test.ts',
    'test/engines/helper.mjs',
  ]);
});

test('files that differ from the commit mark it, those of the docs do not', () => {
  put('docs/a.md', 'a');
  expect([changedFiles(root), commitOf(root)]).toEqual([[], first]);
  put('lib/flow/new.ts', '');
  expect([changedFiles(root), commitOf(root)]).toEqual([['lib/flow/new.ts'], `${first}+`]);
  rmSync(join(root, 'lib/flow/new.ts'));
});

test('code that differs from its commit is refused, or marked on request', () => {
  expect(whyNotProven([], false)).toBeUndefined();
  expect(whyNotProven(['lib/a.ts'], true)).toBeUndefined();
  expect(whyNotProven(['lib/a.ts', 'lib/b.ts', 'lib/c.ts', 'lib/d.ts'], false)).toBe(
    'the code differs from its commit (lib/a.ts, lib/b.ts, lib/c.ts and 1 more), so that its rows could not be repeated: commit first, or give --dirty, which marks the rows with a + behind the commit',
  );
});

test('a change of what it imports is counted, a change beside it is not', () => {
  put('lib/flow/other.ts', 'const other = 1;');
  committed();
  expect(sinceThen(root, TEST, first)).toBe(`at ${first}, 1 commit ago; 0 of its 6 files changed since`);
  put('lib/flow/b.ts', 'const b = 1;');
  committed();
  expect(sinceThen(root, TEST, `${first}+`)).toBe(
    `at ${first}, which it differed from, 2 commits ago; 1 of its 6 files changed since`,
  );
});

test('a commit that the history lacks is said', () => {
  expect(sinceThen(root, TEST, 'abcdef1')).toBe('at abcdef1, which is not in this history');
});
