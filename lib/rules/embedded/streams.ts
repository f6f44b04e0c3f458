import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** From where a stream begins to be read or written to where it starts. */
const READ = /\breadStream\b[\s\S]{0,2000}?\.load\(/g;
const WRITE = /\bwriteStream\b[\s\S]{0,2000}?\.(?:start|toTable)\(/g;

/** Rules about streaming jobs and the tables that they write. */
export const EMBEDDED_STREAM_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-SPARK-001',
    title: 'A Delta table is written in update mode',
    why: 'The Delta sink takes append and complete. The query throws when it is started, and nothing is ever consumed.',
    source: 'Delta Lake, Table streaming reads and writes: output modes append and complete',
    severity: 'error',
    cases: [3],
    signs: [
      {
        within: WRITE,
        pattern: /\.outputMode\(\s*["']update["']\s*\)/i,
        needs: /\.format\(\s*["']delta["']\s*\)/i,
        message: () =>
          'outputMode update with format delta: the sink takes append and complete, and the query never starts',
        fix: 'use append after a watermark, or foreachBatch with MERGE',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-SPARK-002',
    title: 'A stream takes everything that waits into its first batch',
    why: 'Without a limit a batch is as large as the backlog. The first one after an outage runs out of memory, starts anew with a larger one, and never gets through.',
    source: 'Apache Spark, Structured Streaming + Kafka Integration Guide: maxOffsetsPerTrigger, no default',
    severity: 'error',
    cases: [3],
    signs: [
      {
        within: READ,
        pattern: /\.format\(\s*["']kafka["']\s*\)/i,
        excuse: /maxOffsetsPerTrigger|\.options\(/i,
        message: () => 'a Kafka source without maxOffsetsPerTrigger: the first batch is the whole backlog',
        fix: 'set maxOffsetsPerTrigger to what one trigger interval processes: records per second × seconds between triggers',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-LIBRDKAFKA-001',
    title: "A Java consumer's property in a client that has no use for it",
    why: 'A client built on librdkafka hands out one message at a time. The number changes nothing, and the batches that it was to bound are whatever the program makes of them.',
    source: 'Documentation of librdkafka, CONFIGURATION.md; confluentinc/librdkafka#1653, #3234',
    severity: 'warning',
    cases: [5],
    signs: [
      {
        pattern: /["']?max\.poll\.records["']?\s*[:=,]\s*["']?(\d+)?/,
        needs: /confluent_kafka|librdkafka|rdkafka|confluent-kafka|@confluentinc/,
        message: (match) =>
          `max.poll.records${match[1] ? ` ${match[1]}` : ''} means nothing to librdkafka: poll() returns one message`,
        fix: 'drop it and take batches with consume(num_messages=…, timeout=…)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-KAFKA-004',
    title: 'A producer gives up after a number of tries',
    why: 'A few tries are over within a second or two, and a broker that restarts takes longer. What bounds a send is how long its result may take.',
    source: 'Apache Kafka, Producer configuration: retries; "users should generally prefer … delivery.timeout.ms"',
    severity: 'warning',
    cases: [18],
    signs: [
      {
        pattern: /(?:^|[\s{,(])["']?retries["']?\s*[:=]\s*["']?(\d{1,6})\b/m,
        needs:
          /linger\.ms|batch\.size|compression\.type|KafkaProducer|ProducerConfig|retry\.backoff\.ms|transactional\.id/,
        excuse: /delivery[._]timeout[._]ms|DELIVERY_TIMEOUT_MS/,
        message: (match) =>
          `retries ${match[1]} and no delivery.timeout.ms: a broker that restarts outlasts the tries, and what was sent is lost`,
        fix: 'leave retries at its default and set delivery.timeout.ms to how late a record may be',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-COMPACT-001',
    title: 'A compaction that one small file starts again and again',
    why: 'There is always a small file: the last one written, or what a compaction leaves over. A trigger that needs no more than that is true after every run, and rewrites the table for ever.',
    source: 'Delta Lake, Best practices: compact files; Apache Iceberg, rewrite_data_files: min-input-files',
    severity: 'warning',
    cases: [17],
    signs: [
      {
        pattern:
          /(?:\bor\b|\|\|)\s*(?:min\s*\(\s*)?[\w.]{0,80}(?:smallest|min_?(?:file|size))[\w.]{0,80}\s*\)?\s*<=?\s*(\S+?)(?=[\s:)]|$)/im,
        needs: /compact|optimi[sz]e|rewrite|merge/i,
        message: (match) =>
          `"or" the smallest file is below ${match[1]}: one stray file makes it true, after every run anew`,
        fix: 'ask for a number of small files and their bytes together, with a lower threshold to stop at and a cool-down between runs',
      },
    ],
  }),
];
