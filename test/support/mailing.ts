/** A sender's world: virtual time, a provider that counts, a queue that gives messages back. */

import type { BucketSettings } from '../../lib/flow/rates/run-time';
import { type Mail, type Outcome, type Provider } from '../../lib/runtime/sender/mail';
import type { Counted, Message, Ports, SenderConfig, Verdict } from '../../lib/runtime/sender/ports';
import { sendBatch } from '../../lib/runtime/sender/send';

/** The pace of case 7: 100 a second, 0.05 s of jitter. */
export const PACE: BucketSettings = {
  messagesPerSecond: 100 / 1.05,
  burst: 1,
  slotSeconds: 0.025,
  throttledFactor: 0.7,
  recoveryStep: 0.01,
  adaptSeconds: 10,
  horizonSeconds: 60,
};

export const CONFIG: SenderConfig = {
  mostRecipients: 1,
  onUnknown: 'park',
  claimSeconds: 7,
  callSeconds: 5,
  backoffSeconds: 1,
  backoffCapSeconds: 600,
  closedSeconds: 900,
  holdSeconds: 5,
};

/** Time that passes only when nothing else is left to do: waiting takes none. */
export class VirtualTime {
  public millis = 1_800_000_000_000;
  readonly #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  public readonly now = () => this.millis;
  public readonly wait = (millis: number) =>
    new Promise<void>((wake) => {
      this.#sleepers.push({ at: this.millis + Math.max(0, millis), wake });
    });

  /** Lets time pass until that is done. */
  public async until<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const ended = work.finally(() => {
      done = true;
    });
    ended.catch(() => {});
    for (;;) {
      for (let turn = 0; turn < 60 && !done; turn += 1) await Promise.resolve();
      if (done) return ended;
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers.shift();
      if (next === undefined) {
        // Only real work is left, such as a macrotask.
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      this.millis = Math.max(this.millis, next.at);
      next.wake();
    }
  }
}

/** A provider that takes everything, unless `answer` says something else. */
export class CountingProvider implements Provider {
  /** When each mail arrived, by its id. */
  public readonly arrivals: { readonly id: string; readonly at: number }[] = [];
  public answer: (mail: Mail, nth: number) => Outcome | Promise<Outcome> = (mail) => ({
    kind: 'sent',
    messageId: `provider-${mail.id}`,
  });

  constructor(
    private readonly time: VirtualTime,
    private readonly callMillis = 150,
  ) {}

  public async prepare(): Promise<void> {}

  public async send(mail: Mail): Promise<Outcome> {
    this.arrivals.push({ id: mail.id, at: this.time.millis });
    const nth = this.arrivals.length;
    await this.time.wait(this.callMillis);
    return this.answer(mail, nth);
  }

  public get ids(): string[] {
    return this.arrivals.map(({ id }) => id);
  }
}

/** Most of them in any window of so many milliseconds. */
export function mostInWindow(times: readonly number[], windowMillis: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  let [first, most] = [0, 0];
  for (const [index, at] of sorted.entries()) {
    while (sorted[first] <= at - windowMillis + 1e-6) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

export const message = (id: string, more: Partial<Message> & { mail?: object } = {}): Message => ({
  messageId: more.messageId ?? `m-${id}`,
  receives: more.receives ?? 1,
  body: more.body ?? JSON.stringify({ id, to: ['someone@example.com'], subject: 'Hello', text: 'Hi', ...more.mail }),
});

/** One sender, with what it counted, said and parked. */
export function sender(time: VirtualTime, made: Pick<Ports, 'claims' | 'lanes'>, config: Partial<SenderConfig> = {}) {
  const counts: Partial<Record<Counted, number>> = {};
  const parked: { readonly message: Message; readonly reason: string }[] = [];
  const lines: string[] = [];
  const ports: Ports = {
    ...made,
    async park(one, reason) {
      parked.push({ message: one, reason });
    },
    count: (name, value) => {
      counts[name] = (counts[name] ?? 0) + value;
    },
    log: (event, detail) => lines.push(JSON.stringify({ event, ...detail })),
    now: time.now,
    wait: time.wait,
    random: () => 0.5,
  };
  const send = (messages: readonly Message[], seconds = 6.5): Promise<ReadonlyMap<string, Verdict>> =>
    time.until(sendBatch(messages, time.millis + seconds * 1000, { ...CONFIG, ...config }, ports));
  return { counts, parked, lines, ports, send };
}
