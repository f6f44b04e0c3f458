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

/** What the documents are asked with. */
export interface DatedOptions {
  readonly collection: Collection;
  readonly retentionSeconds: number;
  /** Version of the backfill that runs: the old one has ended before the last one starts. */
  readonly version: () => number;
}

/**
 * Letters that were inserted, and when each was first seen with its date: up to a look later than it got it. A date that is set
 * twice to the same value cannot be told from one that is set once, and does the same.
 */
export class DatedDocuments implements Effects {
  private readonly undated = new Map<string, Letter>();
  private readonly dated: Effect[] = [];
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
      if (ids.length === 0) return this.dated.length;
      // While the server is away, as many as there were.
      const found = await this.options.collection
        .find({ _id: { $in: ids }, expireAt: { $exists: true } }, { projection: { body: 0 } })
        .toArray()
        .catch(() => []);
      for (const document of found) this.note(document);
      if (found.length < LOOK_AT) return this.dated.length;
    }
  }

  public async all(): Promise<readonly Effect[]> {
    await this.count();
    return this.dated;
  }

  public async repeated(): Promise<number> {
    return this.again;
  }

  private waitFor(letter: Letter): void {
    this.known.add(letter.id);
    this.undated.set(idOf(letter), letter);
  }

  private note({ _id, createdAt, expireAt }: Stored): void {
    const letter = this.undated.get(_id);
    // Another look has seen it meanwhile.
    if (letter === undefined) return;
    this.undated.delete(_id);
    const due = createdAt.getTime() + 1000 * this.options.retentionSeconds;
    const isRight = expireAt instanceof Date && expireAt.getTime() === due;
    const { id, key, place } = letter;
    this.dated.push({
      id: isRight ? id : `${id}, whose date is wrong`,
      ...{ key, place, at: Date.now(), version: this.options.version() },
    });
  }
}

interface Refused {
  readonly code: number;
}

/** In the order of the letters: the backfill goes through a collection by its ids. */
function idOf({ id }: Letter): string {
  return id.replace(/\d+$/, (number) => number.padStart(9, '0'));
}
