/** The knobs of a log delivery: router, buffer, stream. */
import { chosenKnob } from '../../alarms';
import { type Knob, unlessGiven } from '../../plan';
import { MIB } from '../sizing';
import { deliveryAlarmKnobs } from './alarms';
import { BUFFERING } from './firehose';
import {
  CHUNK_BYTES,
  CHUNK_MARGIN,
  type DeliverySizes,
  EPHEMERAL,
  ephemeralGib,
  OBJECT_MARGIN,
  RETRY_BASE_SECONDS,
  type ResolvedDelivery,
} from './sizing';

const OWN = 'this library, docs/constructs/log-shipping.md';
const FIRELENS = 'Amazon ECS developer guide, Configuring logs for high throughput';
/** Amazon ECS, Task definition parameters: 120 s at most on Fargate. */
const STOP_SECONDS = 120;
/** What Fluent Bit needs beside its grace to end. */
const END_SECONDS = 5;
/** How long the application's container may be without its router: it starts within seconds. */
const DRIVER_SECONDS = 10;
/** The ECS agent refuses more lines; the same guide. */
const MOST_DRIVER_LINES = 2 ** 29 - 1;
const MEMORY_SHARE = 0.5;
/** Of the memory for chunks, what chunks of an earlier run may take. */
const BACKLOG_SHARE = 1 / 8;

/** Every knob of the plan. */
export function deliveryKnobs(question: ResolvedDelivery, sizes: DeliverySizes): Knob[] {
  return [
    ...bufferKnobs(question, sizes),
    ...routerKnobs(question, sizes),
    ...streamKnobs(question, sizes),
    ...deliveryAlarmKnobs(question, sizes),
  ];
}

function bufferKnobs(question: ResolvedDelivery, { limit, needed, storedPerByte }: DeliverySizes): Knob[] {
  const { outage, lineBytes, envelope, givenLimit, onHost, routerMemory } = question;
  const ephemeral: Knob = {
    name: 'ephemeralStorageGiB',
    value: ephemeralGib(limit),
    unit: 'GiB',
    formula: `${EPHEMERAL.programsGib} for images and programs + buffer`,
    inputs: { storageTotalLimitBytes: limit },
    source: 'Fargate developer guide, Task ephemeral storage: 21 to 200',
  };
  return [
    {
      name: 'bufferedBytesPerLine',
      value: storedPerByte * lineBytes,
      unit: 'bytes',
      formula: 'line + envelope: time stamp, names and ids of container and task',
      inputs: { lineBytes, envelopeBytes: envelope },
      source: 'amazon-ecs-firelens-examples: the record of the fluentd log driver',
    },
    {
      name: 'storageTotalLimitBytes',
      value: limit,
      unit: 'bytes',
      ...unlessGiven(
        givenLimit,
        `lines during the outage, the peak first × (line + envelope) × ${CHUNK_MARGIN}: not every chunk is full`,
        { outageSeconds: outage, lineBytes, envelopeBytes: envelope, neededBytes: needed },
      ),
      source: 'Fluent Bit, Buffering and storage, storage.total_limit_size: beyond it the oldest chunk is discarded',
    },
    ...(onHost ? [] : [ephemeral]),
    {
      name: 'maxChunksUp',
      value: Math.floor((routerMemory * MEMORY_SHARE) / CHUNK_BYTES),
      unit: 'chunks',
      formula: 'half of the router’s memory ÷ 2 MiB: what is sent takes as much again',
      inputs: { routerMemoryBytes: routerMemory },
      source:
        'amazon-ecs-firelens-examples, OOMKill guide: memory ≤ 2 × inputs × max_chunks_up × 2 MB; here is one input',
    },
    {
      name: 'backlogMemoryBytes',
      value: Math.floor((routerMemory * BACKLOG_SHARE) / MIB) * MIB,
      unit: 'bytes',
      formula: 'an eighth of the router’s memory for chunks that an earlier run left',
      inputs: { routerMemoryBytes: routerMemory },
      source: 'Fluent Bit, Buffering and storage, storage.backlog.mem_limit: default 5 MB',
    },
  ];
}

function routerKnobs(question: ResolvedDelivery, { flush, retry }: DeliverySizes): Knob[] {
  const { peak, lineBytes, lag, routerMemory } = question;
  return [
    {
      name: 'routerMemoryBytes',
      value: routerMemory,
      unit: 'bytes',
      formula: 'given, or 256 MiB: 64 chunks in memory, beyond which lines go to the disk alone',
      inputs: {},
      source: OWN,
    },
    {
      name: 'flushSeconds',
      value: flush,
      unit: 's',
      formula:
        'a quarter of the allowed lag, 1 to 5: each flush begins a new chunk, so that rare ones leave fuller files',
      inputs: { lagSeconds: lag },
      source: 'Fluent Bit, Service, flush',
    },
    chosenKnob(
      'retryBaseSeconds',
      RETRY_BASE_SECONDS,
      's',
      'the default: the shortest wait before a chunk is tried again',
      'Fluent Bit, Scheduling and retries, scheduler.base',
    ),
    {
      name: 'retryCapSeconds',
      value: retry,
      unit: 's',
      formula: 'the allowed lag, 10 to 60: a chunk waits for so long at most once Firehose takes lines again',
      inputs: { lagSeconds: lag },
      source: 'Fluent Bit, Scheduling and retries, scheduler.cap: the default is 2,000 s',
    },
    chosenKnob(
      'stopTimeoutSeconds',
      STOP_SECONDS,
      's',
      'the longest that Fargate allows: what is in the buffer when a task ends is lost with its disk',
      'Amazon ECS, Task definition parameters, stopTimeout',
    ),
    {
      name: 'graceSeconds',
      value: STOP_SECONDS - END_SECONDS,
      unit: 's',
      formula: 'stop timeout − 5 s to end: the default of 5 s gives up first',
      inputs: { stopTimeoutSeconds: STOP_SECONDS },
      source: 'Fluent Bit, Service, grace',
    },
    {
      name: 'driverBufferLines',
      value: Math.min(MOST_DRIVER_LINES, Math.ceil((peak / lineBytes) * DRIVER_SECONDS)),
      unit: 'lines',
      formula: 'lines of 10 s at the peak: the router starts within them',
      inputs: { peakBytesPerSecond: peak, lineBytes },
      source: `${FIRELENS}, log-driver-buffer-limit: default 1,048,576`,
    },
    {
      name: 'driverBufferBytes',
      value: Math.ceil(peak * DRIVER_SECONDS),
      unit: 'bytes',
      formula: 'bytes of 10 s at the peak, for a container that must not wait for its log',
      inputs: { peakBytesPerSecond: peak },
      source: 'Amazon ECS, LogConfiguration, max-buffer-size: default 10 MiB since June 2025, beyond it lines are lost',
    },
    chosenKnob(
      'probePeriodSeconds',
      10,
      's',
      'whether the router answers; its own verdict would end a task whose destination is away',
      OWN,
    ),
    chosenKnob('probeTimeoutSeconds', 5, 's', 'the default', 'Amazon ECS, Task definition parameters, healthCheck'),
    chosenKnob('probeStartSeconds', 30, 's', 'it reads the chunks that an earlier run left on a host', OWN),
    chosenKnob('probeFailures', 3, 'probes', 'the default: failures in a row before the task ends', OWN),
  ];
}

function streamKnobs(question: ResolvedDelivery, sizes: DeliverySizes): Knob[] {
  const { tasks, quota, ratio, smallestObject, givenMebibytes, givenSeconds, retentionDays } = question;
  const { lineBytes, envelope } = question;
  const { sentPerByte, peakSent, steadySent, bufferingMebibytes, bufferingSeconds } = sizes;
  return [
    {
      name: 'sentBytesPerLine',
      value: sentPerByte * lineBytes,
      unit: 'bytes',
      formula: question.lineOnly ? 'line + new line' : 'line + envelope, as JSON',
      inputs: { lineBytes, envelopeBytes: envelope },
      source: 'Fluent Bit, Amazon Kinesis Data Firehose, log_key',
    },
    {
      name: 'streamBytesPerSecond',
      value: quota,
      unit: 'bytes/s',
      formula: 'given, or the quota of most regions; the tasks send as much as the inputs say',
      inputs: { tasks, steadyBytesPerSecond: tasks * steadySent, peakBytesPerSecond: tasks * peakSent },
      source: 'Amazon Data Firehose developer guide, Quota: 5 MiB/s in N. Virginia, Oregon and Ireland, else 1 MiB/s',
    },
    {
      name: 'bufferingMebibytes',
      value: bufferingMebibytes,
      unit: 'MiB',
      ...unlessGiven(
        givenMebibytes,
        `${OBJECT_MARGIN} × the smallest object that is worth moving × gzip, ${BUFFERING.leastMebibytes} to ${BUFFERING.mostMebibytes}`,
        { smallestObjectBytes: smallestObject, compressionRatio: ratio },
      ),
      source: 'Amazon Data Firehose API reference, BufferingHints: before compression',
    },
    {
      name: 'bufferingSeconds',
      value: bufferingSeconds,
      unit: 's',
      ...unlessGiven(
        givenSeconds,
        `whole minutes in which that much comes outside the peak, ${BUFFERING.mostSeconds} at most`,
        { bufferingMebibytes, bytesPerSecond: tasks * steadySent },
      ),
      source: 'Amazon Data Firehose API reference, BufferingHints',
    },
    {
      name: 'retentionDays',
      value: retentionDays,
      unit: 'days',
      formula: 'given, or a year',
      inputs: {},
      source: 'case 11: keep 365 days, then delete',
    },
  ];
}
