/**
 * A service in front of a program that slows down: the gate's limit of requests in work, its queue and its deadlines, beside a
 * program whose processors are shared by all that it works on. With fewer processors than requests each takes longer in
 * proportion, as with a pool of connections or cores that are lost to a neighbour. Callers send and read at once here, so the time in
 * a slot is the work, which is what the gate measures (lib/runtime/gate/work-time.ts).
 */
import { Quantiles } from '../numerics/quantiles';
import { Random, ServiceTime } from '../numerics/random';
import { ConcurrencyLimit, type LimitSettings } from './limit';

/** How well the program is for some time. */
export interface ProgramPhase {
  readonly seconds: number;
  /** So many requests are worked on at full speed; more share it. */
  readonly processors: number;
  /**
   * Share of the planned speed that a request has at most, however few there are, such as behind a slow downstream.
   *
   * @default 1
   */
  readonly speed?: number;
}

/** One instance, its requests, and how much of its program there is. */
export interface SlowingServer {
  readonly requestsPerSecond: number;
  readonly serviceSeconds: number;
  readonly serviceVariation: number;
  readonly slots: number;
  readonly queueBound: number;
  readonly waitSeconds: number;
  readonly deadlineSeconds: number;
  /** What makes the slots follow; undefined where they are fixed. */
  readonly limit?: LimitSettings;
  /** One after another. */
  readonly phases: readonly ProgramPhase[];
}

/** What the requests of one phase saw. */
export interface SlowingPhase {
  readonly requests: number;
  /** Refused for want of room or of time. */
  readonly refused: number;
  /** Begun, and not answered by the deadline. */
  readonly overdue: number;
  /** Time from arrival to the end of the work, of all that began, in time or not. */
  readonly latencies: Quantiles;
  /** The mean of the limit over the second half of the phase. */
  readonly settledLimit: number;
}

interface Working {
  readonly arrived: number;
  readonly began: number;
  left: number;
}

/** The phases of an instance, request by request. */
export function runSlowingServer(server: SlowingServer, seed: number): SlowingPhase[] {
  const run = new Run(server, seed);
  return server.phases.map((phase) => run.phase(phase));
}

class Run {
  readonly #random: Random;
  readonly #service: ServiceTime;
  readonly #limit?: ConcurrencyLimit;
  readonly #working: Working[] = [];
  readonly #queue: number[] = [];
  #now = 0;
  #arrival: number;

  constructor(
    private readonly server: SlowingServer,
    seed: number,
  ) {
    this.#random = new Random(seed);
    this.#service = new ServiceTime(server.serviceSeconds, server.serviceVariation);
    this.#limit = server.limit && new ConcurrencyLimit(server.limit);
    this.#arrival = this.#next(0);
  }

  /** What began before and ends in this phase is counted here. */
  public phase({ seconds, processors, speed: most = 1 }: ProgramPhase): SlowingPhase {
    const { slots, queueBound, waitSeconds, deadlineSeconds } = this.server;
    const latencies = new Quantiles();
    let [requests, refused, overdue, limitSeconds] = [0, 0, 0, 0];
    const end = this.#now + seconds;
    const settled = this.#now + seconds / 2;
    const current = () => this.#limit?.current ?? slots;
    while (this.#now < end) {
      const speed = most * Math.min(1, processors / Math.max(1, this.#working.length));
      const first = this.#working.reduce((least, one) => Math.min(least, one.left), Number.POSITIVE_INFINITY);
      const at = Math.min(this.#arrival, this.#now + first / speed, end);
      for (const one of this.#working) one.left -= speed * (at - this.#now);
      limitSeconds += current() * Math.max(0, at - Math.max(this.#now, settled));
      this.#now = at;
      for (let index = this.#working.length - 1; index >= 0; index -= 1) {
        const { left, arrived, began } = this.#working[index];
        if (left > 1e-12) continue;
        const wasFull = this.#working.length >= current();
        this.#working.splice(index, 1);
        latencies.record(at - arrived);
        if (at - arrived > deadlineSeconds) overdue += 1;
        this.#limit?.record(at - began, wasFull);
      }
      // Those that have waited for their time leave first, as their timers do.
      while (this.#queue.length > 0 && at - this.#queue[0] > waitSeconds) {
        this.#queue.shift();
        refused += 1;
      }
      while (this.#queue.length > 0 && this.#working.length < current()) this.#begin(this.#queue.shift()!);
      if (at < this.#arrival) continue;
      requests += 1;
      this.#arrival = this.#next(at);
      if (this.#working.length < current()) this.#begin(at);
      else if (this.#queue.length < Math.floor((queueBound * current()) / slots)) this.#queue.push(at);
      else refused += 1;
    }
    return { requests, refused, overdue, latencies, settledLimit: limitSeconds / (seconds / 2) };
  }

  #begin(arrived: number): void {
    this.#working.push({ arrived, began: this.#now, left: this.#service.draw(this.#random) });
  }

  #next(now: number): number {
    return now + this.#random.exponential() / this.server.requestsPerSecond;
  }
}
