/** The knobs of a limit that follows the work. */
import { chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import type { Resolved } from './sizing';

const OWN = 'docs/constructs/k8s-bounded-service.md';
/** Of the slots: with fewer a program that is well serves almost nothing. */
const FLOOR_SHARE = 4;
/** Standard deviations of a mean that a window of work as planned may stray. */
const STRAYING = 3;
const LEAST_WINDOW = 10;

/** The fewest requests in work, however slow they are. */
export function limitFloor(slots: number): number {
  return Math.max(1, Math.ceil(slots / FLOOR_SHARE));
}

/** Where it starts, how far it goes, and what it goes by. */
export function limitKnobs({ serviceSeconds, serviceVariation, tolerance }: Resolved, slots: number): Knob[] {
  return [
    {
      name: 'limitInitial',
      value: slots,
      unit: 'requests',
      formula: 'slots: the plan holds until something else is measured',
      inputs: { slots },
      source: OWN,
    },
    {
      name: 'limitFloor',
      value: limitFloor(slots),
      unit: 'requests',
      formula: 'max(1, ⌈slots ÷ 4⌉): however slow the work is',
      inputs: { slots },
      source: OWN,
    },
    {
      name: 'limitCeiling',
      value: slots,
      unit: 'requests',
      formula: 'slots: the program has no more, so a limit that grows beyond them says nothing',
      inputs: { slots },
      source: 'concurrency-limits, pull request 134: a gradient without a ceiling grows without end',
    },
    {
      name: 'limitServiceSeconds',
      value: serviceSeconds,
      unit: 's',
      formula: 'the planned mean: known, so no request is refused in order to measure it',
      inputs: { serviceSeconds },
      source: 'Envoy, adaptive concurrency, min_rtt_calc_params.fixed_value; envoy issues 8337 and 18152',
    },
    chosenKnob(
      'limitTolerance',
      tolerance,
      'times',
      'the planned mean, up to which the work is as planned; the queue is as much shorter',
      'simulated, lib/flow/services/slowdown.ts: between 1.1, which takes four times as many requests to tell, and 1.3',
    ),
    {
      name: 'limitWindowRequests',
      value: Math.max(LEAST_WINDOW, Math.ceil(((STRAYING * serviceVariation) / (tolerance - 1)) ** 2 * (1 - 1e-12))),
      unit: 'requests',
      formula: 'max(10, ⌈(3 × variation ÷ (tolerance − 1))²⌉): a mean of so many strays that far once in 700 windows',
      inputs: { serviceVariation, tolerance },
      source: 'the standard deviation of a mean',
    },
  ];
}
