/** The knobs of every queue, independent of broker and platform: crew, cost, time of an item, alarms. */

import { DEFAULT_HEADROOM } from '../headroom';
import { once } from '../once';
import { type Knob, unlessGiven } from '../plan';
import { MONTH_HOURS } from '../prices';
import type { Planned } from './planned';
import type { QueueQuestion } from './question';
import { attemptSeconds, type ResolvedWorkload, resolveWorkload } from './resolve';
import type { Decision, Sizing } from './sizing';

/** Every neutral knob, in the order it is derived. */
export function queueKnobs(planned: Planned): Knob[] {
  return [
    ...crewKnobs(planned),
    ...costKnobs(planned.sizing),
    itemTimeoutKnob(planned),
    ...retryKnobs(planned),
    ...alarmKnobs(planned),
  ];
}

/** What decided on the most instances, where that is not the promise. */
const DECIDED: Readonly<Record<Exclude<Decision, 'latency'>, string>> = {
  given: 'given',
  minimum: 'minInstances, given by hand: more than the load needs',
  backlog: 'fewest instances, in steps of 2 %, of which the predicted backlog is at most maxBacklog',
  limit: 'the instances that can exist: fewer than the bounds given by hand ask for',
};

/** The most instances, with the bound that decided. */
function maxInstancesKnob({ sizing }: Planned, peak: Knob['inputs']): Knob {
  const { consumer, given, promised, passing, decidedBy, startSecondsWithin } = sizing;
  const burst = sizing.workload.burstItems > 0;
  const start = startSecondsWithin > 0 ? '; the work of an item has the start of its job in it' : '';
  const inputs: Readonly<Record<Decision, Knob['inputs']>> = {
    given: {},
    latency: { ...peak, ...(startSecondsWithin > 0 ? { startSeconds: startSecondsWithin } : {}) },
    minimum: { minInstances: consumer.minInstances },
    backlog: { ...peak, maxBacklog: promised.maxBacklog },
    limit: { instanceLimit: given.instanceLimit ?? consumer.maxInstances },
  };
  const through = burst
    ? 'of head-room × the burst, waited out'
    : passing
      ? 'through head-room × the peak, over before the queue settles'
      : 'at head-room × the peak (Erlang C), settled within it';
  const formula =
    decidedBy === 'latency'
      ? `⌈fewest slots c with P(latency > promise) ≤ 1 − quantile ${through} ÷ slots⌉${start}`
      : DECIDED[decidedBy];
  const erlang = burst
    ? 'Newell, Applications of Queueing Theory (1982), 2: what waits is served at the rate of the slots'
    : passing
      ? 'Harrison, Brownian Motion and Stochastic Flow Systems (1985), 3.6: the line followed through time'
      : 'Erlang C, exact; Allen, Probability, Statistics and Queueing Theory (1990), 5.4 for the variation of service';
  return {
    name: 'maxInstances',
    value: consumer.maxInstances,
    unit: 'instances',
    formula,
    inputs: inputs[decidedBy],
    source: { given: 'set by hand', minimum: 'minInstances', limit: 'instanceLimit', latency: erlang, backlog: erlang }[
      decidedBy
    ],
  };
}

function crewKnobs(planned: Planned): Knob[] {
  const { question, platformFacts, sizing, headroom } = planned;
  const { workload, consumer, promised, workSeconds, unhinderedSeconds } = sizing;
  const given = question.consumer ?? {};
  const slots = consumer.slotsPerInstance;
  const peak = {
    headroom,
    ...peakInputs(workload),
    workSeconds,
    latencySeconds: promised.latencySeconds,
    latencyQuantile: promised.latencyQuantile,
    slotsPerInstance: slots,
  };
  // Nothing was sized for head-room where the whole crew was given.
  const isCrewGiven =
    given.minInstances !== undefined && given.maxInstances !== undefined && question.objective.headroom === undefined;
  return [
    {
      name: 'slotsPerInstance',
      value: slots,
      unit: 'items',
      formula: given.slotsPerInstance === undefined ? 'one item at a time unless told otherwise' : 'given',
      inputs: {},
      source: platformFacts.title,
    },
    maxInstancesKnob(planned, peak),
    ...(isCrewGiven ? [] : [headroomKnob(question, headroom)]),
    {
      name: 'minInstances',
      value: consumer.minInstances,
      unit: 'instances',
      formula:
        given.minInstances !== undefined
          ? 'given'
          : '⌈max(slots for the steady rate, peak slots × min(1 − B ÷ reaction, 1 ÷ (1 + B ÷ peak))) ÷ slots⌉ at head-room × the load, B = 0.85 × (latency − unhindered)',
      inputs:
        given.minInstances !== undefined
          ? {}
          : {
              headroom,
              steadyPerSecond: workload.steadyPerSecond,
              ...peakInputs(workload),
              peakSeconds: workload.peakSeconds,
              reactionSeconds: consumer.pollSeconds + consumer.decideSeconds + consumer.startSeconds,
              unhinderedSeconds,
            },
      source: 'fluid model of a peak under autoscaling: Newell, Applications of Queueing Theory (1982), 2; Erlang C',
    },
    ...(platformFacts.followsBacklog ? [backlogKnob(sizing)] : []),
  ];
}

/** What comes at the peak, as it was given. */
function peakInputs({ burstItems, peakPerSecond }: ResolvedWorkload): Knob['inputs'] {
  return burstItems > 0 ? { burstItems } : { peakPerSecond };
}

function headroomKnob({ objective }: Planned['question'], headroom: number): Knob {
  return {
    name: 'headroom',
    value: headroom,
    unit: '× the load',
    formula: headroomFormula(objective.headroom, headroom),
    inputs: {},
    source: 'this library, docs/decisions/0022-head-room.md',
  };
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

/** What the scaler is told, where it follows the backlog. */
function backlogKnob({ workload, consumer, promised }: Sizing): Knob {
  const slots = consumer.slotsPerInstance;
  const acceptable = (consumer.backlogPerInstance * workload.serviceSeconds) / slots;
  return {
    name: 'backlogPerInstance',
    value: consumer.backlogPerInstance,
    unit: 'items',
    formula:
      'acceptable wait ÷ service time × slots; acceptable is the latency, or less, so that the first poll of a peak asks for every instance',
    inputs: {
      acceptableSeconds: acceptable,
      latencySeconds: promised.latencySeconds,
      serviceSeconds: workload.serviceSeconds,
      slotsPerInstance: slots,
    },
    source:
      'AWS, Scaling policy based on Amazon SQS: acceptable backlog per instance = acceptable latency ÷ processing time',
  };
}

function headroomFormula(given: number | undefined, headroom: number): string {
  if (given !== undefined) return 'given';
  return headroom < DEFAULT_HEADROOM
    ? 'as much as the bounds given by hand leave of 1.25'
    : 'instances are counted for so many times the load that is told';
}

/** How long an attempt may take. */
function itemTimeoutKnob({ question }: Planned): Knob {
  // The item's own time: what a platform adds to it, such as the start of a job, is no part of the attempt.
  const workload = resolveWorkload(question.workload);
  const { serviceSeconds, serviceVariation } = workload;
  const { longest, timeout } = attemptSeconds(workload);
  const given = question.consumer?.itemTimeoutSeconds;
  return {
    name: 'itemTimeoutSeconds',
    value: given ?? timeout,
    unit: 's',
    ...unlessGiven(
      given,
      '⌈max(P99.9 of the service time, 2 × its mean)⌉, service gamma-distributed by mean and variation',
      { serviceSeconds, serviceVariation, longestSeconds: longest },
    ),
    source: 'one attempt in a thousand is given up; the gamma law is the one the simulation draws from',
  };
}

/** How long a failed item waits for its next attempt, where attempts fail. */
function retryKnobs({ sizing, retry: { delay, ...why } }: Planned): Knob[] {
  if (sizing.workload.failureRatio === 0) return [];
  return [{ name: 'retryDelaySeconds', value: delay.baseSeconds, unit: 's', ...why }];
}

/** What alarms compare with: who reads the depth, and from where. */
type Read = Pick<Planned, 'question' | 'platform' | 'brokerFacts' | 'sizing' | 'predictions'>;

/**
 * Slots whose items the depth counts that alarms read. KEDA's alerts read the number that it scales on, which counts
 * items in work on every broker; a queue with a redriver has alarms of its own on the broker's number.
 */
function slotsCounted({ question, platform, brokerFacts, sizing }: Read): number {
  if (question.depthCountsWork === false) return 0;
  const byScaler = (platform === 'keda' || platform === 'keda-job') && question.redrive === undefined;
  const { maxInstances, slotsPerInstance } = sizing.consumer;
  return byScaler || brokerFacts.depthCountsWork ? maxInstances * slotsPerInstance : 0;
}

/** What waits at the peak: of one line, or of the lines of a group, whose lag counts the slots as well. */
function peakWaiting({ question, predictions }: Read, slots: number): number {
  return Math.max(predictions.peakBacklog, (lagOfLines(question) ?? 0) - slots);
}

/** Only a group of Kafka has lines. */
function lagOfLines({ broker, peakLag }: QueueQuestion): number | undefined {
  return broker === 'kafka' ? peakLag : undefined;
}

/** The depth at which an alarm fires: above the prediction, and before the promise is broken. */
export function alarmBacklog(read: Read) {
  const { promised, consumer, workSeconds, unhinderedSeconds } = read.sizing;
  const slots = slotsCounted(read);
  const peakBacklog = peakWaiting(read, slots);
  const capacity = (consumer.maxInstances * consumer.slotsPerInstance) / workSeconds;
  const clearable = capacity * (promised.latencySeconds - unhinderedSeconds);
  const waiting = Math.max(1, 1.1 * peakBacklog, peakBacklog + 0.8 * (clearable - peakBacklog));
  return {
    value: Math.ceil(waiting + slots),
    inputs: { peakBacklog, clearableItems: clearable, ...(slots > 0 && { slots }) },
  };
}

/** The predicted peak as it is read where items in work count; undefined where only those that wait do. */
function peakOutstandingKnob(planned: Planned): Knob | undefined {
  const slots = slotsCounted(planned);
  if (slots === 0) return undefined;
  const { peakBacklog } = planned.predictions;
  const peakLag = lagOfLines(planned.question);
  return {
    name: 'peakOutstanding',
    value: Math.ceil(peakWaiting(planned, slots) + slots),
    unit: 'items',
    formula: `⌈predicted peak + every slot⌉: the depth counts items in work, and while items wait no slot is free${peakLag === undefined ? '' : '; at least peakLag, because members of a group do not share a line'}`,
    inputs: { peakBacklog, slots, ...(peakLag !== undefined && { peakLag }) },
    source: planned.brokerFacts.source,
  };
}

function alarmKnobs(planned: Planned): Knob[] {
  const { sizing, predictions, brokerFacts } = planned;
  const { latencySeconds } = sizing.promised;
  const outstanding = peakOutstandingKnob(planned);
  const formula =
    'predicted peak + 80 % of the way to what all instances clear within the latency; at least 1.1 × the peak';
  const threshold: Knob = {
    name: 'alarmBacklog',
    ...alarmBacklog(planned),
    unit: 'items',
    formula: outstanding === undefined ? formula : `${formula}; and every slot, because the depth counts items in work`,
    source: "Little's law, L = λW",
  };
  const backlog = outstanding === undefined ? [threshold] : [outstanding, threshold];
  if (!brokerFacts.publishesAge) return backlog;
  // A quantile is half the work of a plan, so it is computed when first read.
  const age = once(() => alarmAge(latencySeconds, predictions.latencyP99Seconds));
  return [
    ...backlog,
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
        'between what is predicted and what is promised: silent on a normal peak, early for a bad one; the age is published in whole seconds',
    },
  ];
}

/** An age between prediction and promise that a metric of whole seconds can reach. */
function alarmAge(latencySeconds: number, p99Seconds: number): number {
  const between = Math.min(latencySeconds, Math.max(0.8 * latencySeconds, (p99Seconds + latencySeconds) / 2));
  const [down, up] = [Math.floor(between), Math.ceil(between)];
  return Math.max(1, down < p99Seconds && up <= latencySeconds ? up : down);
}
