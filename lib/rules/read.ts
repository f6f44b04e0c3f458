/**
 * From what was parsed to documents: which is a CloudFormation template, which a Kubernetes manifest, which is neither.
 */
import { Template } from './cloudformation/read/template';
import type { Document } from './document';
import { type Manifest, Manifests } from './kubernetes/read/manifests';
import { limited, Total } from './limits';
import { parse, UnreadableError } from './parse';
import { isMapping } from './resolved';

/** A file as it was found. */
export interface Source {
  /** What it is called in findings. */
  readonly file: string;
  /** What it holds. */
  readonly text: string;
  /** Rules accepted outside of it, by construct path: what a CDK app acknowledged. Default: none. */
  readonly acknowledged?: (constructPath: string) => ReadonlyMap<string, string>;
}

const NEITHER =
  'neither a CloudFormation template (no Resources) nor Kubernetes manifests (no apiVersion and kind in every document)';

/** Something parsed already, and what it is called in findings. */
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

/** The documents of some files; one that cannot be read takes nothing from the others. */
export function readEach(sources: readonly Source[]): Reading {
  const total = new Total();
  return reading(sources, ({ file, text }) => parse(file, text, total));
}

/**
 * The documents of what is parsed already.
 *
 * @throws UnreadableError for what is neither a template nor manifests, or is over a limit
 */
export function documentsFrom(sources: readonly ParsedSource[]): Document[] {
  return allOf(readingOf(sources));
}

/** The documents of what is parsed already; what cannot be judged takes nothing from the others. */
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

/** The documents of files whose templates and manifests are taken apart already, as `bodies` does. */
export function documentsOf(
  sources: readonly (Pick<Source, 'file' | 'acknowledged'> & { readonly bodies: readonly Record<string, unknown>[] })[],
): Document[] {
  const all = sources.flatMap(({ bodies: own, ...source }) => own.map((body) => ({ ...source, body })));
  const templates = all.filter(({ body }) => isTemplate(body));
  const manifests: Manifest[] = all.filter(({ body }) => !isTemplate(body));
  return [
    ...templates.map(({ body, file, acknowledged }) => new Template(body, file, acknowledged)),
    ...(manifests.length > 0 ? [new Manifests(manifests)] : []),
  ];
}

/** What a text holds: its templates and manifests, lists taken apart. */
export function parseDocuments(file: string, text: string): Record<string, unknown>[] {
  return bodies(file, parse(file, text));
}

/**
 * Templates and manifests one by one, lists taken apart.
 *
 * @throws UnreadableError for what is neither
 */
export function bodies(file: string, parsed: unknown): Record<string, unknown>[] {
  const found = [parsed]
    .flat(2)
    .filter((document) => document !== null && document !== undefined)
    .flatMap((document) =>
      isMapping(document) &&
      typeof document.kind === 'string' &&
      document.kind.endsWith('List') &&
      Array.isArray(document.items)
        ? document.items
        : [document],
    );
  if (found.length === 0) throw new UnreadableError(file, 'there is nothing in it');
  if (!found.every((document) => isTemplate(document) || isManifest(document)))
    throw new UnreadableError(file, NEITHER);
  return found as Record<string, unknown>[];
}

function isTemplate(document: unknown): document is Record<string, unknown> {
  return isMapping(document) && isMapping(document.Resources) && document.apiVersion === undefined;
}

function isManifest(document: unknown): document is Record<string, unknown> {
  return isMapping(document) && typeof document.apiVersion === 'string' && typeof document.kind === 'string';
}
