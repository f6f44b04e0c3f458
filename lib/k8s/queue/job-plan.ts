/** The plan of a job for each item, and the knobs that only it has. */
import { validate } from '../../flow/errors';
import type { Knob, Plan } from '../../flow/plan';
import { planQueue } from '../../flow/queue/plan';
import { type Solve, size } from '../../flow/queue/sizing';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';
import { gracePeriodKnob, LONGEST_GRACE_SECONDS, pollingKnob } from './scaling-plan';

/** After that the cluster autoscaler gives a node up (its FAQ, `--max-node-provision-time`); Karpenter does too. */
const NODE_PROVISION_SECONDS = 900;

/** What jobs are told beside the sizes of the plan. */
export interface JobTiming {
  /** Given by hand. */
  readonly pollSeconds?: number;
  readonly startSeconds: number;
  /** Given by hand. */
  readonly nodeProvisionSeconds?: number;
}

/** A job's start belongs to its item: its slot is taken for both, and nobody runs in between. */
export function planJobs(
  subject: string,
  workload: Workload,
  objective: Objective,
  timing: Consumer & { readonly startSeconds: number },
): Plan {
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

/** How jobs follow their queue, and how long each may take. */
export function jobKnobs(itemTimeoutSeconds: number, timing: JobTiming): Knob[] {
  return [
    oneItemAJob(),
    pollingKnob(timing.pollSeconds, 'default of KEDA: each poll starts a job for every item that has none'),
    startKnob(timing.startSeconds),
    nodeProvisionKnob(timing.nodeProvisionSeconds),
    deadlineKnob(itemTimeoutSeconds, timing),
    gracePeriodKnob(itemTimeoutSeconds),
  ];
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

function nodeProvisionKnob(given: number | undefined): Knob {
  return {
    name: 'nodeProvisionSeconds',
    value: given ?? NODE_PROVISION_SECONDS,
    unit: 's',
    formula: given === undefined ? 'after that the cluster autoscaler gives a node up and tries another' : 'given',
    inputs: {},
    source: 'Cluster Autoscaler FAQ, --max-node-provision-time: default 15 min',
  };
}

/** The clock of a job runs from its creation, also while its pod waits for a node. */
function deadlineKnob(itemTimeoutSeconds: number, { startSeconds, nodeProvisionSeconds }: JobTiming): Knob {
  const { value: node } = nodeProvisionKnob(nodeProvisionSeconds);
  return {
    name: 'jobDeadlineSeconds',
    value: Math.ceil(node + startSeconds + itemTimeoutSeconds),
    unit: 's',
    formula: 'a new node comes + start of a pod + item time-out (P99.9 of the service time), rounded up',
    inputs: { nodeProvisionSeconds: node, startSeconds, itemTimeoutSeconds },
    source: 'Kubernetes, Jobs, activeDeadlineSeconds: it counts from when the job is created',
  };
}
