/**
 * How a message goes on to the next server, so that both see one message that ends at the same byte. A request that two servers
 * may read differently is refused: what one takes for its body, the other may take for the next request.
 *
 * Source: RFC 9112, 3.2 (target and host), 6.1 and 6.3 (length of a body), 11.2 (request smuggling); RFC 9110, 7.6.1 (fields of
 * one connection) and 6.5 (trailers).
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/**
 * Fields of one connection, `expect`, which the server has answered already, and `trailer`: trailers are not passed on. The length
 * is not among them: it is of the body, whoever passes that on.
 */
const OF_CONNECTION: readonly string[] = [
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Fields that are for every server on the way: `Connection` must not name them (RFC 9110, 7.6.1), and what it names is dropped. */
const END_TO_END: readonly string[] = ['authorization', 'content-length', 'cookie', 'forwarded', 'host'];
/** What a balancer says of the caller. Envoy refuses these as well (`sanitizeConnectionHeader`). */
const OF_BALANCER = 'x-forwarded-';

/** A request as it is sent on. */
export interface Forwarded {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Whether the headers say how long its body is. Without it none is sent. */
  readonly hasBody: boolean;
}

/** Why a request is not sent on, and the status that says so. */
export interface Unclear {
  readonly status: 400 | 501 | 505;
  readonly reason: string;
}

/** What goes on to the program, or why nothing does. */
export function forwarded(request: IncomingMessage): Forwarded | Unclear {
  const { headers, httpVersion, url = '' } = request;
  const {
    host: hosts = [],
    'content-length': lengths = [],
    'transfer-encoding': codings = [],
  } = request.headersDistinct;
  if (!['1.0', '1.1'].includes(httpVersion)) return { status: 505, reason: `HTTP/${httpVersion}` };
  const named = namedBy(headers).find((name) => END_TO_END.includes(name) || name.startsWith(OF_BALANCER));
  if (named !== undefined) return unclear(`connection names ${named}`);
  if (hosts.length > 1) return unclear('several hosts');
  if (codings.length > 0 && lengths.length > 0) return unclear('both content-length and transfer-encoding');
  // A server of HTTP/1.0 on the way would not have read its chunks.
  if (codings.length > 0 && httpVersion === '1.0') return unclear('transfer-encoding in HTTP/1.0');
  if (codings.length > 0 && !/^chunked$/i.test(codings.join(','))) return { status: 501, reason: 'transfer-encoding' };
  if (lengths.length > 1 || lengths.some((length) => !/^\d+$/.test(length))) return unclear('content-length');
  const target = targetOf(url, headers.host);
  if (target === undefined) return unclear('the target is of another host');
  const isChunked = codings.length > 0;
  return {
    path: target,
    // Without a length a body needs its frames, whatever the method: its end would be the beginning of the next request.
    headers: { ...endToEnd(headers), ...(isChunked && { 'transfer-encoding': 'chunked' }) },
    hasBody: isChunked || lengths.length > 0,
  };
}

/** The headers that go on. A length stays, whatever `connection` names: of an answer it is not refused. */
export function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const dropped = [...OF_CONNECTION, ...namedBy(headers).filter((name) => !END_TO_END.includes(name))];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.includes(name)));
}

/**
 * The target without a scheme and an authority: a proxy sends them (RFC 9112, 3.2.2), and then the authority counts, not `Host`.
 * Something before the gate may have chosen it by `Host`, so both have to be the same.
 */
function targetOf(url: string, host: string | undefined): string | undefined {
  if (/^(\/[^#]*|\*)$/.test(url)) return url;
  const [, authority, rest] = /^https?:\/\/([^/?#]+)([^#]*)$/i.exec(url) ?? [];
  if (authority === undefined || authority.toLowerCase() !== host?.toLowerCase()) return undefined;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function namedBy({ connection = '' }: IncomingHttpHeaders): string[] {
  return connection.split(',').map((name) => name.trim().toLowerCase());
}

function unclear(reason: string): Unclear {
  return { status: 400, reason };
}
