import { sizeText } from '../../flow/figures';
import { ingestCost, LARGEST_RECORD_BYTES } from '../../flow/logs/delivery/firehose';
import type { Rule } from '../rule';
import { option, routed } from './firelens';
import { lifecycles } from './read/lifecycle';
import type { Template } from './read/template';

const MIB = 1024 ** 2;
const PLUGINS = ['kinesis_firehose', 'firehose'];
/** Amazon Data Firehose API reference, BufferingHints. */
const DEFAULT_MEBIBYTES = 5;
/** What gzip and its kin make of logs; where they make more of them, objects are larger. */
const COMPRESSION_RATIO = 10;
/** A short line of a log. */
const LINE_BYTES = 250;

/** Rules about Amazon Data Firehose. */
export const FIREHOSE_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-FIREHOSE-001',
    title: 'A record of Firehose for each log line',
    why: `Firehose bills a record in steps of 5 KiB. Lines of ${LINE_BYTES} bytes that are sent one by one cost ${Math.round(ingestCost(1e12, LINE_BYTES) / ingestCost(1e12, LARGEST_RECORD_BYTES))} times as much as lines that are joined to records, and a stream takes fewer of them.`,
    source: 'Amazon Data Firehose pricing page, Direct PUT; fluent/fluent-bit pull request 11284: simple_aggregation',
    severity: 'warning',
    cases: [1],
    *check(template) {
      for (const options of routed(template).flatMap(({ senders }) => senders)) {
        const plugin = option(options, 'name')?.text();
        const joined = option(options, 'simple_aggregation');
        if (plugin === undefined || !PLUGINS.includes(plugin) || (joined !== undefined && joined.flag() !== false))
          continue;
        yield {
          at: options,
          message: `an output ${plugin} without simple_aggregation: each line is a record, billed as 5 KiB`,
          fix: 'set simple_aggregation to true; the plugin kinesis_firehose has it from Fluent Bit 4.2.2 on (AWS for Fluent Bit 3.2.1), and refuses it before',
        };
      }
    },
  },
  {
    id: 'BP-FIREHOSE-002',
    title: 'A delivery whose failures leave no trace',
    why: 'What Firehose cannot write as it should goes below ErrorOutputPrefix, and why it could not is in a log group. Without the first, failed records lie among the good ones; without the second, nobody learns why objects stay away until Firehose discards them after 24 h.',
    source:
      'Amazon Data Firehose developer guide, Custom prefixes for Amazon S3 objects; Monitoring with CloudWatch Logs',
    severity: 'warning',
    cases: [1],
    *check(template) {
      for (const stream of template.ofType('AWS::KinesisFirehose::DeliveryStream')) {
        const destination = stream.at('Properties', 'ExtendedS3DestinationConfiguration');
        if (!destination.present) continue;
        const prefix = destination.at('ErrorOutputPrefix');
        if (prefix.absent) {
          yield {
            at: prefix,
            message: 'no ErrorOutputPrefix: records that failed lie among those that did not',
            fix: 'set ErrorOutputPrefix to a prefix of its own, such as undelivered/!{firehose:error-output-type}/',
          };
        }
        const enabled = destination.at('CloudWatchLoggingOptions', 'Enabled');
        if (enabled.flag(false) !== false) continue;
        yield {
          at: enabled,
          message: 'no CloudWatchLoggingOptions: why an object was not written is told nowhere',
          fix: 'set CloudWatchLoggingOptions with Enabled, a log group and a log stream',
        };
      }
    },
  },
  {
    id: 'BP-FIREHOSE-003',
    title: 'A delivery whose objects are too small for the lifecycle of their bucket',
    why: 'Firehose writes an object when its buffer is full, and compresses it then. Objects below the smallest size that the bucket moves stay in S3 Standard for good.',
    source:
      'Amazon Data Firehose API reference, BufferingHints: before compression; Amazon S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle": 128 KB by default',
    severity: 'warning',
    cases: [1, 11],
    *check(template) {
      for (const stream of template.ofType('AWS::KinesisFirehose::DeliveryStream')) {
        const destination = stream.at('Properties', 'ExtendedS3DestinationConfiguration');
        const hint = destination.at('BufferingHints', 'SizeInMBs');
        const [mebibytes, format] = [
          hint.number(DEFAULT_MEBIBYTES),
          destination.at('CompressionFormat').text('UNCOMPRESSED'),
        ];
        if (mebibytes === undefined || format === undefined) continue;
        const most = (mebibytes * MIB) / (format === 'UNCOMPRESSED' ? 1 : COMPRESSION_RATIO);
        for (const bucket of template.findAll(destination.at('BucketARN'), 'AWS::S3::Bucket', 'BucketName')) {
          const smallest = Math.min(...lifecycles(bucket).map(({ smallestBytes }) => smallestBytes));
          if (!Number.isFinite(smallest) || most >= smallest) continue;
          yield {
            at: hint,
            message: `${mebibytes} MiB are ${sizeText(most)} after ${format} at ${format === 'UNCOMPRESSED' ? 1 : COMPRESSION_RATIO} to 1, and ${bucket.name} moves objects from ${sizeText(smallest)} on: none is ever moved`,
            fix: `set SizeInMBs to ${Math.min(128, Math.ceil(((4 * smallest) / most) * mebibytes))}, and IntervalInSeconds to what it takes for so much`,
          };
        }
      }
    },
  },
];
