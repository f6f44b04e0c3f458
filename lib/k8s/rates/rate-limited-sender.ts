import { type ApiObject, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { sound } from '../../flow/kinds';
import { planRates } from '../../flow/rates/plan';
import { podAlarmKnobs } from '../../flow/rates/pod-alarms';
import { bucketSettings, pauseSettings, ratesQuestion } from '../../flow/rates/question';
import { type RatesPlan, UnknownMail } from '../../flow/rates/workload';
import type { ContainerLane } from '../../runtime/sender-container/lane';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { stockImage } from '../images';
import { networkPolicy } from '../network-policy';
import { podMonitor } from '../operators/prometheus';
import { namespaceOf } from '../promql';
import { redisServerEgress, redisServerEnvironment, redisServerSecrets } from '../redis-server';
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
} from '../restricted-pod';
import { packedConfigMap, unpacked } from '../script';
import type { SecretKey } from '../secret-key';
import { type RateLimitedSenderProps, SENDER_KINDS, senderChecks } from './rate-limited-sender-props';
import { senderAlerts, senderGraphs } from './sender-alerts';
import type { SenderProvider } from './sender-provider';

const SCRIPT = 'sender-container/index.js';
const SCRIPT_FOLDER = '/opt/sender';
/** Port on which a pod answers probes and Prometheus. */
const METRICS_PORT = 9464;
/** Names of the buckets in Redis. */
const FIRST = 'provider';
const STANDBY = 'standby';

/**
 * Pods that send mail as fast as the provider takes it, and in no window faster: a fixed number of them, on one token bucket
 * in Redis.
 *
 * Cures a campaign that is handed to the provider at once: what is above its limit is refused and lost, and after many
 * refusals the provider blocks the sender (case 7). More pods send nothing more, so nothing scales them. A refusal slows all
 * of them down, a mail that was perhaps sent is set aside instead of sent twice, and all of them pause when the provider
 * refuses too large a share.
 */
export class RateLimitedSender extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: RatesPlan;

  /** The beginning of the keys in Redis: producers put mails into the queue of this name. */
  public readonly queueName: string;

  /** The senders. */
  public readonly deployment: kplus.Deployment;

  /** The container that sends. */
  public readonly container: kplus.Container;

  /** The program that the container runs, compressed. */
  public readonly script: kplus.ConfigMap;

  /** Lets a node be drained one pod at a time. */
  public readonly disruptionBudget: ApiObject;

  /** Allows DNS, Redis, the providers and Prometheus, and nothing else. */
  public readonly networkPolicy: ApiObject;

  /** The `PodMonitor`. */
  public readonly monitor: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when the limit leaves too little, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: RateLimitedSenderProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, SENDER_KINDS);
    const question = ratesQuestion(usable, 'deployment');
    const plan = planRates(id, question, [...checks, ...senderChecks(usable)]);
    this.plan = plan.withKnobs(podAlarmKnobs(plan, question));
    const namespace = namespaceOf(this);
    this.queueName =
      usable.queueName ??
      [namespace, this.node.path]
        .filter((part) => part !== undefined)
        .join('/')
        .slice(-200);
    this.script = packedConfigMap(this, 'Script', SCRIPT);
    this.deployment = this.createDeployment(usable);
    this.container = this.deployment.containers[0];
    this.disruptionBudget = disruptionBudget(this, 'DisruptionBudget', this.deployment.matchLabels);
    this.networkPolicy = networkPolicy(
      this,
      'NetworkPolicy',
      this.deployment.matchLabels,
      [redisServerEgress(usable.redis), ...providersOf(usable).map(({ provider }) => provider._binding.egress())],
      { ports: [METRICS_PORT], namespace: usable.monitoringNamespace ?? 'monitoring' },
    );
    this.monitor = podMonitor(
      this,
      'PodMonitor',
      this.deployment.matchLabels,
      'metrics',
      this.plan.value('scrapeSeconds'),
    );
    const series = { namespace, deployment: this.deployment.name, queueName: this.queueName };
    this.alerts = alertRules(this, 'Alerts', this.node.path, senderAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, senderGraphs(this.plan, series));
  }

  private createDeployment(props: RateLimitedSenderProps): kplus.Deployment {
    const seconds = (knob: string) => Duration.seconds(this.plan.value(knob));
    const deployment = new kplus.Deployment(this, 'Deployment', {
      replicas: this.plan.value('senders'),
      // A lower limit holds from the first mail of the new version: no old pod sends beside it.
      strategy: kplus.DeploymentStrategy.recreate(),
      podMetadata: { labels: chartLabels(this) },
      securityContext: restrictedPod(),
      serviceAccount: new kplus.ServiceAccount(this, 'ServiceAccount', { automountToken: false }),
      automountServiceAccountToken: false,
      terminationGracePeriod: seconds('terminationGracePeriodSeconds'),
      progressDeadline: seconds('progressDeadlineSeconds'),
      containers: [this.containerProps(props)],
    });
    const [container] = deployment.containers;
    container.mount(SCRIPT_FOLDER, kplus.Volume.fromConfigMap(this, 'ScriptVolume', this.script));
    mountTemporary(this, container);
    refuseSharedPaths(this, deployment);
    spreadOverNodes(deployment);
    onLinux(deployment);
    return deployment;
  }

  private containerProps(props: RateLimitedSenderProps): kplus.ContainerProps {
    const probe = (kind: 'readiness' | 'liveness' | 'startup') =>
      kplus.Probe.fromHttpGet('/healthz', {
        port: METRICS_PORT,
        periodSeconds: Duration.seconds(this.plan.value('probePeriodSeconds')),
        failureThreshold: this.plan.value(`${kind}ProbeFailures`),
      });
    return {
      name: 'sender',
      image: stockImage('node'),
      command: unpacked(SCRIPT_FOLDER, SCRIPT),
      envVariables: { ...this.settings(props), ...this.secrets(props) },
      ports: [{ name: 'metrics', number: METRICS_PORT }],
      resources: props.resources ?? DEFAULT_RESOURCES,
      securityContext: restrictedContainer(),
      readiness: probe('readiness'),
      liveness: probe('liveness'),
      startup: probe('startup'),
    };
  }

  /** What the program reads: `lib/runtime/sender-container/main.ts`. */
  private settings(props: RateLimitedSenderProps): Record<string, kplus.EnvValue> {
    const value = (knob: string) => String(this.plan.value(knob));
    const providers = providersOf(props);
    const lanes: ContainerLane[] = providers.map(({ name, provider, whose }) => ({
      name,
      from: props.from,
      ...provider._binding.lane(name.toUpperCase()),
      pace: bucketSettings(this.plan, whose),
      ...((props.breaker ?? true) && { pause: pauseSettings(this.plan) }),
    }));
    const texts: Record<string, string> = {
      ...redisServerEnvironment(props.redis),
      ...Object.assign({}, ...providers.map(({ name, provider }) => provider._binding.environment(name.toUpperCase()))),
      QUEUE: this.queueName,
      LANES: JSON.stringify(lanes),
      IN_FLIGHT: value('messagesPerSender'),
      MOST_RECIPIENTS: String(props.workload.recipientsPerMessage ?? 1),
      ON_UNKNOWN: props.onUnknown ?? UnknownMail.PARK,
      CALL_TIMEOUT_SECONDS: value('callTimeoutSeconds'),
      HIDE_SECONDS: value('hideSeconds'),
      RECORD_SECONDS: value('recordSeconds'),
      BACKOFF_SECONDS: value('backoffSeconds'),
      BACKOFF_CAP_SECONDS: value('backoffCapSeconds'),
      CLOSED_SECONDS: value('closedSeconds'),
      HOLD_SECONDS: value('holdSeconds'),
      STALLED_SECONDS: value('stalledSeconds'),
      METRICS_PORT: String(METRICS_PORT),
    };
    return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, kplus.EnvValue.fromValue(text)]));
  }

  private secrets(props: RateLimitedSenderProps): Record<string, kplus.EnvValue> {
    const keys: Record<string, SecretKey> = {
      ...redisServerSecrets(props.redis),
      ...Object.assign(
        {},
        ...providersOf(props).map(({ name, provider }) => provider._binding.secrets(name.toUpperCase())),
      ),
    };
    return Object.fromEntries(
      Object.entries(keys).map(([name, { secretName, key }]) => {
        const secret = kplus.Secret.fromSecretName(this, `Secret${name}`, secretName);
        return [name, kplus.EnvValue.fromSecretValue({ secret, key })];
      }),
    );
  }
}

/** The providers, the first one first. */
function providersOf({ provider, standby }: RateLimitedSenderProps) {
  const first: NamedProvider = { name: FIRST, provider, whose: 'first' };
  return standby === undefined
    ? [first]
    : [first, { name: STANDBY, provider: standby.provider, whose: 'standby' } as const];
}

interface NamedProvider {
  readonly name: string;
  readonly provider: SenderProvider;
  readonly whose: 'first' | 'standby';
}
