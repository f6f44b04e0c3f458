import type { Knob } from '../../flow/plan';
import type { DepthPoint } from '../../flow/queue/simulation/timeline';
import type { Numbers } from '../scenario';

/** What a scenario of any kind comes to. */
export interface Measured {
  /** Measured before. */
  readonly before: Numbers;
  /** After: measured, and predicted by the plan before anything was measured. */
  readonly after: { readonly measured: Numbers; readonly predicted: Numbers };
  /** What the plan set for *after*, each knob with its reason. */
  readonly knobs: readonly Knob[];
  /** Depth over time; empty where nothing queues. */
  readonly timelines: { readonly before: readonly DepthPoint[]; readonly after: readonly DepthPoint[] };
}

/** For what does not queue. */
export const NO_TIMELINES: Measured['timelines'] = { before: [], after: [] };
