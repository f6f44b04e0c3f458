/** The senders of the torture run on webhooks: none waits without an end for its delivery to be judged. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Door } from './engines/webhooks';
import { lettersOf } from './letters';

test('a delivery that receivers answer with 503 ends the run, and says so', async () => {
  const server = createServer((_, response) => response.writeHead(503).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const door = new Door([(server.address() as AddressInfo).port], 1000, 1);
    await expect(door.send(lettersOf(1, 1, 1))).rejects.toThrow(
      'letter-0 was judged by no receiver in 0.001 s, at last: status 503',
    );
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
