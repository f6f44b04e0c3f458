/**
 * The disk of a node as a buffer between log writers and the shipper: how large a file may become, how many are kept,
 * how large the shipper's queue must be to outlive its destination.
 */

import { CapacityError, type Check, validate } from '../errors';
import { figure, sizeText } from '../figures';
import { bisect } from '../search';
import { knobsOf } from './knobs';
import { fits, logsChecks, MIB, type ResolvedLogs, resolve, SEGMENTS, type Sized, size } from './sizing';
import { LogsPlan, type LogsPredictions, type LogsQuestion } from './workload';

/**
 * The plan of a node's logs.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param asked workload, objective, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range
 * @throws CapacityError when the disk budget cannot hold rate × outage; the message names the ways out
 */
export function planLogs(subject: string, asked: LogsQuestion, checks: readonly Check[] = []): LogsPlan {
  validate(subject, [...checks, ...logsChecks(asked)]);
  const { workload, objective, ...choices } = asked;
  const question = resolve(workload, objective, choices);
  const sized = size(question);
  refuseSlowCompression(subject, question);
  refuseSmallFiles(subject, question, sized);
  if (!fits(question)) refuse(subject, question, sized);
  return new LogsPlan(subject, knobsOf(question, sized), predict(question, sized));
}

/** Files written faster than gzip compresses them pile up, for any file count. */
function refuseSlowCompression(subject: string, { peak, compress, logFiles }: ResolvedLogs): void {
  if (peak < compress) return;
  throw new CapacityError(
    subject,
    `${figure(peak)} bytes/s are logged at the peak, gzip takes ${figure(compress)} bytes/s, and ${figure(logFiles)} files grow without bound`,
    [
      `log less than ${figure(compress)} bytes/s`,
      `give compressBytesPerSecond above ${figure(peak)} if your cores do that`,
    ],
  );
}

/** A cap given by hand below the bytes written while the shipper is down: files compressed meanwhile are never read. */
function refuseSmallFiles(
  subject: string,
  { peak, shipperAway, givenCap }: ResolvedLogs,
  { smallestCap }: Sized,
): void {
  if (givenCap === undefined || givenCap >= peak * shipperAway) return;
  throw new CapacityError(
    subject,
    `fileSizeCapBytes ${givenCap} is written in ${figure(givenCap / peak)} s at the peak, the shipper may be down for ${figure(shipperAway)} s, and it cannot read files compressed meanwhile`,
    [
      `allow files of ${smallestCap} bytes`,
      `promise a shipper that restarts within ${Math.floor((1000 * givenCap) / peak) / 1000} s`,
      'leave fileSizeCapBytes out',
    ],
  );
}

function refuse(subject: string, question: ResolvedLogs, { queue, needed }: Sized): never {
  const { outage, budget, givenCap, givenCount } = question;
  const budgetNeeded = Math.ceil(needed / MIB) * MIB;
  const shorter = Math.floor(largestThat((seconds) => fits({ ...question, outage: seconds }), outage));
  const less = Math.floor(
    100 * largestThat((f) => fits({ ...question, steady: f * question.steady, peak: f * question.peak }), 1),
  );
  const freed: ResolvedLogs = { ...question, givenCap: undefined, givenCount: undefined };
  throw new CapacityError(
    subject,
    `${figure(outage)} s without a destination need a queue of ${sizeText(queue)}, with the log files ${sizeText(needed)}; the disk budget is ${sizeText(budget)}`,
    [
      `allow a disk budget of ${budgetNeeded} bytes`,
      ...(shorter >= 1 ? [`tolerate an outage of ${shorter} s`] : []),
      ...(less >= 1 ? [`log ${less} % of it (a higher level, fewer fields)`] : []),
      ...((givenCap ?? givenCount) !== undefined && fits(freed) ? ['leave fileSizeCapBytes and fileCount out'] : []),
    ],
  );
}

/** The largest number up to `limit` that still holds, to a thousandth of the limit; 0 when none does. */
function largestThat(holds: (value: number) => boolean, limit: number): number {
  return bisect({ holding: 0, failing: limit }, { steps: 10 }, holds).holding;
}

function predict(question: ResolvedLogs, { queue, growth, cap, count, files }: Sized): LogsPredictions {
  const { steady, peak, peakSeconds, logFiles, lineBytes, envelope } = question;
  const held = (queue * (SEGMENTS - 1)) / SEGMENTS / ((lineBytes + envelope) / lineBytes);
  const atPeak = peak * peakSeconds;
  return {
    peakDiskBytes: queue + files,
    logFileBytes: files,
    localHistorySeconds: (logFiles * count * cap) / steady,
    outageSeconds: held <= atPeak ? held / peak : peakSeconds + (held - atPeak) / steady,
    rotationEverySeconds: Math.max(question.rotation, ((cap + growth / 2) * logFiles) / peak),
  };
}
