/**
 * The configuration that each case starts from, and the rules that name its trap: whoever writes it again is told.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../../lib/rules/check';
import { readDocuments } from '../../lib/rules/read';
import { RULES } from '../../lib/rules/table';

const CORPUS = join(__dirname, 'corpus');

/** Rules that have to be found in the configuration of each case, by the case's number. */
const EXPECTED: Readonly<Record<number, readonly string[]>> = {
  1: ['BP-LOG-002', 'BP-LOG-003', 'BP-LOG-004', 'BP-LOG-005'],
  2: ['BP-RABBITMQ-003'],
  3: ['BP-SPARK-001', 'BP-SPARK-002', 'BP-SPARK-005'],
  4: ['BP-BUCKET-002', 'BP-CRON-005'],
  5: ['BP-LIBRDKAFKA-001'],
  6: ['BP-KEDA-001', 'BP-KEDA-002', 'BP-KEDA-003'],
  7: ['BP-BUCKET-001'],
  8: ['BP-MYSQL-001', 'BP-MYSQL-002', 'BP-MYSQL-003'],
  9: ['BP-REDIS-001'],
  10: ['BP-JVM-001', 'BP-JVM-002', 'BP-JVM-007'],
  11: ['BP-S3-001', 'BP-S3-002', 'BP-S3-003'],
  12: ['BP-POOL-001', 'BP-POOL-002'],
  13: ['BP-CI-001'],
  14: ['BP-SQS-003'],
  15: ['BP-REDIS-002', 'BP-WEBHOOK-001'],
  16: ['BP-MONGO-001'],
  17: ['BP-COMPACT-001'],
  18: ['BP-KAFKA-003', 'BP-KAFKA-004'],
  19: ['BP-PROM-003', 'BP-PROM-004'],
  20: ['BP-NAME-001', 'BP-QUOTA-002'],
};

const files = readdirSync(CORPUS).sort();
const numberOf = (file: string) => Number(/^case-(\d\d)-/.exec(file)?.[1]);

test('there is one configuration for each of the twenty cases, and rules for every one', () => {
  const twenty = Array.from({ length: 20 }, (_, i) => i + 1);
  expect(files.map(numberOf)).toEqual(twenty);
  expect(twenty.filter((number) => (EXPECTED[number] ?? []).length === 0)).toEqual([]);
});

describe.each(files.map((file) => [file, EXPECTED[numberOf(file)]] as const))('%s', (file, ids) => {
  test('its rules are in the table, and say that they are about this case', () => {
    const rules = ids.map((id) => ({ id, cases: RULES.find((rule) => rule.id === id)?.cases ?? 'no such rule' }));
    for (const rule of rules) expect(rule).toEqual({ id: rule.id, cases: expect.arrayContaining([numberOf(file)]) });
  });

  test('exactly they are found', () => {
    const found = check(readDocuments([{ file, text: readFileSync(join(CORPUS, file), 'utf8') }]));
    expect([...new Set(found.map(({ ruleId }) => ruleId))].sort()).toEqual([...ids].sort());
  });
});
