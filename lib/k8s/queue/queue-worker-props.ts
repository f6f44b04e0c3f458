/** The props of a worker on Kubernetes, and the checks on them. */
import { type Duration, type Size, SizeRoundingBehavior } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import { type Check, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, listOf, mapOf, needed, OBJECT, TEXT } from '../../flow/kinds';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';
import { DNS_SERVERS, type DnsServers, dnsChecks } from '../dns-servers';
import { DURATION, SIZE } from '../kinds';
import { environmentName, imageReference, labelChecks, textCheck } from '../names';
import type { QueueTrigger } from './queue-trigger';
import { SCALE_TARGET, type ScaleTarget, targetChecks } from './scale-target';
import { fallbackChecks, type ScalerFallback } from './scaler-fallback';
import type { WorkerProbes } from './worker-probes';

/** The label that selects the pods of a `ScaledJob`. */
export const JOB_LABEL = 'backpressure/worker';

/**
 * What a worker is sized from.
 */
export interface QueueWorkerProps {
  /**
   * What arrives in the queue and how long one item takes.
   */
  readonly workload: Workload;

  /**
   * The promise to the users of a queue.
   */
  readonly objective: Objective;

  /**
   * Where the work waits: `QueueTrigger.rabbitMq(…)`, `.sqs(…)`, `.redisStream(…)`, `.kafka(…)`, or `.custom(…)` for any
   * other queue that KEDA can count.
   */
  readonly trigger: QueueTrigger;

  /**
   * The image. It reads the queue's address from the environment, works on `SLOTS` items at a time, acknowledges an
   * item after its effect, answers `GET /healthz` on `HEALTH_PORT` unless `probes` says otherwise, and on SIGTERM stops
   * receiving and finishes its items. If every item gets its own job, `MAX_ITEMS` is 1: it works on one item, exits, and
   * answers no probe. Pin a digest or a version, never `latest`.
   *
   * @default - none; needed unless `target` is given
   */
  readonly image?: string;

  /**
   * A workload that is there already and that KEDA scales instead of a Deployment made here. Nothing is made for its pods:
   * `image`, `command`, `environment`, `resources`, `scratchSpace`, `probes` and `serviceAccount` are its own. What the plan
   * assumes of it is in the plan's remarks and in annotations of the `ScaledObject`; where the workload is in the same app,
   * its grace period is checked.
   *
   * @default - a Deployment is made, or a `ScaledJob` where an item takes too long for one
   */
  readonly target?: ScaleTarget;

  /**
   * Command of the container.
   *
   * @default - the image's own
   */
  readonly command?: string[];

  /**
   * Variables of the container, beside those that are set here: `SLOTS`, `HEALTH_PORT` or `MAX_ITEMS`, and those of the
   * queue. One of these is refused. Use `EnvValue.fromSecretValue` for secrets.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: kplus.EnvValue };

  /**
   * CPU and memory of one pod.
   *
   * @default - 250 m to 1 CPU, 256 MiB
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * Size of `/tmp`, the only folder that the container can write to, on the node's disk. A pod that writes more is
   * evicted. Whole MiB, 1 or more.
   *
   * @default Size.mebibytes(64)
   */
  readonly scratchSpace?: Size;

  /**
   * Settings of the consumer given by hand, such as `maxInstances`, `slotsPerInstance` or `startSeconds`. They are
   * checked against the workload, and the plan says `given`. `pollSeconds` is the autoscaler's polling interval, 0 s or
   * more; with `scaleToZero`, and if every item gets its own job, it is KEDA's `pollingInterval`, whole seconds, at
   * least
   * 1.
   *
   * @default - all derived; a pod starts in 30 s and works on one item at a time
   */
  readonly consumer?: Consumer;

  /**
   * Whether the last pod stops when the queue is empty. Waking up takes KEDA's polling interval and the start of a pod,
   * which must fit the latency.
   *
   * @default false
   */
  readonly scaleToZero?: boolean;

  /**
   * How long the queue must be idle before pods are removed. At least the time of one item; 10 s to a day. Without
   * effect if every item gets its own job: the job ends with its item.
   *
   * @default - 5 minutes, or the time of one item if that is longer
   */
  readonly cooldown?: Duration;

  /**
   * The longest time to provision a node. If every item gets its own job, the job's deadline includes the time for
   * which its pod waits for a node. Whole seconds, 0 (nodes are always there) to a day.
   *
   * @default Duration.minutes(15), after which the cluster autoscaler gives a node up
   */
  readonly nodeProvisionTime?: Duration;

  /**
   * How Kubernetes finds out that a pod hangs: `WorkerProbes.http(…)`, `.command(…)` or `.none(reason)`. Not if every item
   * gets its own job, which has a deadline instead.
   *
   * @default WorkerProbes.http()
   */
  readonly probes?: WorkerProbes;

  /**
   * What runs while KEDA cannot read the queue: `ScalerFallback.replicas(…)` or `.none(reason)`. Not if every item gets its
   * own job: KEDA has no fallback for jobs.
   *
   * @default - the `maxInstances` of the plan: whoever cannot see the queue assumes its peak
   */
  readonly fallback?: ScalerFallback;

  /**
   * The service account of the pods, if there is one already. A role of the cloud has to be bound to it.
   *
   * @default - one is made, without a token
   */
  readonly serviceAccount?: kplus.IServiceAccount;

  /**
   * Labels of every object that is made here and of its pods, such as `app.kubernetes.io/name`. Those of the chart are on
   * them too.
   *
   * @default - only those of the chart
   */
  readonly labels?: { [label: string]: string };

  /**
   * More labels of the `PrometheusRule`, such as `release: kube-prometheus-stack` for the `ruleSelector` of that chart.
   *
   * @default - those of the chart and `labels`
   */
  readonly alertLabels?: { [label: string]: string };

  /**
   * The DNS servers of the cluster, for the NetworkPolicy.
   *
   * @default - port 53 in `kube-system`
   */
  readonly dns?: DnsServers;
}

/** What each prop has to be. */
export const WORKER_KINDS: Kinds<QueueWorkerProps> = {
  workload: CHECKED,
  objective: CHECKED,
  trigger: needed(
    having(['_trigger'], 'a QueueTrigger: QueueTrigger.rabbitMq(), .sqs(), .redisStream(), .kafka() or .custom()'),
  ),
  image: TEXT,
  target: SCALE_TARGET,
  command: listOf(TEXT),
  environment: mapOf(having(['value', 'valueFrom'], "an EnvValue: EnvValue.fromValue('text')")),
  resources: OBJECT,
  scratchSpace: SIZE,
  consumer: OBJECT,
  scaleToZero: FLAG,
  cooldown: DURATION,
  nodeProvisionTime: DURATION,
  probes: having(['_binding'], 'WorkerProbes: WorkerProbes.http(), .command() or .none()'),
  fallback: having(['_replicas'], 'a ScalerFallback: ScalerFallback.replicas() or .none()'),
  serviceAccount: having(['name', 'kind', 'apiVersion'], 'a ServiceAccount of cdk8s-plus-28'),
  labels: mapOf(TEXT),
  alertLabels: mapOf(TEXT),
  dns: DNS_SERVERS,
};

/** Props of the pods that are made here. */
const OF_PODS = [
  'image',
  'command',
  'environment',
  'resources',
  'scratchSpace',
  'probes',
  'serviceAccount',
  'nodeProvisionTime',
] as const;

/** The label by which a Deployment of cdk8s-plus-28 knows its pods. */
const SELECTOR = 'cdk8s.io/metadata.addr';

/** What is wrong with the props, beside what the plan refuses. */
export function workerChecks(props: QueueWorkerProps): Check[] {
  const { image, target, labels, cooldown, command = [], environment = {}, scratchSpace, nodeProvisionTime } = props;
  const seconds = cooldown?.toSeconds({ integral: false });
  return [
    imageReference('image', image),
    { refused: image === undefined && target === undefined, message: 'image is missing' },
    ...targetChecks(target),
    ...OF_PODS.map((name) => ({
      refused: target !== undefined && props[name] !== undefined,
      message: `${name} must not be given with target: the pods are those of ${target?.name}`,
    })),
    ...(props.probes?._binding?.checks ?? []),
    ...fallbackChecks(props.fallback),
    ...labelChecks('labels', labels),
    ...labelChecks('alertLabels', props.alertLabels),
    ...[SELECTOR, JOB_LABEL].map((label) => ({
      refused: labels?.[label] !== undefined,
      message: `labels must not have ${label}, by which the pods are selected`,
    })),
    ...dnsChecks('dns', props.dns),
    ...command.map((one) => textCheck('command', one, (text) => !text.includes('\0'), 'text without a zero byte')),
    ...Object.keys(environment).map((name) => environmentName('environment', name)),
    wholeNumber('scratchSpace in MiB', scratchSpace?.toMebibytes({ rounding: SizeRoundingBehavior.NONE }), 1),
    wholeNumber('nodeProvisionTime in seconds', nodeProvisionTime?.toSeconds({ integral: false }), 0, 86_400),
    {
      refused: seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 10 && seconds <= 86_400),
      message: `cooldown in seconds must be a whole number, between 10 and 86400, got ${seconds}`,
    },
  ];
}
