/** When refused webhooks are more than a stray forgery: one rule for every engine. */
import type { Arrivals } from '../arrivals';
import { type Check, shown } from '../errors';
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

/**
 * The names of the senders, which stand in paths, names of knobs and queries.
 *
 * @param list the prop that lists them
 * @param each the prop that one name is
 */
export function sourceNameChecks(list: string, each: string, names: readonly string[]): Check[] {
  return [
    { refused: names.length === 0, message: `${list} must name at least one sender, got none` },
    {
      refused: new Set(names).size < names.length,
      message: `${list} must have different names, got ${names.join(', ')}`,
    },
    ...names.map((name) => ({
      refused: typeof name !== 'string' || !/^[a-z0-9-]{1,32}$/.test(name),
      message: `${each} must be 1 to 32 lower-case letters, digits and hyphens, got ${shown(name)}`,
    })),
  ];
}

/** One line of a validation table for a source's own rate. */
export function refusedSourceCheck({ steadyPerSecond: own }: RefusedSource, workload: Arrivals) {
  return {
    refused: own !== undefined && !(own > 0 && own <= workload.steadyPerSecond),
    message: `sources.steadyPerSecond must be above 0 and at most workload.steadyPerSecond, ${workload.steadyPerSecond}, got ${own}`,
  };
}
