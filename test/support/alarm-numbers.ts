/** The numbers of alarms, and the knobs that they come from. */

import { Stack } from 'aws-cdk-lib';
import type { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Untyped } from './stack';

/** Names of the knobs with the numbers of an alarm. */
export interface AlarmKnobs {
  readonly threshold: string;
  readonly seconds: string;
  /** Absent: one period decides. */
  readonly periods?: string;
  /** Absent: every period counts. */
  readonly beyond?: string;
}

const window = (threshold: string): AlarmKnobs => ({ threshold, seconds: 'alarmWindowSeconds' });
const perPeriod = (threshold: string): AlarmKnobs => ({ threshold, seconds: 'alarmPeriodSeconds' });
const perReport = (threshold: string): AlarmKnobs => ({ threshold, seconds: 'alarmReportSeconds' });
const guarded = (threshold: string, periods = 'alarmSamples'): AlarmKnobs => ({
  threshold,
  seconds: 'alarmSampleSeconds',
  periods,
});
const sampled = (threshold: string): AlarmKnobs => ({
  threshold,
  seconds: 'alarmSampleSeconds',
  periods: 'alarmSamples',
  beyond: 'alarmSamplesAbove',
});

/** Which knobs the alarms of the AWS constructs go by, each by the end of its path. */
const BY_ID: readonly [id: RegExp, knobs: (path: string) => AlarmKnobs][] = [
  [/Stream\/Alarms\/(Undelivered|RuleFailures)\/Resource$/, () => window('alarmUndelivered')],
  [/Stream\/Alarms\/Refused\/Resource$/, () => ({ ...window('alarmRefused'), periods: 'alarmRefusedWindows' })],
  [/Alarms\/ConsumerErrors\/Resource$/, () => ({ ...window('alarmErrors'), periods: 'alarmLateWindows' })],
  [/TopicAlarms\/Late\/Resource$/, () => ({ ...window('alarmAgeSeconds'), periods: 'alarmLateWindows' })],
  [/Alarms\/Lag\/Resource$/, () => ({ ...window('alarmLag'), periods: 'alarmLateWindows' })],
  [/Alarms\/LagUnseen\/Resource$/, () => ({ ...window('alarmLagUnseen'), periods: 'alarmUnseenWindows' })],
  [/Alarms\/Backlog\/Resource$/, () => sampled('alarmBacklog')],
  [/Alarms\/NearlyFull\/Resource$/, () => sampled('alarmNearlyFull')],
  [/Alarms\/DeadLetters\/Resource$/, () => window('alarmDeadLetters')],
  [/Alarms\/Consumers\/Resource$/, () => sampled('alarmConsumers')],
  [/Alarms\/TopologyDrift\/Resource$/, () => ({ threshold: 'alarmRepaired', seconds: 'repairIntervalSeconds' })],
  [/Alarms\/TopologyErrors\/Resource$/, () => ({ threshold: 'alarmRepairErrors', seconds: 'repairIntervalSeconds' })],
  [/Alarms\/BrokerMemory\/Resource$/, () => sampled('alarmMemoryRatio')],
  [/Alarms\/BrokerDisk\/Resource$/, () => sampled('alarmDiskRatio')],
  [/Alarms\/BrokerCpu\/Resource$/, () => ({ ...window('alarmCpuPercent'), periods: 'alarmCpuWindows' })],
  [/Alarms\/BrokerConnections\/Resource$/, () => sampled('alarmConnections')],
  [/Alarms\/(Quiet)?Age\/Resource$/, () => sampled('alarmAgeSeconds')],
  [/Alarms\/TimeToDrain\/Resource$/, () => ({ ...window('alarmDrainSeconds'), periods: 'alarmDrainWindows' })],
  [/WithoutRedriver\/Alarms\/DeadLettersUnattended\/Resource$/, () => window('alarmDeadLetters')],
  [
    /Alarms\/DeadLettersUnattended\/Resource$/,
    () => ({ ...window('alarmDeadLetters'), periods: 'alarmUnattendedWindows' }),
  ],
  [/Alarms\/DeadLettersReceived\/Resource$/, () => window('alarmDeadLetters')],
  [/Alarms\/Quarantined\/Resource$/, () => window('alarmQuarantined')],
  [/Alarms\/CircuitOpen\/Resource$/, () => ({ threshold: 'alarmOpenCircuits', seconds: 'alarmCircuitSeconds' })],
  [/Alarms\/Stuck\/Resource$/, () => ({ threshold: 'alarmStuckLetters', seconds: 'alarmStuckSeconds' })],
  [/Alarms\/RedriverErrors\/Resource$/, () => window('alarmRedriverErrors')],
  [/Alarms\/RedriverTable\/Resource$/, () => window('alarmTableFailures')],
  [/Alarms\/Undelivered\/Resource$/, () => ({ threshold: 'alarmUndelivered', seconds: 'alarmApiSeconds' })],
  [/Alarms\/Refused\/Resource$/, () => ({ threshold: 'alarmRefused', seconds: 'alarmApiSeconds' })],
  [
    /RefusedAlarms(-\w+)?\/Unusable\/Resource$/,
    () => ({ threshold: 'alarmUnusableSecrets', seconds: 'alarmRefusedSeconds' }),
  ],
  [
    /RefusedAlarms(-\w+)?\/Dropped\/Resource$/,
    () => ({ threshold: 'alarmRefusedDropped', seconds: 'alarmRefusedSeconds' }),
  ],
  [
    /RefusedAlarms(-\w+)?\/[a-z0-9-]+\/Resource$/,
    (path) => ({
      threshold: `alarmRefusedPerHour.${path.split('/').at(-2)}`,
      seconds: 'alarmRefusedSeconds',
    }),
  ],
  [/Alarms\/TtlLag\/Resource$/, () => perReport('alarmLagSeconds')],
  [
    /Alarms\/DeletionStopped\/Resource$/,
    () => ({ threshold: 'alarmDeletionStopped', seconds: 'alarmDeletedSeconds', periods: 'alarmDeletedPeriods' }),
  ],
  [/Alarms\/DeletionLag\/Resource$/, () => perReport('deletionLagSeconds')],
  [/Alarms\/IndexMissing\/Resource$/, () => perReport('alarmIndexMissing')],
  [/Alarms\/CollectionTooLarge\/Resource$/, () => perReport('sizeAlarmBytes')],
  [/Alarms\/DocumentsNeverExpire\/Resource$/, () => perReport('alarmUnexpiringDocuments')],
  [/Alarms\/StartsUndelivered\/Resource$/, () => perReport('alarmUndeliveredStarts')],
  [/Alarms\/BackfillMissing\/Resource$/, () => ({ threshold: 'alarmStarts', seconds: 'alarmStartSeconds' })],
  [/Alarms\/TtlDisabled\/Resource$/, () => perReport('alarmTtlDisabled')],
  [/Alarms\/TableTooLarge\/Resource$/, () => perReport('sizeAlarmBytes')],
  [/Alarms\/ItemsNeverExpire\/Resource$/, () => perReport('alarmUnexpiringItems')],
  [/Alarms\/BackfillLate\/Resource$/, () => perReport('alarmBackfillSeconds')],
  [/Alarms\/ReportMissing\/Resource$/, () => perReport('alarmReports')],
  [
    /Alarms\/TableThrottled\/Resource$/,
    () => ({ threshold: 'alarmThrottled', seconds: 'alarmThrottledSeconds', periods: 'alarmThrottledPeriods' }),
  ],
  [
    /Alarms\/BackfillFailing\/Resource$/,
    () => ({
      threshold: 'alarmBackfillErrors',
      seconds: 'startSeconds',
      periods: 'alarmBackfillPeriods',
      beyond: 'alarmBackfillStarts',
    }),
  ],
  [
    /Alarms\/OptimizersFailing\/Resource$/,
    () => ({
      threshold: 'alarmMaintenanceFailures',
      seconds: 'checkIntervalSeconds',
      periods: 'alarmMaintenanceChecks',
    }),
  ],
  [
    /Alarms\/CompactionLate\/Resource$/,
    () => ({ threshold: 'alarmCompactionAgeSeconds', seconds: 'checkIntervalSeconds' }),
  ],
  [/Alarms\/ExpiryLate\/Resource$/, () => ({ threshold: 'alarmExpiryAgeSeconds', seconds: 'checkIntervalSeconds' })],
  [
    /Sessions\/Alarms\/RunTooLong\/Resource$/,
    () => ({ threshold: 'alarmRunSeconds', seconds: 'checkIntervalSeconds' }),
  ],
  [/Alarms\/RunTooLong\/Resource$/, () => perPeriod('alarmRunSeconds')],
  [/Alarms\/SmallFiles\/Resource$/, () => perPeriod('alarmSmallFiles')],
  [/Alarms\/RewritesTooMuch\/Resource$/, () => perPeriod('alarmRewrittenBytes')],
  [/Alarms\/Conflicts\/Resource$/, () => ({ threshold: 'alarmConflicts', seconds: 'alarmConflictWindowSeconds' })],
  [/Alarms\/PartitionsFailing\/Resource$/, () => perPeriod('alarmFailures')],
  [/Alarms\/FailedRuns\/Resource$/, () => perPeriod('alarmFailedRuns')],
  [
    /Alarms\/RunsMissing\/Resource$/,
    () => ({ threshold: 'alarmSilenceRuns', seconds: 'alarmSilenceSeconds', periods: 'alarmSilencePeriods' }),
  ],
  [
    /Alarms\/NeverVacuums\/Resource$/,
    () => ({ threshold: 'alarmVacuums', seconds: 'alarmVacuumSeconds', periods: 'alarmVacuumPeriods' }),
  ],
  [/Alarms\/UndeliveredStarts\/Resource$/, () => perPeriod('alarmUndelivered')],
  [/Alarms\/ReplicaLag\/Resource$/, () => guarded('alarmLagSeconds')],
  [/Alarms\/ReplicaStopped\/Resource$/, () => guarded('alarmStopped')],
  [/Alarms\/LagUnknown\/Resource$/, () => guarded('alarmUnknown')],
  [/Alarms\/Heartbeat\/Resource$/, () => guarded('alarmHeartbeatSeconds')],
  [/Alarms\/WritersThrottled\/Resource$/, () => guarded('alarmThrottled', 'alarmThrottledSamples')],
  [/Alarms\/GuardSilent\/Resource$/, () => guarded('alarmSilent', 'alarmSilentSamples')],
  [/ActiveSeriesAlarm\/Resource$/, () => ({ ...perPeriod('alarmSeries'), periods: 'alarmPeriods' })],
  [/IngestionRateAlarm\/Resource$/, () => ({ ...perPeriod('alarmSamplesPerSecond'), periods: 'alarmPeriods' })],
  [
    /\/Starved\/Resource$/,
    () => ({ threshold: 'alarmWaitSeconds', seconds: 'snapshotSeconds', periods: 'alarmStarvedSnapshots' }),
  ],
  [/\/Blocked\/Resource$/, () => ({ threshold: 'alarmBlocked', seconds: 'snapshotSeconds' })],
  [/\/Undeclared\/Resource$/, () => ({ threshold: 'alarmUndeclaredJobs', seconds: 'snapshotSeconds' })],
  [
    /\/SnapshotErrors\/Resource$/,
    () => ({ threshold: 'alarmSnapshotErrors', seconds: 'snapshotSeconds', periods: 'alarmErrorSnapshots' }),
  ],
  [
    /\/JobsWait\/Resource$/,
    () => ({ threshold: 'alarmWaitSeconds', seconds: 'alarmPeriodSeconds', periods: 'alarmWaitPeriods' }),
  ],
  [
    /\/SlowStart\/Resource$/,
    () => ({ threshold: 'alarmStartSeconds', seconds: 'alarmPeriodSeconds', periods: 'alarmWaitPeriods' }),
  ],
  [
    /\/FailedBuilds\/Resource$/,
    () => ({ threshold: 'alarmFailedBuilds', seconds: 'alarmPeriodSeconds', periods: 'alarmFailedPeriods' }),
  ],
  [/Alarms\/DeliveryLate\/Resource$/, () => perPeriod('alarmFreshnessSeconds')],
  [/Alarms\/DeliveryFailed\/Resource$/, () => perPeriod('alarmSuccessRatio')],
  [
    /Alarms\/StreamThrottled\/Resource$/,
    () => ({ ...perPeriod('alarmThrottledRecords'), periods: 'alarmThrottledPeriods' }),
  ],
  [/Alarms\/StreamNearQuota\/Resource$/, () => perPeriod('alarmStreamRatio')],
  [/Alarms\/ChunksDropped\/Resource$/, () => ({ threshold: 'alarmDroppedChunks', seconds: 'alarmRouterSeconds' })],
  [
    /Alarms\/ChunksRetried\/Resource$/,
    () => ({ threshold: 'alarmRetriedChunks', seconds: 'alarmRouterSeconds', periods: 'alarmRetriedPeriods' }),
  ],
  [/\/TaskDisk\/Resource$/, () => perPeriod('alarmEphemeralGib')],
  [/Alarms\/DroppedRuns\/Resource$/, () => perPeriod('alarmDropped')],
  [/Alarms\/UndeliveredRuns\/Resource$/, () => perPeriod('alarmDeadLettered')],
  [/Alarms\/Throttled\/Resource$/, () => perPeriod('alarmThrottled')],
  [
    /Alarms\/TargetErrors\/Resource$/,
    () => ({ ...perPeriod('alarmTargetErrors'), periods: 'alarmTargetErrorPeriods' }),
  ],
  [/Alarms\/Skipped\/Resource$/, () => perPeriod('alarmSkipped')],
  [
    /Alarms\/Silent\/Resource$/,
    () => ({ threshold: 'alarmSilenceRuns', seconds: 'alarmSilenceSeconds', periods: 'alarmSilencePeriods' }),
  ],
  [/\/LateAlarm\/Resource$/, () => ({ ...window('alarmFreshnessSeconds'), periods: 'alarmLateWindows' })],
  [/\/SlowAlarm\/Resource$/, () => ({ ...window('alarmBatchSeconds'), periods: 'alarmSlowWindows' })],
  [/\/BehindAlarm\/Resource$/, () => ({ ...window('alarmOffsetsBehind'), periods: 'alarmSlowWindows' })],
  [/\/RejectedAlarm\/Resource$/, () => window('alarmRejected')],
  [
    /\/(Restarted|KeeperErrors)Alarm\/Resource$/,
    (path) => ({ threshold: `alarm${path.split('/').at(-2)?.replace('Alarm', '')}`, seconds: 'keeperCheckSeconds' }),
  ],
  [/\/StoredBytesAlarm\/Resource$/, () => ({ threshold: 'storedBytesLimit', seconds: 'alarmSampleSeconds' })],
  [/\/ObjectBytesAlarm\/Resource$/, () => ({ threshold: 'alarmObjectBytes', seconds: 'alarmSampleSeconds' })],
  [
    /Alarms\/(Produce|Fetch)Throttled\d+\/Resource$/,
    () => ({ ...window('alarmThrottleMilliseconds'), periods: 'alarmThrottledWindows' }),
  ],
  [/Alarms\/Drift\/Resource$/, () => ({ threshold: 'alarmQuotasRepaired', seconds: 'repairIntervalSeconds' })],
  [/Alarms\/RepairErrors\/Resource$/, () => ({ threshold: 'alarmRepairErrors', seconds: 'repairIntervalSeconds' })],
  [
    /Alarms\/(Bounces|Complaints)\/Resource$/,
    (path) => ({
      threshold: /Bounces/.test(path) ? 'pauseAtBounceRatio' : 'pauseAtComplaintRatio',
      seconds: 'alarmReputationSeconds',
    }),
  ],
  [
    /Alarms\/RateThrottled\/Resource$/,
    () => ({ threshold: 'alarmThrottled', seconds: 'alarmThrottledSeconds', periods: 'alarmThrottledWindows' }),
  ],
  [
    /Alarms\/(Away|Closed)\/Resource$/,
    (path) => ({
      threshold: `alarm${path.split('/').at(-2)}`,
      seconds: 'alarmAwaySeconds',
      periods: 'alarmAwayWindows',
    }),
  ],
  [
    /Alarms\/(Delayed|MergerErrors)\/Resource$/,
    (path) => ({ ...window(/Delayed/.test(path) ? 'alarmDelaySeconds' : 'alarmErrors'), periods: 'alarmLateWindows' }),
  ],
  [/Alarms\/Late\/Resource$/, () => ({ ...window('alarmAgeMilliseconds'), periods: 'alarmLateWindows' })],
  [/Alarms\/Unmerged\/Resource$/, () => ({ ...window('alarmKeys'), periods: 'alarmUnmergedWindows' })],
  [/Alarms\/SetAside\/Resource$/, () => window('alarmSetAside')],
  [/Alarms\/Idle\/Resource$/, () => ({ ...window('alarmIdle'), periods: 'alarmIdleWindows' })],
  [/Alarms\/WritesThrottled\/Resource$/, () => window('alarmThrottled')],
  [/Alarms\/FlushRefused\/Resource$/, () => ({ ...window('alarmRefused'), periods: 'alarmRefusedWindows' })],
  [/Alarms\/Away\/Resource$/, () => ({ ...window('alarmAway'), periods: 'alarmAwayWindows' })],
  [/Alarms\/(Parked|Paused|SenderErrors|BreakerErrors)\/Resource$/, (path) => window(`alarm${path.split('/').at(-2)}`)],
  [/Alarms\/Stalls\/Resource$/, () => ({ threshold: 'alarmStalls', seconds: 'alarmWindowSeconds' })],
  [
    /Alarms\/(LongPauses|SlowCollections|Allocation)\/Resource$/,
    (path) => ({
      threshold: {
        LongPauses: 'alarmPauseRatio',
        SlowCollections: 'alarmCycleSeconds',
        Allocation: 'alarmAllocationBytesPerSecond',
      }[path.split('/').at(-2)!]!,
      seconds: 'alarmPeriodSeconds',
    }),
  ],
  [
    /Alarms\/(LiveSet|Memory)\/Resource$/,
    (path) => ({
      threshold: {
        LiveSet: 'alarmLiveBytes',
        Memory: 'alarmTaskMebibytes',
      }[path.split('/').at(-2)!]!,
      seconds: 'metricSeconds',
      periods: 'alarmHoldPeriods',
    }),
  ],
  [
    /Alarms\/LogMissing\/Resource$/,
    () => ({ threshold: 'alarmLogs', seconds: 'metricSeconds', periods: 'alarmDownPeriods' }),
  ],
  [
    /\/(Refused|Slow|Unhealthy|NoRoom)\/Resource$/,
    (path) => ({
      threshold: {
        Refused: 'alarmShedRatio',
        Slow: 'alarmLatencySeconds',
        Unhealthy: 'alarmUnhealthy',
        NoRoom: 'alarmRoom',
      }[path.split('/').at(-2)!]!,
      seconds: 'alarmPeriodSeconds',
      periods: path.includes('/Refused/') ? 'alarmShedPeriods' : 'alarmHoldPeriods',
    }),
  ],
  [
    /\/RejectedConnections\/Resource$/,
    () => ({ threshold: 'alarmRejectedConnections', seconds: 'alarmPeriodSeconds' }),
  ],
  [/\/WorkWhileAsleep\/Resource$/, () => ({ threshold: 'alarmAsleep', seconds: 'metricPeriodSeconds' })],
];

/** The knobs of the alarm at that path. */
export function knobsOf(path: string): AlarmKnobs {
  const found = BY_ID.find(([id]) => id.test(path));
  if (found === undefined) throw new Error(`no knobs are named for the alarm ${path}`);
  return found[1](path);
}

/** The numbers of an alarm as the template has them. Every metric of an expression has the same period. */
export function numbersOf(alarm: CfnAlarm) {
  const { Threshold, Period, EvaluationPeriods, DatapointsToAlarm, Metrics } = Object.values<Untyped>(
    Stack.of(alarm).resolve(alarm._toCloudFormation()).Resources,
  )[0].Properties;
  const periods = new Set<number>(
    Metrics?.map((one: Untyped) => one.MetricStat?.Period ?? one.Period).filter(Boolean) ?? [Period],
  );
  expect([alarm.node.path, periods.size]).toEqual([alarm.node.path, 1]);
  return { threshold: Threshold, seconds: [...periods][0], periods: EvaluationPeriods, beyond: DatapointsToAlarm };
}
