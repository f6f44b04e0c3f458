import { durationSeconds } from '../../flow/prometheus-duration';
import type { Resource, Value } from '../document';
import type { Rule } from '../rule';
import { variableOf } from './read/containers';
import { type Manifests, namespaceOf } from './read/manifests';

/** Share of the endpoints that has to stay, in percent. */
const ALL = 100;

/** Rules about Istio's traffic policies. */
export const ISTIO_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-ISTIO-001',
    title: 'Outlier detection may eject every endpoint',
    why: 'Under load, or when a dependency is down, all endpoints fail at once. When all of them are ejected no request is served until the ejection ends, however soon they recover.',
    source: 'Istio, DestinationRule, OutlierDetection: maxEjectionPercent, 10 by default; minHealthPercent',
    severity: 'error',
    cases: [12],
    *check(manifests) {
      for (const rule of manifests.ofType('networking.istio.io/DestinationRule')) {
        for (const policy of policiesOf(rule)) {
          const detection = policy.at('outlierDetection');
          const at = detection.at('maxEjectionPercent');
          const percent = at.number();
          // Below the share of healthy ones the detection is switched off.
          if (percent === undefined || percent < ALL || (detection.at('minHealthPercent').number(0) ?? 1) > 0) continue;
          const errors = detection.at('consecutive5xxErrors').number();
          const after = errors === undefined ? '' : ` after ${errors} error${errors === 1 ? '' : 's'} each`;
          const long = detection.at('baseEjectionTime').text('30s');
          yield {
            at,
            message: `maxEjectionPercent ${percent}: every endpoint may be ejected${after}, for ${long ?? 'its ejection time'} and longer each time`,
            fix: 'set maxEjectionPercent to 50 or less, and bound what waits by connectionPool',
          };
        }
      }
    },
  },
  {
    id: 'BP-ISTIO-002',
    title: 'Retries that never take place',
    why: 'The time-out of a route holds for all tries together. When one try may take all of it, none is left for a second one, and a slow endpoint is as bad as without retries.',
    source: 'Istio, VirtualService, HTTPRoute: timeout; HTTPRetry: perTryTimeout',
    severity: 'warning',
    cases: [12],
    *check(manifests) {
      for (const service of manifests.ofType('networking.istio.io/VirtualService')) {
        for (const route of service.at('spec', 'http').items()) {
          const [all, at] = [durationSeconds(route.at('timeout').text()), route.at('retries', 'perTryTimeout')];
          const one = durationSeconds(at.text());
          const attempts = route.at('retries', 'attempts').number();
          if (all === undefined || one === undefined || !attempts || all <= 0 || one < all) continue;
          yield {
            at,
            message: `a try may take ${one} s of the ${all} s for all ${attempts + 1}: no retry takes place when an endpoint is slow`,
            fix: `set perTryTimeout to ${all} s ÷ ${attempts + 1} or less, or timeout to ${one * (attempts + 1)} s or more`,
          };
        }
      }
    },
  },
  {
    id: 'BP-ISTIO-003',
    title: 'Pods that refuse with 503 are ejected for it',
    why: 'A pod that has no room answers 503 and is well. Outlier detection counts it as an error, ejects the pods that protect themselves, and gives their requests to the others, which then refuse as well.',
    source:
      'Istio, DestinationRule, OutlierDetection: consecutive5xxErrors, 5 by default; outlierDetectionHttpErrorCodes, from 1.32',
    severity: 'error',
    cases: [12],
    *check(manifests) {
      for (const rule of manifests.ofType('networking.istio.io/DestinationRule')) {
        for (const policy of policiesOf(rule)) {
          const at = policy.at('outlierDetection');
          if (!at.present || !countsRefusals(at)) continue;
          const shedding = sheddingBehind(manifests, rule, rule.at('spec', 'host').text(), String(REFUSED));
          if (shedding === undefined) continue;
          yield {
            at,
            message: `${shedding.at('metadata', 'name').text()} refuses with ${REFUSED} when it has no room, and ${at.at('consecutive5xxErrors').number(ERRORS)} of them in a row eject its pod`,
            fix: 'list the statuses of a broken pod without it: outlierDetectionHttpErrorCodes: [500, 502, 504]; or let the service refuse with 429',
          };
        }
      }
    },
  },
  {
    id: 'BP-ISTIO-004',
    title: 'A connection pool that bounds connections and not what waits for one',
    why: 'Requests that find no connection wait in the proxy of the client. Without a bound 4,294,967,295 of them may, and each waits for those before it: the callers have gone before theirs is sent.',
    source:
      'Istio, DestinationRule, ConnectionPoolSettings: http1MaxPendingRequests and http2MaxRequests, 2³² − 1 by default',
    severity: 'warning',
    cases: [12],
    *check(manifests) {
      for (const rule of manifests.ofType('networking.istio.io/DestinationRule')) {
        for (const policy of policiesOf(rule)) {
          const pool = policy.at('connectionPool');
          const bounds = ['http1MaxPendingRequests', 'http2MaxRequests'].map((name) => pool.at('http', name));
          if (!pool.present || !bounds.every((bound) => bound.absent)) continue;
          const most = pool.at('tcp', 'maxConnections').number();
          yield {
            at: pool,
            message: `${most === undefined ? 'no bound of what waits' : `maxConnections ${most}, and no bound of what waits for one`}: neither http1MaxPendingRequests nor http2MaxRequests`,
            fix: 'set http.http1MaxPendingRequests and http.http2MaxRequests to what the pods hold, divided by the proxies that call them',
          };
        }
      }
    },
  },
  {
    id: 'BP-ISTIO-005',
    title: 'Callers of a service that refuses wait without a time-out',
    why: 'A service that bounds its queue promises an answer in time. A route without a time-out waits for a pod that is stuck until the connection ends, and holds its place in the bound of the proxy.',
    source: 'Istio, VirtualService, HTTPRoute: timeout, disabled by default',
    severity: 'warning',
    cases: [12],
    *check(manifests) {
      for (const service of manifests.ofType('networking.istio.io/VirtualService')) {
        for (const route of service.at('spec', 'http').items()) {
          const at = route.at('timeout');
          if (!at.absent || !route.at('redirect').absent || !route.at('directResponse').absent) continue;
          const hosts = route
            .at('route')
            .items()
            .map((one) => one.at('destination', 'host').text());
          const [shedding] = hosts.flatMap((host) => sheddingBehind(manifests, service, host) ?? []);
          if (shedding === undefined) continue;
          const seconds = deadlineOf(manifests, shedding);
          const name = shedding.at('metadata', 'name').text();
          yield {
            at,
            message: `no timeout on the route to ${name}${seconds === undefined ? '' : `, which answers in ${seconds} s or not at all`}`,
            fix:
              seconds === undefined
                ? 'set timeout a little above the deadline of the service'
                : `set timeout to ${Number((1.1 * seconds).toPrecision(3))}s: a little above the deadline of the service`,
          };
        }
      }
    },
  },
  {
    id: 'BP-ISTIO-006',
    title: 'Outlier detection without a bound on what waits',
    why: 'The pods that stay get the requests of those that are ejected. Without a connection pool all of them wait in the proxies, the pods that were well become slow as well, and are ejected in turn.',
    source:
      'Istio, DestinationRule, ConnectionPoolSettings: http1MaxPendingRequests and http2MaxRequests, 2³² − 1 by default; OutlierDetection',
    severity: 'warning',
    cases: [12],
    *check(manifests) {
      for (const rule of manifests.ofType('networking.istio.io/DestinationRule')) {
        const ofAll = rule.at('spec', 'trafficPolicy', 'connectionPool');
        for (const policy of policiesOf(rule)) {
          const detection = policy.at('outlierDetection');
          // A subset takes from the rule what it does not set itself.
          const pool = policy.at('connectionPool');
          if (!detection.present || !pool.absent || !ofAll.absent || isOff(detection)) continue;
          yield {
            at: pool,
            message: `outlierDetection, and no connectionPool: when pods are ejected, up to ${NO_BOUND} requests wait in each proxy for the others`,
            fix: 'set connectionPool.http with http1MaxPendingRequests and http2MaxRequests: what the pods hold, divided by the proxies that call them',
          };
        }
      }
    },
  },
];

/** How many requests a proxy lets wait where nothing bounds them. */
const NO_BOUND = '4,294,967,295';

/** `consecutive5xxErrors` when it is left out. */
const ERRORS = 5;
/** The status of a refusal that counts as an error. */
const REFUSED = 503;

/** The policies of a rule: its own, and those of its subsets. */
function policiesOf(rule: Resource): Value[] {
  const subsets = rule.at('spec', 'subsets').items();
  return [rule.at('spec', 'trafficPolicy'), ...subsets.map((subset) => subset.at('trafficPolicy'))];
}

/** Whether no error ejects, as far as the manifest says. */
function isOff(detection: Value): boolean {
  const counted = ['consecutiveGatewayErrors', 'consecutiveLocalOriginFailures'].some(
    (name) => !detection.at(name).absent,
  );
  return !counted && detection.at('consecutive5xxErrors').number(ERRORS) === 0;
}

/** Whether 503 is among the statuses that eject. */
function countsRefusals(detection: Value): boolean {
  const codes = detection.at('outlierDetectionHttpErrorCodes');
  if (!codes.absent) return codes.items().some((code) => code.number() === REFUSED);
  return detection.at('consecutive5xxErrors').number(ERRORS) !== 0;
}

/** The workload behind a host that is told to refuse, with this status or any, as the gate of BoundedService is. */
function sheddingBehind(
  manifests: Manifests,
  from: Resource,
  host: string | undefined,
  status?: string,
): Resource | undefined {
  const [name, namespace = namespaceOf(from)] = (host ?? '').split('.');
  const service = manifests
    .ofType('Service')
    .find((one) => one.at('metadata', 'name').text() === name && namespaceOf(one) === namespace);
  const selector = service?.at('spec', 'selector').entries() ?? [];
  if (selector.length === 0) return undefined;
  return manifests.workloads().find((workload) => {
    const labels = workload.at('spec', 'template', 'metadata', 'labels');
    const isSelected = selector.every(([key, value]) => labels.at(key).text() === value.text());
    return (
      namespaceOf(workload) === namespace &&
      isSelected &&
      manifests.containers(workload).some((container) => sheds(container, status))
    );
  });
}

function sheds(container: Value, status?: string): boolean {
  const own = variableOf(container, 'SHED_STATUS');
  return own !== undefined && (status === undefined || own === status);
}

/** Seconds of the deadline that a workload is told. */
function deadlineOf(manifests: Manifests, workload: Resource): number | undefined {
  const [seconds] = manifests
    .containers(workload)
    .map((container) => Number(variableOf(container, 'SERVER_DEADLINE_SECONDS')))
    .filter((one) => one > 0);
  return seconds;
}
