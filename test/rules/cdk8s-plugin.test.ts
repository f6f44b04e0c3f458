import { join } from 'node:path';
import * as library from '../../lib';
import { BackpressureValidation, type PluginContext } from '../../lib/rules/cdk8s-plugin';

const EXAMPLES = join(__dirname, '..', '..', 'docs', 'rules', 'BP-KEDA-001');

/** A report as the cdk8s command line keeps it. */
function report() {
  const violations: Parameters<PluginContext['report']['addViolation']>[0][] = [];
  const statuses: string[] = [];
  return {
    violations,
    statuses,
    addViolation: (violation: (typeof violations)[number]) => void violations.push(violation),
    submit: (status: string) => void statuses.push(status),
  };
}

test('the command line finds it by its name at the top of the package', () => {
  expect(library).toHaveProperty('BackpressureValidation', BackpressureValidation);
});

test('a finding is a violation and fails the report', async () => {
  const made = report();
  const file = join(EXAMPLES, 'wrong.yaml');
  await new BackpressureValidation().validate({ manifests: [file], report: made });
  expect(made.statuses).toEqual(['failure']);
  expect(made.violations).toMatchObject([
    {
      ruleName: 'BP-KEDA-001',
      recommendation: expect.stringContaining('500'),
      violatingResources: [{ resourceName: 'thumbnails', manifestPath: file }],
    },
  ]);
});

test.each([
  ['without findings', 'right.yaml', {}],
  ['with warnings only', 'wrong.yaml', { severities: { 'BP-KEDA-001': 'warning' as const } }],
])('%s it passes', async (_, file, properties) => {
  const made = report();
  await new BackpressureValidation(properties).validate({ manifests: [join(EXAMPLES, file)], report: made });
  expect(made.statuses).toEqual(['success']);
});

test('a severity for a rule that is none is refused when it is loaded', () => {
  expect(() => new BackpressureValidation({ severities: { 'BP-NO-001': 'off' } })).toThrow(/BP-NO-001/);
});
