/** What Amazon Kinesis costs at list prices: shards with what they keep, and what is put into them. */
import data from './prices.json';
import { DAY_SECONDS, WEEK_SECONDS } from './ranges';

const BYTES_PER_GB = 2 ** 30;
const KIB = 1024;
const SECONDS_PER_HOUR = 3600;

/** US dollars of so many hours of a month: shards, and what is kept for longer than a week. */
export function shardCost(hours: number, shards: number, keptSeconds: number, bytesPerDay: number): number {
  const { shardHour, extendedRetentionShardHour, longTermGbMonth } = data.kinesis;
  const extended = keptSeconds > DAY_SECONDS ? extendedRetentionShardHour.value : 0;
  const longTermBytes = (Math.max(0, keptSeconds - WEEK_SECONDS) / DAY_SECONDS) * bytesPerDay;
  return hours * shards * (shardHour.value + extended) + (longTermBytes / BYTES_PER_GB) * longTermGbMonth.value;
}

/** US dollars of one record of so many bytes. */
export function recordCost(bytes: number): number {
  const { payloadUnitBytes, perMillionPayloadUnits } = data.kinesis;
  return (Math.ceil(bytes / payloadUnitBytes.value) * perMillionPayloadUnits.value) / 1e6;
}

/** US dollars of so many hours of a month of a stream on demand with one reader: by what is put in, read and kept. */
export function onDemandCost(hours: number, keptSeconds: number, recordsPerDay: number, recordBytes: number): number {
  const { onDemandStreamHour, onDemandGbIn, onDemandGbOut, onDemandExtendedGbMonth, longTermGbMonth } = data.kinesis;
  const days = (hours * SECONDS_PER_HOUR) / DAY_SECONDS;
  const gbPerDay = (recordsPerDay * recordBytes) / BYTES_PER_GB;
  // What is put in is charged in whole kibibytes of each record.
  const gbIn = (recordsPerDay * Math.ceil(recordBytes / KIB) * KIB * days) / BYTES_PER_GB;
  const extendedDays = (Math.min(keptSeconds, WEEK_SECONDS) - DAY_SECONDS) / DAY_SECONDS;
  const longTermDays = (keptSeconds - WEEK_SECONDS) / DAY_SECONDS;
  return (
    hours * onDemandStreamHour.value +
    gbIn * onDemandGbIn.value +
    gbPerDay * days * onDemandGbOut.value +
    Math.max(0, extendedDays) * gbPerDay * onDemandExtendedGbMonth.value +
    Math.max(0, longTermDays) * gbPerDay * longTermGbMonth.value
  );
}
