/** The numbers of a queue's alarms follow from the plan, and each says why. */
import { queueAlarmKnobs, redriverAlarmKnobs, subscriptionAlarmKnobs } from '../../../lib/flow/queue/alarms';
import { planQueue } from '../../../lib/flow/queue/plan';
import { type Predictions, QueuePlan } from '../../../lib/flow/queue/workload';

const plan = planQueue('Orders', {
  workload: { steadyPerSecond: 40, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
});
const knob = (name: string, value: number) => ({
  name,
  value,
  unit: 's',
  formula: 'given',
  inputs: {},
  source: 'test',
});
const redriven = plan.withKnobs([knob('redriveWindowSeconds', 1000), knob('stuckHoldSeconds', 21_600)]);

function withPredictions(changed: Partial<Predictions>): QueuePlan {
  return new QueuePlan(plan.subject, plan.knobs, { ...plan.predictions, ...changed });
}
const valueIn = (of: QueuePlan, name: string) => of.withKnobs(queueAlarmKnobs(of)).value(name);

test('trap: a threshold above the value for never would keep the alarm silent when producers win', () => {
  const slow = withPredictions({ drainSeconds: 10_000_000 });
  expect(valueIn(slow, 'alarmDrainSeconds')).toBeLessThan(valueIn(slow, 'drainNeverSeconds'));
});

test.each<[string, Partial<Predictions>, number]>([
  ['the drain that is predicted', { drainSeconds: 500.5 }, 501],
  [
    'what waits no longer than promised is no backlog: the alarm on age',
    { drainSeconds: 1 },
    plan.value('alarmAgeSeconds'),
  ],
])('time to drain: %s', (_, predictions, expected) => {
  expect(valueIn(withPredictions(predictions), 'alarmDrainSeconds')).toBe(expected);
});

test.each([
  [0, 2],
  [300, 2],
  [301, 3],
  // A day is the longest that CloudWatch looks back.
  [10_000_000, 288],
])('until the scaler has reacted, producers win: %i s are %i windows', (reactionSeconds, windows) => {
  expect(valueIn(withPredictions({ reactionSeconds }), 'alarmDrainWindows')).toBe(windows);
});

test.each([
  ['four windows of the circuit, in whole minutes', 'redriveWindowSeconds', 1000, 'alarmCircuitSeconds', 4020],
  ['a day at most', 'redriveWindowSeconds', 100_000, 'alarmCircuitSeconds', 86_400],
  ['a minute at least', 'redriveWindowSeconds', 1, 'alarmCircuitSeconds', 60],
  ['the longest hold and a window', 'stuckHoldSeconds', 21_600, 'alarmStuckSeconds', 21_900],
])('what is held or stuck is counted once in the period: %s', (_, input, value, name, expected) => {
  expect(valueIn(redriven.withKnobs([knob(input, value)]), name)).toBe(expected);
});

test('a plan that redrives nothing has no number of a redriver', () => {
  const names = (of: QueuePlan) => queueAlarmKnobs(of).map(({ name }) => name);
  const ofRedriver = redriverAlarmKnobs(redriven).map(({ name }) => name);
  expect(names(plan).filter((name) => ofRedriver.includes(name))).toEqual([]);
  expect(names(redriven)).toEqual([...names(plan), ...ofRedriver]);
});

test('every number has a unit, a reason and a source', () => {
  for (const one of [...queueAlarmKnobs(redriven), ...subscriptionAlarmKnobs()]) {
    expect([one.name, one.unit, one.formula.length > 10, one.source.length > 10]).toEqual([
      one.name,
      expect.stringMatching(/./),
      true,
      true,
    ]);
    expect(new QueuePlan('Orders', [one], plan.predictions).explain()).not.toMatch(/NaN|undefined|Infinity/);
  }
});
