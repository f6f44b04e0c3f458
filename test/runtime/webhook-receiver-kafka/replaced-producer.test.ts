/** The shipped client against a broker that accepts and never answers: what is sent is given up, what follows connects anew. */
import { execFile } from 'node:child_process';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../../support/until';

let broker: Server;
let sockets: Socket[];

beforeEach(async () => {
  sockets = [];
  broker = createServer((socket) => {
    sockets.push(socket.on('error', () => {}).resume());
  }).listen(0, '127.0.0.1');
  await until('it listens', () => broker.listening);
});

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  broker.close();
});

// Without it each send would have its body in memory for as long as the connection stands.
test('every send settles; one after a late one has a connection of its own', async () => {
  const { port } = broker.address() as AddressInfo;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', join(__dirname, 'late-sends.ts')],
    {
      env: { ...process.env, BOOTSTRAP_SERVERS: `127.0.0.1:${port}`, PUBLISH_TIMEOUT_SECONDS: '0.4' },
      timeout: 60_000,
    },
  );
  expect(JSON.parse(stdout)).toEqual(Array.from({ length: 21 }, () => 'rejected'));
  expect(sockets.length).toBeGreaterThan(1);
}, 90_000);
