import type { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { EtlObjective, EtlWorkload } from '../../flow/etl/workload';
import type { AlarmSettings } from '../alarm-settings';
import type { EtlSource } from './etl-source';
import type { StreamSink } from './stream-sink';

/**
 * What a streaming ETL on AWS is sized from.
 */
export interface StreamingEtlProps {
  /**
   * What arrives, and what a record costs.
   */
  readonly workload: EtlWorkload;

  /**
   * How fresh the table has to be, and what an outage may do.
   */
  readonly objective: EtlObjective;

  /**
   * Name of the job or the delivery: of its objects, its metrics and its consumer groups. With another name it begins anew
   * beside the old one, so give it once. 1 to 50 lower-case letters, digits and hyphens.
   */
  readonly queryName: string;

  /**
   * What carries the records.
   */
  readonly source: EtlSource;

  /**
   * How they get into a table.
   */
  readonly sink: StreamSink;

  /**
   * The key of the buckets, of the table bucket and of a stream that is made.
   *
   * @default - encryption with keys of Amazon S3; a stream that is made has a key of its own
   */
  readonly encryptionKey?: IKey;

  /**
   * Where the server access logs of buckets go that are made. It must let `logging.s3.amazonaws.com` write, and use SSE-S3.
   *
   * @default - a bucket is made, where another one is
   */
  readonly serverAccessLogsBucket?: IBucket;

  /**
   * Where alarms go.
   *
   * @default - nowhere; the alarms still exist
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * What happens to topic, stream, buckets and tables when they leave the stack.
   * RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
