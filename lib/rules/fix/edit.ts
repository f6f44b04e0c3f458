/**
 * Writes values into a YAML file. Nothing else of the text changes: neither comments nor order nor quotes.
 */
import { isDeepStrictEqual } from 'node:util';
import { parse } from '../parse';
import type { Finding, Instead } from '../rule';
import { type Node, yamlPlaces } from '../yaml-places';
import { type Found, resourcesNamed } from './tree';

/** A value to write at the place of a finding. */
export interface Wanted {
  readonly finding: Finding;
  readonly value: Instead;
}

/** The text after all edits that were possible, and why the others were not. */
export interface Edited {
  readonly text: string;
  readonly refused: ReadonlyMap<Wanted, string>;
}

/** A way of keys in a file. */
type Way = readonly (string | number)[];

/** A piece of text, what it is replaced by, and what that means. */
interface Splice {
  readonly wanted: Wanted;
  /** From this offset until the other; both are the same where text is only added. */
  readonly from: number;
  readonly until: number;
  readonly text: string;
  /** The column of what is added. */
  readonly column: number;
  /** What a second splice of one pass must not touch as well. */
  readonly node: Node;
  readonly key: string;
  readonly way: Way;
}

const REFUSED = 'the place is not written plainly in this file: a tag, an anchor or an alias';

/**
 * The text with all the values at the places of the findings. The result is parsed once, and is taken only when it differs
 * from the text in these values and in nothing else; otherwise each half of the edits is tried by itself, so that one
 * impossible edit does not cost the others.
 */
export function edited(text: string, wanted: readonly Wanted[]): Edited {
  if (wanted.length === 0) return { text, refused: new Map() };
  const refused = new Map<Wanted, string>();
  const { splices, later } = splicesOf(text, wanted, refused);
  if (splices.length === 0) return { text, refused };
  const result = spliced(text, splices);
  if ('text' in result) return then(result.text, later, refused);
  if (splices.length === 1) {
    refused.set(splices[0].wanted, result.why);
    return then(text, later, refused);
  }
  const all = splices.map((splice) => splice.wanted);
  const half = all.length >> 1;
  const first = then(text, all.slice(0, half), refused);
  return then(first.text, [...all.slice(half), ...later], first.refused);
}

/** Goes on with other edits. */
function then(text: string, wanted: readonly Wanted[], refused: ReadonlyMap<Wanted, string>): Edited {
  const next = edited(text, wanted);
  return { text: next.text, refused: new Map([...refused, ...next.refused]) };
}

/** A piece of text, and what to put in its place. */
export type Replacement = Pick<Splice, 'from' | 'until' | 'text'>;

/** What to replace for each edit alone, for those that are possible; checked as `edited` checks them. */
export function replacements(text: string, wanted: readonly Wanted[]): ReadonlyMap<Wanted, Replacement> {
  if (wanted.length === 0) return new Map();
  const { splices, later } = splicesOf(text, wanted, new Map());
  const possible = checked(text, splices).map((splice) => [splice.wanted, splice] as const);
  return new Map<Wanted, Replacement>([...possible, ...replacements(text, later)]);
}

/** Those that change nothing else. */
function checked(text: string, splices: readonly Splice[]): readonly Splice[] {
  if (splices.length === 0 || 'text' in spliced(text, splices)) return splices;
  if (splices.length === 1) return [];
  const half = splices.length >> 1;
  return [...checked(text, splices.slice(0, half)), ...checked(text, splices.slice(half))];
}

/** What to replace in one pass, and what has to wait because it changes the same place. */
function splicesOf(text: string, wanted: readonly Wanted[], refused: Map<Wanted, string>) {
  const splices: Splice[] = [];
  const later: Wanted[] = [];
  const taken = new Map<Node, Set<string>>();
  let find: ReturnType<typeof resourcesNamed>;
  try {
    find = resourcesNamed(yamlPlaces(text));
  } catch (error) {
    for (const each of wanted) refused.set(each, broken(error));
    return { splices, later };
  }
  for (const each of wanted) {
    const { resource, namespace } = each.finding;
    const found = find(resource, namespace);
    const splice = found && spliceOf(text, found, each);
    if (!found) refused.set(each, `the file has no ${resource}, or several`);
    else if (!splice) refused.set(each, REFUSED);
    else {
      const keys = taken.get(splice.node) ?? new Set();
      taken.set(splice.node, keys);
      if (keys.has(splice.key)) later.push(each);
      else splices.push(splice);
      keys.add(splice.key);
    }
  }
  return { splices, later };
}

function spliceOf(text: string, found: Found, wanted: Wanted): Splice | undefined {
  const { finding, value } = wanted;
  const keys = finding.path.split(/[.[\]]+/).filter((key) => key !== '');
  const { node, depth, way } = deepest(found, keys);
  const rest = keys.slice(depth);
  const change = rest.length === 0 ? replaced(node, value) : inserted(text, node, rest, value);
  return change && { column: 0, key: '', ...change, wanted, node, way: [...way, ...rest] };
}

/** The text with these replaced, when that changes nothing else. */
function spliced(text: string, splices: readonly Splice[]): { readonly text: string } | { readonly why: string } {
  // At the end of a mapping that ends with another one, the lines of the inner one come first.
  const inOrder = [...splices].sort((a, b) => a.from - b.from || b.column - a.column);
  const pieces: string[] = [];
  let at = 0;
  for (const splice of inOrder) {
    pieces.push(text.slice(at, splice.from), splice.text);
    at = splice.until;
  }
  const changed = [...pieces, text.slice(at)].join('');
  try {
    return differsOnlyAt(text, changed, splices) ? { text: changed } : { why: REFUSED };
  } catch (error) {
    return { why: broken(error) };
  }
}

function broken(error: unknown): string {
  return `it cannot be edited: ${(error as Error).message.split('\n')[0]}`;
}

/** The last place of a way that is there. */
function deepest({ node, way }: Found, keys: readonly string[]): { node: Node; depth: number; way: Way } {
  let at = { node, depth: 0, way };
  for (const key of keys) {
    const next = at.node.below.get(key);
    if (!next) break;
    const step = at.node.kind === 'sequence' ? Number(key) : key;
    at = { node: next, depth: at.depth + 1, way: [...at.way, step] };
  }
  return at;
}

/** What a change replaces, as far as it follows from the place. */
type Change = Pick<Splice, 'from' | 'until' | 'text'> & Partial<Pick<Splice, 'column' | 'key'>>;

function replaced(node: Node, value: Instead): Change | undefined {
  if (node.kind !== 'scalar' || !node.simple || node.valueStart < 0 || typeof value !== 'number') return undefined;
  return { from: node.valueStart, until: node.valueEnd, text: String(value) };
}

function inserted(text: string, node: Node, rest: readonly string[], value: Instead): Change | undefined {
  if (node.kind !== 'mapping' || !node.simple) return undefined;
  const nested = rest.slice(1).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  if (node.flow) {
    const at = node.valueStart + 1;
    const entry = `${rest[0]}: ${inline(nested)}`;
    return { from: at, until: at, text: node.below.size > 0 ? ` ${entry},` : ` ${entry} ` };
  }
  const column = node.valueStart - (text.lastIndexOf('\n', node.valueStart - 1) + 1);
  const at = endOf(text, node, column);
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = block(rest[0], nested, ' '.repeat(column)).join(end);
  // The last line of a file may have no end.
  const open = at === text.length && !text.endsWith('\n');
  return { from: at, until: at, text: open ? `${end}${lines}` : `${lines}${end}`, column, key: rest[0] };
}

/** The offset of the line after the last line of a mapping in block style. Comments and blank lines after it stay after it. */
function endOf(text: string, node: Node, column: number): number {
  const last = [...node.below.values()].at(-1)!;
  const inSameColumn = last.kind === 'sequence' && !last.flow;
  let end = lineEnd(text, last.start);
  for (let at = end; at < text.length; ) {
    const next = lineEnd(text, at);
    const line = text.slice(at, next).replace(/\r?\n$/, '');
    const indent = line.length - line.trimStart().length;
    const isContent = line.trim() !== '' && !line.trimStart().startsWith('#');
    const belongs =
      indent > column ||
      (inSameColumn && indent === column && line.slice(indent).startsWith('-') && !line.startsWith('---'));
    if (isContent && !belongs) break;
    if (isContent) end = next;
    at = next;
  }
  return end;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}

function block(key: string, value: unknown, indent: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${indent}${key}: ${inline(value)}`];
  return [`${indent}${key}:`, ...Object.entries(value).flatMap(([inner, below]) => block(inner, below, `${indent}  `))];
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([key, below]) => `${key}: ${inline(below)}`)
      .join(', ')} }`;
  return String(value);
}

/** Whether the texts mean the same but for these values. */
function differsOnlyAt(before: string, after: string, changes: readonly Pick<Splice, 'way' | 'wanted'>[]): boolean {
  // Through JSON, so that what an alias shares is apart: a change of it would be a change elsewhere too.
  const [was, is] = [before, after].map((text) => JSON.parse(JSON.stringify(parse('', text))));
  for (const { way, wanted } of changes) set(was, way, wanted.value);
  return isDeepStrictEqual(was, is);
}

function set(root: unknown, way: Way, value: unknown): void {
  let at = root as Record<string | number, unknown>;
  for (const key of way.slice(0, -1)) {
    at[key] ??= {};
    at = at[key] as Record<string | number, unknown>;
  }
  at[way[way.length - 1]] = value;
}
