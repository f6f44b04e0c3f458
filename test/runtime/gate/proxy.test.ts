/** The gate in front of a real HTTP server. */
import { Agent, createServer, type RequestListener, request } from 'node:http';
import { connect, createServer as createSocketServer, type Socket } from 'node:net';
import type { GateOptions } from '../../../lib/runtime/gate/bounded-handler';
import { GateProxy, type ProxyOptions } from '../../../lib/runtime/gate-proxy/proxy';
import { ask, held, until } from './asked';
import { GATE_OPTIONS } from './gate-options';
import { listening, opened } from './opened';

const OPTIONS: GateOptions = { ...GATE_OPTIONS, priorityHeader: 'X-Priority' };

async function proxied(handler: RequestListener, more: Partial<ProxyOptions> = {}) {
  const targetPort = more.targetPort ?? (await listening(createServer(handler)));
  const proxy = new GateProxy({ ...OPTIONS, targetHost: '127.0.0.1', targetPort, ...more });
  const port = await listening(proxy.server);
  opened.push(() => void proxy.close());
  return { proxy, port };
}

test('method, path, headers, body and status pass; headers of the connection do not', async () => {
  const { port } = await proxied((incoming, response) => {
    let text = '';
    incoming.on('data', (chunk) => {
      text += chunk;
    });
    incoming.on('end', () =>
      response
        .writeHead(201, { 'x-method': incoming.method!, 'set-cookie': ['a=1', 'b=2'] })
        .end(`${incoming.url} ${text} ${incoming.headers['x-one']} ${incoming.headers['x-hop']}`),
    );
  });
  const answer = await ask(port, {
    method: 'PUT',
    path: '/a?b=c',
    headers: { 'x-one': '1', 'x-hop': 'no', connection: 'close, x-hop' },
    body: ['hello ', 'world'],
  });
  expect(answer).toMatchObject({ status: 201, body: '/a?b=c hello world 1 undefined' });
  expect(answer.headers).toMatchObject({ 'x-method': 'PUT', 'set-cookie': ['a=1', 'b=2'] });
});

test('a body in chunks keeps its frames with a method that seldom has one: it is no second request', async () => {
  const seen: string[] = [];
  const { port } = await proxied((incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    incoming.resume().on('end', () => response.end('ok'));
  });
  const body = 'GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n';
  await ask(port, { method: 'DELETE', headers: { 'transfer-encoding': 'chunked' }, body });
  await ask(port, { path: '/next' });
  expect(seen).toEqual(['DELETE /', 'GET /next']);
});

test('beyond slots and queue: 503 with Retry-After, and no request reaches the program', async () => {
  const { waiting, seen, handler } = held();
  const { proxy, port } = await proxied(handler);
  const accepted = ['/1', '/2', '/3'].map((path) => ask(port, { path }));
  await until(() => proxy.bounded.gate.waiting === 1 && seen.length === 2);
  const refused = await ask(port, { method: 'POST', path: '/4', body: 'x'.repeat(100_000) });
  expect(refused.status).toBe(503);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(seen).toHaveLength(2);
  while (seen.length < 3 || waiting.length > 0) {
    waiting.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(proxy.bounded.metrics()).toContain('gate_refused_total{service="api",reason="full"} 1');
  expect(proxy.bounded.metrics()).toContain('gate_request_seconds_count{service="api"} 3');
});

test('a request with priority takes the place of one that waits', async () => {
  const { waiting, seen, handler } = held();
  const { proxy, port } = await proxied(handler);
  const first = [ask(port), ask(port)];
  await until(() => proxy.bounded.gate.working === 2);
  const common = ask(port);
  await until(() => proxy.bounded.gate.waiting === 1);
  const high = ask(port, { path: '/high', headers: { 'x-priority': 'high' } });
  expect((await common).status).toBe(503);
  await until(() => waiting.length === 2);
  waiting.shift()!();
  await until(() => seen.includes('/high') && waiting.length === 2);
  for (const end of waiting.splice(0)) end();
  expect((await high).status).toBe(200);
  await Promise.all(first);
});

test('a caller of Envoy that hangs up before the work could end does not wait', async () => {
  const { waiting, handler } = held();
  const { proxy, port } = await proxied(handler);
  const first = [ask(port), ask(port)];
  await until(() => waiting.length === 2);
  const hurried = await ask(port, { headers: { 'x-envoy-expected-rq-timeout-ms': '4000' } });
  expect(hurried.status).toBe(503);
  expect(proxy.bounded.gate.refused.late).toBe(1);
  for (const end of waiting.splice(0)) end();
  await Promise.all(first);
});

test('a program that is away: 503 at once, and no slot is lost', async () => {
  const free = await listening(createServer());
  opened.splice(-1)[0]();
  const { proxy, port } = await proxied(() => {}, { targetPort: free });
  for (let i = 0; i < 5; i += 1) expect((await ask(port)).status).toBe(503);
  expect(proxy.bounded.gate.working).toBe(0);
  expect(proxy.bounded.metrics()).toContain('reason="away"} 5');
});

test('a program that dies with a request is no refusal: 502 without Retry-After, as it may have had its effect', async () => {
  const { proxy, port } = await proxied((incoming) => {
    incoming.resume().on('end', () => incoming.socket.destroy());
  });
  for (const method of ['GET', 'POST']) {
    const answer = await ask(port, { method, body: method === 'POST' ? 'pay' : [] });
    expect(answer.status).toBe(502);
    expect(answer.headers['retry-after']).toBeUndefined();
  }
  expect(proxy.bounded.gate.working).toBe(0);
  expect(proxy.bounded.metrics()).toContain('reason="broken"} 2');
  expect(proxy.bounded.metrics()).toContain('reason="away"} 0');
});

test('a caller that hangs up in its upload is no fault of the program', async () => {
  let begun = false;
  const { proxy, port } = await proxied((incoming) => {
    incoming
      .on('error', () => {})
      .once('data', () => {
        begun = true;
      });
  });
  const caller = connect(port, '127.0.0.1', () =>
    caller.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 100\r\n\r\nab'),
  );
  caller.on('error', () => {});
  await until(() => begun);
  caller.destroy();
  await until(() => proxy.bounded.gate.working === 0);
  expect(proxy.bounded.metrics()).toContain('reason="broken"} 0');
  expect(proxy.bounded.metrics()).toContain('reason="away"} 0');
});

describe('a program that closes an idle connection as the next request comes', () => {
  /** Answers the first request of a connection, and closes it at the next one, which it does not read. */
  async function closing() {
    const connections: Socket[] = [];
    const program = createSocketServer((socket) => {
      connections.push(socket);
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        socket.once('data', () => socket.resetAndDestroy());
      });
    });
    const made = await proxied(() => {}, { targetPort: await listening(program) });
    opened.push(() => {
      for (const socket of connections) socket.destroy();
    });
    expect((await ask(made.port)).status).toBe(200);
    return { ...made, connections };
  }

  test('a GET is sent once more, on a new connection', async () => {
    const { port, proxy, connections } = await closing();
    expect(await ask(port)).toMatchObject({ status: 200, body: 'ok' });
    expect(connections).toHaveLength(2);
    expect(proxy.bounded.gate.working).toBe(0);
  });

  test.each([
    ['a POST', { method: 'POST' }],
    ['a PUT whose body has been sent', { method: 'PUT', body: 'new' }],
  ])('%s is not: 502', async (_what, sent) => {
    const { port, connections } = await closing();
    expect((await ask(port, sent)).status).toBe(502);
    expect(connections).toHaveLength(1);
  });
});

test('a probe that comes through the gate finds the program while every slot and place is taken; a drain refuses it', async () => {
  const { waiting, handler } = held();
  const { proxy, port } = await proxied((incoming, response) =>
    incoming.url === '/healthz' ? response.end('well') : handler(incoming, response),
  );
  const accepted = [ask(port), ask(port), ask(port)];
  await until(() => proxy.bounded.gate.waiting === 1);
  expect((await ask(port)).status).toBe(503);
  expect(await ask(port, { path: '/healthz' })).toMatchObject({ status: 200, body: 'well' });
  const closed = proxy.close();
  const agent = new Agent({ keepAlive: true });
  opened.push(() => agent.destroy());
  expect((await ask(port, { path: '/healthz', agent })).status).toBe(503);
  await until(() => {
    waiting.shift()?.();
    return proxy.bounded.gate.working === 0;
  });
  await Promise.all([closed, ...accepted]);
});

test('a program that dies in its answer ends the connection, and gives the slot back', async () => {
  const { proxy, port } = await proxied((_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setImmediate(() => response.destroy());
  });
  await expect(ask(port)).rejects.toThrow();
  await until(() => proxy.bounded.gate.working === 0);
});

test('after its deadline the caller is told, and the slot stays with the work', async () => {
  const { waiting, handler } = held();
  const { proxy, port } = await proxied(handler, { latencySeconds: 0.05, waitSeconds: 0.02 });
  expect((await ask(port)).status).toBe(504);
  expect(proxy.bounded.gate.working).toBe(1);
  await until(() => waiting.length === 1);
  waiting.shift()!();
  await until(() => proxy.bounded.gate.working === 0);
  expect(proxy.bounded.metrics()).toMatch(/gate_overdue_total\{service="api"\} 1/);
});

test('what a request waited for its slot counts against its deadline', async () => {
  const { waiting, handler, seen } = held();
  const { port } = await proxied(handler, { slots: 1, queue: 1, latencySeconds: 2, waitSeconds: 1.8 });
  const first = ask(port);
  await until(() => seen.length === 1);
  const asked = performance.now();
  const second = ask(port);
  await until(() => performance.now() - asked > 1200);
  waiting.shift()!();
  await first;
  await until(() => seen.length === 2);
  // A deadline from its forwarding would end after this.
  const fromForwarding = setTimeout(() => waiting.shift()!(), 1950);
  expect((await second).status).toBe(504);
  clearTimeout(fromForwarding);
  waiting.shift()!();
});

test('a caller that hangs up does not free the slot either, and work that never ends does after its time', async () => {
  const { handler, seen } = held();
  const { proxy, port } = await proxied(handler, { stuckSeconds: 0.1 });
  const caller = request({ host: '127.0.0.1', port });
  caller.on('error', () => {});
  caller.end();
  await until(() => seen.length === 1);
  caller.destroy();
  await until(() => proxy.bounded.gate.working === 1);
  await until(() => proxy.bounded.gate.working === 0);
});

test('a caller that hangs up in the middle of its answer holds no slot: the rest is read to its end', async () => {
  const { proxy, port } = await proxied((_, response) => {
    // More than any buffer on the way.
    response.end(Buffer.alloc(50_000_000));
  });
  await new Promise<void>((resolve) => {
    const caller = request({ host: '127.0.0.1', port }, (answer) => {
      answer.once('data', () => {
        caller.destroy();
        resolve();
      });
    });
    caller.on('error', () => {});
    caller.end();
  });
  await until(() => proxy.bounded.gate.working === 0);
});

test('told to close it answers what it has, and refuses what comes', async () => {
  const { waiting, handler } = held();
  const { proxy, port } = await proxied(handler);
  const agent = new Agent({ keepAlive: true });
  opened.push(() => agent.destroy());
  const accepted = ask(port);
  await until(() => waiting.length === 1);
  const closed = proxy.close();
  expect((await ask(port, { agent })).status).toBe(503);
  waiting.shift()!();
  expect((await accepted).body).toBe('done');
  await closed;
  await expect(ask(port)).rejects.toThrow();
});
