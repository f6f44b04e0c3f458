/** Fargate tasks that poll the queue, scaled on backlog per task. */
import type { Knob } from '../../plan';
import { asleepKnobs } from '../alarms';
import { consumerOf } from '../resolve';
import { PLATFORM_FACTS } from './facts';
import type { Platform } from './platform';
import { asleepKnob, sleepChecks, sleeps } from './waking';

const FACTS = PLATFORM_FACTS.fargate;
/** ECS developer guide: the longest `stopTimeout` on Fargate. */
export const LONGEST_STOP_SECONDS = 120;
/** Application Auto Scaling user guide: the cooldown of a policy for an ECS service where it gives none. */
export const SCALING_COOLDOWN_SECONDS = 300;

/** Fargate behind a queue. */
export const FARGATE: Platform = {
  facts: FACTS,
  choices: [],
  checks: sleepChecks,
  consumer(question) {
    const { consumer = {} } = question;
    const { pollSeconds, decideSeconds, startSeconds } = FACTS;
    const timed = consumerOf({ pollSeconds, decideSeconds, startSeconds }, consumer);
    // From none: the prediction must hold for a peak that finds every task stopped.
    return sleeps(question) ? { ...timed, minInstances: 0 } : timed;
  },
  wakeUpSeconds: ({ consumer }) => (FACTS.wakeUpSeconds ?? 0) + (consumer?.startSeconds ?? FACTS.startSeconds),
  knobs({ question, sizing, itemTimeoutSeconds, broker, brokerFacts }) {
    const onSqs = broker === 'sqs';
    const { startSeconds } = sizing.consumer;
    const knobs: Knob[] = [
      {
        name: 'scaleOutCooldownSeconds',
        value: FACTS.pollSeconds,
        unit: 's',
        formula: 'one period of the metric: no second request before the metric shows the first',
        inputs: { metricPeriodSeconds: FACTS.pollSeconds },
        source: FACTS.source,
      },
      {
        name: 'scaleInCooldownSeconds',
        value: Math.max(SCALING_COOLDOWN_SECONDS, Math.ceil(itemTimeoutSeconds)),
        unit: 's',
        formula: 'max(300, item time-out): a task that was just started gets to work before one is removed',
        inputs: { itemTimeoutSeconds },
        source: 'Application Auto Scaling user guide, cooldown: 300 s by default',
      },
      {
        name: 'stopTimeoutSeconds',
        value: Math.min(LONGEST_STOP_SECONDS, Math.max(2, Math.ceil(itemTimeoutSeconds))),
        unit: 's',
        formula: 'item time-out, within 2 and 120: a stopped task finishes its items',
        inputs: { itemTimeoutSeconds },
        source: 'Amazon ECS developer guide, stopTimeout: at most 120 s on Fargate',
      },
    ];
    if (!sleeps(question)) return knobs;
    return [
      ...knobs,
      asleepKnob('task', question),
      ...asleepKnobs(FACTS.pollSeconds, onSqs ? undefined : brokerFacts.source),
      {
        name: 'wakeUpSeconds',
        value: (FACTS.wakeUpSeconds ?? 0) + startSeconds,
        unit: 's',
        formula: `metric period + alarm period + start of a task${onSqs ? '; up to 900 s more after six idle hours' : ''}`,
        inputs: { metricPeriodSeconds: FACTS.pollSeconds, startSeconds },
        source: onSqs
          ? 'Amazon SQS developer guide, Available CloudWatch metrics; aws-cdk issue 4719'
          : brokerFacts.source,
      },
    ];
  },
};
