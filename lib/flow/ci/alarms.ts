/** The numbers of the alarms of a pool of runners, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import { loadOf } from './load';
import { DEFAULT_START_SECONDS } from './platforms';
import type { CiQuestion } from './workload';

const OWN = 'this library, docs/constructs/k8s-ci-concurrency.md';
const METRICS = 'AWS CodeBuild user guide, CloudWatch metrics';

/** What the alarms compare with, and how long a condition holds before one fires. */
export function ciAlarmKnobs(question: CiQuestion): Knob[] {
  return question.platform === 'arc' ? arcKnobs(question, loadOf(question).jobsPerSecond) : codebuildKnobs(question);
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

function arcKnobs(question: CiQuestion, jobsPerSecond: number): Knob[] {
  const { waitSeconds } = question.objective;
  return [
    waitKnob(question.objective),
    {
      name: 'alarmWaitingJobs',
      value: Math.ceil(jobsPerSecond * waitSeconds),
      unit: 'jobs',
      formula: 'jobs a second × promised wait: when so many wait, a job waits as long on average',
      inputs: { jobsPerSecond, waitSeconds },
      source: `Little; ${OWN}`,
    },
    chosenKnob('alarmWaitingSeconds', 300, 's', 'pushes come in bursts: one of them ends within five minutes', OWN),
    chosenKnob('alarmSaturatedSeconds', 900, 's', 'as many runners as there may be for so long is no burst', OWN),
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
      'the controller tries several times before a runner counts as failed',
      OWN,
    ),
    chosenKnob('alarmDownSeconds', 300, 's', 'ten scrapes: a listener that is replaced is away for a minute', OWN),
    chosenKnob('scrapeSeconds', 30, 's', 'a listener that is gone is seen within two scrapes', OWN),
  ];
}

function codebuildKnobs({ objective, runnerStartSeconds = DEFAULT_START_SECONDS }: CiQuestion): Knob[] {
  return [
    {
      name: 'alarmWaitSeconds',
      value: objective.waitSeconds - runnerStartSeconds,
      unit: 's',
      formula: 'the promise − start: a build is queued first and starts then, and both are promised',
      inputs: { waitSeconds: objective.waitSeconds, runnerStartSeconds },
      source: METRICS,
    },
    chosenKnob('alarmPeriodSeconds', 300, 's', 'CodeBuild reports once a build; five minutes have several', METRICS),
    chosenKnob('alarmWaitPeriods', 3, 'periods', 'a peak of pushes of 15 minutes needs no person', OWN),
    {
      name: 'alarmStartSeconds',
      value: 2 * runnerStartSeconds,
      unit: 's',
      formula: '2 × start: a build holds its place while it starts, and head-room covers no more',
      inputs: { runnerStartSeconds },
      source: OWN,
    },
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
