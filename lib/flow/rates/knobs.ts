/** The rate of a sender, with its reasons. */
import { type Knob, unlessGiven } from '../plan';
import { type Pace, slotSecondsOf, standbyPace } from './limit';
import { SENDERS } from './senders';
import type { RatesQuestion } from './workload';

const GCRA = 'ITU-T I.371, generic cell rate algorithm, seen from the receiver';

/** The rate and what it follows from. */
export function paceKnobs(pace: Pace, { workload, sender = 'lambda', ...question }: RatesQuestion): Knob[] {
  const { windowMessages, windowSeconds, jitterSeconds, burst, messagesPerSecond } = pace;
  const { burstSeconds, source, title } = SENDERS[sender];
  const { messagesPerSecond: byHand } = question;
  const inputs = { windowMessages, windowSeconds, jitterSeconds };
  const bounds: Readonly<Record<Pace['by'], Pick<Knob, 'formula' | 'inputs'>>> = {
    slots: {
      formula: '(messages in a window − (burst − 1)) ÷ (window + jitter)',
      inputs: { ...inputs, burst },
    },
    'own bucket': {
      formula: '(messages in a window + 1) ÷ (window + jitter + seconds of the rate that leave at once)',
      inputs: { ...inputs, ...(burstSeconds !== undefined && { burstSeconds }) },
    },
    sender: { formula: `the most of ${title}`, inputs: {} },
  };
  return [
    {
      name: 'windowMessages',
      value: windowMessages,
      unit: 'messages',
      formula: 'limit × share × window ÷ recipients of a message, rounded down',
      inputs: {
        limitPerSecond: pace.limitPerSecond,
        windowSeconds,
        recipientsPerMessage: workload.recipientsPerMessage ?? 1,
      },
      source: "the provider's limit, as given",
    },
    {
      name: 'messagesPerSecond',
      value: messagesPerSecond,
      unit: 'messages/s',
      ...unlessGiven(byHand, bounds[pace.by].formula, bounds[pace.by].inputs),
      source: burstSeconds === undefined ? GCRA : `${GCRA}; ${source}`,
    },
    ...dayKnobs('', pace),
    ...standbyKnobs(standbyPace({ workload, sender, ...question })),
    ...(burstSeconds === undefined
      ? [
          {
            name: 'burst',
            value: burst,
            unit: 'messages',
            ...unlessGiven(question.burst, 'one: what leaves at once is in the same window, and lowers the rate'),
            source: GCRA,
          },
          {
            name: 'slotSeconds',
            value: slotSecondsOf(jitterSeconds),
            unit: 's',
            formula:
              'half the jitter: how late a message may leave its slot, a later one takes a new slot; the other half is for its way to the provider',
            inputs: { jitterSeconds },
            source:
              'measured, test/engines/sender.test.ts: with all of it for the sender, 101 arrived in a second of 100',
          },
        ]
      : []),
  ];
}

/** The daily limit, where there is one. */
function dayKnobs(whose: '' | 'standby', { messagesPerDay }: Pace): Knob[] {
  if (!Number.isFinite(messagesPerDay)) return [];
  return [
    {
      name: whose === '' ? 'messagesPerDay' : 'standbyMessagesPerDay',
      value: messagesPerDay,
      unit: 'messages',
      formula:
        'daily limit × share ÷ recipients of a message, rounded down, in any 24 hours, counted by quarters of an hour',
      inputs: {},
      source: "the provider's limit, as given",
    },
  ];
}

/** The rate of the second provider. */
function standbyKnobs(pace: Pace | undefined): Knob[] {
  if (pace === undefined) return [];
  const { windowMessages, windowSeconds, jitterSeconds, burst, messagesPerSecond } = pace;
  return [
    {
      name: 'standbyMessagesPerSecond',
      value: messagesPerSecond,
      unit: 'messages/s',
      formula: 'as messagesPerSecond, by the limit of the second provider',
      inputs: { windowMessages, windowSeconds, jitterSeconds, burst },
      source: GCRA,
    },
    ...dayKnobs('standby', pace),
  ];
}
