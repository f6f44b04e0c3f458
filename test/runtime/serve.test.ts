import { Agent, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '../../lib/runtime/webhook-receiver/serve';

test('told to go, it finishes what it has begun, takes nothing new and ends', async () => {
  const log = jest.spyOn(console, 'log').mockImplementation(() => {});
  let exited: (status: unknown) => void = () => {};
  const exit = new Promise((resolve) => {
    exited = resolve;
  });
  const spy = jest.spyOn(process, 'exit').mockImplementation((status) => exited(status) as never);
  let release: () => void = () => {};
  let begun: () => void = () => {};
  const inside = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const server = serve((_, response) => {
    release = () => response.end('done');
    begun();
  }, 0);
  try {
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const answer = fetch(url);
    await inside;
    process.emit('SIGTERM');
    await expect(fetch(url)).rejects.toThrow();
    expect(spy).not.toHaveBeenCalled();
    release();
    expect(await (await answer).text()).toBe('done');
    expect(await exit).toBe(0);
  } finally {
    spy.mockRestore();
    log.mockRestore();
    server.closeAllConnections();
  }
}, 30_000);

describe('behind a proxy', () => {
  const MINUTE = 60_000;
  const settingsOf = (options?: Parameters<typeof serve>[2]) => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => {});
    const server = serve(() => {}, 0, options);
    server.close();
    log.mockRestore();
    return server;
  };

  // What it sends on a connection that this end closes just then is lost, and its sender gets a 502.
  test.each([
    ['nginx keeps a connection for a minute', MINUTE],
    ['the load balancers of Google for ten', 10 * MINUTE],
    ['Envoy for an hour', 60 * MINUTE],
  ])('%s: it closes first', (_, idleMillis) => {
    expect(settingsOf().keepAliveTimeout).toBeGreaterThan(idleMillis);
  });

  test('a request that is slow is given up when its sender has gone, and looked for every second', () => {
    expect(settingsOf()).toMatchObject({ requestTimeout: 30_000, headersTimeout: 10_000 });
    expect(settingsOf({ requestSeconds: 8 })).toMatchObject({
      requestTimeout: 8000,
      headersTimeout: 8000,
      // Node's own is 30 s.
      connectionsCheckingInterval: 1000,
    });
  });

  test('told to go, it says on its last answers that nothing more is taken on their connections', async () => {
    const log = jest.spyOn(console, 'log').mockImplementation(() => {});
    const exit = jest.spyOn(process, 'exit').mockImplementation((() => {}) as never);
    const waiting: (() => void)[] = [];
    const server = serve((_, response) => waiting.push(() => response.end('done')), 0);
    if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const answer = new Promise<string | undefined>((resolve) => {
      get({ port, agent: new Agent({ keepAlive: true }) }, ({ headers }) => resolve(headers.connection));
    });
    while (waiting.length === 0) await new Promise(setImmediate);
    process.emit('SIGTERM');
    waiting[0]();
    expect(await answer).toBe('close');
    server.closeAllConnections();
    exit.mockRestore();
    log.mockRestore();
  });
});
