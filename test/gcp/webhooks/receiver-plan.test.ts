import { receiverKnobs } from '../../../lib/gcp/webhooks/receiver-plan';

/** A peak of 0 s: the receiver is sized for what arrives all day. */
test('a peak without a length asks for no instances', () => {
  const workload = { steadyPerSecond: 10, serviceSeconds: 0.1, peakSeconds: 0 };
  expect(receiverKnobs('Hooks', { ...workload, peakPerSecond: 100_000 }, {})).toEqual(
    receiverKnobs('Hooks', workload, {}),
  );
});
