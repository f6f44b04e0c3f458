import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signRequest } from '../../lib/runtime/webhook/signature';
import { ATTRIBUTES, type ReceiverSource } from '../../lib/runtime/webhook-receiver/contract';
import { type ReceivedMessage, webhookReceiver } from '../../lib/runtime/webhook-receiver/receiver';
import { SecretFiles } from '../../lib/runtime/webhook-receiver/secret-files';

const SECRET = 'open sesame';
const NOW = 1_790_000_000_000;
const MAX_BODY_BYTES = 1000;
const common = { secretFile: '/secrets/shop', toleranceSeconds: 300 } as const;
const sources: Record<string, ReceiverSource> = {
  shop: { ...common, scheme: 'standard-webhooks', deduplicateBy: 'delivery-id' },
  github: { ...common, scheme: 'github', deduplicateBy: 'signed-content' },
  pay: { ...common, scheme: 'stripe', deduplicateBy: 'delivery-id' },
  unreadable: { ...common, scheme: 'github', deduplicateBy: 'delivery-id', secretFile: '/secrets/none' },
};

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
      now: () => NOW,
      secretsOf: async (path) => {
        if (path !== '/secrets/shop') throw new Error('no such file');
        return [SECRET];
      },
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

const signed = (scheme: ReceiverSource['scheme'], body = BODY, id = 'd-1', at = NOW) =>
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
    expect(log.mock.calls).toEqual([['{"severity":"ERROR","message":"not stored","error":"Error 14"}']]);
  });

  test('a message carries the body as it was signed and what is known about it', async () => {
    await post('/shop/acme', signed('standard-webhooks'));
    expect(published).toHaveLength(1);
    expect(published[0].data.toString()).toBe(BODY);
    expect(published[0].attributes).toEqual({
      [ATTRIBUTES.source]: 'shop',
      [ATTRIBUTES.tenant]: 'acme',
      [ATTRIBUTES.deliveryId]: 'd-1',
      [ATTRIBUTES.idempotencyKey]: expect.stringMatching(/^[0-9a-f]{64}$/),
      [ATTRIBUTES.receivedAt]: String(NOW),
    });
  });

  test.each([
    ['shop', 'standard-webhooks', 'd-1'],
    ['github', 'github', 'd-1'],
    ['pay', 'stripe', 'evt_1'],
  ] as const)('%s is judged by %s', async (source, scheme, id) => {
    expect((await post(`/${source}`, signed(scheme))).status).toBe(200);
    expect(published[0].attributes).toMatchObject({ source, tenant: source, [ATTRIBUTES.deliveryId]: id });
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
    expect(await keyOf('/shop/acme', signed('standard-webhooks', BODY, 'd-1', NOW + 1000))).toBe(first);
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
  const good = signed('standard-webhooks');
  test.each<[string, number, string, Record<string, string>, (string | Buffer)?]>([
    ['an unknown source', 404, '/nobody/acme', good],
    ['a name that every object has', 404, '/constructor/acme', good],
    ['a path beyond the tenant', 404, '/shop/acme/more', good],
    ['a tenant that is none', 400, '/shop/a%20b', good],
    ['what is no JSON', 415, '/shop/acme', { ...good, 'content-type': 'text/plain' }],
    ['a compressed body', 415, '/shop/acme', { ...good, 'content-encoding': 'gzip' }],
    ['no signature', 401, '/shop/acme', {}],
    ['another body than the signed one', 401, '/shop/acme', good, '{"id":"evt_1","amount":"99 €"}'],
    ['another secret', 401, '/shop/acme', signRequest('standard-webhooks', 'guess', BODY, 'd-1', NOW)],
    ['a replay after the window', 401, '/shop/acme', signed('standard-webhooks', BODY, 'd-1', NOW - 301_000)],
    ['a timestamp from the future', 401, '/shop/acme', signed('standard-webhooks', BODY, 'd-1', NOW + 301_000)],
    ['bytes that are no text', 400, '/shop/acme', good, Buffer.from([0x7b, 0xff, 0x7d])],
    ['no delivery id', 400, '/pay/acme', signed('stripe', '{}'), '{}'],
    ['a delivery id that fits no attribute', 400, '/github/acme', signed('github', BODY, 'x'.repeat(1025))],
    ['a body above the limit', 413, '/shop/acme', good, `{"id":"${'x'.repeat(MAX_BODY_BYTES)}"}`],
    ['a secret that cannot be read, though that is ours', 503, '/unreadable/acme', signed('github')],
  ])('%s: %d', async (...[, status, path, headers, body]) => {
    expect((await post(path, headers, body)).status).toBe(status);
    expect(published).toEqual([]);
    expect(JSON.stringify(log.mock.calls)).not.toMatch(/sesame|amount|evt_1/);
  });

  test('another method', async () => {
    expect((await fetch(`${url}/shop/acme`)).status).toBe(405);
  });

  test('a body that does not say how long it is, once it is above the limit', async () => {
    const status = await new Promise((resolve, reject) => {
      const sent = request(`${url}/shop/acme`, { method: 'POST', headers: { ...JSON_TYPE, ...good } }, (response) => {
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

test('an instance says that it is ready', async () => {
  expect((await fetch(`${url}/ready`)).status).toBe(200);
});

describe('signing secrets from files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-secrets-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'signing-secret');

  test('one a line, so that a rotation has two', async () => {
    writeFileSync(file, 'new\n\n old \n');
    expect(await new SecretFiles().of(file)).toEqual(['new', 'old']);
  });

  test('an empty file is no secret', async () => {
    writeFileSync(file, '\n');
    await expect(new SecretFiles().of(file)).rejects.toThrow('holds no secret');
  });

  test('what was read is trusted for five minutes, a failure not at all', async () => {
    let now = 0;
    const files = new SecretFiles(() => now);
    const late = join(folder, 'late');
    await expect(files.of(late)).rejects.toThrow('ENOENT');
    writeFileSync(late, 'first');
    expect(await files.of(late)).toEqual(['first']);
    writeFileSync(late, 'second');
    now = 5 * 60 * 1000 - 1;
    expect(await files.of(late)).toEqual(['first']);
    now += 1;
    expect(await files.of(late)).toEqual(['second']);
  });
});
