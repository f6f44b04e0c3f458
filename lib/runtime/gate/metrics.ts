/** What a gate counts, as Prometheus scrapes it. */
import type { Gate } from './gate';

/** Upper ends of the histogram as shares of the promised latency: fine around the promise, which alarms ask about. */
const SHARES = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4];

/** Times of the accepted requests. */
export class LatencyHistogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #count = 0;
  #sum = 0;

  /**
   * @param latencySeconds the promise
   * @param shares upper ends as shares of it
   */
  constructor(latencySeconds: number, shares: readonly number[] = SHARES) {
    this.#bounds = shares.map((share) => Number((share * latencySeconds).toPrecision(6)));
    this.#counts = shares.map(() => 0);
  }

  public record(seconds: number): void {
    this.#count += 1;
    this.#sum += seconds;
    const bucket = this.#bounds.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) this.#counts[bucket] += 1;
  }

  /** Its series in Prometheus' text. */
  public lines(name: string, labels: string): string[] {
    let below = 0;
    const buckets = this.#bounds.map((bound, index) => {
      below += this.#counts[index];
      return `${name}_bucket{${labels},le="${bound}"} ${below}`;
    });
    return [
      ...buckets,
      `${name}_bucket{${labels},le="+Inf"} ${this.#count}`,
      `${name}_sum{${labels}} ${this.#sum}`,
      `${name}_count{${labels}} ${this.#count}`,
    ];
  }
}

/** What else is counted. */
export interface GateCounts {
  /** Requests that found the program away. */
  readonly away: number;
  /** Requests that the program had and did not answer. */
  readonly broken: number;
  /** Requests that were accepted and not answered in time. */
  readonly overdue: number;
}

/** The text of `/metrics`. */
export function gateMetrics(
  service: string,
  gate: Gate,
  slots: number,
  latencies: LatencyHistogram,
  { away, broken, overdue }: GateCounts,
): string {
  const labels = `service="${service}"`;
  const series = (name: string, type: 'gauge' | 'counter', help: string, lines: readonly string[]) => [
    `# HELP gate_${name} ${help}`,
    `# TYPE gate_${name} ${type}`,
    ...lines,
  ];
  const one = (name: string, type: 'gauge' | 'counter', help: string, value: number) =>
    series(name, type, help, [`gate_${name}{${labels}} ${value}`]);
  return `${[
    ...one('slots', 'gauge', 'Requests that are worked on at most', slots),
    ...one(
      'limit',
      'gauge',
      'Requests that may be worked on now: fewer than the slots while the work is slow',
      gate.slots,
    ),
    ...one('working', 'gauge', 'Requests that are worked on', gate.working),
    ...one('waiting', 'gauge', 'Requests that wait', gate.waiting),
    ...one('in_flight', 'gauge', 'Requests that are worked on or wait', gate.working + gate.waiting),
    ...one('admitted_total', 'counter', 'Requests that got a slot', gate.admitted),
    ...series(
      'refused_total',
      'counter',
      'Requests that were refused, or that the program did not answer, by reason',
      Object.entries({ ...gate.refused, away, broken }).map(
        ([reason, count]) => `gate_refused_total{${labels},reason="${reason}"} ${count}`,
      ),
    ),
    ...one('overdue_total', 'counter', 'Requests that were accepted and not answered in time', overdue),
    '# HELP gate_request_seconds Time from arrival to answer of accepted requests',
    '# TYPE gate_request_seconds histogram',
    ...latencies.lines('gate_request_seconds', labels),
  ].join('\n')}\n`;
}
