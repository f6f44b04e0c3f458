/**
 * The function of `ContinuousCompaction` on AWS: asks AWS Glue or S3 Tables once an hour for the last runs of the optimizers
 * of a table, and reports them as metrics.
 */
import type { Send } from '../aws-request';
import { countMetric, recordMetric } from '../metrics';
import { numberSetting } from '../settings';
import { GLUE_OPTIMIZERS, glueState, type OptimizerState, reportOf, S3_TABLE_JOBS, s3TableState } from './report';
import { maintenanceJobs, optimizerRuns } from './services';

/** Reports the optimizers. */
export async function handler(_event: unknown = {}, _context: unknown = {}, send: Send = fetch): Promise<void> {
  const now = Date.now() / 1000;
  const states = process.env.TABLE_BUCKET_ARN === undefined ? await ofGlue(now, send) : await ofS3Tables(send);
  const { failing, compactionAgeSeconds, expiryAgeSeconds, compactionRunSeconds } = reportOf(states, now);
  const reasons = Object.fromEntries(failing.map(({ name, failure }) => [name, failure!.slice(0, 500)]));
  countMetric('FailingOptimizers', {}, reasons, failing.length);
  const seconds = {
    CompactionAgeSeconds: compactionAgeSeconds,
    ExpiryAgeSeconds: expiryAgeSeconds,
    CompactionRunSeconds: compactionRunSeconds,
  };
  for (const [name, value] of Object.entries(seconds)) {
    if (value !== undefined) recordMetric(name, value, 'Seconds');
  }
}

async function ofGlue(now: number, send: Send): Promise<OptimizerState[]> {
  const interval = numberSetting('INTERVAL_SECONDS');
  return Promise.all(
    Object.keys(GLUE_OPTIMIZERS).map(async (name) => glueState(name, await optimizerRuns(name, send), now, interval)),
  );
}

async function ofS3Tables(send: Send): Promise<OptimizerState[]> {
  const jobs = await maintenanceJobs(send);
  return Object.keys(S3_TABLE_JOBS).map((name) => s3TableState(name, jobs[name]));
}
