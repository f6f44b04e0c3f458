/** The numbers of a log delivery's alarms, each with its reason. */
import { chosenKnob, firstOneKnob } from '../../alarms';
import type { Knob } from '../../plan';
import { queued } from '../sizing';
import { filed } from './buffer';
import { type DeliverySizes, ephemeralGib, type ResolvedDelivery } from './sizing';
import type { LogDeliveryPlan } from './workload';

const OWN = 'this library, docs/constructs/log-shipping.md';
const MINUTE = 60;
const PERIOD_SECONDS = 5 * MINUTE;
const BEHIND_PERIODS = 3;
const GIB = 1024 ** 3;
const LEAST_STREAM_RATIO = 0.8;
const MOST_STREAM_RATIO = 0.99;

/** What the alarms compare with, and over how long. */
export function deliveryAlarmKnobs(question: ResolvedDelivery, sizes: DeliverySizes): Knob[] {
  const { bufferingSeconds, limit, flush } = sizes;
  const { reaction, onHost } = question;
  const planned = sizes.peakSent / sizes.share;
  const rest = filed(question, queued(question, reaction), reaction, flush);
  const alarm = Math.floor(Math.max(0, Math.min(limit / 2, limit - rest)));
  return [
    chosenKnob(
      'alarmPeriodSeconds',
      PERIOD_SECONDS,
      's',
      'Firehose’s metrics of delivery come with its objects, and not each minute has one',
      'Amazon Data Firehose developer guide, Best practices with CloudWatch alarms',
    ),
    chosenKnob('alarmRouterSeconds', MINUTE, 's', 'one period: a line of the router’s log is counted at once', OWN),
    {
      name: 'alarmFreshnessSeconds',
      value: Math.max(PERIOD_SECONDS, 2 * bufferingSeconds),
      unit: 's',
      formula: '2 × buffering interval, a period at least: an object comes after one',
      inputs: { bufferingSeconds },
      source: 'Amazon Data Firehose developer guide, DeliveryToS3.DataFreshness',
    },
    chosenKnob('alarmSuccessRatio', 1, 'ratio', 'below it an object was not written', OWN),
    firstOneKnob('alarmThrottledRecords', 'records', 'the router sends it again, but the stream is too small', OWN),
    chosenKnob('alarmThrottledPeriods', BEHIND_PERIODS, 'periods', 'a burst of seconds passes by itself', OWN),
    {
      name: 'alarmStreamRatio',
      value: Math.min(MOST_STREAM_RATIO, Math.max(LEAST_STREAM_RATIO, (1 + planned) / 2)),
      unit: 'ratio',
      formula: 'halfway from the planned peak to all that the stream takes, 0.8 to 0.99: raising a quota takes days',
      inputs: { peakRatio: planned },
      source: OWN,
    },
    firstOneKnob('alarmDroppedChunks', 'chunks', 'a discarded chunk is up to 2 MiB of lines', OWN),
    firstOneKnob('alarmRetriedChunks', 'chunks', 'Firehose did not take it: the buffer fills', OWN),
    {
      name: 'alarmRetriedPeriods',
      value: Math.max(1, Math.min(BEHIND_PERIODS, Math.floor((question.outage - reaction) / MINUTE))),
      unit: 'periods',
      formula: 'three minutes, or fewer where the outage leaves less time beside the reaction',
      inputs: { outageSeconds: question.outage, reactionSeconds: reaction },
      source: OWN,
    },
    {
      name: 'bufferAlarmBytes',
      value: alarm,
      unit: 'bytes',
      formula: 'half of the buffer, or less, so that the rest lasts for the reaction even at the peak',
      inputs: { storageTotalLimitBytes: limit, reactionSeconds: reaction },
      source: 'disk budget of this plan',
    },
    ...(onHost ? [] : [storageAlarm(ephemeralGib(limit), limit, alarm)]),
  ];
}

/** The alarm on the disk of a task definition that has its own size. */
export function alarmOfDisk(plan: LogDeliveryPlan, ephemeralStorageGiB: number): Knob {
  return storageAlarm(ephemeralStorageGiB, plan.value('storageTotalLimitBytes'), plan.value('bufferAlarmBytes'));
}

/** What is used of a task's disk when the buffer may be at its alarm: programs and buffer are counted together. */
function storageAlarm(ephemeralStorageGiB: number, limit: number, alarm: number): Knob {
  return {
    name: 'alarmEphemeralGib',
    value: ephemeralStorageGiB - Math.ceil((limit - alarm) / GIB),
    unit: 'GiB',
    formula: 'ephemeral storage − what the buffer may still need: with less free, other data has its place',
    inputs: { ephemeralStorageGiB, storageTotalLimitBytes: limit, bufferAlarmBytes: alarm },
    source: 'Amazon ECS, Container Insights, EphemeralStorageUtilized',
  };
}
