/** What is wrong with a torture run: its books, faults that never came, and with all letters its backlog and its recovery too. */
import { figure, percent } from '../../lib/flow/figures';
import type { Outcome } from './torture';

/** Letters of a whole run. */
export const WHOLE = 100_000;
/** Share of what is foreseen by which the most that waited, and a recovery, may be off. */
const WITHIN = 0.25;
/** Share of their time for which processors are busy, from which on work waits for them. */
const BUSY = 0.8;

/** @param alone whether nothing else was measured beside it; only then times are judged, and only with all letters */
export function faultsFound(outcome: Outcome, alone: boolean): readonly string[] {
  const { books, faults, struck, backlog, recovery, messages, perSecond, busyRatio = 0 } = outcome;
  const missed = new Set(faults.map(({ kind }) => kind).filter((kind) => !struck.some((one) => one.kind === kind)));
  const isOff = ({ predicted, measured }: Outcome['recovery']) => Math.abs(measured - predicted) > WITHIN * predicted;
  const isJudged = alone && messages >= WHOLE;
  const [backlogIsOff, recoveryIsOff] = [isJudged && isOff(backlog), isJudged && isOff(recovery)];
  return [
    ...books.wrong,
    ...[...missed].map((kind) => `no ${kind} struck`),
    ...(backlogIsOff
      ? [`${figure(backlog.measured)} letters waited at most, foreseen were ${figure(backlog.predicted)}`]
      : []),
    ...(recoveryIsOff
      ? [`recovery took ${recovery.measured.toFixed(1)} s, foreseen were ${recovery.predicted.toFixed(1)} s`]
      : []),
    ...((backlogIsOff || recoveryIsOff) && busyRatio > BUSY
      ? [
          `the processors were ${percent(busyRatio)} busy: this machine is too slow for ${figure(perSecond)} letters/s, or something else ran on it; run this engine --alone, or on a quicker machine`,
        ]
      : []),
  ];
}
