import { duration, figure, percent, sizeText } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';

/**
 * A collector of HotSpot.
 */
export enum JvmCollector {
  /** Stops the program for young objects, to a goal; marks old ones beside it. */
  G1 = 'G1',
  /** Stops the program for everything: the least work, the longest pauses. */
  PARALLEL = 'Parallel',
  /** Collects beside the program; pauses below 10 ms. From Java 25 on with generations. */
  SHENANDOAH = 'Shenandoah',
  /** Collects beside the program; pauses below 1 ms. From Java 21 on with generations. */
  ZGC = 'ZGC',
}

/**
 * What one JVM does.
 */
export interface JvmWorkload {
  /**
   * Bytes that the program allocates per second at its peak, in one JVM; the exporter of the construct reports them. Above
   * 0, at most 10¹⁵.
   */
  readonly allocationBytesPerSecond: number;

  /**
   * Bytes that stay reachable at the peak: what is left after a full collection; the exporter of the construct reports
   * them. Above 0, at most 10¹⁸.
   */
  readonly liveBytes: number;

  /**
   * Share of the allocated bytes that are still reachable when the young generation is collected. Only pauses of G1 depend
   * on it. 0 to 1.
   *
   * @default 0.1
   */
  readonly survivorRatio?: number;

  /**
   * Requests per second that one JVM serves at its peak. Needed where a latency is promised. 10⁻⁹ to 10⁹.
   *
   * @default - unknown: no latency is predicted
   */
  readonly requestsPerSecond?: number;

  /**
   * Mean seconds that a thread works on a request, without pauses. Needed where a latency is promised. 10⁻⁹ to 31,536,000 (a
   * year).
   *
   * @default - unknown: no latency is predicted
   */
  readonly serviceSeconds?: number;

  /**
   * Coefficient of variation of that time. 0 to 10.
   *
   * @default 1
   */
  readonly serviceVariation?: number;

  /**
   * Requests that one JVM works on at the same time. A whole number, 1 to 10,000.
   *
   * @default - as many as the JVM has processors
   */
  readonly requestThreads?: number;

  /**
   * Bytes of direct buffers, as network libraries use them. 0 to 10¹⁸.
   *
   * @default 67108864
   */
  readonly directBytes?: number;

  /**
   * Threads of the JVM, each with a stack of 1 MiB. A whole number, 1 to 100,000.
   *
   * @default 200
   */
  readonly threads?: number;

  /**
   * Classes that are loaded. A whole number, 1 to 10,000,000.
   *
   * @default 15000
   */
  readonly loadedClasses?: number;
}

/**
 * What is promised of a JVM.
 */
export interface JvmObjective {
  /**
   * The longest that the collector may stop the program, in seconds. Below 0.05 only a concurrent collector keeps it, below 0.01 only ZGC. 0.001
   * to 31,536,000 (a year).
   */
  readonly pauseSeconds: number;

  /**
   * Seconds within which a request is answered, waiting included, at `latencyQuantile`. 10⁻⁹ to 31,536,000 (a year).
   *
   * @default - no latency is promised
   */
  readonly latencySeconds?: number;

  /**
   * Share of the requests within `latencySeconds`. At least 0.5 and below 1.
   *
   * @default 0.99
   */
  readonly latencyQuantile?: number;

  /**
   * The most bytes that the container of the JVM may have. Above 0, at most 10¹⁸.
   *
   * @default - as much as it needs
   */
  readonly memoryBytes?: number;
}

/**
 * Choices made by hand.
 */
export interface JvmChoices {
  /** The release of Java: 17 to 26. */
  readonly jdk: number;
  /** `G1`, `Parallel`, `Shenandoah` or `ZGC`; default: G1 where it keeps the promise, else ZGC. */
  readonly collector?: string;
  /** Processors of the JVM; default: 2. */
  readonly cpu?: number;
  /** Measured seconds of one concurrent collection; default: derived from the live set. */
  readonly cycleSeconds?: number;
  /** Bytes of the heap; default: derived. */
  readonly heapBytes?: number;
  /** Bytes for classes; default: derived. */
  readonly metaspaceBytes?: number;
  /** Bytes for compiled code; default: 128 MiB. */
  readonly codeCacheBytes?: number;
  /** Times the allocation rate that the heap bears; default: 2. */
  readonly spikeTolerance?: number;
  /** Whether the flight recorder runs; default: true. */
  readonly flightRecorder?: boolean;
  /** Where the container runs: `kubernetes`, or `fargate`, whose tasks come in sizes; default: kubernetes. */
  readonly platform?: string;
  /** Bytes of the Fargate task; default: the smallest size that is large enough. */
  readonly taskMemoryBytes?: number;
}

/** The input of the plan of a JVM. */
export interface JvmQuestion extends JvmChoices {
  /** What one JVM does. */
  readonly workload: JvmWorkload;
  /** What is promised. */
  readonly objective: JvmObjective;
}

/**
 * Predictions for a JVM.
 */
export interface JvmPredictions {
  /** The longest pause in seconds. */
  readonly pauseSeconds: number;
  /** Seconds of one concurrent collection, or of one stop where the collector stops the program. */
  readonly cycleSeconds: number;
  /** Seconds from the beginning of one to that of the next. */
  readonly intervalSeconds: number;
  /** Share of the time in which the program stands still. */
  readonly stoppedRatio: number;
  /** Share of the processors that the collector takes beside the program. */
  readonly collectorCpuRatio: number;
  /**
   * Seconds within which a request is answered, at `latencyQuantile`.
   *
   * @default - requests or their time are unknown
   */
  readonly latencySeconds?: number;
  /** The multiple of the load, allocation and requests alike, at which the promise breaks, to 1 %. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a JVM: heap, container, collector and flags, each number with its reason.
 */
export class JvmPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: JvmPredictions,
    /** Name of the collector: `G1`, `Parallel`, `Shenandoah` or `ZGC`. */
    public readonly collector: string,
    /** Every flag of the JVM, in the order of `JDK_JAVA_OPTIONS`. */
    public readonly flags: string[],
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const { pauseSeconds, cycleSeconds, intervalSeconds, collectorCpuRatio, latencySeconds, breaksAtLoad } =
      this.predictions;
    return [
      {
        label: 'collector',
        text: `${this.collector}, ${this.flags.filter((flag) => /Use\w+GC|Gen/i.test(flag)).join(' ')}`,
      },
      { label: 'pause', text: `${duration(pauseSeconds)} at most` },
      { label: 'collection', text: `${duration(cycleSeconds)}, every ${duration(intervalSeconds)}` },
      { label: 'processors of the collector', text: percent(collectorCpuRatio) },
      { label: 'memory of the container', text: sizeText(this.value('memoryBytes')) },
      ...(this.knobs.some(({ name }) => name === 'taskMemoryBytes')
        ? [{ label: 'memory of the Fargate task', text: sizeText(this.value('taskMemoryBytes')) }]
        : []),
      ...(latencySeconds === undefined ? [] : [{ label: 'latency', text: duration(latencySeconds) }]),
      { label: 'the promise breaks at', text: `${figure(breaksAtLoad)} × the load` },
    ];
  }
}
