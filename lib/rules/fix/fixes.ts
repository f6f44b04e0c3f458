/**
 * What `--fix` can mend by itself: findings for which a rule gives the value to write, in YAML that a person wrote.
 */
import { grouped } from '../../flow/grouped';
import type { Finding, Instead } from '../rule';
import { edited } from './edit';

/** A file that may be edited. */
export interface Editable {
  readonly file: string;
  readonly text: string;
  /** Set for the templates of a cloud assembly. */
  readonly acknowledged?: unknown;
  /** Why it must not be written, for another reason than that it is generated. */
  readonly locked?: string;
}

/** The outcome. */
export interface Fixes<F> {
  /** The new texts, by file. */
  readonly texts: ReadonlyMap<string, string>;
  /** What they mend. */
  readonly fixed: readonly F[];
  /** What they do not mend, although a rule has a value, and why. */
  readonly left: readonly { readonly finding: F; readonly why: string }[];
}

/** Edits the files of these findings, in memory; each file in one pass. */
export function fixesOf<F extends Finding>(findings: readonly F[], sources: readonly Editable[]): Fixes<F> {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const texts = new Map<string, string>();
  const fixed: F[] = [];
  const left: { finding: F; why: string }[] = [];
  const withValue = findings.filter(({ instead }) => instead !== undefined);
  for (const [file, ofFile] of grouped(withValue.map((finding) => [finding.file, finding] as const))) {
    const source = byFile.get(file);
    const why = source === undefined ? 'it is not a file of its own' : whyNot(source);
    if (source === undefined || why !== undefined) {
      left.push(...ofFile.map((finding) => ({ finding, why: why! })));
      continue;
    }
    // Two functions may need two visibility time-outs of one queue.
    const places = [...grouped(ofFile.map((finding) => [placeOf(finding), finding] as const)).values()];
    const wanted = places.map((same) => ({ finding: same[0], value: largest(same), same }));
    const { text, refused } = edited(source.text, wanted);
    if (text !== source.text) texts.set(file, text);
    for (const each of wanted) {
      const whyNone = refused.get(each);
      if (whyNone === undefined) fixed.push(...each.same);
      else left.push(...each.same.map((finding) => ({ finding, why: whyNone })));
    }
  }
  return { texts, fixed, left };
}

/** What two findings have in common that are about one value. */
export function placeOf({ file, namespace = '', resource, path }: Finding): string {
  return [file, namespace, resource, path].join('\n');
}

/** The value that is enough for all. */
function largest(findings: readonly Finding[]): Instead {
  const values = findings.map(({ instead }) => instead!);
  return values.reduce((most, value) =>
    typeof most === 'number' && typeof value === 'number' ? Math.max(most, value) : most,
  );
}

/** Why a file is not edited. A generated one is written again, and the program that writes it would still be wrong. */
function whyNot({ file, acknowledged, locked }: Editable): string | undefined {
  if (file === 'stdin') return 'it was read from stdin';
  if (acknowledged !== undefined || /\.template\.json$/.test(file) || /(^|\/)cdk\.out(\.[^/]*)?\//.test(file))
    return 'CDK generates this template: mend the app';
  if (/\.k8s\.yaml$/.test(file)) return 'cdk8s generates these manifests: mend the app';
  if (/(^|\/)\.(aws-sam|serverless)\//.test(file)) return 'this file is generated: mend its source';
  return /\.(ya?ml|template)$/.test(file) ? locked : 'only YAML is edited';
}
