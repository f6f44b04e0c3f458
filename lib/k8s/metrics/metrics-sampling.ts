import type { ApiObject, Duration } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { CHECKED, FLAG, type Kinds, listOf, mapOf, sound, struct, TEXT } from '../../flow/kinds';
import { planMetrics } from '../../flow/metrics/plan';
import { recordedExpression } from '../../flow/metrics/relabeling';
import type {
  MetricRecording,
  MetricsObjective,
  MetricsPlan,
  MetricsQuestion,
  MetricsWorkload,
  MetricUse,
} from '../../flow/metrics/workload';
import { loadMetricUses } from '../../rules/load';
import { alertRules, prometheusDuration } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { DURATION } from '../kinds';
import { prometheusRule } from '../operators/prometheus';
import { namespaceOf } from '../promql';
import type { MetricScrape } from './metric-scrape';
import {
  type MetricsSeries,
  metricsAlerts,
  metricsGraphs,
  type RecordedFrom,
  type SourceSeries,
  selectorOf,
} from './metrics-alerts';
import { SCRAPE_KINDS, scrapeChecks, scrapeObject } from './scrape-object';

/**
 * What a budget of series is planned from.
 */
export interface MetricsSamplingProps {
  /** The jobs, and what one target of each exposes. */
  readonly workload: MetricsWorkload;

  /** The most series. */
  readonly objective: MetricsObjective;

  /** Where the targets of each source are, by its name. Every source needs one. */
  readonly scrapes: { readonly [source: string]: MetricScrape };

  /**
   * Files and folders with dashboards, alerts and rules, as JSON or YAML: what they need stays. Paths from the folder in
   * which the app runs. A file without an expression, or with a part that cannot be read, is refused; queries for other data
   * sources, such as Loki, are left out, and the plan says how many.
   *
   * @default - none
   */
  readonly usedIn?: string[];

  /**
   * The same as expressions.
   *
   * @default - none
   */
  readonly uses?: MetricUse[];

  /**
   * Families that are dropped in any case. One that a file needs is refused.
   *
   * @default - none; where the budget needs it, families that no file needs, the largest first
   */
  readonly dropped?: string[];

  /**
   * Families that stay although no file needs them.
   *
   * @default - none
   */
  readonly kept?: string[];

  /**
   * Buckets that stay where a histogram has to lose some, beside `+Inf` and those that a query selects. 1 to 1,000.
   *
   * @default 4
   */
  readonly keptBuckets?: number;

  /**
   * What is summed in advance, under `level:metric:operations`.
   *
   * @default - none
   */
  readonly recordings?: MetricRecording[];

  /**
   * Time between two scrapes. Whole seconds, 1 s to 2 minutes.
   *
   * @default - 30 s, or a quarter of the shortest window of a rate in a query
   */
  readonly interval?: Duration;

  /**
   * The major version of Prometheus: 2 or 3. Native histograms need 3.4 or later, before 3.9 with
   * `--enable-feature=native-histograms`.
   *
   * @default 3
   */
  readonly prometheusVersion?: number;

  /**
   * Whether classic histograms become native ones with the same buckets: one series instead of one for each bucket. It is
   * per source, and refused where a query needs `_bucket`, `_sum` or `_count`.
   *
   * @default - where a query names a histogram itself, or the budget needs it and no query is in the way
   */
  readonly nativeHistograms?: boolean;
}

const KINDS: Kinds<MetricsSamplingProps> = {
  workload: CHECKED,
  objective: CHECKED,
  scrapes: mapOf(struct(SCRAPE_KINDS)),
  usedIn: listOf(TEXT),
  uses: CHECKED,
  dropped: listOf(TEXT),
  kept: listOf(TEXT),
  keptBuckets: CHECKED,
  recordings: CHECKED,
  interval: DURATION,
  prometheusVersion: CHECKED,
  nativeHistograms: FLAG,
};

/**
 * A budget of series for Prometheus: monitors with limits, relabelling that drops only what no dashboard, alert or rule
 * needs, and recording rules.
 *
 * Cures a Prometheus that pays for every combination of labels, most of which nobody queries (case 19). Levers are used in the
 * order of what they lose: native histograms first, which lose nothing; then families that no file has; then buckets.
 * Labels are never dropped, because sums would be wrong.
 */
export class MetricsSampling extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: MetricsPlan;

  /** The `PodMonitor`, `ServiceMonitor` or `ScrapeConfig` of each source, by its name. */
  public readonly scrapes: { [source: string]: ApiObject };

  /** The `PrometheusRule` with the recording rules. Undefined where nothing is recorded. */
  public readonly recordings?: ApiObject;

  /** The `PrometheusRule` with the alerts. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when what the files need is above the budget, with ways out
   * @throws InvalidInputError when props are out of range, a file cannot be read, or needs what is dropped, converted or
   * recorded nowhere; the message names it
   */
  constructor(scope: Construct, id: string, props: MetricsSamplingProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const read = loadMetricUses().readUses('usedIn', usable.usedIn ?? []);
    this.plan = planMetrics(
      id,
      questionOf(usable, read.uses),
      [...checks, ...read.checks, ...scrapeChecks(sourcesOf(usable), usable.scrapes)],
      read.remarks,
    );
    // Objects of their own place in the tree: a source may be called `Alerts`.
    const monitors = new Construct(this, 'Scrapes');
    this.scrapes = Object.fromEntries(
      this.plan.scrapes.map((one) => [one.source, scrapeObject(monitors, this.plan, one, usable.scrapes[one.source])]),
    );
    const sources = this.sourcesOf(usable);
    const recordings = this.recordedFrom(usable, sources);
    this.recordings = this.createRecordings(recordings);
    const series: MetricsSeries = { sources, recordings, namespace: namespaceOf(this) };
    this.alerts = alertRules(this, 'Alerts', this.node.path, metricsAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, metricsGraphs(this.plan, series));
  }

  /** What is recorded, each with the sources that have the family. */
  private recordedFrom({ workload, recordings = [] }: MetricsSamplingProps, all: SourceSeries[]): RecordedFrom[] {
    const having = (metric: string) =>
      all.filter(({ source }) =>
        workload.sources.some(({ name, families }) => name === source && families.some((one) => one.name === metric)),
      );
    return this.plan.recordings.map((recorded, index) => ({ recorded, sources: having(recordings[index].metric) }));
  }

  /** Each sum is labelled with the namespace of this installation, unless it is by namespace. */
  private createRecordings(recordings: readonly RecordedFrom[]): ApiObject | undefined {
    if (recordings.length === 0) return undefined;
    const namespace = namespaceOf(this);
    return prometheusRule(this, 'Recordings', [
      {
        name: `${this.node.path}/recordings`,
        interval: prometheusDuration(this.plan.value('intervalSeconds')),
        rules: recordings.map(({ recorded, sources }) => ({
          record: recorded.record,
          expr: recordedExpression(recorded, sources.map(selectorOf)),
          ...(namespace !== undefined && !recorded.by.includes('namespace') && { labels: { namespace } }),
        })),
      },
    ]);
  }

  private sourcesOf({ scrapes }: MetricsSamplingProps): SourceSeries[] {
    const own = namespaceOf(this);
    return this.plan.scrapes.map(({ source }) => ({
      source,
      namespaces: scrapes[source].namespaces ?? (own === undefined ? [] : [own]),
    }));
  }
}

/** The sources as far as they are a list: what is wrong with them is said by the plan. */
function sourcesOf({ workload }: MetricsSamplingProps): readonly { readonly name: string }[] {
  return Array.isArray(workload?.sources) ? workload.sources : [];
}

function questionOf(props: MetricsSamplingProps, read: readonly MetricUse[]): MetricsQuestion {
  const { workload, objective, uses, dropped, kept, keptBuckets, recordings, interval } = props;
  const { prometheusVersion, nativeHistograms } = props;
  return {
    platform: 'prometheus',
    workload,
    objective,
    uses: uses === undefined || Array.isArray(uses) ? [...(uses ?? []), ...read] : uses,
    dropped,
    kept,
    keptBuckets,
    recordings,
    intervalSeconds: interval && interval.toMilliseconds({ integral: false }) / 1000,
    prometheusVersion,
    nativeHistograms,
  };
}
