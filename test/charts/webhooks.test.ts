import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Testing } from 'cdk8s';
import { WebhooksChart } from '../../charts/webhooks';
import { WEBHOOKS } from '../../lib/cases/case-15-webhook-flood';
import { planWebhooks } from '../../lib/flow/webhooks/plan';
import { every, type Manifest, one, written } from '../support/manifest';

const stack = new WebhooksChart(Testing.app(), 'webhooks');
const chart = written(stack);

describe('webhooks', () => {
  test('are deployed as case 15 plans them', () => {
    const plan = planWebhooks('Webhooks', { workload: WEBHOOKS.workload, ...WEBHOOKS.on.k8s });
    const deliveries = every(chart, 'KafkaTopic').find(({ spec }) => spec.topicName === 'webhooks.deliveries');
    expect(deliveries.spec.partitions).toBe(plan.value('partitions'));
    expect(one(chart, 'ScaledObject').spec.maxReplicaCount).toBe(plan.value('instances'));
    expect(one(chart, 'HorizontalPodAutoscaler').spec.minReplicas).toBe(plan.value('receiverReplicas'));
  });

  test('the page says how many consumers run all day', () => {
    const page = readFileSync(join(__dirname, '..', '..', 'docs', 'constructs', 'k8s-webhook-buffer.md'), 'utf8');
    const { minReplicaCount } = one(chart, 'ScaledObject').spec;
    expect(page.replace(/\s+/g, ' ')).toContain(
      `with twice the load in reserve ${minReplicaCount} consumers run all day`,
    );
  });

  test('a delivery is confirmed by two copies, and no manifest has a secret', () => {
    for (const { spec } of every(chart, 'KafkaTopic')) expect(spec.config['min.insync.replicas']).toBe(2);
    expect(every(chart, 'Secret')).toEqual([]);
  });

  test('no object leaves its namespace, and no broker is touched', () => {
    const outside = chart.manifests.filter(
      ({ kind, metadata }) => kind !== 'Namespace' && metadata.namespace !== 'webhooks',
    );
    expect(outside).toEqual([]);
    expect(every(chart, 'Kafka')).toEqual([]);
  });

  test('every pod passes Pod Security restricted', () => {
    const pods = every(chart, 'Deployment').map(({ spec }) => spec.template.spec);
    expect(pods).toHaveLength(2);
    for (const { containers, securityContext } of pods) {
      expect(securityContext.runAsNonRoot).toBe(true);
      for (const { securityContext: own } of containers as Manifest[])
        expect([own.allowPrivilegeEscalation, own.readOnlyRootFilesystem, own.capabilities.drop]).toEqual([
          false,
          true,
          ['ALL'],
        ]);
    }
  });

  test('is written as before', () => {
    expect(chart.manifests).toMatchSnapshot();
  });
});
