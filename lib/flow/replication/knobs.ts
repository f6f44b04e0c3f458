/** Every knob of a replica with its reason. */
import { chosenKnob } from '../alarms';
import { given, type Knob, unlessGiven } from '../plan';
import { MOST_UTILIZATION, type Sizes, TRANSIT_SECONDS } from './sizing';
import type { ReplicationQuestion } from './workload';

const OWN = 'this library, docs/constructs/k8s-replica-lag-guard.md';
const AIMD = 'Chiu and Jain, Analysis of the increase and decrease algorithms, 1989';

/** Workers, heartbeat and throttle. */
export function replicationKnobs(question: ReplicationQuestion, sizes: Sizes): Knob[] {
  return [
    ...workerKnobs(question, sizes),
    ...timingKnobs(question, sizes),
    ...throttleKnobs(question, sizes),
    ...signalKnobs(sizes),
  ];
}

function workerKnobs(question: ReplicationQuestion, sizes: Sizes): Knob[] {
  const { workload, workers, cpu, replicas } = question;
  const { peakCommitsPerSecond, applySeconds } = workload;
  return [
    given('peakCommitsPerSecond', peakCommitsPerSecond, 'commits/s'),
    {
      name: 'watchedReplicas',
      value: replicas ?? 1,
      unit: 'replicas',
      ...unlessGiven(replicas, '1: the throttle follows the one that is furthest behind'),
      source: OWN,
    },
    {
      name: 'cpu',
      value: sizes.cpu,
      unit: 'processors',
      ...unlessGiven(cpu, '4: an assumption'),
      source: OWN,
    },
    {
      name: 'workers',
      value: sizes.workers,
      unit: 'threads',
      ...unlessGiven(
        workers,
        'fewest that apply peak ÷ 0.85; where none do, fewest that give 95 % of what 2 × processors give',
        {
          peakCommitsPerSecond,
          applySeconds,
          parallelShare: sizes.parallelShare,
          utilization: MOST_UTILIZATION,
          mostWorkers: sizes.mostWorkers,
        },
      ),
      source: "Amdahl's law; MySQL Reference Manual, replica_parallel_workers",
    },
    {
      name: 'appliedPerSecond',
      value: sizes.appliedPerSecond,
      unit: 'commits/s',
      formula: '1 ÷ (apply × (1 − parallel share + parallel share ÷ workers))',
      inputs: { applySeconds, parallelShare: sizes.parallelShare, workers: sizes.workers },
      source: "Amdahl's law",
    },
  ];
}

function timingKnobs(question: ReplicationQuestion, sizes: Sizes): Knob[] {
  const { heartbeatSeconds, tickSeconds, writerPollSeconds, signalDelaySeconds } = sizes;
  return [
    {
      name: 'heartbeatSeconds',
      value: heartbeatSeconds,
      unit: 's',
      ...unlessGiven(question.heartbeatSeconds, '0.5: two commits a second more on the source'),
      source: 'Percona Toolkit, pt-heartbeat',
    },
    {
      name: 'tickSeconds',
      value: tickSeconds,
      unit: 's',
      ...unlessGiven(question.tickSeconds, '1: one query a second on each replica'),
      source: OWN,
    },
    {
      name: 'writerPollSeconds',
      value: writerPollSeconds,
      unit: 's',
      ...unlessGiven(question.writerPollSeconds, '1: one small request a second of each writer'),
      source: OWN,
    },
    {
      name: 'signalDelaySeconds',
      value: signalDelaySeconds,
      unit: 's',
      formula: 'heartbeat + tick + poll + 0.5 for network and queries',
      inputs: { heartbeatSeconds, tickSeconds, writerPollSeconds, transitSeconds: TRANSIT_SECONDS },
      source: OWN,
    },
  ];
}

function throttleKnobs({ workload, objective, releaseRatio, headroom }: ReplicationQuestion, sizes: Sizes): Knob[] {
  const { throttle, targetLagSeconds, overload, signalDelaySeconds, largestTransactionSeconds, appliedPerSecond } =
    sizes;
  const { peakCommitsPerSecond, bulkShare } = workload;
  return [
    {
      name: 'headroom',
      value: sizes.headroom,
      unit: 'ratio',
      ...unlessGiven(headroom, '1.25 × the peak'),
      source: 'this library, lib/flow/headroom.ts',
    },
    {
      name: 'mostPerSecond',
      value: throttle.mostPerSecond,
      unit: 'commits/s',
      formula: 'head-room × peak: the rate when nothing is in the way',
      inputs: { headroom: sizes.headroom, peakCommitsPerSecond },
      source: OWN,
    },
    {
      name: 'floorPerSecond',
      value: throttle.floorPerSecond,
      unit: 'commits/s',
      formula: 'head-room × peak × (1 − bulk share): never slowed down',
      inputs: { headroom: sizes.headroom, peakCommitsPerSecond, bulkShare },
      source: OWN,
    },
    {
      name: 'leastBulkPerSecond',
      value: throttle.leastBulkPerSecond,
      unit: 'commits/s',
      formula: '1 % of the bulk writes of a peak: progress is seen, and a writer notices that it may go on',
      inputs: { peakCommitsPerSecond, bulkShare },
      source: OWN,
    },
    {
      name: 'targetLagSeconds',
      value: targetLagSeconds,
      unit: 's',
      formula:
        'min(0.8 × bound, (bound − largest transaction − delay × (k − 1)) ÷ k), k = rate ÷ applied: what was committed before a cut is applied after it',
      inputs: {
        lagSeconds: objective.lagSeconds,
        largestTransactionSeconds,
        signalDelaySeconds,
        overload: Math.max(1, overload),
      },
      source: 'first in, first out: the last commit before the cut waits target × k + delay × (k − 1)',
    },
    {
      name: 'releaseLagSeconds',
      value: throttle.releaseLagSeconds,
      unit: 's',
      formula: 'target × release ratio: the rate rises again up to this lag',
      inputs: { targetLagSeconds, releaseRatio: sizes.releaseRatio },
      source: releaseRatio === undefined ? 'half of the target: an assumption' : 'set by hand',
    },
    {
      name: 'decreaseRatio',
      value: throttle.decreaseRatio,
      unit: 'ratio',
      formula: 'min(0.8, 0.95 ÷ k): after a cut the rate is below what the replica applies, or nothing drains',
      inputs: { overload },
      source: AIMD,
    },
    {
      name: 'holdSeconds',
      value: throttle.holdSeconds,
      unit: 's',
      formula: 'target + 2 × delay: a cut shows only when the replica reaches the commits after it',
      inputs: { targetLagSeconds, signalDelaySeconds },
      source: OWN,
    },
    {
      name: 'increasePerSecond',
      value: throttle.increasePerSecond,
      unit: 'commits/s²',
      formula: '4 % of what the replica applies, each second: from a cut to the whole rate in half a minute',
      inputs: { appliedPerSecond },
      source: AIMD,
    },
  ];
}

function signalKnobs({ tickSeconds, writerPollSeconds, throttle }: Sizes): Knob[] {
  return [
    chosenKnob(
      'unknownTicks',
      throttle.unknownTicks,
      'ticks',
      'readings of a replica that fail in a row before its lag is unknown, and bulk writers get the least',
      OWN,
    ),
    {
      name: 'readTimeoutSeconds',
      value: tickSeconds,
      unit: 's',
      formula: 'a tick: a reading that takes longer has failed',
      inputs: { tickSeconds },
      source: OWN,
    },
    {
      name: 'signalStaleSeconds',
      value: Math.max(10, 5 * writerPollSeconds + tickSeconds),
      unit: 's',
      formula: 'max(10, 5 × poll + tick): a writer that has heard nothing for so long goes on with the least rate',
      inputs: { writerPollSeconds, tickSeconds },
      source: OWN,
    },
    {
      name: 'writerForgottenSeconds',
      value: 5 * writerPollSeconds,
      unit: 's',
      formula: '5 × poll: a writer that has not asked for so long has no share',
      inputs: { writerPollSeconds },
      source: OWN,
    },
  ];
}
