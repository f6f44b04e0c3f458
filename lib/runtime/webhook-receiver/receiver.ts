/**
 * The receiver's side of a webhook buffer on Cloud Run: checks the signature, publishes the body to Pub/Sub and answers
 * 2xx only after Pub/Sub has confirmed it. It does no other work, so it stays fast in a flood.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type SecretSource, SecretTooOldError } from '../cached-secrets';
import { kindOf, logEvent } from '../cloud-log';
import { identityText } from '../webhook/identity';
import { judge } from '../webhook/judge';
import { hmacRules } from '../webhook/scheme';
import { headersRead, type SignedRequest } from '../webhook/signature';
import { HungUpError, readBody, TooLargeError } from './body';
import {
  ATTRIBUTES,
  MAX_ATTRIBUTE_BYTES,
  READY_PATH,
  type ReceiverSource,
  type RefusalReason,
  UNKNOWN_SOURCE,
} from './contract';

/** A message for the topic: the body as signed, and its attributes. */
export interface ReceivedMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Settings, and the way to Pub/Sub. */
export interface ReceiverOptions {
  readonly sources: Readonly<Record<string, ReceiverSource>>;
  /** Bytes of a body at most. */
  readonly maxBodyBytes: number;
  /** Resolves once the message is stored, and only then. The request says which delivery it is of. */
  readonly publish: (message: ReceivedMessage, request: IncomingMessage) => Promise<unknown>;
  readonly secrets: SecretSource;
  readonly now?: () => number;
  /** Told of every answer to a delivery. Default: only the log. */
  readonly onAnswer?: (answer: Answer) => void;
}

/** How a delivery was answered. */
export interface Answer {
  /** Name of the sender, as configured; absent where the path names none. */
  readonly source?: string;
  readonly status: number;
  /** Why it was refused. */
  readonly reason?: string;
}

/** A refusal with a 4xx: the fault is the sender's, so a retry does not help. */
class Refused extends Error {
  constructor(
    public readonly status: number,
    public readonly reason: RefusalReason,
  ) {
    super(reason);
  }
}

/** The fault is ours: there is no usable secret. */
class UnusableSecretError extends Error {
  public override readonly name = 'UnusableSecretError';

  constructor(public readonly problem: string) {
    super(problem);
  }
}

/** Refusals that do not depend on the secret. */
const FAULTY: ReadonlySet<string> = new Set(['no-delivery-id', 'ambiguous-delivery-id']);

const TENANT = /^[A-Za-z0-9._~-]{1,128}$/;

/** Answers `POST /<source>/<tenant>`; the tenant may be left out if a sender has only one. */
export function webhookReceiver(options: ReceiverOptions): RequestListener {
  const now = options.now ?? Date.now;
  // Said at the start, not by a 401 to every delivery.
  for (const { scheme, hmac } of Object.values(options.sources)) hmacRules(scheme, hmac);

  async function receive(request: IncomingMessage, { name, source, tenant }: Route): Promise<void> {
    if (!TENANT.test(tenant)) throw new Refused(400, 'bad-tenant');
    if (request.method !== 'POST') throw new Refused(405, 'not-post');
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) throw new Refused(415, 'not-json');
    if (request.headers['content-encoding'] !== undefined) throw new Refused(415, 'encoded');
    // The first of these is when the sender's delivery came, however slowly its body follows.
    const receivedAtMillis = now();
    const data = await readBody(request, options.maxBodyBytes);
    const signed: SignedRequest = { headers: headersOf(request, source), body: textOf(data), receivedAtMillis };
    const rules = { ...source, place: source.secretFile };
    const verdict = await judge(rules, tenant, signed, options.secrets, receivedAtMillis);
    if (!verdict.valid) {
      if (verdict.refusal === 'unusable-secret') throw new UnusableSecretError(verdict.problem ?? 'cannot be used');
      throw new Refused(FAULTY.has(verdict.refusal) ? 400 : 401, verdict.refusal);
    }
    const { deliveryId, signedContent } = verdict;
    if (Buffer.byteLength(deliveryId) > MAX_ATTRIBUTE_BYTES) throw new Refused(400, 'delivery-id-too-long');
    const distinct = source.deduplicateBy === 'delivery-id' ? deliveryId : signedContent;
    const message = {
      data,
      attributes: {
        [ATTRIBUTES.source]: name,
        [ATTRIBUTES.claimedTenant]: tenant,
        ...(source.secretPerTenant && { [ATTRIBUTES.tenant]: tenant }),
        [ATTRIBUTES.deliveryId]: deliveryId,
        [ATTRIBUTES.idempotencyKey]: createHash('sha256')
          .update(identityText(name, tenant, distinct))
          .digest('hex'),
        [ATTRIBUTES.receivedAt]: String(receivedAtMillis),
      },
    };
    await options.publish(message, request);
  }

  return (request, response) => {
    if (request.method === 'GET' && request.url === READY_PATH) {
      answer(response, 200, { ready: true });
      return;
    }
    const tell = (source: string | undefined, reason?: string) =>
      options.onAnswer?.({ source, status: response.statusCode, reason });
    const route = routeOf(request, options.sources);
    if (route === undefined) {
      tell(undefined, fail(request, response, new Refused(404, UNKNOWN_SOURCE), {}));
      return;
    }
    receive(request, route).then(
      () => {
        answer(response, 200, { received: true });
        tell(route.name);
      },
      (error: unknown) => tell(route.name, fail(request, response, error, { source: route.name })),
    );
  };
}

interface Route {
  readonly name: string;
  readonly source: ReceiverSource;
  readonly tenant: string;
}

/** A configured source; its name may be logged, the rest of the path must not. */
function routeOf(request: IncomingMessage, sources: Readonly<Record<string, ReceiverSource>>): Route | undefined {
  const [, name = '', tenant = name, ...rest] = (request.url ?? '').split('?', 1)[0].split('/');
  if (!Object.hasOwn(sources, name) || rest.length > 0) return undefined;
  return { name, source: sources[name], tenant };
}

function headersOf(request: IncomingMessage, source: ReceiverSource): Record<string, string | undefined> {
  return Object.fromEntries(
    headersRead(source.scheme, source.hmac).map((name) => {
      const value = request.headers[name];
      return [name, typeof value === 'string' ? value : undefined];
    }),
  );
}

/** The signature covers bytes; a decoded text may stand for other bytes than those sent. */
function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new Refused(400, 'not-utf-8');
  }
}

/** Nobody reads the answer to a sender that hung up; what is counted is this code, as proxies write it into their logs. */
const HUNG_UP = 499;

/** Everything that is our own fault is a 503, so that the sender retries. Gives back the reason, as the log has it. */
function fail(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  source: { readonly source?: string },
): RefusalReason | 'deferred' | 'not-stored' {
  if (error instanceof TooLargeError) {
    logEvent('WARNING', 'refused', { ...source, reason: 'too-large' });
    // The rest of the body is not waited for.
    response.setHeader('connection', 'close');
    answer(response, 413, { received: false });
    response.once('finish', () => request.destroy());
    return 'too-large';
  }
  if (error instanceof HungUpError) {
    logEvent('WARNING', 'hung up', { ...source });
    answer(response, HUNG_UP, { received: false });
    return 'hung-up';
  }
  if (error instanceof Refused) {
    logEvent('WARNING', 'refused', { ...source, reason: error.reason });
    answer(response, error.status, { received: false });
    return error.reason;
  }
  if (error instanceof SecretTooOldError) {
    logEvent('WARNING', 'deferred', { ...source, error: kindOf(error) });
    retryLater(response, Math.max(1, Math.ceil(error.retryAfterMillis / 1000)));
    return 'deferred';
  }
  const problem = error instanceof UnusableSecretError && { problem: `the secret ${error.problem}` };
  logEvent('ERROR', 'not stored', { ...source, error: kindOf(error), ...problem });
  retryLater(response, 5);
  return 'not-stored';
}

/** Asks the sender to send again. */
export function retryLater(response: ServerResponse, seconds: number): void {
  response.setHeader('retry-after', String(seconds));
  answer(response, 503, { received: false });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
