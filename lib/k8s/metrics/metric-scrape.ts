/**
 * Where the targets of a source are: exactly one of `podLabels`, `serviceLabels` and `addresses`.
 */
export interface MetricScrape {
  /**
   * Labels of the pods, for a `PodMonitor`. At least one.
   *
   * @default - none
   */
  readonly podLabels?: { readonly [label: string]: string };

  /**
   * Labels of the Services, for a `ServiceMonitor`. At least one.
   *
   * @default - none
   */
  readonly serviceLabels?: { readonly [label: string]: string };

  /**
   * Targets outside of the cluster as `host:port`, for a `ScrapeConfig`. At least one.
   *
   * @default - none
   */
  readonly addresses?: string[];

  /**
   * Namespaces of the pods or Services.
   *
   * @default - the namespace of the chart
   */
  readonly namespaces?: string[];

  /**
   * Name of the port of the pods or Services.
   *
   * @default metrics
   */
  readonly port?: string;

  /**
   * Path of the metrics. Begins with `/`.
   *
   * @default /metrics
   */
  readonly path?: string;
}
