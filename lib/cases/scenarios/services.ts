import { Quantiles } from '../../flow/numerics/quantiles';
import { planService } from '../../flow/services/plan';
import { type BoundedRun, runBoundedServer } from '../../flow/services/simulation';
import { forecastOf, reactionsOf, resolved, sizesOf } from '../../flow/services/sizing';
import type { ServiceQuestion } from '../../flow/services/workload';
import type { Engine } from '../engine';
import type { Answer, Numbers } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** A pool without a bound before, instances with slots and a queue after, over one peak. */
export interface ServicesScenario {
  readonly kind: 'services';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly question: Omit<ServiceQuestion, 'platform'>;
  /** Before: one pool of so many slots, and how long callers wait. */
  readonly before: { readonly slots: number; readonly patienceSeconds: number };
}

/** How it is measured. */
export const services: Kind<ServicesScenario> = { measure: measureServices };

function measureServices(
  subject: string,
  { question, before }: ServicesScenario,
  seed: number,
  engine?: Engine,
): Measured {
  const platform = engine === 'aws' ? 'fargate' : 'kubernetes';
  const plan = planService(subject, { ...question, platform });
  const { peakPerSecond, peakSeconds = 1800, serviceSeconds, serviceVariation = 1 } = question.workload;
  const pool = runBoundedServer(
    {
      requestsPerSecond: peakPerSecond,
      serviceSeconds,
      serviceVariation,
      queueBound: Number.POSITIVE_INFINITY,
      ...before,
    },
    peakSeconds,
    seed,
  );
  const value = (name: string) => plan.value(name);
  const run = (instances: number, seconds: number) =>
    Array.from({ length: instances }, (_, index) =>
      runBoundedServer(
        {
          requestsPerSecond: peakPerSecond / instances,
          serviceSeconds,
          serviceVariation,
          slots: value('slotsPerInstance'),
          queueBound: value('queueBound'),
          patienceSeconds: value('waitSeconds'),
          deadlineSeconds: value('serverDeadlineSeconds'),
        },
        seconds,
        seed + index,
      ),
    );
  const asked = resolved({ ...question, platform });
  const sizes = sizesOf({ ...question, platform });
  const runs: BoundedRun[] = [];
  let left = peakSeconds;
  for (const instances of reactionsOf(asked, sizes)) {
    const reaction = Math.min(left, value('reactionSeconds'));
    runs.push(...run(instances, reaction));
    left -= reaction;
  }
  runs.push(...run(value('maxInstances'), left));
  const { latencySeconds, shedRatio } = plan.predictions;
  // What is told at its deadline that it takes too long is an error too.
  const { overdueRatio } = forecastOf(asked, sizes, peakPerSecond, value('maxInstances'));
  const errorRatio = shedRatio + (1 - shedRatio) * overdueRatio;
  return {
    before: numbersOf([pool]),
    after: {
      measured: { ...numbersOf(runs), instances: value('maxInstances') },
      predicted: { latencyP99Seconds: latencySeconds, errorRatio, instances: value('maxInstances') },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

function numbersOf(runs: readonly BoundedRun[]): Numbers {
  const latencies = new Quantiles();
  for (const run of runs) latencies.merge(run.latencies);
  const sum = (of: (run: BoundedRun) => number) => runs.reduce((total, run) => total + of(run), 0);
  return {
    latencyP99Seconds: latencies.quantile(0.99),
    errorRatio: sum(({ refused, expired, overdue }) => refused + expired + overdue) / sum(({ requests }) => requests),
  };
}
