/** Pods that KEDA and the horizontal pod autoscaler scale on the backlog: a Deployment, or one job for each item. */
import { chosenKnob } from '../../alarms';
import { atLeast, type Check, isKnown, shown, wholeNumber } from '../../errors';
import { figure } from '../../figures';
import type { Knob } from '../../plan';
import { podStartKnobs } from '../../probes';
import { YEAR_SECONDS } from '../../ranges';
import { kedaAlarmKnobs } from '../alarms';
import type { BrokerFacts } from '../brokers/facts';
import type { Planned } from '../planned';
import type { QueueQuestion } from '../question';
import type { Refusal } from '../refusal';
import { attemptSeconds, consumerOf, resolveWorkload, serviceChecks } from '../resolve';
import { FIRST_POLL_MARGIN, type Solve, size } from '../sizing';
import { fasterItems } from '../ways-out';
import type { Consumer, Workload } from '../workload';
import { PLATFORM_FACTS, type PlatformName } from './facts';
import type { Platform, TimedConsumer } from './platform';
import { asleepKnob, sleepChecks, sleeps } from './waking';

/** Sync period of the horizontal pod autoscaler. */
const AUTOSCALER_SYNC_SECONDS = PLATFORM_FACTS.keda.pollSeconds;
/** KEDA's default `pollingInterval`, `withtriggers_types.go`. */
const KEDA_POLLING_SECONDS = PLATFORM_FACTS['keda-job'].pollSeconds;
/** A drained or removed node gives pods ten minutes (cluster-autoscaler, `--max-graceful-termination-sec`). */
export const LONGEST_GRACE_SECONDS = 600;
/** Time beyond the item itself for a pod to receive SIGTERM, to acknowledge and to close its connection. */
const CLOSING_SECONDS = 5;
/** KEDA, ScaledObject specification: the default `cooldownPeriod`, the wait before the last pod ends. */
export const KEDA_COOLDOWN_SECONDS = 300;
/** The autoscaler stabilises over an hour at most. */
const LONGEST_STABILIZATION_SECONDS = 3600;
/** Readings that may fail in a row before the scaler counts as blind. */
export const FAILED_READINGS = 3;

/**
 * Pods that stay, or one job for each item: a job where an item may take longer than a node waits for a pod to end.
 */
export function kedaPlatform(workload: Workload, consumer?: Consumer): PlatformName {
  return itemTimeoutOf(workload, consumer) + CLOSING_SECONDS > LONGEST_GRACE_SECONDS ? 'keda-job' : 'keda';
}

/** The item time-out of a workload; a service time that is out of range is refused elsewhere, by name. */
export function itemTimeoutOf(workload: Workload, consumer?: Consumer): number {
  if (isKnown(consumer?.itemTimeoutSeconds)) return consumer.itemTimeoutSeconds;
  const refused = serviceChecks(workload).some((check) => check.refused);
  return refused ? 0 : attemptSeconds(resolveWorkload(workload)).timeout;
}

/** A pod that a node does not wait for loses its item; a job for each item is not stopped by the scaler. */
function tooLongForPods({ workload, consumer }: QueueQuestion): Refusal | undefined {
  if (kedaPlatform(workload, consumer) === 'keda') return undefined;
  const timeout = itemTimeoutOf(workload, consumer);
  return {
    reason: () =>
      `one attempt may take ${figure(timeout)} s and ${CLOSING_SECONDS} s to close, a node that is drained waits ${LONGEST_GRACE_SECONDS} s for a pod`,
    waysOut: (question, fits) => [
      { sentence: 'a job for each item, platform keda-job', question: { ...question, platform: 'keda-job' } },
      fasterItems({ question, fits }),
    ],
  };
}

/** Scalers of KEDA take whole targets, at least 1. */
export function wholeItems(backlogPerInstance: number): number {
  return Math.max(1, Math.floor(backlogPerInstance));
}

/** From zero KEDA reads first, and the autoscaler continues from one. */
function fromNone({ consumer = {} }: QueueQuestion, broker: BrokerFacts): TimedConsumer {
  const { decideSeconds = broker.depthAgeSeconds } = consumer;
  return consumerOf(
    { pollSeconds: KEDA_POLLING_SECONDS, decideSeconds: 0, startSeconds: PLATFORM_FACTS.keda.startSeconds },
    { ...consumer, decideSeconds: decideSeconds + AUTOSCALER_SYNC_SECONDS, minInstances: 0 },
  );
}

export function wakeUpSeconds(question: QueueQuestion, broker: BrokerFacts): number {
  const { pollSeconds, decideSeconds, startSeconds } = fromNone(question, broker);
  return pollSeconds + decideSeconds + startSeconds;
}

/**
 * A poll soon after a peak began finds part of its backlog and requests part of the pods; the rest is requested one
 * poll later. The plan requests all of them from `FIRST_POLL_MARGIN` of a poll on, so the full request comes at worst
 * that much later than one poll.
 */
function partialPollSeconds(pollSeconds: number): number {
  return FIRST_POLL_MARGIN * pollSeconds;
}

const BLIND_KNOB: Knob = chosenKnob(
  'fallbackAfterFailures',
  FAILED_READINGS,
  'readings',
  'readings in a row that may fail before the scaler counts as blind',
  'KEDA, ScaledObject specification, fallback.failureThreshold; assumption',
);

/** How the replicas of a Deployment follow the backlog. */
function deploymentKnobs(planned: Planned): Knob[] {
  const { question, sizing, itemTimeoutSeconds, brokerFacts } = planned;
  const { maxInstances, backlogPerInstance } = sizing.consumer;
  const { cooldownSeconds } = question;
  const cooldown = cooldownOf(cooldownSeconds, itemTimeoutSeconds);
  const knobs: Knob[] = [
    {
      name: 'targetPerReplica',
      value: backlogPerInstance,
      unit: 'items',
      formula: 'backlogPerInstance: replicas = ⌈items ÷ target⌉; a target for each replica, not a threshold',
      inputs: { backlogPerInstance },
      source: 'KEDA scalers: desired replicas = ⌈metric ÷ target⌉',
    },
    scaleDownKnob(
      planned,
      'no pod is removed while an item may still be in work',
      'Kubernetes, Horizontal Pod Autoscaling, stabilization window: 300 s by default, 3,600 s at most',
    ),
    {
      name: 'fallbackReplicas',
      value: maxInstances,
      unit: 'instances',
      formula: 'maxInstances: a scaler that cannot read the queue assumes the peak',
      inputs: { maxInstances },
      source: 'KEDA, ScaledObject specification, fallback',
    },
    BLIND_KNOB,
    ...rolloutKnobs(itemTimeoutSeconds, sizing.consumer.startSeconds),
  ];
  if (!sleeps(question)) return [partialPollKnob(question), ...knobs];
  const { pollSeconds, decideSeconds, startSeconds } = fromNone(question, brokerFacts);
  return [
    ...knobs,
    pollingKnob(
      question.consumer?.pollSeconds,
      'default of KEDA: governs 0 to 1; from 1 on the autoscaler polls every 15 s',
    ),
    {
      name: 'cooldownPeriodSeconds',
      value: cooldown,
      unit: 's',
      formula:
        cooldownSeconds === undefined
          ? 'max(300, item time-out): the last pod stays while an item may still be in work'
          : 'given',
      inputs: { itemTimeoutSeconds },
      source: 'KEDA, ScaledObject specification, cooldownPeriod: default 300 s, from 1 to 0 only',
    },
    asleepKnob('pod', question),
    {
      name: 'wakeUpSeconds',
      value: wakeUpSeconds(question, brokerFacts),
      unit: 's',
      formula: 'polling interval + age of the depth read + autoscaler sync + start of a pod',
      inputs: { pollSeconds, decideSeconds, startSeconds },
      source: 'KEDA, ScaledObject specification, pollingInterval',
    },
  ];
}

/** How long the autoscaler waits before it removes what it no longer needs. */
export function scaleDownKnob({ question, itemTimeoutSeconds }: Planned, why: string, source: string): Knob {
  const { cooldownSeconds } = question;
  return {
    name: 'scaleDownStabilizationSeconds',
    value: Math.min(LONGEST_STABILIZATION_SECONDS, cooldownOf(cooldownSeconds, itemTimeoutSeconds)),
    unit: 's',
    formula:
      cooldownSeconds === undefined
        ? `max(300, item time-out), at most 3,600: ${why}`
        : 'given: cooldown, at most 3,600',
    inputs: { itemTimeoutSeconds },
    source,
  };
}

function cooldownOf(given: number | undefined, itemTimeoutSeconds: number): number {
  return given ?? Math.max(KEDA_COOLDOWN_SECONDS, Math.ceil(itemTimeoutSeconds));
}

const AUTOSCALER = 'Kubernetes, Horizontal Pod Autoscaling, configurable scaling behavior';

/** How the autoscaler steps. */
const STEP_KNOBS: readonly Knob[] = [
  chosenKnob(
    'scaleUpStabilizationSeconds',
    0,
    's',
    'no wait: the plan assumes that all pods are requested in a single reaction',
    AUTOSCALER,
  ),
  chosenKnob(
    'scalingPolicyPeriodSeconds',
    AUTOSCALER_SYNC_SECONDS,
    's',
    'one sync of the autoscaler: it may add or remove every pod in each',
    AUTOSCALER,
  ),
];

/** How the autoscaler steps, how pods start, and how they end. */
function rolloutKnobs(itemTimeoutSeconds: number, startSeconds: number): Knob[] {
  return [...STEP_KNOBS, gracePeriodKnob(itemTimeoutSeconds), ...podStartKnobs(startSeconds)];
}

function partialPollKnob({ consumer }: QueueQuestion): Knob {
  const pollSeconds = consumer?.pollSeconds ?? AUTOSCALER_SYNC_SECONDS;
  return {
    name: 'partialPollSeconds',
    value: partialPollSeconds(pollSeconds),
    unit: 's',
    formula: '0.7 × poll: the delay of the full request when the first poll of a peak finds part of its backlog',
    inputs: { pollSeconds },
    source: 'measured with KEDA and the autoscaler: docs/proof.md, case 2',
  };
}

/** How a pod ends. */
export function gracePeriodKnob(itemTimeoutSeconds: number): Knob {
  return {
    name: 'terminationGracePeriodSeconds',
    value: Math.ceil(itemTimeoutSeconds) + CLOSING_SECONDS,
    unit: 's',
    formula: 'item time-out (P99.9 of the service time) + 5 s to close',
    inputs: { itemTimeoutSeconds },
    source: 'Kubernetes, Pod lifecycle, Termination of Pods: after it the item is cut off by SIGKILL',
  };
}

export function pollingKnob(given: number | undefined, formula: string): Knob {
  return {
    name: 'pollingIntervalSeconds',
    value: given ?? KEDA_POLLING_SECONDS,
    unit: 's',
    formula: given === undefined ? formula : 'given',
    inputs: {},
    source: 'KEDA, ScaledObject specification, pollingInterval: default 30 s',
  };
}

export function kedaChecks(
  { cooldownSeconds, workload, consumer }: QueueQuestion,
  polling: number | undefined,
): Check[] {
  const checks = [
    wholeNumber('consumer.pollSeconds', polling, 1),
    atLeast('cooldownSeconds', cooldownSeconds, 0, YEAR_SECONDS),
  ];
  if (!isKnown(cooldownSeconds)) return checks;
  const itemTimeout = itemTimeoutOf(workload, consumer);
  return [
    ...checks,
    {
      refused: cooldownSeconds < itemTimeout,
      message: `cooldown must be at least the time of one item, ${itemTimeout} s at its P99.9, got ${shown(cooldownSeconds)} s: what works on it would be removed during its work`,
    },
  ];
}

/** A Deployment behind a `ScaledObject`. */
export const KEDA: Platform = {
  facts: PLATFORM_FACTS.keda,
  choices: ['cooldownSeconds'],
  // With one replica or more the autoscaler polls on its own, and KEDA's interval has no effect.
  checks: (question) => [
    ...kedaChecks(question, sleeps(question) ? question.consumer?.pollSeconds : undefined),
    ...sleepChecks(question),
  ],
  refusal: tooLongForPods,
  consumer(question, broker) {
    if (sleeps(question)) return fromNone(question, broker);
    const { pollSeconds, startSeconds } = PLATFORM_FACTS.keda;
    const timed = consumerOf(
      { pollSeconds, decideSeconds: broker.depthAgeSeconds, startSeconds },
      question.consumer ?? {},
    );
    return { ...timed, decideSeconds: timed.decideSeconds + partialPollSeconds(timed.pollSeconds) };
  },
  wakeUpSeconds,
  alarms: kedaAlarmKnobs,
  solve: (): Solve => (subject, workload, objective, given) =>
    size(subject, workload, objective, given, { target: wholeItems }),
  knobs: deploymentKnobs,
};
