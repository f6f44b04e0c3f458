/** What a month of a stream costs, with one peak a day. */
import { onDemandCost, recordCost, shardCost } from '../kinesis-cost';
import data from '../prices.json';
import { DAY_SECONDS } from '../ranges';
import type { Settings } from './lines';
import { batchWorkSeconds, DEFAULT_OUTAGE_SECONDS, loadOf } from './load';
import { retentionSecondsOf } from './retention';
import type { StreamQuestion } from './workload';

const MONTH_DAYS = 30;
const HOUR_SECONDS = 3600;
const MIB_PER_GB = 1024;
const MONTH_HOURS = (MONTH_DAYS * DAY_SECONDS) / HOUR_SECONDS;
const DEFAULT_MEMORY_MIB = 256;

/**
 * US dollars of 30 days with one peak a day, at list price and without what is free. Undefined where the consumers have no
 * price here: pods, and tasks whose price was not given. Brokers are not in it.
 */
export function monthlyCostOf(question: StreamQuestion, settings: Settings): number | undefined {
  const load = loadOf(question);
  const { platform } = load;
  const consumers = consumerCost(question, settings);
  if (consumers === undefined) return undefined;
  return consumers + (platform.transport === 'kinesis' ? kinesisCost(question, settings) : 0);
}

function perDay(question: StreamQuestion, ofRate: (perSecond: number) => number): number {
  const { steadyPerSecond, peakPerSecond, peakSeconds } = loadOf(question);
  const peak = Math.min(peakSeconds, DAY_SECONDS);
  return peak * ofRate(peakPerSecond) + (DAY_SECONDS - peak) * ofRate(steadyPerSecond);
}

function kinesisCost(question: StreamQuestion, settings: Settings): number {
  const { recordBytes } = loadOf(question);
  const kept = retentionSecondsOf(question, settings, question.outageSeconds ?? DEFAULT_OUTAGE_SECONDS);
  const records = perDay(question, (perSecond) => perSecond);
  if (question.onDemand) return onDemandCost(MONTH_HOURS, kept, records, recordBytes);
  return (
    shardCost(MONTH_HOURS, settings.partitions, kept, records * recordBytes) +
    MONTH_DAYS * records * recordCost(recordBytes)
  );
}

function consumerCost(question: StreamQuestion, settings: Settings): number | undefined {
  const load = loadOf(question);
  const { instances, batchSize, partitions, parallelizationFactor } = settings;
  if (load.platform.consumer === 'fargate') {
    return question.instanceHourCost === undefined ? undefined : MONTH_HOURS * instances * question.instanceHourCost;
  }
  if (load.platform.consumer === 'keda') return undefined;
  const { gbSecondArm, perMillionRequests } = data.lambda;
  const gb = (question.functionMemoryMiB ?? DEFAULT_MEMORY_MIB) / MIB_PER_GB;
  const lines = partitions * parallelizationFactor;
  const day = perDay(question, (perSecond) => {
    // What has come since the last poll, in batches that are full but for the last.
    const polled = Math.max(1, (perSecond * load.platform.pollSeconds) / lines);
    const batches = perSecond / Math.min(batchSize, polled);
    const seconds = batches * batchWorkSeconds(load, Math.min(batchSize, polled));
    return (batches * perMillionRequests.value) / 1e6 + seconds * gb * gbSecondArm.value;
  });
  return MONTH_DAYS * day;
}
