/** What Amazon Kinesis costs at list prices: shards with what they keep, and what is put into them. */
import data from './prices.json';
import { DAY_SECONDS, WEEK_SECONDS } from './ranges';

const BYTES_PER_GB = 2 ** 30;

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
