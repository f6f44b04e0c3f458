import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** Rules about tables of Delta Lake and Iceberg in programs. */
export const EMBEDDED_TABLE_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-COMPACT-003',
    title: 'A compaction with Z-order on a schedule',
    why: 'Z-order is not idempotent: it rewrites the whole table, or the whole partition, each time, also when nothing was added.',
    source: 'Delta Lake, Optimizations, Z-Ordering: "Z-Ordering is not idempotent"',
    severity: 'warning',
    cases: [17],
    signs: [
      {
        pattern: /\bOPTIMIZE\s+[^;]{1,300}?\bZORDER\s+BY\b|\.executeZOrderBy\s*\(|\boptimize\s*\.\s*z_order\s*\(/i,
        excuse:
          /\bOPTIMIZE\s+[^;]{1,300}?\bWHERE\b|\.where\s*\([^;]{1,300}?\.executeZOrderBy|\bz_order\s*\([^;]{0,300}?partition_filters/i,
        message: () => 'Z-orders the whole table: each run rewrites all of it, whether or not there is anything new',
        fix: 'compact without Z-order, or Z-order only partitions that were closed since the last run (WHERE, partition_filters)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-DELTA-002',
    title: 'A vacuum of less than a week',
    why: 'A vacuum deletes files that the present version does not name. Within a week they may still be read by a query or a stream, or be written by a transaction that has not committed.',
    source: 'Delta Lake, Table utility commands, VACUUM: retention interval at least 7 days; the safety check',
    severity: 'error',
    cases: [17],
    signs: [
      {
        pattern: /\bVACUUM\s+[^;\n]{1,300}?\bRETAIN\s+(\d{1,2}|1[0-5]\d|16[0-7])(?:\.\d+)?\s+HOURS\b/i,
        excuse: /\bDRY\s+RUN\b/i,
        message: (match) => `vacuums files after ${match[1]} h: readers and writers of the last week lose them`,
        fix: 'leave RETAIN out, or keep 168 hours or more',
      },
      {
        pattern: /\.vacuum\s*\([^)]{0,200}?\bretention_hours\s*=\s*(\d{1,2}|1[0-5]\d|16[0-7])\b(?!\.?\d)/,
        excuse: /\bdry_run\s*=\s*True\b/,
        message: (match) => `vacuums files after ${match[1]} h: readers and writers of the last week lose them`,
        fix: 'leave retention_hours out, or keep 168 or more',
      },
      {
        pattern:
          /retentionDurationCheck\.enabled["']?\s*[,=:]\s*["']?false\b|\benforce_retention_duration\s*=\s*False\b/i,
        message: () => 'switches off the check that keeps a vacuum from deleting files of the last week',
        fix: 'leave the check on; where a table may lose its versions, set delta.deletedFileRetentionDuration on that table',
      },
    ],
  }),
];
