/** Merges events by key: of the events of a key only the last one is worked on. */

/** An event that says that a key has changed. */
export interface KeyEvent {
  readonly key: string;
  /** Its place in the source: a sequence number, a message id, the id of a stream entry. */
  readonly id: string;
  /** When it was sent, in milliseconds. */
  readonly at: number;
  /** What it says beside the key. */
  readonly value?: string;
}

/** A key with the last of its events. */
export interface MergedKey {
  readonly key: string;
  /** The id of the last event. */
  readonly id: string;
  /** What the last event says. */
  readonly value?: string;
  /** Events that it stands for. */
  readonly events: number;
  /** Place of its first event among all events that were merged. */
  readonly first: number;
  /** When its first event was sent, in milliseconds. */
  readonly since: number;
}

/**
 * Every key once, in the order of the first event of each. The last event of a key wins: the later one in the list, or,
 * where the source keeps no order, the one that was sent later.
 *
 * @param ordered whether the source hands events over in their order
 */
export function merge(events: readonly KeyEvent[], ordered: boolean): MergedKey[] {
  const merged = new Map<string, MergedKey & { readonly at: number }>();
  for (const [first, { key, id, at, value }] of events.entries()) {
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { key, id, at, value, events: 1, first, since: at });
    else {
      const both = { ...known, events: known.events + 1, since: Math.min(known.since, at) };
      merged.set(key, ordered || at >= known.at ? { ...both, id, at, value } : both);
    }
  }
  return [...merged.values()].map(({ at, ...key }) => key);
}
