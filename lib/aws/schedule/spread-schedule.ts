import { Duration, NestedStack, RemovalPolicy, Stack, TimeZone } from 'aws-cdk-lib';
import { GraphWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, type ITable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable, Role } from 'aws-cdk-lib/aws-iam';
import {
  ContextAttribute,
  type IScheduleGroup,
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import { SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { DEFAULT_FUNCTION_SECONDS } from '../../flow/queue/platforms/lambda';
import type { QueueQuestion } from '../../flow/queue/question';
import { planSchedule } from '../../flow/schedule/plan';
import { deliveryKnobs, runsQuestion, timeLimitCheck } from '../../flow/schedule/worker';
import type { JobPlacement, SchedulePlan } from '../../flow/schedule/workload';
import type { ScheduledMessage } from '../../runtime/scheduled-run/contract';
import { alarmSettingsChecks, settingsOfPart } from '../alarm-settings';
import { parkedQueue } from '../parked-queue';
import { QUEUE_ALARMS } from '../queue/queue-alarms';
import { QueueWorker } from '../queue/queue-worker';
import { RedriveQueue } from '../queue/redrive-queue';
import type { WorkerHost } from '../queue/worker-compute';
import { schedulerRole } from '../scheduler-role';
import { reportsForChildren } from '../subject';
import { resolvedSeconds } from '../tokens';
import { SCHEDULE_ALARMS, ScheduleAlarms } from './schedule-alarms';
import { SPREAD_KINDS, type SpreadScheduleProps, scheduleQuestion, spreadChecks } from './spread-schedule-props';

/** CloudFormation takes 500 resources a stack; other things of this stack need room too. */
const SCHEDULES_IN_STACK = 200;
const SCHEDULES_IN_NESTED_STACK = 400;

/**
 * Jobs that run again and again, each at its own minute, a few at a time.
 *
 * Cures many jobs that are all scheduled on the hour: for a few minutes machines are full and users wait, for the rest
 * they are idle (case 4). Every job gets the least loaded minute of its period; its runs wait in a queue, and the compute
 * runs as many at a time as the plan allows.
 */
export class SpreadSchedule extends Construct {
  /** The schedules, in the order of the jobs. */
  public readonly schedules: Schedule[] = [];
  /** Nested stacks with the schedules above the first 200; often none. */
  public readonly nestedStacks: NestedStack[] = [];
  /** The group of the schedules. */
  public readonly scheduleGroup: IScheduleGroup;
  /** The role with which the scheduler sends to the queues. It may do nothing else. */
  public readonly role: Role;
  /** The queue in which runs wait. */
  public readonly queue: IQueue;
  /**
   * The same with its dead letters, its alarms and its dashboard.
   *
   * @default - none when a queue was given that is no `RedriveQueue`
   */
  public readonly redriveQueue?: RedriveQueue;
  /** Runs that the scheduler could not deliver, for 14 days. Failed runs are in the dead-letter queue of `queue`. */
  public readonly undeliveredQueue: Queue;
  /** Keys of runs that were done. */
  public readonly idempotencyTable: ITable;
  /** The worker, which holds the bound. */
  public readonly worker: QueueWorker;
  /** The alarms on runs that do not reach the queue or are skipped; those of the queue are `redriveQueue.alarms`. */
  public readonly alarms: ScheduleAlarms;
  /** The minute of every job, bounds and deadlines, each with its reason. The plan of the queue is `worker.plan`. */
  public readonly plan: SchedulePlan;

  private readonly props: SpreadScheduleProps;

  /**
   * @throws CapacityError when no place of the jobs keeps the promise; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: SpreadScheduleProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, SPREAD_KINDS);
    this.props = usable;
    reportsForChildren(this);
    const host = usable.compute?._host();
    const question = scheduleQuestion(usable);
    const planned = planSchedule(id, question, [
      ...checks,
      ...alarmSettingsChecks(usable.alarms, [...(usable.queue === undefined ? QUEUE_ALARMS : []), ...SCHEDULE_ALARMS]),
      ...spreadChecks(usable, host),
    ]);
    this.plan = planned.withKnobs(deliveryKnobs());

    const functionTimeout = host?.function && functionSeconds(host.function);
    if (functionTimeout !== undefined) validate(id, [timeLimitCheck(this.plan, functionTimeout)]);
    const runs = runsQuestion(question, this.plan, functionTimeout);
    this.redriveQueue = usable.queue ? RedriveQueue._of(usable.queue) : this.createQueue(runs, host!);
    this.queue = this.redriveQueue?.queue ?? usable.queue!;
    this.worker = this.createWorker(runs);
    this.undeliveredQueue = this.createUndeliveredQueue();
    this.idempotencyTable = usable.idempotencyTable ?? this.createTable();
    if (host?.function) this.attach(host.function);

    this.scheduleGroup =
      usable.scheduleGroup ?? new ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    this.role = this.createRole();
    for (const [index, placement] of this.plan.jobs.entries()) this.createSchedule(placement, index);
    this.alarms = new ScheduleAlarms(this, 'Alarms', {
      scheduleGroup: this.scheduleGroup,
      undeliveredQueue: this.undeliveredQueue,
      plan: this.plan,
      runner: host?.function,
      alarmTopic: usable.alarmTopic,
      alarms: settingsOfPart(usable.alarms, SCHEDULE_ALARMS),
    });
    this.addGraph();
  }

  /**
   * Lets a container that runs the jobs keep the keys of the runs that were done. A function given as compute has this
   * permission already.
   */
  public grantRuns(grantee: IGrantable): Grant {
    return this.idempotencyTable.grant(
      grantee,
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:DeleteItem',
    );
  }

  private createQueue({ workload, objective, consumer }: QueueQuestion, host: WorkerHost): RedriveQueue {
    const { encryptionKey, alarmTopic, alarms, queueName, removalPolicy } = this.props;
    return new RedriveQueue(this, 'Queue', {
      workload,
      objective,
      consumer,
      ...host.queueProps,
      encryptionKey,
      alarmTopic,
      alarms: settingsOfPart(alarms, QUEUE_ALARMS),
      queueName,
      removalPolicy,
    });
  }

  private createWorker({ workload, objective, consumer }: QueueQuestion): QueueWorker {
    const { compute, queue } = this.props;
    return queue === undefined
      ? new QueueWorker(this, 'Worker', { queue: this.redriveQueue!, compute })
      : new QueueWorker(this, 'Worker', { queue, compute, workload, objective, consumer });
  }

  private createUndeliveredQueue(): Queue {
    const { encryptionKey, removalPolicy } = this.props;
    return parkedQueue(this, 'Undelivered', {
      retentionSeconds: this.plan.value('undeliveredRetentionSeconds'),
      encryptionKey,
      removalPolicy,
      holds: 'It is the dead-letter queue of the schedules.',
    });
  }

  private createTable(): Table {
    return new Table(this, 'Idempotency', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: 'expiration',
      encryption: TableEncryption.AWS_MANAGED,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: this.props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  /** What `scheduledRuns` reads. The mapping of the worker has the permissions on the queue. */
  private attach(runner: NonNullable<WorkerHost['function']>): void {
    runner.addEnvironment('IDEMPOTENCY_TABLE', this.idempotencyTable.tableName);
    runner.addEnvironment('IDEMPOTENCY_SECONDS', String(this.plan.value('idempotencySeconds')));
    runner.addEnvironment('QUEUE_URL', this.queue.queueUrl);
    this.grantRuns(runner);
  }

  private createRole(): Role {
    const role = schedulerRole(this, this.scheduleGroup, `Sends the runs of ${this.node.id} to their queue`);
    for (const queue of [this.queue, this.undeliveredQueue]) {
      queue.grant(role, 'sqs:SendMessage');
      queue.encryptionMasterKey?.grant(role, 'kms:GenerateDataKey', 'kms:Decrypt');
    }
    return role;
  }

  private createSchedule({ name, expression }: JobPlacement, index: number): void {
    const startWithinSeconds = this.plan.value(`maximumEventAgeSeconds.${name}`);
    const message: Record<keyof ScheduledMessage, string | number> = {
      job: name,
      scheduledTime: ContextAttribute.scheduledTime,
      executionId: ContextAttribute.executionId,
      startWithinSeconds,
    };
    const { timeZone } = this.props;
    // With a prefix: the tree takes a child named constructor for one that is there.
    const schedule = new Schedule(this.scopeOf(index), `Job-${name}`, {
      schedule: ScheduleExpression.expression(
        `cron(${expression})`,
        timeZone === undefined ? undefined : TimeZone.of(timeZone),
      ),
      // The minute is chosen: a window would move it again.
      timeWindow: TimeWindow.off(),
      scheduleGroup: this.scheduleGroup,
      description: `${name}, at its own minute`,
      target: new SqsSendMessage(this.queue, {
        input: ScheduleTargetInput.fromObject(message),
        deadLetterQueue: this.undeliveredQueue,
        maxEventAge: Duration.seconds(startWithinSeconds),
        // What it may do is granted once, not once a schedule.
        role: this.role.withoutPolicyUpdates(),
      }),
    });
    schedule.node.addDependency(this.role);
    this.schedules.push(schedule);
  }

  /** Where the schedule of that place belongs. It never changes as the list grows at its end. */
  private scopeOf(index: number): Construct {
    if (index < SCHEDULES_IN_STACK) return this;
    const nested = Math.floor((index - SCHEDULES_IN_STACK) / SCHEDULES_IN_NESTED_STACK);
    this.nestedStacks[nested] ??= new NestedStack(this, `Schedules${nested + 1}`);
    return this.nestedStacks[nested];
  }

  private addGraph(): void {
    const { redriveQueue, scheduleGroup, plan } = this;
    // A dashboard of another stack would depend on this one, which depends on it.
    if (redriveQueue?.dashboard === undefined || Stack.of(redriveQueue) !== Stack.of(this)) return;
    const sum = { statistic: Stats.SUM, period: Duration.seconds(plan.value('alarmPeriodSeconds')) };
    redriveQueue.dashboard.addWidgets(
      new GraphWidget({ title: `${plan.subject}: runs started`, left: [scheduleGroup.metricAttempts(sum)], width: 12 }),
      new GraphWidget({
        title: `${plan.subject}: runs that were not delivered`,
        left: [
          scheduleGroup.metricDropped(sum),
          scheduleGroup.metricSentToDLQ(sum),
          scheduleGroup.metricTargetErrors(sum),
          scheduleGroup.metricThrottled(sum),
        ],
        width: 12,
      }),
    );
  }
}

/** The time-out of a function in seconds; undefined where only the deployment knows it. */
function functionSeconds({ timeout }: NonNullable<WorkerHost['function']>): number | undefined {
  return timeout === undefined ? DEFAULT_FUNCTION_SECONDS : resolvedSeconds(timeout);
}
