import type * as cloudtasks from '@pulumi/gcp/cloudtasks';
import * as logging from '@pulumi/gcp/logging';
import type * as monitoring from '@pulumi/gcp/monitoring';
import * as pulumi from '@pulumi/pulumi';
import type { Plan } from '../../flow/plan';
import { componentName } from '../component-name';
import { type AlertRow, createAlert } from '../watch';

/** What the alert policies of a schedule watch. */
export interface ScheduleAlertsArgs {
  /** The queue that runs wait in. */
  readonly queue: cloudtasks.Queue;
  /** Ids of the jobs in Cloud Scheduler begin with it. */
  readonly jobPrefix: string;
  /** The plan of a `SpreadSchedule`. */
  readonly plan: Plan;
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Notification channels. Default: none; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
}

/** The alert policies of a schedule. Each documentation says what to do. */
export class ScheduleAlerts extends pulumi.ComponentResource {
  /** Runs that Cloud Scheduler could not put into the queue. */
  public readonly notEnqueuedMetric: logging.Metric;
  /** As many runs wait as may run at once. */
  public readonly depth: monitoring.AlertPolicy;
  /** A run began later than it may. */
  public readonly delay: monitoring.AlertPolicy;
  /** A run failed. */
  public readonly failed: monitoring.AlertPolicy;
  /** A run was not put into the queue. */
  public readonly notEnqueued: monitoring.AlertPolicy;

  /** @throws InvalidInputError when the name is empty, or the plan lacks a threshold */
  constructor(name: string, args: ScheduleAlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:ScheduleAlerts', componentName('ScheduleAlerts', name), {}, opts);
    const { queue, plan, project, notificationChannels } = args;
    this.notEnqueuedMetric = new logging.Metric(
      `${name}-not-enqueued`,
      {
        name: `${name}-not-enqueued`,
        project,
        filter: pulumi.interpolate`resource.type = "cloud_scheduler_job" AND resource.labels.location = "${queue.location}" AND resource.labels.job_id =~ "^${args.jobPrefix}" AND severity >= ERROR`,
        metricDescriptor: { metricKind: 'DELTA', valueType: 'INT64' },
      },
      { parent: this },
    );
    const rows = scheduleRows(name, queue, this.notEnqueuedMetric);
    const made = (row: AlertRow) => createAlert(this, { row, plan, project, notificationChannels });
    this.depth = made(rows.depth);
    this.delay = made(rows.delay);
    this.failed = made(rows.failed);
    this.notEnqueued = made(rows.notEnqueued);
    this.registerOutputs({});
  }
}

function scheduleRows(name: string, queue: cloudtasks.Queue, notEnqueued: logging.Metric) {
  const sampled = { seconds: 'alarmSampleSeconds' };
  return {
    depth: {
      name: `${name}-depth`,
      filter: queueFilter(queue, 'depth'),
      aligner: 'ALIGN_MAX',
      threshold: 'alarmDepth',
      hold: 'alarmHoldSeconds',
      ...sampled,
      text: 'As many runs wait as may run at once. Check whether runs take longer than planned or fail and come again; then allow more at once, if the host has room for them.',
    },
    delay: {
      name: `${name}-delay`,
      filter: queueFilter(queue, 'task_attempt_delays'),
      aligner: 'ALIGN_PERCENTILE_99',
      threshold: 'alarmDelayMillis',
      ...sampled,
      text: 'Runs begin later than they may. A run that is too late is skipped by its worker. Check the depth of the queue, and whether the queue is paused.',
    },
    failed: {
      name: `${name}-failed`,
      filter: pulumi.interpolate`${queueFilter(queue, 'task_attempt_count')} AND metric.labels.response_code != "ok" AND metric.labels.response_code != "200"`,
      aligner: 'ALIGN_DELTA',
      threshold: 'alarmFailedAttempts',
      ...sampled,
      text: "An attempt at a run failed. After the last attempt Cloud Tasks deletes the task, and the run does not happen before its next minute. Read the worker's log for the cause.",
    },
    notEnqueued: {
      name: `${name}-not-enqueued`,
      filter: pulumi.interpolate`resource.type = "cloud_scheduler_job" AND metric.type = "logging.googleapis.com/user/${notEnqueued.name}"`,
      aligner: 'ALIGN_DELTA',
      threshold: 'alarmNotEnqueued',
      ...sampled,
      text: "Cloud Scheduler could not put a run into the queue. Check that the scheduler's account may enqueue, and that the queue exists in the region of the jobs.",
    },
  } satisfies Record<string, AlertRow>;
}

function queueFilter({ name, project }: cloudtasks.Queue, metric: string): pulumi.Output<string> {
  return pulumi.interpolate`resource.type = "cloud_tasks_queue" AND resource.labels.project_id = "${project}" AND resource.labels.queue_id = "${name}" AND metric.type = "cloudtasks.googleapis.com/queue/${metric}"`;
}
