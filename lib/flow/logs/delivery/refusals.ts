/** Why lines cannot be delivered as asked, and changes that would each do. */
import { duration, figure, roundedDown, roundedUp, sizeText } from '../../figures';
import { largestBelow, lastWhole, smallestAbove } from '../../search';
import { KEPT_SECONDS, requestsOf } from './firehose';
import { type Broken, brokenBy, type DeliverySizes, mostBuffer, type ResolvedDelivery, size, times } from './sizing';

/** The first thing that is in the way, with its numbers. */
export function refusal(question: ResolvedDelivery, broken: Broken, sizes: DeliverySizes): string {
  const { outage, tasks, quota, lag } = question;
  const senders = tasks === 1 ? 'a task sends' : `${figure(tasks)} tasks send`;
  switch (broken) {
    case 'outage':
      return `the outage is ${duration(outage)}, and Firehose keeps what it cannot write to the bucket for ${duration(KEPT_SECONDS)}`;
    case 'rate':
      return `${senders} ${figure(tasks * sizes.steadySent)} bytes/s outside the peak, the stream takes ${figure(quota)}, and the buffer fills without end`;
    case 'lag':
      return `${senders} ${figure(tasks * sizes.peakSent)} bytes/s at the peak, the stream takes ${figure(quota)}, and the last line waits ${duration(sizes.lag)}; ${duration(lag)} are promised`;
    case 'requests':
      return `${senders} ${figure(sizes.requests)} requests/s, one with each flush, and the stream takes ${figure(requestsOf(quota))}; a flush of ${duration(sizes.flush)} is the longest that the lag allows`;
    case 'limit':
      return `${duration(outage)} without Firehose fill ${sizeText(sizes.needed)}, and storageTotalLimitBytes ${question.givenLimit} discards the oldest of it`;
    case 'disk':
      return `${duration(outage)} without Firehose need a buffer of ${sizeText(sizes.limit)}, and a task may have ${sizeText(mostBuffer(question))}`;
  }
}

/** Changes that each keep the promise; each has been tried. */
export function waysOut(question: ResolvedDelivery): string[] {
  const { quota, tasks, outage, lag, budget } = question;
  const holds = (changed: Partial<ResolvedDelivery>) => brokenBy({ ...question, ...changed }) === undefined;
  const ways: string[] = [];
  const offer = (way: string, changed: Partial<ResolvedDelivery>) => {
    if (holds(changed)) ways.push(way);
  };
  const more = (name: string, value: number, change: (one: number) => Partial<ResolvedDelivery>) => {
    const found = smallestAbove(value, (one) => holds(change(roundedUp(one))));
    if (found !== undefined) offer(`${name} of ${roundedUp(found)}`, change(roundedUp(found)));
  };
  more('streamBytesPerSecond', quota, (one) => ({ quota: one }));
  more('lagSeconds', lag, (one) => ({ lag: one }));
  const { limit } = size({ ...question, givenLimit: undefined });
  offer('no storageTotalLimitBytes', { givenLimit: undefined });
  if (limit > budget) offer(`diskBudgetBytes of ${limit}`, { budget: limit });
  const shorter = largestBelow(Math.min(outage, 2 * KEPT_SECONDS), (one) => holds({ outage: roundedDown(one) }));
  if (shorter !== undefined) offer(`outageSeconds of ${roundedDown(shorter)}`, { outage: roundedDown(shorter) });
  const fewer = tasks > 1 && holds({ tasks: 1 }) ? lastWhole(1, tasks, (one) => holds({ tasks: one })) : 0;
  if (fewer > 0) offer(`${figure(fewer)} task${fewer === 1 ? '' : 's'} for each stream`, { tasks: fewer });
  if (!question.lineOnly) offer('lineOnly', { lineOnly: true });
  const share = largestBelow(1, (one) => holds(times(question, one)));
  const percent = Math.floor(100 * (share ?? 0));
  if (percent >= 1) offer(`${percent} % of the lines (a higher level, fewer fields)`, times(question, percent / 100));
  // Without a lag, a peak or an outage there is always a stream that takes the lines.
  return ways.length > 0 ? ways : [`a stream for each task, and ${duration(KEPT_SECONDS)} without Firehose at most`];
}
