import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EffectStore } from '../../lib/runtime/effect-store';
import { type Delivery, type OnError, webhookEndpoint } from '../../lib/runtime/pubsub-webhook/consumer';
import { ATTRIBUTES } from '../../lib/runtime/webhook-receiver/contract';
import { MemoryStore } from '../support/effect-store';

let now = 1_790_000_000_000;
const store = new MemoryStore(() => now);
let deliveries: Delivery[] = [];
let business: (delivery: Delivery) => Promise<void> = async () => {};
let server: Server;
let url: string;
let log: jest.SpyInstance;
let errors: jest.SpyInstance;
let told: unknown[][] = [];

beforeAll(async () => {
  log = jest.spyOn(console, 'log').mockImplementation(() => {});
  errors = jest.spyOn(console, 'error').mockImplementation(() => {});
  const onError: OnError = (...what) => void told.push(what);
  const options = { idempotencySeconds: 3600, now: () => now, onError, maskedFields: ['iban'] };
  server = createServer(
    webhookEndpoint(
      async (delivery, writes: string[]) => {
        deliveries.push(delivery);
        writes.push(delivery.id);
        await business(delivery);
      },
      store,
      options,
    ),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
beforeEach(() => {
  deliveries = [];
  business = async () => {};
  told = [];
  log.mockClear();
  errors.mockClear();
});
afterAll(() => {
  log.mockRestore();
  errors.mockRestore();
  server.close();
  server.closeAllConnections();
});

const envelope = (id: string, more: object = {}) => ({
  message: {
    data: Buffer.from('{"amount":"12 €"}').toString('base64'),
    messageId: '1',
    attributes: {
      [ATTRIBUTES.source]: 'shop',
      [ATTRIBUTES.claimedTenant]: 'acme',
      [ATTRIBUTES.deliveryId]: id,
      [ATTRIBUTES.idempotencyKey]: `key-${id}`,
      [ATTRIBUTES.receivedAt]: '1789999999000',
    },
  },
  subscription: 'projects/p/subscriptions/s',
  ...more,
});
const push = async (body: unknown) =>
  (await fetch(url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })).status;
const effectsOf = (id: string) => store.effects.filter((one) => one === id).length;

test('a delivery reaches the business as it was received', async () => {
  expect(await push(envelope('a', { deliveryAttempt: 3 }))).toBe(204);
  expect(deliveries).toEqual([
    {
      source: 'shop',
      claimedTenant: 'acme',
      id: 'a',
      body: '{"amount":"12 €"}',
      receivedAtMillis: 1_789_999_999_000,
      attempt: 3,
    },
  ]);
});

test('a tenant is handed over as authenticated only when the receiver says so', async () => {
  const authenticated = envelope('t');
  await push({
    ...authenticated,
    message: {
      ...authenticated.message,
      attributes: { ...authenticated.message.attributes, [ATTRIBUTES.tenant]: 'acme' },
    },
  });
  // What a receiver of an earlier release wrote as `tenant` was never signed.
  await push(envelope('u'));
  expect(deliveries.map(({ tenant, claimedTenant }) => [tenant, claimedTenant])).toEqual([
    ['acme', 'acme'],
    [undefined, 'acme'],
  ]);
  expect(ATTRIBUTES.tenant).not.toBe('tenant');
});

test('nothing that a sender wrote is logged, not even by a message that the receiver did not write', async () => {
  const marker = 'hunter2-4111';
  const { message } = envelope(marker);
  const attributes = {
    ...message.attributes,
    [ATTRIBUTES.source]: `${marker} ${marker}`,
    [ATTRIBUTES.claimedTenant]: marker,
  };
  expect(await push({ message: { ...message, data: Buffer.from(marker).toString('base64'), attributes } })).toBe(204);
  business = async () => {
    throw new Error(marker);
  };
  expect(await push(envelope(`${marker}-2`))).toBe(500);
  expect(log.mock.calls).toHaveLength(2);
  expect(JSON.stringify(log.mock.calls)).not.toContain('hunter2');
});

const toldLines = () => errors.mock.calls.map(([line]) => JSON.parse(line));

test('a bug of the business is in the log with message and stack, as an error of Cloud Logging', async () => {
  business = async () => {
    throw new TypeError('no cents in the order');
  };
  expect(await push(envelope('bug', { deliveryAttempt: 2 }))).toBe(500);
  expect(toldLines()).toEqual([
    {
      severity: 'ERROR',
      message: 'a delivery failed',
      source: 'shop',
      attempt: 2,
      error: {
        name: 'TypeError',
        message: 'no cents in the order',
        stack: expect.stringContaining('pubsub-webhook.test.ts'),
      },
    },
  ]);
  expect(log.mock.calls.map(([line]) => JSON.parse(line))).toEqual([
    { severity: 'WARNING', message: 'failed', error: 'TypeError' },
  ]);
});

test('its text is masked, and neither body nor id nor tenant that it quotes is shown', async () => {
  const id = 'delivery-4711';
  const body = '{"amount":"12 €"}';
  business = async () => {
    throw new Error(`{"iban":"XX12"} password=hunter2 in ${body} of ${id}`);
  };
  expect(await push(envelope(id))).toBe(500);
  const [{ error }] = toldLines();
  expect(error.message).toContain('[body] of [id]');
  for (const secret of ['XX12', 'hunter2', '12 €', id]) expect(error.message).not.toContain(secret);
});

test('the hook gets the error as it was thrown and the delivery; of a push that is none it gets only the error', async () => {
  const bug = new Error('bug');
  business = async () => {
    throw bug;
  };
  expect(await push(envelope('hook'))).toBe(500);
  expect(told).toEqual([[bug, expect.objectContaining({ id: 'hook', source: 'shop' })]]);
  expect(told[0][0]).toBe(bug);
  told = [];
  expect(await push('hunter2 is no JSON')).toBe(500);
  expect(told).toEqual([[expect.any(SyntaxError), undefined]]);
  expect(JSON.stringify(errors.mock.calls)).not.toContain('hunter2');
});

test('pushed again it is acknowledged and has no second effect', async () => {
  expect([await push(envelope('b')), await push(envelope('b'))]).toEqual([204, 204]);
  expect([effectsOf('b'), deliveries.length]).toEqual([1, 1]);
});

test('pushed twice at the same time it has one effect', async () => {
  let release: () => void = () => {};
  const both = new Promise<void>((resolve) => {
    release = resolve;
  });
  business = () => {
    if (deliveries.length === 2) release();
    return both;
  };
  expect(await Promise.all([push(envelope('c')), push(envelope('c'))])).toEqual([204, 204]);
  expect([effectsOf('c'), deliveries.length]).toEqual([1, 2]);
});

test('the trap of case 15 is absent: what failed has no key, so the next attempt counts', async () => {
  business = async () => {
    throw new Error('the database of {"amount":"12 €"} is away');
  };
  expect(await push(envelope('d'))).toBe(500);
  expect(effectsOf('d')).toBe(0);
  expect(JSON.stringify([log.mock.calls, errors.mock.calls])).not.toContain('amount');
  business = async () => {};
  expect(await push(envelope('d'))).toBe(204);
  expect(effectsOf('d')).toBe(1);
});

test('a key lives as long as it is told', async () => {
  await push(envelope('e'));
  now += 3_599_999;
  await push(envelope('e'));
  expect(effectsOf('e')).toBe(1);
  now += 1;
  await push(envelope('e'));
  expect(effectsOf('e')).toBe(2);
});

test.each([
  ['what is no JSON', '{'],
  ['an envelope without a message', '{}'],
  ['a message that the receiver did not write', { message: { data: '', attributes: {} } }],
])('%s is not acknowledged, so that it ends as a dead letter', async (_, body) => {
  expect(await push(body)).toBe(500);
  expect(deliveries).toEqual([]);
});

test('what the business threw is told, not what the store made of it; a failed commit is told as such', async () => {
  const bug = new Error('bug');
  const seen: unknown[] = [];
  let fails = true;
  const wrapping: EffectStore<string[]> = {
    once: async (_key, _expires, effect) => {
      await effect([]).catch(() => {
        throw new Error('transaction aborted');
      });
      throw new Error('commit failed');
    },
  };
  const onDelivery = async () => {
    if (fails) throw bug;
  };
  const other = createServer(webhookEndpoint(onDelivery, wrapping, { onError: (error) => void seen.push(error) }));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  const post = async () => (await fetch(address, { method: 'POST', body: JSON.stringify(envelope('w')) })).status;
  expect(await post()).toBe(500);
  fails = false;
  expect(await post()).toBe(500);
  expect(seen).toEqual([bug, new Error('commit failed')]);
  other.close();
  other.closeAllConnections();
});
