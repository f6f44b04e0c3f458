/** What a receiver counts, as Prometheus scrapes it. */
import { LatencyHistogram } from '../gate/metrics';
import { DEFERRED, REFUSAL_REASONS, UNKNOWN_SOURCE } from '../webhook-receiver/contract';
import type { Answer } from '../webhook-receiver/receiver';

/** Codes that have a series from the start: an increase is seen only of a series that was there before. */
const EXPECTED_CODES = [200, 503] as const;
/**
 * Upper ends of the histogram as shares of the patience with the brokers: they confirm in hundredths of a second, the alert
 * asks for half of the patience, and above the last one a percentile would never be.
 */
const PUBLISH_SHARES = [1 / 800, 1 / 400, 1 / 160, 1 / 80, 1 / 40, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1, 5 / 4];
const REFUSALS = { least: 400, most: 499 } as const;

/** Counts of one receiver. */
export class ReceiverMetrics {
  /** Deliveries in work. */
  public inFlight = 0;
  readonly #publishes: LatencyHistogram;
  readonly #answers = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  /** Beside the answers: anybody can cause them, and their alert pages nobody. */
  readonly #deferrals = new Map<string, number>();

  /**
   * @param receiver its name, which tells two receivers of a namespace apart
   * @param sources names of the senders
   * @param concurrency requests in work at most
   * @param publishTimeoutSeconds how long the brokers are waited for
   */
  constructor(
    private readonly receiver: string,
    sources: readonly string[],
    private readonly concurrency: number,
    publishTimeoutSeconds: number,
  ) {
    this.#publishes = new LatencyHistogram(publishTimeoutSeconds, PUBLISH_SHARES);
    for (const source of ['', ...sources]) {
      for (const code of EXPECTED_CODES) this.#answers.set(`source="${source}",code="${code}"`, 0);
      const reasons = source === '' ? [UNKNOWN_SOURCE] : REFUSAL_REASONS;
      for (const reason of reasons) this.#refusals.set(`source="${source}",reason="${reason}"`, 0);
      if (source !== '') this.#deferrals.set(`source="${source}"`, 0);
    }
  }

  /** Counts an answer, or a deferral in its place; a refusal by its reason as well. */
  public answered({ source = '', status, reason }: Answer): void {
    if (reason === DEFERRED) {
      add(this.#deferrals, `source="${source}"`);
      return;
    }
    add(this.#answers, `source="${source}",code="${status}"`);
    if (reason === undefined || status < REFUSALS.least || status > REFUSALS.most) return;
    add(this.#refusals, `source="${source}",reason="${reason}"`);
  }

  /** Counts a delivery that the brokers confirmed, or did not in time. */
  public published(seconds: number): void {
    this.#publishes.record(seconds);
  }

  /** The text of `/metrics`. */
  public text(): string {
    const own = `receiver="${this.receiver}"`;
    const series = (name: string, type: string, help: string, lines: readonly string[]) => [
      `# HELP receiver_${name} ${help}`,
      `# TYPE receiver_${name} ${type}`,
      ...lines,
    ];
    const counts = (name: string, counted: ReadonlyMap<string, number>) =>
      [...counted].map(([labels, count]) => `receiver_${name}{${own},${labels}} ${count}`);
    return `${[
      ...series('requests_total', 'counter', 'Answers to senders', counts('requests_total', this.#answers)),
      ...series('refused_total', 'counter', 'Deliveries that were refused', counts('refused_total', this.#refusals)),
      ...series(
        'deferred_total',
        'counter',
        'Deliveries told to come again, as more signatures were wrong than a secret is read again for',
        counts('deferred_total', this.#deferrals),
      ),
      ...series('in_flight', 'gauge', 'Deliveries in work', [`receiver_in_flight{${own}} ${this.inFlight}`]),
      ...series('concurrency', 'gauge', 'Deliveries in work at most', [
        `receiver_concurrency{${own}} ${this.concurrency}`,
      ]),
      ...series(
        'publish_seconds',
        'histogram',
        'Time until the brokers have a delivery, or until nothing more is waited for',
        this.#publishes.lines('receiver_publish_seconds', own),
      ),
    ].join('\n')}\n`;
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
