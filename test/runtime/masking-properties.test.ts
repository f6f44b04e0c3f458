/** What masking keeps for every text there is. */
import * as fc from 'fast-check';
import { DEFAULT_MASKED_FIELDS, MASK, Masking } from '../../lib/runtime/masking';
import { runs } from '../support/property';

const masking = new Masking();

/** Pieces of what masking looks for, put together at random: halves, nested ones, and what is left of masked ones. */
const pieces = fc.constantFrom(
  ...[' ', '  ', '\n', '\r\n', '\t', '"', "'", '`', '\\', '\\"', '\\\\"', '=', ':', '=>', '==', '&', ';', ',', '%3D'],
  ...['{', '}', '[', ']', '(', ')', '<', '>', '</', '|', '-', '--', '.', '/', '://', '@', '%40', '#', '?', '+', '%20'],
  ...[MASK, 'masked', '[masked', 'masked]', 'password', 'pin', 'apiKey', 'Authorization', 'Cookie', 'note', 'name'],
  ...['Bearer', 'Basic', 'Token', 'value', 'hunter2', 'a', 'Zq', '1', '4111', '1111', '4111111111111111', '0'],
  ...['DE89', '3704', '0044', '0532', '0130', '00', 'de89370400440532013000', 'jane@example.com', 'postgres', 'b.cd'],
  ...['eyJhbGciOiJIUzI1NiJ9', 'eyJ', '-----BEGIN', ' PRIVATE KEY-----', '-----END', 'ghp_', 'a1B2c3D4e5F6g7H8i9J0'],
  ...['kty', 'd', '\u00fc', '\u00a0', '\uff1a', '\ud83d', '\ude00', '\u0000', '\uffff', 'login', 'identified by'],
);
const patchwork = fc.array(pieces, { maxLength: 24 }).map((parts) => parts.join(''));
const anyText = fc.oneof(
  { weight: 3, arbitrary: patchwork },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-composite' }) },
);
const anyJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    anyText,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(null, true, 4111111111111111, -4111111111111111),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(anyText, tie('value'), { maxKeys: 4 }),
    tie('value').map((value) => JSON.stringify(value)),
  ),
})).value;
const anyBody = fc.oneof(
  anyText,
  anyJson.map((value) => JSON.stringify(value)),
  anyJson.map((value) => JSON.stringify(value, undefined, 2)),
  fc
    .array(fc.tuple(fc.constantFrom('pin', 'note', 'a[b]'), anyText), { minLength: 1, maxLength: 4 })
    .map((pairs) =>
      pairs.map(([name, value]) => `${name}=${encodeURIComponent(value.replace(/[\ud800-\udfff]/g, ''))}`).join('&'),
    ),
);
const many = { numRuns: 5 * runs };

test('masking ends, throws nothing, and gives a text; JSON stays JSON', () => {
  fc.assert(
    fc.property(anyBody, (body) => {
      const masked = masking.body(body);
      if (!isForm(body)) expect(() => JSON.parse(masked)).not.toThrow();
      expect(typeof masking.named('note', body)).toBe('string');
    }),
    many,
  );
});

test('masking twice is masking once', () => {
  fc.assert(
    fc.property(anyBody, (body) => {
      const once = masking.body(body);
      expect(masking.body(once)).toBe(once);
      const named = masking.named('note', body);
      expect(masking.named('note', named)).toBe(named);
    }),
    many,
  );
});

test('what is no secret stands where it stood: objects keep their names and their order', () => {
  const name = fc.stringMatching(/^k[a-d]{1,5}$/);
  const value = fc.oneof(fc.integer(), fc.boolean(), fc.stringMatching(/^[a-z ]{0,20}$/), fc.constant(null));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 8 }), fc.constantFrom('', ' ', '\n  '), (pairs, blank) => {
      const written = pairs.map(([key, item]) => `${blank}"${key}":${blank}${JSON.stringify(item)}`);
      const kept = pairs.map(([key, item]) => `"${key}":${JSON.stringify(item)}`);
      expect(masking.body(`{${written.join(',')}}`)).toBe(`{${kept.join(',')}}`);
    }),
    { numRuns: runs },
  );
});

describe('a planted secret does not survive', () => {
  const letters = fc.stringMatching(/^[G-Zg-z]{16,24}$/);
  const name = fc
    .constantFrom(...DEFAULT_MASKED_FIELDS)
    .chain((field) => fc.constantFrom(field, field.toUpperCase(), `my_${field}`, `${field}-2`, `a.b.${field}`));
  const token = letters.map((secret) => ({ secret, text: `eyJhbGciOiJIUzI1NiJ9.${secret}.${secret}` }));
  const planted = fc.oneof(
    fc.tuple(letters, name, fc.constantFrom('=', ': ', ' = ', '="', "='", ':=')).map(([secret, field, sign]) => ({
      secret,
      text: `${field}${sign}${secret}`,
    })),
    fc.tuple(letters, name).map(([secret, field]) => ({ secret, text: `{\\"${field}\\":\\"x ${secret}\\"}` })),
    token,
    letters.map((secret) => ({ secret, text: `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----` })),
    letters.map((secret) => ({ secret, text: `postgres://root:${secret}@db/shop` })),
    letters.map((secret) => ({ secret, text: `${secret}@example.com` })),
    letters.map((secret) => ({ secret, text: `Authorization: Token ${secret}` })),
  );
  /** Words that neither open a quote nor change what stands before the secret. */
  const around = fc.array(fc.constantFrom('order', '7', 'failed.', '(x)', 'GET /a', '\u00fc', 'compass'), {
    maxLength: 5,
  });

  test('wherever in a text, and however deep that text stands', () => {
    const step = fc.constantFrom('array', 'object', 'string', 'form');
    fc.assert(
      fc.property(
        planted,
        around,
        around,
        fc.array(step, { maxLength: 6 }),
        ({ secret, text }, before, behind, path) => {
          let body: unknown = [...before, text, ...behind].join(' ');
          for (const way of path) {
            if (way === 'array') body = ['x', body, 1];
            if (way === 'object') body = { a: 1, inner: body };
            if (way === 'string') body = { log: JSON.stringify(body) };
            if (way === 'form') body = `a=1&payload=${encodeURIComponent(JSON.stringify(body))}`;
          }
          expect(masking.body(JSON.stringify(body))).not.toContain(secret);
          expect(masking.named('note', JSON.stringify(body))).not.toContain(secret);
        },
      ),
      many,
    );
  });

  test('under a sensitive name, whatever the value', () => {
    fc.assert(
      fc.property(letters, name, anyJson, (secret, field, noise) => {
        fc.pre(!JSON.stringify(noise).includes(secret));
        for (const value of [secret, { noise, secret }, [secret, noise], JSON.stringify({ secret })]) {
          expect(masking.body(JSON.stringify({ noise, [field]: value }))).not.toContain(secret);
          expect(masking.body(JSON.stringify({ name: field, noise, value }))).not.toContain(secret);
          expect(masking.body(JSON.stringify([[field, value]]))).not.toContain(secret);
        }
      }),
      { numRuns: runs },
    );
  });
});

function isForm(body: string): boolean {
  return /^[^=&\s]{1,64}=/.test(body);
}
