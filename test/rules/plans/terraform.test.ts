/**
 * Plans of Terraform say what a template says. Each folder in `same/` has a configuration, the same as a template or as
 * manifests, and what Terraform 1.11 made of the configuration: `plan.json` before anything exists, and `state.json` after
 * it was applied, both by `terraform show -json`, with providers that have the attributes of those for AWS and Kubernetes
 * and make nothing. An address ends with the logical id, in another spelling. Those in `right/` have nothing wrong.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { judgeEach } from '../../../lib/rules/check';
import { notRead } from '../../../lib/rules/not-read';
import { readEach } from '../../../lib/rules/read';
import type { Finding } from '../../../lib/rules/rule';

const SAME = join(__dirname, 'same');
const RIGHT = join(__dirname, 'right');

function judged(file: string, text: string) {
  const reading = readEach([{ file, text }]);
  const { findings, failures } = judgeEach(reading);
  expect(failures).toEqual([]);
  return { findings, unread: notRead(reading.documents).map(({ what }) => what) };
}

const inCase = (folder: string, file: string) => judged(file, readFileSync(join(folder, file), 'utf8'));

/** `module.worker["one"].aws_lambda_function.worker[0]` and `Worker` are the same. */
function named(text: string): string {
  const address = /(?:module\.\w+(?:\["?\w+"?\])?\.)*(?:aws|kubernetes)_\w+\.(\w+)((?:\["?\w+"?\])?)/g;
  return text.replace(address, (_, name: string, index: string) => {
    const instance = /one|two/.exec(index)?.[0];
    const id = name.replace(/(^|_)([a-z])/g, (__, ___, letter: string) => letter.toUpperCase());
    return `${id}${instance === undefined ? '' : instance === 'one' ? 0 : 1}`;
  });
}

/** A plan says which attribute an expression reads, and not what it does with it: only the state knows that it is the ARN. */
const KNOWN_LATER: Readonly<Record<string, RegExp>> = { 'alarms-without-effect': /BP-CW-006/ };

const told = (findings: readonly Finding[]) =>
  findings.map(({ ruleId, severity, message }) => `${severity} ${ruleId}: ${named(message)}`).sort();

describe.each(readdirSync(SAME).sort())('%s', (name) => {
  const folder = join(SAME, name);
  const plan = inCase(folder, 'plan.json');
  const state = inCase(folder, 'state.json');
  const template = inCase(folder, 'template.yaml');

  test('the plan has the findings of the template', () => {
    expect(template.findings.length).toBeGreaterThan(0);
    const later = KNOWN_LATER[name] ?? /^$/;
    const wanted = told(template.findings);
    expect(told(plan.findings)).toEqual(wanted.filter((one) => !later.test(one)));
    expect(wanted.some((one) => later.test(one))).toBe(name in KNOWN_LATER);
  });

  test('the state has those of the plan, at the same places', () => {
    const places = (findings: readonly Finding[]) =>
      findings.map(({ ruleId, resource, path, message }) => `${ruleId} ${resource} ${path} ${message}`).sort();
    const later = state.findings.filter(({ ruleId }) => KNOWN_LATER[name]?.test(ruleId));
    expect(places(state.findings)).toEqual(places([...plan.findings, ...later]));
    expect(later).toHaveLength(name in KNOWN_LATER ? 1 : 0);
  });

  test('everything is read', () => expect([...plan.unread, ...state.unread]).toEqual([]));
});

describe.each(readdirSync(RIGHT).sort())('without a fault: %s', (name) => {
  test('nothing is found in the plan, and everything is read', () => {
    expect(inCase(join(RIGHT, name), 'plan.json')).toEqual({ findings: [], unread: [] });
  });

  test('nor in the state, unless it tells what the plan did not know', () => {
    const { findings, unread } = inCase(join(RIGHT, name), 'state.json');
    expect(unread).toEqual([]);
    expect(findings.map(({ ruleId, resource }) => `${ruleId} ${resource}`)).toEqual(
      name === 'near-misses'
        ? [
            'BP-LAMBDA-003 aws_lambda_event_source_mapping.worker',
            'BP-SQS-003 aws_sqs_queue.waits',
            'BP-SQS-004 aws_sqs_queue.waits',
          ]
        : [],
    );
  });
});
