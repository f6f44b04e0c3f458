import { figure, sizeText } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';

/**
 * What kind of metric a family is.
 */
export enum MetricKind {
  /** Only grows, and begins at 0 after a restart. */
  COUNTER = 'counter',
  /** Goes up and down. */
  GAUGE = 'gauge',
  /** Counts values by size: a series for each bucket, one for `+Inf`, one each for sum and count. */
  HISTOGRAM = 'histogram',
}

/**
 * Series of one target that share a name.
 */
export interface MetricFamily {
  /**
   * The name as the target exposes it; of a histogram without `_bucket`, `_sum` or `_count`. Letters, digits and
   * underscores, 1 to 200 of them, no digit first.
   */
  readonly name: string;

  /** What kind of metric it is. */
  readonly kind: MetricKind;

  /**
   * Combinations of label values on one target, `le` not counted:
   * `count by (job) (http_requests_total) / count by (job) (up)`. A whole number, 1 to 10,000,000.
   *
   * @default 1
   */
  readonly labelSets?: number;

  /**
   * Upper bounds of the buckets of a histogram, ascending, without `+Inf`. 1 to 1,000 of them.
   *
   * @default - none; needed for a histogram
   */
  readonly buckets?: number[];
}

/**
 * Targets that expose the same metrics: one job of Prometheus.
 */
export interface MetricSource {
  /** The value of the label `job`. Letters, digits, `-`, `_` and `.`, 1 to 50 of them, a letter or digit first and last. */
  readonly name: string;

  /** Targets at full scale. A whole number, 1 to 1,000,000. */
  readonly targets: number;

  /**
   * Share of the targets that is replaced in an hour, by deployments and autoscaling. The series of a replaced target stay
   * active for two more hours. 0 to 100.
   *
   * @default 0
   */
  readonly churnPerHour?: number;

  /** The families of one target. At least one. */
  readonly families: MetricFamily[];

  /**
   * Series of one target that are in no family above. They are counted, and stay as they are. 0 to 10,000,000.
   *
   * @default 0
   */
  readonly otherSeries?: number;

  /**
   * Whether the programs expose each histogram as a native one as well, with exponential buckets. Then it need not be
   * converted, which Amazon Managed Service for Prometheus does not take.
   *
   * @default false
   */
  readonly exposesNative?: boolean;
}

/**
 * What is scraped.
 */
export interface MetricsWorkload {
  /** The jobs. 1 to 1,000, with different names. */
  readonly sources: MetricSource[];
}

/**
 * What is promised of the time-series database.
 */
export interface MetricsObjective {
  /** The most active series, those of the last two hours. A whole number, 1 to 10⁹. */
  readonly activeSeries: number;

  /**
   * Times the planned series that have to fit. At least 1, at most 10.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/**
 * One expression of a dashboard, an alert or a rule.
 */
export interface MetricUse {
  /** The file that it is from, as errors name it. 1 to 500 characters. */
  readonly file: string;
  /** The expression, in PromQL. 1 to 100,000 characters. */
  readonly expression: string;
  /**
   * The name under which a rule records it, such as `job:http_requests:rate5m`. Letters, digits, underscores and colons, 1 to
   * 200 of them, no digit first.
   *
   * @default - no rule records it
   */
  readonly record?: string;
}

/**
 * Series that are summed in advance, for dashboards that would add up thousands of them.
 */
export interface MetricRecording {
  /** The family that is summed. */
  readonly metric: string;
  /** The labels that stay, at least one: the level in `level:metric:operations`. */
  readonly by: string[];
  /**
   * Combinations of the values of these labels, over all targets. A whole number, 1 to 10,000,000.
   *
   * @default 1
   */
  readonly labelSets?: number;
}

/**
 * Choices made by hand.
 */
export interface MetricsChoices {
  /** `prometheus`, or `amp`: Amazon Managed Service for Prometheus. */
  readonly platform: string;
  /** The major version of the Prometheus that scrapes; default: 3. */
  readonly prometheusVersion?: number;
  /** Whether classic histograms may become native ones; default: yes where the version can, and no query is in the way. */
  readonly nativeHistograms?: boolean;
  /** Expressions that need their series. */
  readonly uses?: readonly MetricUse[];
  /** Families that are dropped in any case. */
  readonly dropped?: readonly string[];
  /** Families that stay although no expression has them. */
  readonly kept?: readonly string[];
  /** Buckets that stay where a histogram has to lose some, beside `+Inf`; default: 4. */
  readonly keptBuckets?: number;
  /** What is summed in advance. */
  readonly recordings?: readonly MetricRecording[];
  /** Seconds between two scrapes; default: 30, or less where a rate needs it. */
  readonly intervalSeconds?: number;
  /** Days that a managed workspace keeps samples; default: 150. */
  readonly retentionDays?: number;
}

/** The input of the plan of a time-series database. */
export interface MetricsQuestion extends MetricsChoices {
  /** What is scraped. */
  readonly workload: MetricsWorkload;
  /** What is promised. */
  readonly objective: MetricsObjective;
}

/**
 * A step of `metric_relabel_configs`.
 */
export interface SampleRelabeling {
  /** Labels whose values are joined by `;`. */
  readonly sourceLabels: string[];
  /** The pattern that the whole value has to match. */
  readonly regex: string;
  /** What happens to samples that match: `drop`. */
  readonly action: string;
}

/**
 * How one source is scraped.
 */
export interface ScrapePlan {
  /** Name of the source. */
  readonly source: string;
  /** Whether its histograms are stored as native ones. */
  readonly nativeHistograms: boolean;
  /** Whether for that its classic histograms are converted, with the same buckets. */
  readonly convertsHistograms: boolean;
  /** What happens to its samples, in this order. */
  readonly relabelings: SampleRelabeling[];
  /** Families that are dropped. */
  readonly dropped: string[];
  /** Histograms that lose buckets. */
  readonly thinned: string[];
}

/**
 * A recording rule.
 */
export interface RecordedSeries {
  /** The name, as `level:metric:operations`. */
  readonly record: string;
  /** The series that are summed. */
  readonly series: string;
  /** The labels that stay. */
  readonly by: string[];
  /**
   * The window of a rate, in Prometheus' notation.
   *
   * @default - no rate: a gauge is summed
   */
  readonly window?: string;
  /** What is recorded. */
  readonly expression: string;
}

/**
 * Predictions for a time-series database.
 */
export interface MetricsPredictions {
  /** Active series if all that is exposed were stored. */
  readonly seriesBefore: number;
  /** Active series as planned, those of recording rules included. */
  readonly activeSeries: number;
  /** Samples per second as planned. */
  readonly samplesPerSecond: number;
  /** Bytes of memory for the series of the last two hours, in Prometheus. */
  readonly headBytes: number;
  /**
   * US dollars a month for ingestion and storage, at list prices.
   *
   * @default - unknown: Prometheus of your own
   */
  readonly monthlyCost?: number;
  /** The multiple of the planned series at which the budget is used up. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a time-series database: what is scraped, dropped, converted and summed, each number with its reason.
 */
export class MetricsPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: MetricsPredictions,
    /** How each source is scraped, in the order of the workload. */
    public readonly scrapes: ScrapePlan[],
    /** The recording rules. */
    public readonly recordings: RecordedSeries[],
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const { seriesBefore, activeSeries, samplesPerSecond, headBytes, monthlyCost, breaksAtLoad } = this.predictions;
    const names = (of: (scrape: ScrapePlan) => readonly string[]) =>
      [...new Set(this.scrapes.flatMap(of))].sort().join(', ') || 'none';
    return [
      { label: 'series', text: `${figure(activeSeries)} of ${figure(seriesBefore)}` },
      {
        label: 'native histograms',
        text: names(({ source, nativeHistograms }) => (nativeHistograms ? [source] : [])),
      },
      { label: 'dropped', text: names(({ dropped }) => dropped) },
      { label: 'fewer buckets', text: names(({ thinned }) => thinned) },
      { label: 'samples', text: `${figure(samplesPerSecond)} per second` },
      { label: 'memory', text: sizeText(headBytes) },
      ...(monthlyCost === undefined ? [] : [{ label: 'cost', text: `${figure(monthlyCost)} USD a month` }]),
      { label: 'the budget is used up at', text: `${figure(breaksAtLoad)} × the planned series` },
    ];
  }
}
