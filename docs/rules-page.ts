/** docs/rules.md, the index of the rules, and a page for each with its two examples. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { caseOf } from '../lib/cases/catalogue';
import { CLOUDFORMATION_RULES } from '../lib/rules/cloudformation/rules';
import { EMBEDDED_RULES } from '../lib/rules/embedded/rules';
import { KUBERNETES_RULES } from '../lib/rules/kubernetes/rules';
import {
  MAX_DEPTH,
  MAX_FILE_BYTES,
  MAX_MERGED_KEYS,
  MAX_SECONDS,
  MAX_STEPS,
  MAX_TOTAL_CHARACTERS,
  MAX_TOTAL_VALUES,
  MAX_VALUES,
} from '../lib/rules/limits';
import type { Rule } from '../lib/rules/rule';
import { RULES } from '../lib/rules/table';

const INTRO = `<!-- Written by \`npm run docs\` from lib/rules and docs/rules. Change the data, not this page. -->

# Rules

Every rule is arithmetic or a relation between resources: something that produces, something that consumes, and the
numbers on both that do not fit. They are run on finished documents, also on those that this library did not make. What a document alone does not
decide, a parameter or an import for instance, is no finding.

**At a terminal**: files, folders, a \`cdk.out\`, or \`-\` for stdin.

\`\`\`sh
npx backpressure check cdk.out
npx backpressure check k8s/ --severity BP-KEDA-003=off --format sarif
\`\`\`

Configuration, baseline, formats and pipelines: [check.md](check.md).

Exits with 1 when something is found at level error. A file that you named and that is neither a template nor a
manifest, any file that cannot be read or is over a limit, and paths under which there is nothing to check are reported
on stderr and in the output, and the exit code is 2; the findings of the other files are printed all the same. In
\`--format json\` such a file or path is an entry with \`file\` and \`failure\` after the findings, in SARIF a
notification of the tool. A rule that fails is a bug of ours, and the exit code is 70, as it is when the answer cannot
be written.

Each file is read by itself and may have ${MAX_FILE_BYTES / 1024 ** 2} MiB, ${MAX_VALUES.toLocaleString('en-US')} values (a YAML alias counts as often as it stands), ${MAX_DEPTH}
levels of mappings and lists, and ${MAX_MERGED_KEYS.toLocaleString('en-US')} keys that \`<<\` copies; its intrinsic functions may take ${MAX_STEPS.toLocaleString('en-US')} steps, and
all rules together ${MAX_SECONDS} s. All files of a run together may have ${MAX_TOTAL_CHARACTERS / 1024 ** 2} Mi characters and ${MAX_TOTAL_VALUES.toLocaleString('en-US')}
values: what no longer fits is named, the rest is checked. UTF-8, and UTF-16 with a byte order mark, are read. Symbolic
links in folders are not followed.
Pipes and devices are not read as files: pipe them into \`backpressure check -\`.

**In a CDK app**, in CDK's own report:

\`\`\`ts
import { App, Stack, Validations } from 'aws-cdk-lib';
import { aws } from 'backpressure-constructs';

const app = new App();
Validations.of(app).addPlugins(new aws.BackpressureChecks());
new aws.RedriveQueue(new Stack(app, 'Shop'), 'Orders', {
  workload: { steadyPerSecond: 40, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
});
\`\`\`

A finding is acknowledged as CDK's own are, with a reason, on the construct or on one above it:
\`Validations.of(queue).acknowledge({ id: 'Backpressure::BP-SQS-001', reason: '…' })\`. \`severities\` raises, lowers or
mutes a rule.

**In a cdk8s app**, before anything is written:

\`\`\`ts
import { App, Chart } from 'cdk8s';
import { k8s } from 'backpressure-constructs';

const app = new App();
k8s.BackpressureChecks.addTo(app);
new k8s.KafkaQuotas(new Chart(app, 'streaming', { namespace: 'streaming' }), 'Quotas', {
  clusterName: 'events',
  capacity: { brokers: 3, brokerBytesPerSecond: 60_000_000 },
  tenants: [{ name: 'billing', steadyBytesPerSecond: 1_000_000 }],
  topics: [{ topicName: 'billing.events', tenant: 'billing', partitions: 6 }],
});
\`\`\`

Or as a validation of the cdk8s command line, in \`cdk8s.yaml\`:

\`\`\`yaml
validations:
  - package: ./node_modules/backpressure-constructs
    version: 0.1.0
    class: BackpressureValidation
\`\`\`

**In a unit test**, of a template or of manifests:

\`\`\`ts
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { aws } from 'backpressure-constructs';
import { expectNoFindings } from 'backpressure-constructs/rules';

const stack = new Stack(new App(), 'Shop');
new aws.RedriveQueue(stack, 'Orders', {
  workload: { steadyPerSecond: 40, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
});
expectNoFindings(Template.fromStack(stack).toJSON());
\`\`\`

Where nothing but the document is at hand, it accepts a finding itself, with a reason: a template by
\`Metadata: { backpressure: { acknowledge: { BP-SQS-001: the reason } } }\` of the resource, a manifest by the annotation
\`backpressure-constructs/BP-KEDA-001: the reason\`.

A manifest has no field for how long one item takes. Where a workload, ScaledObject, ScaledJob or CronJob says so, by the
annotation \`backpressure-constructs/service-seconds\` (the 99th percentile, in seconds, in quotes), these rules use it:

| rule | without the annotation |
|---|---|
| BP-KEDA-005, the cool-down | goes by \`terminationGracePeriodSeconds\`, or by one message a pod |
| BP-KEDA-007, items longer than a pod gets to stop | goes by \`terminationGracePeriodSeconds\` |
| BP-KEDA-008, a pod that is killed too early | sees only a preStop hook that takes the whole grace period |
| BP-KEDA-012, a node that is removed under a Job | is silent |
| BP-CRON-002, runs that overlap | goes by \`activeDeadlineSeconds\`, or is silent |

What they find in templates of others, each finding read and judged: [measured/third-party.md](measured/third-party.md).
`;

const GROUPS: readonly (readonly [title: string, rules: readonly Rule<never>[]])[] = [
  ['CloudFormation', CLOUDFORMATION_RULES],
  ['Kubernetes', KUBERNETES_RULES],
  ['Scripts and configuration embedded in either', EMBEDDED_RULES],
];

/** The index: every rule in a table; its rows have the anchors of the page that once held all rules. */
export function rulesPage(): string {
  const contents = GROUPS.flatMap(([title, rules]) => [
    `### ${title}`,
    '',
    '| rule | finds | severity | case |',
    '|---|---|---|---|',
    ...rules.map(
      ({ id, title: finds, severity, cases }) =>
        `| <a id="${id.toLowerCase()}"></a>[${id}](rules/${id}/README.md) | ${cell(finds)} | ${severity} | ${cases.map((number) => linkTo(number, 'cases')).join(', ')} |`,
    ),
    '',
  ]);
  const count = GROUPS.reduce((sum, [, rules]) => sum + rules.length, 0);
  return `${[INTRO, `## All ${count} of them`, '', ...contents].join('\n').trimEnd()}\n`;
}

/** A page for each rule, beside its examples, and the examples as data: the command line prints them without the docs. */
export function rulePages(root: string): { readonly path: string; readonly text: string }[] {
  const examples = RULES.map(({ id }) => [
    id,
    { wrong: example(root, id, 'wrong'), right: example(root, id, 'right') },
  ]);
  return [
    ...RULES.map((rule) => ({ path: `docs/rules/${rule.id}/README.md`, text: rulePage(root, rule) })),
    { path: 'lib/rules/examples.json', text: `${JSON.stringify(Object.fromEntries(examples), undefined, 2)}\n` },
  ];
}

function rulePage(root: string, { id, title, why, severity, source, cases }: Rule<never>): string {
  return `${[
    '<!-- Written by `npm run docs` from lib/rules and the examples beside this page. Change the data, not this page. -->',
    '',
    `# ${id}`,
    '',
    `**${title}** (${severity}${cases.length > 0 ? `, case ${cases.map((number) => linkTo(number, '../../cases')).join(', ')}` : ''})`,
    '',
    why,
    '',
    'Wrong:',
    '',
    '```yaml',
    example(root, id, 'wrong').trimEnd(),
    '```',
    '',
    'Right:',
    '',
    '```yaml',
    example(root, id, 'right').trimEnd(),
    '```',
    '',
    `Source: ${source}.`,
    '',
    `\`backpressure rules ${id}\` prints this page. [All rules](../../rules.md#${id.toLowerCase()})`,
  ].join('\n')}\n`;
}

function example(root: string, id: string, which: 'wrong' | 'right'): string {
  return readFileSync(join(root, 'docs', 'rules', id, `${which}.yaml`), 'utf8');
}

function linkTo(number: number, folder: string): string {
  return `[${number}](${folder}/${caseOf(number).slug}.md)`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
