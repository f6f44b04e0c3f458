/** The plan of a worker, with what was chosen by hand and what is not known here. */
import type { Check } from '../../flow/errors';
import { given } from '../../flow/plan';
import { progressDeadlineKnob, startupProbeKnob } from '../../flow/probes';
import { withoutKnobs, withQueueSettings, withRemark } from '../../flow/queue/existing';
import type { Consumer, QueuePlan } from '../../flow/queue/workload';
import { PROBE_KNOBS } from './probe-binding';
import type { QueueWorkerProps } from './queue-worker-props';
import type { ScaleTarget } from './scale-target';
import { assumptionsOf, targetReference } from './target-plan';
import type { Trigger } from './trigger';
import type { WorkerProbes } from './worker-probes';

/** The settings of the consumer, with those that the queue decides. */
export function consumerFor({ consumer }: QueueWorkerProps, trigger: Trigger | undefined): Consumer | undefined {
  const { maxAttempts, instanceLimit } = trigger ?? {};
  const ofQueue = {
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(instanceLimit === undefined ? {} : { instanceLimit }),
  };
  if (Object.keys(ofQueue).length === 0) return consumer;
  return { ...ofQueue, ...consumer };
}

/** Choices that a job for each item does not have. */
export function jobChecks({ probes, fallback }: QueueWorkerProps): Check[] {
  return [
    {
      refused: probes !== undefined,
      message: 'probes must not be given where every item gets its own job, which has a deadline instead',
    },
    {
      refused: fallback !== undefined,
      message: 'fallback must not be given where every item gets its own job: KEDA has no fallback for jobs',
    },
  ];
}

/** The checks that compare a choice with the plan, in which nothing is replaced yet. */
export function planChecks(plan: QueuePlan, { fallback, probes }: QueueWorkerProps): Check[] {
  const replicas = fallback?._replicas;
  const most = plan.value('maxInstances');
  return [
    ...startupChecks(plan, probes),
    {
      refused: replicas !== undefined && replicas > most,
      message: `fallback.replicas must be at most maxInstances of the plan, ${most}, got ${replicas}`,
    },
  ];
}

/** Startup probes by hand that give up before a pod has started as planned: each would be restarted before its first item. */
function startupChecks(plan: QueuePlan, probes: WorkerProbes | undefined): Check[] {
  const startSeconds = startSecondsOf(plan);
  const [period, failures] = ['probePeriodSeconds', 'startupProbeFailures'].map((name) => byHand(probes, name));
  if (startSeconds === undefined || failures === undefined) return [];
  const periodSeconds = period ?? plan.value('probePeriodSeconds');
  return [
    {
      refused: failures * periodSeconds < startSeconds,
      message: `probes.startupFailures must be at least ${Math.ceil(startSeconds / periodSeconds)} with a period of ${periodSeconds} s, or pods that take ${startSeconds} s to start are restarted before, got ${failures}; leave it out, or give a longer period or a shorter consumer.startSeconds`,
    },
  ];
}

/** How long a pod takes to start, as planned; undefined where the plan has no probe for it. */
function startSecondsOf(plan: QueuePlan): number | undefined {
  return plan.knobs.find(({ name }) => name === 'startupProbeFailures')?.inputs.startSeconds;
}

/** A time of the probes that was given by hand. */
function byHand(probes: WorkerProbes | undefined, name: string): number | undefined {
  return probes?._binding.knobs.find((knob) => knob.name === name)?.value;
}

/** The plan as it is deployed: choices by hand are knobs, and what is not made here is none. */
export function planOf(plan: QueuePlan, props: QueueWorkerProps, trigger: Trigger): QueuePlan {
  const known = withoutKnobs(
    trigger.settings === undefined ? plan : withQueueSettings(plan, trigger.settings),
    trigger.unknown ?? [],
  );
  const chosen = withFallback(withProbes(known, props), props);
  const remarks = [
    ...(trigger.remarks?.(plan) ?? []),
    ...identityRemarks(props, trigger),
    ...(props.target === undefined ? [] : [targetRemark(chosen, props.target)]),
  ];
  return remarks.reduce(withRemark, chosen);
}

/** A service account that is not made here gets no annotation here. */
function identityRemarks(
  { target, serviceAccount }: QueueWorkerProps,
  { serviceAccountAnnotations = {} }: Trigger,
): string[] {
  if (target === undefined && serviceAccount === undefined) return [];
  return Object.entries(serviceAccountAnnotations).map(
    ([name, value]) => `the service account of the pods needs the annotation ${name}: ${value}`,
  );
}

function withProbes(plan: QueuePlan, { probes, target }: QueueWorkerProps): QueuePlan {
  // Both are settings of the pods.
  if (target !== undefined) return withoutKnobs(plan, [...PROBE_KNOBS, 'progressDeadlineSeconds']);
  if (probes === undefined) return plan;
  const { reason, knobs } = probes._binding;
  if (reason === undefined) return withStart(plan, probes).withKnobs([...knobs]);
  return withRemark(
    withoutKnobs(plan, PROBE_KNOBS),
    `no probes (${reason}): a worker that hangs keeps its pod until somebody deletes it`,
  );
}

/** The startup probe with a period by hand, and how long the Deployment waits for what the probe allows. */
function withStart(plan: QueuePlan, probes: WorkerProbes): QueuePlan {
  const period = byHand(probes, 'probePeriodSeconds');
  const failures = byHand(probes, 'startupProbeFailures');
  if (period === undefined && failures === undefined) return plan;
  const derived = startupProbeKnob(startSecondsOf(plan), period);
  const startup = { ...derived, value: failures ?? derived.value };
  return plan.withKnobs([startup, progressDeadlineKnob(startup, period)]);
}

function withFallback(plan: QueuePlan, { fallback }: QueueWorkerProps): QueuePlan {
  if (fallback === undefined) return plan;
  const { _replicas: replicas, _reason: reason } = fallback;
  if (replicas !== undefined) return plan.withKnobs([given('fallbackReplicas', replicas, 'instances')]);
  return withRemark(
    withoutKnobs(plan, ['fallbackReplicas', 'fallbackAfterFailures']),
    `no fallback (${reason}): while KEDA cannot read the queue, the number of replicas stays as it is`,
  );
}

function targetRemark(plan: QueuePlan, target: ScaleTarget): string {
  const { kind, name } = targetReference(target);
  const sentences = assumptionsOf(plan, target).map(({ sentence }) => sentence);
  return `${kind} ${name} is not made here, and the plan assumes of it: ${sentences.join('; ')}`;
}
