/** Senders in a container: what an answer by SMTP or HTTP means, and the loop around them. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpProvider } from '../../../lib/runtime/sender/http';
import type { Claims, Message, Ports } from '../../../lib/runtime/sender/send';
import { smtpOutcome } from '../../../lib/runtime/sender/smtp';
import { Loop } from '../../../lib/runtime/sender-container/loop';
import { CONFIG, message } from '../../support/mailing';

const failed = (fields: object, text = '') => Object.assign(new Error(text), fields);

test.each([
  ['no connection', failed({ code: 'ESOCKET', command: 'CONN', syscall: 'connect' }), 'not-sent'],
  ['no such host', failed({ code: 'EDNS', command: 'CONN' }), 'not-sent'],
  ['no greeting', failed({ code: 'ETIMEDOUT', command: 'CONN' }, 'Greeting never received'), 'not-sent'],
  ['a wrong password', failed({ code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535 }), 'not-sent'],
  ['too many connections', failed({ code: 'EPROTOCOL', command: 'CONN', responseCode: 421 }), 'throttled'],
  ['above the rate', failed({ code: 'EMESSAGE', command: 'DATA', responseCode: 454 }), 'throttled'],
  ['no such user', failed({ code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550 }), 'refused'],
  // nodemailer says the same of a connection that broke after the data.
  ['a connection that broke', failed({ code: 'ECONNECTION', command: 'CONN' }), 'unknown'],
  ['a connection that fell silent', failed({ code: 'ETIMEDOUT', command: 'CONN' }, 'Timeout'), 'unknown'],
  ['what is no error', 'x', 'unknown'],
])('SMTP, %s', (_, error, kind) => {
  expect(smtpOutcome(error).kind).toBe(kind);
});

describe('HTTP', () => {
  let server: Server;
  let answer: { status: number; headers?: Record<string, string>; body?: string } | undefined;
  const seen: Record<string, string | string[] | undefined>[] = [];
  let provider: HttpProvider;

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request.headers);
      request.resume();
      if (answer === undefined) request.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    provider = new HttpProvider({ url, header: 'authorization', key: 'Bearer k', from: 'shop@example.com' }, 2);
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const mail = { id: 'a', to: ['b@example.com'], subject: 'Hi', text: 'x' };

  test.each([
    ['taken', { status: 202, body: '{"id":"p1"}' }, { kind: 'sent', messageId: 'p1' }],
    ['taken, without JSON', { status: 200, body: 'ok' }, { kind: 'sent', messageId: 'unknown' }],
    ['above the rate', { status: 429 }, { kind: 'throttled' }],
    ['the quota is used up', { status: 429, headers: { 'retry-after': '3600' } }, { kind: 'away', millis: 3_600_000 }],
    ['a wrong key', { status: 401 }, { kind: 'not-sent', reason: 'status 401' }],
    ['a mail that it will not take', { status: 422 }, { kind: 'refused', reason: 'status 422' }],
    ['an internal failure: it may have been sent', { status: 500 }, { kind: 'unknown', reason: 'status 500' }],
  ])('%s', async (_, given, outcome) => {
    answer = given;
    expect(await provider.send(mail)).toEqual(outcome);
  });

  test('the id of a mail is its idempotency key', async () => {
    answer = { status: 200 };
    await provider.send(mail);
    expect(seen.at(-1)).toMatchObject({ 'idempotency-key': 'a', authorization: 'Bearer k' });
  });

  test('a connection that broke: it may have been sent', async () => {
    answer = undefined;
    expect((await provider.send(mail)).kind).toBe('unknown');
  });

  test('no server listens: it was not sent', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const gone = new HttpProvider({ url: `http://127.0.0.1:${port}/`, header: 'x', key: 'k', from: 'a@b.c' }, 2);
    await gone.prepare();
    expect(await gone.send(mail)).toEqual({ kind: 'not-sent', reason: 'ECONNREFUSED' });
  });
});

describe('the loop', () => {
  /** A queue in memory, and a provider that answers when it is told to. */
  function world(count: number) {
    const waiting: Message[] = Array.from({ length: count }, (_, at) => message(`mail${at}`));
    const done: string[] = [];
    const hidden: string[] = [];
    const calls: (() => void)[] = [];
    const claims: Claims = {
      claim: async () => ({ state: 'mine' }),
      takeOver: async () => true,
      release: async () => {},
      sent: async () => {},
      parked: async () => {},
    };
    const ports: Ports = {
      claims,
      lanes: [
        {
          name: 'provider',
          provider: {
            prepare: async () => {},
            send: () =>
              new Promise((resolve) => {
                calls.push(() => resolve({ kind: 'sent', messageId: 'x' }));
              }),
          },
          bucket: {
            reserve: async () => ({ slots: [{ at: 0, until: Number.POSITIVE_INFINITY }] }),
            throttled: async () => {},
            away: async () => {},
          },
        },
      ],
      park: async () => {},
      count: () => {},
      log: () => {},
      now: Date.now,
      wait: () => new Promise((resolve) => setImmediate(resolve)),
      random: () => 0.5,
    };
    const queue = {
      receive: async (most: number) => waiting.splice(0, most),
      hide: async (id: string) => void hidden.push(id),
      done: async (id: string) => void done.push(id),
    };
    const loop = new Loop(queue, { ...CONFIG, inFlight: 3, hideSeconds: 60, idleMillis: 1 }, ports);
    const settle = async () => {
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    return { loop, calls, done, hidden, queue, settle };
  }

  test('has no more in flight than it may, and takes one for each that ends', async () => {
    const { loop, calls, done, settle } = world(5);
    const run = loop.run();
    await settle();
    expect([calls.length, loop.active]).toEqual([3, 3]);
    calls[1]();
    await settle();
    expect([calls.length, done]).toEqual([4, ['m-mail1']]);
    for (let turn = 0; turn < 3; turn += 1) {
      for (const call of calls) call();
      await settle();
    }
    loop.stop();
    await run;
    expect(done).toHaveLength(5);
  });

  test('told to stop, it receives nothing more and ends with the last call', async () => {
    const { loop, calls, done, settle } = world(10);
    const run = loop.run();
    await settle();
    loop.stop();
    for (const call of calls) call();
    await run;
    expect([calls.length, done.length]).toEqual([3, 3]);
  });

  test('a queue that does not answer is asked again', async () => {
    const { loop, calls, queue, settle } = world(1);
    const { receive } = queue;
    let fails = 2;
    queue.receive = async (most) => {
      if (fails-- > 0) throw new Error('gone');
      return receive(most);
    };
    const run = loop.run();
    await settle();
    expect(calls).toHaveLength(1);
    calls[0]();
    loop.stop();
    await run;
  });
});
