/** When refused webhooks are more than an occasional forgery: one rule for every engine. */
import type { Arrivals } from '../arrivals';
import type { Knob } from '../plan';

/** Window in seconds in which refused and accepted deliveries of a source are compared. */
export const REFUSED_ALARM_SECONDS = 3600;
/** Occasional forgeries are below this share of the source's usual rate. */
const REFUSED_SHARE = 0.1;

/** A sender, as the alarm needs it. */
export interface RefusedSource {
  readonly name: string;
  /** Its steady rate. Default: an equal share of the workload. */
  readonly steadyPerSecond?: number;
}

/** Name of the knob with the threshold for a source. */
export function refusedKnobName(sourceName: string): string {
  return `alarmRefusedPerHour.${sourceName}`;
}

/** The threshold for one of several sources. */
export function refusedKnob(workload: Arrivals, source: RefusedSource, sources: number): Knob {
  const steadyPerSecond = source.steadyPerSecond ?? workload.steadyPerSecond / sources;
  return {
    name: refusedKnobName(source.name),
    value: Math.floor(REFUSED_SHARE * steadyPerSecond * REFUSED_ALARM_SECONDS),
    unit: 'deliveries',
    formula:
      '⌊10 % of the deliveries of the source in an hour at its steady rate⌋; the alarm counts only while more is refused than accepted',
    inputs: { steadyPerSecond, seconds: REFUSED_ALARM_SECONDS, share: REFUSED_SHARE },
    source:
      source.steadyPerSecond === undefined
        ? 'an assumption: all sources send at the same rate; give sources.steadyPerSecond'
        : 'given: sources.steadyPerSecond',
  };
}
