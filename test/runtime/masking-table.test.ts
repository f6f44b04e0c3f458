/** What masking takes and what it leaves, one line a form. Every secret here is made up. */
import { MASK, Masking } from '../../lib/runtime/masking';

const masking = new Masking();
const secret = 'Zq7hunter2Xw';
const letters = (length: number) => 'a1B2c3D4e5F6g7H8'.repeat(20).slice(0, length);
const hex = (length: number) => 'a1b2c3d4e5f60718'.repeat(20).slice(0, length);
const begin = (kind: string) => `-----BEGIN ${kind}PRIVATE KEY-----`;
const end = (kind: string) => `-----END ${kind}PRIVATE KEY-----`;
const jwtHeader = 'eyJhbGciOiJIUzI1NiJ9';

/** Texts, and what of them must not be read. Each is tried as an attribute, in JSON, and in JSON inside JSON. */
const goesFromText: readonly (readonly [string, string])[] = [
  // Private keys
  [`${begin('RSA ')}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n${secret}==\n${end('RSA ')}`, secret],
  [`${begin('')}\\nMII${secret}\\n${end('')}`, secret],
  [`${begin('')}\\\\nMII${secret}\\\\n${end('')}`, secret],
  [`${begin('')}\r\n${secret}\r\n${end('')}`, secret],
  [`${begin('OPENSSH ')} ${secret} ${end('OPENSSH ')}`, secret],
  [`${begin('EC ')}${secret}`, secret],
  [`${begin('ENCRYPTED ')}%0A${secret}%0A${end('ENCRYPTED ')}`, secret],
  [`-----BEGIN+RSA+PRIVATE+KEY-----%0A${secret}`, secret],
  [`-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${secret}\n-----END PGP PRIVATE KEY BLOCK-----`, secret],
  [`---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n${secret}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----`, secret],
  [`PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 1\n${secret}\nPrivate-MAC: ${hex(40)}`, secret],
  [`AGE-SECRET-KEY-1${'QPZRY9X8'.repeat(8).slice(0, 58)}`, 'QPZRY9X8'],
  // JSON web tokens
  [`session_${jwtHeader}.eyJzdWIiOiIxIn0.${secret}`, secret],
  [`jwt ${jwtHeader}.${letters(300).repeat(20)}.${secret}`, secret],
  [`jwt ${jwtHeader}.eyJzdWIiOiIxIn0.${letters(300).repeat(20)}${secret}`, secret],
  [`jwe ${jwtHeader}.${letters(40)}.${letters(16)}.${letters(40)}.${secret}`, secret],
  [`jwe ${jwtHeader}..${letters(16)}.${letters(40)}.${secret}`, secret],
  [`unsigned ${jwtHeader}.${secret}.`, secret],
  [`cut off ${jwtHeader}.${secret}`, secret],
  [`spaced eyAiYWxnIjogIkhTMjU2In0.${secret}.${letters(20)}`, secret],
  // Headers
  [`Authorization: Token ${secret}`, secret],
  [`Authorization: ApiKey ${secret}`, secret],
  [`Authorization: Digest username="bob", nonce="1", response="${secret}"`, secret],
  [`Authorization: AWS4-HMAC-SHA256 Credential=X/2026/s3, SignedHeaders=host, Signature=${secret}`, secret],
  [`authorization: Custom a, b, ${secret}\r\nHost: x`, secret],
  [`Proxy-Authorization: Basic ${secret}`, secret],
  [`curl -H 'Authorization: Token ${secret}' https://example.com`, secret],
  [`curl -H "X-Api-Key: ${secret}" https://example.com`, secret],
  [`Cookie: theme=dark; sessionid=1; x=${secret}`, secret],
  [`Set-Cookie: s=${secret}; HttpOnly`, secret],
  [`Bearer ${secret}`, secret],
  // Names and values
  [`pwd=${secret}`, secret],
  [`pass: ${secret}`, secret],
  [`user.pass=${secret}`, secret],
  [`cvv2=${secret}`, secret],
  [`cvc2: ${secret}`, secret],
  [`otp ${'='} ${secret}`, secret],
  [`sessionId=${secret}`, secret],
  [`JSESSIONID=${secret}`, secret],
  [`PASSWORD := ${secret}`, secret],
  [`password==${secret}`, secret],
  [`{password => ${secret}}`, secret],
  [`password\uff1a${secret}`, secret],
  [`\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44=${secret}`, secret],
  [`{"password":"two ${secret}`, secret],
  [`{\\"password\\": \\"two \\\\\\"${secret}\\", \\"id\\": 7}`, secret],
  [`{'password': 'it''s ${secret}', 'id': 7}`, secret],
  [`password = """${secret}"""`, secret],
  [`'tokens': ['a', '${secret}']`, secret],
  [`password: |\n  first\n  ${secret}\nnext: 1`, secret],
  [`API key: ${secret}`, secret],
  [`the card number = ${secret}`, secret],
  [`user[password]=${secret}`, secret],
  [`spring.datasource.password=${secret}`, secret],
  [`${'x'.repeat(300)}password=${secret}`, secret],
  [`GET /?a=1&access_token=${secret}&b=2`, secret],
  [`next=%2Flogin%3Fpassword%3D${secret}`, secret],
  [`next=password%253D${secret}`, secret],
  [`mysql --user root --password ${secret} shop`, secret],
  [`tool -token ${secret}`, secret],
  [`<soap:password type="text">${secret}</soap:password>`, secret],
  [`machine x login bob password ${secret}`, secret],
  [`CREATE USER bob IDENTIFIED BY '${secret}'`, secret],
  [`ALTER ROLE bob PASSWORD '${secret}'`, secret],
  // Connection strings
  [`postgres://root:${secret}@db`, secret],
  [`postgres://root:${secret}@db:5432/shop?x=1`, secret],
  [`redis://:${secret}@cache`, secret],
  [`https://${secret}@github.com/x/y.git`, secret],
  [`amqp://bob:p@ss${secret}@mq/vhost`, secret],
  [`postgres://root:p/${secret}@db/shop`, secret],
  [`mongodb+srv://bob:${secret}@a.example.com,b.example.com/shop`, secret],
  [`bob:${secret}@tcp(db:3306)/shop`, secret],
  [`bob:${secret}@db:5432`, secret],
  [`curl -u bob:${secret} https://example.com`, secret],
  [`[('Host', 'x'), ('password', '${secret}')]`, secret],
  [`jdbc:oracle:thin:scott/${secret}@//db:1521/x`, secret],
  [`jdbc:sqlserver://db;user=sa;password=${secret};`, secret],
  [`DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${secret}==;EndpointSuffix=y`, secret],
  [`Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=${secret}=`, secret],
  [`Server=db;Uid=sa;Pwd=${secret};`, secret],
  [`https://x.blob.core.windows.net/c?sv=1&sig=${secret}%3D`, secret],
  // Keys that issuers mark
  [`AIza${letters(35)}`, letters(35)],
  [`ya29.${letters(60)}`, letters(60)],
  [`GOCSPX-${letters(28)}`, letters(28)],
  [`SK${hex(32)}`, hex(32)],
  [`SG.${letters(22)}.${letters(43)}`, letters(22)],
  [`npm_${letters(36)}`, letters(36)],
  [`glpat-${letters(20)}`, letters(20)],
  [`hf_${letters(34)}`, letters(34)],
  [`sk-proj-${letters(48)}`, letters(48)],
  [`sk-ant-api03-${letters(90)}`, letters(90)],
  [`xoxc-${letters(30)}`, letters(30)],
  [`xoxe.xoxp-1-${letters(30)}`, letters(30)],
  [`xapp-1-A0-${letters(40)}`, letters(40)],
  [`https://hooks.slack.com/services/T0/B0/${letters(24)}`, letters(24)],
  [`https://discord.com/api/webhooks/1/${letters(60)}`, letters(60)],
  [`123456789:AA${letters(33)}`, letters(33)],
  [`ghp_${letters(300)}`, letters(300).slice(-20)],
  [`github_pat_${letters(82)}`, letters(82)],
  [`sk_live_${letters(24)}`, letters(24)],
  [`shpat_${hex(32)}`, hex(32)],
  [`dop_v1_${hex(64)}`, hex(64)],
  [`pypi-${letters(150)}`, letters(150)],
  [`dckr_pat_${letters(27)}`, letters(27)],
  [`hvs.${letters(90)}`, letters(90)],
  [`dapi${hex(32)}`, hex(32)],
  [`key-${hex(32)}`, hex(32)],
  [`${hex(32)}-us12`, hex(32)],
  [`NRAK-${'ABCDEFGHJKLMNPQRSTUVWXYZ123'}`, 'ABCDEFGHJKLM'],
  [`lin_api_${letters(40)}`, letters(40)],
  [`ATATT3${letters(180)}`, letters(180)],
  // Numbers
  ['4111.1111.1111.1111', '1111.1111'],
  ['4111\u00a01111\u00a01111\u00a01111', '4111\u00a0'],
  ['4111 - 1111 - 1111 - 1111', '1111 - 1111'],
  ['4111%201111%201111%201111', '1111%20'],
  ['4111+1111+1111+1111', '1111+1111'],
  ['3782 822463 10005', '822463'],
  ['6304 9506 0000 0000 000', '9506'],
  ['2223000048400011', '2223000048400011'],
  ['de89370400440532013000', '0532013000'],
  ['de89 3704 0044 0532 0130 00', '0532 0130'],
  ['BE68 5390 0754 7034 have fun', '5390 0754'],
  ['BE68 5390 0754 7034 DE89 3704 0044 0532 0130 00', '0532 0130'],
  ['GB82-WEST-1234-5698-7654-32', '1234-5698'],
  // Addresses
  ['a%40b.com', 'a%40b.com'],
  ['jane%2540example.com', 'jane%2540'],
  ['j\u00fcrgen@m\u00fcller.de', 'm\u00fcller'],
  ['\u7528\u6237@\u4f8b\u3048.\u30c6\u30b9\u30c8', '\u4f8b\u3048'],
  ['jane@sub.sub.example.co.uk', 'jane@'],
  ["o'neil+tag@example.com", 'tag@example'],
  ['jane@[192.168.0.1]', 'jane@['],
];

/** Bodies that are JSON or forms themselves. */
const goesFromBody: readonly (readonly [string, string])[] = [
  [JSON.stringify({ name: 'DB_PASSWORD', value: secret }), secret],
  [JSON.stringify({ value: secret, name: 'DB_PASSWORD' }), secret],
  [JSON.stringify({ Key: 'api-key', Value: { deep: [secret] } }), secret],
  [JSON.stringify({ id: 'password', type: 'text', content: secret }), secret],
  [JSON.stringify({ type: 'password', value: secret }), secret],
  [JSON.stringify({ field: 'pin', oldValue: 1, newValue: secret }), secret],
  [JSON.stringify([['X-Api-Key', secret]]), secret],
  [JSON.stringify(['Host', 'x', 'Authorization', secret]), secret],
  [JSON.stringify(['mysql', '--password', secret, 'shop']), secret],
  [JSON.stringify({ headers: { 'x-amz-security-token': secret } }), secret],
  [JSON.stringify({ pwd: secret }), secret],
  [JSON.stringify({ user: { pass: secret } }), secret],
  [JSON.stringify({ CVV2: secret, cvc2: secret, OTP: secret, sessionId: secret }), secret],
  [JSON.stringify({ auths: { registry: { auth: secret } } }), secret],
  [JSON.stringify({ customerPINCode: secret, pin2: secret }), secret],
  [JSON.stringify({ kty: 'RSA', n: 'public', d: secret, p: secret, qi: secret }), secret],
  [`{"pass\\u0077ord":"${secret}"}`, secret],
  [`{"password":"${secret}","password":"x"}`, secret],
  [`{"__proto__":{"password":"${secret}"}}`, secret],
  ['{"n":-4111111111111111}', '4111111111111111'],
  ['{"n":41111111111111113}', '41111111111111113'],
  ['{"n":411111111111111118}', '411111111111111118'],
  ['{"n":6304950600000000007}', '6304950600000000007'],
  ['[6304950600000000007 , 1]', '6304950600000000007'],
  ['{"n":4111111111111111.0}', '4111111111111111'],
  ['{"n":4.111111111111111e15}', '4.111111111111111'],
  ['4111111111111111', '4111111111111111'],
  [JSON.stringify(JSON.stringify(JSON.stringify({ pin: secret }))), secret],
  [`name=x&password=${secret}`, secret],
  [`payload=${encodeURIComponent(JSON.stringify({ password: secret }))}`, secret],
  [`a=1&card=4111+1111+1111+1111`, '1111+1111'],
  [`pass%77ord=${secret}`, secret],
  [JSON.stringify({ body: `a=1&payload=${encodeURIComponent(JSON.stringify({ pin: secret }))}` }), secret],
  [JSON.stringify({ path: `/?payload=%7B%22pin%22%3A%22${secret}` }), secret],
];

/** Texts that only look like one of these. */
const stays: readonly string[] = [
  'className=wide',
  'compass: north',
  'passenger: 7',
  'passengers=3',
  'spin=1',
  'spinning: true',
  'pancake: 2',
  'japan: tokyo',
  'company=acme',
  'hotpink: yes',
  'topping=cheese',
  'panel: left',
  'expand=true',
  'classname: a',
  'lessons: 4',
  'design: flat',
  'assign: bob',
  'sidebar=open',
  'inside: yes',
  'outside=1',
  'opinion: none',
  'shipping=dhl',
  'order 4111111111111112',
  'order 1234567890123456',
  'order 411111111111111',
  'at 1700000000000',
  'at 1700000000000 1700000000001',
  '2026-11-28T16:47:45.123Z',
  '2026-11-28 16:47:45',
  '20260101123456789012',
  '550e8400-e29b-41d4-a716-446655440000',
  '41111111-1111-1111-1111-111111111111',
  'DE00370400440532013000',
  'DE89 3704 0044 0532 0130 01',
  'lodash@4.17.21',
  '@aws-sdk/client-sqs',
  'a @ b',
  'https://example.com/a/b?c=d#e',
  'https://example.com:8443/a?b=c',
  'at 10:30 and 11:45',
  '10.0.0.1:8080',
  'arn:aws:sqs:eu-west-1:000000000000:orders',
  'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'd41d8cd98f00b204e9800998ecf8427e',
  'npm_config_registry',
  'npm_lifecycle_event',
  'ask-me-anything-about-it',
  'task-1234567890123456789012',
  'risk-free',
  '-----BEGIN CERTIFICATE----- MIIB -----END CERTIFICATE-----',
  '-----BEGIN PUBLIC KEY----- MIIB -----END PUBLIC KEY-----',
  'eyJ is how it begins',
  'SG.short',
  'AKIA',
  'a=b',
  'x --verbose run',
  '<p>text</p>',
  'phase: one',
  '12,345.67',
  '+1 (555) 010',
  "('Host', 'x')",
];

const staysInBody: readonly string[] = [
  '{"className":"a","compass":1,"passenger":"p","spin":2,"pancake":true}',
  '{"name":"color","value":"red"}',
  '{"name":"passenger","value":"bob"}',
  '[["Host","example.com"]]',
  '["compass","north"]',
  '{"n":12345678901234567890123}',
  '{"n":1234567890123456789}',
  '{"n":-1.5e-7,"m":1E400}',
  '{"a":1,"a":2}',
  '{"__proto__":{"a":1}}',
  '{"ein \\"Wort\\"":"\\ud83d\\ude00 \\u00fc"}',
  '{"d":"not a key","p":1}',
  '[1,"","password","x"]',
  'a=1&b=two+words&c=%C3%BC',
];

const quoted = (text: string) => JSON.stringify({ note: text });
const places: readonly (readonly [string, (text: string) => string])[] = [
  ['an attribute', (text) => masking.named('note', text)],
  ['JSON', (text) => masking.body(quoted(text))],
  ['an array in JSON', (text) => masking.body(JSON.stringify(['x', { a: [text] }, 'y']))],
  ['JSON inside JSON', (text) => masking.body(quoted(quoted(text)))],
  ['a form', (text) => masking.body(`note=${encodeURIComponent(text)}`)],
  ['between others', (text) => masking.named('note', `before ${text} behind`)],
];

test('the tables are as long as what they stand for', () => {
  expect(goesFromText.length + goesFromBody.length).toBeGreaterThan(120);
  expect(stays.length + staysInBody.length).toBeGreaterThan(50);
});

describe('what must go', () => {
  test.each(goesFromText)('%j', (text, hidden) => {
    expect(text).toContain(hidden);
    for (const [place, masked] of places) {
      const once = masked(text);
      // A form writes what it escapes, so the secret is looked for in both spellings.
      expect([place, once.includes(hidden) || once.includes(encodeURIComponent(hidden)), once]).toEqual([
        place,
        false,
        once,
      ]);
      expect(once).toContain(MASK);
    }
  });

  test.each(goesFromBody)('%s', (body, hidden) => {
    for (const masked of [masking.body(body), masking.body(quoted(body)), masking.named('note', body)]) {
      expect(masked).not.toContain(hidden);
      expect(masked).toContain(MASK);
    }
  });
});

describe('what must stay', () => {
  test.each(stays)('%j', (text) => {
    expect(masking.named('note', text)).toBe(text);
    expect(masking.body(quoted(text))).toBe(quoted(text));
    expect(masking.body(quoted(quoted(text)))).toBe(quoted(quoted(text)));
    expect(masking.body(`note=${encodeURIComponent(text)}`)).toBe(`note=${encodeURIComponent(text)}`);
  });

  test.each(staysInBody)('%s', (body) => {
    expect(masking.body(body)).toBe(body);
    expect(masking.body(quoted(body))).toBe(quoted(body));
  });
});

describe('what stands beside a secret stays', () => {
  test.each([
    ['login of bob failed, password=hunter2, attempt 3', `login of bob failed, password=${MASK}, attempt 3`],
    ['postgres://root:pw@db:5432/shop', `postgres://${MASK}@db:5432/shop`],
    ['pay 4111 1111 1111 1111 123 now', `pay ${MASK} 123 now`],
    ['BE68 5390 0754 7034 have fun', `${MASK} have fun`],
    ["curl -H 'Authorization: Token x1' https://example.com", `curl -H 'Authorization: ${MASK}' https://example.com`],
    ['a=1;AccountKey=abc==;b=2', `a=1;AccountKey=${MASK};b=2`],
    ['pwd: >-\n  one\n  two\nx: 1', `pwd: ${MASK}\nx: 1`],
    ['<id>7</id><pin>1234</pin>', `<id>7</id><pin>${MASK}</pin>`],
    [`key:\n${begin('')}\n${secret}\n${end('')}\nnext`, `key:\n${MASK}\nnext`],
  ])('%j', (text, masked) => expect(masking.named('note', text)).toBe(masked));

  test.each([
    [
      '{"order":7,"password":null,"n":12345678901234567890}',
      `{"order":7,"password":"${MASK}","n":12345678901234567890}`,
    ],
    ['{"name":"DB_PASSWORD","value":"x","used":true}', `{"name":"DB_PASSWORD","value":"${MASK}","used":true}`],
    ['["X-Api-Key","x"]', `["X-Api-Key","${MASK}"]`],
    ['{"card":-4111111111111111}', `{"card":"${MASK}"}`],
    ['{"a@b.example":1,"c@b.example":2,"c@b.example":3}', `{"${MASK}":1,"${MASK}2":2,"${MASK}2":3}`],
  ])('%s', (body, masked) => expect(masking.body(body)).toBe(masked));
});

test('masking twice is masking once, for every line above', () => {
  const digest = masking.body('Zq\ud83d');
  expect(masking.body(digest)).toBe(digest);
  const brought = masking.body('[-4111111111111111,"","password","x"]');
  expect(masking.body(brought)).toBe(brought);
  const texts = [...goesFromText.map(([text]) => text), ...stays];
  const bodies = [...goesFromBody.map(([body]) => body), ...staysInBody, ...texts.map(quoted)];
  for (const body of bodies) {
    const once = masking.body(body);
    expect(masking.body(once)).toBe(once);
  }
  for (const text of texts) {
    const once = masking.named('note', text);
    expect(masking.named('note', once)).toBe(once);
  }
});

test('without names to mask, what is told by its look still goes', () => {
  const bare = new Masking([]);
  expect(bare.body('{"password":"hunter2","note":"jane@example.com"}')).toBe(`{"password":"hunter2","note":"${MASK}"}`);
});
