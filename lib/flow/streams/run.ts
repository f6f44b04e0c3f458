/** A plan as the simulation runs it: its settings, its scaler and its workload, in one place for case, tests and pages. */
import { loadOf, recordSecondsIn } from './load';
import { REBALANCE_SECONDS } from './platforms';
import { type StreamRun, type StreamRunOptions, simulateStream } from './simulation';
import { type Sizing, scalerOf } from './sizing';
import type { StreamQuestion } from './workload';

/** Seconds of the steady load that are run where there is no peak. */
const STEADY_SECONDS = 600;

/** Runs a plan. */
export function runStream(
  question: StreamQuestion,
  { settings }: Pick<Sizing, 'settings'>,
  seed: number,
  more: Partial<StreamRunOptions> = {},
): StreamRun {
  const load = loadOf(question);
  const { partitions, parallelizationFactor, instances, minInstances, batchSize } = settings;
  const scaler = minInstances < instances ? scalerOf(question, settings) : undefined;
  // What no attempt can handle is work of its consumer.
  const poison = recordSecondsIn(load, batchSize) - recordSecondsIn({ ...load, poisonRatio: 0 }, batchSize);
  return simulateStream({
    ...load,
    recordSeconds: load.recordSeconds + poison,
    peakSeconds: load.peakSeconds > 0 ? load.peakSeconds : STEADY_SECONDS,
    batchSize,
    partitions: partitions * parallelizationFactor,
    instances: minInstances,
    pollSeconds: load.platform.pollSeconds,
    rebalanceSeconds: REBALANCE_SECONDS,
    ...(scaler !== undefined && {
      scaling: {
        maxInstances: instances,
        lagPerInstance: scaler.backlogPerInstance,
        pollSeconds: scaler.pollSeconds,
        // The full request may come one poll later than the first.
        startSeconds: scaler.startSeconds,
      },
    }),
    seed,
    ...more,
  });
}
