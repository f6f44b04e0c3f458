import type { Rule } from '../rule';
import { durationSeconds } from './read/durations';
import type { Manifests } from './read/manifests';

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
        const policies = [
          rule.at('spec', 'trafficPolicy'),
          ...rule
            .at('spec', 'subsets')
            .items()
            .map((subset) => subset.at('trafficPolicy')),
        ];
        for (const policy of policies) {
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
];
