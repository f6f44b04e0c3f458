import { planJvm } from '../../flow/jvm/plan';
import { runStoppedServer } from '../../flow/jvm/simulation';
import type { JvmQuestion } from '../../flow/jvm/workload';
import type { Engine } from '../engine';
import type { Answer } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** Requests to a JVM that stops for its collector before, and that collects beside its requests after. */
export interface JvmScenario {
  readonly kind: 'jvm';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly question: Omit<JvmQuestion, 'platform'>;
  /** Before: the program runs for so long, then stops for so long. */
  readonly before: { readonly runSeconds: number; readonly stopSeconds: number };
}

/** How it is measured. */
export const jvm: Kind<JvmScenario> = { measure: measureJvm };

/** Seconds of a run: at 95 % of what the server can, one of 900 s strays by a third. */
const RUN_SECONDS = 14_400;

function measureJvm(subject: string, { question, before }: JvmScenario, seed: number, engine?: Engine): Measured {
  const plan = planJvm(subject, { ...question, ...(engine === 'aws' && { platform: 'fargate' as const }) });
  const { pauseSeconds, intervalSeconds, collectorCpuRatio, latencySeconds } = plan.predictions;
  const { requestsPerSecond, serviceSeconds, serviceVariation = 1, requestThreads } = question.workload;
  const load = {
    requestsPerSecond: requestsPerSecond!,
    serviceVariation,
    slots: requestThreads ?? plan.value('cpu'),
  };
  const stopped = runStoppedServer({ ...load, ...before, serviceSeconds: serviceSeconds! }, RUN_SECONDS, seed);
  const beside = runStoppedServer(
    {
      ...load,
      // Requests share the processors with the collector.
      serviceSeconds: serviceSeconds! / (1 - collectorCpuRatio),
      runSeconds: intervalSeconds,
      stopSeconds: pauseSeconds,
    },
    RUN_SECONDS,
    seed,
  );
  return {
    before: { latencyP99Seconds: stopped.latencyP99Seconds, pauseSeconds: before.stopSeconds },
    after: {
      measured: { latencyP99Seconds: beside.latencyP99Seconds, pauseSeconds },
      predicted: { latencyP99Seconds: latencySeconds!, pauseSeconds },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}
