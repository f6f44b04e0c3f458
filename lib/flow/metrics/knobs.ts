/** Every knob of a time-series database with its reason. */
import { chosenKnob } from '../alarms';
import { DEFAULT_HEADROOM } from '../headroom';
import { type Knob, unlessGiven } from '../plan';
import { meteredPerSecond } from './costs';
import { DEFAULT_RETENTION_DAYS, type MetricsPlatformName, PLATFORMS, SCRAPES_IN_WINDOW } from './platforms';
import {
  AS_EXPOSED,
  DEFAULT_KEPT_BUCKETS,
  type Known,
  type Levers,
  OWN_SERIES,
  recordedSeries,
  samplesOfTarget,
  seriesLimit,
  sourceSeries,
  totalSeries,
} from './sizing';
import type { MetricSource, MetricsQuestion } from './workload';

const DEFAULT_INTERVAL_SECONDS = 30;
/** A scrape above its limit is rejected whole, so the limit is well above what head-room allows. */
const LIMIT_MARGIN = 1.2;
const CONFIGURATION = 'Prometheus, Configuration, scrape_config';

/** Seconds between two scrapes: 30, or less where a window of a query needs it. */
export function intervalOf({ question, uses }: Known): number {
  const { intervalSeconds, platform } = question;
  if (intervalSeconds !== undefined) return intervalSeconds;
  const { leastIntervalSeconds } = PLATFORMS[platform as MetricsPlatformName];
  const shortest = Math.floor((uses.shortest?.seconds ?? Number.POSITIVE_INFINITY) / SCRAPES_IN_WINDOW);
  return Math.max(leastIntervalSeconds, Math.min(DEFAULT_INTERVAL_SECONDS, shortest));
}

/** Series, intervals and limits. */
export function metricsKnobs(known: Known, levers: Levers): Knob[] {
  const { question, uses } = known;
  const { objective, workload, intervalSeconds, keptBuckets } = question;
  const { headroom = DEFAULT_HEADROOM, activeSeries: budget } = objective;
  const before = totalSeries(question, AS_EXPOSED);
  const planned = totalSeries(question, levers);
  const interval = intervalOf(known);
  const shortest = uses.shortest?.seconds;
  return [
    {
      name: 'budgetSeries',
      value: budget,
      unit: 'series',
      formula: 'given',
      inputs: {},
      source: 'objective.activeSeries',
    },
    {
      name: 'exposedSeries',
      value: before,
      unit: 'series',
      formula: 'Σ targets × (1 + churn × 2 h) × (label sets, × (buckets + 3) of a histogram, + 5 of each scrape)',
      inputs: { sources: workload.sources.length },
      source: 'Prometheus, Data model, Metric types, Jobs and instances; the head keeps a series for two hours',
    },
    ...leverKnobs(question, levers),
    {
      name: 'plannedSeries',
      value: planned,
      unit: 'series',
      formula: 'the same sum after all levers, with recorded series; × head-room within the budget',
      inputs: { headroom, budget },
      source: 'this library, docs/constructs/k8s-metrics-sampling.md',
    },
    {
      name: 'intervalSeconds',
      value: interval,
      unit: 's',
      ...unlessGiven(
        intervalSeconds,
        'min(30, shortest window of a rate in a query ÷ 4), at least what the database takes',
        shortest === undefined ? {} : { shortestWindowSeconds: shortest },
      ),
      source: `Prometheus, Querying basics, Staleness (5 minutes); ${PLATFORMS[question.platform as MetricsPlatformName].source}`,
    },
    {
      name: 'rateWindowSeconds',
      value: rateWindowOf(interval),
      unit: 's',
      formula: 'max(5 minutes, 4 × interval): a rate survives a scrape that is missing',
      inputs: { interval },
      source: 'Grafana, Prometheus data source, $__rate_interval',
    },
    {
      name: 'samplesPerSecond',
      value: samplesPerSecond(question, levers, interval),
      unit: 'samples/s',
      formula:
        'Σ targets × samples ÷ interval + recorded series ÷ interval of the rules; a native histogram is one sample',
      inputs: { interval, ruleInterval: ruleIntervalOf(question, interval) },
      source: CONFIGURATION,
    },
    ...workload.sources.flatMap((source) => limitKnobs(source, levers, headroom)),
    chosenKnob('labelLimit', 40, 'labels', 'more is no label set that a person wrote', CONFIGURATION),
    chosenKnob('labelValueLengthLimit', 500, 'characters', 'more is text: an error, a URL, a query', CONFIGURATION),
    chosenKnob('keepDroppedTargets', 100, 'targets', 'enough to see why a target is not scraped', CONFIGURATION),
    ...(levers.thinned.size === 0
      ? []
      : [
          {
            name: 'keptBuckets',
            value: keptBuckets ?? DEFAULT_KEPT_BUCKETS,
            unit: 'buckets',
            ...unlessGiven(keptBuckets, 'beside +Inf and the bounds that a query selects'),
            source: 'Prometheus, Histograms and summaries, Errors of quantile estimation',
          },
        ]),
    ...(question.platform === 'amp' ? workspaceKnobs(known, levers, planned, interval) : []),
  ];
}

/** What each lever leaves out. */
function leverKnobs(question: MetricsQuestion, { native, dropped, thinned }: Levers): Knob[] {
  const none = totalSeries(question, { ...AS_EXPOSED });
  const after = [
    { name: 'seriesSavedByNativeHistograms', levers: { ...AS_EXPOSED, native }, formula: 'a histogram is one series' },
    {
      name: 'seriesSavedByDropping',
      levers: { native, dropped, thinned: AS_EXPOSED.thinned },
      formula: 'families that no query has, the largest first, until the budget is kept',
    },
    { name: 'seriesSavedByThinning', levers: { native, dropped, thinned }, formula: 'buckets + 3 → kept buckets + 3' },
  ];
  let left = none;
  return after.map(({ name, levers, formula }) => {
    const next = totalSeries(question, levers);
    const value = left - next;
    left = next;
    return { name, value, unit: 'series', formula, inputs: {}, source: 'Prometheus, Native histograms; relabelling' };
  });
}

function limitKnobs(source: MetricSource, levers: Levers, headroom: number): Knob[] {
  const { name, targets } = source;
  const samples = samplesOfTarget(source, levers);
  return [
    {
      name: `samplesPerTarget.${name}`,
      value: samples,
      unit: 'samples',
      formula: 'Σ label sets after all levers',
      inputs: { families: source.families.length },
      source: CONFIGURATION,
    },
    {
      name: `sampleLimit.${name}`,
      // 1.2 × 1.25 is a little more than 1.5 in binary.
      value: Math.max(1, Math.ceil(LIMIT_MARGIN * headroom * samples - 1e-9)),
      unit: 'samples',
      formula: '⌈1.2 × head-room × samples of a target⌉: above it the whole scrape is rejected',
      inputs: { headroom, samples },
      source: CONFIGURATION,
    },
    {
      name: `targetLimit.${name}`,
      value: Math.ceil(2 * headroom * targets),
      unit: 'targets',
      formula: '⌈2 × head-room × targets⌉: above it no target is scraped; a rollout doubles them',
      inputs: { headroom, targets },
      source: CONFIGURATION,
    },
  ];
}

/** Limits of a managed workspace: each source may grow by the same factor before any is discarded. */
function workspaceKnobs({ question }: Known, levers: Levers, planned: number, interval: number): Knob[] {
  const { workload, objective, retentionDays } = question;
  const written = samplesPerSecond(question, levers, interval);
  const { activeSeries: budget } = objective;
  return [
    ...workload.sources.map((source) => {
      const series = sourceSeries(source, levers);
      return {
        name: `maxSeries.${source.name}`,
        value: seriesLimit(question, series, planned),
        unit: 'series',
        formula: 'budget × series of the source ÷ all: every source may grow by the same factor',
        inputs: { budget, series, planned },
        source: 'Amazon Managed Service for Prometheus API reference, LimitsPerLabelSet',
      };
    }),
    {
      name: 'retentionDays',
      value: retentionDays ?? DEFAULT_RETENTION_DAYS,
      unit: 'days',
      ...unlessGiven(retentionDays, "the service's own default"),
      source: 'Amazon Managed Service for Prometheus user guide, workspace configuration',
    },
    chosenKnob(
      'ruleIntervalSeconds',
      ruleIntervalOf(question, interval),
      's',
      'the default of the service; 30 s at least',
      'the same, quotas',
    ),
    {
      name: 'meteredSamplesPerSecond',
      value: meteredPerSecond(question, levers, written, interval),
      unit: 'samples/s',
      formula:
        'samplesPerSecond, but ¼ for each bucket with values of a native histogram, as many as its classic series',
      inputs: { samplesPerSecond: written },
      source: 'Amazon Managed Service for Prometheus user guide, Understand and optimize costs',
    },
    chosenKnob('logRetentionDays', 90, 'days', 'long enough to look into an incident', 'this library'),
  ];
}

/** The window of recorded rates. */
export function rateWindowOf(interval: number): number {
  return Math.max(300, SCRAPES_IN_WINDOW * interval);
}

/** Samples that are stored in a second. */
export function samplesPerSecond(question: MetricsQuestion, levers: Levers, interval: number): number {
  const { sources } = question.workload;
  const scraped = sources.reduce(
    (sum, source) => sum + source.targets * (samplesOfTarget(source, levers) + OWN_SERIES),
    0,
  );
  return scraped / interval + recordedSeries(question, levers) / ruleIntervalOf(question, interval);
}

/** Seconds between two evaluations of the recording rules. */
function ruleIntervalOf({ platform }: MetricsQuestion, interval: number): number {
  return PLATFORMS[platform as MetricsPlatformName].ruleIntervalSeconds ?? interval;
}
