/** Every reference chart before a real API server: `--dry-run=server --validate=strict`, with the operators' own CRDs. */
import { Testing, Yaml } from 'cdk8s';
import { OrderProcessingChart } from '../../charts/order-processing';
import { REFERENCE_CHARTS } from '../../charts/reference';
import type { Manifest } from '../support/manifest';
import { HAS_CLUSTER, kubectl, settled } from './kubernetes';

const onCluster = HAS_CLUSTER ? describe : describe.skip;

onCluster('the API server takes', () => {
  beforeAll(settled, 200_000);

  test.each(Object.keys(REFERENCE_CHARTS))(
    '%s, every object of it',
    async (name) => {
      const manifests: Manifest[] = Testing.synth(new REFERENCE_CHARTS[name](Testing.app(), name));
      const namespaces = manifests.filter(({ kind }) => kind === 'Namespace');
      // A dry run makes no namespace, and without one the server looks at nothing else.
      await kubectl(['apply', '-f', '-'], Yaml.stringify(...namespaces));
      const printed = await kubectl(
        ['apply', '--dry-run=server', '--validate=strict', '-f', '-'],
        Yaml.stringify(...manifests),
      );
      expect(printed.trim().split('\n')).toHaveLength(manifests.length);
    },
    120_000,
  );

  test('and refuses a field that does not exist, so that the claim above can fail', async () => {
    const manifests: Manifest[] = Testing.synth(new OrderProcessingChart(Testing.app(), 'order-processing'));
    const scaled = manifests.find(({ kind }) => kind === 'ScaledObject') as Manifest;
    const wrong = { ...scaled, spec: { ...scaled.spec, pollingIntervall: 30 } };
    const apply = kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], Yaml.stringify(wrong));
    await expect(apply).rejects.toThrow(/pollingIntervall/);
  }, 120_000);
});
