/** What docs/environments.md says of the operators is what the charts need, and what the data file says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Testing } from 'cdk8s';
import data from '../../charts/operators.json';
import { REFERENCE_CHARTS } from '../../charts/reference';
import { ROOT } from '../support/reference';

const { operators } = data;
const page = readFileSync(join(ROOT, 'docs', 'environments.md'), 'utf8');

/** API groups that come with Kubernetes: none, or one of its own. */
const BUILT_IN = /^(|apps|batch|autoscaling|policy|.*\.k8s\.io)$/;

/** Groups of custom resources in a chart. `*.x-k8s.io` belongs to projects beside Kubernetes. */
function customGroups(name: string): string[] {
  const manifests: { apiVersion: string }[] = Testing.synth(new REFERENCE_CHARTS[name](Testing.app(), name));
  const groups = manifests.map(({ apiVersion }) => (apiVersion.includes('/') ? apiVersion.split('/')[0] : ''));
  return [...new Set(groups)].filter((group) => /\.x-k8s\.io$/.test(group) || !BUILT_IN.test(group));
}

/** The bullet of an environment on the page, as one line. */
function paragraph(name: string): string {
  const found = new RegExp(`^- \\*\\*${name}\\*\\*.*(?:\\n {2}.*)*`, 'm').exec(page);
  expect(found).not.toBeNull();
  return found![0].replace(/\s+/g, ' ');
}

test("the page's table is the data file's", () => {
  const rows = operators.map(({ name, version, install }) => `| ${name} | ${version} | \`${install}\` |`);
  expect(page).toContain(`|---|---|---|\n${rows.join('\n')}\n`);
});

test.each(Object.keys(REFERENCE_CHARTS))(
  '%s: every custom resource has its operator, and the page names it',
  (name) => {
    for (const group of customGroups(name)) {
      const owner = operators.find(({ groups }) => (groups as string[]).includes(group));
      expect([group, owner?.name]).toEqual([group, expect.any(String)]);
      // One for all of them is named before the list.
      const where = owner!.name === 'Prometheus operator' ? page : paragraph(name);
      expect(where).toMatch(new RegExp(owner!.name.split(' ')[0]));
    }
  },
);

test('the version in a command is the version of its row', () => {
  for (const { version, install } of operators) {
    if (/later/.test(version)) continue;
    expect(install).toMatch(new RegExp(`[/-]v?${version.replaceAll('.', '\\.')}\\.\\d+/`));
  }
});
