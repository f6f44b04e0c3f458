/** A limit that follows the work goes by the work: not by how fast a caller sends, nor by how fast it reads. */
import { type ClientRequest, createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { type BoundedHandler, bounded, type GateOptions } from '../../../lib/runtime/gate/bounded-handler';
import { GateProxy } from '../../../lib/runtime/gate-proxy/proxy';
import { GATE_OPTIONS } from './gate-options';
import { listening, opened } from './opened';

const OPTIONS: GateOptions = {
  ...GATE_OPTIONS,
  latencySeconds: 10_000,
  // Each request is a window: one that takes longer than 12 s takes a slot away.
  limit: { name: 'aimd', initial: 2, floor: 1, ceiling: 2, serviceSeconds: 10, tolerance: 1.2, windowRequests: 1 },
};

/** Seconds that the clock is ahead: nobody waits for them. */
let aheadSeconds = 0;
beforeEach(() => {
  aheadSeconds = 0;
  const now = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => now() + 1000 * aheadSeconds);
});
afterEach(() => {
  jest.restoreAllMocks();
});

interface Gated {
  readonly port: number;
  readonly handler: BoundedHandler;
}

async function besideProgram(program: RequestListener): Promise<Gated> {
  const targetPort = await listening(createServer(program));
  const proxy = new GateProxy({ ...OPTIONS, targetHost: '127.0.0.1', targetPort });
  opened.push(() => void proxy.close());
  return { port: await listening(proxy.server), handler: proxy.bounded };
}

async function inProgram(program: RequestListener): Promise<Gated> {
  const listener = bounded(program, OPTIONS);
  return { port: await listening(createServer(listener)), handler: listener.gate };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** Begins a request; its answer comes later. */
function begun(
  port: number,
  method: string,
  length: number,
): { sent: ClientRequest; answer: Promise<IncomingMessage> } {
  const sent = request({ host: '127.0.0.1', port, method, headers: length > 0 ? { 'content-length': length } : {} });
  const answer = new Promise<IncomingMessage>((resolve, reject) => sent.on('response', resolve).on('error', reject));
  return { sent, answer };
}

/** An upload of which one byte has come, answered a hundred seconds later. */
async function answeredEarly({ port, handler }: Gated, end: () => (() => void) | undefined): Promise<void> {
  const { sent, answer } = begun(port, 'POST', 1_000_000);
  sent.on('error', () => {});
  sent.write('a');
  await until(() => end() !== undefined);
  aheadSeconds += 100;
  end()!();
  (await answer).resume();
  await until(() => handler.gate.working === 0);
  sent.destroy();
}

describe.each([
  ['beside a program', besideProgram],
  ['in a program', inProgram],
])('%s', (_where, gated) => {
  test('an upload of 100 s is no work', async () => {
    let read = 0;
    const { port, handler } = await gated((incoming, response) => {
      incoming.on('data', (chunk: Buffer) => {
        read += chunk.length;
      });
      incoming.on('end', () => response.end('done'));
    });
    const { sent, answer } = begun(port, 'POST', 4);
    sent.write('ab');
    await until(() => read === 2);
    aheadSeconds += 100;
    sent.end('cd');
    (await answer).resume();
    await until(() => handler.gate.working === 0);
    expect(handler.gate.slots).toBe(2);
  });

  test('an answer that is read for 100 s is no work', async () => {
    let end = () => {};
    const { port, handler } = await gated((_incoming, response) => {
      response.write('first');
      end = () => response.end('last');
    });
    const { sent, answer } = begun(port, 'GET', 0);
    sent.end();
    const incoming = await answer;
    aheadSeconds += 100;
    end();
    incoming.resume();
    await until(() => handler.gate.working === 0);
    expect(handler.gate.slots).toBe(2);
  });

  test.each([
    ['GET', ''],
    ['POST', 'abcd'],
  ])('work of 100 s after the upload of a %s is', async (method, body) => {
    let end: (() => void) | undefined;
    const { port, handler } = await gated((incoming, response) => {
      incoming.resume().on('end', () => {
        end = () => response.end('done');
      });
    });
    const { sent, answer } = begun(port, method, body.length);
    sent.end(body);
    await until(() => end !== undefined);
    aheadSeconds += 100;
    end!();
    (await answer).resume();
    await until(() => handler.gate.working === 0);
    expect(handler.gate.slots).toBe(1);
  });

  test('an answer in the middle of the upload says nothing of the work', async () => {
    let end: (() => void) | undefined;
    const { port, handler } = await gated((incoming, response) => {
      incoming.once('data', () => {
        end = () => response.writeHead(413).end();
      });
      incoming.on('error', () => {});
    });
    await answeredEarly({ port, handler }, () => end);
    expect(handler.gate.slots).toBe(2);
  });
});

test('a handler that never reads the upload works from its slot on', async () => {
  let end: (() => void) | undefined;
  const { port, handler } = await inProgram((_incoming, response) => {
    end = () => response.end('done');
  });
  await answeredEarly({ port, handler }, () => end);
  expect(handler.gate.slots).toBe(1);
});
