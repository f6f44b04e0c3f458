/** Where things are in a file. */

/** One place of a parsed file: its offset, and the places below it. */
export interface Place {
  readonly start: number;
  /** The text of a scalar; decoded only when read, because most are never read. */
  readonly text?: () => string;
  /** The places below, by key or index; a scalar has none. */
  readonly below: ReadonlyMap<string, Place>;
}

/** What a scalar has below it. */
export const NOTHING: ReadonlyMap<string, Place> = new Map();
