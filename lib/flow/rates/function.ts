/** How a function takes messages from Amazon SQS, and how long it may take: knobs with their reasons. */
import { chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import { LONGEST_FUNCTION_SECONDS } from '../queue/platforms/lambda';
import { DAY_SECONDS } from '../ranges';
import { type Crew, callTimeoutKnob, portionSeconds } from './crew';
import { LEAST_FACTOR, STORE_SECONDS } from './run-time';

/** A portion after a throttle is as far apart as twice as many slots of the rate that came back meanwhile. */
const HORIZON_PORTIONS = 2;
/** Three changes of the table, each as long as it may take: the claim, the slot, the record; and two to start. */
const SPARE_SECONDS = 3 * STORE_SECONDS + 2;
/** Messages that Lambda takes into a batch without waiting for more. */
const MOST_WITHOUT_WINDOW = 10;
const CLOSED_SECONDS = 900;
/** Of the provider's refusals, and receives that are none: a late slot, a sender that ended. */
const ATTEMPTS = { refused: 5, other: 5 };

/** How a function takes messages from its queue, and how long it may take. */
export function functionKnobs(crew: Crew, callSeconds: number): Knob[] {
  const { perInstance } = crew;
  const timeout = timeoutKnob(crew, callSeconds);
  const call = callTimeoutKnob(callSeconds, 'derived here: it ends before the function does');
  return [
    timeout,
    horizonKnob('horizonSeconds', crew, crew.firstPerSecond),
    ...(crew.standbyPerSecond === undefined ? [] : [horizonKnob('standbyHorizonSeconds', crew, crew.standbyPerSecond)]),
    call,
    {
      name: 'connections',
      value: Math.min(perInstance, Math.ceil(crew.fastestPerSecond * callSeconds - 1e-9)),
      unit: 'connections',
      formula:
        'messages/s × time of a call, rounded up, at most the messages of a sender: opened before the first slot, because a handshake takes longer than a slot is valid',
      inputs: { messagesPerSecond: crew.fastestPerSecond, callSeconds, messagesPerSender: perInstance },
      source: "Little's law",
    },
    {
      name: 'batchWindowSeconds',
      value: perInstance > MOST_WITHOUT_WINDOW ? 1 : 0,
      unit: 's',
      formula: `a batch above ${MOST_WITHOUT_WINDOW} messages needs a second at least`,
      inputs: { messagesPerSender: perInstance },
      source: 'AWS Lambda API reference, CreateEventSourceMapping: BatchSize',
    },
    {
      name: 'maxReceiveCount',
      value: Math.ceil(DAY_SECONDS / CLOSED_SECONDS) + ATTEMPTS.refused + ATTEMPTS.other,
      unit: 'attempts',
      formula: `a day of receives while nothing may be sent, ${ATTEMPTS.refused} attempts, and ${ATTEMPTS.other} of senders that ended: what can never be sent is parked at once`,
      inputs: { daySeconds: DAY_SECONDS, closedSeconds: CLOSED_SECONDS },
      source: 'derived here: Amazon SQS counts every receive, up to 1,000',
    },
    chosenKnob(
      'closedSeconds',
      CLOSED_SECONDS,
      's',
      'how long a message is hidden while nothing may be sent',
      'Amazon SQS API reference, ChangeMessageVisibility: 12 hours at most',
    ),
    {
      name: 'holdSeconds',
      value: call.value,
      unit: 's',
      formula: 'the time-out of a call: a function that may not send waits before it gives its messages back',
      inputs: { callTimeoutSeconds: call.value },
      source: 'Amazon SQS developer guide, message quotas: 120,000 in flight; faster, the whole queue would be hidden',
    },
  ];
}

/** How far ahead slots are taken. */
function horizonKnob(name: string, { instances, perInstance }: Crew, messagesPerSecond: number): Knob {
  return {
    name,
    value: (HORIZON_PORTIONS * instances * perInstance) / messagesPerSecond,
    unit: 's',
    formula: `${HORIZON_PORTIONS} × senders × messages of a sender ÷ messages/s: they hold half of these slots, and what is further ahead was taken by a wrong clock`,
    inputs: { senders: instances, messagesPerSender: perInstance, messagesPerSecond },
    source: 'derived here: a sender that takes slots by another clock would break the limit',
  };
}

/** Seconds until a function that waits for its slots is ended. */
export function timeoutKnob(crew: Crew, callSeconds: number): Knob {
  const portion = portionSeconds(crew);
  const { value: callTimeoutSeconds } = callTimeoutKnob(callSeconds, '');
  return {
    name: 'functionTimeoutSeconds',
    value: Math.min(
      LONGEST_FUNCTION_SECONDS,
      wholeSeconds(portion / LEAST_FACTOR + callTimeoutSeconds) + SPARE_SECONDS,
    ),
    unit: 's',
    formula: `the slots of all senders at ${LEAST_FACTOR} of the rate + the longest call, rounded up, + ${SPARE_SECONDS} for the table, at most ${LONGEST_FUNCTION_SECONDS}: however much refusals slow the senders down, a batch waits for its slots and is not given back`,
    inputs: { portionSeconds: portion, callTimeoutSeconds },
    source: 'derived here: Amazon SQS counts every receive, also one without a call',
  };
}

/** The same at the full rate: the least that a function needs. */
export function leastTimeoutSeconds(crew: Crew, callSeconds: number): number {
  return wholeSeconds(portionSeconds(crew) + callTimeoutKnob(callSeconds, '').value) + SPARE_SECONDS;
}

function wholeSeconds(seconds: number): number {
  return Math.ceil(seconds - 1e-9);
}
