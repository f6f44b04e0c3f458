/** The code that a proof ran on: its commit, whether it differed from that, and what has changed since. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** What a row depends on; a change of docs makes no other number. */
const CODE = ['lib', 'stacks', 'charts', 'bin', 'test'];

/** The files of the code that differ from the commit. */
export function changedFiles(root: string): string[] {
  return git(root, 'status', '--porcelain', '--', ...CODE)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^..? /, ''));
}

/** The commit, with `+` when the code differs from it. */
export function commitOf(root: string): string {
  return `${git(root, 'rev-parse', '--short', 'HEAD') || 'unknown'}${changedFiles(root).length > 0 ? '+' : ''}`;
}

/** Why rows of a working tree are not written; undefined when they are. */
export function whyNotProven(changed: readonly string[], dirty: boolean): string | undefined {
  if (changed.length === 0 || dirty) return undefined;
  const shown = changed.slice(0, 3).join(', ');
  return `the code differs from its commit (${shown}${changed.length > 3 ? ` and ${changed.length - 3} more` : ''}), so that its rows could not be repeated: commit first, or give --dirty, which marks the rows with a + behind the commit`;
}

/**
 * What has happened to the code of a proof since it ran, in words.
 *
 * @param entry the test or the program that it starts from
 * @param commit as a row has it
 */
export function sinceThen(root: string, entry: string, commit: string): string {
  const base = commit.replace(/\+$/, '');
  const own = base === commit ? '' : ', which it differed from';
  const commits = git(root, 'rev-list', '--count', `${base}..HEAD`);
  if (commits === '') return `at ${base}${own}, which is not in this history`;
  const files = new Set(codeOf(root, entry));
  const differing = git(root, 'diff', '--name-only', base, '--', ...CODE).split('\n');
  const changed = differing.filter((file) => files.has(file)).length;
  return `at ${base}${own}, ${commits} ${commits === '1' ? 'commit' : 'commits'} ago; ${changed} of its ${files.size} files changed since`;
}

/**
 * The files of the code that a program is made of: what it imports, and all that is bundled, because a test that starts a
 * bundle does not import it. From the root, in order.
 */
export function codeOf(root: string, entry: string): string[] {
  const found = new Set<string>();
  const pending = [join(root, entry)];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    if (/\.(ts|[cm]?js)$/.test(file)) pending.push(...importsOf(file));
  }
  const bundled = filesBelow(join(root, 'lib', 'runtime'));
  return [...new Set([...found, ...bundled])].map((file) => relative(root, file)).sort();
}

function importsOf(file: string): string[] {
  const specifiers = readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport|\brequire\(|\bimport\()\s*'(\.[^']+)'/g);
  return [...specifiers].flatMap(([, specifier]) => {
    const base = join(dirname(file), specifier);
    const path = [base, `${base}.ts`, join(base, 'index.ts')].find(
      (one) => existsSync(one) && /\.[a-z]+$/.test(one.slice(one.lastIndexOf('/'))),
    );
    return path === undefined ? [] : [path];
  });
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function git(root: string, ...args: string[]): string {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 }).stdout?.trimEnd() ?? '';
}
