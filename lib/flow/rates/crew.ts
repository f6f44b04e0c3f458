/** The senders of a plan: how many, and what each has in flight. */
import type { Knob } from '../plan';
import { type Pace, standbyPace } from './limit';
import { SENDERS } from './senders';
import type { RatesQuestion } from './workload';

/** Senders in flight beyond Little's law, so that one that is late leaves no slot empty. */
const SPARE_SENDERS = 1.2;
/** Portions that a message may wait for before it is given back. */
export const WAITED_PORTIONS = 3;
/** A bucket that is further ahead than this, and than any sender waits, was set by a wrong clock. */
export const LEAST_HORIZON_SECONDS = 60;
/** What a call may take beyond twice its mean. */
const CALL_SPARE_SECONDS = 4;

/** How the messages in flight are shared out. */
export interface Crew {
  readonly inFlight: number;
  readonly instances: number;
  readonly perInstance: number;
  readonly leasesPerSecond: number;
  readonly firstPerSecond: number;
  readonly standbyPerSecond?: number;
  /** The rate of the faster provider, which the senders are enough for. */
  readonly fastestPerSecond: number;
  /** The rate of the slower provider, at which a portion takes longest. */
  readonly slowestPerSecond: number;
}

/** Senders for that rate: Little's law, in as few instances as there may be. */
export function crewFor({ messagesPerSecond, jitterSeconds }: Pace, question: RatesQuestion): Crew {
  const { workload, sender = 'lambda' } = question;
  const { leastInstances, mostPerInstance, batches } = SENDERS[sender];
  const standby = standbyPace(question);
  // A second provider that takes more needs more of them while it sends.
  const fastestPerSecond = Math.max(messagesPerSecond, standby?.messagesPerSecond ?? 0);
  const busy = fastestPerSecond * (workload.callSeconds + jitterSeconds);
  const inFlight = Math.max(1, Math.ceil(busy * SPARE_SENDERS - 1e-9));
  // While one waits for its last call, the slots are for the batches of the others.
  const waiting = batches ? 1 : 0;
  const instances = Math.max(leastInstances, Math.ceil(inFlight / mostPerInstance) + waiting);
  const perInstance = Math.ceil(inFlight / (instances - waiting));
  return {
    inFlight,
    instances,
    perInstance,
    firstPerSecond: messagesPerSecond,
    standbyPerSecond: standby?.messagesPerSecond,
    fastestPerSecond,
    leasesPerSecond: fastestPerSecond / perInstance,
    slowestPerSecond: Math.min(messagesPerSecond, standby?.messagesPerSecond ?? messagesPerSecond),
  };
}

/** The senders. */
export function crewKnobs(pace: Pace, crew: Crew, { workload, sender = 'lambda' }: RatesQuestion): Knob[] {
  const { mostPerInstance, leastInstances, source, bucketWrites, batches } = SENDERS[sender];
  const { jitterSeconds } = pace;
  const { callSeconds } = workload;
  const { inFlight, instances, perInstance, leasesPerSecond, fastestPerSecond: messagesPerSecond } = crew;
  const knobs: Knob[] = [
    {
      name: 'inFlight',
      value: inFlight,
      unit: 'messages',
      formula: `messages/s × (time of a call + jitter) × ${SPARE_SENDERS}, rounded up`,
      inputs: { messagesPerSecond, callSeconds, jitterSeconds },
      source: "Little's law; a fifth more, so that one late sender leaves no slot empty",
    },
  ];
  if (sender === 'cloud-tasks' || sender === 'cloud-run')
    return [
      ...knobs,
      { ...knobs[0], name: 'maxConcurrentDispatches', formula: 'messages in flight', inputs: { inFlight }, source },
    ];
  knobs.push(
    {
      name: 'senders',
      value: instances,
      unit: 'instances',
      formula: `as few as there may be: messages in flight ÷ those of one instance, rounded up${batches ? ', and one that waits for its last call' : ''}`,
      inputs: { inFlight, mostPerInstance, leastInstances },
      source,
    },
    {
      name: 'messagesPerSender',
      value: perInstance,
      unit: 'messages',
      formula: batches
        ? 'messages in flight ÷ (instances − 1), rounded up: one of them waits for its last call'
        : 'messages in flight ÷ instances, rounded up',
      inputs: { inFlight, senders: instances },
      source: 'as many as one portion of slots',
    },
    {
      name: 'bucketWritesPerSecond',
      value: leasesPerSecond,
      unit: 'writes/s',
      formula: 'messages/s ÷ slots that are taken at once',
      inputs: { messagesPerSecond, messagesPerSender: perInstance },
      source: bucketWrites.source,
    },
  );
  return knobs;
}

/** Seconds between two portions of one instance: a portion is late by at most the two before it. */
export function portionSeconds({ instances, perInstance, slowestPerSecond }: Crew): number {
  return (perInstance * instances) / slowestPerSecond;
}

/** The longest call. */
export function callTimeoutKnob(callSeconds: number, source: string): Knob {
  return {
    name: 'callTimeoutSeconds',
    value: Math.ceil(2 * callSeconds) + CALL_SPARE_SECONDS,
    unit: 's',
    formula: `2 × time of a call, rounded up, + ${CALL_SPARE_SECONDS}: a call without an answer may have sent the mail`,
    inputs: { callSeconds },
    source,
  };
}
