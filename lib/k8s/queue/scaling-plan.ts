/** The knobs that only Kubernetes has: how KEDA and the autoscaler follow the plan, and how long a pod may take to end. */
import type { Knob, Plan } from '../../flow/plan';

/** Sync period of the horizontal pod autoscaler (kube-controller-manager, `--horizontal-pod-autoscaler-sync-period`). */
export const AUTOSCALER_SYNC_SECONDS = 15;
/** KEDA's default `pollingInterval`, `withtriggers_types.go`. */
export const KEDA_POLLING_SECONDS = 30;
/** Image pull and start of a small image; set `consumer.startSeconds` to yours. */
export const POD_START_SECONDS = 30;
/** A node that is drained or scaled away gives pods ten minutes (cluster-autoscaler, `--max-graceful-termination-sec`). */
export const LONGEST_GRACE_SECONDS = 600;
/** Time beside the item itself for a pod to notice that it is to end, to acknowledge and to close its connection. */
const CLOSING_SECONDS = 5;
/** KEDA's default `cooldownPeriod` and the autoscaler's default scale-down stabilisation: 300 s both. */
const CALM_SECONDS = 300;
/** Kubernetes, autoscaling/v2, HPAScalingRules: the stabilisation window is at most an hour. */
const LONGEST_STABILIZATION_SECONDS = 3600;
/** Looks that may fail in a row before the scaler counts as blind. */
const FAILED_LOOKS = 3;

/** How pods that stay follow their queue. */
export function scalingKnobs(plan: Plan, cooldownSeconds: number | undefined): Knob[] {
  const itemTimeout = plan.value('itemTimeoutSeconds');
  const maxInstances = plan.value('maxInstances');
  const target = Math.max(1, Math.floor(plan.value('backlogPerInstance')));
  return [
    {
      name: 'targetPerReplica',
      value: target,
      unit: 'items',
      formula:
        '⌊backlogPerInstance⌋, at least 1: replicas = ⌈items ÷ target⌉; a target for each replica, not a threshold',
      inputs: { backlogPerInstance: plan.value('backlogPerInstance') },
      source: 'KEDA scalers: desired replicas = ⌈metric ÷ target⌉',
    },
    {
      ...calmKnob('scaleDownStabilizationSeconds', itemTimeout, cooldownSeconds, LONGEST_STABILIZATION_SECONDS),
      source:
        'Kubernetes, Horizontal Pod Autoscaling, behavior.scaleDown.stabilizationWindowSeconds: default 300 s, 3600 s at most',
    },
    {
      name: 'fallbackReplicas',
      value: maxInstances,
      unit: 'instances',
      formula: 'maxInstances: who cannot see the queue must be ready for its peak',
      inputs: { maxInstances },
      source: 'KEDA, ScaledObject specification, fallback',
    },
    {
      name: 'fallbackAfterFailures',
      value: FAILED_LOOKS,
      unit: 'looks',
      formula: 'as many looks in a row fail before the scaler counts as blind',
      inputs: {},
      source: 'KEDA, ScaledObject specification, fallback.failureThreshold; assumption',
    },
    gracePeriodKnob(itemTimeout),
  ];
}

/**
 * What KEDA does by itself, from the last pod to none and back. From one pod on the autoscaler polls and waits, and KEDA
 * warns of both fields as set without effect.
 *
 * @param pollSeconds given by hand
 */
export function sleepKnobs(plan: Plan, pollSeconds: number | undefined, cooldownSeconds: number | undefined): Knob[] {
  return [
    pollingKnob(pollSeconds, 'default of KEDA: governs 0 to 1; from 1 on the autoscaler polls every 15 s by itself'),
    {
      ...calmKnob('cooldownPeriodSeconds', plan.value('itemTimeoutSeconds'), cooldownSeconds),
      source: 'KEDA, ScaledObject specification, cooldownPeriod: default 300 s; from 1 to 0 only',
    },
  ];
}

/** How long nothing must have been to do before pods are taken away. */
function calmKnob(
  name: string,
  itemTimeoutSeconds: number,
  given: number | undefined,
  longest = Number.POSITIVE_INFINITY,
): Omit<Knob, 'source'> {
  if (given !== undefined) {
    const value = Math.min(longest, given);
    return { name, value, unit: 's', formula: value < given ? `given, ${longest} at most` : 'given', inputs: {} };
  }
  return {
    name,
    value: Math.min(longest, Math.max(CALM_SECONDS, Math.ceil(itemTimeoutSeconds))),
    unit: 's',
    formula: 'max(300, item time-out): no pod is taken away while an item may still be under way',
    inputs: { itemTimeoutSeconds },
  };
}

/** How often KEDA polls the queue. */
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

/** How long a pod may take to end. */
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

/**
 * Messages that the broker may push to one pod before it acknowledges.
 *
 * @param slots items that one pod works on at a time
 * @param roundTripSeconds time from an acknowledgement to the next message
 */
export function prefetchKnob(slots: number, serviceSeconds: number, roundTripSeconds: number): Knob {
  return {
    name: 'prefetch',
    value: slots + Math.ceil((slots * roundTripSeconds) / serviceSeconds),
    unit: 'items',
    formula:
      'slots × (1 + round trip ÷ service), rounded up: enough that no slot waits for the network, and no message waits behind a busy pod',
    inputs: { slots, roundTripSeconds, serviceSeconds },
    source: 'RabbitMQ, "Some queuing theory: throughput, latency and bandwidth"',
  };
}

/** A job that takes a second message keeps it from the job that was started for it. */
export function oneInHandKnob(): Knob {
  return {
    name: 'prefetch',
    value: 1,
    unit: 'items',
    formula: 'one item a job: a second one in hand would wait for it',
    inputs: {},
    source: 'RabbitMQ, Consumer Prefetch; KEDA, Scaling Jobs',
  };
}
