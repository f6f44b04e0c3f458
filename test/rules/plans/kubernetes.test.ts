/** Names and blocks of Terraform's provider for Kubernetes that differ from the fields of a manifest by more than capitals. */
import { readEach } from '../../../lib/rules/read';
import { judged, type Made, plan } from './made';

const bodyOf = (made: Made) => {
  const { documents } = readEach([{ file: 'plan.json', text: JSON.stringify(plan([made])) }]);
  return documents.flatMap(({ resources }) => resources)[0].body;
};

const metadata = [{ name: 'a', namespace: 'shop' }];

test.each(['kubernetes_horizontal_pod_autoscaler_v1', 'kubernetes_horizontal_pod_autoscaler'])('%s', (type) => {
  const hpa: Made = {
    address: `${type}.a`,
    values: {
      metadata,
      spec: [
        {
          max_replicas: 5,
          target_cpu_utilization_percentage: 60,
          scale_target_ref: [{ api_version: 'apps/v1', kind: 'Deployment', name: 'a' }],
        },
      ],
    },
  };
  const deployment: Made = {
    address: 'kubernetes_deployment_v1.a',
    values: { metadata, spec: [{ template: [{ spec: [{ container: [{ name: 'a' }] }] }] }] },
  };
  expect(bodyOf(hpa).at('spec', 'targetCPUUtilizationPercentage').number()).toBe(60);
  expect(judged(plan([hpa, deployment])).found.map((one) => one.split(' ')[0])).toContain('BP-HPA-001');
});

test('the metric of a metric stands once, and its values may be unknown', () => {
  const spec = (metric: object) => ({
    address: 'kubernetes_horizontal_pod_autoscaler_v2.a',
    values: { metadata, spec: [{ metric: [metric] }] },
  });
  for (const kind of ['external', 'object', 'pods']) {
    const body = bodyOf(spec({ type: kind, [kind]: [{ metric: [{ name: 'depth' }] }] }));
    expect(body.at('spec', 'metrics', 0, kind, 'metric', 'name').text()).toBe('depth');
  }
});

test('the port of a probe is one, also when it is not known; those of a container are several', () => {
  const spec = {
    container: [{ name: 'a', port: [{ container_port: 80 }], liveness_probe: [{ http_get: [{ path: '/' }] }] }],
  };
  const pod: Made = {
    address: 'kubernetes_pod_v1.a',
    values: { metadata, spec: [spec] },
    unknown: { spec: [{ container: [{ liveness_probe: [{ http_get: [{ port: true }] }] }] }] },
  };
  const container = bodyOf(pod).at('spec', 'containers', 0);
  expect(container.at('ports').items()).toHaveLength(1);
  const get = container.at('livenessProbe', 'httpGet');
  expect(get.at('port').decided).toBe(false);
  expect(get.at('ports').absent).toBe(true);
});

test('the entries of a map that are an object of their own', () => {
  const data = (name: string): Made => ({
    address: `kubernetes_config_map_v1_data.${name}`,
    values: { metadata, data: { REDIS_PASSWORD: 'hunter22' }, force: true, field_manager: 'Terraform' },
  });
  const map: Made = {
    address: 'kubernetes_config_map_v1.a',
    values: { metadata, data: { RABBITMQ_DEFAULT_PASS: 'x7' } },
  };
  expect(judged(plan([map, data('a'), data('b')])).found).toEqual([
    'BP-SECRET-001 kubernetes_config_map_v1.a',
    'BP-SECRET-001 kubernetes_config_map_v1_data.a',
    'BP-SECRET-001 kubernetes_config_map_v1_data.b',
  ]);
});

describe('kubectl_manifest', () => {
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a, namespace: shop }\n';
  const manifest = (values: Record<string, unknown>, more: Partial<Made> = {}): Made => ({
    address: 'kubectl_manifest.a',
    ...more,
    values,
  });
  const unread = (made: Made) => judged(plan([made])).unread;

  test('says why it is not read', () => {
    const one = '1 kubectl_manifest.a, whose yaml_body is not one manifest';
    expect(unread(manifest({ yaml_body: `${text}---\n${text}` }))).toEqual([one]);
    expect(unread(manifest({ yaml_body: 'a: [' }))).toEqual([one]);
    expect(unread(manifest({}, { unknown: { yaml_body: true } }))).toEqual([
      '1 kubectl_manifest.a, whose manifest is known only after apply',
    ]);
    expect(unread(manifest({ yaml_body: text }))).toEqual([]);
  });

  test('is in the namespace that stands over its own', () => {
    const namespace = (made: Made) => bodyOf(made).at('metadata', 'namespace');
    expect(namespace(manifest({ yaml_body: text })).text()).toBe('shop');
    expect(namespace(manifest({ yaml_body: text, override_namespace: null })).text()).toBe('shop');
    expect(namespace(manifest({ yaml_body: text, override_namespace: 'other' })).text()).toBe('other');
    expect(namespace(manifest({ yaml_body: text }, { unknown: { override_namespace: true } })).decided).toBe(true);
  });
});
