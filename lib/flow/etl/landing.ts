/** A landing: a managed delivery that appends records to an Iceberg table as they are. */
import { CapacityError } from '../errors';
import { figure, sizeText } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import type { Knob } from '../plan';
import { DAY_SECONDS } from '../ranges';
import {
  LANDING_BYTES_PER_SECOND,
  LANDING_LEAST_SECONDS,
  LANDING_MOST_BYTES_PER_SECOND,
  LANDING_MOST_SECONDS,
  LANDING_SOURCES,
} from './platforms';
import { holds } from './refusals';
import { EtlPlan, type EtlPredictions, type EtlQuestion } from './workload';

const MSK_PAGE = 'Amazon MSK developer guide, Data delivery';
const RETENTION_SECONDS = 3 * DAY_SECONDS;
const PARTITION_BYTES_PER_SECOND = 5e6;

/** Seconds that a delivery of so many bytes a second can be held to, at least. */
export function leastFreshness(bytesPerSecond: number): number {
  return Math.max(LANDING_LEAST_SECONDS, (LANDING_LEAST_SECONDS * LANDING_BYTES_PER_SECOND) / bytesPerSecond);
}

/** The plan of a landing. */
export function planLanding(subject: string, question: EtlQuestion): EtlPlan {
  const { workload, objective, source = 'msk-express' } = question;
  const bytesPerSecond = workload.steadyPerSecond * workload.recordBytes;
  const peakBytes = (workload.peakPerSecond ?? workload.steadyPerSecond) * workload.recordBytes;
  refuse(subject, question, bytesPerSecond, peakBytes);
  const freshness = Math.min(LANDING_MOST_SECONDS, Math.floor(objective.freshnessSeconds));
  const outage = objective.outageSeconds ?? 0;
  const knobs: Knob[] = [
    {
      name: 'dataFreshnessSeconds',
      value: freshness,
      unit: 's',
      formula: `the freshness, at most ${LANDING_MOST_SECONDS} s`,
      inputs: { freshnessSeconds: objective.freshnessSeconds, bytesPerSecond },
      source: MSK_PAGE,
    },
    {
      name: 'retentionMilliseconds',
      value: 1000 * Math.ceil(Math.max(outage + freshness, RETENTION_SECONDS)),
      unit: 'ms',
      formula: 'outage + freshness, at least 3 days: a failed record is only in the topic',
      inputs: { outageSeconds: outage, dataFreshnessSeconds: freshness },
      source: `${MSK_PAGE}: the dead-letter bucket gets identifiers, not payloads`,
    },
    {
      name: 'partitions',
      value: Math.max(1, Math.ceil(peakBytes / PARTITION_BYTES_PER_SECOND)),
      unit: 'partitions',
      formula: 'bytes/s ÷ 5 MB/s',
      inputs: { bytesPerSecond: peakBytes },
      source: '5 MB/s is an assumption',
    },
  ];
  const remarks = [
    `${subject}: the delivery appends. It neither merges nor aggregates, changes no schema and reads nothing from before it began.`,
    ...(source === 'kinesis-on-demand'
      ? []
      : [
          `${subject}: in hours of less than ${sizeText((LANDING_LEAST_SECONDS * LANDING_BYTES_PER_SECOND) / freshness)}/s the delivery may take longer.`,
        ]),
  ];
  return new EtlPlan(subject, knobs, predictions(freshness, peakBytes), remarks);
}

function predictions(freshness: number, peakBytes: number): EtlPredictions {
  return {
    outputMode: 'landing',
    oldestRecordSeconds: freshness,
    recordsPerBatch: 0,
    oldestAfterOutageSeconds: 0,
    oldestAfterRestartSeconds: 0,
    catchUpSeconds: 0,
    catchUpAfterRestartSeconds: 0,
    stateBytes: 0,
    needsRocksDb: false,
    filesPerDay: 0,
    coreHoursPerDay: 0,
    batchCoreHoursPerDay: 0,
    breaksAtLoad: LANDING_MOST_BYTES_PER_SECOND / peakBytes,
  };
}

function refuse(subject: string, question: EtlQuestion, bytesPerSecond: number, peakBytes: number): void {
  const { objective, source = 'msk-express' } = question;
  const { title, lands } = LANDING_SOURCES[source];
  const least = Math.ceil(leastFreshness(bytesPerSecond) - 1e-9);
  const planned = peakBytes * (objective.headroom ?? DEFAULT_HEADROOM);
  const fits = planned <= LANDING_MOST_BYTES_PER_SECOND;
  const fresh = least <= Math.min(objective.freshnessSeconds, LANDING_MOST_SECONDS);
  const { sink, source: _, ...spark } = question;
  const aggregate = holds(spark) ? ["the sink 'aggregate', a Spark job of your own"] : [];
  const otherwise = (ways: readonly string[]) => (ways.length > 0 ? ways : ['a stream processor of your own']);
  if (!lands) {
    throw new CapacityError(
      subject,
      `${title} has no managed delivery: it needs Express brokers or an on-demand stream`,
      otherwise([...aggregate, ...(fits && fresh ? ["Express brokers, the source 'msk-express'"] : [])]),
    );
  }
  if (!fits) {
    const topics = Math.ceil(planned / LANDING_MOST_BYTES_PER_SECOND);
    throw new CapacityError(
      subject,
      `${figure(planned)} bytes/s at the peak with head-room are more than the ${figure(LANDING_MOST_BYTES_PER_SECOND)} that a delivery takes`,
      otherwise([
        ...(leastFreshness(bytesPerSecond / topics) <= Math.min(objective.freshnessSeconds, LANDING_MOST_SECONDS)
          ? [`${figure(topics)} topics with a landing each`]
          : []),
        ...aggregate,
      ]),
    );
  }
  if (fresh) return;
  throw new CapacityError(
    subject,
    bytesPerSecond >= LANDING_BYTES_PER_SECOND
      ? `a managed delivery is ${LANDING_LEAST_SECONDS} to ${LANDING_MOST_SECONDS} s fresh, ${figure(objective.freshnessSeconds)} s are promised`
      : `a managed delivery of ${figure(bytesPerSecond)} bytes/s is ${figure(least)} s fresh at best (${LANDING_LEAST_SECONDS} s need ${figure(LANDING_BYTES_PER_SECOND)} bytes/s, less data in proportion more time, and ${LANDING_MOST_SECONDS} s are the most); ${figure(objective.freshnessSeconds)} s are promised`,
    otherwise([...(least <= LANDING_MOST_SECONDS ? [`freshnessSeconds of ${least}`] : []), ...aggregate]),
  );
}
