/**
 * How many requests may be worked on at the same time, from how long they take: the limit falls while the mean of a window is
 * longer than planned, and rises again while it is used. AIMD cuts by a fixed share; a gradient cuts by what was measured.
 *
 * Nothing is probed for: the plan knows how long a request takes when it is alone, so no request is refused in order to measure
 * (envoy issues 8337, 18152 and 38338), and the ceiling is the plan's (concurrency-limits pull request 134).
 *
 * Source: Chiu and Jain, Analysis of the increase and decrease algorithms for congestion avoidance, Computer Networks and ISDN
 * Systems 17 (1989); Envoy, adaptive concurrency, gradient controller with a fixed minRTT.
 */

/** How a limit follows the work. */
export const SERVICE_LIMITS = ['fixed', 'aimd', 'gradient'] as const;

/** The name of a way. */
export type LimitName = (typeof SERVICE_LIMITS)[number];

/** The numbers of a limit that follows; each is a knob. */
export interface LimitSettings {
  readonly name: Exclude<LimitName, 'fixed'>;
  /** Requests at the start. */
  readonly initial: number;
  /** Requests at least. */
  readonly floor: number;
  /** Requests at most. */
  readonly ceiling: number;
  /** Mean seconds of work on one, as planned. */
  readonly serviceSeconds: number;
  /** Times that, up to which a mean is as planned. Above 1. */
  readonly tolerance: number;
  /** Requests of one mean. */
  readonly windowRequests: number;
}

/** A gradient cuts to this share at once and no further: a window may have been bad luck. */
export const LEAST_GRADIENT = 0.5;

/** The limit of one instance. */
export class ConcurrencyLimit {
  /** Requests that may be worked on now. */
  public current: number;
  #count = 0;
  #seconds = 0;
  #wasFull = false;

  constructor(private readonly settings: LimitSettings) {
    this.current = settings.initial;
  }

  /**
   * A request was worked on.
   *
   * @param seconds from its slot to its end
   * @param isFull whether all slots were taken when it ended
   * @returns whether the limit is another one now
   */
  public record(seconds: number, isFull: boolean): boolean {
    this.#count += 1;
    this.#seconds += seconds;
    this.#wasFull ||= isFull;
    if (this.#count < this.settings.windowRequests) return false;
    const before = this.current;
    this.current = nextLimit(this.settings, before, this.#seconds / this.#count, this.#wasFull);
    [this.#count, this.#seconds, this.#wasFull] = [0, 0, false];
    return this.current !== before;
  }
}

/** The limit after a window with that mean. */
export function nextLimit(settings: LimitSettings, current: number, meanSeconds: number, wasFull: boolean): number {
  const { name, floor, ceiling, serviceSeconds, tolerance } = settings;
  const gradient = serviceSeconds / meanSeconds;
  if (meanSeconds > tolerance * serviceSeconds) {
    const share = name === 'aimd' ? 1 / tolerance : Math.max(LEAST_GRADIENT, gradient);
    // One less at least, or a small limit would never fall.
    return Math.max(floor, Math.min(current - 1, Math.ceil(share * current * (1 - 1e-12))));
  }
  if (!wasFull) return current;
  // Half of Envoy's √limit: requests wait in front of the limit here, so none of it is for them.
  const more = name === 'aimd' ? 1 : Math.max(1, Math.round(Math.sqrt(current) / 2));
  return Math.min(ceiling, current + more);
}
