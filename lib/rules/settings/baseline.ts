/**
 * Findings that are known: a team with a thousand of them starts with none, and sees what is new.
 */
import { createHash } from 'node:crypto';
import { InvalidInputError } from '../../flow/errors';
import { grouped } from '../../flow/grouped';
import { isMapping } from '../resolved';
import type { Finding } from '../rule';

/** What tells a finding from others, without its line and without numbers that change. */
export interface Known {
  readonly rule: string;
  /** The file, relative to the configuration, or to the folder of the baseline. */
  readonly file: string;
  readonly resource: string;
  /** Of a manifest that names one. */
  readonly namespace?: string;
  /** Where in the resource; indices of lists are left out, so that an element above does not make it new. */
  readonly path: string;
}

/** A baseline file. */
interface Baseline {
  readonly version: 1;
  readonly findings: readonly (Known & { readonly count?: number })[];
}

/** How findings compare with a baseline. */
export interface Compared<F> {
  /** Those that it does not hold. */
  readonly fresh: F[];
  /** How many it holds. */
  readonly known: number;
  /** How many it holds of files that were checked, and that are not found any more. */
  readonly gone: number;
}

/** What identifies a finding. */
export function knownFrom(finding: Finding, relative: (file: string) => string): Known {
  const { ruleId, file, resource, namespace, path } = finding;
  const place = { resource, ...(namespace === undefined ? {} : { namespace }), path: path.replace(/\[\d+\]/g, '[]') };
  return { rule: ruleId, file: relative(file), ...place };
}

/** Sixteen digits that stay the same when lines move. */
export function fingerprint(finding: Finding, relative: (file: string) => string): string {
  return createHash('sha256')
    .update(keyOf(knownFrom(finding, relative)))
    .digest('hex')
    .slice(0, 16);
}

/**
 * The findings in the text of a baseline.
 *
 * @throws InvalidInputError when it is none
 */
export function baselineFrom(name: string, text: string): Baseline['findings'] {
  const refuse = (why: string) => new InvalidInputError(name, [`${why}; --write-baseline writes one`]);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw refuse(`is not a baseline: ${(error as Error).message}`);
  }
  if (!isMapping(parsed) || parsed.version !== 1 || !Array.isArray(parsed.findings))
    throw refuse('is not a baseline of version 1');
  const wrong = parsed.findings.findIndex((one) => !isKnown(one));
  if (wrong >= 0) throw refuse(`has an entry without rule, file, resource and path, number ${wrong + 1}`);
  return parsed.findings;
}

function isKnown(one: unknown): boolean {
  if (!isMapping(one)) return false;
  const texts = [one.rule, one.file, one.resource, one.path, one.namespace ?? ''].every(
    (part) => typeof part === 'string',
  );
  return texts && (one.count === undefined || (Number.isInteger(one.count) && (one.count as number) > 0));
}

/**
 * Takes out what a baseline holds. It holds a finding as often as it says: a second one at the same place is new.
 *
 * @param checked whether a file was checked by these rules
 */
export function compare<F extends Finding>(
  findings: readonly F[],
  baseline: Baseline['findings'],
  relative: (file: string) => string,
  checked: (known: Known) => boolean,
): Compared<F> {
  const open = new Map<string, number>();
  for (const known of baseline) open.set(keyOf(known), (open.get(keyOf(known)) ?? 0) + (known.count ?? 1));
  const fresh = findings.filter((finding) => {
    const key = keyOf(knownFrom(finding, relative));
    const count = open.get(key) ?? 0;
    if (count > 0) open.set(key, count - 1);
    return count === 0;
  });
  const covered = new Set(baseline.filter(checked).map(keyOf));
  const gone = [...open].reduce((sum, [key, count]) => sum + (covered.has(key) ? count : 0), 0);
  return { fresh, known: findings.length - fresh.length, gone };
}

/** The text of a baseline with these findings, and with what is kept of the one before. In order, for a small diff. */
export function baselineText(
  findings: readonly Finding[],
  relative: (file: string) => string,
  kept: Baseline['findings'] = [],
): string {
  const found = grouped(findings.map((one) => knownFrom(one, relative)).map((known) => [keyOf(known), known] as const));
  const rows = [
    ...kept,
    ...[...found.values()].map((same) => ({ ...same[0], ...(same.length > 1 ? { count: same.length } : {}) })),
  ].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`);
  return `{\n  "version": 1,\n  "findings": [${lines.length > 0 ? `\n${lines.join(',\n')}\n  ` : ''}]\n}\n`;
}

function keyOf({ rule, file, resource, namespace = '', path }: Known): string {
  return [file, rule, resource, namespace, path].join('\n');
}
