/** A receiver is ready once it knows its topic: with a wrong authority, user or topic every delivery would be answered 503. */
import { setTimeout as wait } from 'node:timers/promises';
import { kindOf, logEvent } from '../cloud-log';

const PAUSE_MILLIS = 1000;

/** Not ready until the topic was found once, and ready from then on: without brokers a sender is told 503, and not nothing. */
export class Readiness {
  #isReady = false;

  /** @param find asks the brokers for the topic, as the receiver's user */
  constructor(
    private readonly find: () => Promise<unknown>,
    private readonly pause: () => Promise<unknown> = () => wait(PAUSE_MILLIS),
  ) {}

  public get isReady(): boolean {
    return this.#isReady;
  }

  /** Asks until the topic is found; each failure is a line of the log. */
  public async begin(): Promise<void> {
    while (!this.#isReady) {
      try {
        await this.find();
        this.#isReady = true;
      } catch (error) {
        logEvent('ERROR', 'not ready', { error: kindOf(error), reasons: [...reasonsOf(error)].join(', ') });
        await this.pause();
      }
    }
    logEvent('INFO', 'ready');
  }
}

interface Caused {
  readonly apiId?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** Names that Kafka and Node give the reasons, of an error and of those within: their texts may quote what they were given. */
function reasonsOf(error: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof error !== 'object' || error === null) return found;
  const { apiId, code, cause, errors } = error as Caused;
  const name = apiId ?? code;
  if (typeof name === 'string') found.add(name);
  for (const one of [cause, ...(Array.isArray(errors) ? errors : [])]) reasonsOf(one, found);
  return found;
}
