import { grouped } from '../../flow/grouped';
import { FAILED_READINGS } from '../../flow/queue/platforms/keda';
import { isTriggerCredential } from '../credentials';
import type { Resource, Value } from '../document';
import { greatest } from '../extremes';
import { oncePer } from '../once-per';
import { own } from '../own';
import type { Found, Rule } from '../rule';
import type { Manifests } from './read/manifests';
import { DEFAULT_MAX_REPLICAS, scalers, targetName, targetRef, triggers, triggersOf } from './read/scalers';

/** Scalers whose metrics come from the cluster itself, or from a clock: they cannot be out of reach. */
const NEVER_FAIL = ['cpu', 'memory', 'cron', 'kubernetes-workload'];

/** Messages for one replica from which on a number is more likely meant as a threshold. */
const PER_REPLICA = 50;

/** The same where the name of the field says that it is a target. */
const FAR_PER_REPLICA = 1000;

/** The fields in which triggers give messages, or lag, for each replica. */
const TARGETS: Readonly<Record<string, string>> = {
  rabbitmq: 'value',
  'aws-sqs-queue': 'queueLength',
  kafka: 'lagThreshold',
  'apache-kafka': 'lagThreshold',
  'azure-queue': 'queueLength',
  'azure-servicebus': 'messageCount',
  redis: 'listLength',
  'gcp-pubsub': 'value',
};

/** Finished Jobs of each kind that a ScaledJob keeps when it says nothing. */
const DEFAULT_HISTORY = 100;

/** Rules about KEDA's ScaledObjects and ScaledJobs. */
export const KEDA_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-KEDA-001',
    title: 'A queue length used as a threshold is a target for each replica',
    why: 'KEDA starts one replica for each such number of messages: with 500, a second pod starts at 501 messages and the last one only when 500 wait for every pod. The field is also deprecated.',
    source: 'KEDA, RabbitMQ Queue scaler: queueLength is deprecated, use mode and value',
    severity: 'error',
    cases: [6],
    *check(manifests) {
      for (const { scaler, trigger } of triggers(manifests)) {
        const length = trigger.at('metadata', 'queueLength');
        if (trigger.at('type').text() !== 'rabbitmq' || !length.present) {
          yield* farAbove(scaler, trigger);
          continue;
        }
        const target = length.number();
        const replicas = scaler.at('spec', 'maxReplicaCount').number(DEFAULT_MAX_REPLICAS);
        const depth =
          target === undefined || replicas === undefined
            ? 'the last replica starts only at maxReplicaCount times as many'
            : `all ${replicas} replicas run only from ${target} × ${replicas - 1} = ${target * (replicas - 1)} messages on`;
        // A few messages for each replica are what it means; the old name is all that is wrong.
        const meant = target !== undefined && target < PER_REPLICA;
        yield {
          at: length,
          severity: meant ? 'warning' : 'error',
          message: meant
            ? `queueLength is deprecated; ${target} is the target for each replica`
            : `queueLength ${length.text()} is the target for each replica, not a threshold: ${depth}`,
          fix: 'write mode: QueueLength, with the number of messages that one replica clears within the acceptable wait as value: wait ÷ service time × slots',
        };
      }
    },
  },
  {
    id: 'BP-KEDA-002',
    title: 'A trigger has a credential in plain text',
    why: 'Everyone who may read ScaledObjects can read the password, and so can every tool that logs or stores manifests.',
    source: 'KEDA, Authentication: TriggerAuthentication with secretTargetRef',
    severity: 'error',
    cases: [6],
    *check(manifests) {
      for (const { trigger } of triggers(manifests)) {
        for (const [key, value] of trigger.at('metadata').entries()) {
          // KEDA resolves …FromEnv from the pod; the value is a name, not a secret.
          if (key.endsWith('FromEnv') || !isTriggerCredential(key, value.text() ?? '')) continue;
          yield {
            at: value,
            message: `${key} of the ${trigger.at('type').text()} trigger holds a credential in plain text`,
            fix: `move it to a Secret, and name the Secret in a TriggerAuthentication under authenticationRef`,
          };
        }
      }
    },
  },
  {
    id: 'BP-KEDA-003',
    title: 'A scaler has no fallback for a source that does not answer',
    why: 'While the source does not answer, KEDA has no metric: it does not scale out under any load, and workloads at zero stay there.',
    source: 'KEDA, ScaledObject specification, "fallback": for metrics of type AverageValue and Value',
    severity: 'warning',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType('keda.sh/ScaledObject')) {
        const failing = triggersOf(scaler).filter(
          (trigger) =>
            trigger.at('type').text() !== undefined &&
            !NEVER_FAIL.includes(trigger.at('type').text()!) &&
            ['AverageValue', 'Value'].includes(trigger.at('metricType').text('AverageValue') ?? ''),
        );
        const fallback = scaler.at('spec', 'fallback');
        if (failing.length === 0 || !fallback.absent) continue;
        const least = scaler.at('spec', 'minReplicaCount').number(0);
        const stays = least === 0 ? 'it stays at zero' : 'the replicas stay as they are';
        yield {
          at: fallback,
          message: `no fallback: while ${failing.map((trigger) => trigger.at('type').text()).join(' and ')} cannot be queried, ${stays}`,
          fix: `add fallback with failureThreshold ${FAILED_READINGS} and, as replicas, the number for an ordinary hour`,
          // With this behavior what runs keeps running, and a workload at zero starts.
          ...(least === undefined
            ? {}
            : {
                instead: {
                  failureThreshold: FAILED_READINGS,
                  replicas: Math.max(1, least),
                  behavior: 'currentReplicasIfHigher',
                },
              }),
        };
      }
    },
  },
  {
    id: 'BP-KEDA-004',
    title: 'Replicas and partitions of a topic do not fit',
    why: 'A partition is read by one consumer of a group. With more replicas than partitions the capacity planned for the peak never starts, or has nothing to read; with a maximum that nobody chose below them, partitions share consumers at the peak.',
    source: 'KEDA, Apache Kafka scaler: allowIdleConsumers',
    severity: 'warning',
    cases: [5],
    *check(manifests) {
      for (const scaler of manifests.ofType('keda.sh/ScaledObject')) {
        const most = scaler.at('spec', 'maxReplicaCount');
        const replicas = most.number(DEFAULT_MAX_REPLICAS);
        const limits = triggersOf(scaler).map((trigger) => consumersAtMost(manifests, trigger));
        if (replicas === undefined || limits.length === 0 || limits.includes(undefined)) continue;
        const partitions = greatest(limits.map((limit) => limit!));
        if (replicas === partitions || (replicas < partitions && !most.absent)) continue;
        const topics = triggersOf(scaler).map((trigger) => trigger.at('metadata', 'topic').text());
        if (replicas < partitions) {
          yield {
            at: most,
            message: `no maxReplicaCount: at most ${replicas} replicas, the default, for the ${partitions} partitions of ${topics.join(', ')}`,
            fix: `set maxReplicaCount to ${partitions}, or to what the peak needs`,
          };
          continue;
        }
        yield {
          at: most,
          message: `${most.absent ? 'no maxReplicaCount, and its default' : 'maxReplicaCount'} ${replicas} is never reached: ${topics.join(', ')} has ${partitions} partitions, each read by one consumer`,
          fix: `give the topic ${replicas} partitions or more, or set maxReplicaCount to ${partitions}`,
        };
      }
      for (const scaler of manifests.ofType('autoscaling/HorizontalPodAutoscaler'))
        yield* idleReplicas(manifests, scaler);
    },
  },
  {
    id: 'BP-KEDA-017',
    title: 'The last replicas of a consumer group change nothing',
    why: 'A partition is read by one consumer of a group. The busiest of n consumers reads ⌈partitions ÷ n⌉ of them, so that between two numbers that share them evenly more replicas idle part of the time, and the lag of the busiest stays.',
    source: 'Apache Kafka documentation, Consumers: each partition has one reader in a group',
    severity: 'warning',
    cases: [5],
    *check(manifests) {
      for (const scaler of manifests.ofType('keda.sh/ScaledObject')) {
        const most = scaler.at('spec', 'maxReplicaCount');
        const replicas = most.number();
        const triggers = triggersOf(scaler);
        const partitions = triggers.length === 1 ? consumersAtMost(manifests, triggers[0]) : undefined;
        if (replicas === undefined || partitions === undefined || replicas < 1 || replicas >= partitions) continue;
        const busiest = Math.ceil(partitions / replicas);
        const enough = Math.ceil(partitions / busiest);
        if (enough >= replicas) continue;
        const next = Math.ceil(partitions / (busiest - 1));
        yield {
          at: most,
          message: `of ${partitions} partitions the busiest of ${replicas} consumers reads ${busiest}, as the busiest of ${enough} does: ${replicas - enough === 1 ? 'one replica changes' : `${replicas - enough} replicas change`} nothing`,
          fix: `set maxReplicaCount to ${enough}, or to ${next}, of which the busiest reads ${busiest - 1}`,
        };
      }
    },
  },
  {
    id: 'BP-KEDA-006',
    title: 'Two scalers decide about one workload',
    why: "Each sets its own number of replicas and undoes the other's: pods start and stop all the time, and work in flight is lost.",
    source: 'KEDA, Scaling Deployments, "Caveats": a ScaledObject and an HPA must not scale the same resource',
    severity: 'error',
    cases: [],
    *check(manifests) {
      const taken = new Map<string, Resource>();
      for (const scaler of scalers(manifests)) {
        const target = targetName(scaler);
        if (target === undefined) continue;
        const first = taken.get(target);
        if (!first) taken.set(target, scaler);
        else if (!takesOver(first, scaler) && !takesOver(scaler, first)) {
          yield {
            at: targetRef(scaler).at('name'),
            message: `${target.split('/').slice(1).join('/')} is scaled by ${scaler.name} and by ${first.name}: each undoes the other's changes`,
            fix: `put all signals into one scaler: the triggers of a ScaledObject may include cpu and memory`,
          };
        }
      }
    },
  },
  {
    id: 'BP-KEDA-010',
    title: 'The fewest replicas are more than the most',
    why: 'KEDA sets the fewest, and the autoscaler that it made the most: each undoes the other, and pods start and stop all the time.',
    source: 'KEDA, Cron scaler: desiredReplicas; kedacore/keda issue 5288',
    severity: 'error',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType('keda.sh/ScaledObject', 'keda.sh/ScaledJob')) {
        const most = scaler.at('spec', 'maxReplicaCount').number(DEFAULT_MAX_REPLICAS);
        if (most === undefined) continue;
        const wanted = triggersOf(scaler)
          .filter((trigger) => trigger.at('type').text() === 'cron')
          .map((trigger) => trigger.at('metadata', 'desiredReplicas'));
        for (const at of [scaler.at('spec', 'minReplicaCount'), ...wanted]) {
          const fewest = at.number();
          if (fewest === undefined || fewest <= most) continue;
          const name = at.path.slice(at.path.lastIndexOf('.') + 1);
          yield {
            at,
            message: `${name} ${fewest} is above maxReplicaCount ${most}: they undo each other`,
            fix: `set maxReplicaCount to ${fewest} or more, or ${name} to ${most} or less`,
          };
        }
      }
    },
  },
  {
    id: 'BP-KEDA-016',
    title: 'A scaler is written for KEDA 1',
    why: 'KEDA 2 watches another API group. On a cluster without the definitions of KEDA 1 the object is refused; on one that still has them it is accepted and nobody acts on it, so that the workload keeps its replicas under any load.',
    source:
      'KEDA, Migration Guide: apiVersion keda.sh/v1alpha1, and scaleTargetRef.name in the place of deploymentName',
    severity: 'error',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType('keda.sh/ScaledObject', 'keda.sh/ScaledJob')) {
        const version = scaler.at('apiVersion');
        if (!version.text('')?.startsWith('keda.k8s.io/')) continue;
        yield {
          at: version,
          message: `${version.text()} is the API of KEDA 1, which KEDA 2 does not read: nothing is scaled`,
          fix: 'set apiVersion to keda.sh/v1alpha1, scaleTargetRef.deploymentName to name, and drop the label deploymentName',
        };
      }
    },
  },
  {
    id: 'BP-KEDA-009',
    title: 'A ScaledJob keeps finished Jobs, or waits for Jobs that hang',
    why: 'KEDA starts one Job for each item. Without limits of its own it keeps 100 that succeeded and 100 that failed, each with its pod; and a hanging Job holds one of maxReplicaCount places without end.',
    source: 'KEDA, ScaledJob specification: successfulJobsHistoryLimit, failedJobsHistoryLimit; Kubernetes, Jobs',
    severity: 'warning',
    cases: [6],
    *check(manifests) {
      for (const scaler of manifests.ofType('keda.sh/ScaledJob')) {
        const job = scaler.at('spec', 'jobTargetRef');
        const defaulted = ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'].filter(
          (limit) => scaler.at('spec', limit).absent,
        );
        if (defaulted.length > 0 && job.at('ttlSecondsAfterFinished').absent) {
          yield {
            at: scaler.at('spec', defaulted[0]),
            message: `no ${defaulted.join(' and no ')}: ${defaulted.length * DEFAULT_HISTORY} finished Jobs are kept, each with its pod`,
            fix: `set ${defaulted.join(' and ')} to 10 or less`,
          };
        }
        const deadline = job.at('activeDeadlineSeconds');
        if (!deadline.absent || !job.at('template', 'spec', 'activeDeadlineSeconds').absent) continue;
        const most = scaler.at('spec', 'maxReplicaCount').number(DEFAULT_MAX_REPLICAS);
        yield {
          at: deadline,
          message: `no activeDeadlineSeconds: a Job that hangs keeps its place${most === undefined ? '' : `, and ${most} of them stop all work`}`,
          fix: 'set jobTargetRef.activeDeadlineSeconds to a few times the duration of the longest item',
        };
      }
    },
  },
];

/** A target for each replica that is reached only when the queue is far longer than people mean. */
function* farAbove(scaler: Resource, trigger: Value): Iterable<Found> {
  const field = own(TARGETS, trigger.at('type').text() ?? '');
  const at = trigger.at('metadata', field ?? '');
  const target = field === undefined ? undefined : at.number();
  const replicas = scaler.at('spec', 'maxReplicaCount').number(DEFAULT_MAX_REPLICAS);
  if (target === undefined || replicas === undefined || replicas < 2 || target < FAR_PER_REPLICA) return;
  // A number that is kept needs no target: the depth is only read.
  if (scaler.at('spec', 'minReplicaCount').number(0) === replicas) return;
  const metadata = trigger.at('metadata');
  // A rate is another thing, and so is a value for all replicas.
  if (metadata.at('mode').text('QueueLength') !== 'QueueLength') return;
  if (trigger.at('metricType').text('AverageValue') !== 'AverageValue') return;
  yield {
    at,
    severity: 'warning',
    message: `${field} ${target} is the target for each replica, not a threshold: all ${replicas} replicas run only from ${target} × ${replicas - 1} = ${target * (replicas - 1)} on`,
    fix: 'set it to the number that one replica clears within the acceptable wait: wait ÷ service time × slots',
  };
}

/** The finding for an autoscaler on the lag of a topic that has fewer partitions than it may start replicas. */
function* idleReplicas(manifests: Manifests, scaler: Resource): Iterable<Found> {
  const at = scaler.at('spec', 'maxReplicas');
  const most = at.number();
  const topics = scaler
    .at('spec', 'metrics')
    .items()
    .map((metric) => metric.at('external', 'metric'))
    .filter((metric) => /kafka.*lag/i.test(metric.at('name').text() ?? ''))
    .map((metric) => metric.at('selector', 'matchLabels', 'topic').text());
  const [topic] = topics;
  if (most === undefined || topic === undefined || topics.length !== scaler.at('spec', 'metrics').items().length)
    return;
  const partitions = new Set(
    topics.flatMap((name) => (name === undefined ? undefined : partitionsOf(manifests).get(name)) ?? [undefined]),
  );
  const [count] = partitions;
  if (partitions.size !== 1 || count === undefined || most <= count) return;
  yield {
    at,
    message: `up to ${most} replicas, and ${topic} has ${count} partitions, each read by one consumer: ${most - count} have nothing to read`,
    fix: `set maxReplicas to ${count}, or give the topic ${most} partitions`,
  };
}

/** Consumers that KEDA starts at most for a trigger; undefined when it is no Kafka trigger, or that is not decided. */
function consumersAtMost(manifests: Manifests, trigger: Value): number | undefined {
  const metadata = trigger.at('metadata');
  const topic = metadata.at('topic').text();
  const idle = ['allowIdleConsumers', 'limitToPartitionsWithLag'].some((key) => metadata.at(key).flag(false) !== false);
  if (!['kafka', 'apache-kafka'].includes(trigger.at('type').text() ?? '') || topic === undefined || idle)
    return undefined;
  const partitions = new Set(partitionsOf(manifests).get(topic));
  return partitions.size === 1 ? [...partitions][0] : undefined;
}

/** Partitions of topics, by the name that brokers know them by. */
const partitionsOf = oncePer((manifests: Manifests) =>
  grouped(
    manifests.ofType('kafka.strimzi.io/KafkaTopic').map((topic) => {
      const name = topic.at('spec', 'topicName').text(topic.at('metadata', 'name').text());
      return [name, topic.at('spec', 'partitions').number()] as const;
    }),
  ),
);

/** Whether one scaler is set to take over the other. */
function takesOver(scaler: Resource, other: Resource): boolean {
  const annotations = scaler.at('metadata', 'annotations');
  if (scaler.type !== 'keda.sh/ScaledObject' || other.type === scaler.type) return false;
  return annotations.at('scaledobject.keda.sh/transfer-hpa-ownership').flag(false) !== false;
}
