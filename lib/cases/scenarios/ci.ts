import { withPipelines } from '../../flow/ci/described';
import { planCi } from '../../flow/ci/plan';
import { type CiRunners, runCi } from '../../flow/ci/simulation';
import type { CiQuestion, CiWorkload } from '../../flow/ci/workload';
import type { Engine } from '../engine';
import type { Answer, Beside } from '../scenario';
import { enginesIn, type Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** Pushes, merges and deployments of one busy hour: to a fixed pool that runs all before, to the pool of the plan after. */
export interface CiScenario {
  readonly kind: 'ci';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  /** What is asked on each engine. */
  readonly on: Readonly<Partial<Record<Engine, CiQuestion>>>;
  /** Before: runners that are always there. */
  readonly before: { readonly runners: number };
  /** The hours before the peak, as a share of it. */
  readonly quietHours: number;
  readonly quietRatio: number;
  /** Peak hours that are averaged: one by itself strays by a third. */
  readonly peaks: number;
}

const beside: readonly Beside[] = [
  { measure: 'runners at most', unit: 'runners', by: 'instances' },
  { measure: 'runs ended by a newer push', unit: 'ratio', by: 'cancelledRatio' },
];

/** How it is measured. */
export const ci: Kind<CiScenario> = { measure: measureCi, engines: ({ on }) => enginesIn(on), beside };

function measureCi(subject: string, scenario: CiScenario, seed: number, engine?: Engine): Measured {
  const { on, before, quietHours, quietRatio, peaks } = scenario;
  const question = on[engine ?? enginesIn(on)[0]]!;
  const plan = planCi(subject, question);
  const { workload } = withPipelines(question);
  const { runVariation = 1, jobsPerRun = 1, mergeFailureRatio = 0, deploySeconds = 0 } = workload;
  const { mergeQueue = mergeFailureRatio > 0 } = workload;
  const { repushRatio = 0, repushSeconds = 0, skippableRatio = 0, runSeconds } = workload;
  const common = {
    phases: [
      { seconds: 3600 * quietHours, ...ratesOf(workload, quietRatio), counted: false },
      { seconds: 3600, ...ratesOf(workload, 1), counted: true },
    ],
    ...{ runSeconds, runVariation, jobsPerRun, repushRatio, repushSeconds, skippableRatio },
    ...{ mergeQueue, mergeFailureRatio, deploySeconds },
  };
  const fixed: CiRunners = { ...common, ...before, cancelOutdated: false, filterPaths: false, startSeconds: 0 };
  const planned: CiRunners = {
    ...common,
    runners: plan.value('maxRunners'),
    startSeconds: plan.value('runnerStartSeconds'),
    cancelOutdated: question.cancelOutdated ?? true,
    filterPaths: question.filterPaths ?? true,
  };
  return {
    before: averageOf(fixed, peaks, seed),
    after: {
      measured: averageOf(planned, peaks, seed),
      predicted: { waitP95Seconds: plan.predictions.waitSeconds, instances: plan.value('maxRunners') },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

function ratesOf({ pushesPerHourPeak, mergesPerHourPeak = 0, deploysPerHourPeak = 0 }: CiWorkload, share: number) {
  return {
    pushesPerHour: share * pushesPerHourPeak,
    mergesPerHour: share * mergesPerHourPeak,
    deploysPerHour: share * deploysPerHourPeak,
  };
}

function averageOf(ci: CiRunners, peaks: number, seed: number) {
  const hours = Array.from({ length: peaks }, (_, peak) => runCi(ci, seed * peaks + peak));
  const mean = (of: (hour: (typeof hours)[number]) => number) => hours.reduce((sum, hour) => sum + of(hour), 0) / peaks;
  return {
    waitP95Seconds: mean(({ waits }) => waits.quantile(0.95)),
    instances: ci.runners,
    cancelledRatio: mean(({ cancelledRatio }) => cancelledRatio),
  };
}
