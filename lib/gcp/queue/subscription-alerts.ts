import type * as monitoring from '@pulumi/gcp/monitoring';
import * as pulumi from '@pulumi/pulumi';
import { completed } from '../../flow/alarms';
import type { Plan } from '../../flow/plan';
import { subscriptionAlarmKnobs } from '../../flow/queue/alarms';
import { componentName } from '../component-name';
import { type AlertRow, createAlert } from '../watch';

/** What the alert policies of a subscription watch. */
export interface SubscriptionAlertsArgs {
  /** The subscription that the worker consumes. */
  readonly subscription: AlertedSubscription;
  /** The subscription that holds the dead letters. */
  readonly deadLetterSubscription: AlertedSubscription;
  /**
   * The plan with the numbers: at least the knobs `alarmBacklog` and `alarmAgeSeconds`. The others have defaults,
   * unless the plan has a knob for them: `alarmSampleSeconds`, `alarmHoldSeconds` and so on, as in that of a
   * `RedriveQueue`.
   */
  readonly plan: Plan;
  /** Notification channels, `projects/<project>/notificationChannels/<id>`. Default: none; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
}

/** The parts of a subscription that alerts use. */
export interface AlertedSubscription {
  readonly name: pulumi.Output<string>;
  readonly project: pulumi.Output<string>;
}

/**
 * The alert policies that tell a subscription in trouble from a busy one. Each documentation says what to do.
 */
export class SubscriptionAlerts extends pulumi.ComponentResource {
  /** More messages wait or are in work than planned. */
  public readonly backlog: monitoring.AlertPolicy;
  /** The oldest message has waited longer than promised. */
  public readonly age: monitoring.AlertPolicy;
  /** Messages failed every attempt. */
  public readonly deadLettersForwarded: monitoring.AlertPolicy;
  /** Dead letters stay in their subscription and are not acknowledged. */
  public readonly deadLettersUnattended: monitoring.AlertPolicy;

  /** @throws InvalidInputError when the name is empty, or the plan lacks a threshold */
  constructor(name: string, args: SubscriptionAlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:SubscriptionAlerts', componentName('SubscriptionAlerts', name), {}, opts);
    const plan = completed(args.plan, subscriptionAlarmKnobs());
    const watch = { plan, notificationChannels: args.notificationChannels };
    const rows = subscriptionRows(name, args);
    this.backlog = createAlert(this, { row: rows.backlog, ...watch });
    this.age = createAlert(this, { row: rows.age, ...watch });
    this.deadLettersForwarded = createAlert(this, { row: rows.deadLettersForwarded, ...watch });
    this.deadLettersUnattended = createAlert(this, { row: rows.deadLettersUnattended, ...watch });
    this.registerOutputs({});
  }
}

function subscriptionRows(name: string, { subscription, deadLetterSubscription }: SubscriptionAlertsArgs) {
  // Pub/Sub samples its gauges once a minute; shorter windows are empty.
  const sampled = { aligner: 'ALIGN_MAX', seconds: 'alarmSampleSeconds', hold: 'alarmHoldSeconds' };
  const letters = { threshold: 'alarmDeadLetters', seconds: 'alarmWindowSeconds' };
  return {
    backlog: {
      name: `${name}-backlog`,
      filter: subscriptionFilter(subscription, 'num_undelivered_messages'),
      threshold: 'alarmBacklog',
      ...sampled,
      text: 'More messages wait or are in work than planned. Check whether consumers run, whether an item takes longer than planned, whether more arrives than planned; then allow more instances or throttle the producer.',
    },
    age: {
      name: `${name}-age`,
      filter: subscriptionFilter(subscription, 'oldest_unacked_message_age'),
      threshold: 'alarmAgeSeconds',
      ...sampled,
      text: 'The oldest message has waited longer than promised. If few messages wait, one fails every retry or a consumer hangs; if many wait, there are too few consumers.',
    },
    deadLettersForwarded: {
      name: `${name}-dead-letters-forwarded`,
      filter: subscriptionFilter(subscription, 'dead_letter_message_count'),
      aligner: 'ALIGN_DELTA',
      ...letters,
      text: "Messages failed every attempt and went to the dead-letter topic. Read the consumer's log for the cause.",
    },
    deadLettersUnattended: {
      name: `${name}-dead-letters-unattended`,
      filter: subscriptionFilter(deadLetterSubscription, 'num_undelivered_messages'),
      aligner: 'ALIGN_MAX',
      ...letters,
      text: 'Dead letters wait for a person. Pull one, repair the cause, publish them to the source topic again with their attributes, then acknowledge them. Pub/Sub deletes them when the retention of the dead-letter subscription ends.',
    },
  } satisfies Record<string, AlertRow>;
}

function subscriptionFilter({ name, project }: AlertedSubscription, metric: string): pulumi.Output<string> {
  // A metrics scope may hold several projects with subscriptions of the same name.
  return pulumi.interpolate`resource.type = "pubsub_subscription" AND resource.labels.project_id = "${project}" AND resource.labels.subscription_id = "${name}" AND metric.type = "pubsub.googleapis.com/subscription/${metric}"`;
}
