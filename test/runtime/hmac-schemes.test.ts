/** Signatures that are an HMAC in one header: Shopify, Slack, and those that a user describes. */
import { createHmac } from 'node:crypto';
import { InvalidInputError } from '../../lib/flow/errors';
import { planQueue } from '../../lib/flow/queue/plan';
import { type Source, sourceChecks, wholeHmacChecks } from '../../lib/flow/webhooks/sources';
import { webhookConsumer } from '../../lib/runtime/webhook/consumer';
import type { HmacRules } from '../../lib/runtime/webhook/scheme';
import { headersRead, signRequest, verifySignature } from '../../lib/runtime/webhook/signature';
import { webhookReceiver } from '../../lib/runtime/webhook-receiver/receiver';

const SECRET = 'a secret of enough length';
const NOW = 1_700_000_000_000;

const lower = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

describe('Slack', () => {
  // Slack docs, "Verifying requests from Slack": the example of its step-by-step guide.
  const body =
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
  const headers = {
    'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
    'x-slack-request-timestamp': '1531420618',
  };
  const secrets = ['8f742231b10e8888abcd99yyyzzz85a5'];
  const at = (receivedAtMillis: number) => verifySignature('slack', { headers, body, receivedAtMillis }, secrets, 300);

  test('the example of its documentation verifies, within five minutes', () => {
    expect(at(1_531_420_618_000)).toMatchObject({ valid: true });
    expect(at(1_531_420_918_000)).toMatchObject({ valid: true });
    expect(at(1_531_420_919_000)).toEqual({ valid: false, refusal: 'outside-window' });
  });

  test('another time, which the signature covers, is forged', () => {
    const changed = { ...headers, 'x-slack-request-timestamp': '1531420619' };
    const request = { headers: changed, body, receivedAtMillis: 1_531_420_618_000 };
    expect(verifySignature('slack', request, secrets, 300)).toEqual({ valid: false, refusal: 'forged' });
  });
});

test('Shopify: base64 of the HMAC-SHA256 of the body, as its documentation computes it', () => {
  // Shopify docs, "Verify webhook deliveries": digest('base64') over the raw body, with the client secret as it is.
  const body = '{"id":820982911946154508}';
  const headers = {
    'x-shopify-hmac-sha256': createHmac('sha256', SECRET).update(body).digest('base64'),
    'x-shopify-webhook-id': 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
  };
  const request = { headers, body, receivedAtMillis: NOW };
  expect(verifySignature('shopify', request, [SECRET], 300)).toEqual({
    valid: true,
    deliveryId: 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
    signedContent: body,
  });
  expect(headersRead('shopify')).toEqual(['x-shopify-hmac-sha256', 'x-shopify-webhook-id', 'x-shopify-topic']);
});

const RULES: readonly [string, HmacRules, (body: string, seconds: string) => string][] = [
  ['the body alone', { signatureHeader: 'X-Sig', algorithm: 'sha256', encoding: 'hex' }, (body) => body],
  [
    'GitHub, described by hand',
    {
      signatureHeader: 'X-Hub-Signature-256',
      algorithm: 'sha256',
      encoding: 'hex',
      prefix: 'sha256=',
      idHeader: 'X-Id',
    },
    (body) => body,
  ],
  [
    'a time before the body',
    { signatureHeader: 'X-Sig', algorithm: 'sha512', encoding: 'base64', timestampHeader: 'X-Time' },
    (body, seconds) => `${seconds}.${body}`,
  ],
  [
    'id, time and body, in a form of its own',
    {
      ...{ signatureHeader: 'X-Sig', algorithm: 'sha1', encoding: 'hex', timestampHeader: 'X-Time', idHeader: 'X-Id' },
      signed: '{id}|{timestamp}|{body}',
    },
    (body, seconds) => `d1|${seconds}|${body}`,
  ],
];

describe.each(RULES)('%s', (_, rules, content) => {
  const body = '{"id":"evt_1","text":"{id} {timestamp} {body}"}';
  const headers = lower(signRequest('hmac', SECRET, body, 'd1', NOW, rules));
  const verdict = (change: object = {}, secret = SECRET, more: object = {}) =>
    verifySignature(
      'hmac',
      { headers: { ...headers, ...change }, body, receivedAtMillis: NOW, ...more },
      [secret],
      300,
      rules,
    );

  test('verifies what was signed, and the signature is the HMAC of it', () => {
    const { algorithm, encoding, prefix = '', signatureHeader, idHeader } = rules;
    const signed = content(body, String(NOW / 1000));
    const expected = createHmac(algorithm, SECRET).update(signed).digest(encoding);
    expect(headers[signatureHeader.toLowerCase()]).toBe(`${prefix}${expected}`);
    expect(verdict()).toEqual({ valid: true, deliveryId: idHeader ? 'd1' : 'evt_1', signedContent: signed });
  });

  test('refuses another body, another secret, a signature cut short, one without its prefix and none', () => {
    const name = rules.signatureHeader.toLowerCase();
    expect(verdict({}, SECRET, { body: '{}' })).toEqual({ valid: false, refusal: 'forged' });
    expect(verdict({}, 'another secret of it')).toEqual({ valid: false, refusal: 'forged' });
    expect(verdict({ [name]: headers[name].slice(0, -2) })).toEqual({ valid: false, refusal: 'unsigned' });
    expect(verdict({ [name]: `${headers[name]}!` })).toEqual({ valid: false, refusal: 'unsigned' });
    expect(verdict({ [name]: undefined })).toEqual({ valid: false, refusal: 'unsigned' });
    if (rules.prefix !== undefined) {
      const bare = headers[name].slice(rules.prefix.length);
      expect(verdict({ [name]: bare })).toEqual({ valid: false, refusal: 'unsigned' });
    }
  });

  test('a signed time is held to the tolerance, and must be seconds', () => {
    if (rules.timestampHeader === undefined) return;
    expect(verdict({}, SECRET, { receivedAtMillis: NOW + 301_000 })).toEqual({
      valid: false,
      refusal: 'outside-window',
    });
    const signed = lower(signRequest('hmac', SECRET, body, 'd1', NOW * 1e6, rules));
    expect(verdict(signed)).toEqual({ valid: false, refusal: 'outside-window' });
  });
});

test('an id that could hide a separator is ambiguous where it is signed', () => {
  const rules = RULES[3][1];
  const headers = lower(signRequest('hmac', SECRET, '{}', 'd1|1700000000', NOW, rules));
  const request = { headers, body: '{}', receivedAtMillis: NOW };
  expect(verifySignature('hmac', request, [SECRET], 300, rules)).toEqual({
    valid: false,
    refusal: 'ambiguous-delivery-id',
  });
});

describe('a description that cannot hold is refused', () => {
  const workload = { steadyPerSecond: 5, serviceSeconds: 0.1 };
  const refused = (source: Partial<Source>) => {
    const checks = sourceChecks([{ name: 'pay', scheme: 'hmac', ...source }], workload);
    try {
      planQueue('Webhooks', { workload, objective: { latencySeconds: 60 } }, checks);
    } catch (error) {
      if (error instanceof InvalidInputError) return error.message;
      throw error;
    }
    return 'nothing was refused';
  };
  const good = { signatureHeader: 'X-Sig', algorithm: 'sha256', encoding: 'hex' };

  test.each<[string, Partial<Source>, string]>([
    ['none', {}, 'sources.hmac of pay must be given with the scheme hmac'],
    ['one that is not used', { scheme: 'stripe', hmac: good }, "is for the scheme hmac, got 'stripe'"],
    [
      'a header that is none',
      { hmac: { ...good, signatureHeader: 'X Sig' } },
      'signatureHeader must be the name of a header',
    ],
    ['one header twice', { hmac: { ...good, idHeader: 'x-sig' } }, 'must name different headers, got x-sig, x-sig'],
    [
      'a digest that is none',
      { hmac: { ...good, algorithm: 'md5' } },
      "algorithm must be one of sha1, sha256, sha512, got 'md5'",
    ],
    [
      'a body that is not signed',
      { hmac: { ...good, signed: '{id}' } },
      'signed must have {body} in it, or anybody could change',
    ],
    [
      'a part without its header',
      { hmac: { ...good, signed: '{id}.{body}' } },
      'idHeader must be given, because {id} is signed',
    ],
    [
      'a time that is not signed',
      { hmac: { ...good, timestampHeader: 'X-Time', signed: '{body}' } },
      'timestampHeader must be signed, or a replay could change it',
    ],
  ])('%s', (_, source, message) => {
    expect(refused(source)).toContain(message);
  });

  test('nothing else', () => {
    expect(refused({ hmac: { ...good, timestampHeader: 'X-Time', idHeader: 'X-Id', prefix: 'v1=' } })).toBe(
      'nothing was refused',
    );
    expect(refused({ scheme: 'shopify' })).toBe('nothing was refused');
  });
});

describe('an hmac that is not whole, as only JavaScript without types gives it', () => {
  const whole: HmacRules = { signatureHeader: 'X-Sign', algorithm: 'sha256', encoding: 'hex' };

  test.each(['signatureHeader', 'algorithm', 'encoding'] as const)(
    'without %s nothing is signed, verified or started',
    (name) => {
      const { [name]: _, ...rest } = whole;
      const hmac = rest as HmacRules;
      const message = /^the scheme hmac needs its rules: a signatureHeader, an algorithm .* and an encoding/;
      const request = { headers: {}, body: '{}', receivedAtMillis: NOW };
      const sources = {
        pay: { scheme: 'hmac', hmac, secretArn: 'a', secretFile: 'a', toleranceSeconds: 300 },
      } as never;
      const secrets = {} as never;
      expect(() => signRequest('hmac', SECRET, '{}', 'd', NOW, hmac)).toThrow(message);
      expect(() => verifySignature('hmac', request, [SECRET], 300, hmac)).toThrow(message);
      expect(() => webhookConsumer(async () => {}, { sources })).toThrow(message);
      expect(() => webhookReceiver({ sources, secrets, maxBodyBytes: 1, publish: async () => {} })).toThrow(message);
    },
  );

  test.each(['md5', '', undefined])('the algorithm %s is none', (algorithm) => {
    const hmac = { ...whole, algorithm } as HmacRules;
    expect(() => headersRead('hmac', hmac)).toThrow('the scheme hmac needs its rules');
  });

  test('on an engine without defaults the construct refuses it', () => {
    const refused = (hmac: object) =>
      wholeHmacChecks([{ name: 'pay', scheme: 'hmac', hmac } as Source]).filter((one) => one.refused);
    expect(refused({ signatureHeader: 'X-Sign' }).map(({ message }) => message)).toEqual([
      'sources.hmac of pay.algorithm must be given: one of sha1, sha256, sha512',
      'sources.hmac of pay.encoding must be given: one of hex, base64',
    ]);
    expect(refused(whole)).toEqual([]);
  });
});

test('an id that is not signed may have any characters, because it stands beside no other part', () => {
  const hmac: HmacRules = { signatureHeader: 'X-Sign', algorithm: 'sha256', encoding: 'hex', idHeader: 'X-Id' };
  const headers = lower(signRequest('hmac', SECRET, '{}', 'order.1:2', NOW, hmac));
  const request = { headers, body: '{}', receivedAtMillis: NOW };
  expect(verifySignature('hmac', request, [SECRET], 300, hmac)).toMatchObject({ valid: true, deliveryId: 'order.1:2' });
  const signed = { ...hmac, signed: '{id}.{body}' };
  const other = { ...request, headers: lower(signRequest('hmac', SECRET, '{}', 'order.1:2', NOW, signed)) };
  expect(verifySignature('hmac', other, [SECRET], 300, signed)).toEqual({
    valid: false,
    refusal: 'ambiguous-delivery-id',
  });
});
