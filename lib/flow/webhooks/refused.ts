/** When refused webhooks are more than a stray forgery: one rule for every engine. */
import type { Arrivals } from '../arrivals';
import type { Knob } from '../plan';

/** Over how many seconds refused deliveries of a source are compared with those that were accepted. */
export const REFUSED_ALARM_SECONDS = 3600;
/** A stray forgery now and then is below this share of what the source usually sends. */
const REFUSED_SHARE = 0.1;

/** A sender, as far as the alarm knows it. */
export interface RefusedSource {
  readonly name: string;
  /** What it sends when it is not busy. Default: an equal share of the workload. */
  readonly steadyPerSecond?: number;
}

/** Name of the knob with the threshold for a source. */
export function refusedKnobName(sourceName: string): string {
  return `alarmRefusedPerHour.${sourceName}`;
}

/** The threshold for a source that is one of so many. */
export function refusedKnob(workload: Arrivals, source: RefusedSource, sources: number): Knob {
  const steadyPerSecond = source.steadyPerSecond ?? workload.steadyPerSecond / sources;
  return {
    name: refusedKnobName(source.name),
    value: Math.floor(REFUSED_SHARE * steadyPerSecond * REFUSED_ALARM_SECONDS),
    unit: 'deliveries',
    formula:
      '⌊10 % of what the source sends in an hour at its steady rate⌋; the alarm counts only while more is refused than accepted',
    inputs: { steadyPerSecond, seconds: REFUSED_ALARM_SECONDS, share: REFUSED_SHARE },
    source:
      source.steadyPerSecond === undefined
        ? 'an assumption: sources send alike; give sources.steadyPerSecond'
        : 'given: sources.steadyPerSecond',
  };
}
