import { webhookKnobs } from '../../../lib/aws/webhooks/webhook-plan';

/** A peak of 0 s: the API is sized for what arrives all day. */
test('a peak without a length does not raise the throttle', () => {
  const knobs = (peakPerSecond?: number) =>
    webhookKnobs({
      workload: { steadyPerSecond: 10, peakPerSecond, peakSeconds: 0, serviceSeconds: 0.1 },
      sources: [],
    });
  expect(knobs(1000)).toEqual(knobs());
});
