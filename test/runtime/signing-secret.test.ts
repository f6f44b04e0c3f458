import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { SignatureScheme } from '../../lib/runtime/webhook/scheme';
import { signRequest, verifySignature } from '../../lib/runtime/webhook/signature';
import { candidatesIn, problemIn, secretProblem } from '../../lib/runtime/webhook/signing-secret';

const SCHEMES: readonly SignatureScheme[] = ['github', 'stripe', 'standard-webhooks'];
const NOW = 1_790_000_000_000;

/** What a store may hold by mistake; each is a secret that everybody knows, or none. */
const KNOWN_TO_EVERYBODY = [
  '',
  ' ',
  '\n\t ',
  'whsec_',
  'whsec_ ',
  'whsec_...',
  'whsec_<secret>',
  'whsec_your_secret_here',
  'whsec_xxxxxxxxxxxxxxxxxxxxxxxx',
  '...',
  '…',
  '<secret>',
  '<your webhook secret>',
  `\${${'WEBHOOK_SECRET'}}`,
  '{{ secret }}',
  '[secret]',
  'changeme',
  'CHANGE_ME',
  'change-me!',
  'TODO',
  'tbd',
  'secret',
  'your-secret',
  'your_secret_key',
  'my secret',
  'webhook_secret',
  'REPLACE_ME',
  'placeholder',
  'example',
  'undefined',
  'null',
  '********',
  'xxxxxxxx',
  '00000000',
  'zzzzzzzz',
  'short',
  '{"secret":"correct horse battery staple"}',
  '{}',
  '["correct horse battery staple"]',
  '"correct horse battery staple"',
];

describe.each(SCHEMES)('%s', (scheme) => {
  test.each(KNOWN_TO_EVERYBODY)('%j verifies nothing, however it is signed', (secret) => {
    expect(secretProblem(secret, scheme)).toEqual(expect.any(String));
    const body = '{"id":"evt_1"}';
    // What an attacker would try: the text itself, the empty key, the text without its prefix.
    for (const guess of [secret, '', secret.replace('whsec_', ''), secret.trim()]) {
      const headers = Object.fromEntries(
        Object.entries(signRequest(scheme, guess, body, 'd1', NOW)).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const request = { headers, body, receivedAtMillis: NOW };
      expect(verifySignature(scheme, request, [secret], 300)).toEqual({ valid: false, refusal: 'forged' });
    }
  });

  test('what senders really hand out is usable', () => {
    const real = [
      randomBytes(32).toString('hex'),
      'aB3xKq9Zr7TmWv2YpLc8Nf5HsJd6Gu1Eo4Ri0Vt',
      "It's a Secret to Everybody",
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      `whsec_${randomBytes(24).toString('base64')}`,
      `whsec_${randomBytes(64).toString('base64')}`,
    ];
    for (const secret of real) expect([secret, secretProblem(secret, scheme)]).toEqual([secret, undefined]);
  });

  test('a random secret of the length that the library generates is always usable', () => {
    const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
    const generated = fc.array(fc.constantFrom(...alphabet), { minLength: 48, maxLength: 48 });
    const claim = fc.property(generated, (letters) => {
      // All alike is possible and never drawn by a generator.
      fc.pre(new Set(letters).size > 1);
      expect(secretProblem(letters.join(''), scheme)).toBeUndefined();
    });
    fc.assert(claim, { numRuns: 200 });
  });

  test('the problem never holds the value', () => {
    const claim = fc.property(fc.string({ minLength: 9 }), (secret) => {
      fc.pre(secret.trim() !== '');
      expect(secretProblem(secret, scheme) ?? '').not.toContain(secret);
    });
    fc.assert(claim, { numRuns: 200 });
  });
});

describe('whsec_ of Standard Webhooks', () => {
  const problem = (text: string) => secretProblem(`whsec_${text}`, 'standard-webhooks');

  test('is strict base64 of 16 bytes or more', () => {
    expect(problem(randomBytes(16).toString('base64'))).toBeUndefined();
    expect(problem(randomBytes(15).toString('base64'))).toBe('is shorter than 16 bytes');
    for (const wrong of [
      'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!',
      'MfKQ 9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'é'.repeat(24),
      'MfKQ9',
    ]) {
      expect([wrong, problem(wrong)]).toEqual([wrong, expect.any(String)]);
    }
    expect(problem(Buffer.alloc(32).toString('base64'))).toBe('is one byte repeated');
  });

  test('base64 that means nothing decodes to nothing, which is the empty key', () => {
    for (const nothing of ['!!!!', '====', '.', '%%%']) {
      expect(Buffer.from(nothing, 'base64')).toHaveLength(0);
      expect(problem(nothing)).toEqual(expect.any(String));
    }
  });
});

describe('candidates', () => {
  const form = { scheme: 'github' } as const;
  const perTenant = { scheme: 'github', secretPerTenant: true } as const;
  const [acme, globex, old] = ['the secret of acme', 'the secret of globex', 'the old secret of acme'];
  const map = (tenants: object) => JSON.stringify(tenants, undefined, 2);

  test('of one secret: every line of every version', () => {
    expect(candidatesIn([`${acme}\n`, ` ${old} \n\n${globex}`], form, 'any').secrets).toEqual([acme, old, globex]);
    expect(candidatesIn([], form, 'any').problem).toBe('holds no text');
    expect(candidatesIn(['\n'], form, 'any').problem).toBe('is empty');
  });

  test('of a secret for each tenant: those of this tenant alone, one or a list', () => {
    const texts = [map({ acme: [acme, old], globex })];
    expect(candidatesIn(texts, perTenant, 'acme').secrets).toEqual([acme, old]);
    expect(candidatesIn(texts, perTenant, 'globex').secrets).toEqual([globex]);
  });

  test.each(['initech', 'constructor', '__proto__', 'toString', 'hasOwnProperty', '', 'ACME', 'acme '])(
    '%j is no tenant',
    (tenant) => {
      expect(candidatesIn([map({ acme })], perTenant, tenant)).toEqual({ secrets: [], tenantKnown: false });
    },
  );

  test('a tenant called __proto__ is one when the text says so', () => {
    expect(candidatesIn([`{"__proto__":"${acme}"}`], perTenant, '__proto__').secrets).toEqual([acme]);
  });

  test('the previous version counts for a tenant that the current one still names', () => {
    expect(candidatesIn([map({ acme }), map({ acme: old })], perTenant, 'acme').secrets).toEqual([acme, old]);
    // Taken out is revoked.
    expect(candidatesIn([map({ globex }), map({ acme: old, globex })], perTenant, 'acme').tenantKnown).toBe(false);
  });

  test.each([
    ['plain text', acme, 'not a JSON object'],
    ['a list', map([acme]), 'not a JSON object'],
    ['nothing', '', 'not a JSON object'],
    ['null', 'null', 'not a JSON object'],
    ['a number', map({ acme: 12345678 }), 'neither a secret nor a list'],
    ['an empty list', map({ acme: [] }), 'neither a secret nor a list'],
    ['an object', map({ acme: { secret: acme } }), 'neither a secret nor a list'],
    ['an empty secret', map({ acme: '' }), 'is empty'],
    ['a placeholder', map({ acme: 'changeme' }), 'is a placeholder'],
  ])('%s in the place of a secret for each tenant is a problem', (_, text, why) => {
    expect(candidatesIn([text], perTenant, 'acme')).toMatchObject({
      secrets: [],
      problem: expect.stringContaining(why),
    });
    expect(problemIn([text], perTenant)).toContain(why);
  });

  test('at start every tenant is looked at', () => {
    expect(problemIn([map({ acme, globex })], perTenant)).toBeUndefined();
    expect(problemIn([map({ acme, globex: 'changeme' })], perTenant)).toBe('is a placeholder');
    expect(problemIn([map({})], perTenant)).toBe('names no tenant');
  });
});
