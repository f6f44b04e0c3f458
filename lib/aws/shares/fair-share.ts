import { Duration } from 'aws-cdk-lib';
import {
  FairshareSchedulingPolicy,
  FargateComputeEnvironment,
  type IComputeEnvironment,
  JobQueue,
  JobStateTimeLimitActionsAction,
  JobStateTimeLimitActionsReason,
  JobStateTimeLimitActionsState,
} from 'aws-cdk-lib/aws-batch';
import type { Alarm, Dashboard, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Rule } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { unknownName } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { forecastPolicyFlood, planSharePolicy } from '../../flow/shares/policy-plan';
import type { SharePolicyPlan } from '../../flow/shares/policy-workload';
import type { FloodForecast } from '../../flow/shares/workload';
import { alarmSettingsChecks } from '../alarm-settings';
import { dashboardOf } from '../dashboard';
import { describeGroups } from '../security-groups';
import { subjectOf } from '../subject';
import { createAlarms } from '../watch';
import {
  FAIR_SHARE_ALARMS,
  fairShareRows,
  fairShareSections,
  shareMetric,
  unknownSharesMetric,
} from './fair-share-alarms';
import { FAIR_SHARE_KINDS, type FairShareProps, fairShareChecks, fairShareQuestion } from './fair-share-props';
import { type TenantJobs, tenantJobs } from './share-jobs';
import { createSnapshot } from './share-snapshot';

/**
 * A job queue of AWS Batch on which each tenant comes to its share whenever it asks, and to more while others leave room.
 *
 * Cures one queue for all tenants, first come, first served, in which a tenant that submits ten times its share takes every
 * place and the jobs of the others are late (case 20). A fair-share policy starts next the job of the tenant that used least
 * for its weight. AWS Batch ends no job for the sake of another, so the plan refuses promises that would need that.
 */
export class FairShare extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: SharePolicyPlan;

  /** The policy, with the weights of the tenants. */
  public readonly schedulingPolicy: FairshareSchedulingPolicy;

  /** The compute environment: that which was given, or one on Fargate. */
  public readonly computeEnvironment: IComputeEnvironment;

  /** The job queue. A policy cannot be added to a queue that was made without one, so it is always made here. */
  public readonly jobQueue: JobQueue;

  /** The job definitions of the tenants, with their roles, in the order of `tenants`. */
  public readonly tenants: TenantJobs[];

  /** The function that reports what each tenant uses. It reads the queue, and changes nothing. */
  public readonly snapshotFunction: LambdaFunction;

  /** Starts the function at intervals. */
  public readonly snapshotRule: Rule;

  /** A tenant that uses less than its share waits too long. */
  public readonly starvedAlarm: Alarm;

  /** The job at the head of the queue cannot start. */
  public readonly blockedAlarm: Alarm;

  /** Jobs wait under share identifiers that no tenant has. */
  public readonly undeclaredAlarm: Alarm;

  /** The function fails, or is not started. */
  public readonly snapshotErrorsAlarm: Alarm;

  /** The dashboard. */
  public readonly dashboard: Dashboard;

  private readonly props: FairShareProps;

  /**
   * @throws CapacityError when a tenant would never catch up, or the promise is shorter than a job of another tenant and one
   * of its own; the message names ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: FairShareProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, FAIR_SHARE_KINDS);
    this.props = usable;
    this.plan = planSharePolicy(subjectOf(this), fairShareQuestion(usable), [
      ...checks,
      ...alarmSettingsChecks(usable.alarms, FAIR_SHARE_ALARMS),
      ...fairShareChecks(usable),
    ]);
    this.computeEnvironment = usable.computeEnvironment ?? this.createComputeEnvironment();
    this.schedulingPolicy = this.createPolicy();
    this.jobQueue = this.createQueue();
    this.tenants = this.plan.tenants.map((share) => tenantJobs(this, share, this.plan, usable));
    const { snapshotFunction, snapshotRule } = createSnapshot(this, this.jobQueue, this.plan);
    this.snapshotFunction = snapshotFunction;
    this.snapshotRule = snapshotRule;
    const { alarmTopic, alarms } = usable;
    const made = createAlarms(this, { rows: fairShareRows(snapshotFunction), plan: this.plan, alarmTopic, alarms });
    this.starvedAlarm = made.Starved;
    this.blockedAlarm = made.Blocked;
    this.undeclaredAlarm = made.Undeclared;
    this.snapshotErrorsAlarm = made.SnapshotErrors;
    const names = this.plan.tenants.map(({ name }) => name);
    this.dashboard = dashboardOf(
      this,
      Object.values(made),
      fairShareSections(snapshotFunction, names, this.snapshotPeriod()),
    );
  }

  /**
   * Lets somebody submit jobs of one tenant to this queue, with the tenant's job definition, and under no other share
   * identifier.
   *
   * @param tenant name of the tenant
   * @param grantee who submits: a role, a function, a state machine
   * @throws InvalidInputError when there is no such tenant
   */
  public grantSubmit(tenant: string, grantee: IGrantable): Grant {
    const { name, jobDefinition } = this.jobsOf(tenant);
    return Grant.addToPrincipal({
      grantee,
      actions: ['batch:SubmitJob'],
      resourceArns: [this.jobQueue.jobQueueArn, jobDefinition.jobDefinitionArn],
      conditions: { StringEquals: { 'batch:ShareIdentifier': name } },
    });
  }

  /** Jobs of a tenant that wait. */
  public metricRunnableJobs(tenant: string): Metric {
    return shareMetric(this.snapshotFunction, this.jobsOf(tenant).name, 'RunnableJobs', this.snapshotPeriod());
  }

  /** Seconds since the oldest of a tenant's jobs that wait was submitted. */
  public metricOldestRunnable(tenant: string): Metric {
    return shareMetric(this.snapshotFunction, this.jobsOf(tenant).name, 'OldestRunnableSeconds', this.snapshotPeriod());
  }

  /** vCPUs that a tenant uses. AWS Batch says it of the twenty tenants that use most; of others there is no value. */
  public metricUsedVcpus(tenant: string): Metric {
    return shareMetric(this.snapshotFunction, this.jobsOf(tenant).name, 'UsedVcpus', this.snapshotPeriod());
  }

  /**
   * Tenants of which the function cannot say whether `starved` is true of them: they are not among the twenty that use
   * most, or more than 20,000 jobs wait. 0 while all is known.
   */
  public metricUnknownShares(): Metric {
    return unknownSharesMetric(this.snapshotFunction, this.snapshotPeriod());
  }

  /**
   * The effect on all tenants when one submits a multiple of its peak for some time, in one line and under the policy.
   *
   * @param tenant name of the tenant that floods
   * @param factor multiple of its own peak rate; 1 to 1000
   * @param duration how long; at most a year
   * @throws InvalidInputError when there is no such tenant or a number is out of range
   */
  public forecastFlood(tenant: string, factor: number, duration: Duration): FloodForecast[] {
    const { tenants, objective } = this.props;
    const seconds = duration.toSeconds({ integral: false });
    return forecastPolicyFlood(this.plan, tenants, objective.latencySeconds, { tenant, factor, seconds });
  }

  private jobsOf(tenant: string): TenantJobs {
    const found = this.tenants.find(({ name }) => name === tenant);
    if (found !== undefined) return found;
    throw unknownName(
      this.plan.subject,
      'tenant',
      tenant,
      this.tenants.map(({ name }) => name),
    );
  }

  private snapshotPeriod(): Duration {
    return Duration.seconds(this.plan.value('snapshotSeconds'));
  }

  private createComputeEnvironment(): FargateComputeEnvironment {
    const { vpc, vpcSubnets, maxvCpus } = this.props;
    // A check refuses props with neither.
    const environment = new FargateComputeEnvironment(this, 'ComputeEnvironment', { vpc: vpc!, vpcSubnets, maxvCpus });
    describeGroups(environment);
    return environment;
  }

  private createPolicy(): FairshareSchedulingPolicy {
    return new FairshareSchedulingPolicy(this, 'Policy', {
      shareDecay: Duration.seconds(this.plan.value('shareDecaySeconds')),
      computeReservation: this.plan.value('computeReservation'),
      shares: this.plan.tenants.map(({ name, weightFactor }) => ({ shareIdentifier: name, weightFactor })),
    });
  }

  /** Jobs that wait for capacity are left: it may come. Jobs that can never run would block those behind them. */
  private createQueue(): JobQueue {
    const { COMPUTE_ENVIRONMENT_MAX_RESOURCE, JOB_RESOURCE_REQUIREMENT } = JobStateTimeLimitActionsReason;
    return new JobQueue(this, 'Queue', {
      priority: this.props.priority ?? 1,
      schedulingPolicy: this.schedulingPolicy,
      computeEnvironments: [{ computeEnvironment: this.computeEnvironment, order: 1 }],
      jobStateTimeLimitActions: [COMPUTE_ENVIRONMENT_MAX_RESOURCE, JOB_RESOURCE_REQUIREMENT].map((reason) => ({
        action: JobStateTimeLimitActionsAction.CANCEL,
        state: JobStateTimeLimitActionsState.RUNNABLE,
        maxTime: Duration.seconds(this.plan.value('maxRunnableSeconds')),
        reason,
      })),
    });
  }
}
