/** The settings of the backfill, without a server. What it does to documents: test/engines/ttl-backfill.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';

const SCRIPT = readFileSync(join(__dirname, '../../lib/runtime/ttl-collection/backfill.js'), 'utf8');
const SETTINGS = {
  COLLECTION: 'events',
  RETENTION_SECONDS: '86400',
  BATCH_SIZE: '1000',
  BATCH_SECONDS: '1',
  BACKFILL_SECONDS: '0',
  DRAIN_PER_SECOND: '10',
  DRAIN_SECONDS: '0',
};

/** Why the script stopped; with usable settings it gets as far as the database. */
function stoppedBy(settings: Readonly<Record<string, string>>): string {
  const connect = () => {
    throw new Error('connected');
  };
  try {
    runInNewContext(SCRIPT, { process: { env: { ...SETTINGS, ...settings } }, connect });
    return 'ended';
  } catch (error) {
    return (error as Error).message;
  }
}

test('a collection without documents to date has nothing to wait for: 0 s are taken', () => {
  expect(stoppedBy({})).toBe('connected');
});

describe('a setting that would make every document due at once, or none dated, is refused before the database is reached', () => {
  test.each(
    ['RETENTION_SECONDS', 'BATCH_SIZE', 'DRAIN_PER_SECOND'].flatMap((name) =>
      ['0', '-1', ' ', '', 'x', '1e999', 'NaN'].map((value) => [name, value]),
    ),
  )('%s=%j', (name, value) => {
    expect(stoppedBy({ [name]: value })).toBe(`${name} must be a number above 0`);
  });

  test.each(
    ['BATCH_SECONDS', 'BACKFILL_SECONDS', 'DRAIN_SECONDS'].flatMap((name) =>
      ['-1', '', 'x', '-1e999'].map((value) => [name, value]),
    ),
  )('%s=%j', (name, value) => {
    expect(stoppedBy({ [name]: value })).toBe(`${name} must be a number of at least 0`);
  });
});
