/** Judges of others for the package as it is packed: how its types resolve, and what its API breaks since the last tag. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from './languages';

const ROOT = join(__dirname, '..', '..');
/** Brings a TypeScript of its own, 38 MB together, so that it is no dependency but is installed where it is run. */
const ATTW = '@arethetypeswrong/cli@0.18.5';
/** The breaks that are allowed, each with a reason. */
export const ALLOWED = join(ROOT, 'allowed-breaking-changes.txt');

/** `<kind> <entry point> <resolution>` of every problem that Are The Types Wrong has with the tarball. */
export function typeProblems(run: Run, tarball: string, folder: string): string[] {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'judge', private: true }));
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error', ATTW], folder);
  const program = join(folder, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
  // It ends with 1 when it has a problem, and before a pipe has taken its whole answer, so that a file has to.
  run('sh', ['-c', '"$0" "$@" > answer.json || true', process.execPath, program, tarball, '--format', 'json'], folder);
  const { analysis } = JSON.parse(readFileSync(join(folder, 'answer.json'), 'utf8'));
  return analysis.problems
    .map((each: Record<string, string>) => `${each.kind} ${each.entrypoint ?? ''} ${each.resolutionKind ?? ''}`.trim())
    .sort();
}

/** The last release before this commit, or why there is none to compare with. */
export function lastTag(run: Run): { tag?: string; reason?: string } {
  if (run('git', ['rev-parse', '--is-shallow-repository'], ROOT).trim() === 'true') {
    return { reason: 'a shallow clone has no tags' };
  }
  // A release is tagged at this commit, so that its own tag is not the one before.
  const tags = run('git', ['tag', '--list', 'v*', '--merged', 'HEAD^', '--sort=-version:refname'], ROOT);
  const [tag] = tags.split('\n');
  return tag ? { tag } : { reason: 'no release has a tag yet' };
}

/** The sources of a commit, compiled in `folder` with the packages of `checkout`. */
export function assemblyAt(run: Run, commit: string, checkout: string, folder: string): void {
  run('git', ['archive', '--format=tar', `--output=${join(folder, 'sources.tar')}`, commit], ROOT);
  run('tar', ['-xf', 'sources.tar'], folder);
  rmSync(join(folder, 'sources.tar'));
  run('cp', ['-al', join(checkout, 'node_modules'), join(folder, 'node_modules')], ROOT);
  run(process.execPath, [join(folder, 'node_modules', 'jsii', 'bin', 'jsii')], folder);
}

/** What `now` breaks of `before`, both folders with an assembly, as jsii-diff says it; each line ends with its key. */
export function breaks(run: Run, before: string, now: string, allowed = ALLOWED): string[] {
  const program = join(ROOT, 'node_modules', 'jsii-diff', 'bin', 'jsii-diff');
  // Everything is experimental before 1.0, and is compared all the same.
  const args = [program, '--keys', '--error-on', 'all', '--ignore-file', allowed, before, now];
  try {
    run(process.execPath, args, now, { JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' });
    return [];
  } catch (error) {
    const found = String((error as { stderr?: string }).stderr)
      .split('\n')
      .filter((line) => /^\s*err\b/.test(line));
    // It failed for another reason than a break.
    if (found.length === 0) throw error;
    return found;
  }
}

/** A folder whose API has one method more on a class, so that `now` without it breaks it. */
export function withOneMethodMore(now: string, folder: string, fqn: string): string {
  const before = mkdtempSync(join(folder, 'before-'));
  cpSync(join(now, 'package.json'), join(before, 'package.json'));
  symlinkSync(join(now, 'node_modules'), join(before, 'node_modules'));
  const assembly = JSON.parse(readFileSync(join(now, '.jsii'), 'utf8'));
  const { methods } = assembly.types[fqn];
  methods.push({ ...methods[0], name: 'gone', overrides: undefined });
  writeFileSync(join(before, '.jsii'), JSON.stringify(assembly));
  return before;
}

/** Keys without a comment above them. */
export function withoutReason(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line, i) => line !== '' && !line.startsWith('#') && !/^#\s*\S/.test(lines[i - 1] ?? ''));
}
