/** How much of a service one of its clients may have, as a firewall counts it. */
import { chosenKnob } from '../alarms';
import { type Check, positive, required } from '../errors';
import type { Knob } from '../plan';
import type { ServicePlan, ServiceWorkload } from './workload';

const WAF = 'AWS WAF developer guide, rate-based rule statement: 10 to 2,000,000,000 requests in 60, 120, 300 or 600 s';
const LEAST_REQUESTS = 10;
const WINDOW_SECONDS = 60;
/** Times its even share. */
const SHARE_TIMES = 2;

/** Checks the number of clients, and how much more than its share one may have. */
export function clientChecks(path: string, clients?: number, shareTimes?: number): Check[] {
  return [required(positive, `${path}.clients`, clients, 1, 1e9), positive(`${path}.shareTimes`, shareTimes, 1, 1000)];
}

/** The knobs of a limit for each client. */
export function clientKnobs(
  plan: ServicePlan,
  { peakPerSecond }: ServiceWorkload,
  { clients, shareTimes = SHARE_TIMES }: { readonly clients: number; readonly shareTimes?: number },
): Knob[] {
  const ratedPerSecond = plan.value('ratedPerSecond');
  const maxInstances = plan.value('maxInstances');
  const mostPerSecond = Math.min((shareTimes * peakPerSecond) / clients, maxInstances * ratedPerSecond);
  return [
    chosenKnob(
      'clientWindowSeconds',
      WINDOW_SECONDS,
      's',
      'the shortest: a flood is in the service until it ends',
      WAF,
    ),
    {
      name: 'clientRequests',
      value: Math.max(LEAST_REQUESTS, Math.ceil(WINDOW_SECONDS * mostPerSecond * (1 - 1e-12))),
      unit: 'requests',
      formula:
        'max(10, ⌈window × min(times × peak ÷ clients, instances × rated)⌉): more than its share, never more than all instances bear',
      inputs: { windowSeconds: WINDOW_SECONDS, shareTimes, peakPerSecond, clients, maxInstances, ratedPerSecond },
      source: WAF,
    },
  ];
}
