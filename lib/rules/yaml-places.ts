/**
 * A YAML file as places: what each one is, and where it begins and ends. Findings get their lines from it, and `--fix`
 * the text to replace.
 */
import { MAX_DEPTH } from './limits';
import type { Place } from './place';
import { COLLECTION_STYLE, EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE } from './yaml';

/** One value of a file. */
export interface Node extends Place {
  readonly kind: 'scalar' | 'mapping' | 'sequence' | 'alias';
  /** Where its key begins, or its own text without one. */
  readonly start: number;
  /** Where the value itself begins; -1 for an empty one. */
  readonly valueStart: number;
  /** Where a scalar ends. */
  readonly valueEnd: number;
  /** A collection in brackets. */
  readonly flow: boolean;
  /** A scalar on one line, with neither tag nor anchor: it can be replaced. */
  readonly simple: boolean;
  readonly below: ReadonlyMap<string, Node>;
}

const NONE: ReadonlyMap<string, Node> = new Map();

/**
 * The roots of all documents of a text.
 *
 * @throws YAMLException when it is no YAML
 */
export function yamlPlaces(text: string): Node[] {
  const events = parseEvents(text, { maxDepth: MAX_DEPTH });
  const documents: Node[] = [];
  let at = 0;
  const read = (keyStart?: number): Node | undefined => {
    const event: Event = events[at++];
    const plain = 'tagStart' in event && event.tagStart < 0 && event.anchorStart < 0;
    const leaf = { valueEnd: -1, flow: false, simple: false, below: NONE };
    switch (event.type) {
      case EVENT_ID.SCALAR: {
        const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
        const [valueStart, valueEnd] = quoted
          ? [event.valueStart - 1, event.valueEnd + 1]
          : [event.valueStart, event.valueEnd];
        const oneLine = !text.slice(valueStart, valueEnd).includes('\n');
        const simple = plain && oneLine && (quoted || event.style === SCALAR_STYLE.PLAIN);
        const content = { text: () => getScalarValue(text, event), simple };
        return { ...leaf, kind: 'scalar', start: keyStart ?? valueStart, valueStart, valueEnd, ...content };
      }
      case EVENT_ID.ALIAS:
        return { ...leaf, kind: 'alias', start: keyStart ?? event.anchorStart, valueStart: event.anchorStart };
      case EVENT_ID.SEQUENCE:
      case EVENT_ID.MAPPING: {
        const below = new Map<string, Node>();
        const isMapping = event.type === EVENT_ID.MAPPING;
        for (let item = read(); item; item = read()) {
          if (isMapping) below.set(item.text?.() ?? '', read(item.start)!);
          else below.set(String(below.size), item);
        }
        const kind = isMapping ? 'mapping' : 'sequence';
        const flow = event.style === COLLECTION_STYLE.FLOW;
        return { ...leaf, kind, start: keyStart ?? event.start, valueStart: event.start, flow, simple: plain, below };
      }
      default:
        return undefined;
    }
  };
  while (at < events.length) {
    const node = events[at].type === EVENT_ID.DOCUMENT || events[at].type === EVENT_ID.POP ? void at++ : read();
    if (node) documents.push(node);
  }
  return documents;
}
