import { solveQueue } from '../../flow/queue/plan';
import { simulate } from '../../flow/queue/simulation/simulate';
import type { QueuePlan, Workload } from '../../flow/queue/workload';
import { loadOf } from '../../flow/streams/load';
import { SESSION_SECONDS } from '../../flow/streams/platforms';
import { runStream } from '../../flow/streams/run';
import { solveWebhooks } from '../../flow/webhooks/plan';
import { simulateCallers } from '../../flow/webhooks/simulation';
import type { WebhookQuestion } from '../../flow/webhooks/workload';
import type { Engine } from '../engine';
import type { Answer, EngineQuestion } from '../scenario';
import { enginesIn, type Kind } from './kind';
import type { Measured } from './measured';
import { questionOn } from './queue';
import { numbersOf, predictionsOf } from './queue-numbers';
import { streamNumbersOf, streamPredictionsOf } from './streams';

/** Where webhooks are deployed: behind a queue, or on Kafka. */
export interface WebhookDeployments {
  readonly aws: EngineQuestion;
  readonly gcp: EngineQuestion;
  readonly k8s: Omit<WebhookQuestion, 'workload'>;
}

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
  readonly after: {
    readonly on: WebhookDeployments;
    /** Seconds into the peak at which one instance dies. */
    readonly killAtSeconds: number;
  };
}

/** How it is measured, and where it is deployed. */
export const webhooks: Kind<WebhookScenario> = {
  measure: measureWebhooks,
  engines: ({ after }) => enginesIn(after.on),
};

/** Calls: answered when the work is done before, when a broker has them after. */
function measureWebhooks(subject: string, scenario: WebhookScenario, seed: number, engine?: Engine): Measured {
  const { workload, before } = scenario;
  const first = simulateCallers(workload, before.slots, before.patienceSeconds, seed);
  const second = engine === 'k8s' ? onKafka(subject, scenario, seed) : behindQueue(subject, scenario, seed, engine);
  return {
    before: {
      latencyP95Seconds: first.latency.quantile(0.95),
      latencyP99Seconds: first.latency.quantile(0.99),
      peakBacklog: first.peakBacklog,
      lostRatio: first.lost / (first.lost + first.processed),
    },
    after: second.after,
    knobs: second.knobs,
    timelines: { before: [], after: second.timeline },
  };
}

type After = Pick<Measured, 'after' | 'knobs'> & { readonly timeline: Measured['timelines']['after'] };

function behindQueue(subject: string, scenario: WebhookScenario, seed: number, engine?: Engine): After {
  const { workload, after } = scenario;
  const { plan, sizing } = solveQueue(subject, questionOn({ workload, after: { on: queuesOf(after.on) } }, engine));
  const run = simulate({
    workload: sizing.workload,
    consumer: sizing.consumer,
    seed,
    faults: [{ seconds: after.killAtSeconds }],
    // What a dead instance had in hand comes back after it.
    visibilityTimeoutSeconds: hiddenSeconds(plan),
  });
  return {
    after: { measured: numbersOf(run), predicted: predictionsOf(plan, sizing) },
    knobs: plan.knobs,
    timeline: run.timeline,
  };
}

/** The deployments whose broker is a queue. */
export function queuesOf({ aws, gcp }: WebhookDeployments): Readonly<Record<'aws' | 'gcp', EngineQuestion>> {
  return { aws, gcp };
}

/** The same on Kafka: partitions of a dead consumer wait until its session ends, or until another one joins. */
function onKafka(subject: string, { workload, after }: WebhookScenario, seed: number): After {
  const { plan, stream, sizing } = solveWebhooks(subject, { workload, ...after.on.k8s });
  const { startSeconds } = loadOf(stream);
  const killed = { seconds: after.killAtSeconds, sessionSeconds: SESSION_SECONDS, replacedSeconds: startSeconds };
  const run = runStream(stream, sizing, seed, { killed });
  return {
    after: { measured: streamNumbersOf(run), predicted: streamPredictionsOf(plan) },
    knobs: plan.knobs,
    timeline: run.timeline,
  };
}

/** Seconds after which the broker hands out again what nobody acknowledged, by the broker's own name. */
function hiddenSeconds(plan: QueuePlan): number {
  const names = ['visibilityTimeoutSeconds', 'ackDeadlineSeconds'];
  return (plan.knobs.find(({ name }) => names.includes(name)) ?? plan.knob(names[0])).value;
}
