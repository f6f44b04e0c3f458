/** What is wrong with a torture run: its books, and with all letters its recovery too. */
import type { Outcome } from './torture';

/** Letters of a whole run. */
export const WHOLE = 100_000;
/** Share of the foreseen time by which a recovery may be off. */
const RECOVERY_WITHIN = 0.25;

/** @param alone whether nothing else was measured beside it; only then times are judged, and only with all letters */
export function faultsFound({ books, recovery, messages }: Outcome, alone: boolean): readonly string[] {
  const off = Math.abs(recovery.measured - recovery.predicted) / recovery.predicted;
  return [
    ...books.wrong,
    ...(alone && messages >= WHOLE && off > RECOVERY_WITHIN
      ? [`recovery took ${recovery.measured.toFixed(1)} s, foreseen were ${recovery.predicted.toFixed(1)} s`]
      : []),
  ];
}
