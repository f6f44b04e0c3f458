/** A provider with an HTTP API that takes a mail as JSON. */
import type { Mail, Outcome, Provider } from './mail';

/** Where mails are posted. */
export interface HttpConfig {
  readonly url: string;
  /** A header with the key, such as `Authorization`. */
  readonly header: string;
  readonly key: string;
  readonly from: string;
}

const DEFAULT_AWAY_MILLIS = 900_000;
/** Nothing was sent: there was no connection. */
const UNCONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'];

/** An HTTP API. The id of a mail is its `Idempotency-Key`; a provider that knows the header sends it once. */
export class HttpProvider implements Provider {
  constructor(
    private readonly config: HttpConfig,
    private readonly callSeconds: number,
  ) {}

  public async prepare(): Promise<void> {
    try {
      const signal = AbortSignal.timeout(this.callSeconds * 1000);
      const response = await fetch(this.config.url, { method: 'HEAD', signal });
      await response.body?.cancel();
    } catch {
      // A provider that does not answer is found out with the first mail.
    }
  }

  public async send(mail: Mail): Promise<Outcome> {
    const { url, header, key, from } = this.config;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': mail.id, [header]: key },
        body: JSON.stringify({ from, ...mail }),
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

async function outcomeOf(response: Response): Promise<Outcome> {
  const { status } = response;
  const reason = `status ${status}`;
  if (response.ok) {
    const body = (await response.json().catch(() => ({}))) as { id?: unknown; messageId?: unknown };
    return { kind: 'sent', messageId: String(body.id ?? body.messageId ?? 'unknown') };
  }
  await response.body?.cancel();
  if (status === 429) {
    // A second or two is a rate; longer is a quota.
    const seconds = Number(response.headers.get('retry-after') ?? 0);
    return seconds > 60 ? { kind: 'away', millis: seconds * 1000 } : { kind: 'throttled' };
  }
  if (status === 402) return { kind: 'away', millis: DEFAULT_AWAY_MILLIS };
  if ([401, 403, 404, 503].includes(status)) return { kind: 'not-sent', reason };
  return status < 500 ? { kind: 'refused', reason } : { kind: 'unknown', reason };
}
