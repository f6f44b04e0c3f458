/** What the scripts do before they reach Amazon DocumentDB. What they do to documents: test/engines/ttl-documentdb.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { embeddedLine } from '../../lib/runtime/embedded-metrics';
import { ROOT } from '../support/reference';

const FOLDER = join(ROOT, 'lib/runtime/ttl-collection');
const SCRIPT = readFileSync(join(FOLDER, 'documentdb.js'), 'utf8');
const PARTS = { DB_HOST: 'db.local', DB_PORT: '27017', DB_NAME: 'shop', DB_USER: 'me', DB_PASSWORD: 'secret' };

/** The script after it was loaded, and what it printed. */
function loaded(more: Readonly<Record<string, string>> = {}) {
  const printed: string[] = [];
  const timers: { after: () => void; millis: number; keepsAlive: boolean }[] = [];
  const exits: number[] = [];
  const env: Record<string, string> = { ...PARTS, ...more };
  const value = (type: string) => () => ({ _bsontype: type });
  const context = createContext({
    process: {
      env,
      exit: (code: number) => exits.push(code),
      stderr: { write: (line: string) => printed.push(line) },
    },
    setTimeout: (after: () => void, millis: number) => {
      const timer = { after, millis, keepsAlive: true };
      timers.push(timer);
      return {
        unref: () => {
          timer.keepsAlive = false;
        },
      };
    },
    print: (line: string) => printed.push(line),
    BinData: value('Binary'),
    ObjectId: value('ObjectId'),
    Timestamp: value('Timestamp'),
  });
  runInContext(SCRIPT, context);
  return { env, printed, timers, exits, evaluate: (text: string) => runInContext(text, context) };
}

describe('the connection string', () => {
  test('is made of parts: users are in admin, TLS by the certificates of RDS, no retryable writes, on the primary', () => {
    const uri = new URL(loaded({ DB_TLS_CA_FILE: '/opt/ttl/rds.pem' }).env.MONGODB_URI);
    expect([uri.username, uri.password, uri.host, uri.pathname]).toEqual(['me', 'secret', 'db.local:27017', '/shop']);
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      authSource: 'admin',
      tls: 'true',
      tlsCAFile: '/opt/ttl/rds.pem',
      replicaSet: 'rs0',
      retryWrites: 'false',
      readPreference: 'primary',
    });
  });

  test.each(['p@ss:w/rd?#[]%', 'ä €', "'$(x)`"])('takes a password with any character: %s', (DB_PASSWORD) => {
    const { env } = loaded({ DB_PASSWORD });
    const [, password] = /^mongodb:\/\/me:([^@]*)@db\.local/.exec(env.MONGODB_URI) ?? [];
    expect(decodeURIComponent(password)).toBe(DB_PASSWORD);
  });
});

test('a report that hangs is ended when its time is over, one that is done is not kept; a backfill may take days', () => {
  const { timers, exits, printed } = loaded({ REPORT_DEADLINE_SECONDS: '600' });
  expect(timers).toEqual([expect.objectContaining({ millis: 600_000, keepsAlive: false })]);
  expect(exits).toEqual([]);
  timers[0].after();
  expect(exits).toEqual([1]);
  expect(printed).toEqual(['the report is ended: it took longer than 600 s\n']);
  expect(loaded().timers).toEqual([]);
});

test('metrics are a line as other programs write it', () => {
  const { printed, evaluate } = loaded({ TTL_COLLECTION: 'Shop-Events' });
  evaluate('platform.metrics({ DiskBytes: 5, DeletionLagSeconds: 2, Documents: 3 })');
  const expected = JSON.parse(
    embeddedLine('Backpressure', { TtlCollection: 'Shop-Events' }, [
      { name: 'DiskBytes', value: 5, unit: 'Bytes' },
      { name: 'DeletionLagSeconds', value: 2, unit: 'Seconds' },
      { name: 'Documents', value: 3, unit: 'Count' },
    ]),
  );
  const line = JSON.parse(printed[0]);
  expect(line._aws.Timestamp).toBeGreaterThan(1.7e12);
  expect({ ...line, _aws: { ...line._aws, Timestamp: 0 } }).toEqual({
    ...expected,
    _aws: { ...expected._aws, Timestamp: 0 },
  });
});

test.each<[string, string]>([
  ['undefined', 'missing'],
  ['null', 'null'],
  ['new Date()', 'date'],
  ['new Date(NaN)', 'date'],
  ['[new Date()]', 'array'],
  ['/x/', 'regex'],
  ['5', 'number'],
  ["'2020-01-01'", 'string'],
  ['false', 'bool'],
  ['({})', 'object'],
  ["({ _bsontype: 'Long' })", 'long'],
  ["({ _bsontype: 'Decimal128' })", 'decimal'],
  ["({ _bsontype: 'ObjectId' })", 'objectId'],
  ["({ _bsontype: 'Binary' })", 'binData'],
  ["({ _bsontype: 'MinKey' })", 'minKey'],
])('the type of %s is %s', (value, type) => {
  expect(loaded().evaluate(`typeName(${value})`)).toBe(type);
});

test.each<[string, string, string]>([
  ['a date', '{ at: new Date(1) }', 'date'],
  ['a date below a field', '{ a: { at: new Date(1) } }', 'missing'],
  ['a date in a list', '{ at: [new Date(1)] }', 'array'],
  ['nothing', '{}', 'missing'],
])('the age of a document is read from %s', (_name, document, type) => {
  const read = loaded().evaluate(`readDocument(${document}, 'at')`);
  expect([read.type, read.created !== null]).toEqual([type, type === 'date']);
});

test('a path goes through objects, and a list in it is a list', () => {
  const { evaluate } = loaded();
  expect(evaluate("readDocument({ a: { at: new Date(1) } }, 'a.at').type")).toBe('date');
  expect(evaluate("readDocument({ a: [{ at: new Date(1) }] }, 'a.at').type")).toBe('array');
  expect(evaluate("readDocument({ a: null }, 'a.at').type")).toBe('null');
});

test('the image has the scripts, the certificates of RDS and the shell of the charts', () => {
  const dockerfile = readFileSync(join(FOLDER, 'Dockerfile'), 'utf8');
  const { images } = JSON.parse(readFileSync(join(ROOT, 'lib/k8s/images.json'), 'utf8'));
  expect(dockerfile).toContain(`FROM ${images.mongosh}\n`);
  const pem = readFileSync(join(ROOT, 'dist/runtime/ttl-collection/rds.pem'), 'utf8');
  expect(pem.match(/-----BEGIN CERTIFICATE-----/g)?.length).toBeGreaterThan(50);
  expect(pem.match(/-----END CERTIFICATE-----/g)?.length).toBe(pem.match(/-----BEGIN CERTIFICATE-----/g)?.length);
});
