/**
 * A Cloud Run worker pool that pulls from Pub/Sub. CREMA (Cloud Run External Metrics Autoscaling) runs KEDA's scaler and
 * sets the number of instances.
 */
import { chosenKnob } from '../../alarms';
import { figure } from '../../figures';
import { type Knob, unlessGiven } from '../../plan';
import { poolAlarmKnobs } from '../alarms';
import { PUBSUB_LIMITS } from '../brokers/pubsub';
import type { Planned } from '../planned';
import type { QueueQuestion } from '../question';
import type { Refusal } from '../refusal';
import { consumerOf } from '../resolve';
import { type Solve, size } from '../sizing';
import { fasterItems } from '../ways-out';
import { PLATFORM_FACTS } from './facts';
import { itemTimeoutOf, kedaChecks, scaleDownKnob, wholeItems } from './keda';
import type { Platform } from './platform';
import { asleepKnob, sleepChecks, sleeps } from './waking';

const FACTS = PLATFORM_FACTS['cloud-run-pool'];
const CREMA = 'Cloud Run External Metrics Autoscaling (CREMA), configuration';
const AUTOSCALER = `${CREMA}, horizontalPodAutoscalerConfig`;
/** Cloud Run documentation, Container runtime contract: from SIGTERM to SIGKILL. */
export const CLOUD_RUN_STOP_SECONDS = 10;
/** Google Cloud metrics, pubsub: `num_undelivered_messages` is sampled every 60 seconds. */
const METRIC_SAMPLE_SECONDS = 60;

/** An item that a stopped instance cannot finish stays leased until its deadline, unless the worker returns it. */
function itemOutlivesStop({ workload, consumer, nacksOnStop }: QueueQuestion): Refusal | undefined {
  const timeout = itemTimeoutOf(workload, consumer);
  if (nacksOnStop === true || timeout <= CLOUD_RUN_STOP_SECONDS) return undefined;
  return {
    reason: () =>
      `one item may take ${figure(timeout)} s, a stopped instance gets ${CLOUD_RUN_STOP_SECONDS} s: each removal of an instance cuts items off`,
    waysOut: (asked, fits) => [
      {
        sentence:
          'modify the ack deadline to 0 on SIGTERM, as backpressure-constructs/pubsub-worker does, and set nacksOnStop',
        question: { ...asked, nacksOnStop: true },
      },
      fasterItems({ question: asked, fits }),
      { sentence: 'run Cloud Run jobs, which are not removed during their work' },
    ],
  };
}

/** How the number of instances follows the subscription. */
function scalingKnobs(planned: Planned): Knob[] {
  const { question, sizing } = planned;
  const { backlogPerInstance, pollSeconds, decideSeconds } = sizing.consumer;
  return [
    {
      name: 'targetPerReplica',
      value: backlogPerInstance,
      unit: 'items',
      formula: 'backlogPerInstance: instances = ⌈messages ÷ target⌉; a target for each instance, not a threshold',
      inputs: { backlogPerInstance },
      source: 'KEDA, Google Cloud Platform Stackdriver scaler, targetValue',
    },
    {
      name: 'pollingIntervalSeconds',
      value: pollSeconds,
      unit: 's',
      ...unlessGiven(question.consumer?.pollSeconds, 'default of KEDA: the metric itself is sampled once a minute'),
      source: `${CREMA}, pollingInterval`,
    },
    {
      name: 'metricDelaySeconds',
      value: decideSeconds,
      unit: 's',
      ...unlessGiven(
        question.consumer?.decideSeconds,
        'two minutes until Cloud Monitoring shows a sample, and half a minute until the next one',
      ),
      source: FACTS.source,
    },
    {
      name: 'metricWindowMinutes',
      value: Math.ceil((decideSeconds + METRIC_SAMPLE_SECONDS) / 60),
      unit: 'min',
      formula:
        '⌈metric delay + one sample⌉ in minutes: by default KEDA reads 2 minutes, in which there may be no sample yet',
      inputs: { metricDelaySeconds: decideSeconds, metricSampleSeconds: METRIC_SAMPLE_SECONDS },
      source: 'KEDA, Google Cloud Platform Stackdriver scaler, filterDuration: whole minutes',
    },
    scaleDownKnob(
      planned,
      'an instance that was just started gets to work before one stops',
      `${AUTOSCALER}: 300 s by default`,
    ),
    chosenKnob('scalerInstances', 1, 'instances', 'of the scaler: two would race, and none would poll', CREMA),
    chosenKnob(
      'scaleUpStabilizationSeconds',
      0,
      's',
      'no wait: the plan assumes that all instances are requested in a single reaction',
      AUTOSCALER,
    ),
    {
      name: 'scalingPolicyPeriodSeconds',
      value: pollSeconds,
      unit: 's',
      formula: 'one poll: it may add or remove every instance in each',
      inputs: { pollSeconds },
      source: AUTOSCALER,
    },
  ];
}

/** How an instance ends, and with what it begins. */
function instanceKnobs({ question, itemTimeoutSeconds }: Planned): Knob[] {
  return [
    chosenKnob(
      'stopSeconds',
      CLOUD_RUN_STOP_SECONDS,
      's',
      question.nacksOnStop
        ? 'from SIGTERM to SIGKILL: the worker returns what it cannot finish'
        : 'from SIGTERM to SIGKILL: no less than the item time-out',
      'Cloud Run documentation, Container runtime contract: 10 seconds',
    ),
    {
      name: 'maxExtensionSeconds',
      value: Math.max(PUBSUB_LIMITS.ackDeadlineSeconds.min, Math.ceil(itemTimeoutSeconds)),
      unit: 's',
      formula:
        'max(10, ⌈item time-out⌉): the lease of an item is extended so long, then it is given up and delivered again',
      inputs: { itemTimeoutSeconds },
      source: 'Pub/Sub documentation, Extend ack time with lease management; a lease has 10 s at least',
    },
  ];
}

/** A worker pool behind a pull subscription. */
export const CLOUD_RUN_POOL: Platform = {
  facts: FACTS,
  choices: ['cooldownSeconds'],
  checks: (question) => [...kedaChecks(question, question.consumer?.pollSeconds), ...sleepChecks(question)],
  refusal: itemOutlivesStop,
  consumer(question) {
    const { pollSeconds, decideSeconds, startSeconds } = FACTS;
    const timed = consumerOf({ pollSeconds, decideSeconds, startSeconds }, question.consumer ?? {});
    return sleeps(question) ? { ...timed, minInstances: 0 } : timed;
  },
  wakeUpSeconds: ({ consumer = {} }) =>
    (consumer.pollSeconds ?? FACTS.pollSeconds) +
    (consumer.decideSeconds ?? FACTS.decideSeconds) +
    (consumer.startSeconds ?? FACTS.startSeconds),
  solve: (): Solve => (subject, workload, objective, given) =>
    size(subject, workload, objective, given, { target: wholeItems }),
  alarms: () => poolAlarmKnobs(),
  knobs(planned) {
    const knobs = [...scalingKnobs(planned), ...instanceKnobs(planned)];
    return sleeps(planned.question) ? [...knobs, asleepKnob('instance', planned.question)] : knobs;
  },
};
