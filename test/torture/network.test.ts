/** The network of a torture run: while it is cut nothing passes, nothing is lost, and neither side hears that the other has gone. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { freePorts } from '../support/ports';
import { until } from '../support/until';
import { atPort, type Network, networkTo, portOf } from './network';

let server: Server;
let network: Network;
/** What each connection of the engine was told. */
const told: string[] = [];
const engineSide: Socket[] = [];

beforeEach(async () => {
  told.length = 0;
  engineSide.length = 0;
  server = createServer((socket) => {
    const place = engineSide.push(socket) - 1;
    told[place] = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      told[place] += chunk;
      socket.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  network = await networkTo({ target: (server.address() as AddressInfo).port });
});
afterEach(async () => {
  await network.stop();
  for (const socket of engineSide) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A connection to the engine, through the network or past it. */
async function client(port = network.ports[0]) {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  const heard = { text: '', isOver: false };
  socket.on('data', (chunk) => {
    heard.text += chunk;
  });
  socket.on('close', () => {
    heard.isOver = true;
  });
  await once(socket, 'connect');
  return { socket, heard };
}

/** By then everything that can pass has passed: a later question was answered. */
async function settled() {
  const { socket, heard } = await client((server.address() as AddressInfo).port);
  socket.write('?');
  await until('the engine answers past the network', () => heard.text === '?');
  socket.destroy();
  await network.close();
}

test('what is said while it is cut comes when it is there again, also on a new connection', async () => {
  const { socket, heard } = await client();
  socket.write('a');
  await until('the engine answers', () => heard.text === 'a');
  await network.close();
  socket.write('b');
  const later = await client();
  later.socket.write('c');
  await settled();
  expect([told[0], heard.text, later.heard.text]).toEqual(['a', 'a', '']);
  await network.open();
  await until('all of it came', () => heard.text === 'ab' && later.heard.text === 'c');
  for (const one of [socket, later.socket]) one.destroy();
});

test('the engine hears that a client has gone when it is there again', async () => {
  const { socket, heard } = await client();
  socket.write('a');
  await until('the engine answers', () => heard.text === 'a');
  await network.close();
  let isOver = false;
  engineSide[0].on('close', () => {
    isOver = true;
  });
  socket.destroy();
  await settled();
  expect(isOver).toBe(false);
  await network.open();
  await until('the engine heard it', () => isOver);
});

test('a connection to where nobody listens is broken off', async () => {
  const [target] = await freePorts(1);
  const other = await networkTo({ target });
  // It may be broken off before this side knows that it is connected.
  const reason = await client(other.ports[0])
    .then(({ heard }) => until('it is broken off', () => heard.isOver))
    .catch(({ code, message }: NodeJS.ErrnoException) => code ?? message);
  expect([undefined, 'ECONNRESET']).toContain(reason);
  await other.stop();
});

test('addresses keep all but their port', () => {
  expect(atPort('amqps://localhost:5671', 1)).toBe('amqps://localhost:1');
  expect(atPort('http://127.0.0.1:4566', 1)).toBe('http://127.0.0.1:1');
  expect(atPort('mongodb://127.0.0.1:27017/torture', 1)).toBe('mongodb://127.0.0.1:1/torture');
  expect(portOf('amqps://localhost:5671')).toBe(5671);
});
