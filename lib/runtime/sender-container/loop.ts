/** Receives as many messages as may be in flight, and goes on until it is told to stop. */
import type { Message, Ports, SenderConfig, Verdict } from '../sender/ports';
import { sendBatch } from '../sender/send';

/** The queue of a loop. */
export interface LoopQueue {
  receive(count: number, hideSeconds: number): Promise<Message[]>;
  hide(messageId: string, seconds: number): Promise<void>;
  done(messageId: string): Promise<void>;
}

/** The numbers of a loop. */
export interface LoopConfig extends SenderConfig {
  readonly inFlight: number;
  /** How long a message is hidden while it is being sent; a sender that ended gives it back after that. */
  readonly hideSeconds: number;
  readonly idleMillis: number;
}

/** Senders of one process. */
export class Loop {
  #active = 0;
  #isStopped = false;
  #freed: () => void = () => {};
  #lastTurn = 0;

  constructor(
    private readonly queue: LoopQueue,
    private readonly config: LoopConfig,
    private readonly ports: Ports,
  ) {}

  /** Ends once it was stopped and nothing is in flight. */
  public async run(): Promise<void> {
    while (!this.#isStopped) {
      this.#lastTurn = this.ports.now();
      const free = this.config.inFlight - this.#active;
      const messages = free > 0 ? await this.#receive(free) : [];
      if (messages.length > 0) {
        for (const message of messages) void this.#send(message);
      } else if (free > 0) await this.ports.wait(this.config.idleMillis);
      else await this.#oneFreed();
    }
    while (this.#active > 0) await this.#oneFreed();
  }

  public stop(): void {
    this.#isStopped = true;
  }

  public get active(): number {
    return this.#active;
  }

  /** Milliseconds since it last looked for work. */
  public get stalledMillis(): number {
    return this.ports.now() - this.#lastTurn;
  }

  async #receive(count: number): Promise<Message[]> {
    try {
      return await this.queue.receive(count, this.config.hideSeconds);
    } catch (error) {
      this.ports.log('the queue did not answer', { error: error instanceof Error ? error.name : 'unknown' });
      return [];
    }
  }

  /** Each on its own: one that waits long keeps no place of another. */
  async #send(message: Message): Promise<void> {
    this.#active += 1;
    try {
      const deadline = this.ports.now() + this.config.hideSeconds * 1000;
      const verdicts = await sendBatch([message], deadline, this.config, this.ports);
      await this.#settle(message, verdicts.get(message.messageId));
    } catch (error) {
      // It comes back when it is visible again, and is then a duplicate.
      this.ports.log('not settled', { error: error instanceof Error ? error.name : 'unknown' });
    } finally {
      this.#active -= 1;
      this.#freed();
    }
  }

  async #settle({ messageId }: Message, verdict: Verdict | undefined): Promise<void> {
    if (verdict === 'done') await this.queue.done(messageId);
    else if (verdict !== undefined) await this.queue.hide(messageId, verdict.hideSeconds);
  }

  #oneFreed(): Promise<void> {
    return new Promise((resolve) => {
      this.#freed = resolve;
    });
  }
}
