/** Senders in a container: what an answer by SMTP or HTTP means, and the loop around them. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpProvider } from '../../../lib/runtime/sender/http';
import { mailOf } from '../../../lib/runtime/sender/mail';
import type { Claims, Message, Ports } from '../../../lib/runtime/sender/ports';
import { smtpOutcome } from '../../../lib/runtime/sender/smtp';
import { Loop } from '../../../lib/runtime/sender-container/loop';
import { metricsText } from '../../../lib/runtime/sender-container/metrics';
import { CONFIG, message } from '../../support/mailing';
import { freePorts } from '../../support/ports';

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
  const methods: (string | undefined)[] = [];
  const bodies: string[] = [];
  let provider: HttpProvider;

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request.headers);
      methods.push(request.method);
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => bodies.push(body));
      if (answer === undefined) request.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    provider = new HttpProvider(
      { url, header: 'authorization', key: 'Bearer k', from: 'shop@example.com', connections: 1 },
      2,
    );
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
    ['asked to wait for a moment', { status: 429, headers: { 'retry-after': '1' } }, { kind: 'throttled' }],
    ['asked to wait for longer', { status: 429, headers: { 'retry-after': '30' } }, { kind: 'away', millis: 30_000 }],
    // Its success would be that of a GET.
    ['moved', { status: 301, headers: { location: '/taken' } }, { kind: 'not-sent', reason: 'status 301' }],
    ['it waited for the request', { status: 408 }, { kind: 'not-sent', reason: 'status 408' }],
    ['a wrong key', { status: 401 }, { kind: 'not-sent', reason: 'status 401' }],
    ['a mail that it will not take', { status: 422 }, { kind: 'refused', reason: 'status 422' }],
    ['an internal failure: it may have been sent', { status: 500 }, { kind: 'unknown', reason: 'status 500' }],
  ])('%s', async (_, given, outcome) => {
    answer = given;
    expect(await provider.send(mail)).toEqual(outcome);
  });

  test('asked to wait until a date', async () => {
    answer = { status: 429, headers: { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() } };
    const outcome = await provider.send(mail);
    expect(outcome.kind).toBe('away');
    expect((outcome as { millis: number }).millis).toBeGreaterThan(3_590_000);
  });

  test('only what a mail has is posted: no copies to recipients that are not counted', async () => {
    answer = { status: 200 };
    await provider.send({ ...mail, bcc: ['c@example.com'], personalizations: [] } as never);
    expect(JSON.parse(bodies.at(-1)!)).toEqual({ ...mail, from: 'shop@example.com' });
  });

  test('connections are opened when none was used for a while, and not for each mail', async () => {
    answer = { status: 200 };
    const heads = () => methods.filter((method) => method === 'HEAD').length;
    const before = heads();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const three = new HttpProvider({ url, header: 'x', key: 'k', from: 'a@b.c', connections: 3 }, 2);
    await Promise.all([three.ready(), three.ready()]);
    expect(heads() - before).toBe(3);
    await three.send(mail);
    await three.ready();
    expect(heads() - before).toBe(3);
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
    const [port] = await freePorts(1);
    const url = `http://127.0.0.1:${port}/`;
    const gone = new HttpProvider({ url, header: 'x', key: 'k', from: 'a@b.c', connections: 1 }, 2);
    await gone.prepare();
    expect(await gone.send(mail)).toEqual({ kind: 'not-sent', reason: 'ECONNREFUSED' });
  });
});

describe('what Prometheus reads', () => {
  const shared = {
    sizes: { messages: 7, due: 3, quarantined: 1 },
    buckets: { provider: { paused: true, awaySeconds: 0, factor: 0.7 } },
  };

  test('every counter is there from the start: there is no increase of one that begins at 1', () => {
    const text = metricsText(new Map(), 0, shared);
    for (const name of ['sent', 'parked', 'throttled', 'slots_missed', 'refused', 'away', 'unrecorded'])
      expect(text).toContain(`\nsender_${name}_total 0\n`);
    expect(metricsText(new Map([['SlotsMissed', 4]]), 0, shared)).toContain('sender_slots_missed_total 4\n');
  });

  test('the queue and each bucket; and while Redis does not answer, that alone', () => {
    const text = metricsText(new Map(), 12, shared);
    for (const line of [
      'sender_in_flight 12',
      'sender_store_up 1',
      'sender_queue_messages 7',
      'sender_queue_due_messages 3',
      'sender_quarantine_messages 1',
      'sender_paused{provider="provider"} 1',
      'sender_rate_factor{provider="provider"} 0.7',
    ])
      expect(text).toContain(`${line}\n`);
    const alone = metricsText(new Map(), 12, undefined);
    expect(alone).toContain('sender_store_up 0\n');
    expect(alone).not.toMatch(/queue|quarantine|paused\{/);
  });
});

test.each([
  ['two addresses in one text', ['a@x.y, b@x.y'], true],
  ['a line more', ['a@x.y\r\nBcc: b@x.y'], true],
  ['two names', ['A <a@x.y>; B <b@x.y>'], true],
  ['no address', ['nobody'], true],
  ['a name and an address', ['Ann Doe <a@x.y>'], false],
  ['an address', ['a+b@x.y'], false],
])('recipients, %s', (_, to, isRefused) => {
  const read = mailOf(JSON.stringify({ id: 'a', to, subject: 's', text: 't' }), 1);
  expect('fault' in read).toBe(isRefused);
});

describe('the loop', () => {
  /** A queue in memory, and a provider that answers when it is told to. */
  function world(count: number) {
    const waiting: Message[] = Array.from({ length: count }, (_, at) => message(`mail${at}`));
    const done: string[] = [];
    const hidden: string[] = [];
    const calls: (() => void)[] = [];
    const released: string[] = [];
    const claims: Claims = {
      claim: async () => ({ state: 'mine' }),
      takeOver: async () => true,
      release: async (id) => void released.push(id),
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
            reserve: async () => ({ slots: [{ at: slotAt, until: Number.POSITIVE_INFINITY }] }),
            throttled: async () => {},
            away: async () => {},
          },
        },
      ],
      park: async () => {},
      count: () => {},
      log: () => {},
      now: Date.now,
      wait: (millis) =>
        new Promise((resolve) => {
          // A slot that is far away is waited for until the sender is told to stop.
          if (millis > 1000 && !isStopped) sleepers.push(resolve);
          else setImmediate(resolve);
        }),
      isStopped: () => isStopped,
      random: () => 0.5,
    };
    let [slotAt, isStopped] = [0, false];
    const sleepers: (() => void)[] = [];
    /** Slots begin in half a minute; or, told to stop, nothing waits any longer. */
    const later = (stop = false) => {
      slotAt = Date.now() + 30_000;
      isStopped = stop;
      for (const wake of sleepers.splice(0)) wake();
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
    return { loop, calls, done, hidden, released, queue, settle, later };
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

  test('told to stop, it gives back what waits for its slot, without a call and without a claim', async () => {
    const { loop, calls, hidden, released, settle, later } = world(3);
    later();
    const run = loop.run();
    await settle();
    expect([calls.length, loop.active]).toEqual([0, 3]);
    loop.stop();
    later(true);
    await run;
    expect([calls.length, hidden.length, released.length]).toEqual([0, 3, 3]);
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
