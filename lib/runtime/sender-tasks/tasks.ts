/**
 * Sends the mail of a task of Google Cloud Tasks once. The queue only hands over: its retries are for what was not sent, and
 * the bucket that all instances share holds the limit, however many dispatches a queue has saved.
 *
 * Cloud Tasks has no dead-letter queue and deletes a task at its end, so a mail is parked here before that.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { mailOf } from '../sender/mail';
import type { Counted, Message, Ports, SenderConfig } from '../sender/ports';
import { sendBatch } from '../sender/send';
import { readBody } from '../webhook-receiver/body';
import { READY_PATH } from '../webhook-receiver/contract';

/** Cloud Tasks, Quotas and limits: bytes of a task. */
const MOST_BYTES = 1_048_576;

/** The numbers of the handler. */
export interface TaskConfig extends SenderConfig {
  /** Seconds that a request may take. */
  readonly requestSeconds: number;
  /** From this attempt on, a mail that could not be sent is parked: its task would be deleted later. */
  readonly parkAtAttempt: number;
}

/** What became of one task. */
export interface Answer {
  readonly status: number;
  readonly retryAfterSeconds?: number;
}

/** Answers tasks: 2xx ends a task, any other status makes Cloud Tasks dispatch it again. */
export function taskEndpoint(config: TaskConfig, ports: Ports): RequestListener {
  return (request, response) => {
    if (request.method === 'GET' && request.url === READY_PATH) return end(response, { status: 200 });
    if (request.method !== 'POST') return end(response, { status: 405 });
    void answerTo(request, config, ports)
      .catch((error: unknown): Answer => {
        ports.log('failed', { what: 'task', error: nameOf(error) });
        return { status: 500 };
      })
      .then((answer) => end(response, answer));
  };
}

async function answerTo(request: IncomingMessage, config: TaskConfig, ports: Ports): Promise<Answer> {
  const deadline = ports.now() + config.requestSeconds * 1000;
  const name = headerOf(request, 'x-cloudtasks-taskname');
  // Only Cloud Tasks sends it; what is not its task is not retried.
  if (name === undefined) return { status: 400 };
  const body = (await readBody(request, MOST_BYTES)).toString('utf8');
  const retries = Number(headerOf(request, 'x-cloudtasks-taskretrycount') ?? 0);
  return send({ messageId: name, body, receives: 1 + (retries >= 0 ? retries : 0) }, deadline, config, ports);
}

/** Sends one mail, and parks it when that was its last attempt. */
export async function send(message: Message, deadline: number, config: TaskConfig, ports: Ports): Promise<Answer> {
  const counts = new Map<Counted, number>();
  const verdicts = await sendBatch([message], deadline, config, {
    ...ports,
    count(name, value) {
      counts.set(name, (counts.get(name) ?? 0) + value);
      ports.count(name, value);
    },
  });
  const verdict = verdicts.get(message.messageId);
  if (verdict === 'done') return { status: 204 };
  if (message.receives >= config.parkAtAttempt && (await park(message, config, ports))) return { status: 204 };
  const retryAfterSeconds = verdict?.hideSeconds ?? 1;
  // At 429 and 503 Cloud Tasks slows the whole queue down: one was refused for the rate, or none may be sent now.
  if (counts.has('Throttled')) return { status: 429, retryAfterSeconds };
  return { status: counts.has('Failed') ? 502 : 503, retryAfterSeconds };
}

/** False while another request has the mail, which may be sending it. */
async function park(
  message: Message,
  config: TaskConfig,
  { claims, park: store, count, now }: Ports,
): Promise<boolean> {
  const read = mailOf(message.body, config.mostRecipients);
  if ('fault' in read) return false;
  const { id } = read.mail;
  const claim = await claims.claim(id, now(), message.messageId);
  if (claim.state === 'sending') return false;
  if (claim.state === 'mine') {
    const reason = `not sent in ${message.receives} attempts`;
    await store(message, reason);
    await claims.parked(id, reason);
    count('Parked', 1);
  }
  return true;
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function end(response: ServerResponse, { status, retryAfterSeconds }: Answer): void {
  response.writeHead(status, retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }).end();
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
