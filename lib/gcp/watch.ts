/** Alert policies of Cloud Monitoring, made from rows of data. Every number of a row is the name of a knob. */
import * as monitoring from '@pulumi/gcp/monitoring';
import type * as pulumi from '@pulumi/pulumi';
import { inRange, validate, wholeNumber } from '../flow/errors';
import type { Plan } from '../flow/plan';

/** One alert policy: what it watches, and the knobs with its numbers. */
export type AlertRow = MetricRow | QueryRow;

interface Row {
  /** Pulumi name of the policy. */
  readonly name: string;
  /** The knob with the threshold. */
  readonly threshold: string;
  /** What is wrong and what to do, in the order to do it. */
  readonly text: string;
}

/** One condition on one metric: it fires above the threshold. */
interface MetricRow extends Row {
  readonly filter: pulumi.Input<string>;
  /** How a period becomes one value. */
  readonly aligner: string;
  /** How several series become one. Default: each is compared by itself. */
  readonly reducer?: string;
  /** The knob with the seconds of a period. */
  readonly seconds: string;
  /** The knob with the seconds for which it must be above. Default: it fires at once. */
  readonly hold?: string;
}

/** One condition in PromQL: it fires when the query returns a series. */
interface QueryRow extends Row {
  readonly query: (threshold: number, seconds: number) => pulumi.Input<string>;
  /** The knob with the seconds of the query's window. */
  readonly seconds: string;
  /** The knob with the seconds between two evaluations. */
  readonly evaluation: string;
}

/** The policy to make, the plan with its numbers, and where it reports. */
export interface Watch {
  readonly row: AlertRow;
  readonly plan: Plan;
  /** Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Default: none; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
}

/**
 * Makes an alert policy, which opens an incident.
 *
 * @throws InvalidInputError when the plan lacks a knob or Cloud Monitoring does not accept a number
 */
export function createAlert(parent: pulumi.Resource, { row, ...watch }: Watch): monitoring.AlertPolicy {
  const { name } = row;
  return new monitoring.AlertPolicy(
    name,
    {
      displayName: name,
      project: watch.project,
      combiner: 'OR',
      conditions: [{ displayName: name, ...condition(row, watch.plan) }],
      alertStrategy: { autoClose: duration(watch.plan.value('alarmCloseSeconds')) },
      documentation: { content: row.text, mimeType: 'text/markdown' },
      notificationChannels: watch.notificationChannels,
    },
    { parent },
  );
}

function condition(row: AlertRow, plan: Plan) {
  const threshold = plan.value(row.threshold);
  const seconds = plan.value(row.seconds);
  validate(row.name, [
    inRange(`threshold of alert ${row.name}`, threshold, 0, Number.MAX_VALUE),
    // Cloud Monitoring API reference, Aggregation.alignmentPeriod: a minute to 104 weeks.
    wholeNumber(`period of alert ${row.name} in seconds`, seconds, 60, 104 * 7 * 86_400),
  ]);
  if ('query' in row) {
    return {
      conditionPrometheusQueryLanguage: {
        query: row.query(threshold, seconds),
        duration: duration(0),
        evaluationInterval: duration(plan.value(row.evaluation)),
        // Before the first event the metric does not exist, and validation would fail.
        disableMetricValidation: true,
      },
    };
  }
  return {
    conditionThreshold: {
      filter: row.filter,
      comparison: 'COMPARISON_GT',
      thresholdValue: threshold,
      duration: duration(row.hold === undefined ? 0 : plan.value(row.hold)),
      aggregations: [
        {
          alignmentPeriod: duration(seconds),
          perSeriesAligner: row.aligner,
          ...(row.reducer !== undefined && { crossSeriesReducer: row.reducer }),
        },
      ],
    },
  };
}

/** A duration in the notation of Google's APIs. */
export function duration(seconds: number): string {
  return `${seconds}s`;
}
