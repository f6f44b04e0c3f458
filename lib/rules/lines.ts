/**
 * The line of a finding in its file.
 */

import { jsonPlaces } from './json-places';
import type { Place } from './place';
import { isDeficient, repaired } from './repair';
import type { Finding } from './rule';
import { YAMLException } from './yaml';
import { yamlPlaces } from './yaml-places';

/**
 * Makes a function that returns the line, from 1, of a finding of this file; for a missing value, the line of its
 * parent. Undefined when the file does not tell.
 *
 * Parses the file once more, so make it only for files with findings.
 */
export function linesOf(
  text: string,
): (finding: Pick<Finding, 'resource' | 'namespace' | 'path'>) => number | undefined {
  let documents: readonly Place[];
  try {
    documents = placesOf(text);
  } catch (error) {
    const moved = isDeficient(error) ? repaired(text) : undefined;
    if (moved !== undefined) return linesOf(moved);
    // JSON that is no YAML, a tab for instance: the finding stands, its line is not known.
    if (error instanceof YAMLException) return () => undefined;
    throw error;
  }
  const ends = lineEnds(text);
  // Of two with one kind and name the first, unless their namespaces tell them apart.
  const roots = new Map(documents.flatMap(resourcesIn).reverse());
  return ({ resource, namespace, path }) => {
    const root = (namespace === undefined ? undefined : roots.get(`${namespace}\n${resource}`)) ?? roots.get(resource);
    if (!root) return undefined;
    let place = root;
    for (const key of path.split(/[.[\]]+/).filter((part) => part !== '')) {
      const next = place.below.get(key);
      if (!next) break;
      place = next;
    }
    return lineAt(ends, place.start);
  };
}

/** The resources of a document by the names that findings have for them, alone and with the namespace. */
export function resourcesIn(document: Place): [string, Place][] {
  const planned = plannedIn(document);
  if (planned.length > 0) return planned;
  const wrapped = document.below.get('TemplateBody') ?? document;
  const logical = [...(wrapped.below.get('Resources')?.below ?? [])];
  return [...logical, ...manifestsIn(document).flatMap(namesOf)];
}

/** The resources of a plan or a state of Terraform, and of a preview or a stack of Pulumi, each with its attributes. */
function plannedIn(document: Place): [string, Place][] {
  const at = (place: Place | undefined, ...keys: readonly string[]) =>
    keys.reduce<Place | undefined>((below, key) => below?.below.get(key), place);
  const values = at(document, 'planned_values', 'root_module') ?? at(document, 'values', 'root_module');
  const named = (place: Place, key: string, attributes: Place | undefined): [string, Place][] => {
    const name = at(place, key)?.text?.();
    return name === undefined ? [] : [[name, attributes ?? place]];
  };
  if (values)
    return modulesIn(values)
      .flatMap((module) => [...(at(module, 'resources')?.below.values() ?? [])])
      .flatMap((resource) => named(resource, 'address', at(resource, 'values')));
  const stack = [...(at(document, 'deployment', 'resources')?.below.values() ?? [])];
  const steps = [...(at(document, 'steps')?.below.values() ?? [])].flatMap((step) => at(step, 'newState') ?? []);
  return [...stack, ...steps].flatMap((state) => named(state, 'urn', at(state, 'inputs')));
}

/** A module, and those within it. */
function modulesIn(module: Place): Place[] {
  return [module, ...[...(module.below.get('child_modules')?.below.values() ?? [])].flatMap(modulesIn)];
}

/** A manifest, and those of a list within it. */
function manifestsIn(document: Place): Place[] {
  return [document, ...[...(document.below.get('items')?.below.values() ?? [])].flatMap(manifestsIn)];
}

function namesOf(manifest: Place): [string, Place][] {
  const kind = manifest.below.get('kind')?.text?.();
  const metadata = manifest.below.get('metadata')?.below;
  const name = (metadata?.get('name') ?? metadata?.get('generateName'))?.text?.() ?? '(no name)';
  const namespace = metadata?.get('namespace')?.text?.();
  const full = `${kind}/${name}`;
  return namespace === undefined
    ? [[full, manifest]]
    : [
        [full, manifest],
        [`${namespace}\n${full}`, manifest],
      ];
}

/** Makes a function that returns line and column, from 1, of an offset in a text. */
export function placeIn(text: string): (offset: number) => { readonly line: number; readonly column: number } {
  const ends = lineEnds(text);
  return (offset) => {
    const line = lineAt(ends, offset);
    return { line, column: offset - (line === 1 ? -1 : ends[line - 2]) };
  };
}

function lineEnds(text: string): readonly number[] {
  return [...text.matchAll(/\n/g)].map(({ index }) => index);
}

/** The line of an offset, by halving. */
function lineAt(ends: readonly number[], offset: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends[middle] < offset) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}

function placesOf(text: string): readonly Place[] {
  const json = jsonPlaces(text);
  return json === undefined ? yamlPlaces(text) : [json];
}
