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
  /** Undefined when it is not known: it is not among those that use most. */
  readonly usedVcpus: number | undefined;
}

/** What the service left out of its answers, or the function did not read. */
export interface Cut {
  /** Shares that use some, but less than those that are listed. */
  readonly uses: boolean;
  /** Jobs that wait. */
  readonly jobs: boolean;
}

/** What is reported. */
export interface QueueReport {
  readonly shares: readonly ShareReport[];
  /** The longest that a job waits of a tenant that certainly could run one more within its share. 0 when there is none. */
  readonly starvedSeconds: number;
  /** The tenants of which that is so. */
  readonly starved: readonly string[];
  /** The tenants of which it cannot be said whether, or for how long, that is so. */
  readonly unknown: readonly string[];
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
  cut: Cut = { uses: false, jobs: false },
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
  // Those that use most are listed, so one that is not listed uses as much as the last of them at most.
  const unlisted = cut.uses ? Math.min(...used.values()) : 0;
  const shares = Object.keys(planned).map((name) => ({
    name,
    runnableJobs: jobs.get(name)?.length ?? 0,
    oldestRunnableSeconds: oldest(jobs.get(name) ?? [], nowSeconds),
    usedVcpus: used.get(name) ?? (unlisted > 0 ? undefined : 0),
  }));
  const hasRoom = ({ name, usedVcpus }: ShareReport, otherwise: number) =>
    (usedVcpus ?? otherwise) + planned[name].job <= planned[name].vcpus + 1e-9;
  const starved = shares.filter((share) => share.runnableJobs > 0 && hasRoom(share, unlisted));
  const unknown = shares.filter(
    (share) => (share.runnableJobs > 0 || cut.jobs) && hasRoom(share, 0) && (cut.jobs || !hasRoom(share, unlisted)),
  );
  const others = [...jobs].filter(([name]) => !Object.hasOwn(planned, name));
  return {
    shares,
    starvedSeconds: Math.max(0, ...starved.map(({ oldestRunnableSeconds }) => oldestRunnableSeconds)),
    starved: starved.map(({ name }) => name),
    unknown: unknown.map(({ name }) => name),
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
