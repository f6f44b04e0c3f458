import { Random } from '../../flow/numerics/random';
import { nextState } from '../../flow/replication/control';
import { planReplication } from '../../flow/replication/plan';
import { throttleSettings } from '../../flow/replication/settings';
import { runReplica, type Throttle } from '../../flow/replication/simulation';
import type { ReplicationPlan, ReplicationQuestion } from '../../flow/replication/workload';
import type { Answer } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** A peak of writes, and the replica behind it: one thread and no throttle before. */
export interface ReplicaScenario {
  readonly kind: 'replica';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly question: ReplicationQuestion;
  /** Share of the work that workers do side by side where the tables are split, for the number beside the headline. */
  readonly splitParallelShare: number;
}

/** How it is measured. */
export const replica: Kind<ReplicaScenario> = {
  measure: measureReplica,
  beside: [
    { measure: 'longest wait of a bulk write', unit: 's', by: 'bulkDelaySeconds' },
    { measure: 'lag where 80 % of the work runs side by side, no throttle', unit: 's', by: 'lagByWorkersSeconds' },
  ],
};

function measureReplica(subject: string, scenario: ReplicaScenario, seed: number): Measured {
  const { question, splitParallelShare } = scenario;
  const { workload } = question;
  const plan = planReplication(subject, question);
  const split = { ...question, workload: { ...workload, parallelShare: splitParallelShare } };
  const byWorkers = planReplication(subject, split);
  const random = new Random(seed);
  const phaseSeconds = plan.value('tickSeconds') * random.uniform();
  // Of independent commits as many as their mean, give or take its root.
  const expected = workload.peakSeconds * workload.peakCommitsPerSecond;
  const peakPerSecond = (expected + Math.sqrt(expected) * random.normal()) / workload.peakSeconds;
  const peak = {
    steadyPerSecond: workload.steadyCommitsPerSecond,
    peakPerSecond,
    peakSeconds: workload.peakSeconds,
    bulkShare: workload.bulkShare,
  };
  const { bulkDelaySeconds, lagSeconds } = plan.predictions;
  const after = 2 * bulkDelaySeconds + workload.peakSeconds;
  const single = runReplica({ ...peak, appliedPerSecond: 1 / workload.applySeconds }, undefined, after);
  const throttled = runReplica(
    { ...peak, appliedPerSecond: plan.value('appliedPerSecond') },
    throttleOf(plan),
    after,
    phaseSeconds,
  );
  const parallel = runReplica({ ...peak, appliedPerSecond: byWorkers.value('appliedPerSecond') }, undefined, after);
  return {
    before: { lagSeconds: single.lagSeconds, bulkDelaySeconds: single.bulkDelaySeconds },
    after: {
      measured: {
        lagSeconds: throttled.lagSeconds,
        bulkDelaySeconds: throttled.bulkDelaySeconds,
        lagByWorkersSeconds: parallel.lagSeconds,
      },
      predicted: { lagSeconds, bulkDelaySeconds, lagByWorkersSeconds: byWorkers.predictions.lagSeconds },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

/** The throttle that the plan sets, as the container gets it. */
function throttleOf(plan: ReplicationPlan): Throttle {
  const value = (name: string) => plan.value(name);
  const [heartbeatSeconds, tickSeconds] = [value('heartbeatSeconds'), value('tickSeconds')];
  return {
    settings: throttleSettings(plan),
    heartbeatSeconds,
    tickSeconds,
    followSeconds: value('signalDelaySeconds') - heartbeatSeconds - tickSeconds,
    next: nextState,
  };
}
