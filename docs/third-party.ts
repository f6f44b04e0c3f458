/** docs/measured/third-party.md: what the rules find in templates that nobody here wrote, and what was made of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Reviewed {
  readonly pattern: string;
  readonly ruleId: string;
  readonly type: string;
  readonly verdict: string;
  readonly reason: string;
}

interface Review {
  readonly findings: readonly Reviewed[];
  readonly silent: readonly string[];
}

/** The page. `npm run test:patterns` holds the list against what is found. */
export function thirdPartyPage(root: string): string {
  const review = JSON.parse(readFileSync(join(root, 'test', 'patterns', 'review.json'), 'utf8')) as Review;
  const { findings: reviewed, silent } = review;
  const patterns = new Set([...reviewed.map(({ pattern }) => pattern), ...silent]);
  const versions = JSON.parse(readFileSync(join(root, 'test', 'patterns', 'package.json'), 'utf8')).dependencies;
  const ours = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies;
  const version = (name: string) => versions[name] ?? ours['aws-cdk-lib'];
  const right = reviewed.filter(({ verdict }) => verdict === 'right').length;
  return `${[
    '<!-- Written by `npm run docs` from test/patterns. Change the data, not this page. -->',
    '',
    '# The rules on templates of others',
    '',
    `${patterns.size} constructs from the package registry, each with the least that it takes, synthesized and checked:`,
    `${reviewed.length} findings, ${right} of them right. Every one was read before it was listed here; one that is wrong is mended in`,
    'the rule and does not stay. `npm run test:patterns` fails when a finding comes or goes.',
    '',
    '| pattern | version | finding | at | verdict | why |',
    '|---|---|---|---|---|---|',
    ...reviewed.map(
      ({ pattern, ruleId, type, verdict, reason }) =>
        `| ${pattern} | ${version(pattern)} | [${ruleId}](../rules/${ruleId}/README.md) | ${type} | ${verdict} | ${reason} |`,
    ),
    '',
    `Without a finding: ${silent.join(', ')}.`,
  ].join('\n')}\n`;
}
