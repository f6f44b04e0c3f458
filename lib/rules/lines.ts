/**
 * The line of a finding in its file.
 */
import { EVENT_ID, type Event, getScalarValue, parseEvents, YAMLException } from 'js-yaml';
import { MAX_DEPTH } from './limits';
import type { Finding } from './rule';

/** One place of a parsed file: its offset, and the places below it. */
interface Place {
  readonly start: number;
  /** The text of a scalar; decoded only when read, because most are never read. */
  readonly text?: () => string;
  /** The places below, by key or index; a scalar has none. */
  readonly below: ReadonlyMap<string, Place>;
}

const NOTHING: ReadonlyMap<string, Place> = new Map();

/**
 * Makes a function that returns the line, from 1, of a finding of this file; for a missing value, the line of its
 * parent. Undefined when the file does not tell.
 *
 * Parses the file once more, so make it only for files with findings.
 */
export function linesOf(text: string): (finding: Pick<Finding, 'resource' | 'path'>) => number | undefined {
  let documents: readonly Place[];
  try {
    documents = placesOf(text);
  } catch (error) {
    // JSON that is no YAML, a tab for instance: the finding stands, its line is not known.
    if (error instanceof YAMLException) return () => undefined;
    throw error;
  }
  const ends = [...text.matchAll(/\n/g)].map(({ index }) => index);
  // Of two with one kind and name, in two namespaces say, the first.
  const roots = new Map(documents.flatMap(resourcesIn).reverse());
  return ({ resource, path }) => {
    const root = roots.get(resource);
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

/** The resources of a document by the names that findings have for them. */
function resourcesIn(document: Place): [string, Place][] {
  const logical = [...(document.below.get('Resources')?.below ?? [])];
  const items = [...(document.below.get('items')?.below.values() ?? [])];
  const manifests = [document, ...items].map((place): [string, Place] => {
    const kind = place.below.get('kind')?.text?.();
    const metadata = place.below.get('metadata')?.below;
    return [`${kind}/${(metadata?.get('name') ?? metadata?.get('generateName'))?.text?.() ?? '(no name)'}`, place];
  });
  return [...logical, ...manifests];
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

function placesOf(text: string): Place[] {
  const events = parseEvents(text, { maxDepth: MAX_DEPTH });
  const documents: Place[] = [];
  let at = 0;
  const read = (keyStart?: number): Place | undefined => {
    const event: Event = events[at++];
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return { start: keyStart ?? event.valueStart, text: () => getScalarValue(text, event), below: NOTHING };
      case EVENT_ID.ALIAS:
        return { start: keyStart ?? event.anchorStart, below: NOTHING };
      case EVENT_ID.SEQUENCE: {
        const below = new Map<string, Place>();
        for (let item = read(); item; item = read()) below.set(String(below.size), item);
        return { start: keyStart ?? event.start, below };
      }
      case EVENT_ID.MAPPING: {
        const below = new Map<string, Place>();
        for (let key = read(); key; key = read()) below.set(key.text?.() ?? '', read(key.start)!);
        return { start: keyStart ?? event.start, below };
      }
      default:
        return undefined;
    }
  };
  while (at < events.length) {
    const place = events[at].type === EVENT_ID.DOCUMENT || events[at].type === EVENT_ID.POP ? void at++ : read();
    if (place) documents.push(place);
  }
  return documents;
}
