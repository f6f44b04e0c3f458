/** Who has which partition, as consumers on Kafka log what is dealt to them. */

import type { Pods } from '../pods';

/** What waits for partitions. */
interface Wanted {
  readonly partitions: Set<number>;
  readonly found: () => void;
}

/** Hears consumers from their start on. */
export class Dealings {
  private readonly owned = new Map<number, readonly number[]>();
  private wanted: readonly Wanted[] = [];
  /** When each partition was dealt first, in milliseconds since the epoch. */
  private readonly firsts = new Map<number, number>();

  constructor(pods: Pick<Pods, 'onLine'>) {
    pods.onLine((consumer, line) => this.heard(consumer, line));
  }

  private heard(consumer: number, line: string): void {
    if (!line.startsWith('{"partitions"')) return;
    const { partitions } = JSON.parse(line) as { readonly partitions: readonly number[] };
    this.owned.set(consumer, partitions);
    for (const partition of partitions) if (!this.firsts.has(partition)) this.firsts.set(partition, Date.now());
    for (const one of this.wanted) {
      for (const partition of partitions) one.partitions.delete(partition);
      if (one.partitions.size === 0) one.found();
    }
    this.wanted = this.wanted.filter((one) => one.partitions.size > 0);
  }

  /** When a partition was dealt first, in milliseconds since the epoch. */
  public firstOf(partition: number): number | undefined {
    return this.firsts.get(partition);
  }

  /** Resolves when each partition of a consumer that was killed is dealt out again; at once when it had none. */
  public takenOver(consumer: number): Promise<void> {
    const partitions = new Set(this.owned.get(consumer));
    this.owned.delete(consumer);
    if (partitions.size === 0) return Promise.resolve();
    return new Promise((found) => {
      this.wanted = [...this.wanted, { partitions, found }];
    });
  }
}
