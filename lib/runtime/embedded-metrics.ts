/** CloudWatch's embedded metric format: values in a log line, which become metrics when the log is read. */

/** One metric of a line. */
export interface EmbeddedMetric {
  readonly name: string;
  readonly value: number;
  readonly unit: 'Bytes' | 'Bytes/Second' | 'Count' | 'Seconds';
}

/**
 * The line.
 *
 * @param dimensions of every metric, all of them together
 * @param details what a person reads beside it
 */
export function embeddedLine(
  namespace: string,
  dimensions: Readonly<Record<string, string>>,
  metrics: readonly EmbeddedMetric[],
  details: Readonly<Record<string, string>> = {},
): string {
  return JSON.stringify({
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...details,
    ...Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
  });
}
