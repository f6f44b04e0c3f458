import type { QueueQuestion } from '../flow/queue/question';
import type { Engine } from './engine';

/** What a scenario measures, before and after. A number that makes no sense in a scenario is absent. */
export interface Numbers {
  /** 95th percentile of the time in seconds from arrival to the end of service. */
  readonly latencyP95Seconds?: number;
  /** 99th percentile of the time in seconds from arrival to the end of service. */
  readonly latencyP99Seconds?: number;
  /** The most items that waited at the same time. */
  readonly peakBacklog?: number;
  /** Seconds from the end of the peak to an empty backlog. */
  readonly drainSeconds?: number;
  /** The most instances that ran. */
  readonly instances?: number;
  /** The longest that an event waited until its key was invalidated, in seconds. */
  readonly worstDelaySeconds?: number;
  /** Events for each key that was worked on. */
  readonly mergeRatio?: number;
  /** Keys that were worked on in a second. */
  readonly keysPerSecond?: number;
  /** The longest that everything stood still at once, in seconds. */
  readonly pauseSeconds?: number;
  /** Share of the items that were neither served nor set aside. */
  readonly lostRatio?: number;
  /** Share of the messages that did not arrive: refused and lost, or to an address that does not exist. */
  readonly failedRatio?: number;
  /** Times a week that the provider blocks the sender. */
  readonly blocksPerWeek?: number;
  /** Items in the dead-letter queue in the end. */
  readonly setAside?: number;
  /** US dollars a month. */
  readonly monthlyCost?: number;
  /** The most that was used of the CPU of a host, as a share of it. */
  readonly cpuRatio?: number;
  /** The most that was used of a disk, as a share of it. */
  readonly diskRatio?: number;
  /** Times a week that a person has to make room by hand. */
  readonly cleanUpsPerWeek?: number;
  /** The longest run of a clean-up, in seconds. */
  readonly longestRunSeconds?: number;
  /** Clean-ups in a week that run by themselves. */
  readonly runsPerWeek?: number;
  /** Small files that a query meets at most. */
  readonly smallFiles?: number;
  /** Bytes rewritten for each new one. */
  readonly writeAmplification?: number;
  /** Seconds of all runs in a week. */
  readonly weeklyWorkSeconds?: number;
  /** The longest run in seconds when files follow the day: twice as many at noon and none at midnight. */
  readonly longestRunOfSineSeconds?: number;
  /** Small files that a query meets at most then. */
  readonly smallFilesOfSine?: number;
  /** Bytes of a collection: today before, and the most that it takes once as much expires as arrives after. */
  readonly collectionBytes?: number;
  /** Seconds until nothing is left that is older than it may be. */
  readonly settledSeconds?: number;
  /** The longest that something outlived its date, in seconds. */
  readonly deletionLagSeconds?: number;
  /** Stretches of time in which a tenant that keeps to its declared load gets less than it offers. */
  readonly incidents?: number;
  /** The least share of its offer that a tenant within its declared load got, in any second. */
  readonly leastServedRatio?: number;
  /** Share of the jobs that end in time, of the tenants that keep to their declared load. */
  readonly othersOnTimeRatio?: number;
  /** Share of the jobs that end in time, of the tenant that does not. */
  readonly floodOnTimeRatio?: number;
  /** The highest age of the newest record of a batch when it is in the table, in seconds. */
  readonly newestRecordSeconds?: number;
  /** The highest age of the oldest record of a batch when it is in the table, in seconds. */
  readonly oldestRecordSeconds?: number;
  /** The same after an outage at the peak. */
  readonly oldestAfterOutageSeconds?: number;
  /** Seconds from the end of an outage until a batch takes all that is there. */
  readonly catchUpSeconds?: number;
  /** Share of the requests that are refused, or of which the caller gives up. */
  readonly errorRatio?: number;
  /** The longest that a replica was behind its source, in seconds. */
  readonly lagSeconds?: number;
  /** The same where workers apply most commits side by side, and nobody is slowed down. */
  readonly lagByWorkersSeconds?: number;
  /** The longest that a write waited for the throttle, in seconds. */
  readonly bulkDelaySeconds?: number;
  /** Series of a time-series database that had a sample within two hours. */
  readonly activeSeries?: number;
  /** 95th percentile of the time in seconds from a push until its job begins, in the peak hour. */
  readonly waitP95Seconds?: number;
  /** Share of the runs that a newer push of their branch ended. */
  readonly cancelledRatio?: number;
  /** Share of the log lines of a destination's outage that a task discarded. */
  readonly outageLostRatio?: number;
  /** The most that a task's buffer used of the task's disk, as a share of it. */
  readonly taskDiskRatio?: number;
  /** Seconds from the end of a destination's outage until a task's buffer is empty. */
  readonly outageDrainSeconds?: number;
  /** Hours of a core that a day takes, busy or not. */
  readonly coreHoursPerDay?: number;
}

/** Which number answers for which measure of the headline. */
export interface Answer {
  /** The measure, as the headline names it. */
  readonly measure: string;
  /** The number. */
  readonly by: keyof Numbers;
}

/** A number that is shown below the headline's, and promised by nothing. */
export interface Beside {
  /** What is measured. */
  readonly measure: string;
  /** Its unit, as in a headline. */
  readonly unit: string;
  /** The number. */
  readonly by: keyof Numbers;
}

/** What a plan is asked on one engine, besides what arrives. */
export type EngineQuestion = Omit<QueueQuestion, 'workload'>;

/** Where a case is deployed: what arrives is the same on every engine, who serves it is not. */
export interface Deployments {
  /** The question that the reference environment of that engine deploys. At least one. */
  readonly on: Readonly<Partial<Record<Engine, EngineQuestion>>>;
}
