import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CachedSecrets } from '../../lib/runtime/cached-secrets';
import { signRequest } from '../../lib/runtime/webhook/signature';
import { checkSecrets } from '../../lib/runtime/webhook-receiver/check-secrets';
import { ATTRIBUTES, type ReceiverSource } from '../../lib/runtime/webhook-receiver/contract';
import { type ReceivedMessage, webhookReceiver } from '../../lib/runtime/webhook-receiver/receiver';
import { DOOR_REREADS, SecretFiles } from '../../lib/runtime/webhook-receiver/secret-files';

const SECRET = 'open sesame';
const NOW = 1_790_000_000_000;
const MAX_BODY_BYTES = 1000;
const common = { secretFile: '/secrets/shop', toleranceSeconds: 300 } as const;
const sources: Record<string, ReceiverSource> = {
  shop: { ...common, scheme: 'standard-webhooks', deduplicateBy: 'delivery-id' },
  github: { ...common, scheme: 'github', deduplicateBy: 'signed-content' },
  pay: { ...common, scheme: 'stripe', deduplicateBy: 'delivery-id' },
  goods: { ...common, scheme: 'shopify', deduplicateBy: 'delivery-id' },
  unreadable: { ...common, scheme: 'github', deduplicateBy: 'delivery-id', secretFile: '/secrets/none' },
  empty: { ...common, scheme: 'standard-webhooks', deduplicateBy: 'delivery-id', secretFile: '/secrets/empty' },
  many: {
    ...common,
    scheme: 'github',
    deduplicateBy: 'delivery-id',
    secretFile: '/secrets/many',
    secretPerTenant: true,
  },
};
const TENANTS = { acme: 'the secret of acme', globex: ['the secret of globex', 'its old secret'] };
const files: Record<string, string> = {
  '/secrets/shop': SECRET,
  '/secrets/empty': 'whsec_...',
  '/secrets/many': JSON.stringify(TENANTS),
};

const clock = { now: NOW };
let reads = 0;
/** Waiting is a step of the clock. */
const secrets = new CachedSecrets(
  async (path) => {
    reads += 1;
    if (files[path] === undefined) throw new Error('no such file');
    return [files[path]];
  },
  DOOR_REREADS,
  () => clock.now,
  async (millis) => {
    await new Promise(setImmediate);
    clock.now += millis;
  },
);
let published: ReceivedMessage[] = [];
let confirm: () => Promise<unknown> = async () => {};
let server: Server;
let url: string;
let log: jest.SpyInstance;

beforeAll(async () => {
  log = jest.spyOn(console, 'log').mockImplementation(() => {});
  server = createServer(
    webhookReceiver({
      sources,
      maxBodyBytes: MAX_BODY_BYTES,
      now: () => clock.now,
      secrets,
      publish: async (message) => {
        await confirm();
        published.push(message);
      },
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  published = [];
  // No test finds the read of the one before it.
  clock.now += 10_000;
  confirm = async () => {};
  log.mockClear();
});
afterAll(() => {
  log.mockRestore();
  server.close();
  server.closeAllConnections();
});

const JSON_TYPE = { 'content-type': 'application/json' };
const BODY = '{"id":"evt_1","amount":"12 €"}';

function post(path: string, headers: Record<string, string>, body: string | Buffer = BODY) {
  return fetch(`${url}${path}`, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body });
}

const signed = (scheme: ReceiverSource['scheme'], body = BODY, id = 'd-1', at = clock.now) =>
  signRequest(scheme, SECRET, body, id, at);

describe('2xx', () => {
  test('comes when Pub/Sub has confirmed, and not before', async () => {
    let confirmed: (value?: unknown) => void = () => {};
    const asked = new Promise((resolve) => {
      confirm = () => {
        resolve(undefined);
        return new Promise((done) => {
          confirmed = done;
        });
      };
    });
    let status = 0;
    const answer = post('/shop/acme', signed('standard-webhooks')).then((response) => {
      status = response.status;
    });
    await asked;
    expect(status).toBe(0);
    confirmed();
    await answer;
    expect(status).toBe(200);
  });

  test('is never the answer to a failed publish: 503, come again', async () => {
    confirm = async () => {
      throw Object.assign(new Error(`cannot publish ${BODY}`), { code: 14 });
    };
    const response = await post('/shop/acme', signed('standard-webhooks'));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    // The text of the error quotes the message; only its kind is logged.
    expect(log.mock.calls).toEqual([
      ['{"severity":"ERROR","message":"not stored","source":"shop","error":"Error 14"}'],
    ]);
  });

  test('a message carries the body as it was signed and what is known about it', async () => {
    await post('/shop/acme', signed('standard-webhooks'));
    expect(published).toHaveLength(1);
    expect(published[0].data.toString()).toBe(BODY);
    expect(published[0].attributes).toEqual({
      [ATTRIBUTES.source]: 'shop',
      [ATTRIBUTES.claimedTenant]: 'acme',
      [ATTRIBUTES.deliveryId]: 'd-1',
      [ATTRIBUTES.idempotencyKey]: expect.stringMatching(/^[0-9a-f]{64}$/),
      [ATTRIBUTES.receivedAt]: String(clock.now),
    });
  });

  test.each([
    ['github', 'github', { 'x-github-event': 'pull_request' }, 'pull_request'],
    ['goods', 'shopify', { 'x-shopify-topic': 'orders/create' }, 'orders/create'],
    // One of another sender, none, and what is no name.
    ['shop', 'standard-webhooks', { 'x-github-event': 'push' }, undefined],
    ['github', 'github', {}, undefined],
    ['github', 'github', { 'x-github-event': 'x'.repeat(129) }, undefined],
  ] as const)('%s: a message names the event of %s in %j', async (source, scheme, header, event) => {
    expect((await post(`/${source}`, { ...signed(scheme), ...header })).status).toBe(200);
    expect(published[0].attributes[ATTRIBUTES.event]).toBe(event);
  });

  test.each([
    ['shop', 'standard-webhooks', 'd-1'],
    ['github', 'github', 'd-1'],
    ['pay', 'stripe', 'evt_1'],
  ] as const)('%s is judged by %s', async (source, scheme, id) => {
    expect((await post(`/${source}`, signed(scheme))).status).toBe(200);
    expect(published[0].attributes).toMatchObject({
      source,
      [ATTRIBUTES.claimedTenant]: source,
      [ATTRIBUTES.deliveryId]: id,
    });
  });
});

describe('the idempotency key', () => {
  const keyOf = async (path: string, headers: Record<string, string>, body = BODY) => {
    published = [];
    expect((await post(path, headers, body)).status).toBe(200);
    return published[0].attributes[ATTRIBUTES.idempotencyKey];
  };

  test('is the same for a delivery that is sent again, another for another', async () => {
    const first = await keyOf('/shop/acme', signed('standard-webhooks'));
    expect(await keyOf('/shop/acme', signed('standard-webhooks', BODY, 'd-1', clock.now + 1000))).toBe(first);
    expect(await keyOf('/shop/acme', signed('standard-webhooks', BODY, 'd-2'))).not.toBe(first);
  });

  test('by signed content, a captured delivery under a new id is the same one', async () => {
    const first = await keyOf('/github/acme', signed('github'));
    expect(await keyOf('/github/acme', signed('github', BODY, 'd-9'))).toBe(first);
    expect(await keyOf('/github/acme', signed('github', '{"id":2}', 'd-1'), '{"id":2}')).not.toBe(first);
  });

  test('differs from one source to the next', async () => {
    const shop = await keyOf('/shop/acme', signed('standard-webhooks', BODY, 'evt_1'));
    expect(await keyOf('/pay/acme', signed('stripe', BODY, 'evt_1'))).not.toBe(shop);
  });
});

describe('refused before anything is published', () => {
  // At the time of the test.
  const good = () => signed('standard-webhooks');
  test.each<[string, number, string, () => Record<string, string>, (string | Buffer)?]>([
    ['an unknown source', 404, '/nobody/acme', good],
    ['a name that every object has', 404, '/constructor/acme', good],
    ['a path beyond the tenant', 404, '/shop/acme/more', good],
    ['a tenant that is none', 400, '/shop/a%20b', good],
    ['what is no JSON', 415, '/shop/acme', () => ({ ...good(), 'content-type': 'text/plain' })],
    ['a compressed body', 415, '/shop/acme', () => ({ ...good(), 'content-encoding': 'gzip' })],
    ['no signature', 401, '/shop/acme', () => ({})],
    ['another body than the signed one', 401, '/shop/acme', good, '{"id":"evt_1","amount":"99 €"}'],
    ['another secret', 401, '/shop/acme', () => signRequest('standard-webhooks', 'guess', BODY, 'd-1', clock.now)],
    [
      'a replay after the window',
      401,
      '/shop/acme',
      () => signed('standard-webhooks', BODY, 'd-1', clock.now - 301_000),
    ],
    [
      'a timestamp from the future',
      401,
      '/shop/acme',
      () => signed('standard-webhooks', BODY, 'd-1', clock.now + 3_600_000),
    ],
    ['bytes that are no text', 400, '/shop/acme', good, Buffer.from([0x7b, 0xff, 0x7d])],
    ['no delivery id', 400, '/pay/acme', () => signed('stripe', '{}'), '{}'],
    ['a delivery id that fits no attribute', 400, '/github/acme', () => signed('github', BODY, 'x'.repeat(1025))],
    ['a body above the limit', 413, '/shop/acme', good, `{"id":"${'x'.repeat(MAX_BODY_BYTES)}"}`],
    ['an id that can be read in two ways', 400, '/shop/acme', () => signed('standard-webhooks', BODY, 'd.1')],
    ['a secret that cannot be read, though that is ours', 503, '/unreadable/acme', () => signed('github')],
    [
      'a placeholder in the place of a secret, though that is ours',
      503,
      '/empty/acme',
      () => signRequest('standard-webhooks', 'whsec_', BODY, 'd-1', clock.now),
    ],
  ])('%s: %d', async (...[, status, path, headers, body]) => {
    expect((await post(path, headers(), body)).status).toBe(status);
    expect(published).toEqual([]);
    expect(JSON.stringify(log.mock.calls)).not.toMatch(/sesame|amount|evt_1/);
  });

  test('the log says which source, and why a secret cannot be used, without its value', async () => {
    await post('/empty/acme', signRequest('standard-webhooks', 'whsec_...', BODY, 'd-1', clock.now));
    expect(log.mock.calls).toEqual([
      [
        '{"severity":"ERROR","message":"not stored","source":"empty","error":"UnusableSecretError","problem":"the secret is a placeholder"}',
      ],
    ]);
  });

  test('another method', async () => {
    expect((await fetch(`${url}/shop/acme`)).status).toBe(405);
  });

  test('a body that does not say how long it is, once it is above the limit', async () => {
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${url}/shop/acme`, { method: 'POST', headers: { ...JSON_TYPE, ...good() } }, (response) => {
        resolve(response.statusCode);
        sent.destroy();
      });
      sent.on('error', reject);
      // Never ended: the receiver doesn't wait for the rest.
      sent.write('x'.repeat(MAX_BODY_BYTES + 1));
    });
    expect(status).toBe(413);
    expect(published).toEqual([]);
  });
});

describe('before the body has come', () => {
  /** The answer to headers whose body never comes. */
  const answerTo = (path: string, headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const sent = request(
        `${url}${path}`,
        { method: 'POST', headers: { ...JSON_TYPE, 'content-length': '500', ...headers } },
        (response) => {
          resolve(response.statusCode);
          sent.destroy();
        },
      );
      sent.on('error', reject);
      sent.flushHeaders();
    });

  test.each<[string, string, () => Record<string, string>]>([
    ['no signature', '/shop/acme', () => ({})],
    ['half a signature', '/github/acme', () => ({ 'x-hub-signature-256': 'sha256=00' })],
    ['none that Stripe makes', '/pay/acme', () => ({ 'stripe-signature': `t=${clock.now / 1000}` })],
    ['a time outside the window', '/shop/acme', () => signed('standard-webhooks', BODY, 'd-1', clock.now - 301_000)],
    ['no time', '/pay/acme', () => ({ 'stripe-signature': `v1=${'0'.repeat(64)}` })],
  ])('%s is answered 401', async (_, path, headers) => {
    expect(await answerTo(path, headers())).toBe(401);
    expect(published).toEqual([]);
  });

  test('an id that can be read in two ways is answered 400', async () => {
    expect(await answerTo('/shop/acme', signed('standard-webhooks', BODY, 'd.1'))).toBe(400);
  });
});

test('an instance says that it is ready, and that it works', async () => {
  for (const path of ['ready', 'live']) expect((await fetch(`${url}/${path}`)).status).toBe(200);
});

describe('a rotation at the door', () => {
  const NEW = 'the secret after the rotation';
  const sign = (secret: string, id: string) => signRequest('github', secret, BODY, id, clock.now);
  beforeEach(() => {
    files['/secrets/shop'] = SECRET;
    clock.now += 600_000;
  });
  afterEach(() => {
    files['/secrets/shop'] = SECRET;
    clock.now += 600_000;
  });

  test.each([0, 1, 60, 290, 301])('what is signed with the new secret %d s after it is taken', async (seconds) => {
    expect((await post('/github/acme', sign(SECRET, 'before'))).status).toBe(200);
    files['/secrets/shop'] = `${NEW}\n${SECRET}\n`;
    clock.now += seconds * 1000 + 1;
    expect((await post('/github/acme', sign(NEW, 'new'))).status).toBe(200);
    expect((await post('/github/acme', sign(SECRET, 'old'))).status).toBe(200);
    expect(published).toHaveLength(3);
  });

  test('somebody who forges all the time gets no genuine delivery refused, and few reads', async () => {
    expect((await post('/github/acme', sign(SECRET, 'before'))).status).toBe(200);
    const [readsBefore, started] = [reads, clock.now];
    let genuine = 0;
    for (let round = 0; round < 40; round++) {
      if (round === 10) files['/secrets/shop'] = NEW;
      clock.now += 50;
      const forged = [1, 2, 3].map((n) => post('/github/acme', sign('a guess', `forged-${round}-${n}`)));
      const status = (await post('/github/acme', sign(round < 10 ? SECRET : NEW, `genuine-${round}`))).status;
      expect([200, 503]).toContain(status);
      if (status === 200) genuine += 1;
      for (const answer of await Promise.all(forged)) expect([401, 503]).toContain(answer.status);
    }
    expect(genuine).toBeGreaterThan(30);
    expect(reads - readsBefore).toBeLessThanOrEqual(2 + (clock.now - started) / 1000);
  });

  test('more than may wait for the next read are told to come again, and soon', async () => {
    await post('/github/acme', sign(SECRET, 'before'));
    await post('/github/acme', sign('a guess', 'forged'));
    const waiting = DOOR_REREADS.maxWaiting;
    clock.now += 1;
    const answers = await Promise.all(
      Array.from({ length: waiting + 15 }, (_, n) => post('/github/acme', sign('a guess', `forged-${n}`))),
    );
    for (const { status, headers } of answers) {
      expect([401, 503]).toContain(status);
      if (status === 503) expect(Number(headers.get('retry-after'))).toBe(1);
    }
    expect(published).toHaveLength(1);
  });

  test('when the file cannot be read again the answer is no refusal', async () => {
    await post('/github/acme', sign(SECRET, 'before'));
    delete files['/secrets/shop'];
    clock.now += 60_000;
    expect((await post('/github/acme', sign(NEW, 'new'))).status).toBe(503);
    // What the cached secret verifies goes on.
    expect((await post('/github/acme', sign(SECRET, 'old'))).status).toBe(200);
  });
});

describe('tenants', () => {
  const sign = (secret: string, id = 'd-1') => signRequest('github', secret, BODY, id, clock.now);
  const attributes = () => published.map((message) => message.attributes);

  test('with one secret for all the tenant is a claim', async () => {
    await post('/shop/acme', signed('standard-webhooks'));
    expect(attributes()[0]).not.toHaveProperty([ATTRIBUTES.tenant]);
  });

  test('with a secret for each it is the one whose secret signed; during a rotation there are two', async () => {
    for (const [tenant, secret] of [
      ['acme', TENANTS.acme],
      ['globex', TENANTS.globex[0]],
      ['globex', TENANTS.globex[1]],
    ]) {
      expect((await post(`/many/${tenant}`, sign(secret))).status).toBe(200);
      expect(attributes().at(-1)).toMatchObject({ [ATTRIBUTES.tenant]: tenant, [ATTRIBUTES.claimedTenant]: tenant });
    }
  });

  test.each([
    ['a captured delivery at the URL of another tenant', '/many/globex'],
    ['an unknown tenant', '/many/initech'],
    ['a tenant that every object has', '/many/constructor'],
    ['and another such', '/many/__proto__'],
  ])('%s is refused', async (_, path) => {
    expect((await post(path, sign(TENANTS.acme))).status).toBe(401);
    expect(published).toEqual([]);
    expect(JSON.stringify(log.mock.calls)).not.toMatch(/initech|__proto__|of acme/);
  });

  test('the same delivery of two tenants is two, and no separator makes them one', async () => {
    for (const path of ['/shop/mallory', '/shop/acme', '/shop/acme']) await post(path, signed('standard-webhooks'));
    const keys = attributes().map((one) => one[ATTRIBUTES.idempotencyKey]);
    expect(new Set(keys).size).toBe(2);
    expect(keys[1]).toBe(keys[2]);
  });
});

test('nothing that a sender wrote is logged', async () => {
  const marker = 'hunter2-4111';
  const everywhere = { 'x-github-event': marker, 'user-agent': marker };
  const sign = (secret: string) => ({
    ...everywhere,
    ...signRequest('github', secret, `{"p":"${marker}"}`, marker, clock.now),
  });
  for (const [path, headers] of [
    [`/shop/${marker}`, sign(marker)],
    [`/github/${marker}?${marker}=${marker}`, sign(marker)],
    [`/github/${marker}`, sign(SECRET)],
    [`/${marker}/${marker}`, sign(SECRET)],
    [`/many/${marker}`, sign(marker)],
    [`/empty/${marker}`, signRequest('standard-webhooks', marker, `{"p":"${marker}"}`, `${marker}x`, clock.now)],
    [`/unreadable/${marker}`, sign(marker)],
    [`/github/${marker}%20`, sign(SECRET)],
  ] as const) {
    confirm = async () => {
      throw new Error(`cannot publish ${marker}`);
    };
    await post(path, headers, `{"p":"${marker}"}`);
  }
  expect(log.mock.calls.length).toBeGreaterThanOrEqual(8);
  expect(JSON.stringify(log.mock.calls)).not.toMatch(/hunter2|sesame/);
});

describe('the secrets at start', () => {
  const source = (secretFile: string): ReceiverSource => ({
    ...common,
    scheme: 'standard-webhooks',
    deduplicateBy: 'delivery-id',
    secretFile,
  });
  const store = (texts: Record<string, string>) =>
    new CachedSecrets(async (path) => {
      if (texts[path] === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return [texts[path]];
    }, DOOR_REREADS);

  test('one that cannot be used is logged by its source, and the others are served', async () => {
    const texts = { good: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', bad: 'whsec_hunter2' };
    await checkSecrets({ shop: source('good'), pay: source('bad'), gone: source('none') }, store(texts));
    expect(log.mock.calls.map(([line]) => JSON.parse(line))).toEqual([
      { severity: 'ERROR', message: 'unusable secret', source: 'pay', problem: expect.stringContaining('base64') },
      { severity: 'ERROR', message: 'unusable secret', source: 'gone', problem: 'cannot be read: Error ENOENT' },
    ]);
    expect(JSON.stringify(log.mock.calls)).not.toContain('hunter2');
  });

  test('when none can be used the process does not start', async () => {
    await expect(checkSecrets({ pay: source('bad') }, store({ bad: '{"secret":"hunter2 and more"}' }))).rejects.toThrow(
      /^no source can be received: the secret of pay is JSON/,
    );
  });
});

describe('signing secrets from files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-secrets-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'signing-secret');

  test('a file is read whole; what its lines mean depends on the source', async () => {
    writeFileSync(file, 'new\n\n old \n');
    expect((await new SecretFiles().of(file)).texts).toEqual(['new\n\n old \n']);
  });

  test('what was read is trusted for five minutes, a failure for a second', async () => {
    let now = 0;
    const files = new SecretFiles(() => now);
    const late = join(folder, 'late');
    await expect(files.of(late)).rejects.toThrow('ENOENT');
    writeFileSync(late, 'first');
    now = 1000;
    expect((await files.of(late)).texts).toEqual(['first']);
    writeFileSync(late, 'second');
    now = 1000 + 5 * 60 * 1000 - 1;
    expect((await files.of(late)).texts).toEqual(['first']);
    now += 1;
    expect((await files.of(late)).texts).toEqual(['second']);
  });
});
