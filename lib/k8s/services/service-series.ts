/** What is measured of a service, by who bounds it: the gate's own metrics, or those of Istio's proxies. */
import { ServiceAdmission, type ServicePlan } from '../../flow/services/workload';
import { anyOf, matching, quoted } from '../promql';

/** Statuses of what was accepted and done, such as 201 and 204. Errors are quick, and would make the rest look better than it is. */
const DONE = quoted('[23]..');

/** Whose series they are. */
export interface ServiceSeries {
  readonly admission: ServiceAdmission;
  readonly namespace?: string;
  /** Name of the Service. */
  readonly service: string;
}

/** Requests in work or waiting, in all pods. */
export function inFlight(series: ServiceSeries, window: string): string {
  if (series.admission !== ServiceAdmission.ENVOY) return `sum(${gate(series, 'in_flight')})`;
  // Little's law: seconds of all requests that end in a second.
  return `sum(rate(${istio(series, 'istio_request_duration_milliseconds_sum')}${window})) / 1000`;
}

/** Whether the slots follow the work. */
export function hasLimit(plan: ServicePlan): boolean {
  return plan.knobs.some(({ name }) => name === 'limitCeiling');
}

/**
 * The load by which pods are started: requests in flight, in planned slots. A limit that has fallen bounds what is in flight, and
 * its pods would look idle while they refuse; of what they may work on they have as much in flight as pods with all of their slots.
 * A pod shows no more than it holds, also at the moment at which its limit falls.
 */
export function load(series: ServiceSeries, window: string, plan: ServicePlan): string {
  if (!hasLimit(plan)) return inFlight(series, window);
  const [inWork, slots, limit] = ['in_flight', 'slots', 'limit'].map((name) => gate(series, name));
  return `sum(clamp_max(${inWork} * ${slots} / ${limit}, ${plan.value('concurrencyLimit')}))`;
}

/** Requests that are refused, a second. */
export function refused(series: ServiceSeries, window: string, shedStatus: number): string {
  if (series.admission !== ServiceAdmission.ENVOY) return `sum(rate(${gate(series, 'refused_total')}${window}))`;
  return `(sum(rate(${istio(series, 'istio_requests_total', { response_code: String(shedStatus) })}${window})) or vector(0))`;
}

/** Requests that come, a second. */
export function arriving(series: ServiceSeries, window: string): string {
  if (series.admission === ServiceAdmission.ENVOY)
    return `sum(rate(${istio(series, 'istio_requests_total')}${window}))`;
  // Those that found the program away were admitted before.
  const { namespace, service } = series;
  const before = matching({ namespace, service }, { reason: anyOf(['full', 'late', 'closing']) });
  return `(sum(rate(${gate(series, 'admitted_total')}${window})) + sum(rate(gate_refused_total${before}${window})))`;
}

/** Seconds within which a share of the accepted requests is answered. */
export function latency(series: ServiceSeries, window: string, quantile: number): string {
  if (series.admission === ServiceAdmission.ENVOY) {
    const buckets = istio(series, 'istio_request_duration_milliseconds_bucket', {}, { response_code: DONE });
    return `histogram_quantile(${quantile}, sum by (le) (rate(${buckets}${window}))) / 1000`;
  }
  return `histogram_quantile(${quantile}, sum by (le) (rate(${gate(series, 'request_seconds_bucket')}${window})))`;
}

/** A metric of the gate. */
export function gate(
  { namespace, service }: ServiceSeries,
  name: string,
  more: Readonly<Record<string, string>> = {},
): string {
  return `gate_${name}${matching({ namespace, service, ...more })}`;
}

function istio(
  { namespace, service }: ServiceSeries,
  name: string,
  more: Readonly<Record<string, string>> = {},
  patterns: Readonly<Record<string, string>> = {},
): string {
  const labels = {
    reporter: 'destination',
    destination_service_namespace: namespace,
    destination_service_name: service,
  };
  return `${name}${matching({ ...labels, ...more }, patterns)}`;
}
