/**
 * Event-driven simulation of one peak: Poisson arrivals, first come first served, consumers that autoscale, fail,
 * retry and die. It judges the closed forms, so it shares with them only the scaling law and the workload.
 *
 * The same options give the same run, bit for bit. Memory is bounded by the most items that are outstanding at one
 * time, however many pass through.
 *
 * Source: Law, Simulation Modeling and Analysis, chapter 1 (next-event time advance).
 */
import { type Backoff, backoffBound, DEFAULT_BACKOFF } from './backoff';
import { Quantiles } from './quantiles';
import { Random, ServiceTime } from './random';
import {
  type ResolvedConsumer,
  type ResolvedWorkload,
  resolveWorkload,
  STEADY_HORIZON_SECONDS,
  workSeconds,
} from './resolve';
import { lookInterval, Scaler, steadyInstances } from './scaler';
import { Fleet } from './simulation/fleet';
import { MomentHeap } from './simulation/heap';
import { WaitingLine } from './simulation/line';
import { type DepthPoint, Timeline } from './simulation/timeline';
import type { Workload } from './workload';

/** The death of one instance. */
export interface Fault {
  /** Seconds since the peak began. */
  readonly seconds: number;
}

/** What is simulated. */
export interface SimulationOptions {
  /** What arrives. */
  readonly workload: Workload;
  /** Who serves it. */
  readonly consumer: ResolvedConsumer;
  /** Same seed, same run. A whole number. */
  readonly seed: number;
  /**
   * Instances that die: their items come back after `visibilityTimeoutSeconds`, and they are replaced after
   * `startSeconds`.
   *
   * @default - none
   */
  readonly faults?: readonly Fault[];
  /**
   * Seconds after which an item taken by an instance that died is given to another.
   *
   * @default - 6 × the mean service time
   */
  readonly visibilityTimeoutSeconds?: number;
  /**
   * Delays between attempts (full jitter).
   *
   * @default DEFAULT_BACKOFF
   */
  readonly backoff?: Backoff;
  /**
   * Seconds observed of a workload without a peak.
   *
   * @default STEADY_HORIZON_SECONDS, 600
   */
  readonly horizonSeconds?: number;
  /**
   * Seconds of steady load before the observation starts.
   *
   * @default - five relaxation times of the steady load
   */
  readonly warmUpSeconds?: number;
  /**
   * Points kept of the depth timeline, at most.
   *
   * @default 500
   */
  readonly timelinePoints?: number;
}

/** What happened. Latency and backlog are of the items that arrived from the peak's start until it was drained. */
export interface SimulationResult {
  /** Items served. */
  readonly processed: number;
  /** Items set aside after their last attempt. */
  readonly poisoned: number;
  /** Items that arrived and are neither processed nor set aside: always 0. */
  readonly lost: number;
  /** Attempts that had to be made again. */
  readonly retried: number;
  /** Median of the time from arrival to the end of service in seconds. */
  readonly latencyP50Seconds: number;
  /** 99th percentile of the time from arrival to the end of service in seconds. */
  readonly latencyP99Seconds: number;
  /** All latencies; mergeable over runs. */
  readonly latency: Quantiles;
  /** Any quantile of the latency in seconds. */
  quantile(quantile: number): number;
  /** Most items that waited at the same time. */
  readonly peakBacklog: number;
  /** Seconds since the peak's start at which that was. */
  readonly peakBacklogAtSeconds: number;
  /** Seconds from the peak's end to the first moment without a waiting item; `Infinity` if there was none. */
  readonly drainSeconds: number;
  /** Most instances that ran. */
  readonly peakInstances: number;
  /** Waiting items and instances over time. */
  readonly timeline: DepthPoint[];
}

export { STEADY_HORIZON_SECONDS };

/** A backlog that a day has not drained is reported as never drained. */
const GIVE_UP_SECONDS = 86_400;

/** Runs one simulation. */
export function simulate(options: SimulationOptions): SimulationResult {
  return new Simulation(options).run();
}

/** Marks count attempts in the upper bits; the lowest says that the item can never be served. */
const POISON = 1;
const ATTEMPT = 2;

class Simulation {
  private readonly workload: ResolvedWorkload;
  private readonly consumer: ResolvedConsumer;
  private readonly random: Random;
  private readonly service: ServiceTime;
  private readonly backoff: Backoff;
  private readonly fleet: Fleet;
  private readonly scaler: Scaler;
  private readonly line = new WaitingLine();
  private readonly latency = new Quantiles();
  private readonly timeline: Timeline;
  /** Ends of service; the value is the slot. */
  private readonly ends = new MomentHeap();
  private readonly slotArrival: Float64Array;
  private readonly slotMark: Uint16Array;
  /** Items that come back after a backoff or a visibility time-out; the value is a place in the two lists below. */
  private readonly returns = new MomentHeap();
  private readonly returnArrival: number[] = [];
  private readonly returnMark: number[] = [];
  private readonly returnPlaces: number[] = [];
  /** Instances on their way. */
  private readonly starts = new MomentHeap();
  private readonly faults: number[];
  private readonly visibility: number;
  private readonly observeUntil: number;
  private readonly lookEvery: number;
  private nextLook: number;
  private nextArrival = 0;
  private rate: number;
  private begun = false;
  private ended = false;
  private over = false;
  private drainedAt = Number.POSITIVE_INFINITY;
  private outstanding = 0;
  private arrived = 0;
  private processed = 0;
  private poisoned = 0;
  private retried = 0;
  private peakBacklog = 0;
  private peakAt = 0;
  private peakInstances: number;

  constructor(options: SimulationOptions) {
    const workload = resolveWorkload(options.workload);
    const { consumer } = options;
    this.workload = workload;
    this.consumer = consumer;
    this.random = new Random(options.seed);
    this.service = new ServiceTime(workload.serviceSeconds, workload.serviceVariation);
    this.backoff = options.backoff ?? DEFAULT_BACKOFF;
    this.faults = (options.faults ?? []).map((fault) => fault.seconds).sort((a, b) => a - b);
    this.visibility = options.visibilityTimeoutSeconds ?? 6 * workload.serviceSeconds;
    this.observeUntil =
      workload.peakSeconds > 0 ? workload.peakSeconds : (options.horizonSeconds ?? STEADY_HORIZON_SECONDS);
    this.lookEvery = lookInterval(consumer);
    this.nextLook = this.lookEvery;
    const instances = steadyInstances(workload, consumer);
    this.peakInstances = instances;
    this.scaler = new Scaler(consumer, instances);
    // Twice the maximum: all of them may still be finishing while as many again have started.
    this.fleet = new Fleet(2 * Math.max(instances, consumer.maxInstances) + this.faults.length, consumer.slotsPerInstance);
    for (let i = 0; i < instances; i += 1) this.fleet.start();
    this.slotArrival = new Float64Array(this.fleet.slots);
    this.slotMark = new Uint16Array(this.fleet.slots);
    const warmUp = options.warmUpSeconds ?? settleSeconds(workload, consumer, instances);
    const points = options.timelinePoints ?? 500;
    this.timeline = new Timeline(0, Math.max(1e-3, (1.5 * this.observeUntil) / Math.max(1, points)), points);
    this.rate = workload.steadyPerSecond;
    this.nextArrival = -warmUp + this.random.exponential() / this.rate;
  }

  public run(): SimulationResult {
    const { ends, returns } = this;
    let control = this.nextControl();
    for (;;) {
      const { nextArrival } = this;
      const { next } = ends;
      const seldom = Math.min(control, returns.next);
      if (nextArrival <= next && nextArrival <= seldom) {
        if (nextArrival === Number.POSITIVE_INFINITY) break;
        this.arrive(nextArrival);
      } else if (next <= seldom) {
        this.finish(next);
      } else if (returns.next <= control) {
        this.comeBack(returns.next);
      } else {
        if (this.over && this.outstanding === 0) break;
        this.act(control);
        control = this.nextControl();
      }
    }
    return this.result();
  }

  private arrive(now: number): void {
    this.nextArrival = now + this.random.exponential() / this.rate;
    const poison = this.workload.poisonRatio > 0 && this.random.uniform() < this.workload.poisonRatio;
    this.outstanding += 1;
    if (now >= 0) this.arrived += 1;
    this.enter(now, now, poison ? POISON : 0);
  }

  private enter(now: number, arrival: number, mark: number): void {
    if (this.fleet.free > 0) {
      const slot = this.fleet.take();
      this.slotArrival[slot] = arrival;
      this.slotMark[slot] = mark;
      this.ends.push(now + this.service.draw(this.random), slot);
      return;
    }
    this.line.push(arrival, mark);
    if (this.line.length > this.peakBacklog && this.begun) {
      this.peakBacklog = this.line.length;
      this.peakAt = now;
    }
  }

  private finish(now: number): void {
    const slot = this.ends.nextValue;
    const arrival = this.slotArrival[slot];
    const mark = this.slotMark[slot];
    if (this.line.length > 0 && this.fleet.serves(slot)) {
      this.slotArrival[slot] = this.line.arrival;
      this.slotMark[slot] = this.line.mark;
      this.line.shift();
      this.ends.replaceNext(now + this.service.draw(this.random), slot);
      if (this.line.length === 0) this.noteDrained(now);
    } else {
      this.ends.pop();
      this.fleet.release(slot);
    }
    const fails =
      (mark & POISON) !== 0 || (this.workload.failureRatio > 0 && this.random.uniform() < this.workload.failureRatio);
    if (fails) {
      this.attemptFailed(now, arrival, mark, false);
      return;
    }
    this.outstanding -= 1;
    if (arrival < 0) return;
    this.processed += 1;
    this.latency.record(now - arrival);
  }

  /** Sends an item back after a delay, or sets it aside after its last attempt. */
  private attemptFailed(now: number, arrival: number, mark: number, died: boolean): void {
    const failed = (mark >> 1) + 1;
    if (failed >= this.consumer.maxAttempts) {
      this.outstanding -= 1;
      if (arrival >= 0) this.poisoned += 1;
      return;
    }
    if (arrival >= 0) this.retried += 1;
    const delay = died ? this.visibility : this.random.uniform() * backoffBound(failed - 1, this.backoff);
    const place = this.returnPlaces.pop() ?? this.returnArrival.length;
    this.returnArrival[place] = arrival;
    this.returnMark[place] = mark + ATTEMPT;
    this.returns.push(now + delay, place);
  }

  private comeBack(now: number): void {
    const place = this.returns.nextValue;
    this.returns.pop();
    this.returnPlaces.push(place);
    this.enter(now, this.returnArrival[place], this.returnMark[place]);
  }

  /** When something other than an item happens next. */
  private nextControl(): number {
    let next = Math.min(this.nextLook, this.starts.next, this.timeline.due);
    if (!this.begun) next = Math.min(next, 0);
    else if (!this.ended) next = Math.min(next, this.observeUntil);
    if (this.faults.length > 0) next = Math.min(next, this.faults[0]);
    return next;
  }

  private act(now: number): void {
    if (!this.begun && now >= 0) {
      this.begun = true;
      this.setRate(now, this.workload.peakPerSecond);
      this.peakBacklog = this.line.length;
    }
    if (this.starts.next <= now) {
      this.starts.pop();
      this.startInstance(now);
    }
    if (this.nextLook <= now) {
      this.nextLook = (Math.round(now / this.lookEvery) + 1) * this.lookEvery;
      this.scale(now);
    }
    if (this.faults.length > 0 && this.faults[0] <= now) {
      this.faults.shift();
      this.die(now);
    }
    if (this.timeline.due <= now) {
      // After the end nobody looks at the depth any more, and a timeline must not keep the run alive.
      if (this.over) this.timeline.due = Number.POSITIVE_INFINITY;
      else this.timeline.record(this.line.length, this.fleet.running);
    }
    if (!this.ended && now >= this.observeUntil) {
      this.ended = true;
      this.setRate(now, this.workload.steadyPerSecond);
      if (this.line.length === 0) this.noteDrained(now);
    }
    if (!this.over && now > this.observeUntil + GIVE_UP_SECONDS) this.stopArrivals();
  }

  private scale(now: number): void {
    const change = this.scaler.look(now, this.outstanding);
    const ready = now + this.consumer.decideSeconds + this.consumer.startSeconds;
    for (let i = 0; i < change; i += 1) this.starts.push(ready, 0);
    for (let i = 0; i > change; i -= 1) if (this.fleet.stop() < 0) this.starts.pop();
  }

  private startInstance(now: number): void {
    this.fleet.start();
    this.peakInstances = Math.max(this.peakInstances, this.fleet.running);
    while (this.fleet.free > 0 && this.line.length > 0) {
      const { arrival, mark } = this.line;
      this.line.shift();
      this.enter(now, arrival, mark);
    }
    if (this.line.length === 0) this.noteDrained(now);
  }

  private die(now: number): void {
    const instance = this.fleet.stop();
    if (instance < 0) return;
    this.starts.push(now + this.consumer.startSeconds, 0);
    const cut: number[] = [];
    this.ends.keep((slot) => {
      if (this.fleet.owner(slot) !== instance) return true;
      cut.push(slot);
      return false;
    });
    for (const slot of cut) {
      this.fleet.release(slot);
      this.attemptFailed(now, this.slotArrival[slot], this.slotMark[slot], true);
    }
  }

  private noteDrained(now: number): void {
    if (this.over || now < this.observeUntil) return;
    this.drainedAt = now;
    this.stopArrivals();
  }

  private stopArrivals(): void {
    this.over = true;
    this.nextArrival = Number.POSITIVE_INFINITY;
  }

  private setRate(now: number, rate: number): void {
    this.rate = rate;
    // Poisson arrivals have no memory: the next one may be drawn anew whenever the rate changes.
    this.nextArrival = now + this.random.exponential() / rate;
  }

  private result(): SimulationResult {
    const { latency, arrived, processed, poisoned } = this;
    return {
      processed,
      poisoned,
      lost: arrived - processed - poisoned,
      retried: this.retried,
      latencyP50Seconds: latency.quantile(0.5),
      latencyP99Seconds: latency.quantile(0.99),
      latency,
      quantile: (quantile) => latency.quantile(quantile),
      peakBacklog: this.peakBacklog,
      peakBacklogAtSeconds: this.peakAt,
      drainSeconds: this.drainedAt - this.observeUntil,
      peakInstances: this.peakInstances,
      timeline: this.timeline.points,
    };
  }
}

/**
 * Seconds until an empty stage has forgotten that it was empty: five relaxation times 1 ÷ (√(cμ) − √λ)² plus five
 * service times. An unstable or sleeping stage settles never; it starts empty.
 *
 * Source: Morse, Queues, Inventories and Maintenance (1958); the relaxation time of M/M/1.
 */
function settleSeconds(workload: ResolvedWorkload, consumer: ResolvedConsumer, instances: number): number {
  const work = workSeconds(workload, consumer.maxAttempts);
  const capacity = (instances * consumer.slotsPerInstance) / work;
  if (capacity <= workload.steadyPerSecond) return 0;
  const gap = Math.sqrt(capacity) - Math.sqrt(workload.steadyPerSecond);
  const spread = (1 + workload.serviceVariation ** 2) / 2;
  return 5 * (work + spread / (gap * gap));
}
