/**
 * The findings that a team has decided to live with for now, in a file: only what a change brings is news.
 */
import { writeFileSync } from 'node:fs';
import { loadRules } from '../../lib/rules/load';
import { isMapping } from '../../lib/rules/resolved';
import type { Finding } from '../../lib/rules/rule';
import { UsageError } from './io';
import { readText } from './read-file';

/** Findings of a baseline by place, with how many there are of each. */
export type Baseline = ReadonlyMap<string, number>;

/** Where a finding is; its message may change with a number that somebody else changes. */
function placeOf({ ruleId, file, resource, namespace, path }: Finding): string {
  return [ruleId, file, resource, namespace ?? '', path].join(' | ');
}

/** Writes the baseline of some findings. */
export function writeBaseline(file: string, findings: readonly Finding[]): void {
  const counts: Record<string, number> = {};
  for (const place of findings.map(placeOf).sort()) counts[place] = (counts[place] ?? 0) + 1;
  try {
    writeFileSync(file, `${JSON.stringify({ version: 1, findings: counts }, undefined, 2)}\n`);
  } catch (error) {
    throw new UsageError(`--write-baseline ${file} cannot be written: ${(error as Error).message}`);
  }
}

/**
 * Reads a baseline.
 *
 * @throws UsageError when there is none, or the file is something else
 */
export function readBaseline(file: string): Baseline {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readText(file));
  } catch (error) {
    throw new UsageError(`--baseline ${file} cannot be read: ${(error as Error).message}`);
  }
  if (!isMapping(parsed) || parsed.version !== 1 || !isMapping(parsed.findings))
    throw new UsageError(`--baseline ${file} is no baseline; --write-baseline makes one`);
  return new Map(Object.entries(parsed.findings).map(([place, count]) => [place, Number(count)]));
}

/** The findings that are not in a baseline, and the places of the baseline at which nothing is found any more. */
export function beyond(findings: readonly Finding[], baseline: Baseline): { news: Finding[]; gone: string[] } {
  const left = new Map(baseline);
  const news = findings.filter((finding) => {
    const place = placeOf(finding);
    const count = left.get(place) ?? 0;
    left.set(place, count - 1);
    return count <= 0;
  });
  return { news, gone: [...left].filter(([, count]) => count > 0).map(([place]) => place) };
}

/**
 * The rules that a pattern means: an id, or one with stars, as in `BP-KEDA-*`.
 *
 * @throws UsageError when it means none
 */
export function rulesOf(pattern: string): string[] {
  const expression = new RegExp(
    `^${pattern
      .toUpperCase()
      .replace(/[^A-Z0-9*-]/g, '.')
      .replace(/\*+/g, '.*')}$`,
  );
  const ids = loadRules()
    .RULES.map(({ id }) => id)
    .filter((id) => expression.test(id));
  if (ids.length === 0)
    throw new UsageError(`${pattern} is no rule and no pattern of rules; backpressure rules lists them`);
  return ids;
}
