/**
 * What the library's model says of a flood, from the rates as they were in it: a busy machine changes the prediction
 * with the measurement. So it is the queue that is judged, and not the machine.
 */
import { predictQueue } from '../../lib/flow/queue/plan';
import { simulate } from '../../lib/flow/queue/simulation/simulate';
import type { Workload } from '../../lib/flow/queue/workload';
import type { FloodResult } from './flood';

/** Two paces that are this far apart are worth a note, and may explain a miss: the model takes each for constant. */
const OFF_PACE = 0.2;
/** No item arrives beside the flood; the smallest rate that counts as one. */
const NOTHING_PER_SECOND = 1e-6;
const SERVICE_VARIATION = 0.3;

/** The four figures of a flood: measured in it, and predicted from its rates as they were. */
export interface Figures {
  readonly peakBacklog: number;
  readonly latencyP50Seconds: number;
  readonly latencyP99Seconds: number;
  readonly drainSeconds: number;
}

/** Waiting messages at a moment since the flood began. */
export interface DepthSample {
  readonly seconds: number;
  readonly backlog: number;
}

/** What was seen of a flood. */
export interface FloodRun {
  readonly sent: FloodResult;
  readonly depth: readonly DepthSample[];
  /** Seconds from the last answer to the sender until no message waited. */
  readonly drainSeconds: number;
}

/** Deliveries served in a second. */
export interface Pace {
  readonly during: number;
  readonly after: number;
}

/** Fewer than so many for each slot are gone before a pace can be measured. */
const FEWEST_A_SLOT = 4;

/** What the slots served while the flood lasted, and what they served of the backlog that it left. */
export function pacesOf({ sent, depth, drainSeconds }: FloodRun, slots: number): Pace {
  const floodSeconds = (sent.endedAt - sent.startedAt) / 1000;
  const left = depth.filter(({ seconds }) => seconds <= floodSeconds).at(-1)?.backlog ?? 0;
  const during = (sent.accepted - left) / floodSeconds;
  return { during, after: left >= FEWEST_A_SLOT * slots && drainSeconds > 0 ? left / drainSeconds : during };
}

/** Whether the two differ much. */
export function hasChanged({ during, after }: Pace): boolean {
  return Math.abs(after / during - 1) > OFF_PACE;
}

/** A note where they do. */
export function offPace(pace: Pace): string[] {
  if (!hasChanged(pace)) return [];
  const { during, after } = pace;
  const perSecond = (served: number) => `${served.toFixed(0)}/s`;
  return [
    `served ${perSecond(during)} during the flood and ${perSecond(after)} after it: senders and workers share the one thread of the local AWS; the peak and the median are predicted from the first, the P99 and the drain from the second`,
  ];
}

/** The flood as a workload of the library. */
export function floodWorkload(perSecond: number, serviceSeconds: number, count: number): Workload {
  // No delivery arrives after the flood; the smallest rate represents that.
  return {
    steadyPerSecond: NOTHING_PER_SECOND,
    peakPerSecond: perSecond,
    peakSeconds: count / perSecond,
    serviceSeconds,
    serviceVariation: SERVICE_VARIATION,
  };
}

/**
 * The closed form for the figures, the simulation for the curve. The emulator runs every slot from the start. What the
 * flood leaves is a burst at its end: the last to arrive wait for all of it, at the pace of that time.
 */
export function predict(
  flood: Workload,
  drainServiceSeconds: number,
  slots: number,
): { figures: Figures; depth: DepthSample[] } {
  const consumer = {
    slotsPerInstance: 1,
    pollSeconds: 1,
    decideSeconds: 0,
    startSeconds: 0,
    minInstances: slots,
    maxInstances: slots,
    backlogPerInstance: 1,
    maxAttempts: 5,
  };
  const floodSeconds = flood.peakSeconds ?? 0;
  const { timeline } = simulate({ workload: flood, consumer, seed: 1 });
  const curve = timeline.map(({ seconds, backlog }) => ({ seconds, backlog }));
  const figures = predictQueue(flood, consumer);
  const burstItems = Math.round(figures.peakBacklog);
  if (burstItems < FEWEST_A_SLOT * slots) return { figures: pick(figures), depth: curve };
  const left: Workload = {
    steadyPerSecond: NOTHING_PER_SECOND,
    burstItems,
    serviceSeconds: drainServiceSeconds,
    serviceVariation: SERVICE_VARIATION,
  };
  const drain = predictQueue(left, consumer);
  const after = simulate({ workload: left, consumer, seed: 1 }).timeline;
  return {
    figures: {
      peakBacklog: figures.peakBacklog,
      latencyP50Seconds: figures.latencyP50Seconds,
      latencyP99Seconds: drain.latencyP99Seconds,
      drainSeconds: drain.drainSeconds,
    },
    depth: [
      ...curve.filter(({ seconds }) => seconds <= floodSeconds),
      ...after
        .filter(({ seconds }) => seconds > 0)
        .map(({ seconds, backlog }) => ({ seconds: floodSeconds + seconds, backlog })),
    ],
  };
}

function pick({ peakBacklog, latencyP50Seconds, latencyP99Seconds, drainSeconds }: Figures): Figures {
  return { peakBacklog, latencyP50Seconds, latencyP99Seconds, drainSeconds };
}
