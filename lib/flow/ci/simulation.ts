/**
 * Pushes, merges, deployments and runners, event by event: jobs wait in the order in which they came, and a newer push of the
 * branch ends the run of the older one, whether it waits or runs. When a run will be ended is known when it starts, so that one
 * pass over what comes, with the moments at which runners are free, is exact.
 */
import { MomentHeap } from '../numerics/heap';
import { Quantiles } from '../numerics/quantiles';
import { Random, ServiceTime } from '../numerics/random';
import { drawMoments, drawPushes, type Push } from './arrivals';
import { MergeQueue } from './merge-queue';

/** So much an hour for so long. */
export interface CiPhase {
  readonly seconds: number;
  readonly pushesPerHour: number;
  /** Merges, each of which starts a run that nothing cancels; default: none. */
  readonly mergesPerHour?: number;
  /** Deployments, which follow one another; default: none. */
  readonly deploysPerHour?: number;
  /** Whether the waits of its jobs are counted. */
  readonly counted: boolean;
}

/** Runners and what comes to them. */
export interface CiRunners {
  readonly phases: readonly CiPhase[];
  readonly runSeconds: number;
  readonly runVariation: number;
  readonly jobsPerRun: number;
  readonly repushRatio: number;
  readonly repushSeconds: number;
  readonly skippableRatio: number;
  /** Whether a newer push ends the run of the older one. */
  readonly cancelOutdated: boolean;
  /** Whether pushes that no pipeline is about start none. */
  readonly filterPaths: boolean;
  /** Whether each merge is tested in a merge queue first; default: false. */
  readonly mergeQueue?: boolean;
  /** Share of the merges that fail there, so that those behind them start again; default: 0. */
  readonly mergeFailureRatio?: number;
  /** Mean seconds of a deployment, exponential; default: 0. */
  readonly deploySeconds?: number;
  readonly runners: number;
  /** Seconds that each job holds its runner before it begins. */
  readonly startSeconds: number;
}

/** What the runs saw. */
export interface CiRun {
  readonly pushes: number;
  /** Jobs that began, of the phases that count. */
  readonly jobs: number;
  readonly waits: Quantiles;
  /** Share of the runs of pushes that a newer push ended before they were done. */
  readonly cancelledRatio: number;
  /** Runs that started in the merge queue for each merge that came to it; 0 without one. */
  readonly queueRunsPerMerge: number;
  /** Share of the runners that are taken, over the counted seconds. */
  readonly busyRatio: number;
}

/** One run through all phases, from empty. */
export function runCi(ci: CiRunners, seed: number): CiRun {
  return new Pool(ci, new Random(seed)).run();
}

/** When a run is over: the last of its jobs, or the moment at which it was ended. */
interface Taken {
  readonly done: number;
  readonly isCut: boolean;
}

/** The runners, and what happens next. */
class Pool {
  private readonly work: ServiceTime;
  private readonly deployment: ServiceTime;
  private readonly waits = new Quantiles();
  private readonly free: MomentHeap;
  private readonly agenda = new MomentHeap();
  private readonly actions: (() => void)[] = [];
  private readonly end: number;
  private now = 0;
  private runs = 0;
  private cancelled = 0;
  private held = 0;

  constructor(
    private readonly ci: CiRunners,
    private readonly random: Random,
  ) {
    this.work = new ServiceTime(ci.runSeconds, ci.runVariation);
    this.deployment = new ServiceTime(ci.deploySeconds ?? 0, 1);
    this.free = new MomentHeap(ci.runners + 1);
    for (let runner = 0; runner < ci.runners; runner += 1) this.free.push(0, runner);
    this.end = ci.phases.reduce((sum, { seconds }) => sum + seconds, 0);
  }

  public run(): CiRun {
    const { ci, random } = this;
    const pushes = drawPushes(ci.phases, ci.repushRatio, ci.repushSeconds, random);
    const merges = drawMoments(ci.phases, ({ mergesPerHour }) => mergesPerHour, random);
    const deploys = drawMoments(ci.phases, ({ deploysPerHour }) => deploysPerHour, random);
    for (const push of pushes) this.at(push.at, () => this.push(push));
    const queue = ci.mergeQueue ? this.mergeQueue() : undefined;
    for (const at of merges) this.at(at, () => (queue === undefined ? this.onMain() : queue.add(this.now)));
    this.deployFrom(deploys, 0, 0);
    while (this.agenda.size > 0) {
      const next = this.agenda.nextValue;
      this.now = this.agenda.next;
      this.agenda.pop();
      this.actions[next]();
    }
    const seconds = ci.phases.reduce((sum, phase) => sum + (phase.counted ? phase.seconds : 0), 0);
    return {
      pushes: pushes.length,
      jobs: this.waits.count,
      waits: this.waits,
      cancelledRatio: this.runs === 0 ? 0 : this.cancelled / this.runs,
      queueRunsPerMerge: queue?.startsPerMerge ?? 0,
      busyRatio: this.held / seconds / ci.runners,
    };
  }

  /** What comes after the last phase changes nothing that is counted. */
  private at(moment: number, action: () => void): void {
    if (moment > this.end) return;
    this.agenda.push(moment, this.actions.push(action) - 1);
  }

  private push({ counted, outdatedAt }: Push): void {
    const { ci, random } = this;
    if (ci.filterPaths && random.uniform() < ci.skippableRatio) return;
    const { isCut } = this.take(ci.jobsPerRun, ci.cancelOutdated ? outdatedAt : Number.POSITIVE_INFINITY, this.work);
    if (!counted) return;
    this.runs += 1;
    this.cancelled += isCut ? 1 : 0;
  }

  private onMain(): void {
    this.take(this.ci.jobsPerRun, Number.POSITIVE_INFINITY, this.work);
  }

  private mergeQueue(): MergeQueue {
    const { ci, random } = this;
    return new MergeQueue({
      fails: () => random.uniform() < (ci.mergeFailureRatio ?? 0),
      start: (ends) => this.take(ci.jobsPerRun, ends, this.work).done,
      at: (moment, action) => this.at(moment, () => action(this.now)),
      merged: () => this.onMain(),
    });
  }

  /** One deployment after another: the next asks for a runner when it is there and the one before has ended. */
  private deployFrom(moments: readonly number[], index: number, ended: number): void {
    if (index === moments.length) return;
    this.at(Math.max(moments[index], ended), () => {
      const { done } = this.take(1, Number.POSITIVE_INFINITY, this.deployment);
      this.deployFrom(moments, index + 1, done);
    });
  }

  /** Jobs that come now and each take the next runner that is free, unless they are ended before. */
  private take(jobs: number, ends: number, work: ServiceTime): Taken {
    const { ci, random, free, now } = this;
    const counted = this.isCounted(now);
    let [last, isCut] = [now, false];
    for (let job = 0; job < jobs; job += 1) {
      const taken = Math.max(now, free.next);
      const done = taken + ci.startSeconds + work.draw(random);
      isCut ||= ends < done;
      last = Math.max(last, done);
      if (taken >= ends) continue;
      free.replaceNext(Math.min(done, ends), 0);
      this.held += counted ? Math.min(done, ends) - taken : 0;
      if (counted) this.waits.record(taken + ci.startSeconds - now);
    }
    return { done: last, isCut };
  }

  private isCounted(moment: number): boolean {
    let begin = 0;
    for (const { seconds, counted } of this.ci.phases) {
      if (moment <= begin + seconds) return counted;
      begin += seconds;
    }
    return false;
  }
}
