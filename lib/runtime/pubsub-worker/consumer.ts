/**
 * The consumer's side of a pulled subscription of Pub/Sub, as a worker pool of Cloud Run runs it: what users import as
 * `backpressure-constructs/pubsub-worker`. The user writes the effect and the store, and brings the client.
 *
 * A message is acknowledged after its effect was committed. On SIGTERM the worker pulls no more, finishes what it can in the
 * time that a stopped instance has, and returns the rest by an ack deadline of 0, so that another instance takes it at once
 * and not when its lease ends.
 */
import { kindOf, logEvent } from '../cloud-log';
import type { EffectStore } from '../effect-store';

export type { EffectStore } from '../effect-store';

/** A message of `@google-cloud/pubsub`, as far as it is used here. */
export interface PulledMessage {
  /** The id that Pub/Sub gave it when it was published. */
  readonly id: string;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  /** 1 for the first attempt; 0 for a subscription without a dead-letter topic. */
  readonly deliveryAttempt: number;
  ack(): void;
  nack(): void;
}

/** A subscription of `@google-cloud/pubsub`, as far as it is used here. */
export interface PulledSubscription {
  setOptions(options: {
    readonly flowControl: { readonly maxMessages: number; readonly allowExcessMessages: boolean };
    readonly streamingOptions: { readonly maxStreams: number };
    readonly batching: { readonly maxMilliseconds: number };
    readonly closeOptions: { readonly behavior: 'WAIT' };
  }): void;
  on(event: 'message', listener: (message: PulledMessage) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

/** The effect of a message. If it throws, the message is retried later. */
export type OnMessage<Transaction> = (message: PulledMessage, transaction: Transaction) => Promise<void>;

/** Settings; each has a default from the environment that `QueueWorker` writes. */
export interface PullOptions {
  /** Messages that are worked on at the same time. Default: `SLOTS`, or 1. */
  readonly slots?: number;
  /** Seconds after which an item is given up: it is returned, and its slot taken again. Default: `MAX_EXTENSION_SECONDS`, or 600. */
  readonly itemSeconds?: number;
  /** Seconds from SIGTERM to SIGKILL. Default: `STOP_SECONDS`, or 10. */
  readonly stopSeconds?: number;
  /** Seconds that a message's key is kept. Default: `IDEMPOTENCY_SECONDS`, or 31 days, the longest retention. */
  readonly idempotencySeconds?: number;
  /**
   * What two deliveries of the same work have in common. Default: the message's id, which a producer that publishes twice
   * does not repeat: give the order's number where you have one.
   */
  readonly keyOf?: (message: PulledMessage) => string;
  readonly now?: () => number;
}

/** A worker that pulls. */
export interface Pulling {
  /** Resolves when it has stopped, and rejects when the subscription cannot be pulled: end the process then. */
  readonly done: Promise<void>;
  /** What SIGTERM does. */
  stop(): Promise<void>;
}

/**
 * Milliseconds that an answer waits for others to be sent with. Until it is sent the service counts its message, and sends no
 * other; the client's own 100 ms would be longer than short work.
 */
const ANSWERS_MILLIS = 10;
/** Time for what was returned at the end to be sent. */
const FLUSH_SECONDS = 2;

/** Pulls messages until SIGTERM. */
export function pullMessages<Transaction>(
  subscription: PulledSubscription,
  onMessage: OnMessage<Transaction>,
  store: EffectStore<Transaction>,
  options: PullOptions = {},
): Pulling {
  const slots = options.slots ?? setting('SLOTS', 1);
  const itemMillis = 1000 * (options.itemSeconds ?? setting('MAX_EXTENSION_SECONDS', 600));
  const stopMillis = 1000 * (options.stopSeconds ?? setting('STOP_SECONDS', 10));
  const keptMillis = 1000 * (options.idempotencySeconds ?? setting('IDEMPOTENCY_SECONDS', 31 * 86_400));
  const { keyOf = ({ id }) => id, now = Date.now } = options;
  const inHand = new Set<Attempt>();
  let stopping: Promise<void> | undefined;
  let fail: (error: Error) => void = () => {};
  let end: () => void = () => {};
  const done = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });

  async function work(attempt: Attempt, message: PulledMessage): Promise<void> {
    try {
      const key = keyOf(message);
      const outcome = await store.once(key, now() + keptMillis, (transaction) => onMessage(message, transaction));
      attempt.ack();
      logEvent('INFO', outcome === 'committed' ? 'processed' : 'duplicate');
    } catch (error) {
      logEvent('WARNING', 'failed', { error: kindOf(error), attempt: message.deliveryAttempt });
      attempt.giveBack();
    }
  }

  async function stopOnce(): Promise<void> {
    process.removeListener('SIGTERM', onSignal);
    // It stops pulling at once, and resolves when nothing is in hand and all answers are sent.
    const closed = subscription.close();
    const last = setTimeout(
      () => {
        for (const attempt of inHand) attempt.giveBack();
      },
      Math.max(0, stopMillis - 1000 * FLUSH_SECONDS),
    );
    const flushed = setTimeout(end, stopMillis);
    try {
      await Promise.race([closed, done]);
    } finally {
      clearTimeout(last);
      clearTimeout(flushed);
      end();
    }
  }

  const stop = () => {
    stopping ??= stopOnce();
    return stopping;
  };
  const onSignal = () => void stop().catch(fail);

  // Server and client hand over no more than can be worked on: what waits at one instance, another cannot take.
  subscription.setOptions({
    flowControl: { maxMessages: slots, allowExcessMessages: false },
    // The service counts for each stream, and the client opens up to five. What came over the others would wait here, and at
    // the end the client neither hands it over nor returns it: the end takes all of its time, and others wait for the leases.
    streamingOptions: { maxStreams: 1 },
    batching: { maxMilliseconds: ANSWERS_MILLIS },
    closeOptions: { behavior: 'WAIT' },
  });
  subscription.on('message', (message) => {
    const attempt = new Attempt(message, inHand, itemMillis);
    // It was on its way when the worker was told to end.
    if (stopping) attempt.giveBack();
    else void work(attempt, message);
  });
  subscription.on('error', (error) => {
    logEvent('ERROR', 'the subscription cannot be pulled', { error: kindOf(error) });
    fail(error);
  });
  process.once('SIGTERM', onSignal);
  return { done, stop };
}

/** One attempt at a message, answered once. */
class Attempt {
  #answered = false;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly message: PulledMessage,
    private readonly inHand: Set<Attempt>,
    itemMillis: number,
  ) {
    inHand.add(this);
    this.#timer = setTimeout(() => {
      logEvent('WARNING', 'given up', { seconds: itemMillis / 1000, attempt: message.deliveryAttempt });
      this.giveBack();
    }, itemMillis);
  }

  public ack(): void {
    this.#answer(() => this.message.ack());
  }

  /** An ack deadline of 0: the message is delivered again after the backoff of the subscription. */
  public giveBack(): void {
    this.#answer(() => this.message.nack());
  }

  #answer(send: () => void): void {
    if (this.#answered) return;
    this.#answered = true;
    clearTimeout(this.#timer);
    this.inHand.delete(this);
    send();
  }
}

function setting(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name} must be a number above 0, got '${text}'`);
  return value;
}
