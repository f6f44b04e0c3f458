/** Limits and prices of Amazon Data Firehose with Direct PUT. */
import data from '../../prices.json';
import { DAY_SECONDS } from '../../ranges';

const MIB = 1024 ** 2;
const BYTES_PER_GB = 2 ** 30;

/**
 * Bytes a second of a stream, unless AWS raised them. Source: Amazon Data Firehose developer guide, Quota; PutRecord's
 * reference still has older numbers.
 */
export const STREAM_BYTES_PER_SECOND = { large: 5 * MIB, small: MIB };

/** Requests a second of a stream, unless AWS raised them; the same source. Records are not counted here: one has many lines. */
const STREAM_REQUESTS_PER_SECOND = { large: 2000, small: 1000 };

/** Regions with the larger quota; the same source. */
export const LARGE_REGIONS: readonly string[] = ['us-east-1', 'us-west-2', 'eu-west-1'];

/** How long Firehose keeps records that it cannot deliver. Source: the same guide, Data delivery to Amazon S3. */
export const KEPT_SECONDS = DAY_SECONDS;

/** Hints for the size of an object. Source: API reference, BufferingHints. */
export const BUFFERING = {
  mostSeconds: 900,
  leastMebibytes: 1,
  mostMebibytes: 128,
  /** What a stream has that was made without them. */
  defaultSeconds: 300,
  defaultMebibytes: 5,
};

/** Bytes of the largest record to which Fluent Bit joins lines (`simple_aggregation`), and Firehose takes. */
export const LARGEST_RECORD_BYTES = 1_024_000;

/**
 * Requests a second that a stream takes which takes so many bytes, wherever it is. AWS raises both together: the regions with the
 * larger quota have 400 requests for each MiB, the others 1,000.
 */
export function requestsOf(bytesPerSecond: number): number {
  const { large, small } = STREAM_REQUESTS_PER_SECOND;
  return Math.max(small, Math.floor((bytesPerSecond * large) / STREAM_BYTES_PER_SECOND.large));
}

/** US dollars for records of so many bytes each, so many bytes in all. */
export function ingestCost(bytes: number, recordBytes: number): number {
  const { ingestPerGb, billedRecordBytes } = data.firehose;
  const unit = billedRecordBytes.value;
  const billed = (bytes / recordBytes) * Math.ceil(recordBytes / unit) * unit;
  return (billed / BYTES_PER_GB) * ingestPerGb.value;
}
