/** Metrics for Prometheus from one reading. */

/** One reading of a node's logs and their shipper. */
export interface Reading {
  /** Bytes of the log files, rotated ones included. */
  readonly logBytes: number;
  /** Log files that the shipper's user may not read. */
  readonly unreadableFiles: number;
  /** Bytes of the shipper's queue on disk. */
  readonly queueBytes: number;
  /** Bytes of the file system that are free for ordinary users. */
  readonly freeBytes: number;
  /** Lines of the oldest segment of the queue that are acknowledged; undefined when that is not known. */
  readonly acknowledgedEvents?: number;
  /** Filebeat's answer on `/stats`; undefined without one. */
  readonly stats?: FilebeatStats;
}

/** The part of Filebeat's `/stats` that is used; `queue.filled` is there from 8.15 on. */
export interface FilebeatStats {
  readonly libbeat?: {
    readonly output?: { readonly events?: { readonly acked?: number; readonly dropped?: number } };
    // Not `pipeline.events.active`: it counts lines in the disk queue as done, although they are not delivered.
    readonly pipeline?: { readonly queue?: { readonly filled?: { readonly events?: number } } };
  };
}

/** One metric in Prometheus' text format: help, type, one sample. */
interface Metric {
  readonly name: string;
  readonly kind: 'gauge' | 'counter';
  readonly help: string;
  readonly value: number | undefined;
}

/** A reading in Prometheus' text format. Values that could not be read are left out rather than exported as zero. */
export function metricsText(reading: Reading, labels: Readonly<Record<string, string>>): string {
  const { stats } = reading;
  const events = stats?.libbeat?.output?.events;
  const metrics: Metric[] = [
    gauge('log_shipping_log_bytes', 'Log files of the node, rotated ones included.', reading.logBytes),
    gauge('log_shipping_unreadable_files', 'Log files that Filebeat may not read.', reading.unreadableFiles),
    gauge('log_shipping_queue_bytes', 'Queue of the shipper on disk.', reading.queueBytes),
    gauge('log_shipping_free_bytes', 'Free space of the file system of the logs.', reading.freeBytes),
    gauge('log_shipping_up', 'Whether Filebeat answers.', stats === undefined ? 0 : 1),
    gauge('log_shipping_queued_events', 'Lines in the queue, not yet acknowledged.', queuedEvents(reading)),
    counter('log_shipping_acked_events_total', 'Lines that the destination has.', events?.acked),
    counter('log_shipping_dropped_events_total', 'Lines that Filebeat gave up.', events?.dropped),
  ];
  const text = Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
  return metrics
    .filter(({ value }) => value !== undefined && Number.isFinite(value))
    .map(({ name, kind, help, value }) => `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${name}{${text}} ${value}\n`)
    .join('');
}

/** The two are not read at the same moment: an acknowledgement in between makes no negative number of lines. */
function queuedEvents({ stats, acknowledgedEvents: acknowledged }: Reading): number | undefined {
  const filled = stats?.libbeat?.pipeline?.queue?.filled?.events;
  if (filled === undefined || acknowledged === undefined) return undefined;
  return Math.max(0, filled - acknowledged);
}

function gauge(name: string, help: string, value: number | undefined): Metric {
  return { name, kind: 'gauge', help, value };
}

function counter(name: string, help: string, value: number | undefined): Metric {
  return { name, kind: 'counter', help, value };
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
