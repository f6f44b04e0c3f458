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
