/**
 * The merger of `CoalescingQueue` on AWS Lambda: a batch of Amazon Kinesis, where the partition key is the key, or of
 * Amazon SQS, where a JSON pointer names it. Settings come as environment variables.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Context, KinesisStreamEvent, SQSEvent } from 'aws-lambda';
import { countMetric, recordMetric } from '../metrics';
import { numberSetting, setting } from '../settings';
import { parkKeys, parkMalformed } from './aside';
import { type CacheSetting, LambdaCache } from './aws-cache';
import { type BatchFailures, flushBatch } from './batch';
import { CloudFrontInvalidator } from './cloudfront';
import type { FlushPorts, Invalidator } from './flush';
import { LambdaInvalidator } from './lambda';
import { kinesisBatch, sqsBatch } from './records';
import { within } from './time-out';

/** What is done with keys, as the construct writes it into the environment. */
export interface InvalidatorSetting {
  readonly functionName?: string;
  readonly distributionId?: string;
  /** With a distribution: what takes the place of paths when they are more than `WILDCARD_ABOVE_KEYS`. */
  readonly wildcard?: string;
  readonly cache?: CacheSetting;
}

/** Seconds of a request that sets keys aside, or reads a secret. */
const REQUEST_SECONDS = 2;

const callSeconds = numberSetting('CALL_TIMEOUT_SECONDS');
/** Before the function is ended: time to set aside and to answer. */
const spareMillis = 1000 * numberSetting('SPARE_SECONDS');
const sqs = new SQSClient({ maxAttempts: 2, requestHandler: within(REQUEST_SECONDS) });
const asideUrl = setting('ASIDE_QUEUE_URL');
const keyOf = process.env.KEY_OF ?? '/key';
const config = {
  keysPerCall: numberSetting('KEYS_PER_CALL'),
  workers: numberSetting('WORKERS'),
  attempts: numberSetting('ATTEMPTS'),
  backoffSeconds: numberSetting('BACKOFF_SECONDS'),
  backoffCapSeconds: numberSetting('BACKOFF_CAP_SECONDS'),
  callSeconds,
  asideAfterSeconds: numberSetting('ASIDE_AFTER_SECONDS'),
};
const invalidator = JSON.parse(setting('INVALIDATOR')) as InvalidatorSetting;
const fallback =
  invalidator.wildcard === undefined
    ? undefined
    : { wildcard: invalidator.wildcard, aboveKeys: numberSetting('WILDCARD_ABOVE_KEYS') };
const ports: FlushPorts = {
  invalidator: invalidatorOf(invalidator),
  wait: async (millis) => {
    await wait(millis);
  },
  now: Date.now,
  random: Math.random,
  log: (event, details) => console.warn(JSON.stringify({ event, ...details })),
  count: (name, value) => countMetric(name, {}, {}, value),
};

export async function handler(event: KinesisStreamEvent | SQSEvent, context: Context): Promise<BatchFailures> {
  const deadline = Date.now() + context.getRemainingTimeInMillis() - spareMillis;
  const batch =
    event.Records[0] !== undefined && 'kinesis' in event.Records[0]
      ? kinesisBatch((event as KinesisStreamEvent).Records)
      : sqsBatch((event as SQSEvent).Records, keyOf);
  return flushBatch(batch, deadline, config, {
    ...ports,
    fallback,
    aside: async (keys) => parkKeys(sqs, asideUrl, keys),
    malformed: async (records) => parkMalformed(sqs, asideUrl, records),
    delay: (seconds) => recordMetric('DelaySeconds', seconds, 'Seconds'),
  });
}

function invalidatorOf({ functionName, distributionId, cache }: InvalidatorSetting): Invalidator {
  if (functionName !== undefined) return new LambdaInvalidator(functionName, callSeconds);
  if (distributionId !== undefined) return new CloudFrontInvalidator(distributionId, callSeconds);
  if (cache !== undefined) {
    return new LambdaCache(
      cache,
      callSeconds,
      new SecretsManagerClient({ maxAttempts: 1, requestHandler: within(REQUEST_SECONDS) }),
    );
  }
  throw new Error('the environment variable INVALIDATOR names no invalidator');
}
