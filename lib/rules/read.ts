/**
 * From parsed values to documents: CloudFormation templates, Kubernetes manifests, or neither.
 */
import { grouped } from '../flow/grouped';
import { link } from './cloudformation/read/link';
import { Template } from './cloudformation/read/template';
import { configBody, FILE_KIND, isKnownConfig, isPlainConfig } from './config-files';
import type { Document } from './document';
import { renderFirst, renderFirstOf } from './foreign';
import { applied } from './kubernetes/read/apart';
import { isKustomizationFile } from './kubernetes/read/kustomize';
import { Manifests } from './kubernetes/read/manifests';
import { limited, MAX_DEPTH, Total } from './limits';
import { parse, UnreadableError } from './parse';
import { bodiesOf } from './plans/bodies';
import { isPulumi, pulumiPlan } from './plans/pulumi';
import { isTerraform, terraformPlan } from './plans/terraform';
import { clusterOf } from './plans/ways';
import { isMapping } from './resolved';
import { NeitherError } from './unreadable';

/** A file as it was found. */
export interface Source {
  /** Its name in findings. */
  readonly file: string;
  /** Its text. */
  readonly text: string;
  /** Rules accepted outside of it, by construct path, as acknowledged in a CDK app. Default: none. */
  readonly acknowledged?: (constructPath: string) => ReadonlyMap<string, string>;
}

const NEITHER =
  'neither a CloudFormation template (no Resources) nor Kubernetes manifests (no apiVersion and kind in every document), and no plan of Terraform or preview of Pulumi';

/** A parsed value, and its name in findings. */
export interface ParsedSource extends Pick<Source, 'file' | 'acknowledged'> {
  /** A template, a manifest, or a list of manifests. */
  readonly parsed: unknown;
}

/** The documents of some files, and the files that gave none. */
export interface Reading {
  /** Each template for itself, all manifests together. */
  readonly documents: Document[];
  readonly unreadable: UnreadableError[];
}

/**
 * The documents of some files: each template for itself, all manifests together.
 *
 * @throws UnreadableError for a file that cannot be parsed, is neither, or is over a limit
 */
export function readDocuments(sources: readonly Source[]): Document[] {
  return allOf(readEach(sources));
}

/** The documents of some files; one that cannot be read does not affect the others. */
export function readEach(sources: readonly Source[]): Reading {
  const total = new Total();
  return reading(sources, ({ file, text }) => documentsIn(file, text, total));
}

/**
 * The documents of parsed values.
 *
 * @throws UnreadableError for a value that is neither a template nor manifests, or is over a limit
 */
export function documentsFrom(sources: readonly ParsedSource[]): Document[] {
  return allOf(readingOf(sources));
}

/** The documents of parsed values; one that cannot be checked does not affect the others. */
export function readingOf(sources: readonly ParsedSource[]): Reading {
  const total = new Total();
  return reading(sources, ({ file, parsed }) => {
    total.addValues(file, limited(file, parsed));
    return bodies(file, parsed);
  });
}

function allOf({ documents, unreadable }: Reading): Document[] {
  if (unreadable.length > 0) throw unreadable[0];
  return documents;
}

function reading<S extends Pick<Source, 'file' | 'acknowledged'>>(
  sources: readonly S[],
  bodiesOf: (source: S) => Record<string, unknown>[],
): Reading {
  const unreadable: UnreadableError[] = [];
  const read = sources.flatMap((source) => {
    try {
      return [{ ...source, bodies: bodiesOf(source) }];
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      unreadable.push(error);
      return [];
    }
  });
  return { documents: documentsOf(read), unreadable };
}

/** The documents of files whose templates and manifests are already split, as by `bodies`. */
export function documentsOf(
  sources: readonly (Pick<Source, 'file' | 'acknowledged'> & { readonly bodies: readonly Record<string, unknown>[] })[],
): Document[] {
  const all = sources.flatMap(({ bodies: own, ...source }) => own.map((body) => ({ ...source, body })));
  const templates = all.filter(({ body }) => isTemplate(body));
  const others = all.filter(({ body }) => !isTemplate(body)).map(({ file, body }) => ({ file, body, source: body }));
  const files = others.filter(({ body }) => body.kind === FILE_KIND);
  const manifests = others.filter(({ body }) => body.kind !== FILE_KIND);
  return [
    ...link(templates).map((one) =>
      'members' in one
        ? new Template(one.body, [...one.members.values()][0]?.unit.file ?? '', undefined, one)
        : new Template(one.body, one.file, one.acknowledged),
    ),
    ...(files.length > 0 ? [new Manifests(files)] : []),
    ...[...grouped(manifests.map((one) => [clusterOf(one.body) ?? '', one] as const)).values()]
      .flatMap(applied)
      .map(({ manifests: together, unread }) => new Manifests(together, unread)),
  ];
}

/** The templates and manifests of a text, with lists split. */
export function parseDocuments(file: string, text: string): Record<string, unknown>[] {
  return documentsIn(file, text, new Total());
}

/**
 * The same for a file of a run.
 *
 * @param notices collects what was read in another way than a person may expect
 * @throws UnreadableError when it cannot be parsed, is neither, or is over a limit
 */
export function documentsIn(
  file: string,
  text: string,
  total: Total,
  notices: string[] = [],
): Record<string, unknown>[] {
  if (isPlainConfig(file)) return [configBody(file, text)];
  const parsed = parse(file, text, total, notices);
  if (isKnownConfig(file, parsed)) return [configBody(file, text)];
  try {
    return bodies(file, parsed, notices);
  } catch (error) {
    // Some languages of others are YAML by accident. In what is JSON, and in a text, braces are what they are.
    const first = error instanceof NeitherError ? renderFirst(file, unquoted(text)) : undefined;
    throw first === undefined ? error : new UnreadableError(file, first, true);
  }
}

/** A text without what stands in quotes. */
function unquoted(text: string): string {
  return text.replace(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/g, '');
}

/**
 * Templates and manifests one by one, with lists split.
 *
 * @throws UnreadableError for a value that is neither
 */
export function bodies(file: string, parsed: unknown, notices: string[] = []): Record<string, unknown>[] {
  const found = [parsed]
    .flat(2)
    .filter((document) => document !== null && document !== undefined)
    .flatMap((document) => itemsOf(document))
    .flatMap((document) => madeOf(document) ?? [unwrapped(file, document)]);
  if (found.length === 0) throw new NeitherError(file, 'it is empty');
  const documents = found.filter((document) => isTemplate(document) || isManifest(document));
  // A document that is neither, values or a patch for instance, spares the others.
  if (documents.length === 0) {
    const first = renderFirstOf(found);
    throw first === undefined ? new NeitherError(file, NEITHER) : new UnreadableError(file, first, true);
  }
  const others = found.length - documents.length;
  if (others > 0) notices.push(`${file}: passed over ${others} of its documents, which have no apiVersion and kind`);
  return documents as Record<string, unknown>[];
}

/** The items of a list, and of lists within it. */
function itemsOf(document: unknown, depth = 0): unknown[] {
  const isList =
    isMapping(document) &&
    typeof document.kind === 'string' &&
    document.kind.endsWith('List') &&
    Array.isArray(document.items);
  if (!isList || depth > MAX_DEPTH) return [document];
  return (document.items as unknown[]).flatMap((item) => itemsOf(item, depth + 1));
}

/** The documents of a plan, a state or a preview of another tool; undefined for anything else. */
function madeOf(document: unknown): unknown[] | undefined {
  if (isTerraform(document)) return bodiesOf(terraformPlan(document));
  return isPulumi(document) ? bodiesOf(pulumiPlan(document)) : undefined;
}

/** What a tool has wrapped: the template of `aws cloudformation get-template`, a kustomization without its kind. */
function unwrapped(file: string, document: unknown): unknown {
  if (!isMapping(document)) return document;
  if (isMapping(document.TemplateBody)) return document.TemplateBody;
  if (isKustomizationFile(file) && document.apiVersion === undefined)
    return { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...document };
  return document;
}

function isTemplate(document: unknown): document is Record<string, unknown> {
  return isMapping(document) && isMapping(document.Resources) && document.apiVersion === undefined;
}

function isManifest(document: unknown): document is Record<string, unknown> {
  return isMapping(document) && typeof document.apiVersion === 'string' && typeof document.kind === 'string';
}
