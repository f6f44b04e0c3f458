/** The custom resources of the Prometheus operator that constructs use, with the fields they use. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

/** One alerting rule in Prometheus' format. */
export interface PrometheusAlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** Prometheus duration, such as `5m`. */
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One recording rule in Prometheus' format. */
export interface PrometheusRecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** One group of rules, evaluated together. */
export interface PrometheusRuleGroup {
  readonly name: string;
  /** Prometheus duration between two evaluations. Default: that of the Prometheus. */
  readonly interval?: string;
  readonly rules: readonly (PrometheusAlertingRule | PrometheusRecordingRule)[];
}

/** `PrometheusRule`: rules that the operator passes to its Prometheus. */
export function prometheusRule(scope: Construct, id: string, groups: readonly PrometheusRuleGroup[]): ApiObject {
  return new ApiObject(scope, id, { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', spec: { groups } });
}

/**
 * `PodMonitor`: Prometheus scrapes the pods with these labels at this port, every so many seconds.
 *
 * @param namespaces in which the pods are. Default: that of the monitor
 */
export function podMonitor(
  scope: Construct,
  id: string,
  matchLabels: Readonly<Record<string, string>>,
  port: string,
  scrapeSeconds: number,
  namespaces?: readonly string[],
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    spec: {
      ...(namespaces === undefined ? {} : { namespaceSelector: { matchNames: [...namespaces] } }),
      selector: { matchLabels },
      podMetricsEndpoints: [{ port, path: '/metrics', interval: `${scrapeSeconds}s` }],
    },
  });
}

/** A step of relabelling, of targets or of samples. */
export interface PrometheusRelabeling {
  readonly sourceLabels?: readonly string[];
  readonly regex?: string;
  readonly action: string;
  readonly targetLabel?: string;
  readonly replacement?: string;
}

/** Limits and conversions that monitors and scrape configurations have in common. */
export interface ScrapeSettings {
  readonly sampleLimit: number;
  readonly targetLimit: number;
  readonly labelLimit: number;
  readonly labelValueLengthLimit: number;
  readonly keepDroppedTargets: number;
  readonly convertClassicHistogramsToNHCB?: boolean;
  /** Those that the program exposes. Prometheus 3.8 or later. */
  readonly scrapeNativeHistograms?: boolean;
}

/** How one endpoint is scraped. */
export interface ScrapedEndpoint {
  readonly port: string;
  readonly path: string;
  readonly interval: string;
  readonly relabelings: readonly PrometheusRelabeling[];
  readonly metricRelabelings?: readonly PrometheusRelabeling[];
}

/** `ServiceMonitor` or `PodMonitor` with everything that bounds a scrape. */
export function boundedMonitor(
  scope: Construct,
  id: string,
  of: 'Service' | 'Pod',
  {
    matchLabels,
    matchNames,
    endpoint,
    settings,
  }: {
    readonly matchLabels: Readonly<Record<string, string>>;
    readonly matchNames?: readonly string[];
    readonly endpoint: ScrapedEndpoint;
    readonly settings: ScrapeSettings;
  },
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: `${of}Monitor`,
    spec: {
      selector: { matchLabels },
      ...(matchNames !== undefined && { namespaceSelector: { matchNames } }),
      [of === 'Service' ? 'endpoints' : 'podMetricsEndpoints']: [endpoint],
      ...settings,
    },
  });
}

/** `ScrapeConfig`: targets by address. */
export function scrapeConfig(
  scope: Construct,
  id: string,
  {
    jobName,
    targets,
    labels,
    endpoint,
    settings,
  }: {
    readonly jobName: string;
    readonly targets: readonly string[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly endpoint: Pick<ScrapedEndpoint, 'path' | 'interval' | 'metricRelabelings'>;
    readonly settings: ScrapeSettings;
  },
): ApiObject {
  const { path, interval, metricRelabelings } = endpoint;
  return new ApiObject(scope, id, {
    apiVersion: 'monitoring.coreos.com/v1alpha1',
    kind: 'ScrapeConfig',
    spec: {
      jobName,
      staticConfigs: [{ targets, ...(labels !== undefined && { labels }) }],
      metricsPath: path,
      scrapeInterval: interval,
      ...(metricRelabelings !== undefined && { metricRelabelings }),
      ...settings,
    },
  });
}
