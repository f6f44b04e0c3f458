/**
 * The management API of a RabbitMQ broker. Errors that leave here name the object and what the broker answered; they
 * never carry a body that was sent, which may hold a password.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { User } from '../user-secret';
import type { Request } from './decide';
import type { Read } from './found';

/** A refusal of the broker or a connection failure, in one sentence that may be logged. */
export class BrokerError extends Error {
  public override readonly name = 'BrokerError';
}

/** The operations on a broker. */
export interface Broker {
  readonly read: Read;
  send(request: Request): Promise<void>;
}

/** How a request goes out; `fetch` unless a test says otherwise. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A broker that restarts, or changes its leader, answers again within these. */
const ATTEMPTS = 4;
const PAUSE_MILLIS = 1000;
/** Three of them fit into the time-out of the function. */
const ANSWER_MILLIS = 10_000;
const LONGEST_REASON = 300;

/**
 * A broker that is asked as that user.
 *
 * @param management `https://host` or `https://host:port`; a password is sent over TLS or not at all
 */
export function managedBroker(
  management: string,
  user: User,
  fetcher: Fetch = fetch,
  pause: (millis: number) => Promise<unknown> = wait,
): Broker {
  const url = URL.canParse(management) ? new URL(management) : undefined;
  if (url?.protocol !== 'https:')
    throw new BrokerError(`the management API must be an https address, got ${management}`);
  const headers = {
    authorization: `Basic ${Buffer.from(`${user.username}:${user.password}`, 'utf8').toString('base64')}`,
    'content-type': 'application/json',
  };

  async function call(method: string, path: string, object: string, body?: object): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await fetcher(`${url!.origin}/api/${path}`, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_MILLIS),
        redirect: 'error',
      }).catch((error: unknown) => unreachable(error, url!.host, object));
      // Each request may be sent twice: all of them say what shall be, none says what shall change.
      const mayPass = answer instanceof BrokerError || answer.status >= 500 || answer.status === 429;
      if (mayPass && attempt < ATTEMPTS) {
        await pause(attempt * PAUSE_MILLIS);
        continue;
      }
      if (answer instanceof BrokerError) throw answer;
      return answer;
    }
  }

  return {
    async read(path, object) {
      const answer = await call('GET', path, object);
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw await refusal(answer, object, 'cannot be read');
      return answer.json();
    },
    async send({ method, path, object, body }) {
      const answer = await call(method, path, object, body);
      // A retried removal finds nothing any more.
      if (answer.ok || (method === 'DELETE' && answer.status === 404)) return;
      throw await refusal(answer, object, method === 'DELETE' ? 'was not removed' : 'was not declared');
    },
  };
}

function unreachable(error: unknown, host: string, object: string): BrokerError {
  const { name, cause } = error as { name?: string; cause?: { code?: string } };
  const kind = cause?.code ?? name ?? 'no code';
  return new BrokerError(
    `${object}: the management API of ${host} cannot be reached (${kind}); look at security groups and subnets`,
  );
}

async function refusal(answer: Response, object: string, what: string): Promise<BrokerError> {
  if (answer.status === 401) {
    return new BrokerError(
      `${object} ${what}: the broker does not accept our credentials; the secret of the administrator must hold the user that the broker has`,
    );
  }
  const { reason } = (await answer.json().catch(() => ({}))) as { reason?: unknown };
  const said = typeof reason === 'string' ? `: ${reason.slice(0, LONGEST_REASON)}` : '';
  return new BrokerError(`${object} ${what} (${answer.status}${said})`);
}
