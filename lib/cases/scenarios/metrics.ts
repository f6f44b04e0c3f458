import { planMetrics } from '../../flow/metrics/plan';
import { activeSeries, untouched } from '../../flow/metrics/simulation';
import type { MetricsQuestion } from '../../flow/metrics/workload';
import type { Engine } from '../engine';
import type { Answer } from '../scenario';
import { enginesIn, type Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** A time-series database that stores all that is exposed before, and what is needed after. */
export interface MetricsScenario {
  readonly kind: 'metrics';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  /** What is asked on each engine. */
  readonly on: Readonly<Partial<Record<Engine, Omit<MetricsQuestion, 'platform'>>>>;
}

/** How it is measured. */
export const metrics: Kind<MetricsScenario> = { measure: measureMetrics, engines: ({ on }) => enginesIn(on) };

function measureMetrics(subject: string, { on }: MetricsScenario, seed: number, engine: Engine = 'k8s'): Measured {
  const question = on[engine]!;
  const plan = planMetrics(subject, { ...question, platform: engine === 'aws' ? 'amp' : 'prometheus' });
  const { sources } = question.workload;
  const recorded = (question.recordings ?? []).reduce((sum, { labelSets = 1 }) => sum + labelSets, 0);
  return {
    before: { activeSeries: activeSeries(sources, sources.map(untouched), seed) },
    after: {
      measured: { activeSeries: activeSeries(sources, plan.scrapes, seed) + recorded },
      predicted: { activeSeries: plan.predictions.activeSeries },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}
