/**
 * Findings that the configuration accepts, and acknowledgements that accept nothing.
 */
import { matchesWildcards } from '../patterns';
import type { Finding } from '../rule';
import type { Acknowledgement } from './config';
import { namesFile, namesRule } from './pattern';

/** A finding with its construct path, when it is known. */
type Placed = Finding & { readonly constructPath?: string };

/** What was checked, so that an acknowledgement of something else is not called stale. */
export interface Scope {
  /** Files that were checked, relative to the configuration. */
  readonly files: readonly string[];
  /** Whether everything below the configuration was checked. */
  readonly everything: boolean;
  /** Whether there is such a file or folder, relative to the configuration. */
  exists(path: string): boolean;
  /** Whether a rule was run. */
  ran(ruleId: string): boolean;
  /** The day of the run, as in 2027-03-31. */
  readonly today: string;
}

/** The findings that are left, and what is wrong with the acknowledgements. */
export interface Acknowledged<F> {
  readonly left: F[];
  /** How many were accepted. */
  readonly accepted: number;
  /** One sentence for each acknowledgement that is expired, or accepts nothing. */
  readonly notices: string[];
}

/** Takes out what is acknowledged. An acknowledgement holds until the end of its last day, in UTC. */
export function acknowledge<F extends Placed>(
  findings: readonly F[],
  all: readonly Acknowledgement[],
  relative: (file: string) => string,
  scope: Scope,
): Acknowledged<F> {
  const expired = all.filter(({ expires }) => expires !== undefined && expires < scope.today);
  const valid = all.filter((one) => !expired.includes(one));
  const used = new Set<Acknowledgement>();
  const left = findings.filter((finding) => {
    const accepting = all.filter((one) => accepts(one, finding, relative(finding.file)));
    for (const one of accepting) used.add(one);
    return !accepting.some((one) => valid.includes(one));
  });
  const notices = all.flatMap((one) => {
    if (used.has(one))
      return expired.includes(one) ? [`${told(one)} expired on ${one.expires}: decide again, or mend it`] : [];
    const reason = whyStale(one, scope);
    return reason === undefined ? [] : [`${told(one)} ${reason}`];
  });
  return { left, accepted: findings.length - left.length, notices };
}

function accepts({ rule, path, object }: Acknowledgement, finding: Placed, file: string): boolean {
  if (!namesRule(rule, finding.ruleId)) return false;
  if (path !== undefined && !namesFile(path, file)) return false;
  const { resource, namespace, constructPath } = finding;
  const names = [
    resource,
    ...(namespace ? [`${namespace}/${resource}`] : []),
    ...(constructPath ? [constructPath] : []),
  ];
  return object === undefined || names.some((name) => matchesWildcards(object, name));
}

/** Why an acknowledgement accepts nothing; undefined when this run cannot tell. */
function whyStale({ rule, path }: Acknowledgement, scope: Scope): string | undefined {
  if (!scope.ran(rule)) return undefined;
  if (path !== undefined && !/[*?]/.test(path) && path.includes('/') && !scope.exists(path))
    return 'names a path that is not there';
  const covered = path === undefined || scope.everything || scope.files.some((file) => namesFile(path, file));
  return covered ? 'matches no finding: remove it, or correct its rule, path or object' : undefined;
}

function told({ rule, path, object }: Acknowledgement): string {
  return `the acknowledgement of ${[rule, object, path && `in ${path}`].filter(Boolean).join(' ')}`;
}
