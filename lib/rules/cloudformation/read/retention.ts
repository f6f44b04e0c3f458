/**
 * Retention of queues and streams.
 */
import { SQS_DEFAULTS } from '../../../flow/queue/brokers/sqs';
import type { Resource, Value } from '../../document';
import { serviceOf } from './functions';
import type { Template } from './template';

const HOUR_SECONDS = 3600;

/** Default retention of Kinesis and DynamoDB Streams; for the latter it cannot be changed. */
const STREAM_DEFAULT_HOURS = 24;

/** Seconds that a queue keeps a message. */
export function queueRetentionSeconds(queue: Resource): number | undefined {
  return queue.at('Properties', 'MessageRetentionPeriod').number(SQS_DEFAULTS.retentionSeconds);
}

/** Seconds that the stream with this ARN keeps a record; undefined when that is not decided. */
export function streamRetentionSeconds(template: Template, arn: Value): number | undefined {
  if (serviceOf(template, arn) === 'dynamodb') return STREAM_DEFAULT_HOURS * HOUR_SECONDS;
  const stream = streamAt(template, arn);
  const hours = stream?.at('Properties', 'RetentionPeriodHours').number(STREAM_DEFAULT_HOURS);
  return hours === undefined ? undefined : hours * HOUR_SECONDS;
}

/** The Kinesis stream that an ARN means, directly or through one of its registered consumers. */
export function streamAt(template: Template, arn: Value): Resource | undefined {
  const target = template.target(arn);
  if (target?.type === 'AWS::Kinesis::StreamConsumer') return streamAt(template, target.at('Properties', 'StreamARN'));
  return template.find(arn, 'AWS::Kinesis::Stream', 'Name');
}
