/**
 * The instances of a consumer and their slots: which run, which slot is free. Slots are numbered; instance i owns
 * slots i × slotsPerInstance up to the next instance's first.
 */
export class Fleet {
  /** Instances that take items. */
  public running = 0;
  /** Free slots of running instances. */
  public free = 0;
  private readonly freeSlots: Int32Array;
  private readonly runs: Uint8Array;
  private readonly busy: Uint8Array;
  /** Whether the slot's instance runs: `runs` by slot, for the event loop. */
  private readonly serving: Uint8Array;

  /** @param size the most instances at once, including those that only finish their last items */
  constructor(
    private readonly size: number,
    private readonly slotsPerInstance: number,
  ) {
    this.freeSlots = new Int32Array(size * slotsPerInstance);
    this.busy = new Uint8Array(size * slotsPerInstance);
    this.serving = new Uint8Array(size * slotsPerInstance);
    this.runs = new Uint8Array(size);
  }

  /** All slots. */
  public get slots(): number {
    return this.busy.length;
  }

  /** Takes a free slot; there must be one. */
  public take(): number {
    this.free -= 1;
    const slot = this.freeSlots[this.free];
    this.busy[slot] = 1;
    return slot;
  }

  /** Whether a slot that has finished an item may take another. */
  public serves(slot: number): boolean {
    return this.serving[slot] === 1;
  }

  /** Gives a slot back. */
  public release(slot: number): void {
    this.busy[slot] = 0;
    if (!this.serves(slot)) return;
    this.freeSlots[this.free] = slot;
    this.free += 1;
  }

  /** Starts one instance: the first that neither runs nor still finishes an item. */
  public start(): void {
    for (let instance = 0; instance < this.size; instance += 1) {
      if (this.runs[instance] === 1 || this.isBusy(instance)) continue;
      this.runs[instance] = 1;
      this.running += 1;
      this.serving.fill(1, this.first(instance), this.first(instance + 1));
      for (let slot = this.first(instance); slot < this.first(instance + 1); slot += 1) {
        this.freeSlots[this.free] = slot;
        this.free += 1;
      }
      return;
    }
  }

  /** Stops the newest running instance; it finishes what it has begun. Returns its number, −1 when none runs. */
  public stop(): number {
    for (let instance = this.size - 1; instance >= 0; instance -= 1) {
      if (this.runs[instance] === 0) continue;
      this.runs[instance] = 0;
      this.running -= 1;
      this.serving.fill(0, this.first(instance), this.first(instance + 1));
      let kept = 0;
      for (let i = 0; i < this.free; i += 1) {
        if (this.owner(this.freeSlots[i]) === instance) continue;
        this.freeSlots[kept] = this.freeSlots[i];
        kept += 1;
      }
      this.free = kept;
      return instance;
    }
    return -1;
  }

  /** The instance that a slot belongs to. */
  public owner(slot: number): number {
    return (slot / this.slotsPerInstance) | 0;
  }

  private first(instance: number): number {
    return instance * this.slotsPerInstance;
  }

  private isBusy(instance: number): boolean {
    for (let slot = this.first(instance); slot < this.first(instance + 1); slot += 1) {
      if (this.busy[slot] === 1) return true;
    }
    return false;
  }
}
