/** The gate around a handler of Node: the same bound, deadline and probes as beside a program. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type BoundedHandler, bounded, type GateOptions } from '../../../lib/runtime/gate/bounded-handler';
import { ask, held, until } from './asked';
import { GATE_OPTIONS as OPTIONS } from './gate-options';
import { listening } from './opened';

/** Less than a test waits for its answer. */
const SOON: Partial<GateOptions> = { latencySeconds: 0.05, waitSeconds: 0.02 };

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

async function inProgram(
  handler: Handler,
  more: Partial<GateOptions> = {},
): Promise<{ readonly port: number; readonly handler: BoundedHandler }> {
  const listener = bounded(handler, { ...OPTIONS, ...more });
  return { port: await listening(createServer(listener)), handler: listener.gate };
}

test('a slot is held until its promise has ended, also when the caller has gone', async () => {
  let finish = () => {};
  const work = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const { port, handler } = await inProgram(async (_, response) => {
    response.end('ok');
    await work;
  });
  expect((await ask(port)).body).toBe('ok');
  expect(handler.gate.working).toBe(1);
  finish();
  await until(() => handler.gate.working === 0);
});

describe('with every slot and every place in the queue taken', () => {
  async function full(more: Partial<GateOptions> = {}) {
    const { waiting, handler } = held();
    const probed: string[] = [];
    const made = await inProgram((request, response) => {
      if (!request.url!.startsWith('/work')) {
        probed.push(request.url!);
        response.end('well');
      } else handler(request, response);
    }, more);
    const accepted = [1, 2, 3].map((one) => ask(made.port, { path: `/work/${one}` }));
    await until(() => made.handler.gate.waiting === 1);
    const end = async () => {
      await until(() => {
        waiting.shift()?.();
        return made.handler.gate.working === 0;
      });
      expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200, 200]);
    };
    return { ...made, probed, end };
  }

  test('health checks and scrapes are answered: a program that refuses is well, and nobody replaces it', async () => {
    const { port, handler, probed, end } = await full();
    for (const path of ['/healthz', '/metrics', '/healthz?deep=1']) {
      expect(await ask(port, { path })).toMatchObject({ status: 200, body: 'well' });
    }
    expect(probed).toEqual(['/healthz', '/metrics', '/healthz?deep=1']);
    // They are no requests of the service: not in its counts, nor in its latencies.
    expect(handler.gate.admitted).toBe(2);
    expect(handler.metrics()).toContain('gate_request_seconds_count{service="api"} 0');
    await end();
  });

  test.each([
    ['another path', { path: '/healthz/deep' }],
    ['a POST', { path: '/healthz', method: 'POST' }],
  ])('%s is refused', async (_what, sent) => {
    const { port, end } = await full();
    expect((await ask(port, sent)).status).toBe(503);
    await end();
  });

  test('the paths can be given', async () => {
    const { port, end } = await full({ exemptPaths: ['/ready'] });
    expect((await ask(port, { path: '/ready' })).status).toBe(200);
    expect((await ask(port, { path: '/healthz' })).status).toBe(503);
    await end();
  });
});

test('health checks are no way around the bound: ten at a time', async () => {
  const { waiting, handler } = held();
  const { port } = await inProgram(handler);
  const answered: number[] = [];
  const asked = Array.from({ length: 12 }, async () => {
    answered.push((await ask(port, { path: '/healthz' })).status);
  });
  await until(() => waiting.length === 10 && answered.length === 2);
  expect(answered).toEqual([503, 503]);
  for (const end of waiting) end();
  await Promise.all(asked);
  expect(answered.slice(2)).toEqual(Array(10).fill(200));
});

describe('after its deadline the caller is answered 504', () => {
  test('the slot stays with the work, and what a callback writes then is discarded', async () => {
    let late: (() => void) | undefined;
    const { port, handler } = await inProgram((_, response) => {
      // A length and a cookie of an answer that never comes.
      response.setHeader('content-length', '1000').setHeader('set-cookie', 'a=b');
      late = () => {
        response.setHeader('content-type', 'text/html');
        response.appendHeader('x-one', '1');
        response.removeHeader('x-one');
        response.writeHead(200);
        response.write('first');
        response.end('last');
      };
    }, SOON);
    const answer = await ask(port);
    expect(answer).toMatchObject({ status: 504, body: 'too late\n' });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(handler.gate.working).toBe(1);
    expect(late).not.toThrow();
    await until(() => handler.gate.working === 0);
    expect(handler.metrics()).toMatch(/gate_overdue_total\{service="api"\} 1/);
  });

  test('a callback of write and of end is called all the same', async () => {
    const called: string[] = [];
    let late: (() => void) | undefined;
    const { port, handler } = await inProgram((_, response) => {
      late = () => {
        response.write('first', () => called.push('write'));
        response.end('last', () => called.push('end'));
      };
    }, SOON);
    expect((await ask(port)).status).toBe(504);
    late!();
    await until(() => handler.gate.working === 0 && called.length === 2);
    expect(called).toEqual(['write', 'end']);
  });

  test('a promise that ends then gives the slot back, without an answer as well', async () => {
    let finish = () => {};
    const work = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { port, handler } = await inProgram(() => work, SOON);
    expect((await ask(port)).status).toBe(504);
    expect(handler.gate.working).toBe(1);
    finish();
    await until(() => handler.gate.working === 0);
  });

  test('a limit that follows the work measures until the handler answers, not until the 504', async () => {
    const limit = { name: 'aimd', initial: 2, floor: 1, ceiling: 2, tolerance: 1.2, windowRequests: 1 } as const;
    const now = performance.now.bind(performance);
    let aheadMillis = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now() + aheadMillis);
    let late: (() => void) | undefined;
    const { port, handler } = await inProgram(
      (_, response) => {
        late = () => response.end('done');
      },
      { ...SOON, limit: { ...limit, serviceSeconds: 10 } },
    );
    expect((await ask(port)).status).toBe(504);
    aheadMillis = 100_000;
    late!();
    await until(() => handler.gate.working === 0);
    jest.restoreAllMocks();
    expect(handler.gate.slots).toBe(1);
  });
});

describe('work that never ends', () => {
  test('gives its slot back after its time', async () => {
    const { port, handler } = await inProgram(() => {}, { ...SOON, stuckSeconds: 0.2 });
    expect((await ask(port)).status).toBe(504);
    expect(handler.gate.working).toBe(1);
    await until(() => handler.gate.working === 0);
  });

  test('in the middle of its answer it ends the connection', async () => {
    const { port, handler } = await inProgram(
      (_, response) => {
        response.write('first');
      },
      { stuckSeconds: 0.1 },
    );
    await expect(ask(port)).rejects.toThrow();
    await until(() => handler.gate.working === 0);
  });
});

describe('a handler that throws', () => {
  const failure = new Error('no');
  let printed: jest.SpyInstance;
  beforeEach(() => {
    printed = jest.spyOn(console, 'error').mockImplementation(() => {});
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test.each<[string, Handler]>([
    [
      'at once',
      (_, response) => {
        response.setHeader('content-length', '1000');
        throw failure;
      },
    ],
    ['later', () => Promise.reject(failure)],
  ])('%s: 500, the error is printed, and the slot is free', async (_when, program) => {
    const { port, handler } = await inProgram(program);
    expect(await ask(port, { method: 'POST', body: 'x'.repeat(100_000) })).toMatchObject({
      status: 500,
      body: 'failed\n',
    });
    expect(printed).toHaveBeenCalledWith(failure);
    await until(() => handler.gate.working === 0);
  });

  test('in the middle of its answer: the connection ends, so that the half is not taken for the whole', async () => {
    const { port, handler } = await inProgram((_, response) => {
      response.write('half');
      return Promise.reject(failure);
    });
    await expect(ask(port)).rejects.toThrow();
    await until(() => handler.gate.working === 0);
  });

  test('after its answer: the caller has it', async () => {
    const { port, handler } = await inProgram((_, response) => {
      response.end('done');
      return Promise.reject(failure);
    });
    expect(await ask(port)).toMatchObject({ status: 200, body: 'done' });
    await until(() => handler.gate.working === 0);
  });
});
