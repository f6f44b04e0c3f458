import { solveQueue } from '../../flow/queue/plan';
import { simulate } from '../../flow/queue/simulation/simulate';
import type { QueuePlan, Workload } from '../../flow/queue/workload';
import { simulateCallers } from '../../flow/webhooks/simulation';
import type { Engine } from '../engine';
import type { Answer, Deployments } from '../scenario';
import { enginesIn, type Kind } from './kind';
import type { Measured } from './measured';
import { questionOn } from './queue';
import { numbersOf, predictionsOf } from './queue-numbers';

/** Callers who wait on the line before, and whose call is answered by a buffer after. */
export interface WebhookScenario {
  readonly kind: 'webhooks';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: Workload;
  readonly before: {
    /** Calls that are served at the same time. */
    readonly slots: number;
    /** Seconds that a caller waits for its turn before it hangs up. */
    readonly patienceSeconds: number;
  };
  readonly after: Deployments & {
    /** Seconds into the peak at which one instance dies. */
    readonly killAtSeconds: number;
  };
}

/** How it is measured, and where it is deployed. */
export const webhooks: Kind<WebhookScenario> = {
  measure: measureWebhooks,
  engines: ({ after }) => enginesIn(after.on),
};

/** Calls: answered when the work is done before, when a queue has them after. */
function measureWebhooks(subject: string, scenario: WebhookScenario, seed: number, engine?: Engine): Measured {
  const { workload, before, after } = scenario;
  const first = simulateCallers(workload, before.slots, before.patienceSeconds, seed);
  const { plan, sizing } = solveQueue(subject, questionOn(scenario, engine));
  const second = simulate({
    workload: sizing.workload,
    consumer: sizing.consumer,
    seed,
    faults: [{ seconds: after.killAtSeconds }],
    // What a dead instance had in hand comes back after it.
    visibilityTimeoutSeconds: hiddenSeconds(plan),
  });
  return {
    before: {
      latencyP95Seconds: first.latency.quantile(0.95),
      latencyP99Seconds: first.latency.quantile(0.99),
      peakBacklog: first.peakBacklog,
      lostRatio: first.lost / (first.lost + first.processed),
    },
    after: { measured: numbersOf(second), predicted: predictionsOf(plan, sizing) },
    knobs: plan.knobs,
    timelines: { before: [], after: second.timeline },
  };
}

/** Seconds after which the broker hands out again what nobody acknowledged, by the broker's own name. */
function hiddenSeconds(plan: QueuePlan): number {
  const names = ['visibilityTimeoutSeconds', 'ackDeadlineSeconds'];
  return (plan.knobs.find(({ name }) => names.includes(name)) ?? plan.knob(names[0])).value;
}
