import { loadOf } from '../../flow/streams/load';
import { solveStream } from '../../flow/streams/plan';
import { runStream } from '../../flow/streams/run';
import { type StreamRun, simulateStream } from '../../flow/streams/simulation';
import type { StreamObjective, StreamPlan, StreamQuestion, StreamWorkload } from '../../flow/streams/workload';
import type { Engine } from '../engine';
import type { Answer, Numbers } from '../scenario';
import { enginesIn, type Kind } from './kind';
import type { Measured } from './measured';

/** What a stream is asked on one engine, besides what arrives and what is promised. */
export type StreamChoices = Omit<StreamQuestion, 'workload' | 'objective'>;

/** A stream of records: read by one consumer before, and by a group after. */
export interface StreamScenario {
  readonly kind: 'stream';
  /** How *before* was chosen so that it shows the headline's first number. */
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: StreamWorkload;
  readonly objective: StreamObjective;
  readonly before: {
    readonly partitions: number;
    readonly instances: number;
    readonly batchSize: number;
  };
  readonly after: { readonly on: Readonly<Partial<Record<Engine, StreamChoices>>> };
}

/** How it is measured, and where it is deployed. */
export const stream: Kind<StreamScenario> = { measure: measureStream, engines: ({ after }) => enginesIn(after.on) };

/** The question that the plan answers on that engine; without one, on the first that the case is deployed on. */
export function streamQuestionOn(
  { workload, objective, after }: Pick<StreamScenario, 'workload' | 'objective' | 'after'>,
  engine?: Engine,
): StreamQuestion {
  const asked = engine === undefined ? Object.values(after.on)[0] : after.on[engine];
  if (asked === undefined) throw new Error(`the case is not deployed on ${engine}`);
  return { workload, objective, ...asked };
}

function measureStream(subject: string, scenario: StreamScenario, seed: number, engine?: Engine): Measured {
  const question = streamQuestionOn(scenario, engine);
  const { workload, objective } = question;
  const { plan, sizing } = solveStream(subject, question);
  // Before there is one consumer of Kafka on every engine.
  const first = simulateStream({ ...loadOf({ workload, objective }), ...scenario.before, seed });
  const second = runStream(question, sizing, seed);
  return {
    before: streamNumbersOf(first),
    after: { measured: streamNumbersOf(second), predicted: streamPredictionsOf(plan) },
    knobs: plan.knobs,
    timelines: { before: first.timeline, after: second.timeline },
  };
}

/** What a plan expects of its stream. */
export function streamPredictionsOf(plan: StreamPlan): Numbers {
  const { latencyP99Seconds, peakLag } = plan.predictions;
  return { latencyP99Seconds, peakBacklog: peakLag, instances: plan.value('instances'), lostRatio: 0 };
}

/** What a run of a stream came to. */
export function streamNumbersOf(run: StreamRun): Numbers {
  return {
    latencyP95Seconds: run.latency.quantile(0.95),
    latencyP99Seconds: run.latency.quantile(0.99),
    peakBacklog: run.peakLag,
    drainSeconds: run.drainSeconds,
    instances: run.peakInstances,
    lostRatio: run.missing / run.records,
  };
}
