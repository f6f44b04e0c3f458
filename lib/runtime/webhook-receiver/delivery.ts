/**
 * What a consumer does with a delivery that the receiver stored, on every broker: the effect once, and a failure told.
 *
 * The signature was judged by the receiver, which alone may publish to the topic.
 */
import { kindOf, logEvent } from '../cloud-log';
import type { EffectStore } from '../effect-store';
import { DeliveryError, failureTeller, loggableSource } from '../webhook/failure';
import { ATTRIBUTES } from './contract';

/** A delivery whose signature was verified. */
export interface Delivery {
  /** Name of the sender, as configured. */
  readonly source: string;
  /**
   * The tenant whose own secret made the signature.
   *
   * Absent unless the source has `secretPerTenant`: one secret for all tenants says who sent a delivery, not for whom.
   */
  readonly tenant?: string;
  /**
   * The tenant that the URL names. No sender signs the URL, so anyone who holds a signed delivery can post it to any
   * tenant's URL. Do not use it as proof of who the tenant is.
   */
  readonly claimedTenant: string;
  /** The id that the sender gives. GitHub does not sign it. */
  readonly id: string;
  /**
   * The kind of event that the sender names in a header: `X-GitHub-Event`, `X-Shopify-Topic`. No sender signs it: anyone who holds
   * a signed delivery can send it as another event, so the body has to be one of that kind. Absent for schemes whose body names
   * it.
   */
  readonly event?: string;
  /** The body as it was signed. */
  readonly body: string;
  /** When the receiver took it, in milliseconds since the epoch. */
  readonly receivedAtMillis: number;
  /** 1 for the first attempt. A broker may count approximately, and may restart at 1. */
  readonly attempt: number;
}

/** The business logic: the effect of a delivery. If it throws, the delivery is retried later. */
export type OnDelivery<Transaction> = (delivery: Delivery, transaction: Transaction) => Promise<void>;

/**
 * What happens besides the log when a delivery fails: the error as it was thrown, and the delivery if the message was one of
 * the receiver. It is awaited before the answer; what it throws is logged and changes nothing.
 */
export type OnError = (error: unknown, delivery?: Delivery) => unknown;

/** Settings; each has a default from the environment that `WebhookBuffer` writes. */
export interface ConsumerOptions {
  /** Seconds that a delivery's key is kept. Default: `IDEMPOTENCY_SECONDS`, or 14 days. */
  readonly idempotencySeconds?: number;
  /** Called with each failure, for a tracker of errors. Default: only the log. */
  readonly onError?: OnError;
  /**
   * Names of fields whose values are masked in the log of errors, besides the built-in ones. Default: `MASKED_FIELDS`,
   * separated by commas, or none.
   */
  readonly maskedFields?: readonly string[];
  readonly now?: () => number;
}

/** A delivery as it was stored: what the receiver published. */
export interface StoredDelivery {
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: Buffer;
  readonly attempt: number;
}

/** Consumes deliveries, and tells failures. */
export interface DeliveryConsumer {
  /** Runs the effect once and commits its key with it. Rejects when the delivery has to come again. */
  consume(stored: StoredDelivery): Promise<void>;
  /** Logs a failure, and hands it to the hook of the user. */
  tell(error: unknown): Promise<void>;
}

/** Makes what consumes deliveries. */
export function deliveryConsumer<Transaction>(
  onDelivery: OnDelivery<Transaction>,
  store: EffectStore<Transaction>,
  options: ConsumerOptions,
): DeliveryConsumer {
  const seconds = options.idempotencySeconds ?? Number(process.env.IDEMPOTENCY_SECONDS ?? 14 * 86_400);
  const now = options.now ?? Date.now;
  const tellFailure = failureTeller<Delivery>({ ...options, line: { severity: 'ERROR' } });

  async function consume(stored: StoredDelivery): Promise<void> {
    const { key, delivery } = deliveryOf(stored);
    let thrown: { readonly error: unknown } | undefined;
    const effect = async (transaction: Transaction) => {
      // A store may run the effect again, in a new transaction.
      thrown = undefined;
      try {
        await onDelivery(delivery, transaction);
      } catch (error) {
        thrown = { error };
        throw error;
      }
    };
    try {
      const outcome = await store.once(key, now() + 1000 * seconds, effect);
      logEvent('INFO', outcome === 'committed' ? 'processed' : 'duplicate', {
        source: loggableSource(delivery.source),
      });
    } catch (error) {
      // What the business logic threw, not what the store made of it.
      throw new DeliveryError(delivery, thrown === undefined ? error : thrown.error);
    }
  }

  async function tell(error: unknown): Promise<void> {
    const { delivery, thrown } = error instanceof DeliveryError ? error : { delivery: undefined, thrown: error };
    // Counted by its kind; the other line is for a person.
    logEvent('WARNING', 'failed', { error: kindOf(thrown) });
    await tellFailure({ thrown, delivery, body: delivery?.body ?? '' });
  }

  return { consume, tell };
}

/** A message that the receiver did not write has no key; it is refused until it is a dead letter that a person reads. */
function deliveryOf({ attributes, data, attempt }: StoredDelivery): { key: string; delivery: Delivery } {
  const key = attributes[ATTRIBUTES.idempotencyKey];
  if (!key) throw new Error('the message has no idempotency key');
  const { [ATTRIBUTES.tenant]: tenant, [ATTRIBUTES.event]: event } = attributes;
  const delivery: Delivery = {
    source: attributes[ATTRIBUTES.source],
    ...(tenant !== undefined && { tenant }),
    claimedTenant: attributes[ATTRIBUTES.claimedTenant],
    id: attributes[ATTRIBUTES.deliveryId],
    ...(event !== undefined && { event }),
    body: data.toString('utf8'),
    receivedAtMillis: Number(attributes[ATTRIBUTES.receivedAt]),
    attempt,
  };
  return { key, delivery };
}
