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

/** US dollars a month for a workspace: what is metered, and what is kept. */
export function workspaceCost({ retentionDays = DEFAULT_RETENTION_DAYS }: MetricsQuestion, metered: number): number {
  const kept = (metered * retentionDays * DAY_SECONDS * PRICES.bytesPerSample.value) / BYTES_PER_GB;
  return ingestionCost(metered) + kept * PRICES.storageGbMonth.value;
}

/**
 * Samples per second that are paid for. A native histogram is one sample of the ingestion rate, and is metered by its buckets
 * with values, of which it is assumed to have as many as a classic one has series; at least as one sample.
 */
export function meteredPerSecond(
  { workload }: MetricsQuestion,
  levers: Levers,
  samplesPerSecond: number,
  interval: number,
): number {
  const classic: Levers = { ...levers, native: new Set() };
  const more = workload.sources.reduce((sum, source) => {
    if (!levers.native.has(source.name)) return sum;
    const histograms = { ...source, otherSeries: 0, families: source.families.filter(isHistogram) };
    const buckets = samplesOfTarget(histograms, classic);
    const counted = samplesOfTarget(histograms, levers);
    return sum + source.targets * Math.max(0, PRICES.nativeHistogramRatio.value * buckets - counted);
  }, 0);
  return samplesPerSecond + more / interval;
}

function isHistogram({ kind }: { readonly kind: MetricKind }): boolean {
  return kind === MetricKind.HISTOGRAM;
}
