/** What a test of the gate has opened, closed after it. */
import type { Server } from 'node:http';
import type { AddressInfo, Server as SocketServer } from 'node:net';

/** What closes each, the last one opened at the end. */
export const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** The free port of loopback on which it listens now. */
export async function listening(server: Server | SocketServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
