/**
 * The rules on templates that nobody here wrote: constructs from the package registry, synthesized. Every finding has
 * been read and is listed in review.json with a verdict; docs/measured/third-party.md shows the list.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { check } from '../../lib/rules/check';
import { documentsFrom } from '../../lib/rules/read';
import { PATTERNS, stackOf } from './apps';

/** One finding that was read. */
interface Reviewed {
  readonly pattern: string;
  readonly ruleId: string;
  /** Type of the resource; logical ids change with every version of a pattern. */
  readonly type: string;
  readonly verdict: 'right' | 'wrong';
  readonly reason: string;
}

interface Review {
  readonly findings: readonly Reviewed[];
  /** Patterns in which nothing is found. */
  readonly silent: readonly string[];
}

const review = JSON.parse(readFileSync(join(__dirname, 'review.json'), 'utf8')) as Review;
const reviewed = review.findings;
const line = ({ ruleId, type }: Pick<Reviewed, 'ruleId' | 'type'>) => `${ruleId} ${type}`;

test.each(PATTERNS.map((pattern) => [pattern.name, pattern] as const))(
  '%s: every finding was read',
  (name, pattern) => {
    const parsed = Template.fromStack(stackOf(new App({ analyticsReporting: false }), pattern)).toJSON();
    const types = (parsed as { Resources: Record<string, { Type: string }> }).Resources;
    const findings = check(documentsFrom([{ file: name, parsed }]));
    const found = findings.map(({ ruleId, resource }) => line({ ruleId, type: types[resource].Type }));
    const read = reviewed.filter((each) => each.pattern === name).map(line);
    expect([...new Set(found)].sort()).toEqual(read.sort());
  },
);

test('every pattern is in the list', () => {
  const listed = [...new Set(reviewed.map(({ pattern }) => pattern)), ...review.silent];
  expect(listed.sort()).toEqual(PATTERNS.map(({ name }) => name).sort());
});

test('at least ten patterns, and no finding that was read as wrong', () => {
  expect(PATTERNS.length).toBeGreaterThanOrEqual(10);
  expect(reviewed.filter(({ verdict }) => verdict !== 'right')).toEqual([]);
  for (const { reason } of reviewed) expect(reason.length).toBeGreaterThan(20);
});
