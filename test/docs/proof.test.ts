/** The proof: every construct has rows or a reason, every row a prediction and a run, and a miss is no pass. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kindOf } from '../../docs/engines';
import { IN_PART, NOT_RUN } from '../../docs/not-run';
import { constructOf, keyOf, type Measurement, proofPage, proofSummary, readProof, within } from '../../docs/proof';
import { CASES } from '../../lib/cases/catalogue';
import { averaged } from '../proof-rows';
import { PROOFS } from '../proofs';
import { about, atMost, type Claim, EXACT, prove } from '../support/proof';
import { ROOT } from '../support/reference';

const rows = readProof(ROOT);

const CLAIM: Claim = {
  case: 16,
  construct: 'k8s.TtlCollection',
  engine: 'a server',
  metric: 'documents left',
  unit: 'documents',
  predicted: 100,
  measured: 97,
  tolerance: about(0.05),
  how: 'Counted.',
  scaledBy: 'nothing.',
};

describe('what was measured', () => {
  test.each(
    CASES.flatMap(({ number, constructs }) =>
      constructs.flatMap(({ name, engines, available }) =>
        available ? engines.map((engine) => [number, `${engine}.${name}`] as const) : [],
      ),
    ),
  )('case %d, %s: has rows, or a reason why it has none', (number, construct) => {
    const of = (each: { case: number; construct: string }) => each.case === number && constructOf(each) === construct;
    expect([rows.some(of), NOT_RUN.some(of)].filter(Boolean)).toHaveLength(1);
  });

  test('what was run in part has rows, and no reason to have none', () => {
    for (const part of IN_PART) {
      const of = (each: { case: number; construct: string }) =>
        each.case === part.case && constructOf(each) === part.construct;
      expect([part.construct, rows.some(of), NOT_RUN.some(of)]).toEqual([part.construct, true, false]);
    }
  });

  test('each row is of a construct, also where it names a program', () => {
    for (const row of rows) expect(constructOf(row)).toMatch(/^(aws|k8s|gcp)\.[A-Z]\w+$/);
  });

  test('each row is of an engine that is known to be real or not, and says which', () => {
    for (const row of rows) {
      const line = proofPage([row])
        .split('\n')
        .find((one) => one.startsWith(`| ${row.metric} |`));
      expect(line).toContain(`| ${row.engine} | ${kindOf(row.engine)} |`);
    }
  });

  test.each([
    ['RabbitMQ 3.10.8', 'real'],
    ['Filebeat 9.0.0, logrotate, Kafka 3.9.1', 'real'],
    ['local AWS (MiniStack)', 'emulator'],
    ["SecantusDB (speaks MongoDB's protocol), MongoDB's shell", 'emulator'],
    ['Redis, played Cloud Tasks', 'emulator'],
  ])('%s is %s: one stand-in is enough', (engine, kind) => {
    expect(kindOf(engine)).toBe(kind);
  });

  test.each(['LocalStack 4', 'Redis, LocalStack', 'Redisson', '3.9.1'])('%s is not taken to be real', (engine) => {
    expect(() => kindOf(engine)).toThrow('is not in docs/engines.ts');
  });

  test('the summary counts emulators apart', () => {
    const row = { ...rows[0], case: 16, construct: 'aws.TtlTable', engine: 'Redis' };
    expect(proofSummary([row, row, { ...row, engine: 'local AWS (MiniStack)' }])).toMatch(/ \| 2 \| 1 \| 3 \|$/);
  });

  test('a row of code that differed from its commit is counted on the page', () => {
    const [row] = rows;
    expect(proofPage([{ ...row, commit: 'abc+' }])).toContain('1 rows have a `+` behind the commit');
    expect(proofPage([{ ...row, commit: 'abc' }])).toContain('The code of every row is that of its commit.');
  });

  test('each row is of a proof that there is, and of a case that it names', () => {
    for (const { proof, case: number } of rows) {
      expect(PROOFS.find(({ name }) => name === proof)?.cases).toContain(number);
    }
    expect(new Set(rows.map(keyOf)).size).toBe(rows.length);
  });

  test('each row is within its range, and says so by its own numbers', () => {
    for (const row of rows) {
      expect([row.metric, row.ok]).toEqual([row.metric, true]);
      expect(within(row.ratio, row.tolerance)).toBe(row.ok);
      if (row.runs === undefined) expect(row.measured / row.predicted).toBeCloseTo(row.ratio, 9);
    }
  });

  test('a row that misses is said in bold, and counted', () => {
    const [row] = rows;
    const page = proofPage([{ ...row, ok: false }]);
    expect(page).toContain('| **no** |');
    expect(page).toContain('1 rows, 0 ok, 1 not ok');
  });
});

describe('a test that proves', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-proof-'));
  const file = join(folder, 'rows.jsonl');
  const before = process.env.PROOF_ROWS;
  beforeEach(() => {
    process.env.PROOF_ROWS = file;
    appendFileSync(file, '');
  });
  afterEach(() => rmSync(file, { force: true }));
  afterAll(() => {
    if (before === undefined) delete process.env.PROOF_ROWS;
    else process.env.PROOF_ROWS = before;
    rmSync(folder, { recursive: true });
  });
  const written = () =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Measurement);

  test('reports the ratio of measured to predicted', () => {
    prove(CLAIM);
    expect(written()).toEqual([{ ...CLAIM, ratio: 0.97, ok: true }]);
  });

  test('fails when it is outside its range, and reports that as well', () => {
    expect(() => prove({ ...CLAIM, tolerance: EXACT })).toThrow(
      'case 16, documents left: predicted 100 documents, measured 97 documents; the ratio 0.970 is not from 1 to 1',
    );
    expect(written()).toMatchObject([{ ratio: 0.97, ok: false }]);
  });

  test('a bound may not be broken, nor say nothing', () => {
    expect(() => prove({ ...CLAIM, tolerance: atMost(0.5) })).not.toThrow();
    expect(() => prove({ ...CLAIM, measured: 101, tolerance: atMost(0.5) })).toThrow('not from 0.5 to 1');
    expect(() => prove({ ...CLAIM, measured: 10, tolerance: atMost(0.5) })).toThrow('not from 0.5 to 1');
  });

  test('what has no ratio is no claim', () => {
    expect(() => prove({ ...CLAIM, measured: Number.NaN })).toThrow('have no ratio');
    expect(() => prove({ ...CLAIM, predicted: 0 })).toThrow('have no ratio');
  });
});

test('several runs are one row: mean, spread, and the mean of the ratios', () => {
  const run = (predicted: number, measured: number): Measurement => ({
    ...CLAIM,
    predicted,
    measured,
    ratio: measured / predicted,
    ok: true,
  });
  expect(averaged([run(100, 110), run(200, 180), { ...run(1, 1), metric: 'other' }])).toEqual([
    { ...CLAIM, predicted: 150, measured: 145, ratio: 1, ok: true, runs: 2, spread: 70 },
    { ...run(1, 1), metric: 'other' },
  ]);
});
