/** How a function takes messages from Amazon SQS, and how long it may take: knobs with their reasons. */
import { chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import { type Crew, callTimeoutKnob, LEAST_HORIZON_SECONDS, portionSeconds, WAITED_PORTIONS } from './crew';

const TIMEOUT_SPARE_SECONDS = 5;
/** Messages that Lambda takes into a batch without waiting for more. */
const MOST_WITHOUT_WINDOW = 10;
/** Of the provider's refusals, and receives that are none: a pause, a late slot, a sender that ended. */
const ATTEMPTS = { refused: 5, other: 5 };

/** How a function takes messages from its queue, and how long it may take. */
export function functionKnobs(crew: Crew, callSeconds: number): Knob[] {
  const { perInstance } = crew;
  const timeout = timeoutKnob(crew, callSeconds);
  const call = callTimeoutKnob(callSeconds, 'derived here: it ends before the function does');
  return [
    timeout,
    {
      name: 'horizonSeconds',
      value: Math.max(LEAST_HORIZON_SECONDS, timeout.value),
      unit: 's',
      formula:
        'the time-out of the function, at least a minute: a bucket that is further ahead was set by a wrong clock',
      inputs: { functionTimeoutSeconds: timeout.value },
      source: 'derived here: no sender waits longer for its slot',
    },
    call,
    {
      name: 'batchWindowSeconds',
      value: perInstance > MOST_WITHOUT_WINDOW ? 1 : 0,
      unit: 's',
      formula: `a batch above ${MOST_WITHOUT_WINDOW} messages needs a second at least`,
      inputs: { messagesPerSender: perInstance },
      source: 'AWS Lambda API reference, CreateEventSourceMapping: BatchSize',
    },
    chosenKnob(
      'maxReceiveCount',
      ATTEMPTS.refused + ATTEMPTS.other,
      'attempts',
      `${ATTEMPTS.refused} attempts, and ${ATTEMPTS.other} receives that are none: a pause, a late slot, a sender that ended`,
      'derived here: Amazon SQS counts every receive',
    ),
    chosenKnob(
      'closedSeconds',
      900,
      's',
      'how long a message is hidden while nothing may be sent: the receives last for hours of it',
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

/** Seconds until a function that waits for its slots is ended. */
export function timeoutKnob(crew: Crew, callSeconds: number): Knob {
  const portion = portionSeconds(crew);
  return {
    name: 'functionTimeoutSeconds',
    value: Math.ceil(WAITED_PORTIONS * (portion + callSeconds) - 1e-9) + TIMEOUT_SPARE_SECONDS,
    unit: 's',
    formula: `${WAITED_PORTIONS} × (time between two portions of one instance + time of a call), rounded up, + ${TIMEOUT_SPARE_SECONDS}`,
    inputs: { portionSeconds: portion, callSeconds },
    source: 'derived here: a portion is late by at most the two before it',
  };
}
