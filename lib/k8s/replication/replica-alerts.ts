/** Alerts and graphs of a guard, on the metrics of `lib/runtime/replica-guard`. */
import { duration } from '../../flow/figures';
import type { ReplicationPlan } from '../../flow/replication/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { matching } from '../promql';

/** The labels of a guard's metrics. */
export interface GuardSeries {
  readonly namespace?: string;
  /** Name of the Deployment, the label `guard`. */
  readonly guard: string;
}

/** The alerts of a guard. */
export function replicaAlerts(plan: ReplicationPlan, series: GuardSeries): Alert[] {
  const of = (name: string) => metric(series, name);
  const value = (name: string) => plan.value(name);
  const hold = value('alarmHoldSeconds');
  return [
    {
      name: 'ReplicaLagHigh',
      expr: `max by (replica) (${of('lag_seconds')}) > ${value('alarmLagSeconds')}`,
      forSeconds: hold,
      severity: 'critical',
      summary: `{{ $labels.replica }} is more than ${duration(value('alarmLagSeconds'))} behind, although bulk writers were slowed down.`,
      runbook:
        'Do bulk writers ask the guard at all (replica_guard_writers)? SHOW REPLICA STATUS: one large transaction shows as a position that stands still; split it. Are all workers busy (performance_schema.replication_applier_status_by_worker)? Then send readers to the source or to another replica, and give the measured applySeconds and parallelShare to the workload.',
    },
    {
      name: 'ReplicationStopped',
      expr: `max by (replica) (${of('stopped')}) > ${value('alarmStopped')}`,
      forSeconds: hold,
      severity: 'critical',
      summary: '{{ $labels.replica }} no longer applies: its readers see data that gets older by a second each second.',
      runbook:
        'Send its readers elsewhere. SHOW REPLICA STATUS: Last_SQL_Error and Last_IO_Error say why. Repair it, START REPLICA, and wait until the lag is gone. Never skip a transaction without knowing what it was: build the replica anew instead.',
    },
    {
      name: 'ReplicaLagUnknown',
      expr: `max(${of('unknown')}) > ${value('alarmUnknown')}`,
      forSeconds: hold,
      severity: 'critical',
      summary: 'The lag of a replica cannot be read: bulk writers get the least rate until it can.',
      runbook:
        'If ReplicationStopped fires too, begin there. kubectl logs of the guard name the replica and the code: ECONNREFUSED and ETIMEDOUT point to the network policy or the address, ER_ACCESS_DENIED_ERROR to user or password (after ten of them the guard starts anew and reads both again), HANDSHAKE_SSL_ERROR to the certificate: its authority, or a name in it that is not the host; ER_NO_SUCH_TABLE never appears: a replica without the table filters its schema out. A replica that is gone for good has to be removed from the construct.',
    },
    {
      name: 'ReplicaHeartbeatStopped',
      expr: `max(${of('heartbeat_age_seconds')}) > ${value('alarmHeartbeatSeconds')}`,
      forSeconds: hold,
      severity: 'critical',
      summary: 'The source takes no heartbeat: every replica seems to lag, and bulk writers are slowed down.',
      runbook:
        'kubectl logs of the guard: the code says why. ER_OPTION_PREVENTS_STATEMENT means that the address is that of a server which is read only, as after a failover: give the new source.',
    },
    {
      name: 'ReplicaWritersThrottled',
      expr: `min(${of('throttled')}) > ${value('alarmThrottled')}`,
      forSeconds: value('alarmThrottledSeconds'),
      severity: 'warning',
      summary: `Bulk writers have been slowed down for ${duration(value('alarmThrottledSeconds'))}, twice as long as a peak takes: more is written than was planned.`,
      runbook:
        'Compare offered and allowed commits on the dashboard. More than the planned peak: give it to the workload, and deploy the workers that follow, or divide the source into shards. Less: the replica applies more slowly than planned; measure applySeconds.',
    },
    {
      name: 'ReplicaGuardDown',
      expr: `absent(${of('unknown')})`,
      forSeconds: value('alarmDownSeconds'),
      severity: 'critical',
      summary: 'No guard answers: bulk writers go on with the least rate, and no other alert of it has data.',
      runbook: 'kubectl get pods, kubectl logs: a password or an address that is wrong ends it at its start.',
    },
  ];
}

/** The graphs of a guard. */
export function replicaGraphs(plan: ReplicationPlan, series: GuardSeries): Graph[] {
  const of = (name: string) => metric(series, name);
  const planned = (name: string) => `vector(${plan.value(name)})`;
  return [
    {
      title: 'Lag',
      unit: 's',
      lines: [
        { legend: '{{replica}}', expr: of('lag_seconds') },
        { legend: 'the rate is cut', expr: planned('targetLagSeconds') },
        { legend: 'the rate rises', expr: planned('releaseLagSeconds') },
        { legend: 'alarm', expr: planned('alarmLagSeconds') },
      ],
    },
    {
      title: 'Commits a second',
      unit: 'short',
      lines: [
        { legend: 'allowed', expr: of('rate_per_second') },
        { legend: 'allowed to bulk writers', expr: of('bulk_per_second') },
        { legend: 'applied at most', expr: planned('appliedPerSecond') },
      ],
    },
    {
      title: 'Bulk writers',
      unit: 'short',
      lines: [{ legend: 'have asked lately', expr: of('writers') }],
    },
    {
      title: 'Age of the heartbeat',
      unit: 's',
      lines: [
        { legend: 'on the source', expr: of('heartbeat_age_seconds') },
        { legend: 'alarm', expr: planned('alarmHeartbeatSeconds') },
      ],
    },
  ];
}

function metric({ namespace, guard }: GuardSeries, name: string): string {
  return `replica_guard_${name}${matching({ namespace, guard })}`;
}
