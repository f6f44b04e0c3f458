/**
 * What `--fix` can mend by itself: findings for which a rule gives the value to write, in YAML that a person wrote.
 */
import { grouped } from '../../flow/grouped';
import type { Finding, Instead } from '../rule';
import { edited, type Replacement, replacements, type Wanted } from './edit';

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
  const texts = new Map<string, string>();
  const fixed: F[] = [];
  const left: { finding: F; why: string }[] = [];
  for (const { file, before, why, wanted } of editsOf(findings, sources)) {
    const { text, refused } = why === undefined ? edited(before, wanted) : { text: before, refused: undefined };
    if (text !== before) texts.set(file, text);
    for (const each of wanted) {
      const whyNot = why ?? refused?.get(each);
      if (whyNot === undefined) fixed.push(...each.same);
      else left.push(...each.same.map((finding) => ({ finding, why: whyNot })));
    }
  }
  return { texts, fixed, left };
}

/** What to replace for each of these findings alone, for those that can be mended. */
export function replacementsOf<F extends Finding>(
  findings: readonly F[],
  sources: readonly Editable[],
): ReadonlyMap<F, Replacement> {
  const found = editsOf(findings, sources).flatMap(({ before, why, wanted }) => {
    const possible = why === undefined ? replacements(before, wanted) : new Map<Wanted, Replacement>();
    return wanted.flatMap((each) => {
      const replacement = possible.get(each);
      return replacement === undefined ? [] : each.same.map((finding) => [finding, replacement] as const);
    });
  });
  return new Map(found);
}

/** The edits of one file. */
interface FileEdits<F> {
  readonly file: string;
  /** Its text. */
  readonly before: string;
  /** Why it is not edited. */
  readonly why?: string;
  /** The edits, each with the findings that it is for. */
  readonly wanted: readonly (Wanted & { readonly same: readonly F[] })[];
}

function editsOf<F extends Finding>(findings: readonly F[], sources: readonly Editable[]): FileEdits<F>[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const withValue = findings.filter(({ instead }) => instead !== undefined);
  return [...grouped(withValue.map((finding) => [finding.file, finding] as const))].map(([file, ofFile]) => {
    const source = byFile.get(file);
    // Two functions may need two visibility time-outs of one queue.
    const places = [...grouped(ofFile.map((finding) => [placeOf(finding), finding] as const)).values()];
    const wanted = places.map((same) => ({ finding: same[0], value: largest(same), same }));
    const why = source === undefined ? 'it is not a file of its own' : whyNot(source);
    return { file, before: source?.text ?? '', why, wanted };
  });
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
