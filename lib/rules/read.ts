/**
 * From what was parsed to documents: which is a CloudFormation template, which a Kubernetes manifest, which is neither.
 */
import { Template } from './cloudformation/template';
import type { Document } from './document';
import { type Manifest, Manifests } from './kubernetes/manifests';
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

/**
 * The documents of some files: each template for itself, all manifests together.
 *
 * @throws UnreadableError for a file that cannot be parsed or is neither
 */
export function readDocuments(sources: readonly Source[]): Document[] {
  return documentsFrom(
    sources.map(({ file, text, acknowledged }) => ({ file, parsed: parse(file, text), acknowledged })),
  );
}

/**
 * The documents of what is parsed already.
 *
 * @throws UnreadableError for what is neither a template nor manifests
 */
export function documentsFrom(sources: readonly ParsedSource[]): Document[] {
  const templates: Template[] = [];
  const manifests: Manifest[] = [];
  for (const { file, parsed, acknowledged } of sources) {
    for (const body of bodies(file, parsed)) {
      if (isTemplate(body)) templates.push(new Template(body, file, acknowledged));
      else manifests.push({ file, body });
    }
  }
  return [...templates, ...(manifests.length > 0 ? [new Manifests(manifests)] : [])];
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
      isMapping(document) && String(document.kind).endsWith('List') && Array.isArray(document.items)
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
