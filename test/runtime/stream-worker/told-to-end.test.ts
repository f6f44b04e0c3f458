/** A worker that is told to end before it has joined: it ends, and no broker hears of it. */
import { execFile } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../../support/until';

// Kubernetes would wait for the whole grace period, and a member that came late would stop the group for its session.
test.each(['aborted', 'SIGTERM'])(
  '%s before the client is there: it ends without a join',
  async (how) => {
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
      expect([stdout, connections]).toEqual(['ended\n', 0]);
    } finally {
      broker.close();
    }
  },
  60_000,
);
