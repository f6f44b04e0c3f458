/** The knobs of a queue and its consumer, each with its formula, its inputs and its source. */

import { CapacityError } from '../errors';
import { figure } from '../figures';
import { serviceQuantile } from '../numerics/gamma';
import { once } from '../once';
import type { Knob, Predictions } from '../plan';
import { DEFAULT_BACKOFF } from './backoff';
import { MONTH_HOURS } from './forecast/predict';
import type { ResolvedWorkload } from './resolve';
import type { Sizing } from './sizing';

/** SQS keeps a message invisible for 12 hours at most (SQS API reference, `VisibilityTimeout`). */
export const LONGEST_VISIBILITY_SECONDS = 43_200;

const DAY = 86_400;
const SHORTEST_RETENTION = 4 * DAY;
const LONGEST_RETENTION = 14 * DAY;
/** Friday evening to Monday morning: the longest that a failure waits for a person. */
const HUMAN_SECONDS = 3 * DAY;
/** Whole seconds are what queues and functions take; a time-out also needs room for an item of constant service. */
const TIMEOUT_ROOM = 2;

/** P99.9 of the service time in seconds, and the whole seconds after which an attempt is given up for it. */
export function attemptSeconds({
  serviceSeconds: mean,
  serviceVariation: variation,
}: Pick<ResolvedWorkload, 'serviceSeconds' | 'serviceVariation'>): { longest: number; timeout: number } {
  const longest = serviceQuantile(0.999, mean, variation);
  return { longest, timeout: Math.ceil(Math.max(longest, TIMEOUT_ROOM * mean)) };
}

/** Every knob, in the order it is derived. */
export function queueKnobs(sizing: Sizing, predictions: Predictions): Knob[] {
  return [...crewKnobs(sizing), ...costKnobs(sizing), ...timeoutKnobs(sizing), ...alarmKnobs(sizing, predictions)];
}

function crewKnobs({ subject: _, workload, consumer, given, promised, work, alone, passing }: Sizing): Knob[] {
  const slots = consumer.slotsPerInstance;
  const peak = {
    peakPerSecond: workload.peakPerSecond,
    workSeconds: work,
    latencySeconds: promised.latencySeconds,
    latencyQuantile: promised.latencyQuantile,
    slotsPerInstance: slots,
  };
  const acceptable = (consumer.backlogPerInstance * workload.serviceSeconds) / slots;
  return [
    {
      name: 'slotsPerInstance',
      value: slots,
      unit: 'items',
      formula: given.slotsPerInstance === undefined ? 'one item at a time unless told otherwise' : 'given',
      inputs: {},
      source: 'the consumer',
    },
    {
      name: 'maxInstances',
      value: consumer.maxInstances,
      unit: 'instances',
      formula:
        given.maxInstances !== undefined
          ? 'given'
          : passing
            ? '⌈fewest slots c with P(latency > promise) ≤ 1 − quantile through the peak, over before the queue settles ÷ slots⌉'
            : '⌈fewest slots c with P(latency > promise) ≤ 1 − quantile at the peak (Erlang C), settled within it ÷ slots⌉',
      inputs: given.maxInstances !== undefined ? {} : peak,
      source: passing
        ? 'Harrison, Brownian Motion and Stochastic Flow Systems (1985), 3.6: the line followed through time'
        : 'Erlang C, exact; Allen, Probability, Statistics and Queueing Theory (1990), 5.4 for the variation of service',
    },
    {
      name: 'minInstances',
      value: consumer.minInstances,
      unit: 'instances',
      formula:
        given.minInstances !== undefined
          ? 'given'
          : '⌈max(slots for the steady rate, peak slots × min(1 − B ÷ reaction, 1 ÷ (1 + B ÷ peak))) ÷ slots⌉, B = 0.85 × (latency − unhindered)',
      inputs:
        given.minInstances !== undefined
          ? {}
          : {
              steadyPerSecond: workload.steadyPerSecond,
              peakPerSecond: workload.peakPerSecond,
              peakSeconds: workload.peakSeconds,
              reactionSeconds: consumer.pollSeconds + consumer.decideSeconds + consumer.startSeconds,
              unhinderedSeconds: alone,
            },
      source: 'fluid model of a peak under autoscaling: Newell, Applications of Queueing Theory (1982), 2; Erlang C',
    },
    {
      name: 'backlogPerInstance',
      value: consumer.backlogPerInstance,
      unit: 'items',
      formula:
        'acceptable wait ÷ service time × slots; acceptable is the latency, or less, so that the first look into a peak asks for every instance',
      inputs: {
        acceptableSeconds: acceptable,
        latencySeconds: promised.latencySeconds,
        serviceSeconds: workload.serviceSeconds,
        slotsPerInstance: slots,
      },
      source:
        'AWS, Scaling policy based on Amazon SQS: acceptable backlog per instance = acceptable latency ÷ processing time',
    },
  ];
}

function costKnobs({ consumer, given, forecast }: Sizing): Knob[] {
  if (forecast.mostMonthlyCost === undefined) return [];
  return [
    {
      name: 'costCeiling',
      value: forecast.mostMonthlyCost,
      unit: 'USD/month',
      formula: 'every instance all month: maxInstances × price of an hour × hours of a month; no more can be run up',
      inputs: {
        maxInstances: consumer.maxInstances,
        instanceHourCost: given.instanceHourCost ?? 0,
        monthHours: MONTH_HOURS,
      },
      source: 'the most that the scaler may start; 365 days × 24 ÷ 12',
    },
  ];
}

function timeoutKnobs({ subject, workload, consumer, given }: Sizing): Knob[] {
  const { serviceSeconds: mean, serviceVariation: variation } = workload;
  const { longest, timeout } = attemptSeconds(workload);
  const visibility = 6 * timeout;
  if (visibility > LONGEST_VISIBILITY_SECONDS) {
    const share = LONGEST_VISIBILITY_SECONDS / 6 / Math.max(longest, TIMEOUT_ROOM * mean);
    throw new CapacityError(
      subject,
      `one attempt may take ${figure(timeout)} s, 6 × that is beyond the longest visibility time-out of ${LONGEST_VISIBILITY_SECONDS} s`,
      [`${figure(Math.floor(mean * share * 1000) / 1000)} s per item`],
    );
  }
  return [
    {
      name: 'itemTimeoutSeconds',
      value: timeout,
      unit: 's',
      formula: '⌈max(P99.9 of the service time, 2 × its mean)⌉, service gamma-distributed by mean and variation',
      inputs: { serviceSeconds: mean, serviceVariation: variation, longestSeconds: longest },
      source: 'one attempt in a thousand is given up; the gamma law is the one the simulation draws from',
    },
    {
      name: 'visibilityTimeoutSeconds',
      value: visibility,
      unit: 's',
      formula: '6 × item time-out + batch window (0)',
      inputs: { itemTimeoutSeconds: timeout, batchWindowSeconds: 0 },
      source: 'AWS Lambda developer guide, Configuring a queue to use with Lambda (services-sqs-configure)',
    },
    {
      name: 'maxReceiveCount',
      value: consumer.maxAttempts,
      unit: 'attempts',
      formula: 'max(5, maxAttempts): a throttled delivery counts as a receive, too few set good items aside',
      inputs: { maxAttempts: given.maxAttempts ?? consumer.maxAttempts },
      source: 'AWS Lambda developer guide, services-sqs-configure: at least 5',
    },
    {
      name: 'backoffBaseSeconds',
      value: DEFAULT_BACKOFF.baseSeconds,
      unit: 's',
      formula: 'full jitter: delay before attempt n + 2 drawn from U(0, min(cap, base × 2ⁿ))',
      inputs: { maxAttempts: consumer.maxAttempts },
      source: 'AWS Architecture Blog, Exponential Backoff And Jitter; SQS counts visibility in whole seconds',
    },
    {
      name: 'backoffCapSeconds',
      value: DEFAULT_BACKOFF.capSeconds,
      unit: 's',
      formula: 'bound of every delay between attempts',
      inputs: {},
      source: 'AWS Architecture Blog, Exponential Backoff And Jitter',
    },
  ];
}

function alarmKnobs({ workload, consumer, promised, work, alone }: Sizing, predictions: Predictions): Knob[] {
  const { latencySeconds } = promised;
  const { peakBacklog, drainSeconds } = predictions;
  const capacity = (consumer.maxInstances * consumer.slotsPerInstance) / work;
  const clearable = capacity * (latencySeconds - alone);
  const backlog = Math.ceil(Math.max(1, 1.1 * peakBacklog, peakBacklog + 0.8 * (clearable - peakBacklog)));
  // A quantile is half the work of a plan, and not every queue has an age to watch: it waits until it is asked for.
  const age = once(() => alarmAge(latencySeconds, predictions.latencyP99Seconds));
  const wanted = HUMAN_SECONDS + workload.peakSeconds + drainSeconds;
  const retention = Math.min(LONGEST_RETENTION, Math.max(SHORTEST_RETENTION, Math.ceil(wanted / DAY) * DAY));
  return [
    {
      name: 'alarmBacklog',
      value: backlog,
      unit: 'items',
      formula:
        'predicted peak + 80 % of the way to what all instances clear within the latency; at least 1.1 × the peak',
      inputs: { peakBacklog, clearableItems: clearable },
      source: "Little's law, L = λW",
    },
    {
      name: 'alarmAgeSeconds',
      get value() {
        return age();
      },
      unit: 's',
      formula:
        'max(80 % of the latency, halfway from the predicted P99 to it), in whole seconds between P99 and latency where there are any; at least 1 s, below which no age shows',
      get inputs() {
        return { latencySeconds, latencyP99Seconds: predictions.latencyP99Seconds };
      },
      source:
        'between what is predicted and what is promised: silent on a normal peak, early for a bad one; CloudWatch has the age in whole seconds',
    },
    {
      name: 'retentionSeconds',
      value: retention,
      unit: 's',
      formula: 'whole days of peak + drain + 3 days for a person to act, within 4 and 14 days',
      inputs: { peakSeconds: workload.peakSeconds, drainSeconds, humanSeconds: HUMAN_SECONDS },
      source: 'SQS API reference, MessageRetentionPeriod: default 4 days, at most 14',
    },
  ];
}

/** An age between what is predicted and what is promised that a metric of whole seconds can reach. */
function alarmAge(latencySeconds: number, p99Seconds: number): number {
  const between = Math.min(latencySeconds, Math.max(0.8 * latencySeconds, (p99Seconds + latencySeconds) / 2));
  const [down, up] = [Math.floor(between), Math.ceil(between)];
  return Math.max(1, down < p99Seconds && up <= latencySeconds ? up : down);
}
