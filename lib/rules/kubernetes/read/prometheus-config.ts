/**
 * Scrape targets and rules, from every place in which they are written: in the operator's monitors and PrometheusRules,
 * or in a `prometheus.yml` or rule file embedded in a ConfigMap.
 */

import { durationSeconds } from '../../../flow/prometheus-duration';
import { Value } from '../../document';
import { oncePer } from '../../once-per';
import { parseEmbedded } from '../../parse';
import { isMapping } from '../../resolved';
import type { Manifests } from './manifests';

/** The operator's default. */
const OPERATOR_INTERVAL = '30s';

/** One thing that is scraped. */
export interface Endpoint {
  /** Whose endpoint it is. */
  readonly name: string;
  /** The place of the interval. */
  readonly interval: Value;
  /** The interval in seconds; undefined when it is not decided. */
  readonly seconds: number | undefined;
  /** Relabelling of samples after the scrape. */
  readonly samples: readonly Relabeling[];
  /** Whether the samples have their own target labels: federation, cAdvisor, kube-state-metrics. */
  readonly foreignLabels: boolean;
  /** Whether classic histograms become native ones, and the classic series are not stored beside them. */
  readonly converts: boolean;
}

/** One relabelling of samples. */
export interface Relabeling {
  readonly at: Value;
  readonly action: string | undefined;
  readonly labels: readonly string[];
  readonly regex: string | undefined;
}

/** A rule of a rule group. */
export interface PrometheusRule {
  readonly at: Value;
  /** The name that a recording rule records under; undefined for an alert. */
  readonly record: string | undefined;
  readonly expression: string;
}

/** The operator's kinds, and where each lists its targets. */
const MONITORS: Readonly<Record<string, string>> = {
  'monitoring.coreos.com/ServiceMonitor': 'endpoints',
  'monitoring.coreos.com/PodMonitor': 'podMetricsEndpoints',
};

/** Everything that is scraped. */
export const endpoints = oncePer((manifests: Manifests): readonly Endpoint[] => {
  const fallback = defaultInterval(manifests);
  const own = manifests.ofType(...Object.keys(MONITORS)).flatMap((monitor) =>
    monitor
      .at('spec', MONITORS[monitor.type])
      .items()
      .map((endpoint) => ({
        name: monitor.name,
        interval: endpoint.at('interval'),
        seconds: durationSeconds(endpoint.at('interval').text(fallback)),
        samples: endpoint
          .at('metricRelabelings')
          .items()
          .map((item) => relabeling(item, item, 'sourceLabels')),
        foreignLabels: bringsLabels(endpoint.at('honorLabels'), endpoint.at('path')),
        converts: convertsHistograms(
          monitor.at('spec', 'convertClassicHistogramsToNHCB'),
          monitor.at('spec', 'scrapeClassicHistograms'),
        ),
      })),
  );
  return [...own, ...embeddedConfigs(manifests).flatMap(({ at, config }) => embeddedEndpoints(at, config))];
});

/** Every rule of every group. */
export const prometheusRules = oncePer((manifests: Manifests): readonly PrometheusRule[] => {
  const inGroups = (groups: Value, at?: Value) =>
    groups.items().flatMap((group) =>
      group
        .at('rules')
        .items()
        .map((rule) => ({
          at: at ?? rule,
          record: rule.at('record').text(),
          expression: rule.at('expr').text() ?? '',
        })),
    );
  return [
    ...manifests.ofType('monitoring.coreos.com/PrometheusRule').flatMap((rule) => inGroups(rule.at('spec', 'groups'))),
    ...embeddedConfigs(manifests).flatMap(({ at, config }) => inGroups(config.at('groups'), at)),
  ];
});

/** The one interval of every Prometheus among the manifests; undefined when there is none, or they differ. */
function defaultInterval(manifests: Manifests): string | undefined {
  const all = manifests
    .ofType('monitoring.coreos.com/Prometheus')
    .map((prometheus) => prometheus.at('spec', 'scrapeInterval').text(OPERATOR_INTERVAL));
  return new Set(all).size === 1 ? all[0] : undefined;
}

/** Prometheus scrapes every minute when its configuration does not say. */
function embeddedEndpoints(at: Value, config: Value): Endpoint[] {
  const fallback = config.at('global', 'scrape_interval').text(config.at('scrape_interval').text('1m'));
  const jobs = config.at('scrape_configs').items();
  // A part of a configuration that others include is read alone.
  const parts = jobs.length > 0 ? jobs : config.at('metric_relabel_configs').present ? [config] : [];
  return parts.map((job) => ({
    name: job.at('job_name').text() ?? 'its target',
    interval: at,
    seconds: durationSeconds(job.at('scrape_interval').text(fallback)),
    samples: job
      .at('metric_relabel_configs')
      .items()
      .map((item) => relabeling(at, item, 'source_labels')),
    foreignLabels: bringsLabels(job.at('honor_labels'), job.at('metrics_path')),
    converts: convertsHistograms(
      either(job, config, 'convert_classic_histograms_to_nhcb'),
      either(job, config, 'always_scrape_classic_histograms'),
    ),
  }));
}

function relabeling(at: Value, item: Value, labels: string): Relabeling {
  return {
    at,
    action: item.at('action').text('replace')?.toLowerCase(),
    labels: item
      .at(labels)
      .items()
      .map((label) => label.text() ?? ''),
    regex: item.at('regex').text(),
  };
}

function bringsLabels(honorLabels: Value, path: Value): boolean {
  return honorLabels.flag(false) !== false || /cadvisor|federate|probe/.test(path.text('/metrics') ?? 'federate');
}

/** Decided, and not as a parameter may be. */
function convertsHistograms(converts: Value, keepsClassic: Value): boolean {
  return converts.flag(false) === true && keepsClassic.flag(false) === false;
}

/** A setting of a job, or of all. */
function either(job: Value, config: Value, name: string): Value {
  return job.at(name).present ? job.at(name) : config.at('global', name);
}

/** The texts of ConfigMaps that are configuration or rules of Prometheus, parsed. */
const embeddedConfigs = oncePer((manifests: Manifests): readonly { at: Value; config: Value }[] =>
  manifests.texts().flatMap(({ at, text }) => {
    if (!/^[ \t]*(scrape_configs|metric_relabel_configs|groups):/m.test(text)) return [];
    const config = parseEmbedded(text);
    return !isMapping(config) ? [] : [{ at, config: new Value(at.resource, config) }];
  }),
);

/** Windows of rates in an expression: the ranges in square brackets. */
export function rateWindows(expression: string): number[] {
  return [...expression.matchAll(/\b(?:rate|irate|increase)\s*\([^[]{0,2000}\[([0-9a-z]+)(?::[0-9a-z]*)?\]/g)].flatMap(
    ([, window]) => durationSeconds(window) ?? [],
  );
}
