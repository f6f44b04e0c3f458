/** What several wholes have to show. */
import type { Shown } from './exercise';

/** An alert on a dead-letter queue, by whatever name. */
export const SET_ASIDE = /\bdead\b|dead.?letter|set.?aside/i;

/** Containers of a pod, with their image. */
export function runsImage(type: string): Shown {
  return { claim: `${type} has the image of its program`, types: [type], lines: [/containers\[0\]\.image: \S/] };
}

/** A scaler of KEDA with a ceiling, on a trigger that matches. */
export function scaledOn(claim: string, trigger: RegExp): Shown {
  return {
    claim,
    types: ['keda.sh/ScaledObject'],
    lines: [/^spec\.scaleTargetRef\.name: \S/, /^spec\.maxReplicaCount: [1-9]/, trigger],
  };
}

/** A queue of Amazon SQS with a dead-letter queue. */
export const SETS_ASIDE: Shown = {
  claim: 'a queue sets aside what fails again and again',
  types: ['AWS::SQS::Queue'],
  lines: [/^Properties\.RedrivePolicy\.deadLetterTargetArn: \S/, /^Properties\.RedrivePolicy\.maxReceiveCount: [1-9]/],
};

/** A function with a program. */
export const RUNS_FUNCTION: Shown = {
  claim: 'a function has its program',
  types: ['AWS::Lambda::Function'],
  lines: [/^Properties\.Code\.\w+: \S/, /^Properties\.(Handler|PackageType): \S/],
};

/** A table with a key. */
export const HAS_KEY: Shown = {
  claim: 'the table has a key',
  types: ['AWS::DynamoDB::Table'],
  lines: [/^Properties\.KeySchema\[0\]\.AttributeName: \S/],
};

/** Users of Kafka, each with a quota. */
export function usersWithQuota(count: number): Shown {
  return {
    claim: `${count === 1 ? 'a user has' : `${count} users have`} a quota`,
    types: ['kafka.strimzi.io/KafkaUser'],
    lines: [/^spec\.quotas\.(producer|consumer)ByteRate: [1-9]/],
    count,
  };
}

/** Topics of Kafka, each with a retention. */
export function topicsWithRetention(count: number): Shown {
  return {
    claim: `${count === 1 ? 'a topic has' : `${count} topics have`} partitions and a retention`,
    types: ['kafka.strimzi.io/KafkaTopic'],
    lines: [/^spec\.partitions: [1-9]/, /^spec\.config\.retention\.(ms|bytes): [1-9]/],
    count,
  };
}

/** Who may connect to the pods, and where they may. */
export const BOUNDS_CONNECTIONS: Shown = {
  claim: 'a policy says who may connect',
  types: ['networking.k8s.io/NetworkPolicy'],
  lines: [/^spec\.policyTypes\[0\]: \S/],
};

/** A budget that selects pods. */
export const BOUNDS_DISRUPTIONS: Shown = {
  claim: 'a budget bounds the disruptions of these pods',
  types: ['policy/PodDisruptionBudget'],
  lines: [/^spec\.(maxUnavailable|minAvailable): \S/, /^spec\.selector\.match/],
};
