/** What a job queue with a fair-share policy is doing: pure, from what AWS Batch answers. */

/** A job that waits: API reference, JobSummary. */
export interface WaitingJob {
  readonly jobId?: string;
  readonly shareIdentifier?: string;
  /** Milliseconds since 1970 at which it was submitted. */
  readonly createdAt?: number;
}

/** The use of one share: API reference, FairshareCapacityUtilization. */
export interface ShareUse {
  readonly shareIdentifier?: string;
  readonly capacityUsage?: readonly { readonly capacityUnit?: string; readonly quantity?: number }[];
}

/** A job at the head of the queue: API reference, JobDetail. */
export interface FrontJob {
  readonly jobId?: string;
  readonly status?: string;
  readonly statusReason?: string;
}

/** The jobs that wait for more than their turn. AWS Batch user guide, Jobs stuck in a RUNNABLE status: the reasons. */
export function blockedJobs(front: readonly FrontJob[]): readonly FrontJob[] {
  return front.filter(
    ({ status, statusReason = '' }) =>
      status === 'RUNNABLE' && /^(ACTION_REQUIRED|CAPACITY|MISCONFIGURATION|UNDETERMINED)\b/.test(statusReason),
  );
}

/** A tenant as it was planned. */
export interface PlannedShare {
  /** vCPUs that it comes to while all tenants ask for theirs. */
  readonly vcpus: number;
  /** vCPUs of one of its jobs. */
  readonly job: number;
}

/** One tenant, as it stands. */
export interface ShareReport {
  readonly name: string;
  readonly runnableJobs: number;
  /** 0 when none waits. */
  readonly oldestRunnableSeconds: number;
  readonly usedVcpus: number;
}

/** What is reported. */
export interface QueueReport {
  readonly shares: readonly ShareReport[];
  /** The longest that a job waits of a tenant that could run one more within its share. 0 when there is none. */
  readonly starvedSeconds: number;
  /** The tenants of which that is so. */
  readonly starved: readonly string[];
  /** Jobs that wait under share identifiers that were not planned. */
  readonly undeclaredJobs: number;
  /** Those identifiers. */
  readonly undeclared: readonly string[];
}

/** The report at a time. */
export function reportOf(
  planned: Readonly<Record<string, PlannedShare>>,
  waiting: readonly WaitingJob[],
  uses: readonly ShareUse[],
  nowSeconds: number,
): QueueReport {
  // A map: names of shares come from outside.
  const jobs = new Map<string, WaitingJob[]>();
  for (const job of waiting) {
    const name = job.shareIdentifier ?? '';
    const those = jobs.get(name);
    if (those === undefined) jobs.set(name, [job]);
    else those.push(job);
  }
  const used = new Map(uses.map((use) => [use.shareIdentifier ?? '', vcpusOf(use)]));
  const shares = Object.keys(planned).map((name) => ({
    name,
    runnableJobs: jobs.get(name)?.length ?? 0,
    oldestRunnableSeconds: oldest(jobs.get(name) ?? [], nowSeconds),
    usedVcpus: used.get(name) ?? 0,
  }));
  const starved = shares.filter(({ name, runnableJobs, usedVcpus }) => {
    const { vcpus, job } = planned[name];
    return runnableJobs > 0 && usedVcpus + job <= vcpus + 1e-9;
  });
  const others = [...jobs].filter(([name]) => !Object.hasOwn(planned, name));
  return {
    shares,
    starvedSeconds: Math.max(0, ...starved.map(({ oldestRunnableSeconds }) => oldestRunnableSeconds)),
    starved: starved.map(({ name }) => name),
    undeclaredJobs: others.reduce((sum, [, those]) => sum + those.length, 0),
    undeclared: others.map(([name]) => name),
  };
}

function oldest(jobs: readonly WaitingJob[], nowSeconds: number): number {
  const first = Math.min(...jobs.map(({ createdAt }) => (createdAt === undefined ? nowSeconds : createdAt / 1000)));
  // A clock that is behind the service's makes an age negative.
  return jobs.length === 0 ? 0 : Math.max(0, nowSeconds - first);
}

/** `VCPU` on Amazon ECS, `cpu` on Amazon EKS. */
function vcpusOf({ capacityUsage = [] }: ShareUse): number {
  return capacityUsage
    .filter(({ capacityUnit = '' }) => /cpu$/i.test(capacityUnit))
    .reduce((sum, { quantity = 0 }) => sum + quantity, 0);
}
