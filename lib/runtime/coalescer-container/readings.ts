/** What a merger counts, and what it reads of its stream when Prometheus asks. */
import type { Redis } from 'ioredis';
import { stampOf } from './loop';

/** Counts, and the delay of the last flush. */
export class Readings {
  readonly #counts = new Map<string, number>(
    ['Events', 'Keys', 'SetAside', 'FlushRefused', 'Away', 'Dropped'].map((name) => [name, 0]),
  );
  #delaySeconds = 0;

  public count(name: string, value: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + value);
  }

  public delay(seconds: number): void {
    this.#delaySeconds = seconds;
  }

  /** Prometheus' text of them. */
  public text(): string {
    const counters = [...this.#counts].map(([name, value]) => sample(`${snake(name)}_total`, 'counter', value));
    return [...counters, sample('delay_seconds', 'gauge', this.#delaySeconds)].join('');
  }
}

/** All metrics. A server that does not answer leaves its own two out. */
export async function metricsText(
  readings: Readings,
  redis: Pick<Redis, 'xlen' | 'xrange' | 'time'>,
  stream: string,
): Promise<string> {
  const own = readings.text();
  try {
    // What is settled is deleted, so the first entry is the oldest that waits.
    const [length, first, [seconds]] = await Promise.all([
      redis.xlen(stream),
      redis.xrange(stream, '-', '+', 'COUNT', 1),
      redis.time(),
    ]);
    const age = first.length === 0 ? 0 : Math.max(0, Number(seconds) - stampOf(first[0][0]) / 1000);
    return `${own}${sample('stream_length', 'gauge', length)}${sample('oldest_event_seconds', 'gauge', age)}`;
  } catch {
    return own;
  }
}

function sample(name: string, type: 'counter' | 'gauge', value: number): string {
  return `# TYPE coalescer_${name} ${type}\ncoalescer_${name} ${value}\n`;
}

function snake(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase();
}
