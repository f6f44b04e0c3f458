/** The documents of the torture run on MongoDB's protocol: a letter is one, and its effect is its date of expiry. */
import type { Effect, Effects } from '../effects';
import type { Letter } from '../letters';

/** What is used of a collection of MongoDB's driver, which the shell brings along without its types. */
export interface Collection {
  insertMany(documents: readonly object[], options: object): Promise<unknown>;
  find(filter: object, options?: { readonly projection: object }): { toArray(): Promise<readonly Stored[]> };
  countDocuments(filter: object): Promise<number>;
}

/** A letter as it is stored. */
interface Stored {
  readonly _id: string;
  readonly body: string;
  readonly createdAt: Date;
  /** The backfill's, but for poison: there it is a text. */
  readonly expireAt?: unknown;
}

/** Of mongod, a majority has it in its journal; this server keeps only what is asked for so. */
const JOURNALED = { w: 'majority', j: true };
const DUPLICATE_KEY = 11_000;
const LOOK_AT = 1000;
/** Within a run a batch follows the other in less. */
const LEAST_PAUSE_MILLIS = 2000;
/** What a run of the backfill says at its end. */
const DONE = /"changed":(\d+)[^\n]*"done":true/g;

/** What the documents are asked with. */
export interface DatedOptions {
  readonly collection: Collection;
  readonly retentionSeconds: number;
  /** Version of the backfill that runs: the old one has ended before the last one starts. */
  readonly version: () => number;
  /** Everything that the backfill said. */
  readonly said: () => string;
}

/** A time in which nothing got its date though documents waited for theirs, in milliseconds since the epoch. */
export interface Pause {
  readonly from: number;
  readonly to: number;
}

/**
 * Letters that were inserted, and when each was first seen with its date: up to a look later than it got it. Whether it is the right
 * one is judged at the end: a later run may have changed it. A run that is killed does not say how many dates it set, so what is set
 * twice is counted among the others.
 */
export class DatedDocuments implements Effects {
  private readonly undated = new Map<string, Letter>();
  private readonly dated = new Map<string, Effect>();
  /** Times in which nothing got its date. */
  public readonly pauses: Pause[] = [];
  private lastAt = Date.now();
  private readonly known = new Set<string>();
  private again = 0;

  constructor(private readonly options: DatedOptions) {}

  /** Inserts letters. One that is there already was sent twice. */
  public async insert(letters: readonly Letter[]): Promise<void> {
    const documents = letters.map((letter) => ({
      _id: idOf(letter),
      body: letter.body,
      createdAt: new Date(),
      ...letter.attributes,
      // What is no date of expiry is another writer's, and the backfill leaves it alone.
      ...(letter.fate === 'aside' && { expireAt: 'never' }),
    }));
    for (const letter of letters) if (letter.fate === 'effect' && !this.known.has(letter.id)) this.waitFor(letter);
    try {
      await this.options.collection.insertMany(documents, { ordered: false, writeConcern: JOURNALED });
    } catch (error) {
      const { writeErrors } = error as { readonly writeErrors?: Refused | readonly Refused[] };
      const refused = [writeErrors ?? []].flat();
      if (refused.length === 0 || refused.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
      this.again += refused.length;
    }
  }

  /** Looks at those that had no date at the last look, the oldest first, as the backfill does. */
  public async count(): Promise<number> {
    for (;;) {
      const ids = [...this.undated.keys()].slice(0, LOOK_AT);
      if (ids.length === 0) {
        this.lastAt = Date.now();
        return this.dated.size;
      }
      // While the server is away, as many as there were.
      const found = await this.datesOf(ids).catch(() => []);
      if (found.length > 0) this.endPause();
      for (const document of found) this.note(document);
      if (found.length < LOOK_AT) return this.dated.size;
    }
  }

  public async all(): Promise<readonly Effect[]> {
    await this.count();
    const effects: Effect[] = [];
    const ids = [...this.dated.keys()];
    for (let from = 0; from < ids.length; from += LOOK_AT)
      for (const document of await this.datesOf(ids.slice(from, from + LOOK_AT))) {
        const effect = this.dated.get(document._id)!;
        effects.push(this.isRight(document) ? effect : { ...effect, id: `${effect.id}, whose date is wrong` });
      }
    return effects;
  }

  /** Dates that runs have set, less documents that have one: no document gets its date twice. */
  public async surplus(): Promise<number> {
    const set = [...this.options.said().matchAll(DONE)].reduce((sum, [, changed]) => sum + Number(changed), 0);
    return Math.max(0, set - this.dated.size);
  }

  public async repeated(): Promise<number> {
    return this.again;
  }

  private waitFor(letter: Letter): void {
    this.known.add(letter.id);
    this.undated.set(idOf(letter), letter);
  }

  private datesOf(ids: readonly string[]): Promise<readonly Stored[]> {
    return this.options.collection
      .find({ _id: { $in: ids }, expireAt: { $exists: true } }, { projection: { body: 0 } })
      .toArray();
  }

  private endPause(): void {
    const now = Date.now();
    if (now - this.lastAt >= LEAST_PAUSE_MILLIS) this.pauses.push({ from: this.lastAt, to: now });
    this.lastAt = now;
  }

  private note({ _id }: Stored): void {
    const letter = this.undated.get(_id);
    // Another look has seen it meanwhile.
    if (letter === undefined) return;
    this.undated.delete(_id);
    const { id, key, place } = letter;
    this.dated.set(_id, { id, key, place, at: Date.now(), version: this.options.version() });
  }

  private isRight({ createdAt, expireAt }: Stored): boolean {
    const due = createdAt.getTime() + 1000 * this.options.retentionSeconds;
    return expireAt instanceof Date && expireAt.getTime() === due;
  }
}

interface Refused {
  readonly code: number;
}

/** In the order of the letters: the backfill goes through a collection by its ids. */
function idOf({ id }: Letter): string {
  return id.replace(/\d+$/, (number) => number.padStart(9, '0'));
}
