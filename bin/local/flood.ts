/**
 * Sends the planned deliveries over HTTP at a given rate, on a bounded number of connections.
 */
import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { headersOf, type PlannedDelivery } from './deliveries';

/** As many as the worker has slots: an emulator that serves one call at a time divides its time between the two. */
const CONNECTIONS = 6;
const ATTEMPTS = 5;
const REQUEST_TIMEOUT_MILLIS = 30_000;

/** Result at the sender. */
export interface FloodResult {
  /** Deliveries that were answered 2xx, by index. */
  readonly accepted: number;
  /** Deliveries that were answered 4xx. */
  readonly turnedAway: number;
  /** When the last answer came, in milliseconds since the epoch. */
  readonly endedAt: number;
  readonly startedAt: number;
}

/** Called after each answer. */
export type OnSent = (sent: number) => void;

/**
 * Sends every delivery, in order, no faster than `perSecond`. A delivery without an answer or with a 5xx is sent
 * again, as webhook senders do; a delivery that is never taken is an error.
 */
export async function flood(
  url: string,
  deliveries: readonly PlannedDelivery[],
  secrets: Readonly<Record<string, string>>,
  perSecond: number,
  onSent: OnSent,
  signal: AbortSignal,
): Promise<FloodResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const startedAt = Date.now();
  let next = 0;
  let sent = 0;
  let accepted = 0;
  let turnedAway = 0;
  const sender = async () => {
    while (next < deliveries.length) {
      signal.throwIfAborted();
      const index = next++;
      const early = startedAt + (index / perSecond) * 1000 - Date.now();
      // Connections ÷ rate at most, so it need not be interrupted with the run.
      if (early > 1) await wait(early);
      const status = await deliver(agent, url, deliveries[index], secrets);
      if (status < 300) accepted++;
      else turnedAway++;
      onSent(++sent);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  } finally {
    agent.destroy();
  }
  return { accepted, turnedAway, startedAt, endedAt: Date.now() };
}

async function deliver(
  agent: Agent,
  url: string,
  delivery: PlannedDelivery,
  secrets: Readonly<Record<string, string>>,
): Promise<number> {
  let last = 'no answer';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await wait(200 * 2 ** attempt * Math.random());
    try {
      const status = await post(
        agent,
        `${url}${delivery.source}/${delivery.tenant}`,
        headersOf(delivery, secrets, Date.now()),
        delivery.body,
      );
      if (status < 500 && status !== 429) return status;
      last = `status ${status}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(`delivery ${delivery.id} was not taken in ${ATTEMPTS} attempts: ${last}`);
}

function post(agent: Agent, url: string, headers: Record<string, string>, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        agent,
        headers: { ...headers, 'Content-Length': String(Buffer.byteLength(body)) },
        timeout: REQUEST_TIMEOUT_MILLIS,
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
        answer.once('error', reject);
      },
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('timed out')));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
