/** An instance that takes long to start is given the time: no probe restarts it before its first request, whatever runs it. */
import { InvalidInputError } from '../../lib/flow/errors';
import type { Plan } from '../../lib/flow/plan';
import { progressDeadlineKnob, startupProbeKnob } from '../../lib/flow/probes';
import { planQueue } from '../../lib/flow/queue/plan';
import type { PlatformName } from '../../lib/flow/queue/platforms/facts';
import { planService } from '../../lib/flow/services/plan';

const service = (coldStartSeconds?: number) =>
  planService('Api', {
    platform: 'kubernetes',
    workload: { peakPerSecond: 200, steadyPerSecond: 200, serviceSeconds: 0.1, coldStartSeconds },
    objective: { latencySeconds: 1 },
  });
const worker = (platform: PlatformName) => (startSeconds?: number) =>
  planQueue('Orders', {
    platform,
    broker: platform === 'cloud-run' ? 'pubsub' : 'rabbitmq',
    workload: { steadyPerSecond: 10, serviceSeconds: 0.5 },
    objective: { latencySeconds: 60 },
    consumer: startSeconds === undefined ? {} : { startSeconds },
  });

const allowed = (plan: Plan, period = 'probePeriodSeconds') => plan.value(period) * plan.value('startupProbeFailures');

describe.each<[string, (startSeconds?: number) => Plan]>([
  ['a service', service],
  ['a worker', worker('keda')],
])('%s on Kubernetes', (_, plan) => {
  test.each([0, 30, 149, 151, 600, 3600, 86_400])(
    'that starts in %d s has twice that, and its rollout outlasts it',
    (start) => {
      const planned = plan(start);
      expect(allowed(planned)).toBeGreaterThanOrEqual(2 * start);
      expect(planned.value('progressDeadlineSeconds')).toBeGreaterThanOrEqual(2 * allowed(planned));
    },
  );

  test('has five minutes, and its rollout ten, while nothing longer is planned', () => {
    expect([allowed(plan()), plan().value('progressDeadlineSeconds')]).toEqual([300, 600]);
  });

  test('says which start the probe is for', () => {
    expect(plan(600).knob('startupProbeFailures')).toMatchObject({ value: 120, inputs: { startSeconds: 600 } });
  });
});

describe('an instance of Cloud Run', () => {
  const onCloudRun = worker('cloud-run');

  test.each([10, 60, 119, 200, 240])('that starts in %d s is not stopped before', (start) => {
    const planned = onCloudRun(start);
    expect(allowed(planned, 'startupProbePeriodSeconds')).toBeGreaterThanOrEqual(start);
    expect(allowed(planned, 'startupProbePeriodSeconds')).toBeLessThanOrEqual(240);
  });

  test('that starts later than Cloud Run waits is refused with the limit', () => {
    expect(() => onCloudRun(300)).toThrow(InvalidInputError);
    expect(() => onCloudRun(300)).toThrow('consumer.startSeconds must be at most 240 on Cloud Run');
  });
});

test('another time between probes leaves as much to start, and the rollout waits for what the probe allows', () => {
  expect(startupProbeKnob(600, 30).value).toBe(40);
  expect(startupProbeKnob(45, 1).value).toBe(90);
  expect(progressDeadlineKnob(startupProbeKnob(600, 30), 30).value).toBe(2400);
});

test('where no start is planned probe and rollout have their defaults', () => {
  expect([startupProbeKnob().value, progressDeadlineKnob().value]).toEqual([30, 600]);
});
