/** A server that speaks SMTP as a provider. */
import { setTimeout as wait } from 'node:timers/promises';
import MailComposer from 'nodemailer/lib/mail-composer';
import SmtpConnection from 'nodemailer/lib/smtp-connection';
import type { Mail, Outcome, Provider } from './mail';

/** A server by its address, `smtps://user:password@host:465`, and the address of the sender. */
export interface SmtpConfig {
  readonly url: string;
  readonly from: string;
  /** Whether a connection that is not encrypted from its beginning has to become so (STARTTLS). */
  readonly requireTls: boolean;
}

/** Servers close connections that nobody uses; on one that was closed a moment ago a mail would be lost from sight. */
const IDLE_MILLIS = 5000;

interface Open {
  readonly connection: SmtpConnection;
  readonly usedAt: number;
}

/** A mail as it goes over the line. */
interface Composed {
  readonly message: Buffer;
  readonly envelope: ReturnType<ReturnType<MailComposer['compile']>['getEnvelope']>;
  readonly messageId: string;
}

/** The connection of a call, once it has one. */
interface Call {
  connection?: SmtpConnection;
}

/**
 * A server that speaks SMTP, over connections that are open before a mail has its slot: a handshake takes longer than a slot
 * is valid.
 */
export class SmtpProvider implements Provider {
  readonly #free: Open[] = [];
  /** What was composed before its slot; a mail that is gone takes it along. */
  readonly #composed = new WeakMap<Mail, Promise<Composed | undefined>>();
  #opening = 0;
  #waiting = 0;

  constructor(
    private readonly config: SmtpConfig,
    private readonly callSeconds: number,
  ) {}

  public async prepare(): Promise<void> {
    await this.ready();
  }

  /** Composes the mail, and opens a connection unless there is one for each mail that waits for one. */
  public async ready(mail?: Mail): Promise<() => void> {
    this.#waiting += 1;
    if (mail?.subject !== undefined)
      this.#composed.set(
        mail,
        this.#compose(mail).catch(() => undefined),
      );
    this.#dropIdle();
    if (this.#free.length + this.#opening < this.#waiting) {
      this.#opening += 1;
      try {
        this.#free.push(await this.#open());
      } catch {
        // A server that does not answer is found out with the mail.
      } finally {
        this.#opening -= 1;
      }
    }
    let isDone = false;
    return () => {
      if (!isDone) this.#waiting -= 1;
      isDone = true;
    };
  }

  public async send(mail: Mail): Promise<Outcome> {
    if (mail.subject === undefined) return { kind: 'refused', reason: 'SMTP has no templates' };
    this.#dropIdle();
    // Before anything else: a connection that was opened for this mail is not another's.
    const call: Call = { connection: this.#free.pop()?.connection };
    const sending = this.#send(mail, call).catch((error) =>
      // Without a connection the server has seen no mail, whatever it says.
      call.connection === undefined ? notConnected(smtpOutcome(error)) : smtpOutcome(error),
    );
    // Each step of a conversation has that long, and all of them together no longer.
    const late = new AbortController();
    const tooLong = wait(this.callSeconds * 1000, undefined, { signal: late.signal }).then(
      (): Outcome => {
        // What it may still have to say is of no use.
        call.connection?.close();
        return { kind: 'unknown', reason: 'no answer in time' };
      },
      (): Outcome => ({ kind: 'unknown', reason: 'answered' }),
    );
    const outcome = await Promise.race([sending, tooLong]);
    late.abort();
    return outcome;
  }

  public close(): void {
    for (const { connection } of this.#free.splice(0)) connection.quit();
  }

  async #send(mail: Mail, call: Call): Promise<Outcome> {
    const { message, envelope, messageId } = (await this.#composed.get(mail)) ?? (await this.#compose(mail));
    call.connection ??= (await this.#open()).connection;
    const { connection } = call;
    try {
      const { rejected = [] } = await unlessBroken<{ readonly rejected?: readonly unknown[] }>(
        connection,
        'Connection closed',
        (done) => connection.send(envelope, message, done as never),
      );
      this.#free.push({ connection, usedAt: Date.now() });
      return {
        kind: 'sent',
        messageId,
        ...(rejected.length > 0 && { rejected: rejected.length }),
      };
    } catch (error) {
      // After a refusal the conversation may go on, but a new connection costs less than a doubt.
      connection.quit();
      throw error;
    }
  }

  async #compose({ to, from, subject, text, html }: Mail): Promise<Composed> {
    const node = new MailComposer({ from: from ?? this.config.from, to: [...to], subject, text, html }).compile();
    const message = await new Promise<Buffer>((resolve, reject) =>
      node.build((error, built) => (error ? reject(error) : resolve(built as Buffer))),
    );
    return { message, envelope: node.getEnvelope(), messageId: node.messageId() };
  }

  async #open(): Promise<Open> {
    const millis = this.callSeconds * 1000;
    const { protocol, hostname, port, username, password } = new URL(this.config.url);
    const secure = protocol === 'smtps:';
    const connection = new SmtpConnection({
      host: hostname,
      port: Number(port || (secure ? 465 : 587)),
      secure,
      requireTLS: !secure && this.config.requireTls,
      connectionTimeout: millis,
      greetingTimeout: millis,
      socketTimeout: millis,
    });
    const user = decodeURIComponent(username);
    // Unheard, an error would end the process.
    connection.on('error', () => this.#drop(connection));
    connection.on('end', () => this.#drop(connection));
    try {
      await unlessBroken(connection, 'Greeting never received', (done) => connection.connect(done as never));
      if (user !== '') {
        const credentials = { user, pass: decodeURIComponent(password) };
        await unlessBroken(connection, 'Greeting never received', (done) =>
          connection.login({ user, credentials }, done as never),
        );
      }
    } catch (error) {
      connection.close();
      throw error;
    }
    return { connection, usedAt: Date.now() };
  }

  /** A free connection that the server ends is not used again. */
  #drop(connection: SmtpConnection): void {
    const at = this.#free.findIndex((one) => one.connection === connection);
    if (at >= 0) this.#free.splice(at, 1);
  }

  #dropIdle(): void {
    const oldest = Date.now() - IDLE_MILLIS;
    for (let at = this.#free.length - 1; at >= 0; at -= 1) {
      if (this.#free[at].usedAt < oldest) this.#free.splice(at, 1)[0].connection.quit();
    }
  }
}

/** What a step answers, or the error of a connection that breaks meanwhile, which calls nobody back. */
function unlessBroken<T>(
  connection: SmtpConnection,
  ended: string,
  step: (done: (error?: unknown, answer?: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onEnd = () => reject(Object.assign(new Error(ended), { code: 'ECONNECTION' }));
    connection.once('error', reject);
    connection.once('end', onEnd);
    step((error, answer) => {
      connection.off('error', reject);
      connection.off('end', onEnd);
      if (error) reject(error);
      else resolve(answer ?? ({} as T));
    });
  });
}

function notConnected(outcome: Outcome): Outcome {
  return 'reason' in outcome ? { kind: 'not-sent', reason: outcome.reason } : outcome;
}

/** RFC 5321: the server is busy, or has taken enough for now. 454 is what Amazon SES says above its rate. */
const THROTTLES = [421, 451, 454];
/** The same, unless it is about one mailbox: busy, greylisted or full. */
const MAILBOX = [450, 452];
/** The server has not seen the mail: no name, no TLS, no sign-in. */
const BEFORE_MAIL = ['EDNS', 'ETLS', 'EAUTH'];

/**
 * What an error of nodemailer means. A mail for which no answer came may have been taken: nodemailer gives a connection
 * that broke after the data the same code and command (`ECONNECTION`, `CONN`) as one that never was.
 */
export function smtpOutcome(error: unknown): Outcome {
  if (!(error instanceof Error)) return { kind: 'unknown', reason: 'no error' };
  const { code, command, syscall, responseCode } = error as {
    code?: string;
    command?: string;
    syscall?: string;
    responseCode?: number;
  };
  const reason = [code, responseCode].filter((part) => part !== undefined).join(' ') || error.name;
  if (responseCode !== undefined) {
    if (THROTTLES.includes(responseCode)) return { kind: 'throttled' };
    if (MAILBOX.includes(responseCode) && command !== 'RCPT TO') return { kind: 'throttled' };
  }
  if (syscall === 'connect' || syscall === 'getaddrinfo' || error.message === 'Greeting never received') {
    return { kind: 'not-sent', reason };
  }
  if (code !== undefined && BEFORE_MAIL.includes(code)) return { kind: 'not-sent', reason };
  if (responseCode === undefined) return { kind: 'unknown', reason };
  return responseCode >= 500 ? { kind: 'refused', reason } : { kind: 'not-sent', reason };
}
