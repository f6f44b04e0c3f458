import { KEDA_COOLDOWN_SECONDS, LONGEST_GRACE_SECONDS } from '../../flow/queue/platforms/keda';
import type { Resource, Value } from '../document';
import { greatest } from '../extremes';
import type { Found, Rule } from '../rule';
import { countsOnlyWaiting } from './read/counting';
import type { Manifests } from './read/manifests';
import { scalersOf, targetOf, triggersOf } from './read/scalers';
import { grace, preStopSeconds, serviceSeconds, serviceTime } from './read/service-time';

const SAFE_TO_EVICT = 'cluster-autoscaler.kubernetes.io/safe-to-evict';

/** The same for Karpenter (its documentation, Disruption, "Pod-Level Controls"). */
const DO_NOT_DISRUPT = 'karpenter.sh/do-not-disrupt';

const STAY = `${SAFE_TO_EVICT}: "false" (Karpenter: ${DO_NOT_DISRUPT}: "true")`;

/** Workloads whose pods are stopped when fewer are needed; pods of Jobs run to their end. */
const SCALED_IN = ['apps/Deployment', 'apps/StatefulSet', 'apps/ReplicaSet', 'argoproj.io/Rollout'];

/** Rules about the current item when its pod is removed. */
export const IN_FLIGHT_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-KEDA-005',
    title: 'Scaled to zero while the last item is still being processed',
    why: 'The trigger counts only waiting items. With an empty queue, a pod that processes its last item for longer than the cool-down is stopped in the middle of it.',
    source: 'KEDA, ScaledObject specification: cooldownPeriod; RabbitMQ scaler: excludeUnacknowledged, only over HTTP',
    severity: 'warning',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType('keda.sh/ScaledObject')) {
        const target = targetOf(manifests, scaler);
        const at = scaler.at('spec', 'cooldownPeriod');
        const cooldown = at.number(KEDA_COOLDOWN_SECONDS);
        const blind = triggersOf(scaler).filter(countsOnlyWaiting);
        // Any other trigger may keep the workload up; these manifests do not say.
        if (blind.length === 0 || blind.length < triggersOf(scaler).length) continue;
        if (scaler.at('spec', 'minReplicaCount').number(0) !== 0 || cooldown === undefined) continue;
        const service = serviceSeconds(scaler, target);
        const allowed = target && grace(manifests, target);
        const needed = service ?? (allowed?.at.present ? allowed.seconds : undefined);
        if (needed === undefined && target && blind.every(isOneEach)) {
          yield {
            at,
            message: `each message gets a pod of its own, ${blind[0].at('type').text()} does not count the one that it works on, and the last pod is stopped ${cooldown} s after the queue is empty: an item that takes longer is cut off`,
            fix: 'use protocol: http, which counts unacknowledged messages, or a ScaledJob, whose Jobs run to their end',
          };
        }
        if (needed === undefined || needed <= cooldown) continue;
        const takes = service === undefined ? `its pods are given ${needed} s to finish` : `one item takes ${needed} s`;
        yield {
          at,
          message: `cooldownPeriod ${cooldown} s, while ${takes} and ${blind[0].at('type').text()} does not count it: the last item is cut off`,
          fix: `set cooldownPeriod above ${needed}, or minReplicaCount to 1`,
        };
      }
    },
  },
  {
    id: 'BP-KEDA-007',
    title: 'One item takes longer than the longest time that a pod gets to stop',
    why: 'A Deployment that is scaled in stops any of its pods. The cluster autoscaler waits ten minutes at most when it removes a node, so longer items are cut off and restarted. KEDA lets a Job end.',
    source:
      'Cluster Autoscaler FAQ: --max-graceful-termination-sec, default 600, and "What types of pods can prevent CA from removing a node?"; KEDA, Scaling Jobs',
    severity: 'warning',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType('keda.sh/ScaledObject')) {
        const target = targetOf(manifests, scaler);
        const annotated = serviceTime(scaler, target);
        const service = annotated?.seconds;
        const allowed = target && grace(manifests, target);
        if (
          target &&
          staysOnItsNode(target.at('spec', 'template')) &&
          allowed!.seconds !== undefined &&
          allowed!.seconds >= (service ?? 0)
        )
          continue;
        const seconds = service ?? allowed?.seconds;
        if (seconds === undefined || seconds <= LONGEST_GRACE_SECONDS) continue;
        const says = service === undefined ? `its pods ask for ${seconds} s to stop` : `one item takes ${seconds} s`;
        yield {
          at: annotated?.at ?? allowed!.at,
          message: `${says}, above the ${LONGEST_GRACE_SECONDS} s that the cluster autoscaler waits at most: the current item is cut off`,
          fix: `run each item as a Job with a ScaledJob whose pods are annotated ${STAY}, or cut the item into shorter ones`,
        };
      }
    },
  },
  {
    id: 'BP-KEDA-012',
    title: 'A node may be removed under the Job of an item',
    why: 'KEDA lets a Job end. The node autoscaler does not: it waits ten minutes at most when it removes a node, so a longer item is cut off and starts again. An annotation of the pod keeps its node.',
    source:
      'Cluster Autoscaler FAQ, "What types of pods can prevent CA from removing a node?"; Karpenter, Disruption, "Pod-Level Controls"',
    severity: 'warning',
    cases: [6],
    *check(manifests) {
      yield* evictedJobs(manifests);
    },
  },
  {
    id: 'BP-KEDA-008',
    title: 'A pod is killed before it has finished',
    why: 'A process that still runs when the grace period is over is killed: its item is processed again from the start, or lost. The grace period includes the preStop hook.',
    source: 'Kubernetes, Pod Lifecycle, "Termination of Pods"',
    severity: 'error',
    cases: [2, 6],
    *check(manifests) {
      for (const workload of manifests.ofType(...SCALED_IN)) {
        yield* tooShort(manifests, workload);
      }
    },
  },
];

function* tooShort(manifests: Manifests, workload: Resource): Iterable<Found> {
  const { at, seconds } = grace(manifests, workload);
  if (seconds === undefined) return;
  const sleeps = manifests.containers(workload).map((container) => preStopSeconds(container) ?? 0);
  const sleep = Math.max(0, greatest(sleeps));
  const service = serviceSeconds(workload, ...scalersOf(manifests, workload)) ?? 0;
  // Longer items belong to BP-KEDA-007: no grace period is enough for them.
  if (service > LONGEST_GRACE_SECONDS && scalersOf(manifests, workload).length > 0) return;
  const needed = service + sleep;
  if (service > 0 && seconds < needed) {
    const hook = sleep > 0 ? ` and the preStop hook sleeps ${sleep} s` : '';
    yield {
      at,
      message: `killed ${seconds} s after SIGTERM, while one item takes ${service} s${hook}`,
      fix: `set terminationGracePeriodSeconds to ${Math.ceil(needed)} or more`,
    };
  } else if (sleep > 0 && seconds <= sleep) {
    yield {
      at,
      message: `killed after ${seconds} s, and the preStop hook alone sleeps ${sleep} s: the process gets no time to stop by itself`,
      fix: `set terminationGracePeriodSeconds to ${sleep} plus the time of one item`,
    };
  }
}

/** Whether a trigger wants a pod for each message, as people do whose messages take minutes. */
function isOneEach(trigger: Value): boolean {
  const metadata = trigger.at('metadata');
  const target =
    metadata.at('value').number() ?? metadata.at('queueLength').number() ?? metadata.at('listLength').number();
  return trigger.at('type').text() === 'rabbitmq' && target === 1;
}

/** Jobs that KEDA lets end, and a node autoscaler does not. */
function* evictedJobs(manifests: Manifests): Iterable<Found> {
  for (const scaler of manifests.ofType('keda.sh/ScaledJob')) {
    const item = serviceTime(scaler);
    if (item === undefined || item.seconds <= LONGEST_GRACE_SECONDS) continue;
    if (staysOnItsNode(scaler.at('spec', 'jobTargetRef', 'template'))) continue;
    yield {
      at: item.at,
      message: `one item takes ${item.seconds} s, above the ${LONGEST_GRACE_SECONDS} s that the cluster autoscaler waits at most, and it may remove the node under the item's Job`,
      fix: `annotate the pods of the Job with ${STAY}`,
    };
  }
}

/**
 * Whether an annotation may keep the node autoscaler from removing the pod's node; which of the two autoscalers runs is
 * not known.
 */
function staysOnItsNode(template: Value): boolean {
  const annotations = template.at('metadata', 'annotations');
  return annotations.at(SAFE_TO_EVICT).flag(true) !== true || annotations.at(DO_NOT_DISRUPT).flag(false) !== false;
}
