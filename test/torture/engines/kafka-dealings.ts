/** Who has which partition, as consumers on Kafka log what is dealt to them. */

/** What waits for partitions. */
interface Wanted {
  readonly partitions: Set<number>;
  readonly found: () => void;
}

/** Hears consumers. */
export class Dealings {
  private readonly owned = new Map<number, readonly number[]>();
  private wanted: readonly Wanted[] = [];

  /** A line of a consumer that runs. */
  public heard(consumer: number, line: string): void {
    if (!line.startsWith('{"partitions"')) return;
    const { partitions } = JSON.parse(line) as { readonly partitions: readonly number[] };
    this.owned.set(consumer, partitions);
    for (const one of this.wanted) {
      for (const partition of partitions) one.partitions.delete(partition);
      if (one.partitions.size === 0) one.found();
    }
    this.wanted = this.wanted.filter((one) => one.partitions.size > 0);
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
