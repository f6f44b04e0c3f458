/**
 * Writes one value into a YAML file. Nothing else of the text changes: neither comments nor order nor quotes.
 */
import { isDeepStrictEqual } from 'node:util';
import { parse } from '../parse';
import type { Finding, Instead } from '../rule';
import { type Found, type Node, resourceNamed, treesOf } from './tree';

/** The text after an edit, or why there is none. */
export type Edited = { readonly text: string } | { readonly refused: string };

/** A way of keys in a file. */
type Way = readonly (string | number)[];

const REFUSED: Edited = { refused: 'the place is not written plainly in this file: a tag, an anchor or an alias' };

/**
 * The text with the value at the place of the finding. The result is parsed, and is taken only when it differs from the
 * text in this value and in nothing else.
 */
export function edited(text: string, finding: Finding, value: Instead): Edited {
  try {
    const found = resourceNamed(treesOf(text), finding.resource, finding.namespace);
    if (!found) return { refused: `the file has no ${finding.resource}, or several` };
    const keys = finding.path.split(/[.[\]]+/).filter((key) => key !== '');
    const place = deepest(found, keys);
    const rest = keys.slice(place.depth);
    const changed = rest.length === 0 ? replaced(text, place.node, value) : inserted(text, place.node, rest, value);
    if (changed === undefined) return REFUSED;
    const way = [...place.way, ...rest];
    return differsOnlyAt(text, changed, way, value) ? { text: changed } : REFUSED;
  } catch (error) {
    return { refused: `it cannot be edited: ${(error as Error).message.split('\n')[0]}` };
  }
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

function replaced(text: string, node: Node, value: Instead): string | undefined {
  if (node.kind !== 'scalar' || !node.simple || node.valueStart < 0 || typeof value !== 'number') return undefined;
  return text.slice(0, node.valueStart) + String(value) + text.slice(node.valueEnd);
}

function inserted(text: string, node: Node, rest: readonly string[], value: Instead): string | undefined {
  if (node.kind !== 'mapping' || !node.simple) return undefined;
  const nested = rest.slice(1).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
  if (node.flow) {
    const at = node.valueStart + 1;
    const more = node.below.size > 0;
    const entry = `${rest[0]}: ${inline(nested)}`;
    return `${text.slice(0, at)}${more ? ` ${entry},` : ` ${entry} `}${text.slice(at)}`;
  }
  const column = node.valueStart - (text.lastIndexOf('\n', node.valueStart - 1) + 1);
  const at = endOf(text, node, column);
  const end = /\r\n/.test(text) ? '\r\n' : '\n';
  const lines = block(rest[0], nested, ' '.repeat(column)).join(end);
  // The last line of a file may have no end.
  const before = at === text.length && !text.endsWith('\n') ? end : '';
  return `${text.slice(0, at)}${before}${lines}${before === '' ? end : ''}${text.slice(at)}`;
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

/** Whether the texts mean the same but for one value. */
function differsOnlyAt(before: string, after: string, way: Way, value: Instead): boolean {
  // Through JSON, so that what an alias shares is apart: a change of it would be a change elsewhere too.
  const [was, is] = [before, after].map((text) => JSON.parse(JSON.stringify(parse('', text))));
  set(was, way, value);
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
