/**
 * What a run of `check` came to, ready to be written in any format.
 */
import type { Failure } from '../check';
import type { Document } from '../document';
import { linkOf } from '../link';
import type { NotRead } from '../not-read';
import type { Severity } from '../rule';
import type { Located } from '../sarif';
import type { FailOn } from '../settings/choices';
import { RULES } from '../table';

/** A finding with all that is known of it. */
export interface Reported extends Located {
  /** The rule's title. */
  readonly title: string;
  /** Where the rule is explained. */
  readonly link: string;
  /** Stays the same when lines move. */
  readonly fingerprint: string;
}

/** One run. */
export interface Report {
  /** What is reported: neither acknowledged nor in the baseline. */
  readonly findings: readonly Reported[];
  /** What could not be judged. */
  readonly failures: readonly Failure[];
  /** What no rule has read. */
  readonly notRead: readonly NotRead[];
  /** About files, acknowledgements and the baseline, one sentence each. */
  readonly notices: readonly string[];
  /** Findings that the configuration accepts. */
  readonly acknowledged: number;
  /** Findings that the baseline holds; undefined without a baseline. */
  readonly known?: number;
  /** The lowest severity that fails the run. */
  readonly failOn: FailOn;
  /** Files with a document in them. */
  readonly files: readonly string[];
  /** Resources that were checked. */
  readonly resources: number;
  /** Of the process. */
  readonly exitCode: number;
}

/** Files and resources of documents, as a report counts them. */
export function counted(documents: readonly Document[]): Pick<Report, 'files' | 'resources'> {
  const resources = documents.flatMap((document) => document.resources);
  // A macro makes several of one, and two overlays have one base.
  const written = new Set(resources.map(({ source }) => source)).size;
  return { files: [...new Set(resources.map(({ file }) => file))], resources: written };
}

/** The construct paths of resources, by file and name in the file. */
export function constructPaths(documents: readonly Document[]): (file: string, resource: string) => string | undefined {
  const paths = new Map(
    documents.flatMap(({ resources }) =>
      resources.map(({ file, declaredAs, constructPath }) => [`${file}\n${declaredAs}`, constructPath] as const),
    ),
  );
  return (file, resource) => paths.get(`${file}\n${resource}`);
}

/** Title and link of a finding's rule. */
export function ruleOf(ruleId: string): Pick<Reported, 'title' | 'link'> {
  return { title: RULES.find(({ id }) => id === ruleId)?.title ?? ruleId, link: linkOf(ruleId) };
}

/** The resource of a finding, as a person calls it. */
export function resourceOf({ resource, namespace }: Pick<Reported, 'resource' | 'namespace'>): string {
  return namespace === undefined ? resource : `${resource} in ${namespace}`;
}

/** Whether a finding fails the run. */
export function fails(failOn: FailOn, severity: Severity): boolean {
  return failOn === 'warning' || (failOn === 'error' && severity === 'error');
}

/** `1 error, 2 warnings`. */
export function levelCounts(findings: readonly { readonly severity: Severity }[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return `${plural(errors, 'error')}, ${plural(findings.length - errors, 'warning')}`;
}

/** `3 resources in 1 file`. */
export function over({ resources, files }: Pick<Report, 'files' | 'resources'>): string {
  return `${plural(resources, 'resource')} in ${plural(files.length, 'file')}`;
}

/** What the report leaves out, in brackets; empty for nothing. */
export function leftOut({ acknowledged, known = 0 }: Pick<Report, 'acknowledged' | 'known'>): string {
  const parts = [
    ...(known > 0 ? [`${known} in the baseline`] : []),
    ...(acknowledged > 0 ? [`${acknowledged} acknowledged`] : []),
  ];
  return parts.length > 0 ? ` (not shown: ${parts.join(', ')})` : '';
}

/** `2 files`. */
export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** One rule with its findings. */
export interface RuleCount extends Pick<Reported, 'ruleId' | 'severity' | 'title' | 'link'> {
  readonly count: number;
}

/** The findings by rule: errors first, then the most frequent. A rule whose findings differ in severity has two rows. */
export function byRule(findings: readonly Reported[]): RuleCount[] {
  const counts = new Map<string, RuleCount>();
  for (const { ruleId, severity, title, link } of findings) {
    const key = `${severity} ${ruleId}`;
    counts.set(key, { ruleId, severity, title, link, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const order = ({ severity }: RuleCount) => (severity === 'error' ? 0 : 1);
  return [...counts.values()].sort((a, b) => order(a) - order(b) || b.count - a.count);
}
