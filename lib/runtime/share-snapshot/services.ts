/** What is asked of AWS Batch: who uses how much, and which jobs wait. */
import { ask, type Send } from '../aws-request';
import type { FrontJob, ShareUse, WaitingJob } from './report';

/** AWS Batch API reference, ListJobs. */
const PAGE_JOBS = 1000;
/** API reference, FairshareUtilizationDetail: the shares that use most. */
const MOST_USES = 20;
/** A job that cannot start blocks those behind it; of a few of the first one knows that. */
const FRONT_JOBS = 10;
/** More would take longer than the time between two snapshots; the function reports of which tenants it then cannot say. */
const MOST_PAGES = 20;

/** What each share uses, and the jobs at the head of the queue. */
interface Snapshot {
  readonly uses: readonly ShareUse[];
  /** Whether shares that use some are not among them. */
  readonly usesCut: boolean;
  readonly front: readonly FrontJob[];
}

/**
 * The shares that use most, at most twenty, and the jobs at the head of the queue: API reference, GetJobQueueSnapshot and
 * FairshareUtilizationDetail.
 */
export async function snapshotOf(jobQueue: string, send: Send): Promise<Snapshot> {
  const { queueUtilization, frontOfQueue } = await post<{
    queueUtilization?: {
      fairshareUtilization?: { topCapacityUtilization?: ShareUse[]; activeShareCount?: number };
    };
    frontOfQueue?: { jobs?: { jobArn?: string }[] };
  }>('/v1/getjobqueuesnapshot', { jobQueue }, send);
  const {
    topCapacityUtilization: uses = [],
    activeShareCount = uses.length < MOST_USES ? 0 : Number.POSITIVE_INFINITY,
  } = queueUtilization?.fairshareUtilization ?? {};
  const usesCut = activeShareCount > uses.length;
  const first = (frontOfQueue?.jobs ?? []).flatMap(({ jobArn }) => jobArn ?? []).slice(0, FRONT_JOBS);
  if (first.length === 0) return { uses, usesCut, front: [] };
  // The snapshot has no reason; it is the one of the event that a queue is blocked.
  const { jobs = [] } = await post<{ jobs?: FrontJob[] }>('/v1/describejobs', { jobs: first }, send);
  return { uses, usesCut, front: jobs };
}

/** Jobs that wait, and whether there are more than were read. */
export async function waitingJobs(
  jobQueue: string,
  send: Send,
): Promise<{ readonly jobs: readonly WaitingJob[]; readonly cut: boolean }> {
  const jobs: WaitingJob[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer = await post<{ jobSummaryList?: WaitingJob[]; nextToken?: string }>(
      '/v1/listjobs',
      { jobQueue, jobStatus: 'RUNNABLE', maxResults: PAGE_JOBS, nextToken },
      send,
    );
    jobs.push(...(answer.jobSummaryList ?? []));
    nextToken = answer.nextToken;
    if (!nextToken) return { jobs, cut: false };
  }
  return { jobs, cut: true };
}

function post<T>(path: string, body: object, send: Send): Promise<T> {
  return ask<T>(send, {
    method: 'POST',
    service: 'batch',
    path,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
