/**
 * The consumer's side of a webhook buffer on Google Cloud: takes pushes from Pub/Sub, processes each delivery once, and
 * answers 2xx only after the commit. The user writes the business logic and the store.
 *
 * Cloud Run checks the caller: the service is private and Pub/Sub pushes with a token of an account that may invoke it.
 * The signature was judged by the receiver, which alone may publish to the topic.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { kindOf, logEvent } from '../cloud-log';
import { DeliveryError, failureTeller, loggableSource } from '../webhook/failure';
import { readBody } from '../webhook-receiver/body';
import { ATTRIBUTES, READY_PATH } from '../webhook-receiver/contract';
import { serve } from '../webhook-receiver/serve';
import type { EffectStore } from './store';

export type { EffectStore } from './store';

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
  /** The body as it was signed. */
  readonly body: string;
  /** When the receiver took it, in milliseconds since the epoch. */
  readonly receivedAtMillis: number;
  /** 1 for the first attempt. Pub/Sub counts approximately, and may restart at 1. */
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

/** One message in Pub/Sub's push envelope. */
interface Envelope {
  readonly message: { readonly data?: string; readonly attributes?: Readonly<Record<string, string>> };
  readonly deliveryAttempt?: number;
}

/** Pub/Sub's 10 MB of message in base64, and its envelope. */
const MAX_ENVELOPE_BYTES = 15_000_000;

/** Answers the push of one message: 204 acknowledges it, any other status makes Pub/Sub retry. */
export function webhookEndpoint<Transaction>(
  onDelivery: OnDelivery<Transaction>,
  store: EffectStore<Transaction>,
  options: ConsumerOptions = {},
): RequestListener {
  const seconds = options.idempotencySeconds ?? Number(process.env.IDEMPOTENCY_SECONDS ?? 14 * 86_400);
  const now = options.now ?? Date.now;
  const tellFailure = failureTeller<Delivery>({ ...options, line: { severity: 'ERROR' } });

  async function consume(request: IncomingMessage): Promise<void> {
    const envelope = envelopeOf((await readBody(request, MAX_ENVELOPE_BYTES)).toString('utf8'));
    const { key, delivery } = deliveryOf(envelope);
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

  return (request, response) => {
    if (request.method === 'GET' && request.url === READY_PATH) {
      end(response, 200);
      return;
    }
    consume(request).then(
      () => end(response, 204),
      async (error: unknown) => {
        await tell(error);
        end(response, 500);
      },
    );
  };
}

/** Serves `webhookEndpoint` on `PORT`, as Cloud Run wants it. */
export function serveWebhooks<Transaction>(
  onDelivery: OnDelivery<Transaction>,
  store: EffectStore<Transaction>,
  options: ConsumerOptions = {},
): Server {
  return serve(webhookEndpoint(onDelivery, store, options), Number(process.env.PORT ?? 8080));
}

/** The error of the parser would quote what it could not read. */
function envelopeOf(text: string): Envelope {
  try {
    return JSON.parse(text) as Envelope;
  } catch {
    throw new SyntaxError('the push is not JSON');
  }
}

/** A message that the receiver did not write has no key; it is refused until it is a dead letter that a person reads. */
function deliveryOf(envelope: Envelope): { key: string; delivery: Delivery } {
  const { data = '', attributes = {} } = envelope.message;
  const key = attributes[ATTRIBUTES.idempotencyKey];
  if (!key) throw new Error('the message has no idempotency key');
  const tenant = attributes[ATTRIBUTES.tenant];
  const delivery: Delivery = {
    source: attributes[ATTRIBUTES.source],
    ...(tenant !== undefined && { tenant }),
    claimedTenant: attributes[ATTRIBUTES.claimedTenant],
    id: attributes[ATTRIBUTES.deliveryId],
    body: Buffer.from(data, 'base64').toString('utf8'),
    receivedAtMillis: Number(attributes[ATTRIBUTES.receivedAt]),
    attempt: envelope.deliveryAttempt ?? 1,
  };
  return { key, delivery };
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}
