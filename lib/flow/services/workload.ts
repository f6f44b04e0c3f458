import { duration, figure, percent } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';

/**
 * Who bounds the requests in work.
 */
export enum ServiceAdmission {
  /** The gate of this library, as a proxy beside the program. */
  GATE = 'gate',
  /** The program itself, which reads its bounds from its environment; programs for Node import the gate as a library. */
  APPLICATION = 'application',
  /** Adaptive concurrency of the Envoy beside the program, with the service time of the plan. Kubernetes with Istio. */
  ENVOY = 'envoy',
  /** Target Optimizer of the Application Load Balancer. AWS. */
  TARGET_OPTIMIZER = 'targetOptimizer',
}

/**
 * Whether the requests in work stay bounded by the planned slots, or by fewer while each takes longer than planned. A limit that
 * follows helps a program whose requests share something, such as processors: fewer of them are quicker. Behind a downstream that
 * is slow for few requests as well it notices that fewer are no quicker, and returns to the slots for a while.
 */
export enum ServiceLimit {
  /** The slots of the plan. */
  FIXED = 'fixed',
  /** Additive increase, multiplicative decrease: one slot more in a window as planned, a sixth less in one that is slower. */
  AIMD = 'aimd',
  /** Less by as much as the work is slower than planned, at once: for few requests, whose windows are long. */
  GRADIENT = 'gradient',
}

/**
 * Requests of a service.
 */
export interface ServiceWorkload {
  /** Requests per second at the peak. 10⁻⁹ to 10⁹. */
  readonly peakPerSecond: number;

  /**
   * Requests per second outside of a peak. At most `peakPerSecond`.
   *
   * @default - the peak: it never ends
   */
  readonly steadyPerSecond?: number;

  /**
   * Seconds of one peak. What is refused until enough instances run counts against it. 0.001 to 31,536,000 (a year).
   *
   * @default 1800
   */
  readonly peakSeconds?: number;

  /** Mean seconds that a slot works on a request. 10⁻⁹ to 31,536,000 (a year). */
  readonly serviceSeconds: number;

  /**
   * Coefficient of variation of that time. 0 to 10.
   *
   * @default 1
   */
  readonly serviceVariation?: number;

  /**
   * Seconds from the start of an instance to its first request. 0 to 86,400 (a day).
   *
   * @default - 30 on Kubernetes, 60 on Fargate
   */
  readonly coldStartSeconds?: number;
}

/**
 * What is promised of a service.
 */
export interface ServiceObjective {
  /** Seconds within which a request is answered, waiting included, at `latencyQuantile`. 10⁻⁹ to 31,536,000 (a year). */
  readonly latencySeconds: number;

  /**
   * Share of the accepted requests within `latencySeconds`. At least 0.5 and below 1.
   *
   * @default 0.99
   */
  readonly latencyQuantile?: number;

  /**
   * Share of the requests of a peak that may be refused. Above 0 and below 1.
   *
   * @default 0.01
   */
  readonly errorRatio?: number;

  /**
   * Times the peak that all instances together bear. 1 to 10.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/**
 * A service that this one calls.
 */
export interface ServiceDownstream {
  /** Its name in knobs: a letter, then letters, digits and hyphens, at most 63. */
  readonly name: string;

  /**
   * Calls for each request, one after another. Above 0, at most 1,000.
   *
   * @default 1
   */
  readonly callsPerRequest?: number;

  /** P99 of one call in seconds. 10⁻⁹ to 31,536,000 (a year). */
  readonly latencySeconds: number;

  /**
   * Calls per second that it takes at most, retries included. 10⁻⁹ to 10⁹.
   *
   * @default - no limit
   */
  readonly limitPerSecond?: number;
}

/** Choices made by hand. */
export interface ServiceChoices {
  /** Requests that one instance works on at the same time; default: derived. */
  readonly slotsPerInstance?: number;
  /** Instances outside of a peak; default: derived. */
  readonly minInstances?: number;
  /** Instances at most; default: derived. */
  readonly maxInstances?: number;
  /** Requests that wait in one instance at most; default: derived. */
  readonly queueBound?: number;
  /** Status of a refusal, 503 or 429; default: 503. */
  readonly shedStatus?: number;
  /** Attempts after the first one of a call to a downstream; default: 1. */
  readonly retryAttempts?: number;
  /** Whether fewer slots are used while the work is slower than planned; default: they are fixed. */
  readonly limit?: ServiceLimit;
}

/** The input of the plan of a service. */
export interface ServiceQuestion extends ServiceChoices {
  /** `kubernetes` or `fargate`. */
  readonly platform: string;
  readonly workload: ServiceWorkload;
  readonly objective: ServiceObjective;
  /** Who bounds the requests in work, which decides what the autoscaler sees of them, and when; default: the program or its gate. */
  readonly admission?: ServiceAdmission;
  /** Services that it calls; default: none. */
  readonly downstreams?: readonly ServiceDownstream[];
}

/**
 * Predictions for a service.
 */
export interface ServicePredictions {
  /** Seconds within which an accepted request is answered at the peak, at `latencyQuantile`. */
  readonly latencySeconds: number;
  /** Share of the requests of a peak that is refused, those during the reaction included. */
  readonly shedRatio: number;
  /** Seconds from the beginning of a peak until as many instances run as it needs, in one reaction or several. */
  readonly reactionSeconds: number;
  /** Requests per second that all instances serve at most. */
  readonly capacityPerSecond: number;
  /** The same latency when twice the capacity arrives. */
  readonly overloadLatencySeconds: number;
  /** Share that is refused then. */
  readonly overloadShedRatio: number;
  /** The multiple of the peak at which the promise breaks. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a service: slots, queue, deadlines, retries and instances, each number with its reason.
 */
export class ServicePlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: ServicePredictions,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const { latencySeconds, shedRatio, reactionSeconds, capacityPerSecond, breaksAtLoad } = this.predictions;
    const { overloadLatencySeconds, overloadShedRatio } = this.predictions;
    return [
      { label: 'latency at the peak', text: duration(latencySeconds) },
      { label: 'refused of a peak', text: percent(shedRatio) },
      { label: 'reaction', text: duration(reactionSeconds) },
      { label: 'capacity', text: `${figure(capacityPerSecond)} requests/s` },
      {
        label: 'at twice the capacity',
        text: `${duration(overloadLatencySeconds)}, ${percent(overloadShedRatio)} refused`,
      },
      { label: 'the promise breaks at', text: `${figure(breaksAtLoad)} × the peak` },
    ];
  }
}
