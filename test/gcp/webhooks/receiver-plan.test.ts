import fc from 'fast-check';
import { CapacityError } from '../../../lib/flow/errors';
import { receiverChecks, receiverKnobs } from '../../../lib/gcp/webhooks/receiver-plan';
import { runs, spread } from '../../support/property';

/** A peak of 0 s: the receiver is sized for what arrives all day. */
test('a peak without a length asks for no instances', () => {
  const workload = { steadyPerSecond: 10, serviceSeconds: 0.1, peakSeconds: 0 };
  expect(receiverKnobs('Hooks', { ...workload, peakPerSecond: 100_000 }, {})).toEqual(
    receiverKnobs('Hooks', workload, {}),
  );
});

describe('a refusal names changes that each lead to a plan', () => {
  const busy = { steadyPerSecond: 100, peakPerSecond: 2000, peakSeconds: 60, serviceSeconds: 0.1 };

  test('no more deliveries than are refused, where requests and not CPU bound them', () => {
    const slow = { seconds: 5, concurrency: 10 };
    expect(() => receiverKnobs('Hooks', busy, slow)).toThrow(
      'Hooks: the receiver needs 2000 instances for twice 2,000 deliveries/s, 1000 are allowed; receiver.concurrency 20, or 1,000 deliveries/s',
    );
  });

  test('a smaller body and fewer deliveries together, where neither is enough', () => {
    const both = { seconds: 100, concurrency: 1000, maxInstances: 1, maxBodyBytes: 9_000_000 };
    expect(() => receiverKnobs('Hooks', busy, { ...both, cpuSeconds: 1 })).toThrow(
      /; 0\.3 deliveries\/s and receiver\.maxBodyBytes \d+$/,
    );
  });

  test('whatever was asked', () => {
    let followed = 0;
    const choices = fc.record({
      seconds: spread(0.001, 60),
      cpuSeconds: spread(0.0001, 1),
      concurrency: fc.integer({ min: 1, max: 1000 }),
      maxInstances: fc.constantFrom(undefined, undefined, 1, 7, 400),
      maxBodyBytes: fc.constantFrom(undefined, 10_000, 9_000_000),
    });
    fc.assert(
      fc.property(spread(1, 100_000), choices, (steadyPerSecond, given) => {
        try {
          receiverKnobs('Hooks', { steadyPerSecond, serviceSeconds: 0.1 }, given);
        } catch (error) {
          if (!(error instanceof CapacityError)) throw error;
          expect(error.waysOut.length).toBeGreaterThan(0);
          for (const way of error.waysOut) {
            const change = Object.assign({}, ...way.split(' and ').map(changeOf));
            const { perSecond = steadyPerSecond, ...changed } = change;
            expect(perSecond).toBeLessThanOrEqual(steadyPerSecond);
            const asked = { ...given, ...changed };
            expect(receiverChecks(asked).filter(({ refused }) => refused)).toEqual([]);
            receiverKnobs('Hooks', { steadyPerSecond: perSecond, serviceSeconds: 0.1 }, asked);
            followed += 1;
          }
        }
      }),
      { numRuns: runs },
    );
    expect(followed).toBeGreaterThan(runs / 4);
  });
});

/** What a way out changes. */
function changeOf(way: string): Record<string, number> {
  const [, word, number] =
    /^(allow|receiver\.concurrency|receiver\.maxBodyBytes|)\s?([\d.,]+)(?: instances| deliveries\/s|)$/.exec(way) ?? [];
  const prop = { allow: 'maxInstances', '': 'perSecond' }[word] ?? word.replace('receiver.', '');
  return { [prop]: Number(number.replaceAll(',', '')) };
}
