import type * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import * as cloudscheduler from '@pulumi/gcp/cloudscheduler';
import type * as cloudtasks from '@pulumi/gcp/cloudtasks';
import type * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import { type Check, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, mapOf, needed, sound, TEXT } from '../../flow/kinds';
import { planTasks } from '../../flow/schedule/cloud-tasks';
import type { ScheduledJob, ScheduleHost, ScheduleObjective, SchedulePlan } from '../../flow/schedule/workload';
import { createTaskQueue, createTaskService, grantEnqueue, grantInvoke } from '../cloud-tasks';
import { componentName } from '../component-name';
import { INPUT, INPUT_LIST } from '../kinds';
import { accountName, createAccount, memberOf, memoryCheck } from '../run-service';
import { duration } from '../watch';
import { ScheduleAlerts } from './schedule-alerts';

/** Google Cloud Tasks reference, RetryConfig. */
const ATTEMPTS = { min: 1, max: 100 };
/** Cloud Scheduler, Quotas and limits: jobs of a region, unless the project has asked for more. */
const MOST_JOBS = 1000;
const UTC = 'Etc/UTC';

/** Inputs of a schedule. */
export interface SpreadScheduleArgs {
  /** The jobs, in an order that only grows at its end. At least one, at most 1,000. */
  readonly jobs: readonly ScheduledJob[];
  /** What is promised. Default: nothing beyond an even spread. */
  readonly objective?: ScheduleObjective;
  /** Machines that the runs share with online requests. Default: none. */
  readonly host?: ScheduleHost;
  /** Time zone of the schedules, such as `Europe/Berlin`. Default: UTC. */
  readonly timeZone?: string;
  /** Runs at once. 1 to 1,000. Default: from the plan. */
  readonly maxConcurrent?: number;
  /** Attempts at one run. 1 to 100. Default: 5. */
  readonly maxAttempts?: number;
  /**
   * Image of the worker: listens on 8080, answers `GET /ready`, and runs the job named in the JSON of `POST /`. It answers
   * 2xx when the run is done or is skipped. The JSON also says how late the run may begin and how long it may take
   * (`startWithinSeconds`, `timeLimitSeconds`), and with `schedule` and `timeZone` when it was planned: the last time of
   * the schedule that is not after the header `X-CloudTasks-TaskETA`. A task may be delivered twice.
   */
  readonly image: pulumi.Input<string>;
  /** Region of queue, jobs and service. */
  readonly location: pulumi.Input<string>;
  /** Environment of the container. Default: none. */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Memory of an instance in Cloud Run's notation: a number and `G`, `M`, `Gi` or `Mi`. Default: `512Mi`. */
  readonly memory?: string;
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Where alerts go. Default: nowhere; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether the queue stays in Google Cloud, with the runs that wait in it, when it leaves the program. Default: true. */
  readonly retainOnDelete?: boolean;
}

const KINDS: Kinds<SpreadScheduleArgs> = {
  jobs: CHECKED,
  objective: CHECKED,
  host: CHECKED,
  timeZone: CHECKED,
  maxConcurrent: CHECKED,
  maxAttempts: CHECKED,
  image: needed(INPUT),
  location: needed(INPUT),
  environment: mapOf(INPUT),
  memory: TEXT,
  project: INPUT,
  notificationChannels: INPUT_LIST,
  retainOnDelete: FLAG,
};

/**
 * Recurring jobs at the least loaded minutes, a few at a time: each is a job of Cloud Scheduler that puts a task into one
 * queue of Cloud Tasks, and a private Cloud Run service works on as many at once as the plan allows.
 *
 * Cures jobs that all start on the hour (case 4). Cloud Scheduler has neither windows nor a bound on what runs at once;
 * the queue holds what the minute alone does not, such as runs that come late or take long.
 *
 * Cloud Tasks has no dead-letter queue: after its last attempt a task is deleted, the run waits for its next minute, and an
 * alert says so.
 */
export class SpreadSchedule extends pulumi.ComponentResource {
  /** The queue that runs wait in. */
  public readonly queue: cloudtasks.Queue;
  /** The job of Cloud Scheduler of each job, by its name. */
  public readonly schedules: Readonly<Record<string, cloudscheduler.Job>>;
  /** The service that runs them. */
  public readonly service: cloudrunv2.Service;
  /** The account that it runs as, without any permission: grant it the permissions that the jobs need. */
  public readonly account: serviceaccount.Account;
  /** The account that puts runs into the queue; it may do no more. */
  public readonly schedulerAccount: serviceaccount.Account;
  /** The account that tasks call the service as; it may only invoke it. */
  public readonly taskAccount: serviceaccount.Account;
  /** The alert policies. */
  public readonly alerts: ScheduleAlerts;
  /** Every knob with its reason, and what to expect. */
  public readonly plan: SchedulePlan;

  private readonly args: SpreadScheduleArgs;

  /**
   * @param name 1 to 20 lower-case letters, digits and hyphens; service accounts are called after it, so it is unique
   * in the project
   * @throws CapacityError when the promise cannot be kept at any minute, or a run takes longer than a task may
   * @throws InvalidInputError when arguments are out of range; the message names each
   */
  constructor(name: string, args: SpreadScheduleArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:SpreadSchedule', componentName('SpreadSchedule', name), {}, opts);
    const { props, checks } = sound(args, KINDS);
    const { jobs, objective, host, timeZone, maxConcurrent, maxAttempts, project } = props;
    this.args = props;
    const question = { jobs, objective, host, timeZone, maxConcurrent };
    this.plan = planTasks(name, question, { maxAttempts }, [...checks, ...argsChecks(name, props)]);

    this.account = createAccount(this, { name: `${name}-worker`, displayName: 'Runs scheduled jobs', project });
    this.service = this.createService(name);
    this.taskAccount = createAccount(this, { name: `${name}-task`, displayName: 'Tasks call the worker', project });
    this.schedulerAccount = createAccount(this, {
      name: `${name}-clock`,
      displayName: 'Puts runs into the queue',
      project,
    });
    this.queue = this.createQueue(name);
    const grants = this.grant(name);
    this.schedules = this.createSchedules(name, grants);
    this.alerts = new ScheduleAlerts(
      `${name}-alerts`,
      {
        queue: this.queue,
        jobPrefix: `${name}-`,
        plan: this.plan,
        project,
        notificationChannels: props.notificationChannels,
      },
      { parent: this },
    );
    this.registerOutputs({ queue: this.queue.id });
  }

  private createService(name: string): cloudrunv2.Service {
    const { args, plan } = this;
    return createTaskService(this, {
      name: `${name}-worker`,
      account: this.account,
      image: args.image,
      location: args.location,
      project: args.project,
      description: 'Runs scheduled jobs that Cloud Tasks sends',
      plan,
      memory: args.memory,
      environment: args.environment,
    });
  }

  private createQueue(name: string): cloudtasks.Queue {
    const options = { parent: this, retainOnDelete: this.args.retainOnDelete ?? true };
    return createTaskQueue(name, this.plan, this.args, options);
  }

  /** Three permissions: to enqueue, to let a task call as its account, to invoke the service. */
  private grant(name: string): pulumi.Resource[] {
    const { args, queue, schedulerAccount, taskAccount, service } = this;
    const options = { parent: this };
    const parts = { queue, service, taskAccount, location: args.location, project: args.project };
    return [
      ...grantEnqueue(`${name}-clock`, memberOf(schedulerAccount), parts, options),
      grantInvoke(`${name}-task`, parts, options),
    ];
  }

  private createSchedules(name: string, grants: pulumi.Resource[]): Record<string, cloudscheduler.Job> {
    const { args, plan, queue, schedulerAccount } = this;
    const schedules = plan.jobs.map(({ name: job, expression }) => {
      const schedule = new cloudscheduler.Job(
        `${name}-${job}`,
        {
          region: args.location,
          project: args.project,
          description: `Puts a run of ${job} into the queue`,
          schedule: expression,
          timeZone: args.timeZone ?? UTC,
          attemptDeadline: duration(plan.value('attemptDeadlineSeconds')),
          retryConfig: {
            retryCount: plan.value('enqueueRetries'),
            minBackoffDuration: duration(plan.value('enqueueMinBackoffSeconds')),
          },
          httpTarget: {
            uri: pulumi.interpolate`https://cloudtasks.googleapis.com/v2/projects/${queue.project}/locations/${queue.location}/queues/${queue.name}/tasks`,
            httpMethod: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: this.task(job, expression),
            oauthToken: { serviceAccountEmail: schedulerAccount.email },
          },
        },
        { parent: this, dependsOn: grants },
      );
      return [job, schedule] as const;
    });
    return Object.fromEntries(schedules);
  }

  /** The request that makes a task of a job, as base64. */
  private task(job: string, schedule: string): pulumi.Output<string> {
    const { args, plan } = this;
    const dispatchDeadline = duration(plan.value('dispatchDeadlineSeconds'));
    // A task knows only when it is due, and a retry is due later: with its schedule the worker knows its minute.
    const run = {
      job,
      schedule,
      timeZone: args.timeZone ?? UTC,
      startWithinSeconds: plan.value(`startWithinSeconds.${job}`),
      timeLimitSeconds: plan.value(`timeLimitSeconds.${job}`),
    };
    return pulumi.all([this.service.uri, this.taskAccount.email]).apply(([url, serviceAccountEmail]) =>
      base64({
        task: {
          dispatchDeadline,
          httpRequest: {
            url,
            httpMethod: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: base64(run),
            oidcToken: { serviceAccountEmail, audience: url },
          },
        },
      }),
    );
  }
}

function argsChecks(name: string, { jobs, memory, maxAttempts }: SpreadScheduleArgs): Check[] {
  return [
    accountName(name),
    memoryCheck('memory', memory),
    wholeNumber('maxAttempts', maxAttempts, ATTEMPTS.min, ATTEMPTS.max),
    {
      refused: Array.isArray(jobs) && jobs.length > MOST_JOBS,
      message: `jobs must be at most ${MOST_JOBS}, what a region has without a larger quota, got ${jobs?.length}; use several regions, or fewer jobs`,
    },
  ];
}

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}
