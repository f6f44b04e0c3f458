/** Our own Kubernetes environments under our own rules. */
import { Testing } from 'cdk8s';
import { REFERENCE_CHARTS } from '../../charts/reference';
import { check } from '../../lib/rules/check';
import { readDocuments } from '../../lib/rules/read';

const source = (name: string) => ({
  file: `${name}.json`,
  text: JSON.stringify(Testing.synth(new REFERENCE_CHARTS[name](Testing.app(), name))),
});

test.each(Object.keys(REFERENCE_CHARTS))('nothing is found in %s', (name) => {
  expect(check(readDocuments([source(name)]))).toEqual([]);
});

/**
 * The quota of the runners of CI bounds their number: they are no tenant, and only their controller makes pods there, whose
 * template names no priority. Which namespaces are tenants' is not in the manifests.
 */
const NO_TENANT = { ruleId: 'BP-QUOTA-002', message: expect.stringContaining('in delivery limits its use') };

test('nothing is found when all are applied together, but a priority beside the one quota', () => {
  const found = check(readDocuments(Object.keys(REFERENCE_CHARTS).map(source)));
  expect(found).toEqual([expect.objectContaining(NO_TENANT)]);
});
