import type { StockChoices, StockObjective, StockWorkload } from '../flow/storage';
import type { Consumer, Objective, Workload } from '../flow/workload';

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
}

/** Which number answers for which measure of the headline. */
export interface Answer {
  /** The measure, as the headline names it. */
  readonly measure: string;
  /** The number. */
  readonly by: keyof Numbers;
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
  readonly after: {
    readonly objective: Objective;
    readonly consumer: Consumer;
  };
}

/** Callers who wait on the line before, and whose call is answered by a buffer after. */
export interface CallScenario {
  readonly kind: 'call';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: Workload;
  readonly before: {
    /** Calls that are served at the same time. */
    readonly slots: number;
    /** Seconds that a caller waits for its turn before it hangs up. */
    readonly patienceSeconds: number;
  };
  readonly after: {
    readonly objective: Objective;
    readonly consumer: Consumer;
    /** Seconds into the peak at which one instance dies. */
    readonly killAtSeconds: number;
  };
}

/** A store in which everything stays as it is before, and moves and expires after. */
export interface StockScenario {
  readonly kind: 'stock';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: StockWorkload;
  /** Standard deviation ÷ mean of the objects' sizes. The plan knows only the mean. */
  readonly sizeVariation: number;
  readonly after: {
    readonly objective: StockObjective;
    readonly choices: StockChoices;
  };
}

/** A case as something that runs. *Before* is given; *after* follows from a plan and is never given. */
export type Scenario = QueueScenario | CallScenario | StockScenario;
