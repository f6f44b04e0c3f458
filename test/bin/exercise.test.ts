/** Exercises at the terminal: what is listed, begun and judged, and how a mistake is answered. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { examplesOf } from '../../lib/rules/examples';
import { answer, backpressure } from './harness';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exercise-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('three exercises of a case are listed with their tasks, all of them with their titles', async () => {
  const one = await backpressure('exercise 14');
  expect(one.code).toBe(0);
  for (const level of ['basic', 'advanced', 'project']) expect(one.out).toContain(level);
  const { out } = await backpressure('exercise --json');
  const all = JSON.parse(out) as { case: number }[];
  expect(all.length).toBe(3 * new Set(all.map((each) => each.case)).size);
});

test('the files to begin with are written, and none is ever written over', async () => {
  expect(await answer(['exercise', '14', 'basic', '--out', folder])).toMatchObject({ code: 0, err: '' });
  expect(readdirSync(folder).sort()).toEqual(['README.md', 'bp-lambda-001.yaml', 'bp-sqs-001.yaml']);
  writeFileSync(join(folder, 'README.md'), 'mine');
  rmSync(join(folder, 'bp-sqs-001.yaml'));
  const again = await answer(['exercise', '14', 'basic', '--out', folder]);
  expect(again).toMatchObject({ code: 2, out: '' });
  expect(again.err).toContain('README.md');
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe('mine');
  expect(readdirSync(folder)).not.toContain('bp-sqs-001.yaml');
});

test('what was begun is not passed, and what was mended is', async () => {
  await answer(['exercise', '14', 'basic', '--out', folder]);
  const before = await answer(['exercise', '14', 'basic', '--check', folder]);
  expect(before.code).toBe(1);
  expect(before.out).toContain('NOT OK  BP-SQS-001 finds nothing');
  for (const rule of ['BP-SQS-001', 'BP-LAMBDA-001'])
    writeFileSync(join(folder, `${rule.toLowerCase()}.yaml`), examplesOf(rule).right);
  const after = await answer(['exercise', '14', 'basic', '--check', folder]);
  expect(after).toMatchObject({ code: 0, err: '' });
  expect(after.out).toContain('Passed.');
});

test('numbers are planned as given by hand: those of the plan pass, those of a habit are answered with the reason', async () => {
  await answer(['exercise', '16', 'advanced', '--out', folder]);
  const file = join(folder, 'answers.yaml');
  writeFileSync(file, 'retentionDays: 87\n');
  expect((await answer(['exercise', '16', 'advanced', '--check', folder])).code).toBe(0);
  writeFileSync(file, 'retentionDays: 180\n');
  const missed = await answer(['exercise', '16', 'advanced', '--check', folder, '--json']);
  expect(missed.code).toBe(1);
  expect(JSON.parse(missed.out)).toMatchObject({ case: 16, level: 'advanced', passed: false });
});

test('every number that is missing or not asked for is named at once', async () => {
  await answer(['exercise', '14', 'advanced', '--out', folder]);
  writeFileSync(join(folder, 'answers.yaml'), 'maxReceiveCount: five\nmaxInstance: 3\n');
  const { code, out, err } = await answer(['exercise', '14', 'advanced', '--check', folder]);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain('maxReceiveCount must be a number, got "five"');
  expect(err).toContain('maxInstances must be a number, got nothing');
  expect(err).toContain('maxInstance is not asked for');
});

test('a file that cannot be parsed is an error, not a file in which nothing was found', async () => {
  await answer(['exercise', '14', 'project', '--out', folder]);
  writeFileSync(join(folder, 'template.yaml'), 'Resources: [unclosed\n');
  const { code, err } = await answer(['exercise', '14', 'project', '--check', folder]);
  expect(code).toBe(2);
  expect(err).toContain('template.yaml');
});

test.each([
  ['exercise 99', 'got 99'],
  ['exercise 14 hard', 'basic, advanced, project, got hard'],
  ['exercise 14 --out x', '--out needs a case and a level'],
  ['exercise 14 basic --out x --check y', 'cannot be combined'],
  ['exercise 14 basic --check /no/such/folder', '--check must be a folder'],
])('%s: one sentence, and 2', async (line, sentence) => {
  const { code, out, err } = await backpressure(line);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(sentence);
});
