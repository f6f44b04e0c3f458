import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** From where a stream begins to be read or written to where it starts. */
const READ = /\breadStream\b[\s\S]{0,2000}?\.load\(/g;
const WRITE = /\bwriteStream\b[\s\S]{0,2000}?\.(?:start|toTable)\(/g;

/** Offsets that are stored by hand, after the work: automatic commits then commit nothing else. */
const STORED = /enable[._]auto[._]offset[._]store["']?\s*[:=,]\s*["']?(?:false|False)\b/;

/** Rules about streaming jobs and the tables that they write. */
export const EMBEDDED_STREAM_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-SPARK-001',
    title: 'A Delta table is written in update mode',
    why: 'The Delta sink takes append and complete. The query throws at start, so no record is ever consumed.',
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
    title: 'A stream takes the whole backlog into its first batch',
    why: 'Without a limit a batch is as large as the backlog. The first batch after an outage runs out of memory, restarts with a larger one, and never ends.',
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
    title: 'A property of the Java consumer in a client that ignores it',
    why: 'A client built on librdkafka returns one message at a time. The number has no effect, and the program decides the size of its batches.',
    source: 'Documentation of librdkafka, CONFIGURATION.md; confluentinc/librdkafka#1653, #3234',
    severity: 'warning',
    cases: [5],
    signs: [
      {
        pattern: /["']?max\.poll\.records["']?\s*[:=,]\s*["']?(\d+)?/,
        needs: /confluent_kafka|librdkafka|rdkafka|confluent-kafka|@confluentinc/,
        message: (match) =>
          `max.poll.records${match[1] ? ` ${match[1]}` : ''} has no effect in librdkafka: poll() returns one message`,
        fix: 'remove it and take batches with consume(num_messages=…, timeout=…)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-KAFKA-006',
    title: 'A consumer commits what it has not handled',
    why: 'With automatic commits the client commits what it has handed out, every five seconds, whatever has become of it. A consumer that dies has lost the records that it had in work, and no retry brings them back.',
    source:
      'Documentation of librdkafka, CONFIGURATION.md: enable.auto.commit, true by default; Apache Kafka, Consumer Configs',
    severity: 'warning',
    cases: [5],
    signs: [
      {
        pattern: /["']?enable[._]auto[._]commit["']?\s*[:=,]\s*["']?(?:true|True)\b/,
        // Work after a poll: a program, and not a file of settings alone.
        needs: /\.poll\s*\(|\.consume\s*\(|\beachMessage\b|\bfor\s+\w+\s+in\s+consumer\b/,
        excuse: STORED,
        message: () => 'enable.auto.commit is true: a record is committed before its work has succeeded',
        fix: 'set enable.auto.commit to false, and commit a batch after its effect; or enable.auto.offset.store to false, and store each offset after its work',
      },
      {
        pattern: /\bConsumer\(\s*\{/,
        needs: /confluent_kafka[\s\S]*(?:\.poll\s*\(|\.consume\s*\()/,
        excuse: new RegExp(`enable\\.auto\\.commit|${STORED.source}`),
        message: () =>
          'no enable.auto.commit, and it is true by default: a record is committed before its work has succeeded',
        fix: 'set enable.auto.commit to false, and commit a batch after its effect',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-KAFKA-004',
    title: 'A producer gives up after a number of retries',
    why: 'A few retries end within a second or two, and a broker restart takes longer. Bound a send by time instead.',
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
          `retries ${match[1]} and no delivery.timeout.ms: a broker restart outlasts the retries, and records are lost`,
        fix: 'leave retries at its default and set delivery.timeout.ms to the longest acceptable delay of a record',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-COMPACT-001',
    title: 'A compaction that one small file triggers again and again',
    why: 'There is always a small file: the last one written, or the rest of a compaction. A trigger on one small file is true after every run, and the table is rewritten again and again.',
    source: 'Delta Lake, Best practices: compact files; Apache Iceberg, rewrite_data_files: min-input-files',
    severity: 'warning',
    cases: [17],
    signs: [
      {
        pattern:
          /(?:\bor\b|\|\|)\s*(?:min\s*\(\s*)?[\w.]{0,80}(?:smallest|min_?(?:file|size))[\w.]{0,80}\s*\)?\s*<=?\s*(\S+?)(?=[\s:)]|$)/im,
        needs: /compact|optimi[sz]e|rewrite|merge/i,
        message: (match) => `"or" the smallest file is below ${match[1]}: one small file makes it true after every run`,
        fix: 'require a number of small files and their bytes together, with a lower threshold to stop at and a cool-down between runs',
      },
    ],
  }),
];
