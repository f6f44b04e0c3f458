import type { Duration } from 'aws-cdk-lib';
import { type Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { type Kinds, needed, sound } from '../../flow/kinds';
import type { Plan } from '../../flow/plan';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { LAMBDA, PLAN, QUEUE, SCHEDULE_GROUP, TOPIC } from '../kinds';
import { type AlarmRow, createAlarms } from '../watch';

/** Metric namespace of this library's functions: `lib/runtime/metrics.ts`. */
const NAMESPACE = 'Backpressure';

/**
 * What the alarms of a schedule watch.
 */
export interface ScheduleAlarmsProps {
  /**
   * The group of the schedules. Its metrics are those of all its schedules, so it should have no others.
   */
  readonly scheduleGroup: IScheduleGroup;

  /**
   * The dead-letter queue of the schedules.
   */
  readonly undeliveredQueue: IQueue;

  /**
   * The plan with the numbers: `alarmPeriodSeconds`, `alarmDropped`, `alarmDeadLettered`, `alarmThrottled`,
   * `alarmTargetErrors`, `alarmTargetErrorPeriods`; for `silent` also `alarmSilenceRuns`, `alarmSilenceSeconds` and
   * `alarmSilencePeriods`; with a runner `alarmSkipped`.
   */
  readonly plan: Plan;

  /**
   * The function built on `scheduledRuns` that does the work.
   *
   * @default - skipped runs are not watched
   */
  readonly runner?: IFunction;

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
 * The alarms on runs that do not reach the queue, come to it late or never, or are skipped. The alarms of the queue count
 * only what is in it.
 */
export class ScheduleAlarms extends Construct {
  /** A run was dropped, because the queue did not take it in time. */
  public readonly dropped: Alarm;
  /** A run is in the queue for undelivered runs. It fires until the run is deleted. */
  public readonly undelivered: Alarm;
  /** The scheduler was throttled, so runs begin late. */
  public readonly throttled: Alarm;
  /** The queue refuses runs, again and again. */
  public readonly targetErrors: Alarm;
  /**
   * Fewer runs were started than there are schedules: one is missing, disabled, or the group is gone.
   *
   * @default - none when no job runs on every day
   */
  public readonly silent?: Alarm;
  /**
   * A run was skipped, because it would have begun too late.
   *
   * @default - none without a runner
   */
  public readonly skipped?: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: ScheduleAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { scheduleGroup, undeliveredQueue, plan, runner, alarmTopic, alarms } = usable;
    const counted = plan.knobs.some(({ name }) => name === 'alarmSilenceRuns');
    const rows = [
      ...deliveryRows(scheduleGroup),
      undeliveredRow(undeliveredQueue),
      ...(counted ? [silentRow(scheduleGroup)] : []),
      ...(runner === undefined ? [] : [skippedRow(runner)]),
    ];
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.dropped = made.DroppedRuns;
    this.undelivered = made.UndeliveredRuns;
    this.throttled = made.Throttled;
    this.targetErrors = made.TargetErrors;
    this.silent = made.Silent;
    this.skipped = made.Skipped;
    this.all = Object.values(made);
  }
}

/** The names of all alarms that schedules can have, besides those of their queue. */
export const SCHEDULE_ALARMS: readonly string[] = [
  'dropped',
  'throttled',
  'targetErrors',
  'undelivered',
  'silent',
  'skipped',
];

const KINDS: Kinds<ScheduleAlarmsProps> = {
  scheduleGroup: needed(SCHEDULE_GROUP),
  undeliveredQueue: needed(QUEUE),
  plan: needed(PLAN),
  runner: LAMBDA,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

function deliveryRows(group: IScheduleGroup): AlarmRow[] {
  const seconds = 'alarmPeriodSeconds';
  const sum = (period: Duration) => ({ period, statistic: Stats.SUM });
  return [
    {
      id: 'DroppedRuns',
      name: 'dropped',
      severity: 'critical',
      metric: (period) => group.metricDropped(sum(period)),
      threshold: 'alarmDropped',
      seconds,
      text: 'A run was dropped: the queue did not take it as long as it could begin. Check whether the role of the schedules may still send to the queue and use its key, and whether the queue exists. Then start the job by hand if it cannot wait for its next run.',
    },
    {
      id: 'Throttled',
      severity: 'warning',
      metric: (period) => group.metricThrottled(sum(period)),
      threshold: 'alarmThrottled',
      seconds,
      text: 'EventBridge Scheduler reached its quota of invocations a second in this region, so runs begin late. Spread what else is scheduled on the same minute, or ask for a higher quota.',
    },
    {
      id: 'TargetErrors',
      severity: 'critical',
      metric: (period) => group.metricTargetErrors(sum(period)),
      threshold: 'alarmTargetErrors',
      seconds,
      periods: 'alarmTargetErrorPeriods',
      text: 'The queue refuses runs again and again. Check the permissions of the role of the schedules, the policy and the key of the queue. Runs are retried as long as they can begin, then they are dropped.',
    },
  ];
}

function undeliveredRow(queue: IQueue): AlarmRow {
  return {
    id: 'UndeliveredRuns',
    name: 'undelivered',
    severity: 'critical',
    metric: (period) => queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
    threshold: 'alarmDeadLettered',
    seconds: 'alarmPeriodSeconds',
    text: 'A run that could not be delivered is in the queue for undelivered runs. Its attributes have the error. Repair the cause (permission, key, queue), start the job by hand if it cannot wait for its next run, then delete the message.',
  };
}

function silentRow(group: IScheduleGroup): AlarmRow {
  return {
    id: 'Silent',
    severity: 'critical',
    metric: (period) => group.metricAttempts({ period, statistic: Stats.SUM }),
    threshold: 'alarmSilenceRuns',
    seconds: 'alarmSilenceSeconds',
    periods: 'alarmSilencePeriods',
    comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
    // No attempts at all is the worst case.
    missing: TreatMissingData.BREACHING,
    text: 'Fewer runs were started than there are schedules. List the schedules of the group: one is missing or DISABLED. After the first deployment the alarm is on until the jobs have run for two whole periods.',
  };
}

function skippedRow(runner: IFunction): AlarmRow {
  return {
    id: 'Skipped',
    severity: 'warning',
    metric: (period) =>
      new Metric({
        namespace: NAMESPACE,
        metricName: 'Skipped',
        dimensionsMap: { FunctionName: runner.functionName },
        statistic: Stats.SUM,
        period,
      }),
    threshold: 'alarmSkipped',
    seconds: 'alarmPeriodSeconds',
    text: "A run was skipped, because it would have begun too late, when its next run was due. The function's log names the job. Check whether runs fail or take longer than planned (the alarms of the queue), and whether the function is throttled; put the new duration into the jobs.",
  };
}
