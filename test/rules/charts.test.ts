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

test('nothing is found when all are applied together', () => {
  expect(check(readDocuments(Object.keys(REFERENCE_CHARTS).map(source)))).toEqual([]);
});
