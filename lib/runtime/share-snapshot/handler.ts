/**
 * The function of `FairShare` on AWS: reads the job queue at intervals and reports every tenant's jobs, because AWS Batch
 * publishes no metric of a share.
 */
import type { Send } from '../aws-request';
import { countMetric, recordMetric } from '../metrics';
import { setting } from '../settings';
import { blockedJobs, type PlannedShare, reportOf } from './report';
import { snapshotOf, waitingJobs } from './services';

/** Reports the queue. */
export async function handler(_event: unknown = {}, _context: unknown = {}, send: Send = fetch): Promise<void> {
  const jobQueue = setting('JOB_QUEUE');
  const planned = JSON.parse(setting('SHARES')) as Record<string, PlannedShare>;
  const [{ uses, usesCut, front }, { jobs, cut }] = await Promise.all([
    snapshotOf(jobQueue, send),
    waitingJobs(jobQueue, send),
  ]);
  const report = reportOf(planned, jobs, uses, Date.now() / 1000, { uses: usesCut, jobs: cut });
  for (const { name, runnableJobs, oldestRunnableSeconds, usedVcpus } of report.shares) {
    const share = { Share: name };
    countMetric('RunnableJobs', share, {}, runnableJobs);
    // No value says that it is not known; 0 would say that it uses nothing.
    if (usedVcpus !== undefined) countMetric('UsedVcpus', share, {}, usedVcpus);
    recordMetric('OldestRunnableSeconds', oldestRunnableSeconds, 'Seconds', {}, share);
  }
  const blocked = blockedJobs(front);
  const [{ jobId = '', statusReason = '' } = {}] = blocked;
  countMetric('BlockedJobs', {}, { jobId, statusReason: statusReason.slice(0, 500) }, blocked.length);
  const more = { jobsRead: String(jobs.length), cut: String(cut) };
  recordMetric('StarvedSeconds', report.starvedSeconds, 'Seconds', { ...more, starved: listed(report.starved) });
  countMetric('UnknownShares', {}, { ...more, unknown: listed(report.unknown) }, report.unknown.length);
  countMetric('UndeclaredJobs', {}, { undeclared: listed(report.undeclared) }, report.undeclaredJobs);
}

function listed(names: readonly string[]): string {
  return names.slice(0, 20).join(', ').slice(0, 500);
}
