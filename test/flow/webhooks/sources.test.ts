/** What is common to the senders of webhooks on every engine stands once. */
import { DeduplicateBy, WebhookScheme } from '../../../lib/aws/webhooks/webhook-source';
import { InvalidInputError } from '../../../lib/flow/errors';
import { planQueue } from '../../../lib/flow/queue/plan';
import { idempotencyKnob } from '../../../lib/flow/webhooks/keys';
import { DEDUPLICATE_BY, SIGNATURE_SCHEMES, type Source, sourceChecks } from '../../../lib/flow/webhooks/sources';

const DAY = 86_400;
const workload = { steadyPerSecond: 20, serviceSeconds: 0.1 };
const plan = planQueue('Hooks', { workload, objective: { latencySeconds: 60 } });

test('the enums of AWS have the words that the checks know, and no other', () => {
  expect(Object.values(WebhookScheme).sort()).toEqual([...SIGNATURE_SCHEMES].sort());
  expect(Object.values(DeduplicateBy).sort()).toEqual([...DEDUPLICATE_BY].sort());
});

test.each<[string, readonly Source[]]>([
  ['sources must name at least one sender, got none', []],
  [
    'sources must have different names, got a, a',
    [
      { name: 'a', scheme: 'github' },
      { name: 'a', scheme: 'github' },
    ],
  ],
  ["sources.name must be 1 to 32 lower-case letters, digits and hyphens, got 'A'", [{ name: 'A', scheme: 'github' }]],
  [
    "sources.scheme of a must be one of github, stripe, standard-webhooks, shopify, slack, hmac, got 'gitlab'",
    [{ name: 'a', scheme: 'gitlab' }],
  ],
  [
    "sources.deduplicateBy of a must be one of delivery-id, signed-content, got 'ip'",
    [{ name: 'a', scheme: 'github', deduplicateBy: 'ip' }],
  ],
  [
    'sources.steadyPerSecond must be above 0 and at most workload.steadyPerSecond, 20, got 21',
    [{ name: 'a', scheme: 'github', steadyPerSecond: 21 }],
  ],
])('refused: %s', (message, sources) => {
  expect(
    sourceChecks(sources, workload)
      .filter(({ refused }) => refused)
      .map((one) => one.message),
  ).toEqual([message]);
});

test('a key is kept for 14 days, or as long as the queue keeps a message', () => {
  expect(idempotencyKnob(plan, 'kept', undefined).value).toBe(14 * DAY);
  const long = plan.withKnobs([{ ...plan.knob('retentionSeconds'), value: 30 * DAY }]);
  expect(idempotencyKnob(long, 'kept', undefined).value).toBe(30 * DAY);
  expect(idempotencyKnob(plan, 'kept', 5 * DAY)).toMatchObject({ value: 5 * DAY, formula: 'given' });
});

test('trap: a key that is gone before its message has its effect twice, so it is refused', () => {
  expect(() => idempotencyKnob(plan, 'kept', 3600)).toThrow(InvalidInputError);
  expect(() => idempotencyKnob(plan, 'kept', 3600)).toThrow(
    `Hooks: kept must be at least the queue's retention, ${plan.value('retentionSeconds')} s, got 3600 s`,
  );
});
