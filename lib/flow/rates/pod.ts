/** How a container takes messages from its queue in Redis, and how its pod lives: knobs with their reasons. */
import { chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import { podProbeKnobs, progressDeadlineKnob } from '../probes';
import { type Crew, callTimeoutKnob, LEAST_HORIZON_SECONDS, portionSeconds, WAITED_PORTIONS } from './crew';

const OWN = 'this library, docs/constructs/k8s-rate-limited-sender.md';
/** What recording, or parking, takes after a call. */
const RECORD_SPARE_SECONDS = 5;
const LEAST_STALLED_SECONDS = 120;

/** The knobs of a pod that sends. */
export function podKnobs(crew: Crew, callSeconds: number): Knob[] {
  const call = callTimeoutKnob(callSeconds, 'derived here: a pod that is told to end waits for it');
  const portion = portionSeconds(crew);
  const hideSeconds = Math.ceil(WAITED_PORTIONS * (portion + callSeconds) - 1e-9) + call.value;
  return [
    call,
    {
      name: 'hideSeconds',
      value: hideSeconds,
      unit: 's',
      formula: `${WAITED_PORTIONS} × (time between two portions of one pod + time of a call), rounded up, + the longest call: until then no other sender receives the message`,
      inputs: { portionSeconds: portion, callSeconds, callTimeoutSeconds: call.value },
      source: 'derived here: a portion is late by at most the two before it',
    },
    {
      name: 'horizonSeconds',
      value: Math.max(LEAST_HORIZON_SECONDS, hideSeconds),
      unit: 's',
      formula:
        'as long as a message is hidden, at least a minute: a bucket that is further ahead was set by a wrong clock',
      inputs: { hideSeconds },
      source: 'derived here: no sender waits longer for its slot',
    },
    chosenKnob(
      'closedSeconds',
      60,
      's',
      'how long a message is hidden while nothing may be sent: after a resume the first leaves within it',
      OWN,
    ),
    chosenKnob(
      'holdSeconds',
      1,
      's',
      'a sender that may not send waits before it gives its message back: messages in flight ÷ this are hidden a second',
      OWN,
    ),
    {
      name: 'stalledSeconds',
      value: Math.max(LEAST_STALLED_SECONDS, 2 * hideSeconds),
      unit: 's',
      formula:
        'twice the time that a message is hidden, at least two minutes: one that waits for its slot does not hang',
      inputs: { hideSeconds },
      source: 'derived here: a pod that is restarted parks the mails that it was sending',
    },
    {
      name: 'terminationGracePeriodSeconds',
      value: call.value + RECORD_SPARE_SECONDS,
      unit: 's',
      formula: `the longest call + ${RECORD_SPARE_SECONDS}: what waits for its slot is given back at once`,
      inputs: { callTimeoutSeconds: call.value },
      source: 'derived here: a pod that is killed parks the mails that it was sending',
    },
    progressDeadlineKnob(),
    chosenKnob('scrapeSeconds', 30, 's', 'half of a minute: one failed scrape leaves no gap', OWN),
    ...podProbeKnobs(),
  ];
}
