/**
 * A producer whose sends all settle soon, and that a silent broker does not hold. The client gives up a request that nobody
 * answers, but keeps its connection: what follows would wait behind the same broker, each body in memory and in a slot of the
 * receiver.
 */
import type { Socket } from 'node:net';
import { type Client, newProducer, type Producer } from '../stream-worker/client';

/** Attempts again after one that failed. */
const RETRIES = 2;

/** Shares of the patience: three attempts to connect and two pauses are all of it. */
const CONNECT_SHARE = 1 / 4;
const PAUSE_SHARE = 1 / 8;

interface Generation {
  readonly producer: Producer;
  readonly sockets: Set<Socket>;
  unsettled: number;
  retired: boolean;
  givenUp: boolean;
}

/** Sends with a producer until one send is late; then with a new one, over connections of its own. */
export class ReplacedProducer {
  #current: Generation;

  /** @param seconds how long a sender waits for a send */
  constructor(
    private readonly client: Client,
    private readonly seconds: number,
  ) {
    this.#current = this.#open();
  }

  public send(message: Parameters<Producer['send']>[0]): Promise<unknown> {
    const own = this.#current;
    own.unsettled += 1;
    const late = setTimeout(() => this.#retire(own), 1000 * this.seconds);
    return own.producer.send(message).finally(() => {
      clearTimeout(late);
      own.unsettled -= 1;
      closeIfDone(own);
    });
  }

  /** Finds the topic; rejects where it is not there, or this user may not see it. */
  public find(topic: string): Promise<unknown> {
    return this.#current.producer.metadata({ topics: [topic] });
  }

  public close(): Promise<void> {
    return this.#current.producer.close();
  }

  #open(): Generation {
    const millis = 1000 * this.seconds;
    const producer = newProducer(this.client, {
      retries: RETRIES,
      connectTimeout: CONNECT_SHARE * millis,
      retryDelay: PAUSE_SHARE * millis,
    });
    const opened: Generation = { producer, sockets: new Set(), unsettled: 0, retired: false, givenUp: false };
    producer.on('client:broker:connect', ({ connection }: { connection: { socket: Socket } }) => {
      const { socket } = connection;
      opened.sockets.add(socket);
      socket.once('close', () => opened.sockets.delete(socket));
      if (opened.givenUp) socket.destroy();
    });
    return opened;
  }

  /** What was sent before the late one is late as well when as much time has gone again: nobody waits for any of it then. */
  #retire(late: Generation): void {
    if (late.retired) return;
    late.retired = true;
    this.#current = this.#open();
    setTimeout(() => {
      late.givenUp = true;
      for (const socket of late.sockets) socket.destroy();
      closeIfDone(late);
    }, 1000 * this.seconds).unref();
  }
}

/** Not while a send is unsettled: of a client that is closed while it connects it would never settle. */
function closeIfDone({ producer, unsettled, retired }: Generation): void {
  if (retired && unsettled === 0 && !producer.closed) producer.close().catch(() => {});
}
