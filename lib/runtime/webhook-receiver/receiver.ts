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
import { eventIn, hmacRules } from '../webhook/scheme';
import { headersRead, refusedByHeaders, type SignedRequest } from '../webhook/signature';
import { type BodyRoom, HungUpError, NoRoomError, readBody, TooLargeError } from './body';
import {
  ATTRIBUTES,
  DEFERRED,
  LIVE_PATH,
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
  /** Resolves once the message is stored, and only then. */
  readonly publish: (message: ReceivedMessage, receipt: Receipt) => Promise<unknown>;
  readonly secrets: SecretSource;
  readonly now?: () => number;
  /** Told of every answer to a delivery. Default: only the log. */
  readonly onAnswer?: (answer: Answer) => void;
  /** Finds room for a body, until its answer is sent; undefined: there is none. Default: the platform bounds the requests. */
  readonly room?: (request: IncomingMessage, response: ServerResponse) => BodyRoom | undefined;
  /** Whether deliveries can be stored, as far as is known. Default: yes. */
  readonly isReady?: () => boolean;
}

/** How a delivery came. */
export interface Receipt {
  readonly request: IncomingMessage;
  /** When its headers were there, by `performance.now()`: from then on its sender waits. */
  readonly sinceMillis: number;
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

/** How a sender is told of it. */
function refusedFor(reason: RefusalReason): Refused {
  return new Refused(FAULTY.has(reason) ? 400 : 401, reason);
}

const TENANT = /^[A-Za-z0-9._~-]{1,128}$/;

/** Answers `POST /<source>/<tenant>`; the tenant may be left out if a sender has only one. */
export function webhookReceiver(options: ReceiverOptions): RequestListener {
  const now = options.now ?? Date.now;
  // Said at the start, not by a 401 to every delivery.
  for (const { scheme, hmac } of Object.values(options.sources)) hmacRules(scheme, hmac);

  async function receive(request: IncomingMessage, response: ServerResponse, route: Route): Promise<void> {
    const { name, source, tenant } = route;
    if (!TENANT.test(tenant)) throw new Refused(400, 'bad-tenant');
    if (request.method !== 'POST') throw new Refused(405, 'not-post');
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) throw new Refused(415, 'not-json');
    if (request.headers['content-encoding'] !== undefined) throw new Refused(415, 'encoded');
    // When the sender's delivery came, however slowly its body follows.
    const [receivedAtMillis, sinceMillis] = [now(), performance.now()];
    const headers = headersOf(request, source);
    // Whoever has no signature is not waited for, and gets no room.
    const unsigned = refusedByHeaders(
      source.scheme,
      { headers, receivedAtMillis },
      source.toleranceSeconds,
      source.hmac,
    );
    if (unsigned !== undefined) throw refusedFor(unsigned);
    const { room } = options;
    const data = await readBody(request, options.maxBodyBytes, room && (() => room(request, response)));
    const signed: SignedRequest = { headers, body: textOf(data), receivedAtMillis };
    const rules = { ...source, place: source.secretFile };
    const verdict = await judge(rules, tenant, signed, options.secrets, receivedAtMillis);
    if (!verdict.valid) {
      if (verdict.refusal === 'unusable-secret') throw new UnusableSecretError(verdict.problem ?? 'cannot be used');
      throw refusedFor(verdict.refusal);
    }
    const { deliveryId, signedContent } = verdict;
    if (Buffer.byteLength(deliveryId) > MAX_ATTRIBUTE_BYTES) throw new Refused(400, 'delivery-id-too-long');
    const event = eventIn(source.scheme, headers);
    const distinct = source.deduplicateBy === 'delivery-id' ? deliveryId : signedContent;
    const message = {
      data,
      attributes: {
        [ATTRIBUTES.source]: name,
        [ATTRIBUTES.claimedTenant]: tenant,
        ...(source.secretPerTenant && { [ATTRIBUTES.tenant]: tenant }),
        [ATTRIBUTES.deliveryId]: deliveryId,
        ...(event !== undefined && { [ATTRIBUTES.event]: event }),
        [ATTRIBUTES.idempotencyKey]: createHash('sha256')
          .update(identityText(name, tenant, distinct))
          .digest('hex'),
        [ATTRIBUTES.receivedAt]: String(receivedAtMillis),
      },
    };
    await options.publish(message, { request, sinceMillis });
  }

  return (request, response) => {
    if (request.method === 'GET' && request.url === READY_PATH) {
      const ready = options.isReady?.() ?? true;
      answer(response, ready ? 200 : 503, { ready });
      return;
    }
    if (request.method === 'GET' && request.url === LIVE_PATH) {
      answer(response, 200, { live: true });
      return;
    }
    const tell = (source: string | undefined, reason?: string) =>
      options.onAnswer?.({ source, status: response.statusCode, reason });
    const route = routeOf(request, options.sources);
    if (route === undefined) {
      tell(undefined, fail(request, response, new Refused(404, UNKNOWN_SOURCE), {}));
      return;
    }
    receive(request, response, route).then(
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
): RefusalReason | typeof DEFERRED | 'no-room' | 'not-stored' {
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
    logEvent('WARNING', DEFERRED, { ...source, error: kindOf(error) });
    retryLater(response, Math.max(1, Math.ceil(error.retryAfterMillis / 1000)));
    return DEFERRED;
  }
  if (error instanceof NoRoomError) {
    logEvent('WARNING', 'no room', { ...source });
    retryLater(response, 1);
    return 'no-room';
  }
  const problem = error instanceof UnusableSecretError && { problem: `the secret ${error.problem}` };
  logEvent('ERROR', 'not stored', { ...source, error: kindOf(error), ...problem });
  retryLater(response, 5);
  return 'not-stored';
}

/** Asks the sender to send again. */
function retryLater(response: ServerResponse, seconds: number): void {
  response.setHeader('retry-after', String(seconds));
  answer(response, 503, { received: false });
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
