/**
 * Lines of tasks on their way to an archive: a router in each task that buffers on the disk, and one stream that collects them
 * to objects.
 */
import {
  atLeast,
  CapacityError,
  type Check,
  inRange,
  oneOf,
  required,
  validate,
  wholeAtLeast,
  wholeNumber,
} from '../../errors';
import { type Fields, objectChecks } from '../../fields';
import { once } from '../../once';
import { MOST_BYTES_PER_SECOND, MOST_HELD } from '../../ranges';
import { smallestAbove } from '../../search';
import type { StorageWorkload } from '../../storage/workload';
import { askedChecks, MIB } from '../sizing';
import { longestOutage } from './buffer';
import { BUFFERING, ingestCost, LARGEST_RECORD_BYTES } from './firehose';
import { deliveryKnobs } from './knobs';
import { refusal, waysOut } from './refusals';
import {
  brokenBy,
  type DeliverySizes,
  LEAST_BUFFER_BYTES,
  type ResolvedDelivery,
  resolve,
  size,
  times,
} from './sizing';
import { LogDeliveryPlan, type LogDeliveryPredictions, type LogDeliveryQuestion } from './workload';

const DAYS_PER_MONTH = 30;
const MOST_TASKS = 100_000;
/** Times the load beyond which nobody asks when the promise breaks. */
const MOST_TIMES = 1000;
const ROUTER_MEMORY = { least: 64 * MIB, most: 30 * 1024 * MIB };

/**
 * The plan of a log delivery.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param asked what a task logs, what is promised, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range
 * @throws CapacityError when the outage does not fit a task's disk, Firehose keeps less, or the stream takes fewer bytes or
 *   requests than are sent; the message names the ways out
 */
export function planLogDelivery(
  subject: string,
  asked: LogDeliveryQuestion,
  checks: readonly Check[] = [],
): LogDeliveryPlan {
  validate(subject, [...checks, ...deliveryChecks(asked)]);
  const question = resolve(asked);
  const sizes = size(question);
  const broken = brokenBy(question, sizes);
  if (broken !== undefined) throw new CapacityError(subject, refusal(question, broken, sizes), waysOut(question));
  return new LogDeliveryPlan(subject, deliveryKnobs(question, sizes), predict(question, sizes));
}

/** What the archive of a delivery is asked. */
export function archiveWorkload(plan: LogDeliveryPlan): StorageWorkload {
  const { storedBytesPerDay, objectBytes } = plan.predictions;
  return { bytesPerDay: storedBytesPerDay, objectBytes, retentionDays: plan.value('retentionDays') };
}

function predict(question: ResolvedDelivery, sizes: DeliverySizes): LogDeliveryPredictions {
  const { lineBytes, envelope, ratio, outage } = question;
  const { limit, needed, taken, lag, bufferingSeconds, steadySent, flush, storedPerDay } = sizes;
  const sentPerMonth = storedPerDay * ratio * DAYS_PER_MONTH;
  const record = Math.max(1, Math.min(LARGEST_RECORD_BYTES, steadySent * flush));
  const lineRecord = lineBytes + (question.lineOnly ? 1 : envelope);
  const breaksAt = once(
    () =>
      smallestAbove(1, (factor) => factor > MOST_TIMES || breaksWith(question, sizes, factor)) ??
      Number.POSITIVE_INFINITY,
  );
  return {
    bufferBytes: needed,
    outageSeconds: longestOutage(question, limit, outage, flush, taken),
    drainSeconds: sizes.drain,
    lagSeconds: lag,
    requestsPerSecond: sizes.requests,
    deliveredSeconds: lag + bufferingSeconds,
    objectBytes: sizes.objectBytes,
    storedBytesPerDay: storedPerDay,
    monthlyIngestCost: ingestCost(sentPerMonth, record),
    monthlyIngestCostByLine: ingestCost(sentPerMonth, lineRecord),
    // Searched for when it is first read.
    get breaksAtLoad() {
      return breaksAt();
    },
  };
}

/** Whether so many times the lines break the promise, with the buffer and the flush that were made for one. */
function breaksWith(question: ResolvedDelivery, { limit, flush }: DeliverySizes, factor: number): boolean {
  return brokenBy({ ...times(question, factor), givenLimit: limit, givenFlush: flush }) !== undefined;
}

const QUESTION_FIELDS: Fields<LogDeliveryQuestion> = {
  workload: true,
  objective: true,
  tasks: true,
  platform: true,
  existingStream: true,
  streamBytesPerSecond: true,
  lineOnly: true,
  envelopeBytes: true,
  routerMemoryBytes: true,
  storageTotalLimitBytes: true,
  compressionRatio: true,
  bufferingSeconds: true,
  bufferingMebibytes: true,
  retentionDays: true,
};

function deliveryChecks(question: LogDeliveryQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, (asked) => [
    ...askedChecks(asked),
    required(wholeNumber, 'tasks', asked.tasks, 1, MOST_TASKS),
    oneOf('platform', asked.platform, ['fargate', 'ec2']),
    oneOf('existingStream', asked.existingStream, [true, false]),
    oneOf('lineOnly', asked.lineOnly, [true, false]),
    atLeast('streamBytesPerSecond', asked.streamBytesPerSecond, 1, MOST_BYTES_PER_SECOND),
    atLeast('envelopeBytes', asked.envelopeBytes, 0, MOST_HELD),
    wholeNumber('routerMemoryBytes', asked.routerMemoryBytes, ROUTER_MEMORY.least, ROUTER_MEMORY.most),
    wholeAtLeast('storageTotalLimitBytes', asked.storageTotalLimitBytes, LEAST_BUFFER_BYTES, MOST_HELD),
    inRange('compressionRatio', asked.compressionRatio, 1, 1000),
    wholeNumber('bufferingSeconds', asked.bufferingSeconds, 0, BUFFERING.mostSeconds),
    wholeNumber('bufferingMebibytes', asked.bufferingMebibytes, BUFFERING.leastMebibytes, BUFFERING.mostMebibytes),
    wholeNumber('retentionDays', asked.retentionDays, 1, 36_500),
  ]);
}
