import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** From where a stream begins to be read or written to where it starts. */
const READ = /\breadStream\b[\s\S]{0,2000}?\.load\(/g;
const WRITE = /\bwriteStream\b[\s\S]{0,2000}?\.(?:start|toTable)\(/g;
/** A MERGE from its beginning to where it is executed. */
const MERGE = /\.merge\([\s\S]{0,3000}?\.execute\(/g;
/** What a batch is handed to, until the next function. */
const BATCH = /\bdef\s+\w+\(\s*\w+\s*,\s*(?:batch|epoch)\w*\s*\)[\s\S]{0,2000}?(?=\n\S|$(?![\s\S]))/gi;

/** Rules about streams of Spark: what survives a restart, and what is written twice by it. */
export const EMBEDDED_SPARK_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-SPARK-003',
    title: 'A stream has no checkpoint',
    why: 'Offsets and state are in the checkpoint alone: Spark commits none to Kafka. Without one, a restart begins anew, and skips or repeats what came meanwhile.',
    source: 'Apache Spark, Structured Streaming Programming Guide: recovering from failures with checkpointing',
    severity: 'error',
    cases: [3],
    signs: [
      {
        within: WRITE,
        pattern: /\bwriteStream\b/,
        // A default for the session, options from elsewhere, and sinks that are for looking at.
        excuse: /checkpointLocation|\.options\(|\.format\(\s*["'](?:memory|console|noop)["']\s*\)/i,
        message: () => 'a stream without checkpointLocation: a restart has forgotten its offsets and its state',
        fix: 'set checkpointLocation to a path that only this query writes to, in storage that survives the driver',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-SPARK-004',
    title: 'A batch that is repeated counts twice',
    why: 'After a crash Spark runs the last batch again. A MERGE that adds to what is there, and an append without the number of its batch, are then applied a second time.',
    source:
      'Apache Spark, Structured Streaming Programming Guide, foreachBatch: at-least-once; Delta Lake, Idempotent table writes in foreachBatch',
    severity: 'error',
    cases: [3],
    signs: [
      {
        within: MERGE,
        pattern: /["'](\w+)\.(\w+)\s*\+\s*(?!\1\b)\w+\.\2\b/,
        needs: /whenMatched|update/i,
        message: (match) => `a MERGE adds to ${match[1]}.${match[2]}: a batch that is repeated adds a second time`,
        fix: 'aggregate with a watermark and set the total of the state, or write txnAppId and txnVersion for the session',
      },
      {
        within: BATCH,
        pattern: /\.mode\(\s*["']append["']\s*\)/i,
        needs: /\.format\(\s*["']delta["']\s*\)/i,
        excuse: /txnVersion|\.merge\(|\.options\(/,
        message: () => 'a batch is appended without txnAppId and txnVersion: repeated after a crash, it is there twice',
        fix: 'give the write the options txnAppId, with the id of the stream, and txnVersion, the number of the batch',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-SPARK-005',
    title: 'The first start of a stream skips what the topic holds',
    why: 'A Kafka source begins at the latest offset unless it is told otherwise: what was produced before the first start is in no batch, and nothing says so.',
    source: 'Apache Spark, Structured Streaming + Kafka Integration Guide: startingOffsets, latest for streams',
    severity: 'warning',
    cases: [3],
    signs: [
      {
        within: READ,
        pattern: /\.format\(\s*["']kafka["']\s*\)/i,
        excuse: /starting(?:Offsets|Timestamp)|\.options\(/i,
        message: () => 'a Kafka source without startingOffsets: the first start skips what the topic holds',
        fix: 'set startingOffsets to earliest, or to latest where skipping is meant',
      },
    ],
  }),
];
