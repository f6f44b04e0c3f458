/** A worker that is told to end before it has joined: it ends, no broker hears of it, and nothing keeps its process. */
import { execFile } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../../support/until';

// Kubernetes would wait for the whole grace period, and a member that came late would stop the group for its session.
test.each([
  ['aborted', 'before the client is there', 0],
  ['SIGTERM', 'before the client is there', 0],
  // One connection of the member; the client would try again for ten seconds.
  ['unanswered', 'while a broker does not answer its first request', 1],
])(
  '%s, %s: it ends without a join',
  async (how, _when, connected) => {
    let connections = 0;
    const broker = createServer((socket) => {
      connections += 1;
      socket.on('error', () => {}).resume();
    }).listen(0, '127.0.0.1');
    await until('it listens', () => broker.listening);
    const { port } = broker.address() as AddressInfo;
    const env = {
      ...process.env,
      BOOTSTRAP_SERVERS: `127.0.0.1:${port}`,
      TOPIC: 'metrics',
      CONSUMER_GROUP: 'metrics',
      ITEM_TIMEOUT_SECONDS: '1',
    };
    const args = ['--import', 'tsx', join(__dirname, 'told-to-end.ts'), how];
    try {
      // It is ended where it would wait for the broker for ever.
      const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 20_000 });
      expect([stdout, connections]).toEqual(['ended\n', connected]);
    } finally {
      broker.close();
    }
  },
  60_000,
);
