/** The effects of a run as effect-store.cjs keeps them: a journal with one file a commit. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One letter's effect. */
export interface Effect {
  readonly id: string;
  readonly key: string;
  readonly place: number;
  /** Milliseconds since the epoch, by the true clock. */
  readonly at: number;
  /** Version of the consumer that made it. */
  readonly version: number;
}

/** Where effects are read. */
export interface Effects {
  /** How many there are. */
  count(): Promise<number>;
  /** All of them, in the order in which they were made. One that was made twice is there twice. */
  all(): Promise<readonly Effect[]>;
  /** Attempts at an effect that was there already. */
  repeated(): Promise<number>;
  /** Effects that were made again and are not in `all`. Default: none. */
  surplus?(): Promise<number>;
}

/** A file of the journal. */
interface Commit {
  readonly at: number;
  readonly order: string;
  readonly effects: readonly Omit<Effect, 'at'>[];
}

/** Effects in the files of a folder. */
export class EffectFiles implements Effects {
  constructor(private readonly folder: string) {}

  public async count(): Promise<number> {
    return this.names().length;
  }

  public async all(): Promise<readonly Effect[]> {
    return this.names()
      .map((name) => JSON.parse(readFileSync(join(this.folder, name), 'utf8')) as Commit)
      .sort((a, b) => (BigInt(a.order) < BigInt(b.order) ? -1 : 1))
      .flatMap(({ at, effects }) => effects.map((effect) => ({ ...effect, at })));
  }

  public async repeated(): Promise<number> {
    const file = join(this.folder, '.repeated');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  }

  /** A commit that is being made is not there yet. */
  private names(): string[] {
    return readdirSync(this.folder).filter((name) => !name.startsWith('.'));
  }
}
