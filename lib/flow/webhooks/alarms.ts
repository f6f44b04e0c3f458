/** The numbers of the alarms on webhooks, each with its reason: one rule for every engine. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import { incidentKnobs } from '../queue/alarms';
import type { Workload } from '../queue/workload';
import { REFUSED_ALARM_SECONDS } from './refused';

const OWN = 'this library, docs/decisions/0013-refused-deliveries-are-parked.md';
/** Window of the API's alarms in seconds. */
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
      formula: '⌊0.1 % of arrivals in five minutes at the steady rate⌋: the share of 5xx that the agreement allows',
      inputs: { steadyPerSecond, seconds: API_SECONDS },
      source: 'Amazon SQS service level agreement: 99.9 %',
    },
    {
      name: 'alarmRefused',
      value: Math.max(1, Math.floor(arrivals / sources / 2)),
      unit: 'deliveries',
      formula:
        'half of the deliveries of one source in five minutes at the steady rate, at least 1: fires when a whole source is refused, or as much is throttled, not for an occasional forgery',
      inputs: { steadyPerSecond, seconds: API_SECONDS, sources },
      source: 'an assumption: all sources send at the same rate; API Gateway counts its 429 among the 4xx',
    },
  ];
}

/** Window of the API's alarms in seconds. */
export function apiWindowKnob(): Knob {
  return chosenKnob(
    'alarmApiSeconds',
    API_SECONDS,
    's',
    'answers of the API are counted over this window',
    'docs/constructs/webhook-buffer.md',
  );
}

/** Window in seconds in which refused and accepted deliveries are compared. */
export function refusedWindowKnob(): Knob {
  return chosenKnob(
    'alarmRefusedSeconds',
    REFUSED_ALARM_SECONDS,
    's',
    'refused and accepted deliveries of a source are compared over this window',
    OWN,
  );
}

/** The numbers of the alarms on a consumer that parks refused deliveries, besides those of each source. */
export function parkingAlarmKnobs(): Knob[] {
  return [
    refusedWindowKnob(),
    firstOneKnob(
      'alarmUnusableSecrets',
      'deliveries',
      'no delivery of that source can be verified until it is repaired',
      OWN,
    ),
    firstOneKnob('alarmRefusedDropped', 'deliveries', 'dropped deliveries are lost', OWN),
  ];
}

/** The numbers of the alert policies on a receiver that refuses deliveries itself, besides those of each source. */
export function refusalAlarmKnobs(): Knob[] {
  return [...incidentKnobs(), refusedWindowKnob()];
}

/** The numbers of the alert on a receiver that refuses deliveries. */
export function turnedAwayKnobs(): Knob[] {
  return [...incidentKnobs(), turnedAwayKnob()];
}

/** Deliveries that a receiver turned away. */
export function turnedAwayKnob(): Knob {
  return firstOneKnob(
    'alarmTurnedAway',
    'deliveries',
    'some senders do not retry',
    'GitHub documentation, Handling failed webhook deliveries: no automatic redelivery',
  );
}
