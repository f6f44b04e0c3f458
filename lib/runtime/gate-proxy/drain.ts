/** The end of a gate, and what its probes are told of it. */
import { setTimeout as wait } from 'node:timers/promises';
import type { GateProxy } from './proxy';

/**
 * A drain: balancers still send requests until they know, and those are served; then no more are accepted, and what was accepted is
 * answered. There is no way back but a new process: a gate that nothing ends after its drain says that it is not alive, so that it
 * is started again, open.
 */
export class Drain {
  #drained?: Promise<void>;
  #isDone = false;

  constructor(
    private readonly proxy: GateProxy,
    private readonly leavingSeconds: number,
  ) {}

  /** Drains; a second call waits for the first one. */
  public begin(): Promise<void> {
    this.#drained ??= wait(1000 * this.leavingSeconds)
      .then(() => this.proxy.close())
      .then(() => {
        this.#isDone = true;
      });
    return this.#drained;
  }

  /** Whether new requests should come here. */
  public get isReady(): boolean {
    return this.#drained === undefined;
  }

  /** Whether a request has anything to wait for: a drain that lasts is no reason for a restart. */
  public get isAlive(): boolean {
    return !this.#isDone;
  }
}
