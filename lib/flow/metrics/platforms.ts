/** Where series are stored, and what differs. */

/** Names of the platforms. */
export const METRICS_PLATFORMS = ['prometheus', 'amp'] as const;

/** The name of a platform. */
export type MetricsPlatformName = (typeof METRICS_PLATFORMS)[number];

/** What differs between them. */
export interface MetricsPlatform {
  /** Its name in messages. */
  readonly called: string;
  /** Seconds between two scrapes at least. */
  readonly leastIntervalSeconds: number;
  /** Sources at most, where each has a limit of its own in the database. */
  readonly mostSources: number;
  /** Seconds between two evaluations of a rule. Default: those between two scrapes. */
  readonly ruleIntervalSeconds?: number;
  /** Whether it stores histograms that were converted, with custom buckets (schema −53). */
  readonly takesConverted: boolean;
  readonly source: string;
}

/** The platforms, by name. */
export const PLATFORMS: Readonly<Record<MetricsPlatformName, MetricsPlatform>> = {
  prometheus: {
    called: 'Prometheus',
    leastIntervalSeconds: 1,
    mostSources: 1000,
    takesConverted: true,
    source: 'Prometheus, Configuration, scrape_interval',
  },
  amp: {
    called: 'Amazon Managed Service for Prometheus',
    leastIntervalSeconds: 30,
    mostSources: 100,
    ruleIntervalSeconds: 60,
    // Its valid schemas are −4 to 8: others are discarded as native_histogram_invalid_schema.
    takesConverted: false,
    source:
      'Amazon Managed Service for Prometheus, quotas: samples a second up to a thirtieth of the active series, 100 label sets a workspace',
  },
};

/**
 * Seconds between two scrapes at most: of the five minutes that a query looks back one scrape may be missed.
 *
 * Source: Prometheus, Querying basics, Staleness.
 */
export const LONGEST_INTERVAL_SECONDS = 120;

/** Scrapes in the window of a rate, so that one may be missed (BP-PROM-002). */
export const SCRAPES_IN_WINDOW = 4;

/** Seconds for which a series that ended still counts: the head of Prometheus, and Amazon's definition of active. */
export const ACTIVE_SECONDS = 7200;

/** The first major version that turns classic histograms into native ones (`convert_classic_histograms_to_nhcb`). */
export const NATIVE_SINCE = 3;

/** Days for which Amazon Managed Service for Prometheus keeps samples unless it is told otherwise. */
export const DEFAULT_RETENTION_DAYS = 150;
