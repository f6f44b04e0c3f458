import { Random } from '../../flow/numerics/random';
import type { Plan } from '../../flow/plan';
import type { Objective } from '../../flow/queue/workload';
import type { Flood } from '../../flow/shares/flood';
import { forecastFlood } from '../../flow/shares/flood';
import { jobsIn, loadOf } from '../../flow/shares/load';
import { planShares } from '../../flow/shares/plan';
import { forecastPolicyFlood, planSharePolicy } from '../../flow/shares/policy-plan';
import { type BatchResult, type Job, runInOneLine, submittedJobs } from '../../flow/shares/simulation/batch-jobs';
import { runByPolicy } from '../../flow/shares/simulation/batch-policy';
import { type Flooding, runByShares } from '../../flow/shares/simulation/batch-shares';
import type { BatchCapacity, BatchTenant, FloodForecast } from '../../flow/shares/workload';
import type { Engine } from '../engine';
import type { Answer, Numbers } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** Tenants of one batch cluster: one line before, shares after. One of them floods in both. */
export interface ShareScenario {
  readonly kind: 'shares';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly capacity: BatchCapacity;
  readonly tenants: readonly BatchTenant[];
  readonly objective: Objective;
  readonly flood: Flood;
  /** Floods that are averaged: one by itself strays by some points. */
  readonly floods: number;
}

/** How it is measured. */
export const shares: Kind<ShareScenario> = { measure: measureShares };

/** Tenants of a batch cluster: all in one line before, each with its share after, under the same floods. */
function measureShares(subject: string, scenario: ShareScenario, seed: number, engine: Engine = 'k8s'): Measured {
  const { capacity, tenants, objective, flood, floods } = scenario;
  const loads = tenants.map((tenant) => loadOf(tenant));
  const places = jobsIn(capacity, loads[0]);
  const flooding = { tenant: tenants.findIndex(({ name }) => name === flood.tenant), seconds: flood.seconds };
  const scheduled = engine === 'aws' ? onBatch(subject, scenario) : onKueue(subject, scenario);
  const before = new OnTime(flooding.tenant, objective.latencySeconds);
  const after = new OnTime(flooding.tenant, objective.latencySeconds);
  const random = new Random(seed);
  for (let run = 0; run < floods; run += 1) {
    const jobs = submittedJobs(loads, flood, random);
    before.count(jobs, runInOneLine(jobs, places, flood.seconds));
    after.count(jobs, scheduled.run(jobs, places, flooding));
  }
  return {
    before: before.numbers(),
    after: { measured: after.numbers(), predicted: predictionsOf(scheduled.forecasts, scenario) },
    knobs: scheduled.plan.knobs,
    timelines: NO_TIMELINES,
  };
}

/** What schedules the jobs after, and what its plan says of the flood. */
interface Scheduled {
  readonly plan: Plan;
  readonly forecasts: readonly FloodForecast[];
  readonly run: (jobs: readonly Job[], places: number, flooding: Flooding) => BatchResult;
}

function onKueue(subject: string, { capacity, tenants, objective, flood }: ShareScenario): Scheduled {
  const plan = planShares(subject, { capacity, tenants, objective });
  return {
    plan,
    forecasts: forecastFlood(plan, capacity, tenants, objective.latencySeconds, flood),
    run: (jobs, places, flooding) => runByShares(jobs, places, plan.tenants, plan.value('reclaimSeconds'), flooding),
  };
}

function onBatch(subject: string, { capacity, tenants, objective, flood }: ShareScenario): Scheduled {
  const plan = planSharePolicy(subject, { maxvCpus: capacity.cpu, tenants, objective });
  const policy = {
    weightFactors: plan.tenants.map(({ weightFactor }) => weightFactor),
    shareDecaySeconds: plan.value('shareDecaySeconds'),
    computeReservation: plan.value('computeReservation'),
    jobStartSeconds: plan.value('jobStartSeconds'),
  };
  return {
    plan,
    forecasts: forecastPolicyFlood(plan, tenants, objective.latencySeconds, flood),
    run: (jobs, places, flooding) => runByPolicy(jobs, places, policy, flooding),
  };
}

/** Jobs that end in time, of those that are submitted until nobody waits any more who flooded. */
class OnTime {
  private readonly others = { jobs: 0, onTime: 0 };
  private readonly flooding = { jobs: 0, onTime: 0 };

  constructor(
    private readonly tenant: number,
    private readonly latencySeconds: number,
  ) {}

  public count(jobs: readonly Job[], { endSeconds, calmSeconds }: BatchResult): void {
    for (const [index, { tenant, submittedSeconds }] of jobs.entries()) {
      if (submittedSeconds >= calmSeconds) return;
      const counted = tenant === this.tenant ? this.flooding : this.others;
      counted.jobs += 1;
      if (endSeconds[index] - submittedSeconds <= this.latencySeconds) counted.onTime += 1;
    }
  }

  public numbers(): Numbers {
    const { others, flooding } = this;
    return {
      othersOnTimeRatio: others.onTime / others.jobs,
      floodOnTimeRatio: flooding.onTime / flooding.jobs,
    };
  }
}

function predictionsOf(forecasts: readonly FloodForecast[], { tenants, flood }: ShareScenario): Numbers {
  const others = tenants.flatMap(({ name, workload }, index) => {
    const { steadyPerSecond, peakPerSecond = steadyPerSecond } = workload;
    return name === flood.tenant ? [] : [{ rate: peakPerSecond, after: forecasts[index].after }];
  });
  const total = others.reduce((sum, { rate }) => sum + rate, 0);
  return {
    othersOnTimeRatio: others.reduce((sum, { rate, after }) => sum + (rate * after) / total, 0),
    floodOnTimeRatio: forecasts.find(({ name }) => name === flood.tenant)!.after,
  };
}
