/**
 * Masking takes time in proportion to the text, however hostile. Four times the text takes four times the time; a path
 * that takes the square of it takes sixteen times as long, and at a mebibyte does not end within the safety bound.
 */
import { Masking } from '../../lib/runtime/masking';

const masking = new Masking();
const MEBIBYTE = 1_048_576;
/** Beyond four there are the garbage collector and the neighbours on the machine; the square would be sixteen. */
const MOST_GROWTH = 10;
const TRIES = 5;
/** Below this a ratio says nothing: the clock and the compiler are most of it. */
const MEASURABLE_MILLIS = 20;
const SAFETY_MILLIS = 8000;

const filled = (part: string) => (bytes: number) => part.repeat(Math.ceil(bytes / part.length)).slice(0, bytes);
const text = (part: string) => (bytes: number) => JSON.stringify(filled(part)(bytes));
/** As many members as fit, each made of its number. */
const members = (open: string, member: (index: number) => string, close: string) => (bytes: number) => {
  const parts: string[] = [];
  for (let length = 0, index = 0; length < bytes; index++) {
    parts.push(member(index));
    length += parts[index].length + 1;
  }
  return `${open}${parts.join(',')}${close}`;
};

const shapes: Record<string, (bytes: number) => string> = {
  'names that mask alike': members('{', (index) => `"a${index}@b.cd":1`, '}'),
  'names that mask alike beside those they would get': members(
    '{',
    (index) => (index % 2 ? `"[masked]${index}":1` : `"a${index}@b.cd":1`),
    '}',
  ),
  'one name again and again': members('{', () => '"a@b.cd":1', '}'),
  'many names': members('{', (index) => `"n${index}":1`, '}'),
  'many sensitive names': members('{', (index) => `"pin${index}":1`, '}'),
  'many objects with name and value': members('[', () => '{"name":"pin","value":1}', ']'),
  'one object with many names and values': members(
    '{',
    (index) => (index % 2 ? `"name":"pin${index}"` : `"value":${index}`),
    '}',
  ),
  'pairs of name and value': members('[', () => '["pin",1]', ']'),
  'a list of names and values': members('[', () => '"pin","x"', ']'),
  'one name as long as the document': (bytes) => `{"${filled('Ab1')(bytes)}":1}`,
  'one name of digits': (bytes) => `{"${filled('1')(bytes)}a":1}`,
  numbers: members('[', () => '4111111111111111', ']'),
  'one number': filled('4'),
  'nested arrays': (bytes) => `${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}`,
  'nested objects': (bytes) => `${'{"a":'.repeat(bytes / 6)}1${'}'.repeat(bytes / 6)}`,
  blanks: (bytes) => `{${filled(' ')(bytes)}"a":1}`,
  escapes: (bytes) => `"${filled('\\u0041')(bytes - (bytes % 6))}"`,
  backslashes: (bytes) => `"${filled('\\\\')(bytes)}"`,
  'escaped quotes': (bytes) => `"${filled('\\"')(bytes)}"`,
  'JSON inside JSON, as deep as it goes': (bytes) => {
    let inner = JSON.stringify({ a: filled('x ')(bytes / 4) });
    while (inner.length < bytes * 0.7) inner = JSON.stringify({ a: inner, b: 1 });
    return inner;
  },
  'JSON inside JSON, many times': members('[', () => '"{\\"a\\":\\"{}\\"}"', ']'),
  'what begins like JSON': text('[{"a":'),
  'one letter': text('a'),
  'one capital': text('A'),
  words: text('lorem ipsum '),
  digits: text('4'),
  'digits in groups': text('4 '),
  'digits with wide gaps': text('4 - '),
  'escaped blanks between digits': text('4%20'),
  'card numbers': text('4111 1111 1111 1111 '),
  'all but card numbers': text('4111 1111 1111 1112 '),
  'half an IBAN': text('DE89 '),
  IBANs: text('DE89 3704 0044 0532 0130 00 '),
  'half a UUID': text('550e8400-e29b-41d4-a716-'),
  'at signs': text('@'),
  'half an address': text('a@'),
  'addresses without an end': text('a@b.c.d.e.f.g.h.i.j.k.'),
  'escaped at signs': text('%40'),
  'half a token': text('eyJ'),
  'parts of tokens': text('eyJabcdefgh.'),
  'dots after a token': text('eyJabcdefghijk.....'),
  'half a private key': text('-----BEGIN RSA PRIVATE KEY----- '),
  'the beginning of a private key': text('-----BEGIN '),
  dashes: text('-'),
  assignments: text('password:'),
  'quoted assignments': text('password="'),
  'escaped quoted assignments': text('\\"password\\":\\"'),
  'bracketed assignments': text('password=['),
  separators: text('=:'),
  'escaped separators': text('%3D'),
  'escapes before separators': text('%22%253D'),
  'equals signs after names': text('abcdefgh='),
  'names of several words': text('a b c:'),
  headers: text('Authorization: '),
  'header lines': text('Cookie: a=b\n'),
  'YAML blocks': text('password: |\n  a\n'),
  options: text('--password '),
  'halves of options': text(' --a'),
  elements: text('<password>'),
  'halves of elements': text('<a '),
  schemes: text('a://'),
  'user info': text('a://b:c'),
  'user info and at signs': text('a://b:c@'),
  logins: text('login a password '),
  'user options': text('-u a:'),
  pairs: text("('a','"),
  'sensitive pairs': text("('pin','"),
  'user and password': text('a:b@c '),
  SQL: text("identified by '"),
  'every prefix of a key': text('AKIA ghp_ xoxb- sk_live_ whsec_ SG. ya29. glpat- hf_ npm_ v1.0- 1//0 key- '),
  'a key without an end': text('ghp_abcdefghijklmnopqrstuvwxyz0123456789'),
  bearers: text('Bearer Basic '),
  PuTTY: text('Private-Lines: '),
  'full-width letters': text('\uff50\uff41\uff53\uff53 '),
  'letters that grow when normalised': text('\ufdfa='),
  'half a surrogate pair': text('\ud83d@'),
  'a form': (bytes) => filled('a=1&')(bytes - (bytes % 4) + 3),
  'a form of secrets': (bytes) => filled('pin=1&')(bytes - (bytes % 6) + 5),
  'all but a form': (bytes) => `${filled('a=1&')(bytes)}==`,
  'forms inside forms': (bytes) => {
    let inner = 'a=1';
    for (let next = inner; next.length < bytes; next = `a=${encodeURIComponent(inner)}`) inner = next;
    return `${inner}${'1'.repeat(Math.max(0, bytes - inner.length))}`;
  },
  'form escapes': (bytes) => `a=${filled('%41')(bytes - (bytes % 3))}`,
};

function millis(work: () => void): number {
  const begin = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - begin) / 1e6;
}

/** The best of some pairs of runs: noise only ever adds. */
function growth(shape: (bytes: number) => string): number {
  const [quarter, whole] = [shape(MEBIBYTE / 4), shape(MEBIBYTE)];
  let [best, bestQuarter, bestWhole] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let attempt = 0; attempt < TRIES && best >= MOST_GROWTH; attempt++) {
    bestQuarter = Math.min(
      bestQuarter,
      millis(() => masking.body(quarter)),
    );
    bestWhole = Math.min(
      bestWhole,
      millis(() => masking.body(whole)),
    );
    best = bestWhole / Math.max(bestQuarter, MEASURABLE_MILLIS);
  }
  expect(bestWhole).toBeLessThan(SAFETY_MILLIS);
  if (process.env.MASKING_TIMES) process.stderr.write(`${bestWhole.toFixed(0)} ms, × ${best.toFixed(2)}\n`);
  return best;
}

test('the table has many shapes, each of about a mebibyte', () => {
  expect(Object.keys(shapes).length).toBeGreaterThan(60);
  for (const shape of Object.values(shapes)) {
    expect(Buffer.byteLength(shape(MEBIBYTE))).toBeGreaterThan(0.6 * MEBIBYTE);
  }
});

test.each(Object.keys(shapes))(
  'four times the text takes four times the time: %s',
  (name) => expect(growth(shapes[name])).toBeLessThan(MOST_GROWTH),
  120_000,
);
