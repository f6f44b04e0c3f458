/** The numbers of the alarms on a time-series database, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import { DEFAULT_HEADROOM } from '../headroom';
import type { Knob } from '../plan';
import { ACTIVE_SECONDS } from './platforms';
import { type Levers, OWN_SERIES, seriesLimit, sourceSeries, totalSeries } from './sizing';
import type { MetricsQuestion } from './workload';

const OWN = 'this library, docs/constructs/k8s-metrics-sampling.md';
const SERVICE_METRICS = 'Amazon Managed Service for Prometheus user guide, CloudWatch metrics';
/** Share of a limit at which there is time to act. */
const NEAR = 0.8;

/** What the alarms compare with, and how long a condition holds before one fires. */
export function metricsAlarmKnobs(question: MetricsQuestion, levers: Levers, samplesPerSecond: number): Knob[] {
  const { headroom = DEFAULT_HEADROOM, activeSeries } = question.objective;
  const planned = totalSeries(question, levers);
  return [
    {
      name: 'alarmSeries',
      value: nearlyUsed(0.95, planned, activeSeries),
      unit: 'series',
      formula:
        '0.95 × the budget, at least half-way to it from the planned series: beyond the head-room, before the budget is used up',
      inputs: { activeSeries, planned },
      source: OWN,
    },
    ...(question.platform === 'amp'
      ? workspaceAlarmKnobs(question, levers, planned, samplesPerSecond, headroom)
      : prometheusAlarmKnobs(question, headroom)),
  ];
}

/** A share of a limit; where the plan itself is close to the limit, half-way between them. */
function nearlyUsed(share: number, planned: number, limit: number): number {
  return Math.floor(Math.max(share * limit, (planned + limit) / 2));
}

function workspaceAlarmKnobs(
  question: MetricsQuestion,
  levers: Levers,
  planned: number,
  samplesPerSecond: number,
  headroom: number,
): Knob[] {
  return [
    {
      name: 'alarmSamplesPerSecond',
      value: Math.ceil(headroom * samplesPerSecond),
      unit: 'samples/s',
      formula: '⌈head-room × planned rate⌉: more than was planned for; a native histogram is one sample',
      inputs: { headroom, samplesPerSecond },
      source: 'this library, docs/constructs/metrics-sampling.md',
    },
    ...question.workload.sources.map((source) => {
      const series = sourceSeries(source, levers);
      const limit = seriesLimit(question, series, planned);
      return {
        name: `alarmSeries.${source.name}`,
        value: nearlyUsed(NEAR, series, limit),
        unit: 'series',
        formula: '0.8 × the limit of the source, at least half-way to it from its planned series',
        inputs: { series, limit },
        source: 'this library, docs/constructs/metrics-sampling.md',
      };
    }),
    firstOneKnob('alarmDiscardedSamples', 'samples', 'what a limit discards is lost', SERVICE_METRICS),
    firstOneKnob('alarmRecordingFailures', 'failures', 'a sum that is not recorded has a gap', SERVICE_METRICS),
    chosenKnob('alarmPeriodSeconds', 300, 's', 'usage metrics come once a minute', 'Amazon CloudWatch user guide'),
    chosenKnob('alarmPeriods', 2, 'periods', 'a deployment doubles targets for some minutes', OWN),
  ];
}

function prometheusAlarmKnobs({ workload }: MetricsQuestion, headroom: number): Knob[] {
  const { sources } = workload;
  return [
    chosenKnob(
      'ownSeriesPerTarget',
      OWN_SERIES,
      'series',
      'what Prometheus adds for a target: up, and four that begin with scrape_',
      'Prometheus, Jobs and instances',
    ),
    chosenKnob('alarmLimitRatio', NEAR, 'ratio', 'a limit of samples rejects whole scrapes: warn before it', OWN),
    ...sources.map(({ name, targets }) => ({
      name: `alarmTargets.${name}`,
      value: Math.ceil(headroom * targets),
      unit: 'targets',
      formula: '⌈head-room × targets⌉: more than were planned for',
      inputs: { headroom, targets },
      source: OWN,
    })),
    ...sources.map(({ name, targets, churnPerHour = 0 }) => ({
      name: `alarmReplacedTargets.${name}`,
      value: Math.max(1, Math.ceil(headroom * 2 * churnPerHour * targets)),
      unit: 'targets in 2 h',
      formula: '⌈head-room × churn an hour × 2 h × targets⌉, at least 1',
      inputs: { headroom, churnPerHour, targets },
      source: OWN,
    })),
    firstOneKnob('alarmRejectedScrapes', 'scrapes', 'a scrape above a limit stores nothing of its target', OWN),
    chosenKnob(
      'alarmChurnWindowSeconds',
      ACTIVE_SECONDS,
      's',
      'for so long a target that is gone still has series',
      'Prometheus, Storage: the head',
    ),
    chosenKnob('alarmHoldSeconds', 600, 's', 'a deployment doubles targets for some minutes', OWN),
    chosenKnob('alarmDownSeconds', 300, 's', 'ten scrapes of 30 s: a source without any target', OWN),
  ];
}
