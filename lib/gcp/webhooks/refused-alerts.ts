import * as logging from '@pulumi/gcp/logging';
import type * as monitoring from '@pulumi/gcp/monitoring';
import * as pulumi from '@pulumi/pulumi';
import { completed } from '../../flow/alarms';
import { shown, validate } from '../../flow/errors';
import type { Plan } from '../../flow/plan';
import { refusalAlarmKnobs } from '../../flow/webhooks/alarms';
import { refusedKnobName } from '../../flow/webhooks/refused';
import { sourceNameChecks } from '../../flow/webhooks/sources';
import { componentName } from '../component-name';
import { createAlert } from '../watch';

/** What the alert policies on refused deliveries watch. */
export interface RefusedAlertsArgs {
  /** The service that refuses, with the lines `refused` in its log. */
  readonly receiver: LoggedService;
  /** The service that works on accepted deliveries, with the lines `processed` and `duplicate` in its log. */
  readonly worker: LoggedService;
  /** Names of the senders. At least one, all different; 1 to 32 lower-case letters, digits and hyphens. */
  readonly sourceNames: readonly string[];
  /**
   * The plan with the numbers: a knob `alarmRefusedPerHour.<source>` for each source and, unless they are an hour, a
   * minute and a day, `alarmRefusedSeconds`, `alarmSampleSeconds` and `alarmCloseSeconds`.
   */
  readonly plan: Plan;
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Notification channels. Default: none; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
}

/** A Cloud Run service, as its log names it. */
export interface LoggedService {
  readonly name: pulumi.Output<string>;
  readonly project: pulumi.Output<string>;
  /** Its region: another region of the project may have a service of the same name. */
  readonly location: pulumi.Output<string>;
}

/**
 * An alert policy for each sender: the receiver refused more of its deliveries than were accepted.
 *
 * Cloud Run publishes the number of requests by status, without the sender. So two metrics are made from the log, with
 * the source as a label.
 */
export class RefusedAlerts extends pulumi.ComponentResource {
  /** Deliveries that the receiver refused, by source. */
  public readonly refused: logging.Metric;
  /** Deliveries that the worker processed or recognized as duplicates, by source. */
  public readonly accepted: logging.Metric;
  /** A policy for each source, by its name. */
  public readonly bySource: Readonly<Record<string, monitoring.AlertPolicy>>;

  /**
   * @param name 1 to 90 letters, digits, hyphens, dots and underscores; metrics are named after it
   * @throws InvalidInputError when an argument is out of range, or the plan has no knob for a source
   */
  constructor(name: string, args: RefusedAlertsArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:RefusedAlerts', componentName('RefusedAlerts', name), {}, opts);
    const { receiver, worker, sourceNames, project } = args;
    validate(name, [
      {
        refused: !/^[\w.-]{1,90}$/.test(name),
        message: `name must be 1 to 90 letters, digits, hyphens, dots and underscores, got ${shown(name)}`,
      },
      ...sourceNameChecks('sourceNames', 'sourceNames', sourceNames),
    ]);
    this.refused = this.metric(`${name}-refused`, receiver, 'jsonPayload.message = "refused"', project);
    this.accepted = this.metric(
      `${name}-accepted`,
      worker,
      'jsonPayload.message = ("processed" OR "duplicate")',
      project,
    );
    this.bySource = Object.fromEntries(sourceNames.map((source) => [source, this.policy(name, source, args)]));
    this.registerOutputs({});
  }

  private metric(
    name: string,
    service: LoggedService,
    filter: string,
    project: pulumi.Input<string> | undefined,
  ): logging.Metric {
    return new logging.Metric(
      name,
      {
        name,
        project,
        filter: pulumi.interpolate`resource.type = "cloud_run_revision" AND resource.labels.location = "${service.location}" AND resource.labels.service_name = "${service.name}" AND ${filter}`,
        metricDescriptor: {
          metricKind: 'DELTA',
          valueType: 'INT64',
          labels: [{ key: 'source', valueType: 'STRING', description: 'Name of the sender, as configured' }],
        },
        labelExtractors: { source: 'EXTRACT(jsonPayload.source)' },
      },
      { parent: this },
    );
  }

  private policy(name: string, source: string, args: RefusedAlertsArgs): monitoring.AlertPolicy {
    const within = (metric: logging.Metric, seconds: number) =>
      pulumi.interpolate`sum(increase(${promqlName(metric)}{monitored_resource="cloud_run_revision",project_id="${args.receiver.project}",source="${source}"}[${seconds}s]))`;
    return createAlert(this, {
      row: {
        name: `${name}-refused-${source}`,
        query: (threshold, seconds) => {
          const [refused, accepted] = [within(this.refused, seconds), within(this.accepted, seconds)];
          // A source without accepted deliveries has no series there.
          return pulumi.interpolate`(${refused} > ${threshold}) and (${refused} > (${accepted} or vector(0)))`;
        },
        threshold: refusedKnobName(source),
        seconds: 'alarmRefusedSeconds',
        evaluation: 'alarmSampleSeconds',
        text: `Within an hour more deliveries of ${source} were refused than accepted. The receiver's log has the reason of each: forged (is it the secret that the sender signs with?), outside-window (check the clocks), unsigned (check the headers), unknown-tenant. The sender got a 4xx and nothing is kept here. Repair the cause, then check whether the sender retries: Stripe and Standard Webhooks retry for days, GitHub does not, so redeliver there.`,
      },
      plan: completed(args.plan, refusalAlarmKnobs()),
      project: args.project,
      notificationChannels: args.notificationChannels,
    });
  }
}

/** Cloud Monitoring documentation, Mapping Cloud Monitoring metrics to PromQL: all but letters and digits become `_`. */
function promqlName(metric: logging.Metric): pulumi.Output<string> {
  return metric.name.apply((name) => `logging_googleapis_com:user_${name.replace(/[^A-Za-z0-9]/g, '_')}`);
}
