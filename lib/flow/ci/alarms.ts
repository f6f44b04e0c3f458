/** The numbers of the alarms of a pool of runners, each with its reason. */
import { chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import type { CiQuestion } from './workload';

const OWN = 'this library, docs/constructs/k8s-ci-concurrency.md';
const METRICS = 'AWS CodeBuild user guide, CloudWatch metrics';

/** What the alarms compare with, and how long a condition holds before one fires. */
export function ciAlarmKnobs(question: CiQuestion): Knob[] {
  return question.platform === 'arc' ? arcKnobs(question) : codebuildKnobs(question);
}

function waitKnob({ waitSeconds }: CiQuestion['objective']): Knob {
  return {
    name: 'alarmWaitSeconds',
    value: waitSeconds,
    unit: 's',
    formula: 'the promise',
    inputs: { waitSeconds },
    source: OWN,
  };
}

function arcKnobs({ objective }: CiQuestion): Knob[] {
  return [
    rateWindowKnob(),
    waitKnob(objective),
    {
      name: 'alarmQuantile',
      value: objective.waitQuantile ?? 0.95,
      unit: 'ratio',
      formula: 'the promise: the quantile of the wait',
      inputs: {},
      source: OWN,
    },
    chosenKnob(
      'alarmStartWindowSeconds',
      900,
      's',
      'starts are counted over this: one slow start is none of many',
      OWN,
    ),
    chosenKnob('alarmWaitingJobs', 0, 'jobs', 'fires while a job waits for longer than was promised', OWN),
    chosenKnob(
      'alarmSaturatedSeconds',
      900,
      's',
      'as many runners as there may be for so long is no peak of pushes',
      OWN,
    ),
    firstOneKnob(
      'alarmFailedRunners',
      'runners',
      'a failed runner keeps its place until it is deleted (actions/actions-runner-controller#3953)',
      OWN,
    ),
    chosenKnob(
      'alarmFailedSeconds',
      600,
      's',
      'the controller retries five times before a runner counts as failed',
      OWN,
    ),
    chosenKnob('alarmDownSeconds', 300, 's', 'five scrapes: a listener that is replaced is away for a minute', OWN),
    chosenKnob('scrapeSeconds', 30, 's', 'a listener that is gone is seen within two scrapes', OWN),
  ];
}

function codebuildKnobs({ objective }: CiQuestion): Knob[] {
  return [
    waitKnob(objective),
    chosenKnob('alarmPeriodSeconds', 300, 's', 'CodeBuild reports once a build; five minutes have several', METRICS),
    chosenKnob('alarmWaitPeriods', 3, 'periods', 'a peak of pushes of 15 minutes needs no person', OWN),
    firstOneKnob(
      'alarmFailedBuilds',
      'builds',
      'a build that fails is a runner that did not start: jobs fail in the forge',
      OWN,
    ),
    chosenKnob(
      'alarmFailedPeriods',
      2,
      'periods',
      'one build that fails is retried by a person; several in a row are not',
      OWN,
    ),
  ];
}
