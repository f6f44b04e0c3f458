/**
 * Plans of Terraform say what a template says. Each folder in `plans/` has a configuration, the same as a template or as
 * manifests, and what Terraform 1.11 made of the configuration: `plan.json` before anything exists, and `state.json` after
 * it was applied, both by `terraform show -json`, with providers that have the attributes of those for AWS and Kubernetes
 * and make nothing. An address ends with the logical id, in another spelling.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeEach } from '../../lib/rules/check';
import { notRead } from '../../lib/rules/not-read';
import { readEach } from '../../lib/rules/read';
import type { Finding } from '../../lib/rules/rule';

const PLANS = join(__dirname, 'plans');
const CASES = readdirSync(PLANS).sort();

function judged(file: string, text: string) {
  const reading = readEach([{ file, text }]);
  const { findings, failures } = judgeEach(reading);
  expect(failures).toEqual([]);
  return { findings, unread: notRead(reading.documents).map(({ what }) => what) };
}

const inCase = (name: string, file: string) => judged(file, readFileSync(join(PLANS, name, file), 'utf8'));

/** `module.worker["one"].aws_lambda_function.worker[0]` and `Worker` are the same. */
function named(text: string): string {
  const address = /(?:module\.\w+(?:\["?\w+"?\])?\.)*(?:aws|kubernetes)_\w+\.(\w+)((?:\["?\w+"?\])?)/g;
  return text.replace(address, (_, name: string, index: string) => {
    const instance = /one|two/.exec(index)?.[0];
    const id = name.replace(/(^|_)([a-z])/g, (__, ___, letter: string) => letter.toUpperCase());
    return `${id}${instance === undefined ? '' : instance === 'one' ? 0 : 1}`;
  });
}

const told = (findings: readonly Finding[]) =>
  findings.map(({ ruleId, severity, message }) => `${severity} ${ruleId}: ${named(message)}`).sort();

describe.each(CASES)('%s', (name) => {
  const plan = inCase(name, 'plan.json');
  const state = inCase(name, 'state.json');
  const template = inCase(name, 'template.yaml');

  test('the plan has the findings of the template', () => {
    expect(template.findings.length).toBeGreaterThan(0);
    expect(told(plan.findings)).toEqual(told(template.findings));
  });

  test('the state has those of the plan, at the same places', () => {
    const places = (findings: readonly Finding[]) =>
      findings.map(({ ruleId, resource, path, message }) => `${ruleId} ${resource} ${path} ${message}`).sort();
    expect(places(state.findings)).toEqual(places(plan.findings));
  });

  test('everything is read', () => expect([...plan.unread, ...state.unread]).toEqual([]));
});
