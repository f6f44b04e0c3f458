/**
 * How many requests may be worked on at the same time, from how long they take: the limit falls while the mean of a window is
 * longer than planned, and rises again while it is used. AIMD cuts by a fixed share; a gradient cuts by what was measured.
 *
 * Nothing is probed for: the plan knows how long a request takes when it is alone, so no request is refused in order to measure
 * (envoy issues 8337, 18152 and 38338), and the ceiling is the plan's (concurrency-limits pull request 134). Where fewer requests are
 * no quicker, as behind a slow downstream, the limit notices and returns: it would only serve less.
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

/** At this share of what it was, a limit has shown whether fewer requests are quicker: a window's chance is far less than that. */
const TRIAL_SHARE = 0.5;
/** Windows for which a limit stays that was cut in vain: so many after the first time, twice as many after each further one. */
const HELD_WINDOWS = { first: 10, most: 160 } as const;
/** After so many windows as planned, one after another, what was learned is of another time. */
const FORGOTTEN_WINDOWS = 10;

/** Whether a limit that was cut made the work quicker. With what requests share it does, with what they wait for it does not. */
class CutTrial {
  #from?: { readonly limit: number; readonly meanSeconds: number };
  #windows = 0;
  #wasBelow = false;
  #asPlanned = 0;
  #held = 0;
  #hold: number = HELD_WINDOWS.first;

  /**
   * A window has ended.
   *
   * @returns the limit to return to or to stay at, undefined where it follows the window
   */
  public judge(limit: number, floor: number, meanSeconds: number, isSlow: boolean): number | undefined {
    this.#asPlanned = isSlow ? 0 : this.#asPlanned + 1;
    if (this.#asPlanned >= FORGOTTEN_WINDOWS) {
      this.#begin();
      [this.#held, this.#hold] = [0, HELD_WINDOWS.first];
    }
    if (this.#held > 0) {
      this.#held -= 1;
      return limit;
    }
    if (this.#from === undefined && !isSlow) return undefined;
    this.#windows += 1;
    const from = this.#from ?? { limit, meanSeconds };
    // The first slow window has requests in it of the time before.
    this.#from = this.#windows === 2 ? { ...from, meanSeconds: Math.max(from.meanSeconds, meanSeconds) } : from;
    if (limit >= from.limit || limit > Math.max(floor, TRIAL_SHARE * from.limit)) return undefined;
    // And the first one below has requests of the time above.
    if (!this.#wasBelow) {
      this.#wasBelow = true;
      return undefined;
    }
    const cut = limit / from.limit;
    const longer = meanSeconds / this.#from.meanSeconds;
    this.#begin();
    // Requests that share what they use would take `cut` times as long, and as many would be done in a second. Half of it counts.
    const hasHelped = isSlow ? cut / longer >= (1 + cut) / 2 : longer <= (1 + cut) / 2;
    if (hasHelped) {
      if (isSlow) this.#from = { limit, meanSeconds };
      return undefined;
    }
    this.#held = this.#hold;
    this.#hold = Math.min(HELD_WINDOWS.most, 2 * this.#hold);
    return from.limit;
  }

  #begin(): void {
    [this.#from, this.#windows, this.#wasBelow] = [undefined, 0, false];
  }
}

/** The limit of one instance. */
export class ConcurrencyLimit {
  /** Requests that may be worked on now. */
  public current: number;
  #count = 0;
  #seconds = 0;
  #wasFull = false;
  readonly #trial = new CutTrial();

  constructor(private readonly settings: LimitSettings) {
    this.current = settings.initial;
  }

  /**
   * A request was worked on.
   *
   * @param seconds of work: without what its caller took to send it and to read the answer
   * @param isFull whether all slots were taken when it ended
   * @returns whether the limit is another one now
   */
  public record(seconds: number, isFull: boolean): boolean {
    this.#count += 1;
    this.#seconds += seconds;
    this.#wasFull ||= isFull;
    if (this.#count < this.settings.windowRequests) return false;
    const before = this.current;
    this.current = this.#next(this.#seconds / this.#count);
    [this.#count, this.#seconds, this.#wasFull] = [0, 0, false];
    return this.current !== before;
  }

  #next(meanSeconds: number): number {
    const { settings, current } = this;
    const known = this.#trial.judge(current, settings.floor, meanSeconds, isSlow(settings, meanSeconds));
    return known ?? nextLimit(settings, current, meanSeconds, this.#wasFull);
  }
}

function isSlow({ serviceSeconds, tolerance }: LimitSettings, meanSeconds: number): boolean {
  return meanSeconds > tolerance * serviceSeconds;
}

/** The limit after a window with that mean. */
export function nextLimit(settings: LimitSettings, current: number, meanSeconds: number, wasFull: boolean): number {
  const { name, floor, ceiling, serviceSeconds, tolerance } = settings;
  const gradient = serviceSeconds / meanSeconds;
  if (isSlow(settings, meanSeconds)) {
    const share = name === 'aimd' ? 1 / tolerance : Math.max(LEAST_GRADIENT, gradient);
    // One less at least, or a small limit would never fall.
    return Math.max(floor, Math.min(current - 1, Math.ceil(share * current * (1 - 1e-12))));
  }
  if (!wasFull) return current;
  // Half of Envoy's √limit: requests wait in front of the limit here, so none of it is for them.
  const more = name === 'aimd' ? 1 : Math.max(1, Math.round(Math.sqrt(current) / 2));
  return Math.min(ceiling, current + more);
}
