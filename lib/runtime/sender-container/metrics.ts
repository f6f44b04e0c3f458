/** What Prometheus reads of a sender: what it counted, and what is in the queue and the buckets of all of them. */

import { COUNTED, type Counted } from '../sender/ports';
import type { BucketState, QueueSizes } from '../sender/redis';

/** What all senders share, as one of them sees it. */
export interface Shared {
  readonly sizes: QueueSizes;
  /** By the name of the provider. */
  readonly buckets: Readonly<Record<string, BucketState>>;
}

/**
 * The text of all metrics. A counter is there from the start: Prometheus sees no increase of one that begins at 1.
 *
 * @param shared absent while Redis does not answer
 */
export function metricsText(counts: ReadonlyMap<Counted, number>, active: number, shared: Shared | undefined): string {
  const lines = COUNTED.map((name) => line('counter', `${snake(name)}_total`, counts.get(name) ?? 0));
  lines.push(line('gauge', 'in_flight', active), line('gauge', 'store_up', shared === undefined ? 0 : 1));
  if (shared === undefined) return lines.join('');
  const { sizes, buckets } = shared;
  lines.push(
    line('gauge', 'queue_messages', sizes.messages),
    line('gauge', 'queue_due_messages', sizes.due),
    line('gauge', 'quarantine_messages', sizes.quarantined),
    perProvider('paused', buckets, ({ paused }) => (paused ? 1 : 0)),
    perProvider('away_seconds', buckets, ({ awaySeconds }) => awaySeconds),
    perProvider('rate_factor', buckets, ({ factor }) => factor),
  );
  return lines.join('');
}

function line(type: 'counter' | 'gauge', name: string, value: number): string {
  return `# TYPE sender_${name} ${type}\nsender_${name} ${value}\n`;
}

function perProvider(name: string, buckets: Shared['buckets'], of: (state: BucketState) => number): string {
  const series = Object.entries(buckets).map(([lane, state]) => `sender_${name}{provider="${lane}"} ${of(state)}\n`);
  return `# TYPE sender_${name} gauge\n${series.join('')}`;
}

function snake(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase();
}
