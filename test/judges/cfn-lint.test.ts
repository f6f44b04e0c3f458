/** cfn-lint, from the project's own virtual environment, over what the reference stacks synthesize to. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPython } from '../../bin/local/python';
import { REFERENCE_NAMES, ROOT, reference, referenceApp } from '../support/reference';

interface Finding {
  readonly rule: string;
  readonly level: string;
  readonly path: string;
  readonly message: string;
}

/** Findings that are no fault of ours: the rule, where it is ignored, and why. */
const IGNORED: readonly { readonly rule: string; readonly where: RegExp; readonly reason: string }[] = [
  {
    rule: 'W3005',
    where: /^Resources\/\w+\/DependsOn\/\d+$/,
    reason: 'The CDK writes the dependency of a function on its role, and of a budget on its topic, twice over.',
  },
];

const folder = mkdtempSync(join(tmpdir(), 'backpressure-cfn-lint-'));
let bin: string;

// `npm test` has installed it already; alone, this file installs it, which takes a minute once.
beforeAll(async () => {
  bin = await installPython(ROOT, 'judges', () => {});
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function lint(...templates: readonly string[]): Finding[] {
  const { stdout, stderr, status, error } = spawnSync(join(bin, 'cfn-lint'), ['--format', 'json', '--', ...templates], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (error) throw error;
  // Bits of the exit status: 2 errors, 4 warnings, 8 information. Others mean that it judged nothing.
  if (status === null || (status & ~14) !== 0) throw new Error(`cfn-lint ended with ${status}: ${stderr || stdout}`);
  const found = JSON.parse(stdout || '[]') as {
    Rule: { Id: string };
    Level: string;
    Message: string;
    Location: { Path: (string | number)[] | null };
  }[];
  return found.map(({ Rule, Level, Message, Location }) => ({
    rule: Rule.Id,
    level: Level,
    path: (Location.Path ?? []).join('/'),
    message: Message,
  }));
}

/** Rules with a finding in any environment. */
const everywhere: string[] = [];

const ignored = ({ rule, path }: Finding) => IGNORED.some((one) => one.rule === rule && one.where.test(path));

describe.each(REFERENCE_NAMES)('%s', (name) => {
  const app = referenceApp({ outdir: join(folder, name) });
  const { artifactId } = reference(name, app);
  const { templateFullPath } = app.synth().getStackArtifact(artifactId);
  let found: Finding[];

  beforeAll(() => {
    found = lint(templateFullPath);
    everywhere.push(...found.map(({ rule }) => rule));
  }, 120_000);

  test('no finding, warnings included', () => {
    expect(found.filter((one) => !ignored(one))).toEqual([]);
  });
});

// Not in each: one without a function or a budget has no such dependency.
test.each(IGNORED)('$rule is still found somewhere, so ignoring it still says something: $reason', ({ rule }) => {
  expect(everywhere).toContain(rule);
});

test('the judge sees what is wrong: an unknown property, a wrong value and an unused parameter', () => {
  const file = join(folder, 'bad.template.json');
  const queue = { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 43_201, Visibility: 1 } };
  writeFileSync(file, JSON.stringify({ Parameters: { Unused: { Type: 'String' } }, Resources: { Queue: queue } }));
  const found = lint(file);
  expect(found.map(({ rule }) => rule).sort()).toEqual(['E3002', 'E3034', 'W2001']);
  expect(found.some(ignored)).toBe(false);
}, 120_000);

test('what our rules find in templates, cfn-lint does not report as an error', () => {
  // The examples are as small as can be: these say that something unrelated was left out.
  const leftOut = ['E3003', 'E3018', 'E3021', 'E3039', 'E3639'];
  // The type of a dead-letter queue, which BP-SQS-007 has for those who do not run cfn-lint.
  const both = ['E3502'];
  const examples = join(ROOT, 'docs', 'rules');
  const templates = readdirSync(examples)
    .map((id) => join(examples, id, 'wrong.yaml'))
    .filter((file) => readFileSync(file, 'utf8').startsWith('Resources:'));
  expect(templates.length).toBeGreaterThan(30);
  const errors = lint(...templates).filter(
    ({ level, rule }) => level === 'Error' && ![...leftOut, ...both].includes(rule),
  );
  expect(errors).toEqual([]);
}, 120_000);
