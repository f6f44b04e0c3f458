import { InvalidInputError } from '../flow/errors';
import type { Knob, Plan } from '../flow/plan';
import { forecast } from '../flow/predict';
import { planQueue } from '../flow/queue-plan';
import { type ResolvedConsumer, resolveWorkload } from '../flow/resolve';
import { type SimulationResult, simulate } from '../flow/simulation';
import type { DepthPoint } from '../flow/simulation/timeline';
import { planStock } from '../flow/storage-plan';
import type { Workload } from '../flow/workload';
import { simulateCallers } from './callers';
import type { Case, Change, Level } from './case';
import { fixedConsumer, plannedConsumer } from './planned-consumer';
import type { CallScenario, Numbers, QueueScenario, Scenario, StockScenario } from './scenario';
import { sampledMonthlyCost } from './stock-sample';

/** One measure of the headline, answered. */
export interface Outcome {
  /** What is measured, as the headline names it. */
  readonly measure: string;
  /** Unit of all four numbers. */
  readonly unit: string;
  /** What the case says of *before*. */
  readonly reported: Level;
  /** What was measured before. */
  readonly before: number;
  /** What the plan expects after; undefined when it has no word for it. */
  readonly predicted?: number;
  /** What was measured after. */
  readonly after: number;
  /** What the case promises of *after*. */
  readonly promised: Level;
  /** Whether both the prediction and the measurement keep the promise. */
  readonly met: boolean;
}

/** What a scenario came to. */
export interface ScenarioResult {
  /** Number of the case. */
  readonly number: number;
  /** The same case and seed give the same result. */
  readonly seed: number;
  /** Measured before. */
  readonly before: Numbers;
  /** After: measured, and predicted by the plan before anything was measured. */
  readonly after: { readonly measured: Numbers; readonly predicted: Numbers };
  /** Every measure of the headline. */
  readonly outcomes: readonly Outcome[];
  /** Whether every promise is kept, by prediction and by measurement. */
  readonly meetsHeadline: boolean;
  /** What the plan set for *after*, each knob with its reason. */
  readonly knobs: readonly Knob[];
  /** Depth over time; empty where nothing queues. */
  readonly timelines: { readonly before: readonly DepthPoint[]; readonly after: readonly DepthPoint[] };
}

type Measured = Pick<ScenarioResult, 'before' | 'after' | 'knobs' | 'timelines'>;

/**
 * Runs a case before and after: *before* as the case describes it, *after* as the plan sets it, both under the same
 * arrivals of one seed.
 *
 * @param seed a whole number, 0 or more; the same one gives the same result
 * @throws InvalidInputError when the case has no scenario or the seed is none
 */
export function runScenario(subject: Case, seed: number): ScenarioResult {
  const { number, scenario } = subject;
  if (!scenario) throw new InvalidInputError(`case ${number}`, [`case ${number} has no scenario to run`]);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InvalidInputError(`case ${number}`, [`seed must be a whole number, at least 0, got ${seed}`]);
  }
  const measured = measure(`Case ${number}`, scenario, seed);
  const outcomes = scenario.answers.map(({ measure: name, by }) => {
    const change = changeNamed(subject, name);
    const [before, after, predicted] = [measured.before[by], measured.after.measured[by], measured.after.predicted[by]];
    return {
      measure: name,
      unit: change.unit,
      reported: change.before,
      before: before!,
      predicted,
      after: after!,
      promised: change.after,
      met: keeps(after!, change.after) && (predicted === undefined || keeps(predicted, change.after)),
    };
  });
  return { number, seed, ...measured, outcomes, meetsHeadline: outcomes.every(({ met }) => met) };
}

/** Whether a number lies where a level says. */
export function keeps(value: number, { relation, value: limit }: Level): boolean {
  switch (relation) {
    case 'below':
      return value < limit;
    case 'above':
      return value > limit;
    case 'at most':
      return value <= limit;
    case 'is':
      return value === limit;
  }
}

function changeNamed(subject: Case, measure: string): Change {
  const change = subject.headline.changes.find((each) => each.measure === measure);
  if (!change) throw new Error(`case ${subject.number}: no measure '${measure}' in its headline`);
  return change;
}

function measure(subject: string, scenario: Scenario, seed: number): Measured {
  switch (scenario.kind) {
    case 'queue':
      return measureQueue(subject, scenario, seed);
    case 'call':
      return measureCalls(subject, scenario, seed);
    case 'stock':
      return measureStock(subject, scenario, seed);
  }
}

function measureQueue(subject: string, { workload, before, after }: QueueScenario, seed: number): Measured {
  const { instances, slotsPerInstance, attempts = 1, returnSeconds } = before;
  const first = simulate({
    workload,
    consumer: fixedConsumer(instances, slotsPerInstance, attempts),
    seed,
    ...(returnSeconds === undefined ? {} : { backoff: { baseSeconds: returnSeconds, capSeconds: returnSeconds } }),
  });
  const plan = planQueue(subject, workload, after.objective, after.consumer);
  const consumer = plannedConsumer(plan, after.consumer);
  const second = simulate({ workload, consumer, seed });
  return {
    // Whoever has no dead-letter queue sets nothing aside; the simulation only ends its rounds some day.
    before: { ...numbersOf(first), setAside: 0 },
    after: { measured: numbersOf(second), predicted: predictionsOf(plan, workload, consumer) },
    knobs: plan.knobs,
    timelines: { before: first.timeline, after: second.timeline },
  };
}

function measureCalls(subject: string, { workload, before, after }: CallScenario, seed: number): Measured {
  const first = simulateCallers(workload, before.slots, before.patienceSeconds, seed);
  const plan = planQueue(subject, workload, after.objective, after.consumer);
  const consumer = plannedConsumer(plan, after.consumer);
  const second = simulate({
    workload,
    consumer,
    seed,
    faults: [{ seconds: after.killAtSeconds }],
    visibilityTimeoutSeconds: plan.value('visibilityTimeoutSeconds'),
  });
  return {
    before: {
      latencyP95Seconds: first.latency.quantile(0.95),
      latencyP99Seconds: first.latency.quantile(0.99),
      peakBacklog: first.peakBacklog,
      lostRatio: first.lost / (first.lost + first.processed),
    },
    after: { measured: numbersOf(second), predicted: predictionsOf(plan, workload, consumer) },
    knobs: plan.knobs,
    timelines: { before: [], after: second.timeline },
  };
}

function measureStock(subject: string, { workload, sizeVariation, after }: StockScenario, seed: number): Measured {
  const plan = planStock(subject, workload, after.objective, after.choices);
  const retentionDays = plan.value('expirationInDays');
  const sampled = (days: number, transitions: typeof plan.transitions) =>
    sampledMonthlyCost(workload, sizeVariation, days, transitions, seed);
  return {
    before: { monthlyCost: sampled(retentionDays, []) },
    after: {
      // What has expired can still be brought back for a while, and is billed as long.
      measured: { monthlyCost: sampled(retentionDays + plan.value('noncurrentDays'), plan.transitions) },
      predicted: { monthlyCost: plan.predictions.monthlyCostAfter },
    },
    knobs: plan.knobs,
    timelines: { before: [], after: [] },
  };
}

function numbersOf(result: SimulationResult): Numbers {
  return {
    latencyP95Seconds: result.quantile(0.95),
    latencyP99Seconds: result.latencyP99Seconds,
    peakBacklog: result.peakBacklog,
    drainSeconds: result.drainSeconds,
    instances: result.peakInstances,
    lostRatio: result.lost / (result.lost + result.processed + result.poisoned),
    setAside: result.poisoned,
  };
}

function predictionsOf(plan: Plan, workload: Workload, consumer: ResolvedConsumer): Numbers {
  const { latencyP99Seconds, peakBacklog, drainSeconds } = plan.predictions;
  const { poisonRatio, peakPerSecond, peakSeconds } = resolveWorkload(workload);
  return {
    latencyP95Seconds: forecast(resolveWorkload(workload), consumer).latency().quantile(0.95),
    latencyP99Seconds,
    peakBacklog,
    drainSeconds,
    instances: plan.value('maxInstances'),
    setAside: poisonRatio * peakPerSecond * peakSeconds,
  };
}
