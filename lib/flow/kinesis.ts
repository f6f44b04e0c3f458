/** Limits of Amazon Kinesis, and of AWS Lambda where it reads a stream: once, for plans, constructs and rules. */

/** Amazon Kinesis Data Streams developer guide, Quotas. */
export const KINESIS_LIMITS = {
  /** Records that one shard takes in a second. */
  recordsPerSecond: 1000,
  /** Bytes that one shard takes in a second. */
  bytesPerSecond: 1_048_576,
  /** Bytes of one record. */
  recordBytes: 1_048_576,
  /** Shards that a new stream on demand has: 4 MB and 4,000 records a second. */
  onDemandShards: 4,
  /** Shards of one provisioned stream that are planned here; an account has 200 to 20,000, and more on request. */
  shards: 500,
} as const;

/** AWS Lambda developer guide, Using AWS Lambda with Amazon Kinesis. */
export const STREAM_MAPPING_LIMITS = {
  /** Records of one batch. */
  records: 10_000,
  /** Batches of one shard that are worked on at once, each with its own keys. */
  parallelizationFactor: 10,
  /** Seconds between two polls of a shard. */
  pollSeconds: 1,
  /** Records are in base64. */
  growth: 4 / 3,
  /** Bytes of the envelope around one record. */
  addedBytes: 450,
  /** Seconds that one invocation may take. */
  timeoutSeconds: 900,
} as const;

/** AWS Lambda quotas: 6 MB of a synchronous invocation; measured in mebibytes, so this is on the safe side. */
export const LAMBDA_PAYLOAD = 6_000_000;
