/** The readings of a log as CloudWatch takes them: what was counted since the last line, in `Backpressure/Jvm`. */
import { type EmbeddedMetric, embeddedLine } from '../embedded-metrics';
import type { GcReadings } from './parser';

const NAMESPACE = 'Backpressure/Jvm';

/** What is counted, and does not go back. */
const COUNTED = [
  ['Pauses', 'pauses', 'Count'],
  ['PauseSeconds', 'pauseSeconds', 'Seconds'],
  ['LongPauses', 'longPauses', 'Count'],
  ['Stalls', 'stalls', 'Count'],
  ['StallSeconds', 'stallSeconds', 'Seconds'],
  ['Collections', 'cycles', 'Count'],
] as const satisfies readonly (readonly [string, keyof GcReadings, EmbeddedMetric['unit']])[];

/**
 * One line.
 *
 * @param before the readings of the last line
 * @param seconds since the last line that had an allocation: the log tells of it at each collection
 */
export function readingsLine(
  service: string,
  before: Readonly<GcReadings>,
  now: Readonly<GcReadings>,
  seconds: number,
  up: boolean,
): string {
  const since = (name: (typeof COUNTED)[number][1] | 'allocatedBytes' | 'cycleSeconds') => now[name] - before[name];
  const gauge = (name: string, value: number | undefined): EmbeddedMetric[] =>
    // What the log has not told yet has no value; 0 would be one.
    value === undefined ? [] : [{ name, value, unit: 'Bytes' }];
  const cycles = since('cycles');
  const metrics: EmbeddedMetric[] = [
    { name: 'LogsRead', value: up ? 1 : 0, unit: 'Count' },
    ...COUNTED.map(([name, field, unit]) => ({ name, value: since(field), unit })),
    // Of one collection: a minute without any says nothing.
    ...(cycles > 0
      ? [{ name: 'CollectionSeconds', value: since('cycleSeconds') / cycles, unit: 'Seconds' } as const]
      : []),
    ...(seconds > 0 && since('allocatedBytes') > 0
      ? [{ name: 'AllocatedBytesPerSecond', value: since('allocatedBytes') / seconds, unit: 'Bytes/Second' } as const]
      : []),
    ...gauge('LiveBytes', now.liveBytes),
    ...gauge('HeapAfterBytes', now.heapAfterBytes),
  ];
  return embeddedLine(NAMESPACE, { Service: service }, metrics, { collector: now.collector ?? '' });
}
