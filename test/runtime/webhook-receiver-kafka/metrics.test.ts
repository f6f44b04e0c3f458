/** What the receiver in a cluster counts, and its bound on the deliveries in work. */
import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CachedSecrets } from '../../../lib/runtime/cached-secrets';
import { signRequest } from '../../../lib/runtime/webhook/signature';
import { inTime } from '../../../lib/runtime/webhook-receiver/in-time';
import { webhookReceiver } from '../../../lib/runtime/webhook-receiver/receiver';
import { DOOR_REREADS } from '../../../lib/runtime/webhook-receiver/secret-files';
import { ReceiverMetrics } from '../../../lib/runtime/webhook-receiver-kafka/metrics';
import { Slots } from '../../../lib/runtime/webhook-receiver-kafka/slots';
import { until } from '../../support/until';

const SECRET = 'open sesame';
const CONCURRENCY = 2;
const MAX_BODY_BYTES = 1000;
const source = {
  scheme: 'standard-webhooks',
  secretFile: '/secrets/shop',
  toleranceSeconds: 300,
  deduplicateBy: 'delivery-id',
} as const;

let server: Server;
let metrics: ReceiverMetrics;
let confirm: () => Promise<unknown>;
/** Bodies that found room. */
let begun: number;
/** Seconds until a sender is told 503. */
let patience: number;
let log: jest.SpyInstance;

beforeEach(async () => {
  log = jest.spyOn(console, 'log').mockImplementation(() => {});
  confirm = async () => {};
  patience = 8;
  metrics = new ReceiverMetrics('hooks', ['shop'], CONCURRENCY, 8);
  // The clock stands still, so that no test depends on how long it takes.
  const now = Date.now();
  // One signature that is wrong may be judged by a secret that is read again, the next ones within a second may not.
  const secrets = new CachedSecrets(
    async () => [SECRET],
    { ...DOOR_REREADS, maxWaiting: 0 },
    () => now,
  );
  begun = 0;
  const slots = new Slots({ concurrency: CONCURRENCY, maxBodyBytes: MAX_BODY_BYTES }, metrics);
  const receiver = webhookReceiver({
    sources: { shop: source },
    maxBodyBytes: MAX_BODY_BYTES,
    now: () => now,
    room: (delivery, response) => {
      const room = slots.open(delivery, response);
      begun += room === undefined ? 0 : 1;
      return room;
    },
    publish: (_, receipt) => {
      const sent = confirm();
      slots.hold(receipt.request, sent);
      return inTime(sent, patience);
    },
    secrets,
    onAnswer: (answer) => metrics.answered(answer),
  });
  server = createServer(receiver).listen(0);
  await until('it listens', () => server.listening);
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  log.mockRestore();
});

const address = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;

async function send(id: string, secret = SECRET, path = 'shop/acme'): Promise<Response> {
  const body = JSON.stringify({ id });
  const headers = {
    ...signRequest('standard-webhooks', secret, body, id, Date.now()),
    'content-type': 'application/json',
  };
  return fetch(address(path), { method: 'POST', headers, body });
}

/** Series of the text by name and labels. */
const series = () =>
  Object.fromEntries(
    metrics
      .text()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );

const refusals = () =>
  Object.entries(series())
    .filter(([name]) => name.startsWith('receiver_refused_total'))
    .reduce((sum, [, count]) => sum + count, 0);

test('an answer is counted by source and code, a refusal by its reason too', async () => {
  await send('1');
  await send('2', 'another secret');
  await send('3', SECRET, 'nobody/acme');
  expect(series()).toMatchObject({
    'receiver_requests_total{receiver="hooks",source="shop",code="200"}': 1,
    'receiver_requests_total{receiver="hooks",source="shop",code="401"}': 1,
    'receiver_requests_total{receiver="hooks",source="",code="404"}': 1,
    'receiver_refused_total{receiver="hooks",source="",reason="unknown-source"}': 1,
  });
  expect(series()['receiver_refused_total{receiver="hooks",source="shop",reason="forged"}']).toBe(1);
  expect(refusals()).toBe(2);
});

test('what the brokers did not confirm is a 503, and not the fault of the sender', async () => {
  confirm = () => Promise.reject(new Error('no broker'));
  expect((await send('1')).status).toBe(503);
  expect(series()['receiver_requests_total{receiver="hooks",source="shop",code="503"}']).toBe(1);
  expect(refusals()).toBe(0);
});

/** A genuine delivery whose body does not end: so many bytes of it. */
function slowly(bytes: number) {
  const sent = request(address('shop/acme'), {
    method: 'POST',
    headers: {
      ...signRequest('standard-webhooks', SECRET, '{}', 'slow', Date.now()),
      'content-type': 'application/json',
      'content-length': String(MAX_BODY_BYTES),
    },
  }).on('error', () => {});
  sent.write('x'.repeat(bytes));
  return sent;
}

test('a sender that hangs up in its body is not turned away by us: no 5xx, no error in the log', async () => {
  const sent = slowly(1);
  await until('its body has begun', () => begun === 1);
  sent.destroy();
  const answers = 'receiver_requests_total{receiver="hooks",source="shop",code=';
  await until('it is counted', () => series()[`${answers}"499"}`] === 1);
  expect(series()[`${answers}"503"}`]).toBe(0);
  expect(series()['receiver_refused_total{receiver="hooks",source="shop",reason="hung-up"}']).toBe(1);
  expect(log.mock.calls).toEqual([['{"severity":"WARNING","message":"hung up","source":"shop"}']]);
  await until('there is room again', () => metrics.inFlight === 0);
});

describe('senders whose bodies come slowly', () => {
  test('take no slot: however many there are, the others are served', async () => {
    const slow = Array.from({ length: 10 * CONCURRENCY }, () => slowly(1));
    await until('all of them have begun', () => begun === slow.length);
    expect(metrics.inFlight).toBe(0);
    expect((await send('1')).status).toBe(200);
    for (const one of slow) one.destroy();
  });

  // The bodies of all that are in work, and no more, may be in memory.
  test('have as many bytes in memory as the largest bodies in work, and give them back', async () => {
    const slow = Array.from({ length: CONCURRENCY }, () => slowly(MAX_BODY_BYTES - 1));
    await until('all of them have begun', () => begun === CONCURRENCY);
    await until('their bytes are there', async () => (await send('1')).headers.get('retry-after') === '1');
    for (const one of slow) one.destroy();
    await until('there is room again', async () => (await send('2')).status === 200);
  });

  test('without a signature are not waited for', async () => {
    const status = await new Promise((resolve) => {
      const sent = request(address('shop/acme'), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': '100' },
      }).on('response', (response) => {
        resolve(response.statusCode);
        sent.destroy();
      });
      sent.write('{');
    });
    expect([status, begun]).toEqual([401, 0]);
  });
});

test('a body that found its sender gone while it was judged is in work until the client lets go of it', async () => {
  const response = new EventEmitter() as never as ServerResponse;
  const delivery = new EventEmitter() as never as IncomingMessage;
  const slots = new Slots({ concurrency: 1, maxBodyBytes: 10 }, metrics);
  const room = slots.open(delivery, response)!;
  expect([room.take(10), room.finish(), metrics.inFlight]).toEqual([true, true, 1]);
  response.emit('close');
  await until('nobody waits for it', () => metrics.inFlight === 0);
  let letGo = () => {};
  slots.hold(delivery, new Promise<void>((resolve) => (letGo = resolve)));
  expect([metrics.inFlight, slots.open(new EventEmitter() as never, response)]).toEqual([1, undefined]);
  letGo();
  await until('there is room again', () => metrics.inFlight === 0);
});

// Anybody can forge as many: nobody is paged for it.
test('forgeries beyond the reads of a secret are told to come again, and counted aside', async () => {
  expect((await send('1', 'another secret')).status).toBe(401);
  const deferred = await send('2', 'another secret');
  expect([deferred.status, deferred.headers.has('retry-after')]).toEqual([503, true]);
  expect(series()['receiver_deferred_total{receiver="hooks",source="shop"}']).toBe(1);
  const turnedAway = Object.entries(series()).filter(([name]) => /requests_total.*code="5../.test(name));
  expect(turnedAway.map(([, count]) => count)).toEqual([0, 0]);
});

// increase() sees nothing of a series that begins with 1: the first delivery that is turned away would raise no alert.
test('the codes that alerts ask for have a series before the first answer', () => {
  for (const name of ['shop', ''])
    for (const code of [200, 503])
      expect(series()[`receiver_requests_total{receiver="hooks",source="${name}",code="${code}"}`]).toBe(0);
});

test('and so have the reasons of a refusal', () => {
  for (const reason of ['forged', 'outside-window', 'too-large', 'hung-up', 'no-delivery-id'])
    expect(series()[`receiver_refused_total{receiver="hooks",source="shop",reason="${reason}"}`]).toBe(0);
  expect(series()['receiver_refused_total{receiver="hooks",source="",reason="unknown-source"}']).toBe(0);
  expect(series()['receiver_deferred_total{receiver="hooks",source="shop"}']).toBe(0);
  expect(series()['receiver_refused_total{receiver="hooks",source="shop",reason="unknown-source"}']).toBeUndefined();
});

test('publishes are a histogram that ends with all of them', () => {
  for (const seconds of [0.01, 0.3, 3, 8]) metrics.published(seconds);
  expect(series()).toMatchObject({
    'receiver_publish_seconds_bucket{receiver="hooks",le="0.01"}': 1,
    'receiver_publish_seconds_bucket{receiver="hooks",le="4"}': 3,
    // The bound of an alert at half of the patience is not the last one: a percentile is never above that.
    'receiver_publish_seconds_bucket{receiver="hooks",le="10"}': 4,
    'receiver_publish_seconds_bucket{receiver="hooks",le="+Inf"}': 4,
    'receiver_publish_seconds_count{receiver="hooks"}': 4,
  });
});

test('above its concurrency a delivery is told to come again, a probe is answered, and what ends makes room', async () => {
  const open: (() => void)[] = [];
  confirm = () => new Promise<void>((resolve) => open.push(resolve));
  const held = [send('1'), send('2')];
  await until('both are in work', () => open.length === CONCURRENCY);
  const third = await send('3');
  expect([third.status, third.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await fetch(address('ready'))).status).toBe(200);
  expect(series()['receiver_in_flight{receiver="hooks"}']).toBe(2);
  for (const one of open) one();
  expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
  confirm = async () => {};
  await until('there is room again', () => metrics.inFlight === 0);
  expect((await send('4')).status).toBe(200);
  expect(series()['receiver_requests_total{receiver="hooks",source="shop",code="503"}']).toBe(1);
});

// The client has the body until its own promise settles: a slot that is free before does not bound the memory.
test('a delivery that was answered 503 is in work until the client lets go of it', async () => {
  patience = 0.01;
  const open: (() => void)[] = [];
  confirm = () => new Promise<void>((_, reject) => open.push(() => reject(new Error('given up'))));
  expect((await Promise.all([send('1'), send('2')])).map(({ headers }) => headers.get('retry-after'))).toEqual([
    '5',
    '5',
  ]);
  expect((await send('3')).headers.get('retry-after')).toBe('1');
  expect([open.length, metrics.inFlight]).toEqual([CONCURRENCY, CONCURRENCY]);
  for (const one of open) one();
  await until('there is room again', () => metrics.inFlight === 0);
  confirm = async () => {};
  expect((await send('4')).status).toBe(200);
});

test('a sender that hangs up makes room when the client lets go of its delivery', async () => {
  let letGo = () => {};
  let asked = 0;
  confirm = () => {
    asked += 1;
    return new Promise<void>((resolve) => (letGo = resolve));
  };
  const gone = new AbortController();
  const body = '{"id":"1"}';
  const headers = {
    ...signRequest('standard-webhooks', SECRET, body, '1', Date.now()),
    'content-type': 'application/json',
  };
  const hanging = fetch(address('shop/acme'), { method: 'POST', headers, body, signal: gone.signal }).catch(() => {});
  await until('it is in work', () => asked === 1);
  gone.abort();
  await hanging;
  expect(metrics.inFlight).toBe(1);
  letGo();
  await until('there is room again', () => metrics.inFlight === 0);
});
