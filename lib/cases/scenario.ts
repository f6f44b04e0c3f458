import type { LogsChoices, LogsObjective, LogsWorkload } from '../flow/logs/workload';
import type { QueueQuestion } from '../flow/queue/question';
import type { Objective, Workload } from '../flow/queue/workload';
import type { KafkaCapacity, KafkaTenant } from '../flow/quotas/workload';
import type { RetentionObjective, RetentionWorkload } from '../flow/retention/workload';
import type { Flood } from '../flow/shares/flood';
import type { BatchCapacity, BatchTenant } from '../flow/shares/workload';
import type { StorageChoices, StorageObjective, StorageWorkload } from '../flow/storage/workload';
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
  /** Share of the items that were neither served nor set aside. */
  readonly lostRatio?: number;
  /** Items in the dead-letter queue in the end. */
  readonly setAside?: number;
  /** US dollars a month. */
  readonly monthlyCost?: number;
  /** The most that was used of a disk, as a share of it. */
  readonly diskRatio?: number;
  /** Times a week that somebody has to make room by hand. */
  readonly cleanUpsPerWeek?: number;
  /** Bytes of a collection: today before, and the most that it takes once as much expires as arrives after. */
  readonly collectionBytes?: number;
  /** Seconds until nothing is left that is older than it may be. */
  readonly settledSeconds?: number;
  /** The longest that something outlived its date, in seconds. */
  readonly deletionLagSeconds?: number;
  /** Stretches of time in which somebody who keeps to what it said gets less than it offers. */
  readonly incidents?: number;
  /** The least share of its offer that somebody got who kept to what it said, in any second. */
  readonly leastServedRatio?: number;
  /** Share of the jobs that end in time, of the tenants that keep to what they said. */
  readonly othersOnTimeRatio?: number;
  /** Share of the jobs that end in time, of the tenant that does not. */
  readonly floodOnTimeRatio?: number;
}

/** Which number answers for which measure of the headline. */
export interface Answer {
  /** The measure, as the headline names it. */
  readonly measure: string;
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

/** A queue whose consumer is fixed before, and planned after. */
export interface QueueScenario {
  readonly kind: 'queue';
  /** How *before* was chosen so that it shows the headline's first number. */
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: Workload;
  readonly before: {
    /** Instances, whatever the backlog. */
    readonly instances: number;
    readonly slotsPerInstance: number;
    /**
     * Mean seconds that an item takes of a slot, where that is more than its work.
     *
     * @default - `serviceSeconds` of the workload
     */
    readonly serviceSeconds?: number;
    /**
     * Seconds after which a failed item is handed out again, at most; half of it on average.
     *
     * @default - nothing fails for good
     */
    readonly returnSeconds?: number;
    /**
     * Attempts after which the simulation stops to hand out an item that cannot be served. More than anybody makes
     * until the end of the peak, so that nothing is set aside while it is looked at.
     *
     * @default 1
     */
    readonly attempts?: number;
  };
  readonly after: Deployments;
}

/** Callers who wait on the line before, and whose call is answered by a buffer after. */
export interface WebhookScenario {
  readonly kind: 'webhooks';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: Workload;
  readonly before: {
    /** Calls that are served at the same time. */
    readonly slots: number;
    /** Seconds that a caller waits for its turn before it hangs up. */
    readonly patienceSeconds: number;
  };
  readonly after: Deployments & {
    /** Seconds into the peak at which one instance dies. */
    readonly killAtSeconds: number;
  };
}

/** A store in which everything stays as it is before, and moves and expires after. */
export interface StorageScenario {
  readonly kind: 'storage';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: StorageWorkload;
  /** Standard deviation ÷ mean of the objects' sizes. The plan knows only the mean. */
  readonly sizeVariation: number;
  readonly after: {
    readonly objective: StorageObjective;
    readonly choices: StorageChoices;
  };
}

/** Log files on the disk of a node: deleted by hand before, rotated and shipped after. */
export interface LogScenario {
  readonly kind: 'logs';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  /** What is logged. One peak a day, at some time of it. */
  readonly workload: LogsWorkload;
  readonly disk: {
    readonly bytes: number;
    /** Bytes of everything but logs and their queue. */
    readonly otherBytes: number;
    /** Somebody looks once a week, and deletes log files by hand when more than this share of the disk is used. */
    readonly cleanUpRatio: number;
  };
  readonly after: {
    readonly objective: LogsObjective;
    readonly choices: LogsChoices;
    /** Bytes of log lines that leave the node per second at most, while the destination takes them. */
    readonly shipBytesPerSecond: number;
  };
}

/** A collection that keeps everything before, and forgets after. */
export interface RetentionScenario {
  readonly kind: 'retention';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: RetentionWorkload;
  /** Seconds since the first document of today's collection. */
  readonly ageSeconds: number;
  readonly after: { readonly objective: RetentionObjective };
}

/** Tenants of one Kafka cluster: without quotas before, held to their shares after. One of them is noisy in both. */
export interface QuotaScenario {
  readonly kind: 'quotas';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  /** What they share, on each engine that the case is deployed on. At least one. */
  readonly capacity: Readonly<Partial<Record<Engine, KafkaCapacity>>>;
  /** What each said that it writes. One peak a day, at some time of it. */
  readonly tenants: readonly KafkaTenant[];
  readonly noise: {
    /** The tenant that does not keep to it. */
    readonly tenant: string;
    /** Times its own peak that it offers while it is at its peak. */
    readonly factor: number;
  };
  /** Days watched. On the last one a broker is away, and all peaks come at once. */
  readonly days: number;
}

/** Tenants of one batch cluster: one line before, shares after. One of them floods in both. */
export interface ShareScenario {
  readonly kind: 'shares';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly capacity: BatchCapacity;
  readonly tenants: readonly BatchTenant[];
  readonly objective: Objective;
  readonly flood: Flood;
  /** Floods that are averaged: one by itself strays by some points. */
  readonly floods: number;
}

/** A case as something that runs. *Before* is given; *after* follows from a plan and is never given. */
export type Scenario =
  | QueueScenario
  | WebhookScenario
  | StorageScenario
  | LogScenario
  | RetentionScenario
  | QuotaScenario
  | ShareScenario;
