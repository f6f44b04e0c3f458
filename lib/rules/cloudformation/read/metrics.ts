/**
 * Metrics of alarms, by name and dimension, and the expressions that combine them.
 */

import { grouped } from '../../../flow/grouped';
import type { Resource, Value } from '../../document';
import { MAX_SCALAR } from '../../limits';
import { oncePer } from '../../once-per';
import { UNKNOWN } from '../../resolved';
import { Pointers } from './pointers';
import type { Template } from './template';

/** One metric of an alarm or a scaling policy. */
export interface Metric {
  /** Its id in expressions; undefined outside of metric math, or when not decided. */
  readonly id: string | undefined;
  readonly namespace: Value;
  readonly name: Value;
  readonly dimensions: Value;
}

/** Every alarm on metrics. */
export function alarms(template: Template): readonly Resource[] {
  return template.ofType('AWS::CloudWatch::Alarm');
}

/** The metrics of an alarm: its own, and those of its metric math. */
export const metricsOf = oncePer((alarm: Resource): readonly Metric[] => {
  const queries = alarm.at('Properties', 'Metrics').items();
  const stats = queries
    .filter((query) => !query.at('MetricStat').absent)
    .map((query) => metricAt(query.at('MetricStat', 'Metric'), query.at('Id').text()));
  const own = metricAt(alarm.at('Properties'));
  return own.name.absent ? stats : [own, ...stats];
});

/** The metric that is described at this place. */
export function metricAt(value: Value, id?: string): Metric {
  return {
    id,
    namespace: value.at('Namespace'),
    name: value.at('MetricName'),
    dimensions: value.at('Dimensions'),
  };
}

/** The resource whose metric it is, for certain; undefined when it is of none, or that is not decided. */
export function ownerOf(template: Template, metric: Metric, dimension: Dimension): Resource | undefined {
  if (metric.namespace.text() !== dimension.namespace) return undefined;
  return metric.dimensions
    .items()
    .filter((each) => each.at('Name').text() === dimension.name)
    .map((each) => template.find(each.at('Value'), dimension.type, dimension.nameProperty))
    .find((resource) => resource !== undefined);
}

/** The dimensions that may name the metric's resource. */
function mayBeOwners(metric: Metric, dimension: Dimension): Value[] {
  if (!metric.namespace.mayBe(dimension.namespace)) return [];
  return metric.dimensions
    .items()
    .filter((each) => each.at('Name').mayBe(dimension.name))
    .map((each) => each.at('Value'));
}

/** How the metrics of one service name the resource they belong to. */
export interface Dimension {
  readonly namespace: string;
  readonly name: string;
  /** The type of those resources. */
  readonly type: string;
  /** The property that gives the resource its name. */
  readonly nameProperty: string;
}

/** Metrics of SQS queues. */
export const OF_QUEUE: Dimension = {
  namespace: 'AWS/SQS',
  name: 'QueueName',
  type: 'AWS::SQS::Queue',
  nameProperty: 'QueueName',
};

/** Whether any alarm may watch this queue: by a dimension, or by a metrics query. */
export function mayBeWatched(template: Template, queue: Resource): boolean {
  const { open, certain, possible } = watches(template);
  return open || certain.has(queue) || possible.mayMean(queue);
}

/**
 * Whether an alarm may watch any queue, the queues that alarms certainly watch, and those that other alarms may watch.
 */
const watches = oncePer((template: Template) => {
  const owned = alarms(template).map((alarm) => ({
    metrics: metricsOf(alarm),
    owners: metricsOf(alarm).map((metric) => ownerOf(template, metric, OF_QUEUE)),
  }));
  const dimensions = owned
    .filter(({ owners }) => owners.includes(undefined))
    .flatMap(({ metrics }) => metrics.flatMap((metric) => mayBeOwners(metric, OF_QUEUE)));
  return {
    open: alarms(template).some(isOpen),
    certain: new Set(owned.flatMap(({ owners }) => owners)),
    possible: new Pointers(template, dimensions, OF_QUEUE.type, OF_QUEUE.nameProperty),
  };
});

/** Whether the metrics of an alarm are undecided. */
function isOpen(alarm: Resource): boolean {
  const queries = alarm.at('Properties', 'Metrics');
  return (
    alarm.at('Properties').resolved === UNKNOWN ||
    !queries.decided ||
    queries.items().some((query) => !query.decided || mayBeQuery(query.at('Expression')))
  );
}

/** Whether an expression may be a Metrics Insights query. */
function mayBeQuery(expression: Value): boolean {
  return !expression.absent && expression.text()?.trim().toUpperCase().startsWith('SELECT') !== false;
}

/** The expressions of an alarm, each with its id and place. */
const expressionsOf = oncePer((alarm: Resource) =>
  grouped(
    alarm
      .at('Properties', 'Metrics')
      .items()
      .flatMap((query) => {
        const text = query.at('Expression').text();
        return text === undefined ? [] : [[query.at('Id').text(), { query, text }] as const];
      }),
  ),
);

/** The expression that an alarm evaluates, with the ids of other expressions filled in; undefined when not decided. */
export function expandedExpression(alarm: Resource, query: Value): string | undefined {
  const others = expressionsOf(alarm);
  let room = MAX_SCALAR;
  const expand = (text: string, depth: number): string => {
    room -= text.length;
    if (room < 0) return '';
    // CloudWatch refuses circles; the bounds are for templates that were never deployed.
    return text.replace(/[a-z][A-Za-z0-9_]*/g, (id) => {
      const [other, before] = depth < 10 ? (others.get(id)?.slice(-2).reverse() ?? []) : [];
      const meant = other?.query === query ? before : other;
      return meant === undefined ? id : `(${expand(meant.text, depth + 1)})`;
    });
  };
  const text = query.at('Expression').text();
  const expanded = text === undefined ? undefined : expand(text, 0);
  return room < 0 ? undefined : expanded;
}
