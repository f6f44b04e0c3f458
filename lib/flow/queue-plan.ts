import { sojournTail, fewestSlots, variationFactor } from './erlang';
import { CapacityError, validate } from './errors';
import { serviceQuantile } from './gamma';
import { figure, type Knob, Plan, type Predictions } from './plan';
import { forecast } from './predict';
import {
  CONSUMER_DEFAULTS,
  consumerChecks,
  objectiveChecks,
  type ResolvedConsumer,
  resolveWorkload,
  workloadChecks,
  workSeconds,
} from './resolve';
import { reactionSeconds } from './scaler';
import type { Consumer, Objective, Workload } from './workload';

/** What to expect of a workload and a consumer whose every number is given. */
export function predictQueue(workload: Workload, consumer: ResolvedConsumer, horizonSeconds?: number): Predictions {
  validate('predictQueue', [...workloadChecks(workload), ...consumerChecks(consumer)]);
  return forecast(resolveWorkload(workload), consumer, horizonSeconds).predictions;
}

/** Sizes a queue's consumer. */
export function planQueue(subject: string, workload: Workload, objective: Objective, consumer: Consumer = {}): Plan {
  validate(subject, [...workloadChecks(workload), ...objectiveChecks(objective), ...consumerChecks(consumer)]);
  const w = resolveWorkload(workload);
  const base = { ...CONSUMER_DEFAULTS, ...consumer };
  const maxAttempts = Math.max(5, base.maxAttempts);
  const slots = base.slotsPerInstance;
  const work = workSeconds(w, maxAttempts);
  const q = objective.latencyQuantile ?? 0.99;
  const L = objective.latencySeconds;
  const own = serviceQuantile(q, w.serviceSeconds, w.serviceVariation);
  if (own >= L) throw new CapacityError(subject, `serving alone takes ${figure(own)} s`, [`allow ${figure(own * 1.2)} s`]);
  const v = variationFactor(w.serviceVariation);
  const settles = (rate: number, horizon: number, c: number) => (Math.sqrt(c / work) - Math.sqrt(rate)) ** 2 >= v / (horizon / 20);
  const fits = (rate: number, horizon = 3600) => fewestSlots(rate * work, (c, waiting) => settles(rate, horizon, c) && sojournTail(L, w.serviceSeconds, w.serviceVariation, waiting, (c / work - rate) / v) <= 1 - q);
  const max = base.maxInstances ?? Math.ceil(fits(w.peakPerSecond, w.peakSeconds > 0 ? w.peakSeconds : 3600) / slots);
  const R = reactionSeconds(base);
  const share = w.peakSeconds > 0 ? Math.min(1 - (L - own) / R, 1 / (1 + (L - own) / w.peakSeconds)) : 1;
  const steady = Math.ceil(fits(w.steadyPerSecond) / slots);
  let min = base.minInstances ?? (share > 0.85 ? max : Math.min(max, Math.max(1, steady, Math.ceil((share * w.peakPerSecond * work) / slots))));
  let resolved: ResolvedConsumer;
  let f: ReturnType<typeof forecast>;
  for (;;) {
    const first = w.steadyPerSecond * work + (w.peakPerSecond - (min * slots) / work) * base.pollSeconds;
    const bpi = min === max ? Math.max(slots, (L / work) * slots) : Math.max(slots, Math.min((L / work) * slots, (0.5 * first) / max));
    resolved = { ...base, maxAttempts, minInstances: min, maxInstances: max, backlogPerInstance: bpi };
    f = forecast(w, resolved);
    if (f.latency.tail(L) <= 1 - q || min >= max) break;
    min += 1;
  }
  const itemTimeout = serviceQuantile(0.999, w.serviceSeconds, w.serviceVariation);
  const knob = (name: string, value: number, unit: string): Knob => ({ name, value, unit, formula: 'to be written', inputs: {}, source: 'to be written' });
  return new Plan(subject, [
    knob('slotsPerInstance', slots, 'items'),
    knob('maxInstances', max, 'instances'),
    knob('minInstances', min, 'instances'),
    knob('backlogPerInstance', resolved.backlogPerInstance, 'items'),
    knob('itemTimeoutSeconds', Math.ceil(itemTimeout), 's'),
    knob('visibilityTimeoutSeconds', 6 * Math.ceil(itemTimeout), 's'),
    knob('maxReceiveCount', maxAttempts, 'attempts'),
    knob('alarmBacklog', Math.ceil(Math.max(f.predictions.peakBacklog * 1.2, 10)), 'items'),
    knob('alarmAgeSeconds', Math.ceil(L), 's'),
    knob('retentionSeconds', 345600, 's'),
  ], f.predictions);
}
