import { LOG_FLOOD_EXERCISES } from './case-01-log-flood';
import { ORDER_PEAK_EXERCISES } from './case-02-order-peak';
import { BATCH_TO_STREAMING_EXERCISES } from './case-03-batch-to-streaming';
import { CRON_STAMPEDE_EXERCISES } from './case-04-cron-stampede';
import { IOT_METRICS_EXERCISES } from './case-05-iot-metrics';
import { IMAGE_JOBS_EXERCISES } from './case-06-image-jobs';
import { MAIL_RATE_LIMIT_EXERCISES } from './case-07-mail-rate-limit';
import { REPLICA_LAG_EXERCISES } from './case-08-replica-lag';
import { INVALIDATION_STORM_EXERCISES } from './case-09-invalidation-storm';
import { ALLOCATION_OUTRUNS_GC_EXERCISES } from './case-10-allocation-outruns-gc';
import { COLD_DATA_EXERCISES } from './case-11-cold-data';
import { UNBOUNDED_THREAD_POOL_EXERCISES } from './case-12-unbounded-thread-pool';
import { CI_STORM_EXERCISES } from './case-13-ci-storm';
import { POISON_MESSAGES_EXERCISES } from './case-14-poison-messages';
import { WEBHOOK_FLOOD_EXERCISES } from './case-15-webhook-flood';
import { COLLECTION_SWELLS_EXERCISES } from './case-16-collection-swells';
import { CONTINUOUS_CLEANUP_EXERCISES } from './case-17-continuous-cleanup';
import { NOISY_PRODUCER_EXERCISES } from './case-18-noisy-producer';
import { TOO_MANY_METRICS_EXERCISES } from './case-19-too-many-metrics';
import { TENANT_STARVATION_EXERCISES } from './case-20-tenant-starvation';
import type { CaseExercises } from './exercise';

/** The exercises of every case, by number. */
export const EXERCISES: readonly CaseExercises[] = [
  LOG_FLOOD_EXERCISES,
  ORDER_PEAK_EXERCISES,
  BATCH_TO_STREAMING_EXERCISES,
  CRON_STAMPEDE_EXERCISES,
  IOT_METRICS_EXERCISES,
  IMAGE_JOBS_EXERCISES,
  MAIL_RATE_LIMIT_EXERCISES,
  REPLICA_LAG_EXERCISES,
  INVALIDATION_STORM_EXERCISES,
  ALLOCATION_OUTRUNS_GC_EXERCISES,
  COLD_DATA_EXERCISES,
  UNBOUNDED_THREAD_POOL_EXERCISES,
  CI_STORM_EXERCISES,
  POISON_MESSAGES_EXERCISES,
  WEBHOOK_FLOOD_EXERCISES,
  COLLECTION_SWELLS_EXERCISES,
  CONTINUOUS_CLEANUP_EXERCISES,
  NOISY_PRODUCER_EXERCISES,
  TOO_MANY_METRICS_EXERCISES,
  TENANT_STARVATION_EXERCISES,
];
