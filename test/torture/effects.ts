/** The effects of a run as effects.cjs keeps them: one file a letter. */
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
  /** All of them, in the order in which they were made. */
  all(): Promise<readonly Effect[]>;
  /** Attempts at an effect that was there already. */
  repeated(): Promise<number>;
}

/** Effects as files of a folder. */
export class EffectFiles implements Effects {
  constructor(private readonly folder: string) {}

  public async count(): Promise<number> {
    return this.names().length;
  }

  public async all(): Promise<readonly Effect[]> {
    const effects = this.names().map(
      (id) => JSON.parse(readFileSync(join(this.folder, id), 'utf8')) as Effect & { readonly order: string },
    );
    return effects.sort((a, b) => (BigInt(a.order) < BigInt(b.order) ? -1 : 1));
  }

  public async repeated(): Promise<number> {
    const file = join(this.folder, '.repeated');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  }

  private names(): string[] {
    return readdirSync(this.folder).filter((name) => !name.startsWith('.'));
  }
}
