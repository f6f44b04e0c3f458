/** The numbers of the alerts on a fair share, each with its reason. */
import { chosenKnob, firstOneKnob, RATE_WINDOW_SECONDS, rateWindowKnob } from '../alarms';
import { figure } from '../figures';
import { given, type Knob } from '../plan';
import type { Objective } from '../queue/workload';
import type { BatchTenant, TenantShare } from './workload';

const OWN = 'this library, docs/constructs/k8s-fair-share.md';
const MINUTE = 60;
/** Two windows: one may end in the middle of a change. */
const HOLD_SECONDS = 2 * RATE_WINDOW_SECONDS;
/** Largest bucket of Kueue's wait histograms: 2.5 s doubled twelve times. No quantile above it can be computed. */
const LARGEST_BUCKET_SECONDS = 10_240;

/** What the alerts compare with, and how long a condition holds before one fires. */
export function shareAlarmKnobs(
  shares: readonly TenantShare[],
  tenants: readonly BatchTenant[],
  { latencySeconds, latencyQuantile }: Required<Pick<Objective, 'latencySeconds' | 'latencyQuantile'>>,
): Knob[] {
  const longestJobSeconds = Math.max(...tenants.map(({ workload }) => workload.serviceSeconds));
  return [
    given('latencyQuantile', latencyQuantile, 'ratio', 'the objective'),
    rateWindowKnob(),
    chosenKnob('alarmHoldSeconds', HOLD_SECONDS, 's', '2 windows: pods that end and begin overlap for a while', OWN),
    firstOneKnob('alarmWaitingJobs', 'jobs', 'a tenant below its share need not wait', OWN),
    firstOneKnob('alarmBorrowers', 'tenants', 'what one tenant borrows belongs to one that waits', OWN),
    {
      name: 'alarmBelowShareSeconds',
      value: Math.max(MINUTE, Math.floor(latencySeconds / 2)),
      unit: 's',
      formula: 'half of the latency, at least a minute: the other half is left to react',
      inputs: { latencySeconds },
      source: OWN,
    },
    {
      name: 'alarmAtBoundSeconds',
      value: Math.max(HOLD_SECONDS, Math.ceil(longestJobSeconds)),
      unit: 's',
      formula: 'the time of the longest job, at least alarmHoldSeconds: until one ends, a full queue says nothing',
      inputs: { longestJobSeconds, alarmHoldSeconds: HOLD_SECONDS },
      source: OWN,
    },
    ...shares.flatMap((share, i) => tenantKnobs(share, tenants[i].workload.serviceSeconds, latencySeconds)),
  ];
}

function tenantKnobs(share: TenantShare, serviceSeconds: number, latencySeconds: number): Knob[] {
  const { name, nominalJobs, borrowedJobs, jobCpu } = share;
  const admitted = { nominalJobs, borrowedJobs };
  const wait = Math.floor(latencySeconds - serviceSeconds);
  return [
    {
      name: `alarmPods.${name}`,
      value: nominalJobs + borrowedJobs,
      unit: 'pods',
      formula: 'nominal + borrowed: its queue admits no more, so a further pod bypasses it',
      inputs: admitted,
      source: 'Kueue, ClusterQueue, nominalQuota and borrowingLimit',
    },
    {
      name: `alarmCpu.${name}`,
      value: Math.round((nominalJobs + borrowedJobs) * jobCpu * 1000) / 1000,
      unit: 'cores',
      formula: '(nominal + borrowed) × CPU of a job, in thousandths',
      inputs: { ...admitted, jobCpu },
      source: 'Kueue, ClusterQueue, nominalQuota and borrowingLimit',
    },
    ...(wait >= LARGEST_BUCKET_SECONDS
      ? []
      : [
          {
            name: `alarmWaitSeconds.${name}`,
            value: wait,
            unit: 's',
            formula: `⌊latency − time of a job⌋; none from ${figure(LARGEST_BUCKET_SECONDS)} s on, the largest bucket of the histogram`,
            inputs: { latencySeconds, serviceSeconds },
            source: 'Kueue, Reference, Prometheus metrics, kueue_admission_wait_time_seconds',
          },
        ]),
  ];
}
