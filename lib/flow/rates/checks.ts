/** The validation table of a sender. */
import {
  above0,
  between,
  type Check,
  fromBelow,
  inRange,
  isKnown,
  oneOf,
  required,
  shown,
  wholeNumber,
} from '../errors';
import { type Fields, objectChecks } from '../fields';
import { figure } from '../figures';
import { DAY_SECONDS, LEAST_RATE, MOST_ITEMS_PER_SECOND, YEAR_SECONDS } from '../ranges';
import { windowSecondsOf } from './limit';
import { SENDERS } from './senders';
import type { ProviderLimit, RatesObjective, RatesQuestion, RatesWorkload } from './workload';

const MOST_MESSAGES = 1e9;
const MOST_PER_SECOND = 1e6;
const MOST_PER_DAY = 1e12;
const MOST_BURST = 1e6;
/** Where Amazon SES pauses an account: Amazon SES developer guide, sending review process FAQs. */
export const PAUSED_AT = { bounceRatio: 0.1, complaintRatio: 0.005 } as const;

const QUESTION_FIELDS: Fields<RatesQuestion> = {
  workload: true,
  objective: true,
  limit: true,
  standby: true,
  sender: true,
  jitterSeconds: true,
  burst: true,
  messagesPerSecond: true,
};
const WORKLOAD_FIELDS: Fields<RatesWorkload> = {
  campaignMessages: true,
  steadyPerSecond: true,
  recipientsPerMessage: true,
  callSeconds: true,
  undeliverableRatio: true,
};
const LIMIT_FIELDS: Fields<ProviderLimit> = { perSecond: true, windowSeconds: true, perDay: true, share: true };
const OBJECTIVE_FIELDS: Fields<RatesObjective> = {
  completeSeconds: true,
  bounceRatio: true,
  complaintRatio: true,
  headroom: true,
};

/** Checks what is sent, the limits and the promise. */
export function ratesChecks(question: RatesQuestion): Check[] {
  return objectChecks(
    'question',
    question,
    QUESTION_FIELDS,
    ({ workload, objective = {}, limit, standby, ...choices }) => [
      ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
      ...objectChecks('objective', objective, OBJECTIVE_FIELDS, () => objectiveChecks(objective, workload)),
      ...objectChecks('limit', limit, LIMIT_FIELDS, () => limitChecks('limit', limit, workload)),
      ...(standby === undefined
        ? []
        : objectChecks('standby', standby, LIMIT_FIELDS, () => limitChecks('standby', standby, workload))),
      oneOf('sender', choices.sender, Object.keys(SENDERS)),
      inRange('jitterSeconds', choices.jitterSeconds, 0.002, 10),
      wholeNumber('burst', choices.burst, 1, MOST_BURST),
      {
        refused: choices.burst !== undefined && choices.burst !== 1 && choices.sender === 'cloud-tasks',
        message: `burst cannot be set on ${SENDERS['cloud-tasks'].title}, which takes a fifth of its rate; leave it out`,
      },
      above0('messagesPerSecond', choices.messagesPerSecond, MOST_PER_SECOND),
      {
        refused: objective?.complaintRatio !== undefined && choices.sender !== undefined && choices.sender !== 'lambda',
        message: 'objective.complaintRatio is for Amazon SES, which measures complaints; leave it out',
      },
    ],
  );
}

function workloadChecks(workload: RatesWorkload): Check[] {
  const { campaignMessages, steadyPerSecond, recipientsPerMessage, callSeconds, undeliverableRatio } = workload;
  return [
    inRange('campaignMessages', campaignMessages, 0, MOST_MESSAGES),
    inRange('steadyPerSecond', steadyPerSecond, 0, MOST_ITEMS_PER_SECOND),
    {
      refused: !(campaignMessages ?? 0) && !(steadyPerSecond ?? 0),
      message: 'campaignMessages or steadyPerSecond must be above 0, got neither',
    },
    wholeNumber('recipientsPerMessage', recipientsPerMessage, 1, 1000),
    required(above0, 'callSeconds', callSeconds, 600),
    fromBelow('undeliverableRatio', undeliverableRatio, 0, 1),
  ];
}

function limitChecks(part: string, limit: ProviderLimit, workload: RatesWorkload | undefined): Check[] {
  const { perSecond, windowSeconds, perDay, share = 1 } = limit;
  const recipients = workload?.recipientsPerMessage ?? 1;
  const known = isKnown(perSecond) && isKnown(share) && isKnown(recipients) && perSecond > 0 && share > 0;
  const least = known ? recipients / (perSecond * share) : 0;
  return [
    required(inRange, `${part}.perSecond`, perSecond, LEAST_RATE, MOST_PER_SECOND),
    inRange(`${part}.windowSeconds`, windowSeconds, 0.001, DAY_SECONDS),
    above0(`${part}.perDay`, perDay, MOST_PER_DAY),
    above0(`${part}.share`, share, 1),
    {
      refused: known && windowSecondsOf(limit, recipients) < least * (1 - 1e-9),
      message: `${part}.windowSeconds must be at least ${figure(least)} s, the time of one message at ${figure(perSecond * share)} recipients/s, got ${shown(windowSeconds)}`,
    },
    {
      refused: known && isKnown(perDay) && perDay * share < recipients,
      message: `${part}.perDay must be at least the ${figure(recipients / share)} recipients of one message, got ${shown(perDay)}`,
    },
  ];
}

function objectiveChecks(objective: RatesObjective, workload: RatesWorkload | undefined): Check[] {
  const { completeSeconds, bounceRatio, complaintRatio, headroom } = objective;
  return [
    above0('objective.completeSeconds', completeSeconds, YEAR_SECONDS),
    {
      refused: completeSeconds !== undefined && !workload?.campaignMessages,
      message: 'objective.completeSeconds needs workload.campaignMessages, what is to be complete',
    },
    between('objective.bounceRatio', bounceRatio, 0, PAUSED_AT.bounceRatio),
    between('objective.complaintRatio', complaintRatio, 0, PAUSED_AT.complaintRatio),
    inRange('objective.headroom', headroom, 1 + 1e-6, 10),
  ];
}
