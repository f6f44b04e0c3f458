/** What Amazon Managed Service for Prometheus costs at list prices. */

import { MONTH_HOURS } from '../prices';
import data from '../prices.json';
import { DAY_SECONDS } from '../ranges';
import { DEFAULT_RETENTION_DAYS } from './platforms';
import { type Levers, samplesOfTarget } from './sizing';
import { MetricKind, type MetricsQuestion } from './workload';

const BYTES_PER_GB = 2 ** 30;
const PRICES = data.prometheus;

/** US dollars a month for so many samples a second. */
export function ingestionCost(samplesPerSecond: number): number {
  const samples = samplesPerSecond * MONTH_HOURS * 3600;
  const first = Math.min(samples, PRICES.firstTierSamples.value);
  const second = Math.min(samples - first, PRICES.secondTierSamples.value);
  const last = samples - first - second;
  return (
    (first * PRICES.firstTierPer10Million.value +
      second * PRICES.secondTierPer10Million.value +
      last * PRICES.lastTierPer10Million.value) /
    1e7
  );
}

/** US dollars a month for a workspace: what is written, and what is kept. */
export function workspaceCost(
  question: MetricsQuestion,
  levers: Levers,
  samplesPerSecond: number,
  interval: number,
): number {
  const metered = samplesPerSecond + nativeExtra(question, levers) / interval;
  const kept =
    (metered * (question.retentionDays ?? DEFAULT_RETENTION_DAYS) * DAY_SECONDS * PRICES.bytesPerSample.value) /
    BYTES_PER_GB;
  return ingestionCost(metered) + kept * PRICES.storageGbMonth.value;
}

/** Samples of a scrape that are metered beside one for each native histogram. */
function nativeExtra({ workload }: MetricsQuestion, levers: Levers): number {
  const classic: Levers = { ...levers, native: new Set() };
  return workload.sources.reduce((sum, source) => {
    if (!levers.native.has(source.name)) return sum;
    const histograms = { ...source, otherSeries: 0, families: source.families.filter(isHistogram) };
    const before = samplesOfTarget(histograms, classic);
    return (
      sum +
      source.targets * Math.max(0, PRICES.nativeHistogramRatio.value * before - samplesOfTarget(histograms, levers))
    );
  }, 0);
}

function isHistogram({ kind }: { readonly kind: MetricKind }): boolean {
  return kind === MetricKind.HISTOGRAM;
}
