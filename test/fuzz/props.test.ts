/**
 * Every construct and component that is exported, made of random props: a valid document or one of our two errors, within
 * a second. `npm run test:long` makes a hundred times as many; a failure prints the seed and the number of the case, and
 * `node --import tsx test/fuzz/props/run.ts <seed> <number> <number + 1>` makes that one again.
 */
import { Token } from 'aws-cdk-lib';
import * as aws from '../../lib/aws';
import * as gcp from '../../lib/gcp';
import * as k8s from '../../lib/k8s';
import { runCases } from './props/cases';
import type { Over } from './props/protocol';
import { caseOf, SUBJECTS } from './props/table';
import { hole, named } from './props/verdict';

const { FC_SEED, LONG } = process.env;
/** Each construct as often as another. */
const CASES = SUBJECTS.length * (LONG ? 400 : 4);
/** As every property: the same cases in each default run, others in each long one. */
const SEED = FC_SEED ? Number(FC_SEED) : LONG ? Math.floor(Math.random() * 2 ** 30) : 20261123;
/** The long run is shared out: one process would take a core's half hour. */
const SHARES = LONG ? 2 : 1;

let results: Over[];
beforeAll(async () => {
  const share = Math.ceil(CASES / SHARES);
  const parts = Array.from({ length: SHARES }, (_, i) => runCases(SEED, i * share, Math.min(CASES, (i + 1) * share)));
  results = (await Promise.all(parts)).flat();
}, 3_600_000);

test('every class that is exported is made by the fuzz, so that a new one cannot be forgotten', () => {
  const classes = Object.entries({ aws, k8s, gcp }).flatMap(([area, exported]) =>
    Object.entries(exported)
      .filter(([, value]) => typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value)))
      .map(([name]) => `${area}.${name}`),
  );
  expect(classes.length).toBeGreaterThan(15);
  expect([...new Set(SUBJECTS.flatMap(({ covers }) => covers))].sort()).toEqual(classes.sort());
});

test('every case was made', () => {
  expect(results.map(({ over }) => over).sort((a, b) => a - b)).toEqual(Array.from({ length: CASES }, (_, i) => i));
});

test('neither documents nor refusals are rare, or the rest would say nothing', () => {
  const refused = results.filter((one) => one.refused).length;
  expect(refused).toBeGreaterThan(CASES / 10);
  expect(CASES - refused).toBeGreaterThan(CASES / 10);
});

test.each(SUBJECTS.map(({ name }) => name))('%s: a valid document or a named error, within a second', (name) => {
  const faults = results.filter(({ subject, fault }) => subject === name && fault !== undefined);
  expect(faults.map(({ over, fault, given }) => `seed ${SEED}, case ${over}: ${fault}\n${given}`)).toEqual([]);
});

/** Their promise is a multiple of their work, and most choices are left to the plan. */
const MOSTLY_MADE = ['aws.BoundedService', 'k8s.BoundedService'];
test.each(MOSTLY_MADE)(
  '%s: at least half of what is drawn becomes a document',
  async (name) => {
    const first = SUBJECTS.findIndex((subject) => subject.name === name);
    let made = 0;
    const turns = 100;
    for (let turn = 0; turn < turns; turn += 1) {
      try {
        await caseOf(20261123, turn * SUBJECTS.length + first).drawn.make();
        made += 1;
      } catch (error) {
        expect(named(error)).toBe(true);
      }
    }
    expect(made).toBeGreaterThanOrEqual(turns / 2);
  },
  60_000,
);

test.each<[string, unknown]>([
  ['null', { a: [{ b: null }] }],
  ['not a number', { a: Number.NaN }],
  ['no end', { a: Number.POSITIVE_INFINITY }],
  ['a text of what is not a number', { a: 'every NaN s' }],
  ['a token of a text', { a: 'arn:$' + '{Token[TOKEN.1]}' }],
  ['a token of a number', { a: Token.asNumber(undefined) }],
  ['an object for a text', { a: '[object Object]' }],
  ['a key that is no name', { undefined: 1 }],
])('a hole is found: %s', (_, document) => {
  expect(hole(document)).toBeDefined();
  expect(hole({ a: [1, 'text', { b: true }] })).toBeUndefined();
});
