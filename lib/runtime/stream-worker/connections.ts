/** The connections of a client, which it keeps longer than they are of use. */
import type { Consumer, Producer } from './client';

/** A client as far as it has connections. */
export type Closable = Consumer | Producer;

/**
 * Closes the connections of a client that waits for an answer in vain; its next request opens new ones. The client itself gives
 * up the request and keeps the connection, on which nothing is answered any more: what follows would wait as long, and an
 * answer that comes late makes it misread all after it.
 */
export function dropConnections({ connections }: Closable): void {
  // One that is being opened has a time-out of its own.
  for (const [, connection] of connections) if (connection.isConnected()) connection.socket.destroy();
}

/** Closes a client at once, whatever it waits for: nothing of it keeps the process. */
export async function shut(client: Closable): Promise<void> {
  // It would tell the coordinator that it leaves, and wait for the answer.
  if ('memberId' in client) client.memberId = null;
  const sockets = [...client.connections].map(([, { socket }]) => socket);
  const closing = client.close(true as never) as unknown as Promise<void>;
  for (const socket of sockets) socket?.destroy();
  await closing.catch(() => {});
}
