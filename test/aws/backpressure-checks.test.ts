import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type CfnResource, Duration, NestedStack, Stack, Stage, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { BackpressureChecks, RuleLevel } from '../../lib/aws/backpressure-checks';
import { RULES } from '../../lib/rules/table';

const folder = mkdtempSync(join(tmpdir(), 'backpressure-checks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly conclusion: string;
    readonly violations: readonly {
      readonly ruleName: string;
      readonly severity: string;
      readonly description: string;
      readonly suggestedFix: string;
      readonly violatingConstructs: readonly {
        readonly constructPath: string;
        readonly cloudFormationResource: { readonly logicalId: string; readonly propertyPaths: readonly string[] };
      }[];
    }[];
    readonly suppressedViolations?: readonly { readonly ruleName: string; readonly reason: string }[];
  }[];
}

let apps = 0;

/** Synthesizes an app with the checks, and what its report then says of them. */
function synthesize(build: (app: App) => void, checks = new BackpressureChecks()) {
  const outdir = join(folder, String(apps++));
  const app = new App({ outdir, analyticsReporting: false });
  Validations.of(app).addPlugins(checks);
  build(app);
  const spoken = jest.spyOn(console, 'error').mockImplementation();
  let failed = false;
  try {
    app.synth();
  } catch (error) {
    if ((error as Error).name !== 'ValidationFailed') throw error;
    failed = true;
  } finally {
    spoken.mockRestore();
  }
  let report: Report = { pluginReports: [] };
  try {
    report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as Report;
  } catch {
    // Without a finding there is no report.
  }
  const ours = report.pluginReports.find(({ pluginName }) => pluginName === 'Backpressure');
  return { failed, violations: ours?.violations ?? [], suppressed: ours?.suppressedViolations ?? [] };
}

/** A queue whose dead-letter queue forgets as soon as it does itself. */
function shortMemory(scope: Stack): Queue {
  const parked = new Queue(scope, 'Parked', { retentionPeriod: Duration.days(4) });
  return new Queue(scope, 'Orders', { deadLetterQueue: { queue: parked, maxReceiveCount: 5 } });
}

/** The checks with only the rules that these tests are about. */
const only = (...ids: string[]) =>
  new BackpressureChecks({
    severities: Object.fromEntries(RULES.filter(({ id }) => !ids.includes(id)).map(({ id }) => [id, RuleLevel.OFF])),
  });

test('a finding is reported with construct path, rule, value, limit and fix, and fails synthesis', () => {
  const { failed, violations } = synthesize((app) => shortMemory(new Stack(app, 'Shop')), only('BP-SQS-002'));
  expect(failed).toBe(true);
  expect(violations).toMatchObject([
    {
      ruleName: 'BP-SQS-002',
      severity: 'error',
      description: expect.stringMatching(/^keeps messages 4 days, their source \w+ 4 days/),
      suggestedFix: expect.stringContaining('above 345600'),
      violatingConstructs: [
        {
          constructPath: 'Shop/Parked/Resource',
          cloudFormationResource: { propertyPaths: ['Properties.MessageRetentionPeriod'] },
        },
      ],
    },
  ]);
});

test('it is acknowledged as the findings of CDK itself are, with its reason', () => {
  const { failed, violations, suppressed } = synthesize((app) => {
    const stack = new Stack(app, 'Shop');
    shortMemory(stack);
    const parked = stack.node.findChild('Parked').node.defaultChild as CfnResource;
    Validations.of(parked).acknowledge({ id: 'Backpressure::BP-SQS-002', reason: 'Read within the hour.' });
  }, only('BP-SQS-002'));
  expect(failed).toBe(false);
  expect(violations).toEqual([]);
  expect(suppressed).toMatchObject([{ ruleName: 'BP-SQS-002', reason: 'Read within the hour.' }]);
});

test('a rule lowered to a warning is reported and lets synthesis pass; one that is off is not looked for', () => {
  const severities = Object.fromEntries(RULES.map(({ id }) => [id, RuleLevel.OFF]));
  const lowered = new BackpressureChecks({ severities: { ...severities, 'BP-SQS-002': RuleLevel.WARNING } });
  const warned = synthesize((app) => shortMemory(new Stack(app, 'Shop')), lowered);
  expect(warned.failed).toBe(false);
  expect(warned.violations).toMatchObject([{ ruleName: 'BP-SQS-002', severity: 'warning' }]);

  const muted = synthesize((app) => shortMemory(new Stack(app, 'Shop')), new BackpressureChecks({ severities }));
  expect(muted).toMatchObject({ failed: false, violations: [] });
});

test('stages and nested stacks are looked into', () => {
  const { violations } = synthesize((app) => {
    const stage = new Stage(app, 'Production');
    shortMemory(new NestedStack(new Stack(stage, 'Shop'), 'Queues'));
  }, only('BP-SQS-002'));
  expect(
    violations.flatMap(({ violatingConstructs }) => violatingConstructs.map((each) => each.constructPath)),
  ).toEqual(['Production/Shop/Queues/Parked/Resource']);
});

test('a severity for a rule that is none is refused when the plugin is made', () => {
  expect(() => new BackpressureChecks({ severities: { 'BP-SQS-999': RuleLevel.OFF } })).toThrow(
    /BP-SQS-999, which is not a rule/,
  );
});
