/** Ports on loopback that the local AWS can have. */
import { connect, createServer } from 'node:net';

/** The port that every emulator of AWS has by default. */
export const USUAL_PORT = 4566;

/** `localhost` means either, in the order of the name server, and clients may try the second. */
const LOOPBACK = ['127.0.0.1', '::1'];
const ATTEMPTS = 20;

/** The usual port, or another that is free when it is taken. */
export async function choosePort(usual: number = USUAL_PORT): Promise<number> {
  if (await free(usual)) return usual;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = await anyPort();
    if (await free(port)) return port;
  }
  throw new Error(`no port on loopback is free on both ${LOOPBACK.join(' and ')}`);
}

/** Whether something accepts connections on a loopback port. */
export async function listening(port: number, host = LOOPBACK[0]): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function free(port: number): Promise<boolean> {
  for (const host of LOOPBACK) {
    // A server on all addresses does not stop another server from taking one address and its callers.
    if (await listening(port, host)) return false;
    if ((await bound(port, host)) === undefined) return false;
  }
  return true;
}

async function anyPort(): Promise<number> {
  return (await bound(0, LOOPBACK[0])) ?? 0;
}

/**
 * The port that was bound and given back; undefined when it is taken, the requested one if the address does not exist.
 */
function bound(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRINUSE' || code === 'EACCES' ? undefined : port),
    );
    server.listen({ port, host, exclusive: true }, () => {
      const { port: given } = server.address() as { port: number };
      server.close(() => resolve(given));
    });
  });
}
