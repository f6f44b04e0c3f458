/** What documents of any origin show: lines of their resources, and the alerts that they make. */
import type { Build, Shown } from '../../../lib/cases/exercises/exercise';
import type { Document, Resource, Value } from '../../../lib/rules/document';
import type { Claim } from './claim';

/** Stands for a value that the document does not decide, such as the ARN of another resource. */
const UNDECIDED = '?';

/** Every value of a resource with the way to it, such as `spec.replicas: 2`. */
export function linesOf(resource: Resource): string[] {
  return linesBelow(resource.body);
}

function linesBelow(value: Value): string[] {
  const entries = value.entries();
  if (entries.length > 0) return entries.flatMap(([, below]) => linesBelow(below));
  if (Array.isArray(value.resolved)) return value.items().flatMap(linesBelow);
  return value.absent ? [] : [`${value.path}: ${value.text() ?? UNDECIDED}`];
}

/** Whether the resources show what a task asks for. */
export function judgeShown({ claim, types, lines, count = 1 }: Shown, documents: readonly Document[]): Claim {
  const showing = documents
    .flatMap((document) => document.ofType(...types))
    .filter((resource) => {
      const own = linesOf(resource);
      return lines.every((pattern) => own.some((line) => pattern.test(line)));
    });
  const where = showing.map(({ name }) => name);
  return { claim, holds: where.length >= count, found: where.length === 0 ? 'nowhere' : `in ${where.join(', ')}` };
}

/** Whether there is an alert on each of what a task names; one is not enough for two of them. */
export function judgeAlerts({ alerts }: Pick<Build, 'alerts'>, documents: readonly Document[]): Claim[] {
  const made = documents.flatMap(({ resources }) => resources).flatMap(alertsOf);
  const named = Object.entries(alerts).map(([on, pattern]) => {
    const found = made.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
    return {
      claim: `an alert on ${on}`,
      holds: found.length > 0,
      found: found.length === 0 ? 'none' : found.join(', '),
    };
  });
  const needed = named.length;
  if (needed === 0) return [];
  const conditions = new Set(made.map(({ condition }) => condition)).size;
  return [
    ...named,
    {
      claim: `at least ${needed} alerts with conditions of their own`,
      holds: conditions >= needed,
      found: String(conditions),
    },
  ];
}

/** An alert, or an alarm, that can fire. */
interface MadeAlert {
  readonly name: string;
  readonly condition: string;
  readonly text: string;
}

function alertsOf(resource: Resource): MadeAlert[] {
  if (resource.type === 'monitoring.coreos.com/PrometheusRule') {
    return resource
      .at('spec', 'groups')
      .items()
      .flatMap((group) => group.at('rules').items())
      .flatMap((rule) => {
        const [name, condition] = [rule.at('alert').text(), rule.at('expr').text()];
        return name && condition ? [{ name, condition, text: linesBelow(rule).join('\n') }] : [];
      });
  }
  if (resource.type !== 'AWS::CloudWatch::Alarm') return [];
  const lines = linesOf(resource);
  const isSet = (pattern: RegExp) => lines.some((line) => pattern.test(line));
  const fires =
    isSet(/^Properties\.Metric(Name|s\[0\]\.\w)/) &&
    isSet(/^Properties\.Threshold(MetricId)?: /) &&
    isSet(/^Properties\.ComparisonOperator: /);
  const condition = lines.filter((line) => /^Properties\.(Metric|Dimensions|Threshold)/.test(line)).join('\n');
  return fires ? [{ name: resource.name, condition, text: [resource.name, ...lines].join('\n') }] : [];
}
