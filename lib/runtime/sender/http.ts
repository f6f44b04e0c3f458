/** A provider with an HTTP API that takes a mail as JSON. */
import type { Mail, Outcome, Provider } from './mail';

/** Where mails are posted. */
export interface HttpConfig {
  readonly url: string;
  /** A header with the key, such as `Authorization`. */
  readonly header: string;
  readonly key: string;
  readonly from: string;
  /** Mails that are sent at once. */
  readonly connections: number;
}

const DEFAULT_AWAY_MILLIS = 900_000;
/** What a provider asks for above its rate; longer is a quota. */
const RATE_MILLIS = 2000;
/** undici closes a connection that is idle for four seconds. */
const IDLE_MILLIS = 3000;
/** Nothing was sent: there was no connection. */
const UNCONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** An HTTP API. The id of a mail is its `Idempotency-Key`; a provider that knows the header sends it once. */
export class HttpProvider implements Provider {
  #usedAt = 0;
  #preparing: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: HttpConfig,
    private readonly callSeconds: number,
  ) {}

  /** Opens as many connections as there are mails in flight: each is answered before it is free for another. */
  public async prepare(): Promise<void> {
    this.#usedAt = Date.now();
    await Promise.all(Array.from({ length: this.config.connections }, () => this.#connect()));
  }

  public async ready(): Promise<() => void> {
    if (Date.now() - this.#usedAt > IDLE_MILLIS) this.#preparing = this.prepare();
    await this.#preparing;
    return () => {};
  }

  async #connect(): Promise<void> {
    try {
      const signal = AbortSignal.timeout(this.callSeconds * 1000);
      const response = await fetch(this.config.url, { method: 'HEAD', redirect: 'manual', signal });
      await response.body?.cancel();
    } catch {
      // A provider that does not answer is found out with the first mail.
    }
  }

  public async send(mail: Mail): Promise<Outcome> {
    const { url, header, key, from } = this.config;
    this.#usedAt = Date.now();
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': mail.id, [header]: key },
        body: JSON.stringify(bodyOf(mail, from)),
        // A redirected POST becomes a GET, whose success is no mail.
        redirect: 'manual',
        signal: AbortSignal.timeout(this.callSeconds * 1000),
      });
      return await outcomeOf(response);
    } catch (error) {
      const { code } = ((error as { cause?: unknown }).cause ?? {}) as { code?: string };
      if (code !== undefined && UNCONNECTED.includes(code)) return { kind: 'not-sent', reason: code };
      return { kind: 'unknown', reason: code ?? (error instanceof Error ? error.name : 'no error') };
    }
  }
}

/** Only what a mail has: a copy to others would be recipients that are not counted. */
function bodyOf({ id, to, from, subject, text, html, template, data }: Mail, sender: string): Mail {
  return { id, from: from ?? sender, to, subject, text, html, template, data };
}

async function outcomeOf(response: Response): Promise<Outcome> {
  const { status, headers } = response;
  const reason = `status ${status}`;
  if (response.ok) {
    const body = (await response.json().catch(() => ({}))) as { id?: unknown; messageId?: unknown };
    return { kind: 'sent', messageId: String(body.id ?? body.messageId ?? 'unknown') };
  }
  await response.body?.cancel();
  if (status === 429) {
    const millis = retryMillis(headers.get('retry-after'));
    return millis > RATE_MILLIS ? { kind: 'away', millis } : { kind: 'throttled' };
  }
  if (status === 402) return { kind: 'away', millis: DEFAULT_AWAY_MILLIS };
  // It did not take the request: moved, no access, no time for it.
  if (status < 400 || [401, 403, 404, 408, 425, 503].includes(status)) return { kind: 'not-sent', reason };
  return status < 500 ? { kind: 'refused', reason } : { kind: 'unknown', reason };
}

/** RFC 9110: seconds, or a date. */
function retryMillis(value: string | null): number {
  if (value === null) return 0;
  const millis = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(millis) ? Math.max(0, millis) : 0;
}
