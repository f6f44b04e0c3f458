import { ApiObject, App, Chart, Duration, JsonPatch, Lazy } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { InvalidInputError, isKnown, validate } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { planQueue } from '../../flow/queue/plan';
import { PLATFORM_FACTS } from '../../flow/queue/platforms/facts';
import { kedaPlatform } from '../../flow/queue/platforms/keda';
import type { QueuePlan } from '../../flow/queue/workload';
import { type Alert, alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { keepPatches } from '../keep-patches';
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
import { probesOf } from './probe-binding';
import { queueAlerts, queueGraphs } from './queue-alerts';
import { JOB_LABEL, type QueueWorkerProps, WORKER_KINDS, workerChecks } from './queue-worker-props';
import type { RabbitMqTopology } from './rabbitmq-topology';
import type { ScaleTarget } from './scale-target';
import { assumedAnnotations, assumptionsOf, checkTarget, targetReference } from './target-plan';
import type { Trigger, TriggerBinding, WorkerShape } from './trigger';
import { consumerFor, jobChecks, planChecks, planOf } from './worker-plan';
import { WorkerProbes } from './worker-probes';
import { jobsFollow, replicasFollow } from './worker-scaler';

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

  /**
   * The service account of the pods, where it is made here.
   *
   * @default - none with `target` or `serviceAccount`
   */
  public readonly serviceAccount?: kplus.ServiceAccount;

  /**
   * The NetworkPolicy: DNS and the queue, and no connection in.
   *
   * @default - none for a `target` that does not ask for it
   */
  public readonly networkPolicy?: ApiObject;

  /**
   * The PodDisruptionBudget: a node is drained one pod at a time.
   *
   * @default - none for jobs, and for a `target` that does not ask for it
   */
  public readonly disruptionBudget?: ApiObject;

  /**
   * The `TriggerAuthentication`, by which KEDA reads the queue.
   *
   * @default - none where the queue needs no credentials
   */
  public readonly triggerAuthentication?: ApiObject;

  /**
   * The objects of a RabbitMQ queue that is declared here.
   *
   * @default - the queue is another one, or exists already
   */
  public readonly topology?: RabbitMqTopology;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  private readonly made?: kplus.Container;

  /**
   * @throws CapacityError when the workload cannot be served within the objective; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: QueueWorkerProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, WORKER_KINDS);
    const { target } = usable;
    const trigger = usable.trigger?._trigger;
    // A workload that is none is refused by the plan, on whichever platform.
    const chosen = isKnown(usable.workload?.serviceSeconds) ? kedaPlatform(usable.workload, usable.consumer) : 'keda';
    // Jobs make their own pods, so that items too long for a Deployment are refused for a target.
    const platform = target === undefined ? chosen : 'keda';
    const question = {
      ...trigger?.question,
      workload: usable.workload,
      objective: usable.objective,
      consumer: consumerFor(usable, trigger),
      platform,
      scaleToZero: usable.scaleToZero,
      cooldownSeconds: usable.cooldown?.toSeconds({ integral: false }),
      nodeProvisionSeconds: usable.nodeProvisionTime?.toSeconds({ integral: false }),
    };
    const perItem = platform === 'keda-job';
    const plan = planQueue(id, question, [
      ...checks,
      ...(trigger?.checks ?? []),
      ...workerChecks(usable),
      ...(perItem ? jobChecks(usable) : []),
    ]);
    this.plan = planOf(plan, usable, trigger);
    validate(id, planChecks(plan, usable));
    const worker: WorkerShape = {
      perItem,
      sleeps: this.plan.value('minInstances') === 0,
      blind: usable.fallback?._reason !== undefined,
    };
    const binding = trigger.bind({ scope: this, plan: this.plan, target: this.plan.value('targetPerReplica') });
    this.triggerAuthentication = binding.authentication;
    this.topology = binding.topology;
    const made = target === undefined ? this.createPods(usable, binding, worker, trigger) : undefined;
    this.made = made?.container;
    this.deployment = made?.deployment;
    this.serviceAccount = made?.serviceAccount;
    this.scaler =
      made?.scaler ?? this.scaleTarget(target as ScaleTarget, binding, worker, usable.consumer?.startSeconds);
    const labels = made?.labels ?? { ...target?.podLabels };
    if (target === undefined ? !perItem : target.disruptionBudget) {
      this.disruptionBudget = disruptionBudget(this, 'DisruptionBudget', labels);
    }
    if (target === undefined || target.networkPolicy) {
      // Probes come from the node, to which policies do not apply; nothing else needs to reach a worker.
      this.networkPolicy = networkPolicy(this, 'NetworkPolicy', labels, binding.egress, undefined, usable.dns);
    }
    const alerts: Alert[] = [...queueAlerts(this.plan, this.scaler, binding, worker), ...binding.alerts];
    this.alerts = alertRules(this, 'Alerts', this.node.path, alerts);
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, queueGraphs(this.plan, this.scaler, binding, worker));
    this.addLabels(usable);
  }

  /**
   * The container that works.
   *
   * @throws InvalidInputError with `target`, whose containers are not known here
   */
  public get container(): kplus.Container {
    if (this.made !== undefined) return this.made;
    throw new InvalidInputError(this.node.id, ['container is not known here: the pods are those of target']);
  }

  /** Labels of objects, and of the rule what selects it. */
  private addLabels({ labels = {}, alertLabels = {} }: QueueWorkerProps): void {
    const own = Object.entries(labels);
    const objects = own.length === 0 ? [] : this.node.findAll().filter((one) => ApiObject.isApiObject(one));
    for (const object of objects as ApiObject[]) {
      for (const [name, value] of own) object.metadata.addLabel(name, value);
    }
    for (const [name, value] of Object.entries(alertLabels)) this.alerts.metadata.addLabel(name, value);
  }

  /** The scaler of a workload that is there already. */
  private scaleTarget(
    target: ScaleTarget,
    binding: TriggerBinding,
    worker: WorkerShape,
    startSeconds = PLATFORM_FACTS.keda.startSeconds,
  ): ApiObject {
    checkTarget(this, target, this.plan, startSeconds);
    const annotations = assumedAnnotations(assumptionsOf(this.plan, target));
    return replicasFollow(this, targetReference(target), this.plan, binding, worker, annotations);
  }

  /** The pods, and what scales them. */
  private createPods(props: QueueWorkerProps, binding: TriggerBinding, worker: WorkerShape, trigger: Trigger): Pods {
    const made = props.serviceAccount === undefined ? this.createServiceAccount(trigger) : undefined;
    const serviceAccount = props.serviceAccount ?? (made as kplus.ServiceAccount);
    if (worker.perItem) {
      const job = this.createJob(props, binding, serviceAccount, trigger);
      return { ...job, serviceAccount: made, labels: { [JOB_LABEL]: this.node.addr } };
    }
    const deployment = this.createDeployment(props, binding, serviceAccount);
    const reference = { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.name };
    return {
      deployment,
      serviceAccount: made,
      container: deployment.containers[0],
      scaler: replicasFollow(this, reference, this.plan, binding, worker),
      labels: deployment.matchLabels,
    };
  }

  private createServiceAccount(trigger: Trigger): kplus.ServiceAccount {
    return keepPatches(
      new kplus.ServiceAccount(this, 'ServiceAccount', {
        automountToken: false,
        metadata: { annotations: { ...trigger.serviceAccountAnnotations } },
      }),
    );
  }

  private createDeployment(
    props: QueueWorkerProps,
    binding: TriggerBinding,
    serviceAccount: kplus.IServiceAccount,
  ): kplus.Deployment {
    const deployment = new kplus.Deployment(this, 'Deployment', {
      podMetadata: { labels: { ...chartLabels(this), ...props.labels } },
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
    return keepPatches(deployment);
  }

  private finishPod(workload: kplus.Workload, { scratchSpace }: QueueWorkerProps): void {
    onLinux(workload);
    mountTemporary(this, workload.containers[0], scratchSpace);
    refuseSharedPaths(this, workload, { '/tmp': 'its size is scratchSpace' });
  }

  private containerProps(props: QueueWorkerProps, binding: TriggerBinding, serves: boolean): kplus.ContainerProps {
    const { _binding: probes } = props.probes ?? DEFAULT_PROBES;
    const set: Record<string, kplus.EnvValue> = {};
    const text = (name: string, value: string) => {
      set[name] = kplus.EnvValue.fromValue(value);
    };
    for (const name of Object.keys(binding.environment)) text(name, binding.environment[name]);
    text('SLOTS', String(this.plan.value('slotsPerInstance')));
    if (!serves) text('MAX_ITEMS', '1');
    else if (probes.port !== undefined) text('HEALTH_PORT', String(probes.port));
    for (const name of Object.keys(binding.secrets)) {
      const { secretName, key } = binding.secrets[name];
      const secret = kplus.Secret.fromSecretName(this, `Secret${name}`, secretName);
      set[name] = kplus.EnvValue.fromSecretValue({ secret, key });
    }
    this.keepVariables(props, set);
    return {
      name: 'worker',
      image: props.image as string,
      command: props.command,
      envVariables: { ...props.environment, ...set },
      resources: props.resources ?? DEFAULT_RESOURCES,
      securityContext: restrictedContainer(),
      ...(serves ? probesOf(probes, this.plan) : {}),
      ...(serves && probes.port !== undefined ? { ports: [{ name: 'health', number: probes.port }] } : {}),
    };
  }

  /** No variable that the plan sets is replaced: not by a prop, and not later. */
  private keepVariables({ environment = {} }: QueueWorkerProps, set: Readonly<Record<string, kplus.EnvValue>>): void {
    validate(
      this.node.id,
      Object.keys(environment).map((name) => ({
        refused: name in set,
        message: `environment must not have ${name}, which is set here ${REASONS[name] ?? 'from the trigger'}`,
      })),
    );
    this.node.addValidation({
      validate: () => {
        const { variables } = this.container.env;
        return Object.keys(set)
          .filter((name) => variables[name] !== set[name])
          .map(
            (name) => `${this.node.id}: ${name} was set again; it is set here ${REASONS[name] ?? 'from the trigger'}`,
          );
      },
    });
  }

  /** One job an item: its pod ends with the item, and the scaler does not stop it earlier. */
  private createJob(
    props: QueueWorkerProps,
    binding: TriggerBinding,
    serviceAccount: kplus.IServiceAccount,
    trigger: Trigger,
  ): { container: kplus.Container; scaler: ApiObject } {
    // Only its pod template is needed, so it is built in a scratch chart that is never synthesized.
    const job = new kplus.Job(new Chart(new App(), 'templates'), this.node.addr, {
      podMetadata: {
        labels: { ...chartLabels(this), ...props.labels, [JOB_LABEL]: this.node.addr },
        annotations: { ...UNDISTURBED },
      },
      securityContext: restrictedPod(),
      serviceAccount,
      automountServiceAccountToken: false,
      restartPolicy: kplus.RestartPolicy.NEVER,
      terminationGracePeriod: Duration.seconds(this.plan.value('terminationGracePeriodSeconds')),
      containers: [this.containerProps(props, binding, false)],
    });
    this.finishPod(job, props);
    keepPatches(job);
    // Read at synthesis, so that it includes the volumes that users mount into the container.
    const template = Lazy.any({ produce: () => ApiObject.of(job).toJson().spec.template });
    const scaler = jobsFollow(this, template, this.plan, binding, trigger.question.depthCountsWork ?? true);
    return { container: job.containers[0], scaler };
  }
}

const DEFAULT_PROBES = WorkerProbes.http();

/** The pods of a worker, and what scales them. */
interface Pods {
  readonly deployment?: kplus.Deployment;
  readonly serviceAccount?: kplus.ServiceAccount;
  readonly container: kplus.Container;
  readonly scaler: ApiObject;
  readonly labels: Record<string, string>;
}

/** Where the variables are from that every worker has. */
const REASONS: Readonly<Record<string, string>> = {
  SLOTS: 'from slotsPerInstance of the plan: give consumer.slotsPerInstance',
  HEALTH_PORT: 'from probes: give WorkerProbes.http({ port })',
  MAX_ITEMS: 'because every item gets its own job',
  PREFETCH: 'from prefetch of the plan',
};
