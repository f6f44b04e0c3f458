/** From workload to a worker on Kubernetes: pods that stay, or one job an item. */
import { CapacityError, validate, wholeNumber } from '../../flow/errors';
import type { Knob, Plan } from '../../flow/plan';
import { attemptSeconds } from '../../flow/queue/knobs';
import { planQueue } from '../../flow/queue/plan';
import { consumerOf, resolveWorkload } from '../../flow/queue/resolve';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';
import { jobKnobs, planJobs } from './job-plan';
import {
  AUTOSCALER_SYNC_SECONDS,
  gracePeriodKnob,
  KEDA_POLLING_SECONDS,
  LONGEST_GRACE_SECONDS,
  POD_START_SECONDS,
  scalingKnobs,
  sleepKnobs,
} from './scaling-plan';

/** What the user chose. */
export interface WorkerChoices {
  readonly consumer: Consumer;
  readonly scaleToZero: boolean;
  readonly cooldownSeconds?: number;
  /** The longest that a new node takes to come. */
  readonly nodeProvisionSeconds?: number;
}

/** A planned worker. */
export interface WorkerPlan {
  readonly plan: Plan;
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
  { consumer, scaleToZero, cooldownSeconds, nodeProvisionSeconds }: WorkerChoices,
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
  // KEDA's polling interval matters only from zero; with one replica or more the autoscaler polls by itself.
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
  if (perItem) {
    const knobs = jobKnobs(itemTimeout, {
      pollSeconds: polling,
      startSeconds: timing.startSeconds,
      nodeProvisionSeconds,
    });
    return { plan: plan.withKnobs(knobs), perItem, minReplicas: 0 };
  }
  const sleeping = scaleToZero
    ? [...sleepKnobs(plan, polling, cooldownSeconds), asleep(plan), wakeUpKnob(fromNone)]
    : [];
  return {
    plan: plan.withKnobs(scalingKnobs(plan, cooldownSeconds)).withKnobs(sleeping),
    perItem,
    minReplicas: scaleToZero ? 0 : plan.value('minInstances'),
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

function asleep(plan: Plan): Knob {
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
