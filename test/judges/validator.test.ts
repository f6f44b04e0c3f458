/**
 * The validator that aws-cdk-lib runs by itself on every synthesis, as `cdk synth` runs it: in a process of its own,
 * for test/setup.ts turns it off in this one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cdkContext, REFERENCE_NAMES, ROOT } from '../support/reference';

interface Violation {
  readonly ruleName: string;
  readonly severity: string;
  readonly violatingConstructs: readonly { readonly constructPath?: string }[];
}

interface Judged {
  /** Exit status of the app. */
  readonly status: number | null;
  readonly stacks: readonly string[];
  /** Rule, severity and construct of all that was found and not acknowledged. */
  readonly findings: readonly string[];
}

const folder = mkdtempSync(join(tmpdir(), 'backpressure-validator-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs an app with findings kept as errors and the warnings of its constructs counted among them. */
function judge(app: string): Judged {
  const outdir = join(folder, app.replace(/\W/g, '-'));
  const context = {
    ...cdkContext(),
    '@aws-cdk/core:validateAgainstDefaultRules': true,
    '@aws-cdk/core:annotationsInValidationReport': true,
  };
  const { CDK_VALIDATION: _, ...environment } = process.env;
  const { status, error } = spawnSync(process.execPath, ['--import', 'tsx', app], {
    cwd: ROOT,
    env: { ...environment, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) },
    timeout: 120_000,
  });
  if (error) throw error;
  // Without a validator there would be no report, and no report is no good news.
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: { violations: Violation[] }[];
  };
  const manifest = JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8')) as {
    artifacts: Record<string, { type: string }>;
  };
  const findings = report.pluginReports
    .flatMap(({ violations }) => violations)
    .flatMap(({ ruleName, severity, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} ${severity} ${constructPath}`),
    );
  const stacks = Object.keys(manifest.artifacts).filter((id) => manifest.artifacts[id].type.endsWith('stack'));
  return { status, stacks, findings };
}

test('every reference stack: no finding, neither of a template nor of a construct', () => {
  const { status, stacks, findings } = judge('bin/aws.ts');
  expect(findings).toEqual([]);
  expect(stacks).toEqual(REFERENCE_NAMES);
  expect(status).toBe(0);
}, 120_000);

test('the judge sees what is wrong, fails the app for it, and lets pass what is acknowledged', () => {
  const { status, stacks, findings } = judge('test/judges/fixtures/short-visibility.ts');
  expect(stacks).toEqual(['Found', 'Acknowledged']);
  expect(findings).toEqual(['E3505 error Found/Queue/Resource']);
  expect(status).toBe(1);
}, 120_000);
