/** What a merger counts, and what it reads of its stream when Prometheus asks. */
import type { Redis } from 'ioredis';
import { stampOf } from './loop';
import { asideKeyOf, countsOf, settledKeyOf } from './stream';

/** Counts, the delay of the last flush, and the longest since the start. */
export class Readings {
  readonly #counts = new Map<string, number>(
    ['Events', 'Keys', 'SetAside', 'FlushRefused', 'Away', 'Dropped', 'Flushes', 'FlushSeconds'].map((name) => [
      name,
      0,
    ]),
  );
  #delaySeconds = 0;
  #longestDelaySeconds = 0;

  /** @param stream the name of the stream, the label of every metric */
  constructor(public readonly stream: string) {}

  public count(name: string, value: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + value);
  }

  public delay(seconds: number): void {
    this.#delaySeconds = seconds;
    this.#longestDelaySeconds = Math.max(this.#longestDelaySeconds, seconds);
  }

  /** One metric in Prometheus' text. */
  public sample(name: string, type: 'counter' | 'gauge', value: number): string {
    return `# TYPE coalescer_${name} ${type}\ncoalescer_${name}{stream="${this.stream}"} ${value}\n`;
  }

  /** Prometheus' text of them. */
  public text(): string {
    const counters = [...this.#counts].map(([name, value]) => this.sample(`${snake(name)}_total`, 'counter', value));
    return [
      ...counters,
      this.sample('delay_seconds', 'gauge', this.#delaySeconds),
      // Of a flush that ended between two scrapes, too.
      this.sample('longest_delay_seconds', 'gauge', this.#longestDelaySeconds),
    ].join('');
  }
}

/** All metrics. A server that does not answer leaves those out that it has. */
export async function metricsText(
  readings: Readings,
  redis: Pick<Redis, 'xlen' | 'xrange' | 'xinfo' | 'get' | 'time'>,
): Promise<string> {
  const own = readings.text();
  const { stream } = readings;
  try {
    // What is settled is deleted, so the first entry is the oldest that waits. The number of settled entries is read after
    // the length: those that are settled in between must not seem to be dropped.
    const [{ added, length = 0 }, settled, first, [seconds], dead] = await Promise.all([
      countsOf(redis, stream),
      redis.get(settledKeyOf(stream)),
      redis.xrange(stream, '-', '+', 'COUNT', 1),
      redis.time(),
      redis.xlen(asideKeyOf(stream)),
    ]);
    const age = first.length === 0 ? 0 : Math.max(0, Number(seconds) - stampOf(first[0][0]) / 1000);
    return [
      own,
      readings.sample('stream_length', 'gauge', length),
      readings.sample('oldest_event_seconds', 'gauge', age),
      readings.sample('aside_length', 'gauge', dead),
      ...(added === undefined || settled === null
        ? []
        : [readings.sample('dropped_events', 'gauge', Math.max(0, added - length - Number(settled)))]),
    ].join('');
  } catch {
    return own;
  }
}

function snake(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase();
}
