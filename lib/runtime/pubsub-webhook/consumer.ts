/**
 * The consumer's side of a webhook buffer on Google Cloud: takes pushes from Pub/Sub, processes each delivery once, and
 * answers 2xx only after the commit. The user writes the business logic and the store.
 *
 * Cloud Run checks the caller: the service is private and Pub/Sub pushes with a token of an account that may invoke it.
 * The signature was judged by the receiver, which alone may publish to the topic.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { EffectStore } from '../effect-store';
import { readBody } from '../webhook-receiver/body';
import { READY_PATH } from '../webhook-receiver/contract';
import { type ConsumerOptions, deliveryConsumer, type OnDelivery } from '../webhook-receiver/delivery';
import { serve } from '../webhook-receiver/serve';

export type { EffectStore } from '../effect-store';
export type { ConsumerOptions, Delivery, OnDelivery, OnError } from '../webhook-receiver/delivery';

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
  const { consume, tell } = deliveryConsumer(onDelivery, store, options);

  async function take(request: IncomingMessage): Promise<void> {
    const envelope = envelopeOf((await readBody(request, MAX_ENVELOPE_BYTES)).toString('utf8'));
    const { data = '', attributes = {} } = envelope.message;
    await consume({ attributes, data: Buffer.from(data, 'base64'), attempt: envelope.deliveryAttempt ?? 1 });
  }

  return (request, response) => {
    if (request.method === 'GET' && request.url === READY_PATH) {
      end(response, 200);
      return;
    }
    take(request).then(
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

function end(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}
