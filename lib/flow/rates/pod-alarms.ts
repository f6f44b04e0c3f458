/** The numbers of the alerts on senders in pods, each with its reason. */
import { chosenKnob, firstOneKnob, RATE_WINDOW_SECONDS } from '../alarms';
import type { Knob } from '../plan';
import { STEADY_LATENCY_SECONDS } from './worker';
import type { RatesPlan, RatesQuestion } from './workload';

const PAGE = 'this library, docs/constructs/k8s-rate-limited-sender.md';
const THROTTLED_RATIO = 0.01;
/** Messages that leave within a window, so that none of them is a fact and not the rate. */
const WINDOW_MESSAGES = 10;
/** The share of senders that are spare: with more slots missed, messages leave below the rate. */
const MISSED_RATIO = 0.2;

/** The numbers of the alerts. */
export function podAlarmKnobs(plan: RatesPlan, question: RatesQuestion): Knob[] {
  const messagesPerSecond = plan.value('messagesPerSecond');
  const least = plan.value('pauseLeastMessages');
  const windowSeconds = Math.max(RATE_WINDOW_SECONDS, Math.ceil(WINDOW_MESSAGES / messagesPerSecond));
  return [
    {
      name: 'alarmWindowSeconds',
      value: windowSeconds,
      unit: 's',
      formula: `events are counted over this: ${WINDOW_MESSAGES} ÷ messages/s, at least ${RATE_WINDOW_SECONDS}`,
      inputs: { messagesPerSecond },
      source: 'Robust Perception, "What range should I use with rate()?": four samples, to survive one that is missing',
    },
    chosenKnob(
      'alarmHoldSeconds',
      300,
      's',
      'the condition holds for this: a roll-out or a failed scrape passes',
      PAGE,
    ),
    {
      name: 'alarmThrottled',
      value: Math.max(1, Math.ceil(THROTTLED_RATIO * messagesPerSecond * windowSeconds)),
      unit: 'refusals',
      formula: `${THROTTLED_RATIO} × messages/s × window, rounded up, at least one: others send by the same limit, or the limit is lower than given`,
      inputs: { messagesPerSecond, alarmWindowSeconds: windowSeconds },
      source: PAGE,
    },
    {
      name: 'alarmRefusedRatio',
      value: plan.value('pauseAtBounceRatio'),
      unit: 'ratio',
      formula: 'pauseAtBounceRatio: share of the calls that are refused for good, at which providers begin a review',
      inputs: { pauseAtBounceRatio: plan.value('pauseAtBounceRatio') },
      source: 'Amazon SES developer guide, sending review process FAQs',
    },
    {
      name: 'alarmRefusedWindowSeconds',
      value: windowSeconds * messagesPerSecond >= 2 * least ? windowSeconds : plan.value('pauseWindowSeconds'),
      unit: 's',
      formula:
        'alarmWindowSeconds, or pauseWindowSeconds where fewer than 2 × pauseLeastMessages leave in it: with fewer calls a list as planned may pass the ratio by chance',
      inputs: { alarmWindowSeconds: windowSeconds, messagesPerSecond, pauseLeastMessages: least },
      source: PAGE,
    },
    {
      name: 'alarmMissedRatio',
      value: MISSED_RATIO,
      unit: 'ratio',
      formula: 'slots missed ÷ messages sent: the spare senders, beyond which messages leave below the rate',
      inputs: {},
      source: "derived here: inFlight has a fifth more than Little's law",
    },
    firstOneKnob('alarmParked', 'mails', 'only a person knows whether a mail that was perhaps sent arrived', PAGE),
    firstOneKnob('alarmAway', 'messages', 'the provider takes nothing', PAGE),
    firstOneKnob('alarmDue', 'messages', 'a message may be sent, and none was in a whole window', PAGE),
    chosenKnob(
      'alarmDownSeconds',
      900,
      's',
      'fewer pods than planned for this: longer than a node needs to come back or to be replaced',
      'Cluster Autoscaler FAQ, --max-node-provision-time: default 15 min',
    ),
    ...backlogKnob(plan, question),
  ];
}

/** What may wait: as much as the promise holds for. */
export function backlogKnob(plan: RatesPlan, { workload, objective = {} }: RatesQuestion): Knob[] {
  const { campaignMessages = 0, steadyPerSecond = 0 } = workload;
  const messagesPerSecond = plan.value('messagesPerSecond');
  if (campaignMessages > 0) {
    const { breaksAtLoad } = plan.predictions;
    // Without a time that is promised a campaign takes as long as it takes.
    if (objective.completeSeconds === undefined || !Number.isFinite(breaksAtLoad)) return [];
    return [
      {
        name: 'alarmBacklog',
        value: Math.ceil(campaignMessages * breaksAtLoad),
        unit: 'messages',
        formula: 'messages of the campaign × the multiple at which the promise breaks, rounded up',
        inputs: { campaignMessages, breaksAtLoad },
        source: 'derived here: more cannot leave in the time that is promised',
      },
    ];
  }
  return [
    {
      name: 'alarmBacklog',
      value: Math.max(1, Math.ceil(messagesPerSecond * STEADY_LATENCY_SECONDS)),
      unit: 'messages',
      formula: `messages/s × ${STEADY_LATENCY_SECONDS} s, rounded up: what leaves in a quarter of an hour`,
      inputs: { messagesPerSecond, steadyPerSecond },
      source: PAGE,
    },
  ];
}
