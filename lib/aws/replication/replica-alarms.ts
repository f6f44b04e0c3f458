import {
  type Alarm,
  ComparisonOperator,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { validate } from '../../flow/errors';
import { type Kinds, needed, sound, TEXT } from '../../flow/kinds';
import { cloudAlarmKnobs } from '../../flow/replication/cloud-alarms';
import type { ReplicationPlan } from '../../flow/replication/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { PLAN, TOPIC } from '../kinds';
import { type AlarmRow, createAlarms } from '../watch';

/**
 * What the alarms of a guard watch.
 */
export interface ReplicaAlarmsProps {
  /**
   * Name of the guard, the dimension `Guard` of its metrics.
   */
  readonly guardName: string;

  /**
   * The plan with the numbers.
   */
  readonly plan: ReplicationPlan;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;
}

/**
 * The alarms of a guard, on what it writes into its log: CloudWatch's own `ReplicaLag` has one value a minute, and none tells
 * a lag of seconds in time.
 */
export class ReplicaAlarms extends Construct {
  /** A replica is further behind than the throttle allows. */
  public readonly lag: Alarm;
  /** A replica no longer applies. */
  public readonly stopped: Alarm;
  /** The lag cannot be read. */
  public readonly unknown: Alarm;
  /** The source takes no heartbeat. */
  public readonly heartbeat: Alarm;
  /** Bulk writers are slowed down for longer than planned. */
  public readonly throttled: Alarm;
  /** The guard says nothing. */
  public readonly silent: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is missing, or the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: ReplicaAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { guardName, alarmTopic, alarms } = usable;
    const plan = completed(usable.plan, cloudAlarmKnobs(usable.plan));
    const made = createAlarms(this, { rows: rowsOf(guardName), plan, alarmTopic, alarms });
    this.lag = made.ReplicaLag;
    this.stopped = made.ReplicaStopped;
    this.unknown = made.LagUnknown;
    this.heartbeat = made.Heartbeat;
    this.throttled = made.WritersThrottled;
    this.silent = made.GuardSilent;
    this.all = Object.values(made);
  }
}

const KINDS: Kinds<ReplicaAlarmsProps> = {
  guardName: needed(TEXT),
  plan: needed(PLAN),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

/** The names of all alarms of a guard. */
export const REPLICA_ALARMS: readonly string[] = [
  'replicaLag',
  'replicaStopped',
  'lagUnknown',
  'heartbeat',
  'writersThrottled',
  'guardSilent',
];

function rowsOf(guardName: string): AlarmRow[] {
  const of = (metricName: string, statistic: string) => guardMetric(guardName, metricName, statistic);
  const sampled = { seconds: 'alarmSampleSeconds', periods: 'alarmSamples' };
  return [
    {
      id: 'ReplicaLag',
      severity: 'critical',
      metric: of('ReplicaLag', Stats.MAXIMUM),
      threshold: 'alarmLagSeconds',
      ...sampled,
      text: 'A replica is further behind than the throttle allows. Do bulk writers ask the guard at all (metric Writers)? SHOW REPLICA STATUS: one large transaction shows as a position that stands still; split it. Then send readers to the source, and give the measured applySeconds and parallelShare to the workload.',
    },
    {
      id: 'ReplicaStopped',
      severity: 'critical',
      metric: of('ReplicasStopped', Stats.MAXIMUM),
      threshold: 'alarmStopped',
      ...sampled,
      text: 'A replica no longer applies: its readers see data that gets older by a second each second. Send them elsewhere. The events of the instance and SHOW REPLICA STATUS say why; on RDS repair it with mysql.rds_skip_repl_error only when you know what is skipped, or make the replica anew.',
    },
    {
      id: 'LagUnknown',
      severity: 'critical',
      metric: of('LagUnknown', Stats.MINIMUM),
      threshold: 'alarmUnknown',
      ...sampled,
      text: 'The lag of a replica cannot be read: bulk writers get the least rate until it can. If ReplicaStopped fires too, begin there. The log of the guard names the replica and the code: ETIMEDOUT points to a security group, ER_ACCESS_DENIED_ERROR to the secret (after ten of them the guard starts anew and reads it again), HANDSHAKE_SSL_ERROR to an address that is not in the certificate of the server. A replica that is gone for good has to be removed from the construct.',
    },
    {
      id: 'Heartbeat',
      severity: 'critical',
      metric: of('HeartbeatAge', Stats.MINIMUM),
      threshold: 'alarmHeartbeatSeconds',
      ...sampled,
      text: 'The source takes no heartbeat: every replica seems to lag, and bulk writers are slowed down. The log of the guard says why; ER_OPTION_PREVENTS_STATEMENT means a server that is read only, as after a failover.',
    },
    {
      id: 'WritersThrottled',
      severity: 'warning',
      metric: of('Throttled', Stats.MINIMUM),
      threshold: 'alarmThrottled',
      seconds: 'alarmSampleSeconds',
      periods: 'alarmThrottledSamples',
      text: 'Bulk writers have been slowed down for twice as long as a peak takes: more is written than was planned, or the replica applies more slowly. Compare BulkRate with the plan; give the measured numbers to the workload, and deploy the workers that follow, or divide the source into shards.',
    },
    {
      id: 'GuardSilent',
      severity: 'critical',
      metric: of('LagUnknown', Stats.SAMPLE_COUNT),
      threshold: 'alarmSilent',
      seconds: 'alarmSampleSeconds',
      periods: 'alarmSilentSamples',
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.BREACHING,
      text: 'The guard says nothing: bulk writers go on with the least rate, and no other alarm of it has data. Look at the events of its service in ECS: does the task start, and reach the registry, the secret and the table?',
    },
  ];
}

/** A metric of a guard: `lib/runtime/replica-guard-dynamodb/metric-line.ts`. */
export function guardMetric(guardName: string, metricName: string, statistic: string): AlarmRow['metric'] {
  return (period): IMetric =>
    new Metric({ namespace: 'Backpressure', metricName, dimensionsMap: { Guard: guardName }, statistic, period });
}
