/** What a Prometheus that writes to the workspace has in its configuration. JSON is YAML, which Prometheus reads. */
import type { MetricsPlan, ScrapePlan } from '../../flow/metrics/workload';

/** The part of `scrape_configs` that follows from the plan; where the targets are is the user's. */
export function scrapeConfigOf(plan: MetricsPlan, { source, nativeHistograms, relabelings }: ScrapePlan): string {
  const value = (name: string) => plan.value(name);
  return JSON.stringify(
    {
      job_name: source,
      scrape_interval: `${value('intervalSeconds')}s`,
      sample_limit: value(`sampleLimit.${source}`),
      target_limit: value(`targetLimit.${source}`),
      label_limit: value('labelLimit'),
      label_value_length_limit: value('labelValueLengthLimit'),
      keep_dropped_targets: value('keepDroppedTargets'),
      ...(nativeHistograms && { scrape_native_histograms: true }),
      ...(relabelings.length > 0 && {
        metric_relabel_configs: relabelings.map(({ sourceLabels, regex, action }) => ({
          source_labels: sourceLabels,
          regex,
          action,
        })),
      }),
    },
    undefined,
    2,
  );
}

/** The element of `remote_write`. */
export function remoteWriteOf(endpoint: string, region: string): string {
  return JSON.stringify(
    { url: `${endpoint}api/v1/remote_write`, sigv4: { region }, send_native_histograms: true },
    undefined,
    2,
  );
}

/** The file of rules of a workspace. */
export function rulesOf(plan: MetricsPlan): string {
  const rules = plan.recordings.map(({ record, expression }) => ({ record, expr: expression }));
  const interval = `${plan.value('ruleIntervalSeconds')}s`;
  return JSON.stringify({ groups: [{ name: 'recordings', interval, rules }] }, undefined, 2);
}
