/** One rate for all senders of a provider, every knob with its reason. */

import { CapacityError, type Check, validate } from '../errors';
import { duration, figure, percent } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { once } from '../once';
import type { Knob } from '../plan';
import { largestBelow, smallestAbove } from '../search';
import { brakeKnobs, PAUSE_AT } from './brake';
import { ratesChecks } from './checks';
import { type Crew, crewFor, crewKnobs } from './crew';
import { functionKnobs, leastTimeoutSeconds } from './function';
import { paceKnobs } from './knobs';
import { daysFor, type Pace, paceOf, sendingSeconds, standbyPace } from './limit';
import { podKnobs } from './pod';
import { DAY_WINDOW_SECONDS } from './run-time';
import { SENDERS, type SenderName } from './senders';
import { RatesPlan, type RatesPredictions, type RatesQuestion } from './workload';

/**
 * The plan of a sender.
 *
 * @param subject id of the construct; every error starts with it
 * @param question what is sent, the provider's limit, what is promised, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when the limit leaves too little, with ways out that were each solved
 */
export function planRates(subject: string, question: RatesQuestion, checks: readonly Check[] = []): RatesPlan {
  validate(subject, [...checks, ...ratesChecks(question)]);
  const sender = SENDERS[question.sender ?? 'lambda'];
  const pace = paceOf(question.limit, question, sender);
  validate(subject, choiceChecks(pace, question));
  refuse(subject, question, pace);
  const crew = crewFor(pace, question);
  const predictions = predictionsOf(question, pace);
  const standby = standbyPace(question);
  const knobs: Knob[] = [
    ...paceKnobs(pace, question),
    ...crewKnobs(pace, crew, question),
    ...instanceKnobs(crew, question),
    ...brakeKnobs(predictions.campaignSeconds ?? 0, question, [pace, ...(standby === undefined ? [] : [standby])]),
  ];
  return new RatesPlan(subject, knobs, predictions, [
    ...remarksOn(question, pace, predictions),
    ...pauseRemarks(question, knobs),
  ]);
}

/** What one sender is told. */
function instanceKnobs(crew: Crew, { workload, sender = 'lambda' }: RatesQuestion): Knob[] {
  if (sender === 'lambda') return functionKnobs(crew, workload.callSeconds);
  return sender === 'deployment' ? podKnobs(crew, workload.callSeconds) : [];
}

/** What was chosen by hand against what the limits leave. */
function choiceChecks(pace: Pace, question: RatesQuestion): Check[] {
  const { messagesPerSecond, burst = 1 } = question;
  const paces = [
    { of: '', given: pace },
    { of: ' of standby', given: standbyPace(question) },
  ];
  return [
    ...paces.map(({ of, given }) => ({
      refused: given !== undefined && burst > given.windowMessages,
      message: `burst must be at most the ${figure(given?.windowMessages ?? 0)} messages of a window of ${duration(given?.windowSeconds ?? 0)}${of}, got ${burst}`,
    })),
    {
      refused: messagesPerSecond !== undefined && messagesPerSecond > pace.mostPerSecond * (1 + 1e-9),
      message: `messagesPerSecond must be at most ${figure(pace.mostPerSecond)}, above which some window of ${duration(pace.windowSeconds)} has more than ${figure(pace.windowMessages)} messages, got ${messagesPerSecond}`,
    },
  ];
}

function predictionsOf(question: RatesQuestion, pace: Pace): RatesPredictions {
  const { campaignMessages = 0, steadyPerSecond = 0, undeliverableRatio = 0 } = question.workload;
  const standby = standbyPace(question);
  const seconds = (of: Pace) => sendingSeconds(campaignMessages, steadyPerSecond, of);
  const breaksAt = once(() => smallestAbove(1, (times) => !keeps(question, pace, times)) ?? Number.POSITIVE_INFINITY);
  return {
    limitRatio: pace.messagesPerSecond / pace.limitPerSecond,
    ...(campaignMessages > 0 && {
      campaignSeconds: seconds(pace),
      campaignDays: daysFor(campaignMessages, steadyPerSecond, pace),
    }),
    ...(campaignMessages > 0 && standby !== undefined && { standbyCampaignSeconds: seconds(standby) }),
    utilisation: steadyPerSecond / pace.messagesPerSecond,
    failedRatio: undeliverableRatio,
    // Searched for when it is first read.
    get breaksAtLoad() {
      return breaksAt();
    },
  };
}

/** For a pause that a person resumes, before messages expire. */
const PAUSE_SPARE_SECONDS = 3600;

/** Whether so many times the messages leave as promised, and before they expire. */
function keeps({ workload, objective = {}, sender = 'lambda' }: RatesQuestion, pace: Pace, times: number): boolean {
  const { campaignMessages = 0, steadyPerSecond = 0 } = workload;
  const { completeSeconds = Number.POSITIVE_INFINITY } = objective;
  const steady = times * steadyPerSecond;
  if (steady >= Math.min(pace.messagesPerSecond, pace.messagesPerDay / DAY_WINDOW_SECONDS)) return false;
  if (campaignMessages === 0) return true;
  const seconds = sendingSeconds(times * campaignMessages, steady, pace);
  return seconds <= Math.min(completeSeconds * (1 + 1e-9), longestSeconds(sender));
}

/** The longest campaign whose messages do not expire. */
function longestSeconds(sender: SenderName): number {
  return (SENDERS[sender].keeps?.seconds ?? Number.POSITIVE_INFINITY) - PAUSE_SPARE_SECONDS;
}

/** Throws when the limit leaves too little. */
function refuse(subject: string, question: RatesQuestion, pace: Pace): void {
  const { workload, objective = {}, sender = 'lambda' } = question;
  const { undeliverableRatio = 0, callSeconds } = workload;
  const { bounceRatio = PAUSE_AT.bounceRatio, headroom } = objective;
  if (undeliverableRatio >= bounceRatio) {
    throw new CapacityError(
      subject,
      `${percent(undeliverableRatio)} of the addresses do not exist and ${sender === 'lambda' || sender === 'deployment' ? 'sending pauses' : 'the provider reviews its sender'} at ${percent(bounceRatio)}: no rate cures addresses that do not exist`,
      [
        `a list with fewer than ${percent(bounceRatio)} of them: validate the addresses, and suppress those that bounced`,
      ],
    );
  }
  if (!keeps(question, pace, 1)) throw new CapacityError(subject, tooMuch(question, pace), waysOut(question, pace, 1));
  if (headroom !== undefined && !keeps(question, pace, headroom)) {
    throw new CapacityError(subject, `with a head-room of ${headroom}: ${tooMuch(question, pace, headroom)}`, [
      'leave headroom out: the plan then says at what multiple the promise breaks',
      ...waysOut(question, pace, headroom),
    ]);
  }
  const { title, bucketWrites, mostInstances, mostSeconds = Number.POSITIVE_INFINITY } = SENDERS[sender];
  const crew = crewFor(pace, question);
  if (crew.leasesPerSecond > bucketWrites.most || crew.instances > mostInstances) {
    throw new CapacityError(
      subject,
      `${figure(pace.messagesPerSecond)} messages/s take ${figure(crew.leasesPerSecond)} writes/s and ${figure(crew.instances)} instances of ${title}, which has ${figure(bucketWrites.most)} and ${figure(mostInstances)}`,
      ['several senders, each with a share of the limit'],
    );
  }
  const timeout = leastTimeoutSeconds(crew, callSeconds);
  if (timeout > mostSeconds) {
    throw new CapacityError(
      subject,
      `at ${figure(pace.messagesPerSecond)} messages/s a function waits for its slot up to ${figure(timeout)} s, and may run ${figure(mostSeconds)} s`,
      ['the sender of a Deployment, which may wait as long as it takes'],
    );
  }
}

function tooMuch({ workload, objective = {}, sender = 'lambda' }: RatesQuestion, pace: Pace, times = 1): string {
  const { campaignMessages = 0, steadyPerSecond = 0 } = workload;
  const daily = pace.messagesPerDay / DAY_WINDOW_SECONDS;
  const rate = Math.min(pace.messagesPerSecond, daily);
  const steady = times * steadyPerSecond;
  const limit = daily < pace.messagesPerSecond ? `${figure(pace.messagesPerDay)} a day` : `${figure(rate)}/s`;
  if (steady >= rate)
    return `${figure(steady)} messages/s arrive and the limit leaves ${limit}: they would never catch up`;
  const messages = times * campaignMessages;
  const seconds = sendingSeconds(messages, steady, pace);
  const taken = `${figure(messages)} messages take ${duration(seconds)} at ${figure(pace.messagesPerSecond - steady)}/s${daily < pace.messagesPerSecond ? ` and ${limit}` : ''}`;
  const { keeps: kept } = SENDERS[sender];
  return kept !== undefined && seconds > longestSeconds(sender)
    ? `${taken}, ${kept.title} keeps a message for ${duration(kept.seconds)}, and an hour of it is for a pause`
    : `${taken}, ${duration(objective.completeSeconds!)} are promised`;
}

/** Changes that each keep the promise; each has been tried. */
function waysOut(question: RatesQuestion, pace: Pace, times: number): string[] {
  const { workload, objective = {}, limit } = question;
  const { campaignMessages = 0, steadyPerSecond = 0 } = workload;
  const sender = SENDERS[question.sender ?? 'lambda'];
  const withLimit = (factor: number) => {
    const perDay = limit.perDay === undefined ? undefined : limit.perDay * factor;
    return paceOf({ ...limit, perSecond: limit.perSecond * factor, perDay }, question, sender);
  };
  const derived = { ...question, messagesPerSecond: undefined };
  const faster =
    question.messagesPerSecond !== undefined && keeps(derived, paceOf(limit, derived, sender), times)
      ? [`leave messagesPerSecond out: the limit leaves ${figure(pace.mostPerSecond)}/s`]
      : [];
  const factor = smallestAbove(1, (one) => keeps(question, withLimit(one), times));
  const { completeSeconds } = objective;
  const seconds = sendingSeconds(times * campaignMessages, times * steadyPerSecond, pace);
  const fewer = fewerMessages(question, pace, times);
  return [
    ...faster,
    ...(factor === undefined
      ? []
      : [
          `a limit of ${figure(limit.perSecond * factor)}/s${limit.perDay === undefined ? '' : ` and ${figure(Math.ceil(limit.perDay * factor))} a day`}`,
        ]),
    ...(completeSeconds !== undefined &&
    seconds <= longestSeconds(question.sender ?? 'lambda') &&
    Number.isFinite(seconds)
      ? [`completeSeconds of ${figure(Math.ceil(seconds))}`]
      : []),
    ...(fewer === undefined ? [] : [fewer]),
    ...(factor === undefined && fewer === undefined && faster.length === 0
      ? ['several senders, each with a provider of its own']
      : []),
  ];
}

function fewerMessages(question: RatesQuestion, pace: Pace, times: number): string | undefined {
  const factor = largestBelow(1, (one) => keeps(question, pace, one * times));
  // Rounded down, so that what is said keeps the promise as well.
  const rounded = factor && Math.floor(factor * 1000) / 1000;
  return rounded ? `${percent(rounded)} of the messages` : undefined;
}

/** Senders that count, and a campaign that is over before their count says something. */
function pauseRemarks({ workload }: RatesQuestion, knobs: readonly Knob[]): string[] {
  const { campaignMessages = 0, steadyPerSecond = 0 } = workload;
  const least = knobs.find(({ name }) => name === 'pauseLeastMessages')?.value ?? 0;
  return campaignMessages < least && steadyPerSecond === 0
    ? [
        `senders pause by themselves after ${figure(least)} calls at the earliest, and the campaign has ${figure(campaignMessages)}: validate its addresses before`,
      ]
    : [];
}

/** Less head-room than usual, and a second provider that is slower. */
function remarksOn(question: RatesQuestion, pace: Pace, predictions: RatesPredictions): string[] {
  const { objective = {}, limit } = question;
  const { standbyCampaignSeconds } = predictions;
  const spare = objective.headroom !== undefined || keeps(question, pace, DEFAULT_HEADROOM);
  const late =
    objective.completeSeconds !== undefined &&
    standbyCampaignSeconds !== undefined &&
    standbyCampaignSeconds > objective.completeSeconds;
  return [
    ...(spare
      ? []
      : [
          `the promise breaks before there are ${DEFAULT_HEADROOM} × the messages, the usual head-room: the provider's limit leaves no more`,
        ]),
    ...(late
      ? [`the second provider alone takes ${duration(standbyCampaignSeconds)} for the campaign, more than is promised`]
      : []),
    ...((limit.share ?? 1) === 1
      ? ['the limit is of the whole account: give share where others send from it too']
      : []),
  ];
}
