/** What the gate makes of requests that two servers may read differently: bytes on sockets, before a real HTTP server. */
import { createServer } from 'node:http';
import { connect, createServer as createSocketServer } from 'node:net';
import { GateProxy } from '../../../lib/runtime/gate-proxy/proxy';
import { GATE_OPTIONS } from './gate-options';
import { listening, opened } from './opened';

const OPTIONS = { ...GATE_OPTIONS, targetHost: '127.0.0.1' };
const SMUGGLED = 'GET /admin HTTP/1.1\r\nhost: api\r\n\r\n';

/** The gate before a program at a port. */
async function gateBefore(targetPort: number): Promise<{ readonly proxy: GateProxy; readonly port: number }> {
  const proxy = new GateProxy({ ...OPTIONS, targetPort });
  const port = await listening(proxy.server);
  opened.push(() => void proxy.close());
  return { proxy, port };
}

/** The gate, and what its program reads as requests. */
async function gated() {
  const seen: string[] = [];
  const program = createServer((incoming, response) => {
    let body = '';
    incoming.setEncoding('latin1').on('data', (chunk: string) => {
      body += chunk;
    });
    incoming.on('end', () => {
      seen.push(`${incoming.method} ${incoming.url} host ${incoming.headers.host} body ${body}`);
      response.end('done');
    });
  });
  return { seen, ...(await gateBefore(await listening(program))) };
}

/** Sends bytes, and reads until the gate closes the connection. */
function talk(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

/** Lines of a head, and an empty one. */
const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const LENGTH = `content-length: ${SMUGGLED.length}`;

describe.each(['GET', 'POST', 'DELETE'])('a body of %s', (method) => {
  test('with a length stays one body, and the next request is the next request', async () => {
    const { port, seen } = await gated();
    const first = head(`${method} / HTTP/1.1`, 'host: api', 'connection: x-hop', LENGTH) + SMUGGLED;
    const answer = await talk(port, first + head('GET /next HTTP/1.1', 'host: api', 'connection: close'));
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(seen).toEqual([`${method} / host api body ${SMUGGLED}`, 'GET /next host api body ']);
  });

  test('in chunks stays one body, also where connection names its frames', async () => {
    const { port, seen } = await gated();
    const lines = ['host: api', 'connection: close, transfer-encoding', 'transfer-encoding: chunked'];
    const chunk = `${SMUGGLED.length.toString(16)};extension\r\n${SMUGGLED}\r\n0\r\n\r\n`;
    await talk(port, head(`${method} / HTTP/1.1`, ...lines) + chunk);
    expect(seen).toEqual([`${method} / host api body ${SMUGGLED}`]);
  });

  test.each(['content-length', 'Content-Length', 'close, content-length ', 'keep-alive,\tcontent-length'])(
    'whose length connection would take away is refused: %s',
    async (named) => {
      const { port, seen } = await gated();
      const answer = await talk(
        port,
        head(`${method} / HTTP/1.1`, 'host: api', `connection: ${named}`, LENGTH) + SMUGGLED,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('connection names content-length');
      expect(seen).toEqual([]);
    },
  );

  test('that ends in the middle is no body: nothing of it is read as a request', async () => {
    const { port, proxy, seen } = await gated();
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(head(`${method} / HTTP/1.1`, 'host: api', 'content-length: 1000') + SMUGGLED),
    );
    socket.on('error', () => {});
    while (proxy.bounded.gate.working === 0) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
    while (proxy.bounded.gate.working > 0) await new Promise((resolve) => setImmediate(resolve));
    await talk(port, head('GET /next HTTP/1.1', 'host: api', 'connection: close'));
    expect(seen).toEqual(['GET /next host api body ']);
  });
});

const CHUNKS = `0\r\n\r\n${SMUGGLED}`;
/** What is sent, and the status: a request that two servers may read differently, or one that the gate does not do. */
const REFUSED: readonly (readonly [string, number, string])[] = [
  ['two lengths', 400, head('POST / HTTP/1.1', 'host: api', 'content-length: 0', LENGTH) + SMUGGLED],
  ['a list of lengths', 400, head('POST / HTTP/1.1', 'host: api', 'content-length: 0, 33') + SMUGGLED],
  ['a signed length', 400, head('POST / HTTP/1.1', 'host: api', 'content-length: +33') + SMUGGLED],
  ['a length and chunks', 400, head('POST / HTTP/1.1', 'host: api', LENGTH, 'transfer-encoding: chunked') + CHUNKS],
  ['chunks in HTTP/1.0', 400, head('POST / HTTP/1.0', 'host: api', 'transfer-encoding: chunked') + CHUNKS],
  ['another coding', 501, head('POST / HTTP/1.1', 'host: api', 'transfer-encoding: gzip, chunked') + CHUNKS],
  ['a space in a name', 400, head('POST / HTTP/1.1', 'host: api', 'transfer-encoding : chunked') + CHUNKS],
  ['two hosts', 400, head('GET / HTTP/1.1', 'host: api', 'host: admin')],
  ['no host', 400, head('GET / HTTP/1.1')],
  ['a connection that takes away the host', 400, head('GET / HTTP/1.1', 'host: api', 'connection: host')],
  ['one that takes away who calls', 400, head('GET / HTTP/1.1', 'host: api', 'connection: X-Forwarded-For')],
  ['one that takes away a proof', 400, head('GET / HTTP/1.1', 'host: api', 'connection: authorization')],
  ['the target of another host', 400, head('GET http://admin/ HTTP/1.1', 'host: api')],
  ['a target of another scheme', 400, head('GET ftp://api/ HTTP/1.1', 'host: api')],
  ['a fragment', 400, head('GET /#/../admin HTTP/1.1', 'host: api')],
  ['an expectation that nobody knows', 417, head('GET / HTTP/1.1', 'host: api', 'expect: tea', 'connection: close')],
  ['a version to come', 505, head('GET / HTTP/2.0', 'host: api')],
  ['a version of old', 505, head('GET / HTTP/0.9', 'host: api')],
];

test.each(REFUSED)('refused: %s', async (_what, status, bytes) => {
  const { port, proxy, seen } = await gated();
  expect(await talk(port, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(seen).toEqual([]);
  expect(proxy.bounded.gate.admitted).toBe(0);
});

test('a tunnel is not opened: the connection is closed', async () => {
  const { port, seen } = await gated();
  expect(await talk(port, head('CONNECT api:80 HTTP/1.1', 'host: api') + SMUGGLED)).toBe('');
  expect(seen).toEqual([]);
});

test('a target with its host is sent on without: the program sees the host that was asked for', async () => {
  const { port, seen } = await gated();
  await talk(port, head('GET HTTP://API?q=1 HTTP/1.1', 'host: api', 'connection: close'));
  await talk(port, head('OPTIONS * HTTP/1.1', 'host: api', 'connection: close'));
  expect(seen).toEqual(['GET /?q=1 host api body ', 'OPTIONS * host api body ']);
});

test('HTTP/1.0 has no body without a length, and no second request', async () => {
  const { port, seen } = await gated();
  await talk(port, head('POST / HTTP/1.0', 'host: api'));
  await talk(port, head('POST / HTTP/1.0', 'host: api') + SMUGGLED);
  expect(new Set(seen)).toEqual(new Set(['POST / host api body ']));
});

test('what follows a refused request on its connection is not read: it may be the body', async () => {
  const { port, proxy, seen } = await gated();
  const unclear = head('POST / HTTP/1.1', 'host: api', 'transfer-encoding: gzip, chunked');
  const answer = await talk(port, `${unclear}0\r\n\r\n${SMUGGLED}`);
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 501']);
  await talk(port, head('GET /next HTTP/1.1', 'host: api', 'connection: close'));
  expect(seen).toEqual(['GET /next host api body ']);
  expect(proxy.bounded.gate.admitted).toBe(1);
});

test('an upgrade, an expectation, trailers and codings of one connection end at the gate', async () => {
  let bytes = '';
  const program = createSocketServer((socket) =>
    socket.on('data', (chunk) => {
      bytes += chunk.toString('latin1');
      if (bytes.endsWith('0\r\n\r\n')) socket.write(head('HTTP/1.1 200 OK', 'content-length: 0', 'trailer: x-sum'));
    }),
  );
  const { port } = await gateBefore(await listening(program));
  const lines = [
    'connection: close, upgrade, te, http2-settings',
    'upgrade: h2c',
    'http2-settings: AAA',
    'te: trailers',
  ];
  const more = ['expect: 100-continue', 'trailer: x-sum', 'transfer-encoding: chunked', 'keep-alive: timeout=5'];
  const answer = await talk(
    port,
    `${head('POST / HTTP/1.1', 'host: api', ...lines, ...more)}2\r\nhi\r\n0\r\nx-sum: 1\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  expect(bytes.split('\r\n')).toEqual(
    ['POST / HTTP/1.1', 'host: api', 'transfer-encoding: chunked', 'Connection: keep-alive', '']
      .concat(['2', 'hi', '0'])
      .concat(['', '']),
  );
});

test('a request that says it has trailers, and has no chunks, is a request', async () => {
  const { port, seen } = await gated();
  await talk(port, head('GET / HTTP/1.1', 'host: api', 'trailer: x-sum', 'connection: close'));
  expect(seen).toEqual(['GET / host api body ']);
});

describe('an answer', () => {
  /** The program answers so, whatever it is asked, and keeps its connection. */
  async function answering(bytes: string) {
    const program = createSocketServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write(bytes));
    });
    return gateBefore(await listening(program));
  }
  const request = head('GET / HTTP/1.1', 'host: api', 'connection: close');

  test('keeps its length whatever its connection names', async () => {
    const { port } = await answering(`${head('HTTP/1.1 200 OK', 'connection: content-length', 'content-length: 2')}hi`);
    const answer = await talk(port, request);
    expect(answer).toContain('content-length: 2\r\n');
    expect(answer).toMatch(/\r\n\r\nhi$/);
  });

  test.each([
    ['of another protocol', head('HTTP/1.1 101 Switching Protocols', 'connection: upgrade', 'upgrade: h2c')],
    ['with a status that is none', head('HTTP/1.1 099 What', 'content-length: 0')],
    ['of no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ])('%s is no answer: 502, and the slot is free again', async (_what, bytes) => {
    const { port, proxy } = await answering(bytes);
    expect(await talk(port, request)).toMatch(/^HTTP\/1\.1 502 /);
    while (proxy.bounded.gate.working > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(proxy.bounded.metrics()).toContain('reason="broken"} 1');
  });
});
