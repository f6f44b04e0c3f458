/** The event loop of the simulation. */

import { MomentHeap } from '../../numerics/heap';
import { Random, ServiceTime } from '../../numerics/random';
import { backoffBound, DEFAULT_RETRY_DELAY, type RetryDelay } from '../backoff';
import { type ResolvedConsumer, type ResolvedWorkload, resolveWorkload, STEADY_HORIZON_SECONDS } from '../resolve';
import { pollInterval, Scaler, steadyInstances } from '../scaler';
import { Fleet } from './fleet';
import { WaitingLine } from './line';
import type { SimulationOptions, SimulationResult } from './options';
import { Returns } from './returns';
import { Tally } from './tally';
import { Timeline } from './timeline';
import { warmUpSeconds } from './warm-up';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min, round } = Math;
const NEVER = Number.POSITIVE_INFINITY;

/** A backlog that a day has not drained is reported as never drained. */
const GIVE_UP_SECONDS = 86_400;

/** Marks count attempts in the upper bits; the lowest says that the item can never be served. */
const POISON = 1;
const ATTEMPT = 2;

/** One run of the simulation. */
export class Run {
  private readonly workload: ResolvedWorkload;
  private readonly consumer: ResolvedConsumer;
  private readonly random: Random;
  private readonly service: ServiceTime;
  private readonly retryDelay: RetryDelay;
  private readonly fleet: Fleet;
  private readonly scaler: Scaler;
  private readonly line = new WaitingLine();
  private readonly timeline: Timeline;
  /** Ends of service; the value is the slot. */
  private readonly ends = new MomentHeap();
  private readonly slotArrival: Float64Array;
  private readonly slotMark: Uint16Array;
  /** Items to retry after a backoff or a visibility time-out. */
  private readonly returns = new Returns();
  /** Instances that start. */
  private readonly starts = new MomentHeap();
  private readonly faults: number[];
  private readonly visibility: number;
  private readonly observeUntil: number;
  private readonly pollEvery: number;
  private nextPoll: number;
  private nextArrival = 0;
  private rate: number;
  /** Whether attempts fail at all. */
  private readonly troubled: boolean;
  private begun = false;
  private ended = false;
  private over = false;
  private drainedAt = NEVER;
  private outstanding = 0;
  private readonly tally = new Tally();

  constructor(options: SimulationOptions) {
    const workload = resolveWorkload(options.workload);
    const { consumer } = options;
    this.workload = workload;
    this.troubled = workload.failureRatio > 0 || workload.poisonRatio > 0;
    this.consumer = consumer;
    this.random = new Random(options.seed);
    this.service = new ServiceTime(workload.serviceSeconds, workload.serviceVariation);
    this.retryDelay =
      options.backoff === undefined
        ? (consumer.retryDelay ?? DEFAULT_RETRY_DELAY)
        : { ...options.backoff, jitter: true };
    this.faults = (options.faults ?? []).map((fault) => fault.seconds).sort((a, b) => a - b);
    this.visibility = options.visibilityTimeoutSeconds ?? 6 * workload.serviceSeconds;
    this.observeUntil =
      workload.peakSeconds > 0 ? workload.peakSeconds : (options.horizonSeconds ?? STEADY_HORIZON_SECONDS);
    this.pollEvery = pollInterval(consumer);
    this.nextPoll = this.pollEvery;
    const instances = steadyInstances(workload, consumer);
    this.scaler = new Scaler(consumer, instances);
    // Twice the maximum: all of them may still be finishing while as many again have started.
    this.fleet = new Fleet(2 * max(instances, consumer.maxInstances) + this.faults.length, consumer.slotsPerInstance);
    for (let i = 0; i < instances; i += 1) this.fleet.start();
    this.tally.noteInstances(instances);
    this.slotArrival = new Float64Array(this.fleet.slots);
    this.slotMark = new Uint16Array(this.fleet.slots);
    const warmUp = options.warmUpSeconds ?? warmUpSeconds(workload, consumer, instances);
    const points = options.timelinePoints ?? 500;
    this.timeline = new Timeline(0, max(1e-3, (1.5 * this.observeUntil) / max(1, points)), points);
    this.rate = workload.steadyPerSecond;
    this.nextArrival = -warmUp + this.random.exponential() / this.rate;
  }

  public run(): SimulationResult {
    const { ends } = this;
    const returns = this.returns.moments;
    let control = this.nextControl();
    for (;;) {
      const { nextArrival } = this;
      const { next } = ends;
      const seldom = min(control, returns.next);
      if (nextArrival <= next && nextArrival <= seldom) {
        if (nextArrival === NEVER) break;
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
    return this.tally.result(this.drainedAt - this.observeUntil, this.timeline.points);
  }

  // The three methods below run for every item. They are kept short, so that the engine inlines them into the loop.

  private arrive(now: number): void {
    this.nextArrival = now + this.random.exponential() / this.rate;
    this.outstanding += 1;
    if (now >= 0) this.tally.arrived += 1;
    this.enter(now, now, this.troubled && this.random.uniform() < this.workload.poisonRatio ? POISON : 0);
  }

  private enter(now: number, arrival: number, mark: number): void {
    if (this.fleet.free > 0) {
      const slot = this.fleet.take();
      this.slotArrival[slot] = arrival;
      this.slotMark[slot] = mark;
      this.ends.push(now + this.service.draw(this.random), slot);
    } else {
      this.line.push(arrival, mark);
      if (this.line.length > this.tally.peakBacklog && this.begun) this.tally.noteBacklog(this.line.length, now);
    }
  }

  private finish(now: number): void {
    const slot = this.ends.nextValue;
    const arrival = this.slotArrival[slot];
    const mark = this.slotMark[slot];
    if (this.line.length > 0 && this.fleet.serves(slot)) this.serveNext(now, slot);
    else {
      this.ends.pop();
      this.fleet.release(slot);
    }
    if (this.troubled && this.fails(mark)) {
      this.attemptFailed(now, arrival, mark, false);
      return;
    }
    this.outstanding -= 1;
    if (arrival >= 0) this.tally.latency.record(now - arrival);
  }

  private serveNext(now: number, slot: number): void {
    this.slotArrival[slot] = this.line.arrival;
    this.slotMark[slot] = this.line.mark;
    this.line.shift();
    this.ends.replaceNext(now + this.service.draw(this.random), slot);
    if (this.line.length === 0) this.noteDrained(now);
  }

  private fails(mark: number): boolean {
    return (mark & POISON) !== 0 || this.random.uniform() < this.workload.failureRatio;
  }

  /** Retries an item after a delay, or sets it aside after its last attempt. */
  private attemptFailed(now: number, arrival: number, mark: number, died: boolean): void {
    const failed = (mark >> 1) + 1;
    if (failed >= this.consumer.maxAttempts) {
      this.outstanding -= 1;
      if (arrival >= 0) this.tally.poisoned += 1;
      return;
    }
    if (arrival >= 0) this.tally.retried += 1;
    this.returns.push(now + (died ? this.visibility : this.delayAfter(failed)), arrival, mark + ATTEMPT);
  }

  private delayAfter(failed: number): number {
    const bound = backoffBound(failed - 1, this.retryDelay);
    return this.retryDelay.jitter ? this.random.uniform() * bound : bound;
  }

  private comeBack(now: number): void {
    const { arrival, mark } = this.returns;
    this.returns.pop();
    this.enter(now, arrival, mark);
  }

  /** When something other than an item happens next. */
  private nextControl(): number {
    let next = min(this.nextPoll, this.starts.next, this.timeline.due);
    if (!this.begun) next = min(next, 0);
    else if (!this.ended) next = min(next, this.observeUntil);
    if (this.faults.length > 0) next = min(next, this.faults[0]);
    return next;
  }

  private act(now: number): void {
    if (!this.begun && now >= 0) {
      this.begun = true;
      this.tally.noteBacklog(this.line.length, now);
      if (this.workload.burstItems > 0) this.burst(now);
      else this.setRate(now, this.workload.peakPerSecond);
    }
    if (this.starts.next <= now) {
      this.starts.pop();
      this.startInstance(now);
    }
    if (this.nextPoll <= now) {
      this.nextPoll = (round(now / this.pollEvery) + 1) * this.pollEvery;
      this.scale(now);
    }
    if (this.faults.length > 0 && this.faults[0] <= now) {
      this.faults.shift();
      this.die(now);
    }
    if (this.timeline.due <= now) {
      // After the end the depth is not sampled any more, and a timeline must not keep the run alive.
      if (this.over) this.timeline.due = NEVER;
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
    const change = this.scaler.poll(now, this.outstanding);
    const ready = now + this.consumer.decideSeconds + this.consumer.startSeconds;
    for (let i = 0; i < change; i += 1) this.starts.push(ready, 0);
    for (let i = 0; i > change; i -= 1) if (this.fleet.stop() < 0) this.starts.pop();
  }

  private startInstance(now: number): void {
    this.fleet.start();
    this.tally.noteInstances(this.fleet.running);
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
    this.nextArrival = NEVER;
  }

  /** All of a burst at one moment; the steady rate goes on. */
  private burst(now: number): void {
    const { nextArrival } = this;
    for (let item = 0; item < Math.round(this.workload.burstItems); item += 1) this.arrive(now);
    this.nextArrival = nextArrival;
  }

  private setRate(now: number, rate: number): void {
    this.rate = rate;
    // Poisson arrivals have no memory: the next one may be drawn anew whenever the rate changes.
    this.nextArrival = now + this.random.exponential() / rate;
  }
}
