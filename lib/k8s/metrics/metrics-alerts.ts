/** Alerts and graphs of a budget of series. */
import { figure } from '../../flow/figures';
import type { MetricsPlan, RecordedSeries } from '../../flow/metrics/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { anyOf, matching } from '../promql';

/** The labels of a source's series. */
export interface SourceSeries {
  readonly source: string;
  /** Namespaces of its targets; none where the chart has none. */
  readonly namespaces: readonly string[];
}

/** What is recorded, and from which sources. */
export interface RecordedFrom {
  readonly recorded: RecordedSeries;
  readonly sources: readonly SourceSeries[];
}

/** What the alerts are about. */
export interface MetricsSeries {
  readonly sources: readonly SourceSeries[];
  readonly recordings: readonly RecordedFrom[];
  /** The namespace of the installation. */
  readonly namespace?: string;
}

/** The alerts of a budget of series. */
export function metricsAlerts(plan: MetricsPlan, series: MetricsSeries): Alert[] {
  const { sources, recordings } = series;
  const value = (name: string) => plan.value(name);
  const hold = value('alarmHoldSeconds');
  const each = (expression: (source: SourceSeries) => string) => sources.map(expression).join(' or ');
  const samples = (source: SourceSeries) => of('scrape_samples_post_metric_relabeling', source);
  const churn = `[${value('alarmChurnWindowSeconds')}s]`;
  return [
    {
      name: 'MetricsSeriesAboveBudget',
      expr: `${activeSeries(plan, series)} > ${value('alarmSeries')}`,
      forSeconds: hold,
      severity: 'critical',
      summary: `Targets have more than ${figure(value('alarmSeries'))} active series, those of the last two hours: the budget is used up, and memory with it.`,
      runbook:
        'Were many targets replaced (MetricsChurnAbovePlan)? Their series stay for two hours. Otherwise: topk(10, count by (job, __name__) ({__name__=~".+"})), or the page Status, TSDB: which family grew? A label with values that do not end (an id, a path, a text of an error) has to go in the program. Do not drop labels here: counters of several series would become one, and every sum is wrong.',
    },
    {
      name: 'MetricsTargetNearLimit',
      expr: each(
        (source) =>
          `max by (job) (${samples(source)}) > ${value('alarmLimitRatio')} * ${value(`sampleLimit.${source.source}`)}`,
      ),
      forSeconds: hold,
      severity: 'warning',
      summary: 'A target of {{ $labels.job }} is close to its limit of samples; above it nothing of it is stored.',
      runbook:
        'The graph "Samples of a target" shows which target and since when. A family that is new and wanted: add it to the families of the source, and deploy the limit that follows.',
    },
    {
      name: 'MetricsScrapeRejected',
      expr: each(
        (source) =>
          `count by (job) (${samples(source)} > ${value(`sampleLimit.${source.source}`)} and ${of('up', source)} == 0) > ${value('alarmRejectedScrapes')}`,
      ),
      forSeconds: 0,
      severity: 'critical',
      summary:
        'Targets of {{ $labels.job }} are up and have no data: their scrapes have more samples than allowed, and are rejected whole.',
      runbook:
        'Which family grew: curl the target. Drop it at its source, or raise its labelSets, and deploy the limit that follows. Alerts on `up` fire as well, and the target is not down.',
    },
    {
      name: 'MetricsTargetsAbovePlan',
      expr: each((source) => `count by (job) (${of('up', source)}) > ${value(`alarmTargets.${source.source}`)}`),
      forSeconds: hold,
      severity: 'warning',
      summary: 'There are more targets of {{ $labels.job }} than were planned for.',
      runbook: 'Give the measured number to the workload; above targetLimit not one of them is scraped.',
    },
    {
      name: 'MetricsChurnAbovePlan',
      expr: each(
        (source) =>
          `count by (job) (count_over_time(${of('up', source)}${churn}) unless ${of('up', source)}) > ${value(`alarmReplacedTargets.${source.source}`)}`,
      ),
      forSeconds: hold,
      severity: 'warning',
      summary:
        'More targets of {{ $labels.job }} were replaced within two hours than planned; each left its series behind.',
      runbook:
        'A deployment that is over needs nothing. Pods that restart with a new name again and again do: look at them first. Otherwise give the measured churnPerHour to the workload.',
    },
    {
      name: 'MetricsSourceMissing',
      expr: each((source) => `absent(${of('up', source)})`),
      forSeconds: value('alarmDownSeconds'),
      severity: 'critical',
      summary: 'No target of {{ $labels.job }} is found: nothing of it is stored, and its alerts are silent.',
      runbook:
        'Do the labels select pods or Services, is the port named as in scrapes, and does the Prometheus select this monitor (its podMonitorSelector, serviceMonitorSelector, scrapeConfigSelector)?',
    },
    ...(recordings.length === 0 ? [] : [missingRecordings(plan, series)]),
  ];
}

/**
 * Active series: what each target stored at its last scrape, of all targets that were there within two hours, with the series
 * that Prometheus adds for each, and the recorded ones. Series of targets that are gone are in memory as well.
 */
function activeSeries(plan: MetricsPlan, { sources, recordings, namespace }: MetricsSeries): string {
  const window = `[${plan.value('alarmChurnWindowSeconds')}s]`;
  const last = sources
    .map((source) => `last_over_time(${of('scrape_samples_post_metric_relabeling', source)}${window})`)
    .join(' or ');
  const recorded = recordings.map((one) => ` + (count(${recordedSeries(one, namespace)}) or vector(0))`);
  return `sum((${last}) + ${plan.value('ownSeriesPerTarget')})${recorded.join('')}`;
}

/** The series that a rule of this installation records. */
function recordedSeries({ recorded: { record, by }, sources }: RecordedFrom, namespace: string | undefined): string {
  // By namespace they have those of the targets, otherwise that of the rule.
  const namespaces = by.includes('namespace') ? [...new Set(sources.flatMap((one) => one.namespaces))] : [];
  const own = namespaces.length > 0 ? matching({}, { namespace: anyOf(namespaces) }) : matching({ namespace });
  return `${record}${own === '{}' ? '' : own}`;
}

function missingRecordings(plan: MetricsPlan, { recordings, namespace }: MetricsSeries): Alert {
  return {
    name: 'MetricsRecordingMissing',
    expr: recordings.map((one) => `absent(${recordedSeries(one, namespace)})`).join(' or '),
    forSeconds: plan.value('alarmDownSeconds'),
    severity: 'warning',
    summary: 'A recorded series is not there: what shows it is empty.',
    runbook:
      'Does the Prometheus select this PrometheusRule (its ruleSelector), is its group on the page Status, Rules, and has the family that is summed any series?',
  };
}

/** The graphs of a budget of series. */
export function metricsGraphs(plan: MetricsPlan, series: MetricsSeries): Graph[] {
  const { sources } = series;
  const planned = (name: string) => `vector(${plan.value(name)})`;
  const perSource = (lines: (source: SourceSeries) => Graph['lines']) => sources.flatMap(lines);
  return [
    {
      title: 'Series',
      unit: 'short',
      lines: [
        { legend: 'active', expr: activeSeries(plan, series) },
        ...perSource((source) => [
          {
            legend: `${source.source}, of targets that are there`,
            expr: `sum(${of('scrape_samples_post_metric_relabeling', source)})`,
          },
        ]),
        { legend: 'planned', expr: planned('plannedSeries') },
        { legend: 'budget', expr: planned('budgetSeries') },
      ],
    },
    {
      title: 'Samples of a target',
      unit: 'short',
      lines: perSource((source) => [
        { legend: `${source.source}, most`, expr: `max(${of('scrape_samples_post_metric_relabeling', source)})` },
        { legend: `${source.source}, limit`, expr: planned(`sampleLimit.${source.source}`) },
      ]),
    },
    {
      title: 'Samples before and after relabelling',
      unit: 'short',
      lines: perSource((source) => [
        { legend: `${source.source}, exposed`, expr: `sum(${of('scrape_samples_scraped', source)})` },
        { legend: `${source.source}, stored`, expr: `sum(${of('scrape_samples_post_metric_relabeling', source)})` },
      ]),
    },
    {
      title: 'Targets',
      unit: 'short',
      lines: perSource((source) => [
        { legend: source.source, expr: `count(${of('up', source)})` },
        { legend: `${source.source}, alarm`, expr: planned(`alarmTargets.${source.source}`) },
      ]),
    },
  ];
}

/** The matchers of a source's series, as few as tell two installations apart. */
export function selectorOf({ source, namespaces }: SourceSeries): string {
  // By equality where it can be: `absent` then has the label.
  if (namespaces.length === 1) return matching({ job: source, namespace: namespaces[0] });
  return matching({ job: source }, namespaces.length === 0 ? {} : { namespace: anyOf(namespaces) });
}

function of(metric: string, source: SourceSeries): string {
  return metric + selectorOf(source);
}
