import type { DepthPoint } from '../../lib/flow/queue/simulation/timeline';
import type { Io } from './io';
import { count, duration, sparkline } from './text';

/** Backlog and instances over time, one line each, with the time below. */
export function depth(timeline: readonly DepthPoint[], io: Io, note = ''): string {
  const width = Math.max(8, Math.min(72, (io.columns ?? 100) - 34));
  const seen = untilQuiet(timeline);
  if (seen.length === 0) return '  no depth over time';
  const most = (values: readonly number[]) => count(Math.max(...values));
  const backlog = seen.map((point) => point.backlog);
  const instances = seen.map((point) => point.instances);
  const line = sparkline(backlog, width);
  const end = duration(seen[seen.length - 1].seconds);
  return [
    `  backlog    ${line}  up to ${most(backlog)}${note}`,
    `  instances  ${sparkline(instances, width)}  up to ${most(instances)}`,
    `             ${'0 s'.padEnd(Math.max(4, line.length - end.length))}${end}`,
  ].join('\n');
}

/** A timeline without the quiet end: a tenth more than what comes before. */
export function untilQuiet(timeline: readonly DepthPoint[]): readonly DepthPoint[] {
  const last = timeline.reduce((found, point, index) => (point.backlog > 0 ? index : found), 0);
  return last === 0 ? timeline : timeline.slice(0, Math.ceil(last * 1.1) + 1);
}
