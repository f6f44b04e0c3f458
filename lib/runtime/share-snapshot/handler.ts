/**
 * The function of `FairShare` on AWS: reads the job queue at intervals and reports every tenant's jobs, because AWS Batch
 * publishes no metric of a share. Events of a blocked queue come here too, and are counted.
 */
import type { Send } from '../aws-request';
import { countMetric, recordMetric } from '../metrics';
import { setting } from '../settings';
import { type PlannedShare, reportOf } from './report';
import { shareUses, waitingJobs } from './services';

/** What starts the function: the schedule, or an event of AWS Batch. */
interface Trigger {
  readonly 'detail-type'?: string;
  readonly detail?: { readonly jobId?: string; readonly statusReason?: string };
}

/** Reports the queue, or counts the event. */
export async function handler(event: Trigger = {}, _context: unknown = {}, send: Send = fetch): Promise<void> {
  if (event['detail-type'] === 'Batch Job Queue Blocked') {
    const { jobId = '', statusReason = '' } = event.detail ?? {};
    countMetric('QueueBlocked', {}, { jobId, statusReason: statusReason.slice(0, 500) });
    return;
  }
  const jobQueue = setting('JOB_QUEUE');
  const planned = JSON.parse(setting('SHARES')) as Record<string, PlannedShare>;
  const [uses, { jobs, cut }] = await Promise.all([shareUses(jobQueue, send), waitingJobs(jobQueue, send)]);
  const report = reportOf(planned, jobs, uses, Date.now() / 1000);
  for (const { name, runnableJobs, oldestRunnableSeconds, usedVcpus } of report.shares) {
    const share = { Share: name };
    countMetric('RunnableJobs', share, {}, runnableJobs);
    countMetric('UsedVcpus', share, {}, usedVcpus);
    recordMetric('OldestRunnableSeconds', oldestRunnableSeconds, 'Seconds', {}, share);
  }
  const more = { jobsRead: String(jobs.length), cut: String(cut) };
  recordMetric('StarvedSeconds', report.starvedSeconds, 'Seconds', { ...more, starved: listed(report.starved) });
  countMetric('UndeclaredJobs', {}, { undeclared: listed(report.undeclared) }, report.undeclaredJobs);
}

function listed(names: readonly string[]): string {
  return names.slice(0, 20).join(', ').slice(0, 500);
}
