/** The knobs of a log delivery: buffer and router. */
import { chosenKnob } from '../../alarms';
import { type Knob, unlessGiven } from '../../plan';
import { MIB } from '../sizing';
import { deliveryAlarmKnobs } from './alarms';
import { FILE_ROOM_BYTES } from './buffer';
import { requestsOf } from './firehose';
import {
  BUFFER_MARGIN,
  CHUNK_BYTES,
  type DeliverySizes,
  EPHEMERAL,
  ephemeralGib,
  RETRY_BASE_SECONDS,
  type ResolvedDelivery,
} from './sizing';
import { streamKnobs } from './stream-knobs';

const OWN = 'this library, docs/constructs/log-shipping.md';
const FIRELENS = 'Amazon ECS developer guide, Configuring logs for high throughput';
/** Amazon ECS, Task definition parameters: 120 s at most on Fargate. */
const STOP_SECONDS = 120;
/** What Fluent Bit needs beside its grace to end. */
const END_SECONDS = 5;
/** What the log driver holds for a container. */
const DRIVER = {
  /** How long the container may be without its router at the peak: it starts within seconds. */
  seconds: 10,
  /** Its defaults. */
  usualLines: 1_048_576,
  usualBytes: 10 * MIB,
  /** Memory for lines that nobody expects, beside that of the containers: an assumption. */
  spareBytes: 16 * MIB,
  /** A longer line comes in parts, each an event of its own. Source: amazon-ecs-firelens-examples, partial messages. */
  partBytes: 16 * 1024,
  /** The ECS agent refuses more lines; the guide on high throughput. */
  mostLines: 2 ** 29 - 1,
};
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

function bufferKnobs(question: ResolvedDelivery, { limit, needed, storedPerByte, flush }: DeliverySizes): Knob[] {
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
        `(lines of the outage, the peak first × (line + envelope) + ${FILE_ROOM_BYTES / 1024} KiB for each chunk) × ${BUFFER_MARGIN}: each flush begins a chunk, and its file grows in steps`,
        { outageSeconds: outage, lineBytes, envelopeBytes: envelope, flushSeconds: flush, neededBytes: needed },
      ),
      source:
        'Fluent Bit, Buffering and storage, storage.total_limit_size: files are counted, and beyond it the oldest is discarded',
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
  const { lag, tasks, quota, routerMemory } = question;
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
        'a quarter of the allowed lag, 1 to 5, or tasks ÷ requests that the stream takes: each flush begins a chunk, which is a request',
      inputs: { lagSeconds: lag, tasks, streamRequestsPerSecond: requestsOf(quota) },
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
    ...driverKnobs(question),
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

/** The buffer of the log driver, which is before the router: less than its default only where that would take memory. */
function driverKnobs({ peak, lineBytes }: ResolvedDelivery): Knob[] {
  const eventBytes = Math.min(lineBytes, DRIVER.partBytes);
  const atPeak = Math.ceil((peak / eventBytes) * DRIVER.seconds);
  const spare = Math.min(DRIVER.usualLines, Math.ceil(DRIVER.spareBytes / eventBytes));
  return [
    {
      name: 'driverBufferLines',
      value: Math.min(DRIVER.mostLines, Math.max(atPeak, spare)),
      unit: 'lines',
      formula: 'lines of 10 s at the peak, in which the router starts; 16 MiB of lines at least, or the default',
      inputs: { peakBytesPerSecond: peak, lineBytes },
      source: `${FIRELENS}, log-driver-buffer-limit: default 1,048,576; lines × their length is memory of the task`,
    },
    {
      name: 'driverBufferBytes',
      value: Math.max(DRIVER.usualBytes, Math.ceil(peak * DRIVER.seconds)),
      unit: 'bytes',
      formula: 'bytes of 10 s at the peak, the default at least, for a container that must not wait for its log',
      inputs: { peakBytesPerSecond: peak },
      source: 'Amazon ECS, LogConfiguration, max-buffer-size: default 10 MiB since June 2025, beyond it lines are lost',
    },
  ];
}
