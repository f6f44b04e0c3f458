import { resolveArrivals } from '../../flow/arrivals';
import { monthlyCostOfRuns, type Work } from '../../flow/merging/costs';
import { batchLimit } from '../../flow/merging/cycles';
import { loadOf } from '../../flow/merging/load';
import { keyGroups } from '../../flow/merging/occupancy';
import { planCoalescing } from '../../flow/merging/plan';
import { eventStream, type MergingRun, runMerging, runOneByOne } from '../../flow/merging/simulation';
import { TRANSPORTS, type TransportName } from '../../flow/merging/transports';
import type { MergingObjective, MergingPlan, MergingQuestion, MergingWorkload } from '../../flow/merging/workload';
import { Random } from '../../flow/numerics/random';
import type { Engine } from '../engine';
import type { Answer, Numbers } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** A bulk update that announces every change: one event after another before, merged by key after. */
export interface CoalesceScenario {
  readonly kind: 'coalesce';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: MergingWorkload;
  readonly objective: MergingObjective;
  /**
   * What is chosen by hand.
   *
   * @default - nothing
   */
  readonly choices?: Pick<MergingQuestion, 'windowSeconds' | 'shards'>;
  /** A reader is killed in the middle of its first flush after this, and is back after so many seconds. */
  readonly killed: { readonly afterSeconds: number; readonly restartSeconds: number };
}

/** How it is measured. */
export const coalesce: Kind<CoalesceScenario> = {
  measure: measureCoalesce,
  beside: [
    { measure: 'keys worked on', unit: 'keys/s', by: 'keysPerSecond' },
    { measure: 'cost, with one storm a day', unit: 'USD/month', by: 'monthlyCost' },
  ],
};

/** What carries the events on each engine. */
const TRANSPORT_OF: Readonly<Record<Engine, TransportName>> = {
  aws: 'kinesis',
  k8s: 'redis-stream',
  gcp: 'redis-stream',
};

function measureCoalesce(subject: string, scenario: CoalesceScenario, seed: number, engine: Engine = 'aws'): Measured {
  const { workload, objective, choices } = scenario;
  const transport = TRANSPORT_OF[engine];
  const question: MergingQuestion = { workload, objective, transport, ...choices };
  const plan = planCoalescing(subject, question);
  const { peakPerSecond, peakSeconds } = resolveArrivals(workload);
  const { distinctKeys, keySkew = 0, keySeconds, flushSeconds = 0, callSeconds = 0 } = workload;
  const groups = keyGroups(distinctKeys, keySkew);
  const stream = eventStream({ perSecond: peakPerSecond, seconds: peakSeconds, groups }, new Random(seed));
  const readers = {
    count: plan.value('readers'),
    byKey: true,
    windowSeconds: plan.value('windowSeconds'),
    fixedSeconds: flushSeconds,
    keySeconds,
    callSeconds,
    workers: plan.value('workers'),
    keysPerCall: plan.value('keysPerCall'),
    pollSeconds: TRANSPORTS[transport].pollSeconds,
    takesAlong: TRANSPORTS[transport].takesAll,
    maxBatch: batchLimit(loadOf(question), plan.value('maxBatch')),
  };
  const after = runMerging(stream, readers, new Random(seed + 1));
  const killed = runMerging(stream, readers, new Random(seed + 1), scenario.killed);
  const { worstDelaySeconds, mergeRatio, keysPerSecond, monthlyCost } = plan.predictions;
  const cost = monthlyCost === undefined ? undefined : measuredCost(question, plan, readers, after, seed);
  const before: Numbers = {
    worstDelaySeconds: runOneByOne(stream, keySeconds).worstDelaySeconds,
    mergeRatio: 1,
    keysPerSecond: 1 / keySeconds,
  };
  return {
    before,
    after: {
      measured: {
        worstDelaySeconds: after.worstDelaySeconds,
        mergeRatio: after.mergeRatio,
        keysPerSecond: after.keysWorked / peakSeconds,
        ...(cost !== undefined && { monthlyCost: cost }),
        // Of the run in which a reader is killed.
        lostRatio: 1 - killed.acknowledged / killed.events + killed.stale / distinctKeys,
      },
      predicted: {
        worstDelaySeconds,
        mergeRatio,
        keysPerSecond,
        ...(monthlyCost !== undefined && { monthlyCost }),
        lostRatio: 0,
      },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

const STEADY_SECONDS = 3600;

/** What a month costs by the peak that was run, and by an hour of the steady rate. */
function measuredCost(
  question: MergingQuestion,
  plan: MergingPlan,
  readers: Parameters<typeof runMerging>[1],
  peak: MergingRun,
  seed: number,
): number {
  const { steadyPerSecond } = resolveArrivals(question.workload);
  const { distinctKeys, keySkew = 0 } = question.workload;
  const groups = keyGroups(distinctKeys, keySkew);
  const stream = eventStream({ perSecond: steadyPerSecond, seconds: STEADY_SECONDS, groups }, new Random(seed + 2));
  const steady = runMerging(stream, readers, new Random(seed + 3));
  const settings = {
    windowSeconds: plan.value('windowSeconds'),
    shards: plan.value('shards'),
    workers: plan.value('workers'),
  };
  return monthlyCostOfRuns(question, settings, workOf(peak), { ...workOf(steady), seconds: STEADY_SECONDS });
}

function workOf({ events, keysWorked, flushes, workSeconds }: MergingRun): Work {
  return { events, keys: keysWorked, flushes, flushSeconds: workSeconds };
}
