import { webhookKnobs } from '../../../lib/aws/webhooks/webhook-plan';
import { planQueue } from '../../../lib/flow/queue/plan';

/** A peak of 0 s: the API is sized for what arrives all day. */
test('a peak without a length does not raise the throttle', () => {
  const knobs = (peakPerSecond?: number) => {
    const workload = { steadyPerSecond: 10, peakPerSecond, peakSeconds: 0, serviceSeconds: 0.1 };
    const queue = planQueue('Hooks', { workload, objective: { latencySeconds: 60 } });
    return webhookKnobs(queue, { workload, sources: [] });
  };
  expect(knobs(1000)).toEqual(knobs());
});
