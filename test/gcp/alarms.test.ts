/** Every number of an alert policy is a knob of the plan, written down once. */
import { join } from 'node:path';
import { referenceEnvironment } from '../../bin/gcp/environment';
import type { Knob, Plan } from '../../lib/flow/plan';
import { RedriveQueue } from '../../lib/gcp/queue/redrive-queue';
import { SubscriptionAlerts } from '../../lib/gcp/queue/subscription-alerts';
import { RefusedAlerts } from '../../lib/gcp/webhooks/refused-alerts';
import { WebhookBuffer } from '../../lib/gcp/webhooks/webhook-buffer';
import { googleEnvironments } from '../support/google-environments';
import { allOf, program, type Registered } from '../support/pulumi';
import { runProgram } from '../support/pulumi-engine';
import type { Untyped } from '../support/stack';

/** The knobs with the numbers of a policy; without `hold` it rings at once. */
interface PolicyKnobs {
  readonly threshold: string;
  readonly seconds: string;
  readonly hold?: string;
  readonly evaluation?: string;
  readonly close: string;
}

const close = 'alarmCloseSeconds';
const sampled = (threshold: string) => ({ threshold, seconds: 'alarmSampleSeconds', hold: 'alarmHoldSeconds', close });
const letters = { threshold: 'alarmDeadLetters', seconds: 'alarmWindowSeconds', close };

const BY_NAME: readonly [name: RegExp, knobs: PolicyKnobs][] = [
  [/^mailing-alerts-throttled$/, sampled('alarmThrottled')],
  [/^mailing-alerts-failed$/, sampled('alarmFailedAttempts')],
  [/^mailing-alerts-parked$/, { threshold: 'alarmParked', seconds: 'alarmSampleSeconds', close }],
  [/-alerts-backlog$/, sampled('alarmBacklog')],
  [/-alerts-age$/, sampled('alarmAgeSeconds')],
  [/-alerts-dead-letters-(forwarded|unattended)$/, letters],
  [/^chores-alerts-depth$/, sampled('alarmDepth')],
  [/^chores-alerts-delay$/, { threshold: 'alarmDelayMillis', seconds: 'alarmSampleSeconds', close }],
  [/^chores-alerts-failed$/, { threshold: 'alarmFailedAttempts', seconds: 'alarmSampleSeconds', close }],
  [/^chores-alerts-not-enqueued$/, { threshold: 'alarmNotEnqueued', seconds: 'alarmSampleSeconds', close }],
  [/^archive-stored-bytes$/, { threshold: 'storedBytesLimit', seconds: 'alarmSampleSeconds', close }],
  [
    /-scaler-silent$/,
    { threshold: 'alarmSilent', seconds: 'alarmSilentSeconds', evaluation: 'alarmSampleSeconds', close },
  ],
  [/-turned-away$/, { threshold: 'alarmTurnedAway', seconds: 'alarmSampleSeconds', close }],
];

function knobsOf(name: string): PolicyKnobs {
  const source = /-refused-([a-z0-9-]+)$/.exec(name)?.[1];
  if (source !== undefined) {
    const threshold = `alarmRefusedPerHour.${source}`;
    return { threshold, seconds: 'alarmRefusedSeconds', evaluation: 'alarmSampleSeconds', close };
  }
  const found = BY_NAME.find(([pattern]) => pattern.test(name));
  if (found === undefined) throw new Error(`no knobs are named for the policy ${name}`);
  return found[1];
}

/** The numbers of a policy as Google Cloud gets them. */
function numbersOf({ conditions, alertStrategy }: Untyped): Record<string, number> {
  const seconds = (text: string) => {
    expect(text).toMatch(/^\d+s$/);
    return Number(text.slice(0, -1));
  };
  expect(conditions).toHaveLength(1);
  const { conditionThreshold: metric, conditionPrometheusQueryLanguage: promql } = conditions[0];
  const rest = { hold: seconds((metric ?? promql).duration), close: seconds(alertStrategy.autoClose) };
  if (metric !== undefined) {
    const [{ alignmentPeriod }] = metric.aggregations;
    return { threshold: metric.thresholdValue, seconds: seconds(alignmentPeriod), ...rest };
  }
  const windows = new Set([...promql.query.matchAll(/\[(\d+s)\]/g)].map(([, window]) => seconds(window)));
  expect(windows.size).toBe(1);
  const threshold = Number(/> (\d+(\.\d+)?)\)/.exec(promql.query)?.[1]);
  return { threshold, seconds: [...windows][0], evaluation: seconds(promql.evaluationInterval), ...rest };
}

function planned(name: string, plan: Plan): Record<string, number> {
  const numbers = Object.entries(knobsOf(name)).map(([kind, knob]) => [kind, plan.value(knob)]);
  return { hold: 0, ...Object.fromEntries(numbers) };
}

const policiesOf = (resources: readonly Registered[]) =>
  Object.fromEntries(Object.entries(allOf(resources, 'AlertPolicy')).map(([name, one]) => [name, numbersOf(one)]));

test('the program of work: the same', async () => {
  const run = await runProgram({
    folder: join(__dirname, '..', '..', 'bin', 'gcp', 'work'),
    config: { orderImage: 'order', imageImage: 'image' },
    secrets: [],
  });
  const { made } = await program(googleEnvironments);
  expect(run.outputs.ordersPlan).toBe(made.orders.plan.explain());
  expect(run.outputs.imagesPlan).toBe(made.images.plan.explain());
  const policies = policiesOf(run.resources);
  expect(Object.keys(policies)).toHaveLength(11);
  const planOf = (name: string) => made[name.split('-')[0] as keyof typeof made].plan;
  expect(policies).toEqual(
    Object.fromEntries(Object.keys(policies).map((name) => [name, planned(name, planOf(name))])),
  );
}, 120_000);

test('the program: threshold, period, hold and end of every policy are knobs of its plan', async () => {
  const run = await runProgram({
    folder: join(__dirname, '..', '..', 'bin', 'gcp'),
    config: { receiverImage: 'receiver', consumerImage: 'consumer', githubSecret: 'open sesame' },
    secrets: ['githubSecret'],
  });
  const { made } = await program(() =>
    referenceEnvironment({
      location: 'europe-west1',
      receiverImage: 'receiver',
      consumerImage: 'consumer',
      githubSecret: 'open sesame',
    }),
  );
  expect(run.outputs.plan).toBe(made.webhooks.plan.explain());
  expect(run.outputs.messagesPlan).toBe(made.messages.plan.explain());
  const policies = policiesOf(run.resources);
  expect(run.outputs.choresPlan).toBe(made.chores.plan.explain());
  expect(Object.keys(policies)).toHaveLength(18);
  const planOf = (name: string) => made[name.split('-')[0] as keyof typeof made].plan;
  expect(policies).toEqual(
    Object.fromEntries(Object.keys(policies).map((name) => [name, planned(name, planOf(name))])),
  );
}, 120_000);

const DEMAND = { workload: { steadyPerSecond: 20, serviceSeconds: 0.07 }, objective: { latencySeconds: 60 } };
const SOURCES = ['github', 'pay'];

/** Policies made from a plan with these knobs, and that plan. */
const MAKERS: Record<string, (knobs: Knob[]) => { policies: string; plan: Plan }> = {
  SubscriptionAlerts: (knobs) => {
    const { subscription, deadLetterSubscription, plan: own } = new RedriveQueue('orders', DEMAND);
    const plan = own.withKnobs(knobs);
    new SubscriptionAlerts('by-hand-alerts', { subscription, deadLetterSubscription, plan });
    return { policies: 'by-hand-alerts-', plan };
  },
  RefusedAlerts: (knobs) => {
    const buffer = new WebhookBuffer('hooks', {
      ...DEMAND,
      sources: SOURCES.map((name) => ({ name, scheme: 'github', secret: { secretId: name } })),
      location: 'europe-west1',
      receiver: { image: 'receiver' },
      worker: { image: 'consumer' },
    });
    const plan = buffer.plan.withKnobs(knobs);
    const { receiver, worker } = buffer;
    new RefusedAlerts('by-hand', { receiver, worker: worker.service, sourceNames: SOURCES, plan });
    return { policies: 'by-hand-refused-', plan };
  },
};

test.each(Object.keys(MAKERS))('%s: each knob moves the policies that it is for, and no other', async (name) => {
  const policies = async (knobs: Knob[]) => {
    const { made, resources } = await program(() => MAKERS[name](knobs));
    const byHand = Object.entries(policiesOf(resources)).filter(([policy]) => policy.startsWith(made.policies));
    return { plan: made.plan, numbers: Object.fromEntries(byHand) };
  };
  const usual = await policies([]);
  const names = Object.keys(usual.numbers);
  expect(names.length).toBeGreaterThan(1);
  for (const knob of new Set(names.flatMap((policy) => Object.values(knobsOf(policy))))) {
    const value = usual.plan.value(knob) + 60;
    const { plan, numbers } = await policies([{ ...usual.plan.knob(knob), value }]);
    expect(names.filter((policy) => JSON.stringify(numbers[policy]) !== JSON.stringify(usual.numbers[policy]))).toEqual(
      names.filter((policy) => Object.values(knobsOf(policy)).includes(knob)),
    );
    expect(numbers).toEqual(Object.fromEntries(names.map((policy) => [policy, planned(policy, plan)])));
  }
});
