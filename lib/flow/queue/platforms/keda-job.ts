/** One job for each item, started by KEDA: for items that take longer than a node waits for a pod to end. */
import { atLeast } from '../../errors';
import { type Knob, unlessGiven } from '../../plan';
import { YEAR_SECONDS } from '../../ranges';
import { kedaAlarmKnobs } from '../alarms';
import { consumerOf } from '../resolve';
import { type Solve, size } from '../sizing';
import type { Workload } from '../workload';
import { PLATFORM_FACTS } from './facts';
import { gracePeriodKnob, kedaChecks, LONGEST_GRACE_SECONDS, pollingKnob, wakeUpSeconds } from './keda';
import { leftOut, oneSlot, type Platform } from './platform';

/** KEDA starts a job for every item that has none. */
const ITEMS_PER_JOB = 1;
/** Cluster Autoscaler FAQ, `--max-node-provision-time`. */
const NODE_PROVISION_SECONDS = 900;

function withStart(workload: Workload, startSeconds: number): Workload {
  const { serviceSeconds, serviceVariation = 1 } = workload;
  const busySeconds = serviceSeconds + startSeconds;
  return {
    ...workload,
    serviceSeconds: busySeconds,
    serviceVariation: (serviceVariation * serviceSeconds) / busySeconds,
  };
}

/** A `ScaledJob`: a job's start is part of its item's time, its slot is busy for both, and no pod runs in between. */
export const KEDA_JOB: Platform = {
  facts: PLATFORM_FACTS['keda-job'],
  choices: ['cooldownSeconds', 'nodeProvisionSeconds'],
  checks: (question) => [
    ...kedaChecks(question, question.consumer?.pollSeconds),
    atLeast('nodeProvisionSeconds', question.nodeProvisionSeconds, 0, YEAR_SECONDS),
    oneSlot(question, 'a job works on one item'),
    leftOut('consumer.minInstances', question.consumer?.minInstances || undefined, 'a job begins with its item'),
  ],
  consumer(question, broker) {
    const { pollSeconds, startSeconds } = PLATFORM_FACTS['keda-job'];
    return consumerOf({ pollSeconds, decideSeconds: broker.depthAgeSeconds, startSeconds }, question.consumer ?? {});
  },
  wakeUpSeconds,
  alarms: kedaAlarmKnobs,
  solve: (): Solve => (subject, workload, objective, given) => {
    const { startSeconds = 0 } = given;
    const perItem = { ...given, startSeconds: 0, slotsPerInstance: 1, minInstances: 0 };
    const options = { target: () => ITEMS_PER_JOB, startSecondsWithin: startSeconds };
    // Given by hand means given by the user, not passed to the sizing.
    return { ...size(subject, withStart(workload, startSeconds), objective, perItem, options), given };
  },
  knobs({ question, itemTimeoutSeconds }) {
    const givenStart = question.consumer?.startSeconds;
    const startSeconds = givenStart ?? PLATFORM_FACTS['keda-job'].startSeconds;
    return [
      {
        name: 'minInstances',
        value: 0,
        unit: 'instances',
        ...unlessGiven(question.consumer?.minInstances, 'a job starts for its item and ends with it'),
        source: 'KEDA, Scaling Jobs',
      },
      {
        name: 'targetPerReplica',
        value: ITEMS_PER_JOB,
        unit: 'items',
        formula: 'one job an item, because an item takes longer than a node waits for a pod to end',
        inputs: { longestGraceSeconds: LONGEST_GRACE_SECONDS },
        source: 'KEDA, Scaling Jobs; cluster-autoscaler, --max-graceful-termination-sec',
      },
      pollingKnob(
        question.consumer?.pollSeconds,
        'default of KEDA: each poll starts a job for every item that has none',
      ),
      {
        name: 'startSeconds',
        value: startSeconds,
        unit: 's',
        formula: givenStart === undefined ? 'start of a pod, once for each item' : 'given',
        inputs: {},
        source: 'the consumer',
      },
      nodeProvisionKnob(question.nodeProvisionSeconds),
      deadlineKnob(itemTimeoutSeconds, startSeconds, question.nodeProvisionSeconds),
      gracePeriodKnob(itemTimeoutSeconds),
    ];
  },
};

function nodeProvisionKnob(given: number | undefined): Knob {
  return {
    name: 'nodeProvisionSeconds',
    value: given ?? NODE_PROVISION_SECONDS,
    unit: 's',
    formula: given === undefined ? 'after that the cluster autoscaler abandons a node and tries another' : 'given',
    inputs: {},
    source: 'Cluster Autoscaler FAQ, --max-node-provision-time: default 15 min',
  };
}

/** The clock of a job runs from its creation, also while its pod waits for a node. */
function deadlineKnob(itemTimeoutSeconds: number, startSeconds: number, given: number | undefined): Knob {
  const nodeProvisionSeconds = given ?? NODE_PROVISION_SECONDS;
  return {
    name: 'jobDeadlineSeconds',
    value: Math.ceil(nodeProvisionSeconds + startSeconds + itemTimeoutSeconds),
    unit: 's',
    formula: 'a new node comes + start of a pod + item time-out (P99.9 of the service time), rounded up',
    inputs: { nodeProvisionSeconds, startSeconds, itemTimeoutSeconds },
    source: 'Kubernetes, Jobs, activeDeadlineSeconds: it counts from when the job is created',
  };
}
