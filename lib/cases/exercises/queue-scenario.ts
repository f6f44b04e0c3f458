import type { Consumer } from '../../flow/queue/workload';
import type { Engine } from '../engine';
import type { Deployments } from '../scenario';

/** The scenario of a queue, with more about its consumer given by hand on one engine. */
export function consumerOn<S extends { readonly after: Deployments }>(scenario: S, engine: Engine, given: Consumer): S {
  const asked = scenario.after.on[engine];
  if (asked === undefined) throw new Error(`the case is not deployed on ${engine}`);
  const on = { ...scenario.after.on, [engine]: { ...asked, consumer: { ...asked.consumer, ...given } } };
  return { ...scenario, after: { ...scenario.after, on } };
}
