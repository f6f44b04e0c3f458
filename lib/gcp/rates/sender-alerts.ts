import type * as cloudtasks from '@pulumi/gcp/cloudtasks';
import type * as monitoring from '@pulumi/gcp/monitoring';
import type * as pubsub from '@pulumi/gcp/pubsub';
import * as pulumi from '@pulumi/pulumi';
import type { RatesPlan } from '../../flow/rates/workload';
import { componentName } from '../component-name';
import { type AlertRow, createAlert } from '../watch';

/** What the alert policies of a sender watch. */
export interface SenderAlertsArgs {
  /** The queue with the mails. */
  readonly queue: cloudtasks.Queue;
  /** The subscription with the parked mails. */
  readonly parkedSubscription: pubsub.Subscription;
  /** The plan of a `RateLimitedSender`. */
  readonly plan: RatesPlan;
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Notification channels. Default: none; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
}

/** The alert policies of a sender. Each documentation says what to do. */
export class SenderAlerts extends pulumi.ComponentResource {
  /** The provider refuses mails for their rate. */
  public readonly throttled: monitoring.AlertPolicy;
  /** Attempts fail for another reason. */
  public readonly failed: monitoring.AlertPolicy;
  /** Mails were parked. */
  public readonly parked: monitoring.AlertPolicy;
  /** More mails wait than leave in the time that is promised. Absent when no time is promised. */
  public readonly backlog?: monitoring.AlertPolicy;

  /** @throws InvalidInputError when the name is empty, or the plan lacks a threshold */
  constructor(name: string, args: SenderAlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:SenderAlerts', componentName('SenderAlerts', name), {}, opts);
    const { queue, parkedSubscription, plan, project, notificationChannels } = args;
    const rows = senderRows(name, queue, parkedSubscription);
    const made = (row: AlertRow) => createAlert(this, { row, plan, project, notificationChannels });
    this.throttled = made(rows.throttled);
    this.failed = made(rows.failed);
    this.parked = made(rows.parked);
    if (plan.knobs.some((knob) => knob.name === rows.backlog.threshold)) this.backlog = made(rows.backlog);
    this.registerOutputs({});
  }
}

/** Answers of the handler that say that the provider takes no more now; Cloud Tasks slows the queue down at both. */
const THROTTLES = '429|503';

function senderRows(name: string, queue: cloudtasks.Queue, parked: pubsub.Subscription) {
  const attempts = queueFilter(queue, 'task_attempt_count');
  const held = { seconds: 'alarmSampleSeconds', hold: 'alarmHoldSeconds' };
  // Assumed: the label is the number, or `ok`.
  const code = (is: '=' | '!=', pattern: string) =>
    pulumi.interpolate`${attempts} AND metric.labels.response_code ${is} monitoring.regex.full_match("${pattern}")`;
  return {
    throttled: {
      name: `${name}-throttled`,
      filter: code('=', THROTTLES),
      aligner: 'ALIGN_DELTA',
      threshold: 'alarmThrottled',
      ...held,
      text: 'The provider refuses mails for their rate, although the queue has slowed down. No mail is lost; they wait. Check whether others send by the same account (give limit.share), and whether its limit is what was given.',
    },
    failed: {
      name: `${name}-failed`,
      filter: code('!=', `ok|2[0-9]+|${THROTTLES}`),
      aligner: 'ALIGN_DELTA',
      threshold: 'alarmFailedAttempts',
      ...held,
      text: "Attempts fail: read the handler's log. Mails wait and are retried; at its last attempt the handler parks a mail. Pause the queue (gcloud tasks queues pause) while the cause is repaired, and resume it after that.",
    },
    parked: {
      name: `${name}-parked`,
      filter: pulumi.interpolate`resource.type = "pubsub_subscription" AND resource.labels.project_id = "${parked.project}" AND resource.labels.subscription_id = "${parked.name}" AND metric.type = "pubsub.googleapis.com/subscription/num_undelivered_messages"`,
      aligner: 'ALIGN_MAX',
      threshold: 'alarmParked',
      seconds: 'alarmSampleSeconds',
      text: 'Mails were parked: refused for good, out of attempts, or perhaps sent. Pull one and read its attributes. Repair the cause, hand the mail over again under a new name, then acknowledge it. Pub/Sub deletes it when the retention of the subscription ends.',
    },
    backlog: {
      name: `${name}-backlog`,
      filter: queueFilter(queue, 'depth'),
      aligner: 'ALIGN_MAX',
      threshold: 'alarmBacklog',
      ...held,
      text: 'More mails wait than leave in the time that is promised. If another alert of the sender is open, begin there. Check whether the queue is paused. Otherwise more is handed over than was planned: raise the limit at the provider and give it as limit.',
    },
  } satisfies Record<string, AlertRow>;
}

function queueFilter({ name, project }: cloudtasks.Queue, metric: string): pulumi.Output<string> {
  return pulumi.interpolate`resource.type = "cloud_tasks_queue" AND resource.labels.project_id = "${project}" AND resource.labels.queue_id = "${name}" AND metric.type = "cloudtasks.googleapis.com/queue/${metric}"`;
}
