/** The numbers of the alarms on a time-series database, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import { ACTIVE_SECONDS } from './platforms';
import type { MetricsQuestion } from './workload';

const OWN = 'this library, docs/constructs/k8s-metrics-sampling.md';
/** Share of a limit at which there is time to act. */
const NEAR = 0.8;

/** What the alarms compare with, and how long a condition holds before one fires. */
export function metricsAlarmKnobs(question: MetricsQuestion, headroom: number, samplesPerSecond: number): Knob[] {
  return [
    ...seriesKnobs(question),
    ...(question.platform === 'amp'
      ? workspaceAlarmKnobs(headroom, samplesPerSecond)
      : prometheusAlarmKnobs(question, headroom)),
  ];
}

function seriesKnobs({ objective }: MetricsQuestion): Knob[] {
  const { activeSeries } = objective;
  return [
    {
      name: 'alarmSeries',
      value: Math.floor(0.95 * activeSeries),
      unit: 'series',
      formula: '0.95 × the budget: beyond the head-room, before the budget is used up',
      inputs: { activeSeries },
      source: OWN,
    },
  ];
}

function workspaceAlarmKnobs(headroom: number, samplesPerSecond: number): Knob[] {
  return [
    {
      name: 'alarmSamplesPerSecond',
      value: Math.ceil(headroom * samplesPerSecond),
      unit: 'samples/s',
      formula: '⌈head-room × planned rate⌉: more than was planned for, and each sample is paid for',
      inputs: { headroom, samplesPerSecond },
      source: 'this library, docs/constructs/metrics-sampling.md',
    },
    chosenKnob('alarmPeriodSeconds', 300, 's', 'usage metrics come once a minute', 'Amazon CloudWatch user guide'),
    chosenKnob('alarmPeriods', 2, 'periods', 'a deployment doubles targets for some minutes', OWN),
  ];
}

function prometheusAlarmKnobs({ workload }: MetricsQuestion, headroom: number): Knob[] {
  const { sources } = workload;
  return [
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
