import fc from 'fast-check';
import { type SignatureScheme, signRequest, verifySignature } from '../../lib/runtime/webhook/signature';

const SCHEMES: SignatureScheme[] = ['github', 'stripe', 'standard-webhooks'];
const NOW = 1_790_000_000_000;
const BODY = '{"id":"evt_1","amount":12}';

function sign(scheme: SignatureScheme, secret: string, body = BODY, at = NOW) {
  const sent = signRequest(scheme, secret, body, 'delivery-1', at);
  return Object.fromEntries(Object.entries(sent).map(([name, value]) => [name.toLowerCase(), value]));
}

describe('known answers, so that signer and verifier cannot be wrong together', () => {
  test('GitHub\'s own example: secret "It\'s a Secret to Everybody", payload "Hello, World!"', () => {
    const headers = {
      'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
      'x-github-delivery': 'd1',
    };
    const request = { headers, body: 'Hello, World!', receivedAtMillis: NOW };
    expect(verifySignature('github', request, ["It's a Secret to Everybody"], 300)).toMatchObject({
      valid: true,
      deliveryId: 'd1',
    });
  });

  test('the example of the Standard Webhooks libraries', () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const request = { headers, body: '{"test": 2432232314}', receivedAtMillis: 1614265330_000 };
    const verdict = verifySignature('standard-webhooks', request, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], 300);
    expect(verdict).toMatchObject({ valid: true, deliveryId: 'msg_p5jXN8AQM9LWM0D4loKWxJek' });
  });
});

describe.each(SCHEMES)('%s', (scheme) => {
  const verify = (headers: Record<string, string>, options: { body?: string; secrets?: string[]; at?: number } = {}) =>
    verifySignature(
      scheme,
      { headers, body: options.body ?? BODY, receivedAtMillis: options.at ?? NOW },
      options.secrets ?? ['a secret of enough length'],
      300,
    );

  test('takes what was signed with the secret', () => {
    expect(verify(sign(scheme, 'a secret of enough length'))).toMatchObject({ valid: true });
  });

  test('takes what was signed with the previous secret while both are in use', () => {
    expect(
      verify(sign(scheme, 'the old secret'), { secrets: ['a secret of enough length', 'the old secret'] }),
    ).toMatchObject({ valid: true });
    expect(verify(sign(scheme, 'the old secret'))).toEqual({ valid: false, refusal: 'forged' });
  });

  test('refuses a request without a signature, or with one of the wrong shape', () => {
    expect(verify({})).toEqual({ valid: false, refusal: 'unsigned' });
    for (const [name, value] of Object.entries(sign(scheme, 'a secret of enough length'))) {
      if (!name.includes('signature')) continue;
      expect(
        verify({ ...sign(scheme, 'a secret of enough length'), [name]: value.replace(/=.*/, '=00') }),
      ).toMatchObject({
        valid: false,
      });
    }
  });

  test('refuses a body changed in any one character', () => {
    const headers = sign(scheme, 'a secret of enough length');
    fc.assert(
      fc.property(fc.nat(BODY.length - 1), fc.integer({ min: 32, max: 126 }), (at, code) => {
        const changed = BODY.slice(0, at) + String.fromCharCode(code) + BODY.slice(at + 1);
        expect(verify(headers, { body: changed }).valid).toBe(changed === BODY);
      }),
      { numRuns: 200 },
    );
  });
});

describe.each(['stripe', 'standard-webhooks'] as const)('%s: a replay', (scheme) => {
  test.each([
    ['on time', 0, true],
    ['at the edge of the window', 300, true],
    ['after it', 301, false],
    ['signed in the future', -301, false],
  ])('%s', (_when, delaySeconds, valid) => {
    const request = {
      headers: sign(scheme, 'a secret of enough length'),
      body: BODY,
      receivedAtMillis: NOW + delaySeconds * 1000,
    };
    expect(verifySignature(scheme, request, ['a secret of enough length'], 300).valid).toBe(valid);
  });

  test('cannot be freshened by changing the timestamp: it is signed', () => {
    const headers = sign(scheme, 'a secret of enough length');
    const fresh = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value.replace(String(NOW / 1000), String(NOW / 1000 + 600)),
      ]),
    );
    const request = { headers: fresh, body: BODY, receivedAtMillis: NOW + 600_000 };
    expect(verifySignature(scheme, request, ['a secret of enough length'], 300)).toEqual({
      valid: false,
      refusal: 'forged',
    });
  });
});

describe('standard-webhooks: an id with a full stop', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const signed = (id: string, body: string) =>
    Object.fromEntries(Object.entries(signRequest('standard-webhooks', secret, body, id, NOW)));

  test('is refused: what was signed could be taken apart in another way', () => {
    const body = `${NOW / 1000}.{"id":"evt_2"}`;
    const headers = signed('a', body);
    // The same signed bytes, cut elsewhere: another id and another body.
    const moved = { ...headers, 'webhook-id': `a.${NOW / 1000}` };
    const request = { headers: moved, body: '{"id":"evt_2"}', receivedAtMillis: NOW };
    expect(verifySignature('standard-webhooks', request, [secret], 300)).toEqual({
      valid: false,
      refusal: 'ambiguous-delivery-id',
    });
    expect(verifySignature('standard-webhooks', { headers, body, receivedAtMillis: NOW }, [secret], 300).valid).toBe(
      true,
    );
  });

  test('is not needed: every id without one is taken as it is', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^.\s]{1,40}$/), (id) => {
        const request = { headers: signed(id, BODY), body: BODY, receivedAtMillis: NOW };
        expect(verifySignature('standard-webhooks', request, [secret], 300)).toMatchObject({
          valid: true,
          deliveryId: id,
        });
      }),
      { numRuns: 100 },
    );
  });
});
