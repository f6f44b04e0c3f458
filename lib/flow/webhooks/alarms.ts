/** The numbers of the alarms on webhooks, each with its reason: one rule for every engine. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import { incidentKnobs } from '../queue/alarms';
import type { Workload } from '../queue/workload';
import { REFUSED_ALARM_SECONDS } from './refused';

const OWN = 'this library, docs/decisions/0013-refused-deliveries-are-parked.md';
/** Over how many seconds the alarms of the API count. */
const API_SECONDS = 300;
/** Amazon SQS service level agreement: 99.9 % of a month. */
const UNAVAILABLE_SHARE = 0.001;

/** The numbers of the alarms on an API that sends to a queue. */
export function apiAlarmKnobs({ steadyPerSecond }: Workload, sources: number): Knob[] {
  const arrivals = steadyPerSecond * API_SECONDS;
  return [
    apiWindowKnob(),
    {
      name: 'alarmUndelivered',
      value: Math.floor(UNAVAILABLE_SHARE * arrivals),
      unit: 'deliveries',
      formula:
        '⌊0.1 % of what arrives in five minutes at the steady rate⌋: more 5xx than the queue may have on a good day',
      inputs: { steadyPerSecond, seconds: API_SECONDS },
      source: 'Amazon SQS service level agreement: 99.9 %',
    },
    {
      name: 'alarmRefused',
      value: Math.max(1, Math.floor(arrivals / sources / 2)),
      unit: 'deliveries',
      formula:
        'half of what one source sends in five minutes at the steady rate, at least 1: rings when a whole source is refused, or as much is throttled, and not for a forgery now and then',
      inputs: { steadyPerSecond, seconds: API_SECONDS, sources },
      source: 'an assumption: sources send alike; API Gateway counts its 429 among the 4xx',
    },
  ];
}

/** Over how many seconds the alarms of the API count. */
export function apiWindowKnob(): Knob {
  return chosenKnob(
    'alarmApiSeconds',
    API_SECONDS,
    's',
    'answers of the API are counted over this',
    'docs/constructs/webhook-buffer.md',
  );
}

/** Over how many seconds refused deliveries are compared with those that were accepted. */
export function refusedWindowKnob(): Knob {
  return chosenKnob(
    'alarmRefusedSeconds',
    REFUSED_ALARM_SECONDS,
    's',
    'refused and accepted deliveries of a source are compared over this',
    OWN,
  );
}

/** The numbers of the alarms on a consumer that parks what it refuses, besides those of each source. */
export function parkingAlarmKnobs(): Knob[] {
  return [
    refusedWindowKnob(),
    firstOneKnob(
      'alarmUnusableSecrets',
      'deliveries',
      'nothing of that source can be judged until it is repaired',
      OWN,
    ),
    firstOneKnob('alarmRefusedDropped', 'deliveries', 'what is dropped is gone', OWN),
  ];
}

/** The numbers of the alert policies on a receiver that refuses at the door, besides those of each source. */
export function refusalAlarmKnobs(): Knob[] {
  return [...incidentKnobs(), refusedWindowKnob()];
}

/** The numbers of the alert on a receiver that turns deliveries away. */
export function turnedAwayKnobs(): Knob[] {
  return [
    ...incidentKnobs(),
    firstOneKnob(
      'alarmTurnedAway',
      'deliveries',
      'some senders do not retry',
      'GitHub documentation, Handling failed webhook deliveries: no automatic redelivery',
    ),
  ];
}
