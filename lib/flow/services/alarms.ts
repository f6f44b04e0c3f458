/** The numbers of a service's alarms, each with its reason. */
import { chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import type { Resolved } from './sizing';
import type { ServicePlan } from './workload';

const OWN = 'this library, docs/constructs/k8s-bounded-service.md';

/** What the alarms compare with, and how long a condition holds before one fires. */
export function serviceAlarmKnobs({ errorRatio, latencySeconds, quantile, platform, limit }: Resolved): Knob[] {
  return [
    {
      name: 'alarmShedRatio',
      value: errorRatio,
      unit: 'ratio',
      formula: 'the promise: so many may be refused',
      inputs: { errorRatio },
      source: OWN,
    },
    chosenKnob('alarmShedSeconds', 300, 's', 'longer than instances take to start', OWN),
    {
      name: 'alarmLatencySeconds',
      value: latencySeconds,
      unit: 's',
      formula: 'the promise',
      inputs: { latencySeconds },
      source: OWN,
    },
    {
      name: 'alarmLatencyQuantile',
      value: quantile,
      unit: 'ratio',
      formula: 'the promise',
      inputs: { quantile },
      source: OWN,
    },
    chosenKnob('alarmLatencyHoldSeconds', 300, 's', 'several readings: a few requests make no percentile', OWN),
    chosenKnob('alarmDownSeconds', 300, 's', 'an instance that starts has no reading yet', OWN),
    ...(platform === 'kubernetes' ? kubernetesKnobs() : fargateKnobs()),
    ...(platform === 'kubernetes' && limit !== 'fixed'
      ? [
          chosenKnob(
            'alarmLimitRatio',
            0.75,
            'ratio',
            'of the slots: the program is slower than planned by a quarter',
            OWN,
          ),
        ]
      : []),
  ];
}

function kubernetesKnobs(): Knob[] {
  return [
    rateWindowKnob(),
    chosenKnob('alarmBusyRatio', 0.9, 'ratio', 'of all slots: from here on the queue fills', OWN),
    chosenKnob('alarmBusySeconds', 600, 's', 'twice what a reaction takes, at least 10 minutes', OWN),
    firstOneKnob('alarmScalerErrors', 'errors', 'the autoscaler reads no load, and keeps the fallback', OWN),
    chosenKnob('scrapeSeconds', 30, 's', 'the autoscaler sees the load this late', OWN),
  ];
}

function fargateKnobs(): Knob[] {
  return [
    chosenKnob('alarmPeriodSeconds', 60, 's', 'Elastic Load Balancing publishes once a minute', OWN),
    chosenKnob('alarmHoldPeriods', 5, 'periods', 'longer than tasks take to start', OWN),
    firstOneKnob('alarmUnhealthy', 'targets', 'a task that answers no health check serves nothing', OWN),
    chosenKnob('alarmRoom', 0, 'places', 'no task has room: what comes is refused', OWN),
    firstOneKnob('alarmRejectedConnections', 'connections', 'the load balancer itself is at its limit', OWN),
  ];
}

/** The promised quantile of the latency as a percentile, such as 99 or 99.9. */
export function promisedPercentile(plan: ServicePlan): number {
  return Number((100 * plan.value('alarmLatencyQuantile')).toFixed(4));
}
