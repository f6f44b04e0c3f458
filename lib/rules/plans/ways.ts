/**
 * Where the documents that are made of a plan stand in it: bodies are plain values, and this is remembered beside them.
 */
import type { Expansion } from '../cloudformation/read/sam/expand';
import type { Origin } from '../document';

const TEMPLATES = new WeakMap<object, Expansion>();
const MANIFESTS = new WeakMap<object, Origin>();
const CLUSTERS = new WeakMap<object, string>();

/** Remembers the places of the resources of a template. */
export function rememberTemplate(body: object, expansion: Expansion): void {
  TEMPLATES.set(body, expansion);
}

/** The resources of a template that was made of a plan, with their places; undefined for any other. */
export function madeTemplate(body: object): Expansion | undefined {
  return TEMPLATES.get(body);
}

/** Remembers the place of a manifest, and its cluster where a plan has several. */
export function rememberManifest(body: object, origin: Origin, cluster?: string): void {
  MANIFESTS.set(body, origin);
  if (cluster !== undefined) CLUSTERS.set(body, cluster);
}

/** The cluster of a manifest that was made of a plan for several; undefined for any other. */
export function clusterOf(body: object): string | undefined {
  return CLUSTERS.get(body);
}

/** The place of a manifest that was made of a plan; undefined for any other. */
export function madeManifest(body: object): Origin | undefined {
  return MANIFESTS.get(body);
}

/** The way in a plan for a way in what was made of it. */
export function wayIn(ways: ReadonlyMap<string, string>, path: string): string {
  const known = ways.get(path);
  if (known !== undefined) return known;
  const end = Math.max(path.lastIndexOf('.'), path.lastIndexOf('['));
  if (end < 0) {
    const whole = ways.get('');
    return whole === undefined || whole === '' ? path : `${whole}.${path}`;
  }
  const before = wayIn(ways, path.slice(0, end));
  return before === '' ? path.slice(end).replace(/^\./, '') : `${before}${path.slice(end)}`;
}
