/** The readings of a log as Prometheus scrapes them. */
import type { GcReadings } from './parser';

/** Name without its prefix, kind, help, and where it is in the readings. */
const METRICS: readonly [string, 'counter' | 'gauge', string, keyof GcReadings][] = [
  ['pauses_total', 'counter', 'Times that the collector stopped the program', 'pauses'],
  ['pause_seconds_total', 'counter', 'Seconds for which the collector stopped the program', 'pauseSeconds'],
  ['long_pauses_total', 'counter', 'Pauses longer than promised', 'longPauses'],
  ['stalls_total', 'counter', 'Times that threads waited for memory', 'stalls'],
  ['stall_seconds_total', 'counter', 'Seconds for which threads waited for memory', 'stallSeconds'],
  ['cycles_total', 'counter', 'Collections beside the program', 'cycles'],
  ['cycle_seconds_total', 'counter', 'Seconds of collections beside the program', 'cycleSeconds'],
  ['last_cycle_seconds', 'gauge', 'Seconds of the last collection beside the program', 'lastCycleSeconds'],
  ['allocated_bytes_total', 'counter', 'Bytes that the program allocated, at least', 'allocatedBytes'],
  ['heap_after_bytes', 'gauge', 'Bytes in use after the last collection', 'heapAfterBytes'],
  ['live_bytes', 'gauge', 'Bytes that are reachable', 'liveBytes'],
  ['unknown_lines_total', 'counter', 'Lines that are of no collector log', 'unknownLines'],
];

/** The text of `/metrics`. */
export function metricsText(readings: GcReadings, up: boolean, labels: Readonly<Record<string, string>>): string {
  const own = labelsText(labels);
  const rows = METRICS.flatMap(([name, kind, help, field]) => {
    const value = readings[field];
    // A gauge that the log has not told yet has no value; 0 would be one.
    if (value === undefined) return [];
    return series(name, kind, help, own, value as number);
  });
  const collector = labelsText({ ...labels, collector: readings.collector ?? '' });
  return `${[
    ...series('up', 'gauge', 'Whether the log is there', own, up ? 1 : 0),
    ...series('collector_info', 'gauge', 'The collector that the log names', collector, 1),
    ...rows,
  ].join('\n')}\n`;
}

function series(name: string, kind: string, help: string, labels: string, value: number): string[] {
  return [`# HELP gc_log_${name} ${help}`, `# TYPE gc_log_${name} ${kind}`, `gc_log_${name}${labels} ${value}`];
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const escaped = (text: string) => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')}}`;
}
