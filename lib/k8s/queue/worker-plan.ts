/** From workload to a worker on Kubernetes: pods that stay, or one job an item. */
import { CapacityError, validate, wholeNumber } from '../../flow/errors';
import type { Knob } from '../../flow/plan';
import { attemptSeconds } from '../../flow/queue/knobs';
import { planQueue } from '../../flow/queue/plan';
import { consumerOf, resolveWorkload } from '../../flow/queue/resolve';
import { type Solve, size } from '../../flow/queue/sizing';
import type { Consumer, Objective, QueuePlan, Workload } from '../../flow/queue/workload';
import {
  AUTOSCALER_SYNC_SECONDS,
  gracePeriodKnob,
  KEDA_POLLING_SECONDS,
  LONGEST_GRACE_SECONDS,
  POD_START_SECONDS,
  scalingKnobs,
} from './scaling-plan';

/** What the user chose. */
export interface WorkerChoices {
  readonly consumer: Consumer;
  readonly scaleToZero: boolean;
  readonly cooldownSeconds?: number;
}

/** A planned worker. */
export interface WorkerPlan {
  readonly plan: QueuePlan;
  /** Whether each item gets a job of its own. */
  readonly perItem: boolean;
  /** Replicas that stay when nothing is to do. */
  readonly minReplicas: number;
}

/** Plans a worker. */
export function planWorker(
  subject: string,
  workload: Workload,
  objective: Objective,
  { consumer, scaleToZero, cooldownSeconds }: WorkerChoices,
): WorkerPlan {
  const defaults = { pollSeconds: AUTOSCALER_SYNC_SECONDS, startSeconds: POD_START_SECONDS, decideSeconds: 0 };
  const timing = consumerOf(defaults, consumer);
  // From none it is KEDA that looks first, and the autoscaler goes on from one.
  const fromNone = {
    ...timing,
    pollSeconds: consumer.pollSeconds ?? KEDA_POLLING_SECONDS,
    decideSeconds: timing.decideSeconds + (consumer.pollSeconds ?? AUTOSCALER_SYNC_SECONDS),
    minInstances: 0,
  };
  const { timeout } = attemptSeconds(resolveWorkload(workload));
  const perItem = gracePeriodKnob(timeout).value > LONGEST_GRACE_SECONDS;
  // For a Deployment that is never empty the autoscaler looks by itself, and KEDA's interval is of no account.
  const polling = perItem || scaleToZero ? consumer.pollSeconds : undefined;
  validate(subject, [wholeNumber('consumer.pollSeconds', polling, 1)]);
  refuseSleeplessness(subject, workload, objective, fromNone, scaleToZero);
  const plan = perItem
    ? planJobs(subject, workload, objective, { ...timing, pollSeconds: polling ?? KEDA_POLLING_SECONDS })
    : planQueue(subject, workload, objective, scaleToZero ? fromNone : timing);
  const itemTimeout = plan.value('itemTimeoutSeconds');
  validate(subject, [
    {
      refused: cooldownSeconds !== undefined && cooldownSeconds < itemTimeout,
      message: `cooldown must be at least the time of one item, ${itemTimeout} s at its P99.9, got ${cooldownSeconds} s: pods would be taken away from under their work`,
    },
  ]);
  const chosen: Knob[] = [];
  if (perItem || polling !== undefined) chosen.push(pollingKnob(polling));
  if (cooldownSeconds !== undefined) chosen.push(givenCooldown(cooldownSeconds));
  if (perItem) chosen.push(oneItemAJob(), startKnob(timing.startSeconds));
  if (scaleToZero && !perItem) chosen.push(asleep(plan), wakeUpKnob(fromNone));
  return {
    plan: plan.withKnobs(scalingKnobs(plan)).withKnobs(chosen),
    perItem,
    minReplicas: scaleToZero ? 0 : plan.value('minInstances'),
  };
}

/** A job's start belongs to its item: its slot is taken for both, and nobody runs in between. */
function planJobs(
  subject: string,
  workload: Workload,
  objective: Objective,
  timing: Consumer & { readonly startSeconds: number },
): QueuePlan {
  validate(subject, [
    {
      refused: (timing.slotsPerInstance ?? 1) !== 1,
      message: `consumer.slotsPerInstance must be 1, because a job works on one item, got ${timing.slotsPerInstance}`,
    },
    {
      refused: (timing.minInstances ?? 0) !== 0,
      message: `consumer.minInstances must be left out, because a job begins with its item, got ${timing.minInstances}`,
    },
  ]);
  const solve: Solve = (name, asked, promised, given) =>
    size(name, withStart(asked, timing.startSeconds), promised, {
      ...given,
      startSeconds: 0,
      slotsPerInstance: 1,
      minInstances: 0,
    });
  return planQueue(subject, workload, objective, timing, solve);
}

function withStart(workload: Workload, startSeconds: number): Workload {
  const { serviceSeconds, serviceVariation = 1 } = workload;
  const busySeconds = serviceSeconds + startSeconds;
  return {
    ...workload,
    serviceSeconds: busySeconds,
    serviceVariation: (serviceVariation * serviceSeconds) / busySeconds,
  };
}

function refuseSleeplessness(
  subject: string,
  workload: Workload,
  objective: Objective,
  { pollSeconds, decideSeconds, startSeconds }: { pollSeconds: number; decideSeconds: number; startSeconds: number },
  scaleToZero: boolean,
): void {
  const wakeUp = pollSeconds + decideSeconds + startSeconds;
  const first = wakeUp + workload.serviceSeconds;
  if (!scaleToZero || !(objective.latencySeconds < first)) return;
  throw new CapacityError(
    subject,
    `waking up from zero takes ${wakeUp} s and an item ${workload.serviceSeconds} s, ${objective.latencySeconds} s of latency is promised`,
    ['leave scaleToZero off', `promise at least ${Math.ceil(first)} s`],
  );
}

function givenCooldown(seconds: number): Knob {
  return {
    name: 'cooldownPeriodSeconds',
    value: seconds,
    unit: 's',
    formula: 'given',
    inputs: {},
    source: 'KEDA, ScaledObject specification, cooldownPeriod: default 300 s',
  };
}

function pollingKnob(given: number | undefined): Knob {
  return {
    name: 'pollingIntervalSeconds',
    value: given ?? KEDA_POLLING_SECONDS,
    unit: 's',
    formula: given === undefined ? 'default of KEDA: a look starts a job for each item that has none' : 'given',
    inputs: {},
    source: 'KEDA, ScaledObject specification, pollingInterval: default 30 s',
  };
}

function oneItemAJob(): Knob {
  return {
    name: 'targetPerReplica',
    value: 1,
    unit: 'items',
    formula: 'one job an item, because an item takes longer than a node waits for a pod to end',
    inputs: { longestGraceSeconds: LONGEST_GRACE_SECONDS },
    source: 'KEDA, Scaling Jobs; cluster-autoscaler, --max-graceful-termination-sec',
  };
}

function startKnob(startSeconds: number): Knob {
  return {
    name: 'startSeconds',
    value: startSeconds,
    unit: 's',
    formula: 'start of a pod; each item has one before it',
    inputs: {},
    source: 'the consumer',
  };
}

function asleep(plan: QueuePlan): Knob {
  return {
    ...plan.knob('minInstances'),
    value: 0,
    formula: 'scaleToZero: the last pod goes when nothing waits or is worked on',
    inputs: {},
  };
}

function wakeUpKnob({
  pollSeconds,
  decideSeconds,
  startSeconds,
}: Required<Pick<Consumer, 'pollSeconds' | 'decideSeconds' | 'startSeconds'>>): Knob {
  return {
    name: 'wakeUpSeconds',
    value: pollSeconds + decideSeconds + startSeconds,
    unit: 's',
    formula: 'polling interval + age of the depth seen + autoscaler sync + start of a pod',
    inputs: { pollSeconds, decideSeconds, startSeconds },
    source: 'KEDA, ScaledObject specification, pollingInterval',
  };
}
