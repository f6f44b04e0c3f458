/** Every reference chart before a real API server: `--dry-run=server --validate=strict`, with the operators' own CRDs. */
import { Testing, Yaml } from 'cdk8s';
import { OrderProcessingChart } from '../../charts/order-processing';
import { REFERENCE_CHARTS } from '../../charts/reference';
import type { Manifest } from '../support/manifest';
import { HAS_CLUSTER, kubectl, settled, warnings } from './kubernetes';

const onCluster = HAS_CLUSTER ? describe : describe.skip;

const DRY_RUN = ['apply', '--dry-run=server', '--validate=strict', '-f', '-'];

/** What each chart is warned of and cannot do otherwise. */
const ACCEPTED: Readonly<Record<string, RegExp>> = {
  // Its namespace enforces `privileged` and warns of what is not `restricted`: folders of the node, and their owner.
  'log-shipping': /^would violate PodSecurity "restricted:latest": .*\(volumes "logs", "data" use/,
};

/** The manifests of a chart; a dry run makes no namespace, and without one the server looks at nothing else. */
async function manifestsOf(name: string): Promise<Manifest[]> {
  const manifests: Manifest[] = Testing.synth(new REFERENCE_CHARTS[name](Testing.app(), name));
  const namespaces = manifests.filter(({ kind }) => kind === 'Namespace');
  await kubectl(['apply', '-f', '-'], Yaml.stringify(...namespaces));
  return manifests;
}

onCluster('the API server takes', () => {
  beforeAll(settled, 200_000);

  test.each(Object.keys(REFERENCE_CHARTS))(
    '%s, every object of it',
    async (name) => {
      const manifests = await manifestsOf(name);
      const printed = await kubectl(DRY_RUN, Yaml.stringify(...manifests));
      expect(printed.trim().split('\n')).toHaveLength(manifests.length);
    },
    120_000,
  );

  test('and refuses a field that does not exist, so that the claim above can fail', async () => {
    const manifests: Manifest[] = Testing.synth(new OrderProcessingChart(Testing.app(), 'order-processing'));
    const scaled = manifests.find(({ kind }) => kind === 'ScaledObject') as Manifest;
    const wrong = { ...scaled, spec: { ...scaled.spec, pollingIntervall: 30 } };
    const apply = kubectl(DRY_RUN, Yaml.stringify(wrong));
    await expect(apply).rejects.toThrow(/pollingIntervall/);
  }, 120_000);
});

onCluster('neither the API server nor a webhook warns of', () => {
  beforeAll(settled, 200_000);

  test.each(Object.keys(REFERENCE_CHARTS))(
    '%s',
    async (name) => {
      const warned = await warnings(DRY_RUN, Yaml.stringify(...(await manifestsOf(name))));
      expect(warned.filter((text) => !ACCEPTED[name]?.test(text))).toEqual([]);
      // What is accepted is still so, or the list is too long.
      expect(warned).toHaveLength(name in ACCEPTED ? 1 : 0);
    },
    120_000,
  );

  test('what it would warn of it does: fields of KEDA that have no effect there', async () => {
    const manifests = await manifestsOf('order-processing');
    const scaled = manifests.find(({ kind }) => kind === 'ScaledObject') as Manifest;
    const idle = { ...scaled, spec: { ...scaled.spec, pollingInterval: 30, cooldownPeriod: 300 } };
    expect(await warnings(DRY_RUN, Yaml.stringify(idle))).toEqual([
      expect.stringMatching(/^PollingInterval is configured but is not relevant/),
      expect.stringMatching(/^CooldownPeriod is configured but is not relevant/),
    ]);
  }, 120_000);
});
