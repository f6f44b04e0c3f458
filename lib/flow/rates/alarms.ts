/** The numbers of a sender's alarms, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob, Plan } from '../plan';
import { REPUTATION_SECONDS } from './run-time';

const WINDOW_SECONDS = 300;
const THROTTLED_RATIO = 0.01;
const THROTTLED_SECONDS = 60;
const PAGE = 'this library, docs/constructs/rate-limited-sender.md';

/** The numbers of the alarms; `pauseAtBounceRatio` and `pauseAtComplaintRatio` are in the plan. */
export function senderAlarmKnobs(plan: Plan): Knob[] {
  const messagesPerSecond = plan.value('messagesPerSecond');
  const closedSeconds = plan.value('closedSeconds');
  return [
    chosenKnob(
      'alarmReputationSeconds',
      REPUTATION_SECONDS,
      's',
      'one sample of the bounce and complaint rates: an average over an hour, because they are published slowly',
      'Amazon SES developer guide, Monitoring sender reputation with CloudWatch alarms: one hour',
    ),
    chosenKnob('alarmWindowSeconds', WINDOW_SECONDS, 's', 'events are counted over this', PAGE),
    {
      name: 'alarmThrottled',
      value: Math.max(1, Math.ceil(THROTTLED_RATIO * messagesPerSecond * THROTTLED_SECONDS)),
      unit: 'refusals',
      formula: `${THROTTLED_RATIO} × messages/s × ${THROTTLED_SECONDS} s, rounded up, at least one: others send by the same limit, or the limit is lower than given`,
      inputs: { messagesPerSecond },
      source: PAGE,
    },
    chosenKnob('alarmThrottledSeconds', THROTTLED_SECONDS, 's', 'refusals are counted over this', PAGE),
    chosenKnob(
      'alarmThrottledWindows',
      3,
      'windows',
      'in a row: the first refusals slow the senders down, and that takes effect',
      PAGE,
    ),
    firstOneKnob('alarmParked', 'mails', 'only a person knows whether a mail that was perhaps sent arrived', PAGE),
    firstOneKnob(
      'alarmAway',
      'messages',
      'the provider takes nothing: it has paused the account, or its day is full',
      PAGE,
    ),
    firstOneKnob('alarmClosed', 'messages', 'no provider takes them, and nothing has stopped their receiving', PAGE),
    {
      name: 'alarmAwaySeconds',
      value: closedSeconds + WINDOW_SECONDS,
      unit: 's',
      formula: `closedSeconds + ${WINDOW_SECONDS}: also of a single message, which is hidden for that long, each window sees a receive`,
      inputs: { closedSeconds },
      source: PAGE,
    },
    chosenKnob(
      'alarmAwayWindows',
      2,
      'windows',
      'in a row: a provider that is away for less comes back by itself',
      PAGE,
    ),
    firstOneKnob('alarmPaused', 'pauses', 'only a person resumes', PAGE),
    firstOneKnob(
      'alarmSenderErrors',
      'errors',
      'a sender that fails as a whole may leave mails that were perhaps sent',
      PAGE,
    ),
    firstOneKnob('alarmBreakerErrors', 'errors', 'a breaker that fails pauses nothing', PAGE),
  ];
}
