/** The numbers of Prometheus alerts, and the knobs that they come from. */
import { MetricsPlan } from '../../lib/flow/metrics/workload';
import type { Plan } from '../../lib/flow/plan';
import { QuotasPlan } from '../../lib/flow/quotas/workload';
import { SchedulePlan } from '../../lib/flow/schedule/workload';
import { SharesPlan } from '../../lib/flow/shares/workload';
import type { Untyped } from './stack';

/** The knobs of one alert. */
export interface AlertKnobs {
  /** How long the condition holds. Absent: it fires at once. */
  readonly hold?: string;
  /** The time over which its rates are. Absent: `alarmWindowSeconds`. */
  readonly window?: string;
  /** What it compares with, in the order of its expression. */
  readonly numbers: (plan: Plan) => string[];
}

const alert = (hold: string | undefined, ...numbers: string[]): AlertKnobs => ({ hold, numbers: () => numbers });

const tenantsOf = (plan: Plan) => (plan instanceof SharesPlan || plan instanceof QuotasPlan ? plan.tenants : []);
const perTenant = (hold: string, ...names: string[]): AlertKnobs => ({
  hold,
  numbers: (plan) =>
    tenantsOf(plan).flatMap(({ name }) => names.map((knob) => (knob.endsWith('.') ? `${knob}${name}` : knob))),
});

/** The knobs of each source; one that ends in a dot is its own. */
const perSource = (hold: string | undefined, ...names: string[]): AlertKnobs => ({
  hold,
  numbers: (plan) =>
    (plan instanceof MetricsPlan ? plan.scrapes : []).flatMap(({ source }) =>
      names.map((knob) => (knob.endsWith('.') ? `${knob}${source}` : knob)),
    ),
});

const throttled = (hold: string, foreseen: boolean): AlertKnobs => ({
  hold,
  numbers: (plan) =>
    (plan as QuotasPlan).tenants
      .filter(({ peakWaitSeconds }) => peakWaitSeconds > 0 === foreseen)
      .map(() => 'alarmThrottleMilliseconds'),
});

/** Jobs that are silent after the same time are asked together. */
const perSilence = (...names: string[]): AlertKnobs => ({
  numbers: (plan) => {
    const jobs = plan instanceof SchedulePlan ? plan.jobs : [];
    const silences = new Map(
      jobs.map(({ name }) => [plan.value(`alarmSilenceSeconds.${name}`), `alarmSilenceSeconds.${name}`]),
    );
    return [...silences.values()].flatMap((silence) => [...names, silence]);
  },
});

/** Which knobs the alerts of the Kubernetes constructs go by. */
export const ALERTS: Readonly<Record<string, AlertKnobs>> = {
  QueueBacklog: alert('alarmHoldSeconds', 'alarmBacklog'),
  QueueNeverDrains: alert('alarmDrainHoldSeconds', 'alarmDrainBacklog'),
  QueueScalerBlind: alert('alarmWindowSeconds', 'alarmScalerErrors'),
  QueueWorkerAtMaximum: alert('alarmWindowSeconds', 'maxInstances', 'alarmBacklog'),
  DeadLetters: alert(undefined, 'alarmDeadLetters'),
  QueueNearlyFull: alert('alarmSampleSeconds', 'alarmNearlyFull'),
  CiJobsWait: alert('alarmWaitingSeconds', 'alarmWaitingJobs'),
  CiRunnersSaturated: alert('alarmSaturatedSeconds', 'maxRunners'),
  CiRunnersFailed: alert('alarmFailedSeconds', 'alarmFailedRunners'),
  CiListenerMissing: alert('alarmDownSeconds'),
  JvmAllocationStall: alert(undefined, 'alarmStalls'),
  // Over two collections.
  JvmPausesLong: { ...alert('alarmHoldSeconds', 'alarmPauseRatio'), window: 'alarmHoldSeconds' },
  JvmCollectionSlow: { ...alert('alarmHoldSeconds', 'alarmCycleSeconds'), window: 'alarmHoldSeconds' },
  JvmAllocationAbovePlan: {
    ...alert('alarmHoldSeconds', 'alarmAllocationBytesPerSecond'),
    window: 'alarmHoldSeconds',
  },
  JvmLiveSetAbovePlan: alert('alarmHoldSeconds', 'alarmLiveBytes'),
  JvmMemoryNearLimit: alert('alarmHoldSeconds', 'alarmMemoryBytes'),
  JvmContainerKilled: alert(undefined, 'alarmKills'),
  JvmLogMissing: alert('alarmDownSeconds'),
  ServiceSheds: alert('alarmShedSeconds', 'alarmShedRatio'),
  ServiceBusy: alert('alarmBusySeconds', 'alarmBusyRatio'),
  ServiceSlow: alert('alarmLatencyHoldSeconds', 'alarmLatencyQuantile', 'alarmLatencySeconds'),
  ServiceUnread: alert('alarmDownSeconds'),
  ServiceLimited: alert('alarmBusySeconds', 'alarmLimitRatio'),
  ServiceScalerBlind: alert('alarmWindowSeconds', 'alarmScalerErrors'),
  ReplicaLagHigh: alert('alarmHoldSeconds', 'alarmLagSeconds'),
  ReplicationStopped: alert('alarmHoldSeconds', 'alarmStopped'),
  ReplicaLagUnknown: alert('alarmHoldSeconds', 'alarmUnknown'),
  ReplicaHeartbeatStopped: alert('alarmHoldSeconds', 'alarmHeartbeatSeconds'),
  ReplicaWritersThrottled: alert('alarmThrottledSeconds', 'alarmThrottled'),
  ReplicaGuardDown: alert('alarmDownSeconds'),
  LogDiskAboveWatermark: alert('alarmSampleSeconds', 'diskWatermarkBytes'),
  LogQueueFilling: alert('alarmSampleSeconds', 'queueAlarmBytes'),
  LogShippingLag: alert('alarmWindowSeconds', 'lagSeconds'),
  LogRotationStuck: alert('alarmRotationSeconds', 'logFileBytes'),
  LogDiskPromised: alert('alarmWindowSeconds', 'alarmPromisedBytes'),
  LogLinesDropped: alert(undefined, 'alarmDroppedLines'),
  LogFilesUnreadable: alert('rotationSeconds', 'alarmUnreadableFiles'),
  LogShipperDown: alert('alarmDownSeconds', 'alarmUnavailablePods'),
  TenantThrottled: throttled('alarmHoldSeconds', false),
  TenantThrottledBeyondItsPeak: throttled('alarmThrottledHoldSeconds', true),
  TenantAboveItsShare: perTenant('alarmWindowSeconds', 'alarmProducerByteRate.', 'alarmConsumerByteRate.'),
  KafkaUnderReplicated: alert('alarmWindowSeconds', 'alarmUnderReplicated'),
  KafkaQuotasUnseen: alert('alarmUnseenSeconds'),
  TenantWaitsWhileOthersBorrow: alert('alarmBelowShareSeconds', 'alarmWaitingJobs', 'alarmBorrowers'),
  TenantJobsLate: perTenant('alarmWindowSeconds', 'latencyQuantile', 'alarmWaitSeconds.'),
  TenantQueueInactive: alert('alarmWindowSeconds'),
  TenantAroundTheQueue: perTenant('alarmHoldSeconds', 'alarmPods.'),
  TenantAtItsBound: perTenant('alarmAtBoundSeconds', 'alarmCpu.'),
  CompactionFallsBehind: alert(undefined, 'alarmSmallFiles'),
  CompactionRunTooLong: alert(undefined, 'alarmRunSeconds'),
  CompactionRewritesTooMuch: alert(undefined, 'alarmRewrittenBytes'),
  CompactionLeavesFiles: alert(undefined, 'alarmLeftFilesADay'),
  CompactionConflicts: alert('alarmConflictSeconds', 'alarmConflicts'),
  CompactionFailing: alert(undefined, 'alarmFailures'),
  CompactionMissing: alert('runDeadlineSeconds', 'alarmReportAgeSeconds'),
  CompactionNeverVacuums: alert('vacuumIntervalSeconds', 'alarmVacuumAgeSeconds'),
  TtlCollectionTooLarge: alert('alarmSizeHoldSeconds', 'sizeAlarmBytes'),
  TtlDeletionLag: alert('reportSeconds', 'deletionLagSeconds'),
  TtlDocumentsNeverExpire: alert('reportSeconds', 'alarmUnexpiringDocuments'),
  TtlIndexMissing: alert('backfillDeadlineSeconds'),
  TtlBackfillFailed: alert(undefined, 'alarmBackfillFailures'),
  TtlReportMissing: alert('reportSeconds', 'alarmReportAgeSeconds'),
  StreamingEtlLate: alert('alarmLateSeconds', 'alarmFreshnessSeconds'),
  StreamingEtlUnseen: alert('alarmLateSeconds'),
  StreamingEtlSlow: alert('alarmSlowSeconds', 'alarmBatchSeconds'),
  StreamingEtlBehind: alert('alarmSlowSeconds', 'alarmOffsetsBehind'),
  StreamingEtlRecordsRejected: alert(undefined, 'alarmRejected'),
  InvalidationLate: alert('alarmLateSeconds', 'alarmDelaySeconds'),
  InvalidationUnmerged: alert('alarmUnmergedSeconds', 'alarmKeysPerSecond'),
  InvalidationStreamFilling: alert('alarmLateSeconds', 'alarmStreamLength'),
  InvalidationEventsDropped: alert(undefined, 'alarmDropped'),
  InvalidationKeysSetAside: alert(undefined, 'alarmSetAside'),
  InvalidationMergerDown: alert('alarmDownSeconds', 'shards'),
  MetricsSeriesAboveBudget: alert('alarmHoldSeconds', 'alarmSeries'),
  MetricsTargetNearLimit: perSource('alarmHoldSeconds', 'alarmLimitRatio', 'sampleLimit.'),
  MetricsScrapeRejected: perSource(undefined, 'sampleLimit.', 'alarmRejectedScrapes'),
  MetricsTargetsAbovePlan: perSource('alarmHoldSeconds', 'alarmTargets.'),
  MetricsChurnAbovePlan: {
    ...perSource('alarmHoldSeconds', 'alarmReplacedTargets.'),
    window: 'alarmChurnWindowSeconds',
  },
  MetricsSourceMissing: perSource('alarmDownSeconds'),
  MetricsRecordingMissing: alert('alarmDownSeconds'),
  StreamPartitionHot: alert('alarmHotSeconds', 'alarmHotLag', 'alarmHotRatio'),
  StreamRecordsSetAside: alert(undefined, 'alarmSetAside'),
  WebhooksTurnedAway: alert(undefined, 'alarmTurnedAway'),
  WebhooksDeferred: alert(undefined, 'alarmDeferred'),
  WebhookPublishSlow: alert('alarmPublishHoldSeconds', 'alarmPublishQuantile', 'alarmPublishSeconds'),
  WebhooksRefused: {
    window: 'alarmRefusedSeconds',
    numbers: (plan) => plan.knobs.map(({ name }) => name).filter((name) => name.startsWith('alarmRefusedPerHour.')),
  },
  WebhookWritesRefused: alert('alarmInSyncSeconds', 'minInsyncReplicas'),
  WebhookReceiverMissing: alert('alarmDownSeconds'),
  ScheduledJobSilent: perSilence(),
  ScheduledJobFailed: perSilence('alarmFailedRuns'),
  ScheduledRunsAboveMaximum: alert('alarmHoldSeconds', 'maxConcurrent'),
  ScheduledJobSuspended: alert('alarmHoldSeconds'),
  ScheduledJobMissing: alert('alarmHoldSeconds', 'alarmJobs'),
  SenderPaused: alert(undefined),
  SenderAway: alert('alarmHoldSeconds', 'alarmAway'),
  SenderThrottled: alert('alarmHoldSeconds', 'alarmThrottled'),
  SenderRefused: alert(undefined, 'alarmRefusedRatio', 'pauseLeastMessages'),
  SenderMailsParked: alert(undefined, 'alarmParked'),
  SenderStuck: alert('alarmHoldSeconds', 'alarmDue'),
  SenderBacklog: alert('alarmHoldSeconds', 'alarmBacklog'),
  SenderSlotsMissed: alert('alarmHoldSeconds', 'alarmMissedRatio'),
  SenderStoreDown: alert('alarmHoldSeconds'),
  SenderDown: alert('alarmDownSeconds', 'senders'),
};

/** The alerting rules of a manifest; none when it is no `PrometheusRule`, or one that records. */
export function rulesOf({ kind, spec }: Untyped): { alert: string; expr: string; for?: string }[] {
  if (kind !== 'PrometheusRule') return [];
  return spec.groups.flatMap(({ rules }: Untyped) => rules.filter(({ record }: Untyped) => record === undefined));
}

/** The seconds over which an expression takes rates, each once. */
export function windowsOf(expr: string): number[] {
  return [...new Set([...expr.matchAll(/\[(\w+)\]/g)].map(([, window]) => seconds(window)))];
}

/**
 * The numbers of an expression in their order, without windows. A state (`== 0`), a sign (`>= 0`) and nothing
 * (`or vector(0)`) are no numbers.
 */
export function numbersOf(expr: string): number[] {
  const rest = expr
    .replace(/"(?:[^"\\]|\\.)*"/g, '')
    .replace(/\[\w+\]/g, '')
    .replace(/== [01]\b/g, '')
    .replace(/or vector\(0\)/g, '')
    .replace(/>= 0(?![\d.])/g, '');
  return [...rest.matchAll(/(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])/g)].map(([number]) => Number(number));
}

/** A duration of Prometheus in seconds; 0 when there is none. */
export function seconds(text: string | undefined): number {
  if (text === undefined) return 0;
  const [, count, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  return Number(count) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
}
