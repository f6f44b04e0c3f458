/** A server that speaks SMTP as a provider. */
import { setTimeout as wait } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import type { Mail, Outcome, Provider } from './mail';

/** A server by its address, `smtps://user:password@host:465`, and the address of the sender. */
export interface SmtpConfig {
  readonly url: string;
  readonly from: string;
  /** Whether a connection that is not encrypted from its beginning has to become so (STARTTLS). */
  readonly requireTls: boolean;
  /** Mails that are sent at once, each on a connection of its own. */
  readonly connections: number;
}

/** A server that speaks SMTP, over connections that stay open. */
export class SmtpProvider implements Provider {
  readonly #transport;

  constructor(
    private readonly config: SmtpConfig,
    private readonly callSeconds: number,
  ) {
    const millis = callSeconds * 1000;
    const { protocol, hostname, port, username, password } = new URL(config.url);
    const secure = protocol === 'smtps:';
    this.#transport = createTransport({
      pool: true,
      host: hostname,
      port: Number(port || (secure ? 465 : 587)),
      secure,
      requireTLS: !secure && config.requireTls,
      ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
      maxConnections: config.connections,
      maxMessages: Number.POSITIVE_INFINITY,
      // It would send a mail again after a connection broke, which may have been after the server had it.
      maxRequeues: 0,
      connectionTimeout: millis,
      greetingTimeout: millis,
      socketTimeout: millis,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  public async prepare(): Promise<void> {
    try {
      await this.#transport.verify();
    } catch {
      // A server that does not answer is found out with the first mail.
    }
  }

  public async send({ to, from, subject, text, html }: Mail): Promise<Outcome> {
    if (subject === undefined) return { kind: 'refused', reason: 'SMTP has no templates' };
    const call = this.#transport
      .sendMail({ from: from ?? this.config.from, to: [...to], subject, text, html })
      .then(({ messageId }): Outcome => ({ kind: 'sent', messageId }), smtpOutcome);
    // Each step of a conversation has that long, and all of them together no longer.
    const late = new AbortController();
    const tooLong = wait(this.callSeconds * 1000, undefined, { signal: late.signal }).then(
      (): Outcome => ({ kind: 'unknown', reason: 'no answer in time' }),
      (): Outcome => ({ kind: 'unknown', reason: 'answered' }),
    );
    const outcome = await Promise.race([call, tooLong]);
    late.abort();
    return outcome;
  }

  public close(): void {
    this.#transport.close();
  }
}

/** RFC 5321: the server is busy, or has taken enough for now. 454 is what Amazon SES says above its rate. */
const THROTTLES = [421, 450, 451, 452, 454];
/** The server has not seen the mail: no name, no TLS, no sign-in. */
const BEFORE_MAIL = ['EDNS', 'ETLS', 'EAUTH'];

/**
 * What an error of nodemailer means. A mail for which no answer came may have been taken: nodemailer gives a connection
 * that broke after the data the same code and command (`ECONNECTION`, `CONN`) as one that never was.
 */
export function smtpOutcome(error: unknown): Outcome {
  if (!(error instanceof Error)) return { kind: 'unknown', reason: 'no error' };
  const { code, syscall, responseCode } = error as { code?: string; syscall?: string; responseCode?: number };
  const reason = [code, responseCode].filter((part) => part !== undefined).join(' ') || error.name;
  if (responseCode !== undefined && THROTTLES.includes(responseCode)) return { kind: 'throttled' };
  if (syscall === 'connect' || syscall === 'getaddrinfo' || error.message === 'Greeting never received') {
    return { kind: 'not-sent', reason };
  }
  if (code !== undefined && BEFORE_MAIL.includes(code)) return { kind: 'not-sent', reason };
  if (responseCode === undefined) return { kind: 'unknown', reason };
  return responseCode >= 500 ? { kind: 'refused', reason } : { kind: 'not-sent', reason };
}
