/** What the functions of a table are given: knobs of the plan, under the names of `lib/runtime/ttl-table`. */
import { named } from './collection-settings';
import type { TtlTablePlan } from './table-workload';

/** Key attribute of the table with the progress of a backfill. */
export const PROGRESS_KEY = 'id';

/** Variables of a worker, beside names. */
export function workerSettings(plan: TtlTablePlan): Record<string, string> {
  return {
    ...named(plan, SHARED),
    ...named(plan, {
      RETENTION_SECONDS: 'retentionSeconds',
      BACKFILL_SECONDS: 'backfillSeconds',
      PASSES: 'backfillPasses',
      UNITS_PER_ITEM: 'writeUnitsPerItem',
      WRITE_UNITS_PER_SECOND: 'workerWriteUnitsPerSecond',
      WORKER_SECONDS: 'workerSeconds',
      LEASE_SECONDS: 'leaseSeconds',
    }),
  };
}

/** Variables of the report, beside names. */
export function reportSettings(plan: TtlTablePlan): Record<string, string> {
  return {
    ...named(plan, SHARED),
    ...named(plan, {
      LAG_SECONDS: 'ttlLagSeconds',
      SAMPLE_SEGMENTS: 'sampleSegments',
      SAMPLE_PAGES: 'samplePages',
      SAMPLE_READ_UNITS: 'sampleReadUnits',
      SAMPLE_SECONDS: 'sampleSeconds',
    }),
  };
}

const SHARED = {
  WORKERS: 'workers',
  DRAIN_SECONDS: 'drainSeconds',
  EXPIRE_UNKNOWN_AGE: 'expireUnknownAge',
  PAGE_ITEMS: 'pageItems',
  READ_UNITS_PER_SECOND: 'workerReadUnitsPerSecond',
};
