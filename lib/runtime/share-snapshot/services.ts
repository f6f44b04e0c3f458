/** What is asked of AWS Batch: who uses how much, and which jobs wait. */
import { ask, type Send } from '../aws-request';
import type { FrontJob, ShareUse, WaitingJob } from './report';

/** AWS Batch API reference, ListJobs. */
const PAGE_JOBS = 1000;
/** A job that cannot start blocks those behind it; of a few of the first one knows that. */
const FRONT_JOBS = 10;
/** More jobs than any alarm needs to know of; the function says when there are more. */
const MOST_PAGES = 20;

/** The shares that use most, at most twenty, and the jobs at the head of the queue: API reference, GetJobQueueSnapshot. */
export async function snapshotOf(
  jobQueue: string,
  send: Send,
): Promise<{ readonly uses: readonly ShareUse[]; readonly front: readonly FrontJob[] }> {
  const { queueUtilization, frontOfQueue } = await post<{
    queueUtilization?: { fairshareUtilization?: { topCapacityUtilization?: ShareUse[] } };
    frontOfQueue?: { jobs?: { jobArn?: string }[] };
  }>('/v1/getjobqueuesnapshot', { jobQueue }, send);
  const uses = queueUtilization?.fairshareUtilization?.topCapacityUtilization ?? [];
  const first = (frontOfQueue?.jobs ?? []).flatMap(({ jobArn }) => jobArn ?? []).slice(0, FRONT_JOBS);
  if (first.length === 0) return { uses, front: [] };
  // The snapshot has no reason; it is the one of the event that a queue is blocked.
  const { jobs = [] } = await post<{ jobs?: FrontJob[] }>('/v1/describejobs', { jobs: first }, send);
  return { uses, front: jobs };
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
