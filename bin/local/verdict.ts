/** Whether a measured figure is what was predicted, and what is known of the cause where it is not. */
import { figure } from '../../lib/flow/figures';
import type { RunReport } from './intake';
import { hasChanged } from './prediction';

/** The predicted and measured figures: name, place, unit, and what it is in words. */
export const ROWS = [
  ['Peak backlog', 'peakBacklog', 'messages', 'the most messages that waited at one moment'],
  ['Latency P50', 'latencyP50Seconds', 's', 'half of the orders took this long or less, from arrival to done'],
  ['Latency P99', 'latencyP99Seconds', 's', '99 of 100 orders took this long or less'],
  ['Drain time', 'drainSeconds', 's', 'from the end of the flood until no message waited'],
] as const;

/** What the figures are worth: the rates that the prediction takes are from what was accepted, and what was left over. */
export const JUDGED =
  'Peak and drain follow by counting from the rates of this run, so that they test that its numbers agree; the two latencies test the model.';

/** How far a figure may be from its prediction. */
export const TOLERANCE = 0.25;

/** The judgement on one figure. */
export interface Verdict {
  readonly within: boolean;
  /** Measured beside predicted, as in `+3 %`. */
  readonly difference: string;
}

/** Compares one figure. */
export function verdictOf({ predicted, measured }: Pick<RunReport, 'predicted' | 'measured'>, key: Key): Verdict {
  const off = (measured[key] - predicted[key]) / predicted[key];
  if (!Number.isFinite(off)) return { within: measured[key] === predicted[key], difference: '' };
  const percent = Math.round(100 * off);
  return {
    within: Math.abs(off) <= TOLERANCE,
    difference: `${percent > 0 ? '+' : percent < 0 ? '−' : ''}${Math.abs(percent)} %`,
  };
}

/** What missed, each with its cause as far as the run shows one. Empty when every figure is as predicted. */
export function misses(report: RunReport): string[] {
  return ROWS.filter(([, key]) => !verdictOf(report, key).within).map(
    ([label, key, unit]) =>
      `${label}: ${figure(report.measured[key])} ${unit} measured, ${figure(report.predicted[key])} ${unit} predicted. ${causeOf(report, key)}`,
  );
}

type Key = (typeof ROWS)[number][1];

/** The sender fell behind, so that arrivals were not at one rate. */
const BEHIND = 0.05;

function causeOf({ basis }: RunReport, key: Key): string {
  const { slots, serviceSeconds, drainServiceSeconds, perSecond, askedPerSecond } = basis;
  const pace = { during: slots / serviceSeconds, after: slots / drainServiceSeconds };
  const causes = [
    hasChanged(pace) &&
      key !== 'peakBacklog' &&
      `the workers served ${figure(pace.during)} a second during the flood and ${figure(pace.after)} after it, and the model takes each for constant`,
    perSecond < (1 - BEHIND) * askedPerSecond &&
      `the sender reached ${figure(perSecond)} of ${figure(askedPerSecond)} a second, so that deliveries did not come evenly`,
  ].filter((cause): cause is string => cause !== false);
  if (causes.length === 0)
    return 'The rates of the run show no cause; something else on this machine may have paused it.';
  return `Probable cause: ${causes.join('; ')}.`;
}
