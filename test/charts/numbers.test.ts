/** No replicas, target, grace period, deadline or threshold of a worker in a manifest is in no plan. */
import { ApiObject, Testing } from 'cdk8s';
import { REFERENCE_CHARTS } from '../../charts/reference';
import { Plan } from '../../lib/flow/plan';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';

/** Numbers of an object by the knob that they must be. */
// biome-ignore lint/suspicious/noExplicitAny: manifests have no types
function numbers({ kind, spec }: any): [knob: string, value: number | undefined][] {
  const behavior = spec?.advanced?.horizontalPodAutoscalerConfig?.behavior;
  switch (kind) {
    case 'ScaledObject':
      return [
        ['minInstances', spec.minReplicaCount],
        ['maxInstances', spec.maxReplicaCount],
        ['pollingIntervalSeconds', spec.pollingInterval],
        ['cooldownPeriodSeconds', spec.cooldownPeriod],
        ['fallbackReplicas', spec.fallback.replicas],
        ['fallbackAfterFailures', spec.fallback.failureThreshold],
        ['scaleDownStabilizationSeconds', behavior.scaleDown.stabilizationWindowSeconds],
        ['targetPerReplica', Number(spec.triggers[0].metadata.value ?? spec.triggers[0].metadata.queueLength)],
      ];
    case 'ScaledJob':
      return [
        ['maxInstances', spec.maxReplicaCount],
        ['pollingIntervalSeconds', spec.pollingInterval],
        ['jobDeadlineSeconds', spec.jobTargetRef.activeDeadlineSeconds],
        ['terminationGracePeriodSeconds', spec.jobTargetRef.template.spec.terminationGracePeriodSeconds],
      ];
    case 'Deployment':
      return [['terminationGracePeriodSeconds', spec.template.spec.terminationGracePeriodSeconds]];
    case 'Policy':
      return [
        ['deliveryLimit', spec.definition['delivery-limit']],
        ['maxLength', spec.definition['max-length']],
        ['consumerTimeoutSeconds', spec.definition['consumer-timeout'] && spec.definition['consumer-timeout'] / 1000],
      ];
    default:
      return [];
  }
}

/** What an alert compares with and how long it holds, by name. */
const ALERTS: Readonly<Record<string, { threshold?: string; hold: string }>> = {
  QueueBacklog: { threshold: 'alarmBacklog', hold: 'alarmHoldSeconds' },
  QueueNeverDrains: { threshold: 'alarmDrainBacklog', hold: 'alarmDrainHoldSeconds' },
  QueueScalerBlind: { hold: 'alarmWindowSeconds' },
  QueueWorkerAtMaximum: { threshold: 'alarmBacklog', hold: 'alarmWindowSeconds' },
  DeadLetters: { hold: '' },
  QueueNearlyFull: { threshold: 'alarmNearlyFull', hold: 'alarmSampleSeconds' },
};

const seconds = (text: string | undefined) => {
  if (text === undefined) return 0;
  const [, count, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  return Number(count) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
};

const workers = Object.entries(REFERENCE_CHARTS).flatMap(([name, Chart]) =>
  new Chart(Testing.app(), name).node
    .findAll()
    .filter((one): one is QueueWorker => one instanceof QueueWorker)
    .map((worker) => [worker.node.path, worker] as const),
);

test('there are workers to walk', () => {
  expect(workers.map(([path]) => path)).toEqual([
    'image-processing/Images',
    'order-processing/Orders',
    'order-processing/Rendering',
  ]);
});

describe.each(workers)('%s', (_path, worker) => {
  const objects = worker.node
    .findAll()
    .filter((one): one is ApiObject => one instanceof ApiObject)
    .map((object) => object.toJson());

  test('its numbers are knobs of its plan', () => {
    expect(worker.plan).toBeInstanceOf(Plan);
    const found = objects.flatMap(numbers).filter(([, value]) => value !== undefined && !Number.isNaN(value));
    expect(found.length).toBeGreaterThan(3);
    for (const [knob, value] of found) expect([knob, value]).toEqual([knob, worker.plan.value(knob)]);
  });

  test('its alerts compare with knobs of its plan, and hold as long as one says', () => {
    const rules = objects.filter(({ kind }) => kind === 'PrometheusRule').flatMap(({ spec }) => spec.groups[0].rules);
    expect(rules.length).toBeGreaterThan(2);
    for (const { alert, expr, for: hold } of rules) {
      const { threshold, hold: holdKnob } = ALERTS[alert];
      expect([alert, seconds(hold)]).toEqual([alert, holdKnob === '' ? 0 : worker.plan.value(holdKnob)]);
      if (threshold !== undefined) expect(expr).toMatch(new RegExp(`> ${worker.plan.value(threshold)}( |$)`));
    }
  });
});
