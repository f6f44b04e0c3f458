import * as monitoring from '@pulumi/gcp/monitoring';
import * as pulumi from '@pulumi/pulumi';
import { inRange, validate } from '../../flow/errors';
import type { Plan } from '../../flow/plan';
import { componentName } from '../component-name';

/** Pub/Sub samples its gauges once a minute; shorter windows are empty. */
const MINUTE = '60s';
const FIVE_MINUTES = '300s';
/** An incident without new data is over after a day; the shortest that does not close one over a quiet night. */
export const AUTO_CLOSE = '86400s';

/** What the alert policies of a subscription watch. */
export interface SubscriptionAlertsArgs {
  /** The subscription that is worked through. */
  readonly subscription: AlertedSubscription;
  /** The subscription that holds what nobody could serve. */
  readonly deadLetterSubscription: AlertedSubscription;
  /** The plan with the thresholds: the knobs `alarmBacklog` and `alarmAgeSeconds`. */
  readonly plan: Plan;
  /** Notification channels, `projects/<project>/notificationChannels/<id>`. Default: none; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
}

/** A subscription, as far as alerts know it. */
export interface AlertedSubscription {
  readonly name: pulumi.Output<string>;
  readonly project: pulumi.Output<string>;
}

/**
 * The alert policies that tell a subscription in trouble from a busy one. Each documentation says what to do.
 */
export class SubscriptionAlerts extends pulumi.ComponentResource {
  /** More messages wait than the plan foresees at its worst. */
  public readonly backlog: monitoring.AlertPolicy;
  /** The oldest message has waited longer than promised. */
  public readonly age: monitoring.AlertPolicy;
  /** Messages failed every attempt. */
  public readonly deadLettersForwarded: monitoring.AlertPolicy;
  /** Dead letters lie in their subscription and nobody takes them. */
  public readonly deadLettersUnattended: monitoring.AlertPolicy;

  /** @throws InvalidInputError when the name is empty, or the plan lacks a threshold */
  constructor(name: string, args: SubscriptionAlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:SubscriptionAlerts', componentName('SubscriptionAlerts', name), {}, opts);
    const { subscription, deadLetterSubscription, plan, notificationChannels } = args;
    const add = (kind: string, watch: AlertPolicySettings) =>
      alertPolicy(`${name}-${kind}`, { ...watch, notificationChannels }, this);
    this.backlog = add('backlog', {
      filter: subscriptionFilter(subscription, 'num_undelivered_messages'),
      aligner: 'ALIGN_MAX',
      alignmentPeriod: MINUTE,
      threshold: plan.value('alarmBacklog'),
      duration: '120s',
      documentation:
        'More messages wait than the plan foresees at its worst. Look whether consumers run, whether each takes longer than planned, whether more arrives than planned; then allow more instances or throttle the producer.',
    });
    this.age = add('age', {
      filter: subscriptionFilter(subscription, 'oldest_unacked_message_age'),
      aligner: 'ALIGN_MAX',
      alignmentPeriod: MINUTE,
      threshold: plan.value('alarmAgeSeconds'),
      duration: '120s',
      documentation:
        'The oldest message has waited longer than promised. With few messages one fails again and again or a consumer hangs; with many, consumers are too few.',
    });
    this.deadLettersForwarded = add('dead-letters-forwarded', {
      filter: subscriptionFilter(subscription, 'dead_letter_message_count'),
      aligner: 'ALIGN_DELTA',
      alignmentPeriod: FIVE_MINUTES,
      threshold: 0,
      duration: '0s',
      documentation:
        'Messages failed every attempt and went to the dead-letter topic. Look into the log of the consumer for the cause.',
    });
    this.deadLettersUnattended = add('dead-letters-unattended', {
      filter: subscriptionFilter(deadLetterSubscription, 'num_undelivered_messages'),
      aligner: 'ALIGN_MAX',
      alignmentPeriod: FIVE_MINUTES,
      threshold: 0,
      duration: '0s',
      documentation:
        'Dead letters wait for a person. Pull one, repair the cause, publish them to the source topic again with their attributes, then acknowledge them; they are dropped when the retention of the dead-letter subscription ends.',
    });
    this.registerOutputs({});
  }
}

/** One condition on one metric. */
export interface AlertPolicySettings {
  readonly filter: pulumi.Input<string>;
  readonly aligner: string;
  readonly alignmentPeriod: string;
  readonly threshold: number;
  readonly duration: string;
  readonly documentation: string;
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
}

/** An alert policy that opens an incident when the metric stays above the threshold. */
export function alertPolicy(
  name: string,
  settings: AlertPolicySettings,
  parent: pulumi.Resource,
): monitoring.AlertPolicy {
  validate(name, [inRange('threshold', settings.threshold, 0, Number.MAX_VALUE)]);
  return new monitoring.AlertPolicy(
    name,
    {
      displayName: name,
      combiner: 'OR',
      conditions: [
        {
          displayName: name,
          conditionThreshold: {
            filter: settings.filter,
            comparison: 'COMPARISON_GT',
            thresholdValue: settings.threshold,
            duration: settings.duration,
            aggregations: [{ alignmentPeriod: settings.alignmentPeriod, perSeriesAligner: settings.aligner }],
          },
        },
      ],
      alertStrategy: { autoClose: AUTO_CLOSE },
      documentation: { content: settings.documentation, mimeType: 'text/markdown' },
      notificationChannels: settings.notificationChannels,
    },
    { parent },
  );
}

function subscriptionFilter({ name, project }: AlertedSubscription, metric: string): pulumi.Output<string> {
  // A metrics scope may hold several projects with subscriptions of the same name.
  return pulumi.interpolate`resource.type = "pubsub_subscription" AND resource.labels.project_id = "${project}" AND resource.labels.subscription_id = "${name}" AND metric.type = "pubsub.googleapis.com/subscription/${metric}"`;
}
