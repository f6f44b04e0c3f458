import * as fc from 'fast-check';
import { DEFAULT_MASKED_FIELDS, MASK, Masking } from '../../lib/runtime/masking';
import { runs } from '../support/property';

const masking = new Masking();
const card = '4111111111111111';
const iban = 'DE89370400440532013000';
const github = `ghp_${'a1B2'.repeat(9)}`;

describe('a secret is masked by the name of its field', () => {
  test.each([
    ['password', 'the name itself'],
    ['PASSWORD', 'case does not matter'],
    ['user_password', 'nor what stands before it'],
    ['passwordHash', 'nor after it'],
    ['X-Api-Key', 'nor the separators'],
    ['Authorization', 'a header'],
    ['customerSSN', 'a short name as a word of its own'],
    ['card_number', 'snake case of a camel-case default'],
  ])('%s (%s)', (name) => {
    expect(JSON.parse(masking.body(JSON.stringify({ a: [{ [name]: { deep: 'hunter2' } }] })))).toEqual({
      a: [{ [name]: MASK }],
    });
  });

  test.each(['className', 'spinning', 'japan', 'company'])('%s only happens to contain a short name', (name) => {
    expect(masking.isSensitive(name)).toBe(false);
  });
});

describe('a secret is masked by its look', () => {
  test.each([
    [`paid with ${card} today`, card],
    ['paid with 4111 1111 1111 1111 123', '4111 1111'],
    ['card 2 4111-1111-1111-1111', '4111-1111'],
    [`iban ${iban}`, iban],
    ['iban DE89 3704 0044 0532 0130 00', '0532'],
    ['write to jane.doe@example.com', 'jane.doe'],
    ['Authorization: Bearer abcdef123456', 'abcdef123456'],
    ['login failed, password=hunter2', 'hunter2'],
    ['login failed, {"password": "two words', 'words'],
    ['GET /?token=abcdef&x=1', 'abcdef'],
    ['key AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLE'],
    [`push with ${github}`, github],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'eyJzdWIi'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----', 'MIIEow'],
  ])('%s', (text, secret) => {
    expect(masking.body(JSON.stringify({ note: text }))).not.toContain(secret);
    expect(masking.named('note', text)).not.toContain(secret);
  });

  test.each(['order 4111111111111112', 'at 1700000000000', 'id 20260101123456789012', 'DE00370400440532013000'])(
    '%s is no secret: the check digits do not fit',
    (text) => expect(JSON.parse(masking.body(JSON.stringify({ text })))).toEqual({ text }),
  );

  test('a card number that is a JSON number', () => {
    expect(masking.body(`{"n":${card}}`)).toBe(`{"n":"${MASK}"}`);
  });

  test('in a key', () => {
    expect(JSON.parse(masking.body('{"a@b.example":1,"c@b.example":2}'))).toEqual({ [MASK]: 1, [`${MASK}2`]: 2 });
  });

  test('in JSON inside a string, as SNS envelopes have it', () => {
    const body = JSON.stringify({ Message: JSON.stringify({ password: 'hunter2', id: 7 }) });
    expect(JSON.parse(JSON.parse(masking.body(body)).Message)).toEqual({ password: MASK, id: 7 });
  });
});

describe('a body that is no JSON', () => {
  test('a form keeps its shape', () => {
    expect(masking.body('id=7&password=hunter2&mail=jane%40example.com')).toBe(`id=7&password=${MASK}&mail=${MASK}`);
  });

  test.each(['<xml>hunter2</xml>', 'hunter2', '{"password": "hunter2"', 'aHVudGVyMg==', 'aHVudGVyMg=', ''])(
    '%s is masked whole',
    (body) => {
      const masked = JSON.parse(masking.body(body));
      expect(Object.keys(masked)).toEqual(['masked', 'bytes', 'sha256']);
      expect(masked.bytes).toBe(Buffer.byteLength(body));
    },
  );
});

describe('whatever comes', () => {
  const secret = fc.stringMatching(/^[g-z]{12}$/);
  const field = fc
    .constantFrom(...DEFAULT_MASKED_FIELDS)
    .chain((name) => fc.constantFrom(name, name.toUpperCase(), `my_${name}`, `${name}-2`));
  const step = fc.oneof(fc.constant('array'), fc.constant('object'), fc.constant('string'));

  test('no configured secret survives, however deep', () => {
    fc.assert(
      fc.property(
        secret,
        field,
        fc.array(step, { maxLength: 10 }),
        fc.jsonValue({ maxDepth: 2 }),
        (value, name, path, noise) => {
          let document: unknown = { noise, [name]: value };
          for (const way of path) {
            document =
              way === 'array'
                ? [noise, document]
                : way === 'object'
                  ? { noise, inner: document }
                  : { log: JSON.stringify(document) };
          }
          // What is above all names is the noise's own business.
          fc.pre(!JSON.stringify(noise).includes(value));
          expect(masking.body(JSON.stringify(document))).not.toContain(value);
        },
      ),
      { numRuns: runs },
    );
  });

  test('masking twice is masking once', () => {
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc.emailAddress(),
      fc.webUrl({ withQueryParameters: true }),
      fc.constant(card),
      fc.constant(`a=${card}&b=%zz`),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.record({ text, password: text }).map((value) => JSON.stringify(value)),
        ),
        (body) => {
          const once = masking.body(body);
          expect(masking.body(once)).toBe(once);
        },
      ),
      { numRuns: runs },
    );
  });

  test('JSON stays JSON, and what is no secret stays as it is', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.stringMatching(/^k[a-d]{1,5}$/),
          fc.oneof(fc.integer(), fc.boolean(), fc.stringMatching(/^[a-z ]{0,20}$/), fc.constant(null)),
        ),
        (value) => {
          expect(JSON.parse(masking.body(JSON.stringify(value)))).toEqual(value);
        },
      ),
      { numRuns: runs },
    );
  });

  test.each([
    ['nested arrays', `${'['.repeat(500_000)}${']'.repeat(500_000)}`],
    ['one letter', JSON.stringify('a'.repeat(1_000_000))],
    ['digits in groups', JSON.stringify('4 '.repeat(500_000))],
    ['half a token', JSON.stringify('eyJ'.repeat(330_000))],
    ['half a key', JSON.stringify('-----BEGIN RSA PRIVATE KEY----- '.repeat(30_000))],
    ['half an assignment', JSON.stringify('password:'.repeat(110_000))],
    ['half an address', JSON.stringify('a@'.repeat(500_000))],
    ['a prototype', '{"__proto__":{"password":"hunter2"}}'],
  ])('a megabyte made to break it costs seconds, not minutes: %s', (_, body) => {
    const begin = Date.now();
    expect(masking.body(body)).not.toContain('hunter2');
    expect(Date.now() - begin).toBeLessThan(5000);
  });
});
