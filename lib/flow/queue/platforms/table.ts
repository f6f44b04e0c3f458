import { CLOUD_RUN } from './cloud-run';
import { CLOUD_RUN_POOL } from './cloud-run-pool';
import type { PlatformName } from './facts';
import { FARGATE } from './fargate';
import { KEDA } from './keda';
import { KEDA_JOB } from './keda-job';
import { LAMBDA, LAMBDA_PROVISIONED } from './lambda';
import { OTHER } from './other';
import type { Platform } from './platform';

/** Every platform by its name. */
export const PLATFORMS: Readonly<Record<PlatformName, Platform>> = {
  lambda: LAMBDA,
  'lambda-provisioned': LAMBDA_PROVISIONED,
  fargate: FARGATE,
  keda: KEDA,
  'keda-job': KEDA_JOB,
  'cloud-run': CLOUD_RUN,
  'cloud-run-pool': CLOUD_RUN_POOL,
  other: OTHER,
};
