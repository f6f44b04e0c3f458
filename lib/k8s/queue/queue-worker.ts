import { ApiObject, App, Chart, Duration, JsonPatch, Lazy, type Size, SizeRoundingBehavior } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { type Check, isKnown, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, listOf, mapOf, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { withQueueSettings } from '../../flow/queue/existing';
import { planQueue } from '../../flow/queue/plan';
import { kedaPlatform } from '../../flow/queue/platforms/keda';
import type { Consumer, Objective, QueuePlan, Workload } from '../../flow/queue/workload';
import { type Alert, alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { DURATION, SIZE } from '../kinds';
import { environmentName, imageReference, textCheck } from '../names';
import { networkPolicy } from '../network-policy';
import {
  chartLabels,
  DEFAULT_RESOURCES,
  disruptionBudget,
  mountTemporary,
  onLinux,
  refuseSharedPaths,
  restrictedContainer,
  restrictedPod,
  spreadOverNodes,
  UNDISTURBED,
} from '../restricted-pod';
import { queueAlerts, queueGraphs } from './queue-alerts';
import type { QueueTrigger } from './queue-trigger';
import type { TriggerBinding, WorkerShape } from './trigger';
import { jobsFollow, replicasFollow } from './worker-scaler';

/** Port on which the worker answers probes. */
const HEALTH_PORT = 8080;

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
   * Where the work waits: `QueueTrigger.rabbitMq(…)`, `.sqs(…)`, `.redisStream(…)` or `.kafka(…)`.
   */
  readonly trigger: QueueTrigger;

  /**
   * The image. It reads the queue's address from the environment, works on `SLOTS` items at a time, acknowledges an
   * item after its effect, answers `GET /healthz` on `HEALTH_PORT`, and on SIGTERM stops receiving and finishes its
   * items. If every item gets its own job, `MAX_ITEMS` is 1: it works on one item, exits, and answers no probe. Pin a
   * digest or a version, never `latest`.
   */
  readonly image: string;

  /**
   * Command of the container.
   *
   * @default - the image's own
   */
  readonly command?: string[];

  /**
   * Variables of the container, beside those of the queue. Use `EnvValue.fromSecretValue` for secrets.
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
}

/**
 * Pods that are sized for their queue: the number of pods, the backlog for each, its prefetch and its grace period
 * follow from the workload.
 *
 * Cures queues that back up at a peak behind a fixed number of consumers (case 2), and workers whose scaling target was
 * set as if it were a threshold (case 6). If an item takes longer than a node waits for a pod to end, every item gets
 * its own job instead of a Deployment.
 */
export class QueueWorker extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: QueuePlan;

  /**
   * The Deployment.
   *
   * @default - a `ScaledJob` makes the pods, because an item takes longer than a pod is given to end
   */
  public readonly deployment?: kplus.Deployment;

  /** The `ScaledObject`, or the `ScaledJob`. */
  public readonly scaler: ApiObject;

  /** The container that works. */
  public readonly container: kplus.Container;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when the workload cannot be served within the objective; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: QueueWorkerProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const trigger = usable.trigger?._trigger;
    // A workload that is none is refused by the plan, on whichever platform.
    const platform = isKnown(usable.workload?.serviceSeconds) ? kedaPlatform(usable.workload) : 'keda';
    const plan = planQueue(
      id,
      {
        ...trigger?.question,
        workload: usable.workload,
        objective: usable.objective,
        consumer: usable.consumer,
        platform,
        scaleToZero: usable.scaleToZero,
        cooldownSeconds: usable.cooldown?.toSeconds({ integral: false }),
        nodeProvisionSeconds: usable.nodeProvisionTime?.toSeconds({ integral: false }),
      },
      [...checks, ...(trigger?.checks ?? []), ...inputChecks(usable)],
    );
    this.plan = trigger.settings === undefined ? plan : withQueueSettings(plan, trigger.settings);
    const sleeps = this.plan.value('minInstances') === 0;
    const worker: WorkerShape = { perItem: platform === 'keda-job', sleeps };
    const binding = trigger.bind({ scope: this, plan: this.plan, target: this.plan.value('targetPerReplica') });
    const serviceAccount = new kplus.ServiceAccount(this, 'ServiceAccount', {
      automountToken: false,
      metadata: { annotations: { ...trigger.serviceAccountAnnotations } },
    });
    if (worker.perItem) {
      const job = this.createJob(usable, binding, serviceAccount);
      this.container = job.container;
      this.scaler = job.scaler;
    } else {
      this.deployment = this.createDeployment(usable, binding, serviceAccount);
      this.container = this.deployment.containers[0];
      this.scaler = replicasFollow(this, this.deployment.name, this.plan, binding, worker);
      disruptionBudget(this, 'DisruptionBudget', this.deployment.matchLabels);
    }
    const labels = this.deployment?.matchLabels ?? { [JOB_LABEL]: this.node.addr };
    // Probes come from the node, to which policies do not apply; nothing else needs to reach a worker.
    networkPolicy(this, 'NetworkPolicy', labels, binding.egress);
    const alerts: Alert[] = [...queueAlerts(this.plan, this.scaler, binding, worker), ...binding.alerts];
    this.alerts = alertRules(this, 'Alerts', this.node.path, alerts);
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, queueGraphs(this.plan, this.scaler, binding, worker));
  }

  private createDeployment(
    props: QueueWorkerProps,
    binding: TriggerBinding,
    serviceAccount: kplus.IServiceAccount,
  ): kplus.Deployment {
    const deployment = new kplus.Deployment(this, 'Deployment', {
      podMetadata: { labels: chartLabels(this) },
      securityContext: restrictedPod(),
      serviceAccount,
      automountServiceAccountToken: false,
      terminationGracePeriod: Duration.seconds(this.plan.value('terminationGracePeriodSeconds')),
      progressDeadline: Duration.seconds(this.plan.value('progressDeadlineSeconds')),
      containers: [this.containerProps(props, binding, true)],
    });
    spreadOverNodes(deployment);
    this.finishPod(deployment, props);
    // KEDA sets the replicas; a number here would reset them at every deployment.
    ApiObject.of(deployment).addJsonPatch(JsonPatch.remove('/spec/replicas'));
    return deployment;
  }

  private finishPod(workload: kplus.Workload, { scratchSpace }: QueueWorkerProps): void {
    onLinux(workload);
    mountTemporary(this, workload.containers[0], scratchSpace);
    refuseSharedPaths(this, workload, { '/tmp': 'its size is scratchSpace' });
  }

  private containerProps(props: QueueWorkerProps, binding: TriggerBinding, serves: boolean): kplus.ContainerProps {
    const envVariables: Record<string, kplus.EnvValue> = { ...props.environment };
    const set = (name: string, text: string) => {
      envVariables[name] = kplus.EnvValue.fromValue(text);
    };
    for (const name of Object.keys(binding.environment)) set(name, binding.environment[name]);
    set('SLOTS', String(this.plan.value('slotsPerInstance')));
    if (serves) set('HEALTH_PORT', String(HEALTH_PORT));
    else set('MAX_ITEMS', '1');
    for (const name of Object.keys(binding.secrets)) {
      const { secretName, key } = binding.secrets[name];
      const secret = kplus.Secret.fromSecretName(this, `Secret${name}`, secretName);
      envVariables[name] = kplus.EnvValue.fromSecretValue({ secret, key });
    }
    const probe = (kind: 'readiness' | 'liveness' | 'startup') =>
      kplus.Probe.fromHttpGet('/healthz', {
        port: HEALTH_PORT,
        periodSeconds: Duration.seconds(this.plan.value('probePeriodSeconds')),
        failureThreshold: this.plan.value(`${kind}ProbeFailures`),
      });
    return {
      name: 'worker',
      image: props.image,
      command: props.command,
      envVariables,
      resources: props.resources ?? DEFAULT_RESOURCES,
      securityContext: restrictedContainer(),
      ...(serves
        ? {
            ports: [{ name: 'health', number: HEALTH_PORT }],
            readiness: probe('readiness'),
            liveness: probe('liveness'),
            startup: probe('startup'),
          }
        : {}),
    };
  }

  /** One job an item: its pod ends with the item, and the scaler does not stop it earlier. */
  private createJob(
    props: QueueWorkerProps,
    binding: TriggerBinding,
    serviceAccount: kplus.IServiceAccount,
  ): { container: kplus.Container; scaler: ApiObject } {
    // Only its pod template is needed, so it is built in a scratch chart that is never synthesized.
    const job = new kplus.Job(new Chart(new App(), 'templates'), this.node.addr, {
      podMetadata: { labels: { ...chartLabels(this), [JOB_LABEL]: this.node.addr }, annotations: { ...UNDISTURBED } },
      securityContext: restrictedPod(),
      serviceAccount,
      automountServiceAccountToken: false,
      restartPolicy: kplus.RestartPolicy.NEVER,
      terminationGracePeriod: Duration.seconds(this.plan.value('terminationGracePeriodSeconds')),
      containers: [this.containerProps(props, binding, false)],
    });
    this.finishPod(job, props);
    // Read at synthesis, so that it includes the volumes that users mount into the container.
    const template = Lazy.any({ produce: () => ApiObject.of(job).toJson().spec.template });
    const scaler = jobsFollow(this, template, this.plan, binding);
    return { container: job.containers[0], scaler };
  }
}

/** The label that selects the pods of a `ScaledJob`. */
const JOB_LABEL = 'backpressure/worker';

const KINDS: Kinds<QueueWorkerProps> = {
  workload: CHECKED,
  objective: CHECKED,
  trigger: needed(having(['_trigger'], 'a QueueTrigger: QueueTrigger.rabbitMq(), .sqs(), .redisStream() or .kafka()')),
  image: needed(TEXT),
  command: listOf(TEXT),
  environment: mapOf(having(['value', 'valueFrom'], "an EnvValue: EnvValue.fromValue('text')")),
  resources: OBJECT,
  scratchSpace: SIZE,
  consumer: OBJECT,
  scaleToZero: FLAG,
  cooldown: DURATION,
  nodeProvisionTime: DURATION,
};

function inputChecks(props: QueueWorkerProps): Check[] {
  const { image, cooldown, command = [], environment = {}, scratchSpace, nodeProvisionTime } = props;
  const seconds = cooldown?.toSeconds({ integral: false });
  return [
    imageReference('image', image),
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
