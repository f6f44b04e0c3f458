/**
 * The resources of a YAML file that is edited, by name.
 */
import { resourcesIn } from '../lines';
import type { Node } from '../yaml-places';

/** A resource, and the way of keys to it. */
export interface Found {
  readonly node: Node;
  /** Number of the document, then the keys from its root. */
  readonly way: readonly (string | number)[];
}

/** A value, and where it is. */
interface Parent {
  readonly node: Node;
  readonly key: string | number;
}

/**
 * Makes a function that returns the one resource of these documents that has the name; undefined when there is none, or
 * when there are several. Walks the documents once, however many are asked for.
 */
export function resourcesNamed(documents: readonly Node[]): (name: string, namespace?: string) => Found | undefined {
  const byName = new Map<string, { readonly node: Node; readonly number: number }[]>();
  for (const [number, document] of documents.entries())
    for (const [name, node] of resourcesIn(document)) {
      const same = byName.get(name);
      if (same) same.push({ node: node as Node, number });
      else byName.set(name, [{ node: node as Node, number }]);
    }
  const parents = new Map<number, ReadonlyMap<Node, Parent>>();
  return (name, namespace) => {
    const exact = namespace === undefined ? undefined : byName.get(`${namespace}\n${name}`);
    // The namespace may come from a kustomization.
    const [found, ...others] = exact ?? byName.get(name) ?? [];
    if (found === undefined || others.length > 0) return undefined;
    const { node, number } = found;
    const above = parents.get(number) ?? parentsIn(documents[number]);
    parents.set(number, above);
    const way: (string | number)[] = [];
    for (let at = above.get(node); at; at = above.get(at.node)) way.unshift(at.key);
    return { node, way: [number, ...way] };
  };
}

function parentsIn(document: Node): ReadonlyMap<Node, Parent> {
  const parents = new Map<Node, Parent>();
  const pending = [document];
  for (let node = pending.pop(); node; node = pending.pop())
    for (const [key, below] of node.below) {
      parents.set(below, { node, key: node.kind === 'sequence' ? Number(key) : key });
      pending.push(below);
    }
  return parents;
}
