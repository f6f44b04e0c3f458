/** `EffectStore` in memory: what a store must keep, in the fewest lines. For tests; it dies with its process. */
import type { EffectStore } from '../../lib/runtime/effect-store';

export class MemoryStore implements EffectStore<string[]> {
  /** What was committed, in order. */
  public readonly effects: string[] = [];
  readonly #keys = new Map<string, number>();

  constructor(private readonly now: () => number = Date.now) {}

  public async once(key: string, expiresAtMillis: number, effect: (writes: string[]) => Promise<void>) {
    if (this.#has(key)) return 'duplicate';
    const writes: string[] = [];
    await effect(writes);
    // Nothing is awaited between the second look and the writes: this is the transaction.
    if (this.#has(key)) return 'duplicate';
    this.#keys.set(key, expiresAtMillis);
    this.effects.push(...writes);
    return 'committed';
  }

  #has(key: string): boolean {
    return (this.#keys.get(key) ?? 0) > this.now();
  }
}
