/** What the proxies of a service's clients are told. */
import { chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import { limitFloor } from './limit-knobs';
import type { ServicePlan } from './workload';

const ISTIO = 'Istio, DestinationRule, OutlierDetection';
const GATEWAY = 'Envoy Gateway, BackendTrafficPolicy, circuitBreaker: 1,024 of each by default';
const ENVOY = 'Envoy, adaptive concurrency, gradient controller';

/**
 * The knobs of a mesh.
 *
 * @param clients proxies that call the service at the same time
 */
export function meshKnobs(plan: ServicePlan, clients: number): Knob[] {
  const maxInstances = plan.value('maxInstances');
  const concurrencyLimit = plan.value('concurrencyLimit');
  return [
    {
      name: 'meshRequests',
      value: Math.ceil((maxInstances * concurrencyLimit) / clients),
      unit: 'requests',
      formula: '⌈instances × (slots + queue) ÷ clients⌉: the bound of a proxy is its own, and all of them add up',
      inputs: { maxInstances, concurrencyLimit, clients },
      source: 'Istio, DestinationRule, ConnectionPoolSettings: 2³² − 1 by default',
    },
    chosenKnob(
      'meshRetries',
      1,
      'retries',
      'at a time, of one proxy: the least that Istio passes on, as it takes 0 for its default; the VirtualService asks for none',
      'Istio, DestinationRule, HTTPSettings, maxRetries: 2³² − 1 by default',
    ),
    chosenKnob('ejectAfterErrors', 5, 'errors', 'in a row, of which a refusal is none: the default', ISTIO),
    chosenKnob('ejectIntervalSeconds', 10, 's', 'the default', ISTIO),
    chosenKnob('ejectSeconds', 30, 's', 'the default', ISTIO),
    chosenKnob('ejectRatio', 0.3, 'ratio', 'of the pods at most: the others could not bear the load', ISTIO),
  ];
}

/**
 * The knobs of a gateway in front of a service.
 *
 * @param proxies proxies of the gateway, each of which counts by itself
 */
export function gatewayKnobs(plan: ServicePlan, proxies: number): Knob[] {
  const maxInstances = plan.value('maxInstances');
  const concurrencyLimit = plan.value('concurrencyLimit');
  return [
    {
      name: 'gatewayRequests',
      value: Math.ceil((maxInstances * concurrencyLimit) / proxies),
      unit: 'requests',
      formula: '⌈instances × (slots + queue) ÷ proxies⌉: the bound of a proxy is its own, and all of them add up',
      inputs: { maxInstances, concurrencyLimit, proxies },
      source: GATEWAY,
    },
    {
      name: 'gatewayPendingRequests',
      value: Math.ceil(concurrencyLimit / proxies),
      unit: 'requests',
      formula: '⌈(slots + queue) ÷ proxies⌉: connections that are opened at once, as when a pod is new',
      inputs: { concurrencyLimit, proxies },
      source: GATEWAY,
    },
    chosenKnob(
      'gatewayRetries',
      0,
      'retries',
      'a refusal says when to return; the proxy would return at once',
      GATEWAY,
    ),
  ];
}

/** The knobs of adaptive concurrency in the proxy of a pod. */
export function adaptiveKnobs(plan: ServicePlan): Knob[] {
  const slots = plan.value('slotsPerInstance');
  return [
    chosenKnob(
      'minRttBuffer',
      0,
      'ratio',
      'beyond the minRTT, which is the promise itself: with the default of 0.25 the limit would fall only from 1.25 × the promise',
      'Envoy, adaptive concurrency, min_rtt_calc_params.buffer: 25 % by default, for a minRTT that is measured',
    ),
    chosenKnob('limitUpdateSeconds', 0.1, 's', 'the default: from one limit to the next', ENVOY),
    {
      name: 'leastConcurrency',
      value: limitFloor(slots),
      unit: 'requests',
      formula: 'max(1, ⌈slots ÷ 4⌉): however slow the answers are',
      inputs: { slots },
      source: ENVOY,
    },
  ];
}
