/** The numbers of a service's alarms, each with its reason. */
import { CLOUDWATCH_LONGEST_SECONDS, chosenKnob, firstOneKnob, RATE_WINDOW_SECONDS, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import { SCRAPE_SECONDS } from './platforms';
import { type Resolved, type Sizes, wholeReaction } from './sizing';
import type { ServicePlan } from './workload';

const OWN = 'this library, docs/constructs/k8s-bounded-service.md';

const LEAST_SHED_SECONDS = 300;
const LEAST_DOWN_SECONDS = 300;
const LEAST_BUSY_SECONDS = 600;
const LEAST_BUSY = 0.9;
/** kube-controller-manager, --horizontal-pod-autoscaler-tolerance: 0.1. */
const TOLERATED = 1.1;
const PERIOD_SECONDS = 60;
const HOLD_PERIODS = 5;
/** The one in which the peak begins, and the one in which the last task does. */
const BESIDE_PERIODS = 2;

/** What the alarms compare with, and how long a condition holds before one fires. */
export function serviceAlarmKnobs(asked: Resolved, sizes: Sizes): Knob[] {
  const { errorRatio, latencySeconds, quantile, platform, limit, startSeconds } = asked;
  return [
    {
      name: 'alarmShedRatio',
      value: errorRatio,
      unit: 'ratio',
      formula: 'the promise: so many may be refused',
      inputs: { errorRatio },
      source: OWN,
    },
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
    {
      name: 'alarmDownSeconds',
      value: Math.max(LEAST_DOWN_SECONDS, wholeMinutes(2 * startSeconds)),
      unit: 's',
      formula: 'max(300, 2 × start) in whole minutes: an instance that starts has no reading yet',
      inputs: { startSeconds },
      source: OWN,
    },
    ...(platform === 'kubernetes' ? kubernetesKnobs(asked, sizes) : fargateKnobs(asked, sizes)),
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

function wholeMinutes(seconds: number): number {
  return 60 * Math.ceil(seconds / 60);
}

/** Seconds in which a planned peak is refused more of than promised over all of it. */
function plannedSeconds(asked: Resolved, sizes: Sizes): number {
  const { steadyPerSecond, peakPerSecond, peakSeconds } = asked;
  return steadyPerSecond < peakPerSecond ? Math.min(peakSeconds, wholeReaction(asked, sizes)) : 0;
}

function kubernetesKnobs(asked: Resolved, sizes: Sizes): Knob[] {
  const reactionSeconds = plannedSeconds(asked, sizes);
  const busy = busyShare(asked, sizes);
  return [
    rateWindowKnob(),
    {
      name: 'alarmShedSeconds',
      value: Math.max(LEAST_SHED_SECONDS, wholeMinutes(reactionSeconds + RATE_WINDOW_SECONDS + SCRAPE_SECONDS)),
      unit: 's',
      formula:
        'max(300, reaction + window + scrape) in whole minutes: what a planned peak refuses at first is out of the rate by then',
      inputs: { reactionSeconds, windowSeconds: RATE_WINDOW_SECONDS, scrapeSeconds: SCRAPE_SECONDS },
      source: OWN,
    },
    {
      name: 'alarmBusyRatio',
      value: busy < LEAST_BUSY ? LEAST_BUSY : (1 + busy) / 2,
      unit: 'ratio',
      formula:
        '0.9, or halfway to all slots from what is busy as planned, where that is more: from here on the queue fills',
      inputs: { busy },
      source: OWN,
    },
    {
      name: 'alarmBusySeconds',
      value: Math.max(LEAST_BUSY_SECONDS, wholeMinutes(2 * reactionSeconds)),
      unit: 's',
      formula: 'max(600, 2 × reaction) in whole minutes: slots are busy until as many pods run as a planned peak needs',
      inputs: { reactionSeconds },
      source: OWN,
    },
    firstOneKnob('alarmScalerErrors', 'errors', 'the autoscaler reads no load, and keeps the fallback', OWN),
    chosenKnob('scrapeSeconds', SCRAPE_SECONDS, 's', 'the autoscaler sees the load this late', OWN),
  ];
}

/** The share of the slots that the plan itself fills: before one more is started, and at the peak. An autoscaler lets a tenth pass. */
function busyShare(asked: Resolved, { slots, ratedPerSecond, maxInstances }: Sizes): number {
  const { serviceSeconds, headroom, peakPerSecond } = asked;
  const perInstance = Math.max((TOLERATED * ratedPerSecond) / headroom, peakPerSecond / maxInstances);
  return Math.min(1, (perInstance * serviceSeconds) / slots);
}

function fargateKnobs(asked: Resolved, sizes: Sizes): Knob[] {
  const reactionSeconds = plannedSeconds(asked, sizes);
  return [
    chosenKnob('alarmPeriodSeconds', PERIOD_SECONDS, 's', 'Elastic Load Balancing publishes once a minute', OWN),
    {
      name: 'alarmHoldPeriods',
      value: periodsBeyond(asked.startSeconds),
      unit: 'periods',
      formula: 'max(5, ⌈start ÷ period⌉ + 2), a day at most: longer than tasks take to start',
      inputs: { startSeconds: asked.startSeconds, periodSeconds: PERIOD_SECONDS },
      source: OWN,
    },
    {
      name: 'alarmShedPeriods',
      value: periodsBeyond(reactionSeconds),
      unit: 'periods',
      formula: 'max(5, ⌈reaction ÷ period⌉ + 2), a day at most: what a planned peak refuses at first is over by then',
      inputs: { reactionSeconds, periodSeconds: PERIOD_SECONDS },
      source: OWN,
    },
    firstOneKnob('alarmUnhealthy', 'targets', 'a task that answers no health check serves nothing', OWN),
    chosenKnob('alarmRoom', 0, 'places', 'no task has room: what comes is refused', OWN),
    firstOneKnob('alarmRejectedConnections', 'connections', 'the load balancer itself is at its limit', OWN),
  ];
}

/** Periods after which something that takes so long is over. */
function periodsBeyond(seconds: number): number {
  const periods = Math.ceil(seconds / PERIOD_SECONDS) + BESIDE_PERIODS;
  return Math.min(CLOUDWATCH_LONGEST_SECONDS / PERIOD_SECONDS, Math.max(HOLD_PERIODS, periods));
}

/** The promised quantile of the latency as a percentile, such as 99 or 99.9. */
export function promisedPercentile(plan: ServicePlan): number {
  return Number((100 * plan.value('alarmLatencyQuantile')).toFixed(4));
}
