/** Where packages come from is the business of whoever installs, so no file names a registry's host. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
/** In two parts, so that this file does not find itself. */
const HOSTS = [
  ['registry', 'npmjs'],
  ['pypi', 'org'],
  ['files', 'pythonhosted'],
  ['repo1', 'maven'],
  ['crates', 'io'],
  ['proxy', 'golang'],
].map((parts) => parts.join('.'));

function filesThatName(texts: readonly string[]): string[] {
  const patterns = texts.flatMap((text) => ['-e', text]);
  try {
    const found = execFileSync('git', ['grep', '--files-with-matches', '--fixed-strings', ...patterns], { cwd: ROOT });
    return found.toString().trim().split('\n');
  } catch (error) {
    // git grep ends with 1 when nothing is found.
    if ((error as { status?: number }).status === 1) return [];
    throw error;
  }
}

describe('package registries', () => {
  test('the search finds what is there', () => {
    expect(filesThatName(['backpressure-constructs'])).toContain('package.json');
  });

  test('no file in git names a registry', () => {
    expect(filesThatName(HOSTS)).toEqual([]);
  });

  test('the lock file leaves open where its packages come from', () => {
    const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
    const pinned = Object.entries<{ resolved?: string }>(lock.packages).filter(([, { resolved }]) => resolved);
    expect(pinned.map(([name]) => name)).toEqual([]);
  });
});
