/**
 * From text to documents: CloudFormation templates in JSON or YAML with the short forms, Kubernetes manifests in one or
 * many YAML documents.
 */
import {
  CORE_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  loadAll,
  mergeTag,
  YAMLException,
} from 'js-yaml';
import { Template } from './cloudformation/template';
import type { Document } from './document';
import { type Manifest, Manifests } from './kubernetes/manifests';
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

/** A file that is no document that rules could be run on. */
export class UnreadableError extends Error {
  public readonly name = 'UnreadableError';

  constructor(
    public readonly file: string,
    /** What is wrong with it, without the file's name. */
    public readonly reason: string,
  ) {
    super(`${file}: ${reason}`);
  }
}

const NEITHER =
  'neither a CloudFormation template (no Resources) nor Kubernetes manifests (no apiVersion and kind in every document)';

/**
 * The documents of some files: each template for itself, all manifests together.
 *
 * @throws UnreadableError for a file that cannot be parsed or is neither
 */
export function readDocuments(sources: readonly Source[]): Document[] {
  const templates: Template[] = [];
  const manifests: Manifest[] = [];
  for (const { file, text, acknowledged } of sources) {
    for (const body of parseDocuments(file, text)) {
      if (isTemplate(body)) templates.push(new Template(body, file, acknowledged));
      else manifests.push({ file, body });
    }
  }
  return [...templates, ...(manifests.length > 0 ? [new Manifests(manifests)] : [])];
}

/** Whether a text is a document at all; what it holds is not judged. */
export function isReadable(source: Source): boolean {
  try {
    parseDocuments(source.file, source.text);
    return true;
  } catch (error) {
    if (error instanceof UnreadableError) return false;
    throw error;
  }
}

/** What a text holds, parsed: templates and manifests, lists taken apart. */
export function parseDocuments(file: string, text: string): Record<string, unknown>[] {
  const found = parse(file, text)
    .flatMap((document) => (Array.isArray(document) ? document : [document]))
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

/** CDK's templates are JSON, which JSON.parse reads many times faster than any YAML parser. */
function parse(file: string, text: string): unknown[] {
  const json = /^\s*[{[]/.test(text);
  if (json) {
    try {
      return [JSON.parse(text)];
    } catch (error) {
      // What begins like JSON may be YAML in flow style, or have comments; only a .json file has to be JSON.
      if (file.endsWith('.json')) throw new UnreadableError(file, `no JSON: ${(error as Error).message}`);
    }
  }
  try {
    return loadAll(text, { schema: SCHEMA, filename: file });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark ? ` in line ${error.mark.line + 1}` : '';
    throw new UnreadableError(file, `no YAML${line}: ${error.reason}`);
  }
}

/** `!Ref x` is `{ Ref: x }`, `!Sub x` is `{ Fn::Sub: x }`; a tag that nobody knows becomes a function nobody knows. */
function longForm(tag: string, argument: unknown): Record<string, unknown> {
  const name = tag.replace(/^!/, '');
  return { [name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`]: argument };
}

const SCHEMA = CORE_SCHEMA.withTags(
  mergeTag,
  defineScalarTag<unknown>('!', {
    matchByTagPrefix: true,
    resolve: (source, _, tag) => longForm(tag, source),
    identify: () => false,
  }),
  defineSequenceTag<{ tag: string; items: unknown[] }, unknown>('!', {
    matchByTagPrefix: true,
    create: (tag) => ({ tag, items: [] }),
    addItem: ({ items }, item) => void items.push(item),
    finalize: ({ tag, items }) => longForm(tag, items),
    identify: () => false,
  }),
  defineMappingTag<{ tag: string; pairs: Map<unknown, unknown> }, unknown>('!', {
    matchByTagPrefix: true,
    create: (tag) => ({ tag, pairs: new Map() }),
    addPair: ({ pairs }, key, value) => {
      pairs.set(key, value);
      return '';
    },
    has: ({ pairs }, key) => pairs.has(key),
    keys: () => [],
    get: () => undefined,
    finalize: ({ tag, pairs }) => longForm(tag, Object.fromEntries(pairs as Map<string, unknown>)),
    identify: () => false,
  }),
);
