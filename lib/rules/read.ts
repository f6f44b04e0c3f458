/**
 * From parsed values to documents: CloudFormation templates, Kubernetes manifests, or neither.
 */
import { Template } from './cloudformation/read/template';
import type { Document } from './document';
import { applied } from './kubernetes/read/apart';
import { isKustomizationFile } from './kubernetes/read/kustomize';
import { Manifests } from './kubernetes/read/manifests';
import { limited, MAX_DEPTH, Total } from './limits';
import { parse, UnreadableError } from './parse';
import { isMapping } from './resolved';

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
  'neither a CloudFormation template (no Resources) nor Kubernetes manifests (no apiVersion and kind in every document)';

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
  return reading(sources, ({ file, text }) => parse(file, text, total));
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
    return parsed;
  });
}

function allOf({ documents, unreadable }: Reading): Document[] {
  if (unreadable.length > 0) throw unreadable[0];
  return documents;
}

function reading<S extends Pick<Source, 'file' | 'acknowledged'>>(
  sources: readonly S[],
  parsedOf: (source: S) => unknown,
): Reading {
  const unreadable: UnreadableError[] = [];
  const read = sources.flatMap((source) => {
    try {
      return [{ ...source, bodies: bodies(source.file, parsedOf(source)) }];
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
  const manifests = all.filter(({ body }) => !isTemplate(body)).map(({ file, body }) => ({ file, body, source: body }));
  return [
    ...templates.map(({ body, file, acknowledged }) => new Template(body, file, acknowledged)),
    ...applied(manifests).map(({ manifests: together, unread }) => new Manifests(together, unread)),
  ];
}

/** The templates and manifests of a text, with lists split. */
export function parseDocuments(file: string, text: string): Record<string, unknown>[] {
  return bodies(file, parse(file, text));
}

/**
 * Templates and manifests one by one, with lists split.
 *
 * @throws UnreadableError for a value that is neither
 */
export function bodies(file: string, parsed: unknown): Record<string, unknown>[] {
  const found = [parsed]
    .flat(2)
    .filter((document) => document !== null && document !== undefined)
    .flatMap((document) => itemsOf(document))
    .map((document) => unwrapped(file, document));
  if (found.length === 0) throw new UnreadableError(file, 'it is empty');
  const documents = found.filter((document) => isTemplate(document) || isManifest(document));
  // A document that is neither, values or a patch for instance, spares the others.
  if (documents.length === 0) throw new UnreadableError(file, NEITHER);
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
