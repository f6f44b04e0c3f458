/**
 * Patterns of a configuration: of rules, and of files.
 */
import { matchesWildcards } from '../patterns';
import { RULES } from '../table';

/** Whether a pattern names a rule: its id, the beginning of ids such as `BP-KEDA`, or a glob such as `BP-*-001`. */
export function namesRule(pattern: string, ruleId: string): boolean {
  return matchesWildcards(pattern, ruleId) || matchesWildcards(`${pattern}-*`, ruleId);
}

/** The ids of the rules that a pattern names. */
export function rulesNamed(pattern: string): string[] {
  return RULES.map(({ id }) => id).filter((id) => namesRule(pattern, id));
}

/**
 * Whether a pattern names a file or a folder above it. `*` and `?` stay within a name, `**` spans folders. A pattern
 * without a slash names files and folders anywhere, as in .gitignore; `./name` only those beside the configuration.
 */
export function namesFile(pattern: string, file: string): boolean {
  const wanted = pattern.replace(/^\.\//, '').replace(/\/+$/, '').split('/');
  const anywhere = wanted.length === 1 && !pattern.startsWith('./') ? ['**', ...wanted] : wanted;
  return spans(anywhere, file.replace(/^\.\//, '').split('/'));
}

/** Whether the segments match all of a path, or a folder above it. Linear in both but for each `**`. */
function spans(pattern: readonly string[], path: readonly string[]): boolean {
  // Row by row over the pattern: which beginnings of the path are matched so far.
  let reached = path.map((_, at) => at === 0);
  reached.push(path.length === 0);
  for (const segment of pattern) {
    const next = new Array<boolean>(path.length + 1).fill(false);
    for (let at = 0; at <= path.length; at++) {
      if (segment === '**') next[at] = reached[at] || (at > 0 && next[at - 1]);
      else if (reached[at] && at < path.length && matchesWildcards(segment, path[at])) next[at + 1] = true;
    }
    reached = next;
  }
  return reached.some((matched, at) => matched && at > 0);
}

/** The name that is most likely meant, when one is near: `did you mean severity?`. Empty otherwise. */
export function didYouMean(given: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, away: distance(given.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.away - b.away)[0];
  return near !== undefined && near.away <= Math.max(1, Math.floor(near.name.length / 3))
    ? `; did you mean ${near.name}?`
    : '';
}

/** How many letters to insert, delete or replace. */
function distance(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 8) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[to.length];
}
