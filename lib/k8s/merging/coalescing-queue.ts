import { type ApiObject, type Duration as Cdk8sDuration, Duration, Names, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { CHECKED, having, type Kinds, needed, sound, struct, TEXT } from '../../flow/kinds';
import { coalescingAlertKnobs } from '../../flow/merging/alarms';
import { planCoalescing } from '../../flow/merging/plan';
import { GROUP } from '../../flow/merging/run-time';
import { containerSettings } from '../../flow/merging/settings';
import { MERGER_BYTES } from '../../flow/merging/transports';
import type { MergingObjective, MergingPlan, MergingQuestion, MergingWorkload } from '../../flow/merging/workload';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { stockImage } from '../images';
import { DURATION } from '../kinds';
import { dnsLabel, textCheck } from '../names';
import { networkPolicy } from '../network-policy';
import { podMonitor } from '../operators/prometheus';
import { namespaceOf } from '../promql';
import {
  REDIS_SERVER,
  type RedisServer,
  redisServerChecks,
  redisServerEgress,
  redisServerEnvironment,
  redisServerSecrets,
} from '../redis-server';
import {
  chartLabels,
  mountTemporary,
  onLinux,
  refuseSharedPaths,
  restrictedContainer,
  restrictedPod,
} from '../restricted-pod';
import { scriptConfigMap } from '../script';
import type { SecretKey } from '../secret-key';
import { coalescingAlerts, coalescingGraphs } from './coalescing-alerts';
import type { Invalidator } from './invalidator';
import type { InvalidatorBinding } from './invalidator-binding';

/** Folder of the program. */
const PROGRAM = '/opt/coalescer';
const METRICS_PORT = 8080;

/**
 * What a queue that merges is sized from.
 */
export interface CoalescingQueueProps {
  /**
   * What arrives, and what a key costs.
   */
  readonly workload: MergingWorkload;

  /**
   * How fresh the cache has to be.
   */
  readonly objective: MergingObjective;

  /**
   * What is done with the distinct keys of a window: `Invalidator.http(…)` or `Invalidator.cache(…)`.
   */
  readonly invalidator: Invalidator;

  /**
   * Name of the streams: a producer adds an event to `<stream>:<shard>`, shard = CRC-32 of the key modulo `shards`, with
   * the fields `key` and, if wanted, `value`. 1 to 120 letters, digits, `_`, `.` and `-`.
   */
  readonly stream: string;

  /**
   * The Redis with the streams.
   */
  readonly redis: RedisServer;

  /**
   * How long a reader collects before it works on what it has. A multiple of 100 milliseconds, up to a day.
   *
   * @default - the least with which the work is half of what one worker does
   */
  readonly window?: Cdk8sDuration;

  /**
   * Events of one flush at most. A whole number, 1 to 10^7.
   *
   * @default - twice the events of a cycle, at least 10,000, at most what fits into the memory of a merger
   */
  readonly maxBatch?: number;

  /**
   * Streams, each with one reader. A whole number, 1 to 100.
   *
   * @default - as few as take the events
   */
  readonly shards?: number;

  /**
   * Calls that one reader has in flight. A whole number, 1 to 64.
   *
   * @default - as few as keep the promise
   */
  readonly workers?: number;

  /**
   * How long the readers may be away with no event lost. 1 second to 7 days.
   *
   * @default Duration.minutes(15)
   */
  readonly outage?: Cdk8sDuration;

  /**
   * Namespace of the Prometheus that scrapes the mergers.
   *
   * @default monitoring
   */
  readonly monitoringNamespace?: string;
}

/**
 * Merges events of a Redis stream that name the same key within a window, and hands the distinct keys to a service or a
 * cache.
 *
 * Cures a bulk update that announces every change by itself, so that a few popular keys are invalidated thousands of times
 * and the last of a million announcements waits for twenty minutes (case 9). A StatefulSet has one reader a stream, under a
 * name that a restart keeps, so that it gets back what it held. Nothing scales the readers: each further one un-merges.
 */
export class CoalescingQueue extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: MergingPlan;

  /** The mergers, one a shard. */
  public readonly statefulSet: kplus.StatefulSet;

  /** The service that gives the mergers their names. */
  public readonly service: kplus.Service;

  /** The program. */
  public readonly script: kplus.ConfigMap;

  /** What the mergers may connect to, and who may scrape them. */
  public readonly networkPolicy: ApiObject;

  /** How Prometheus finds the mergers. */
  public readonly podMonitor: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when no window keeps the promise, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: CoalescingQueueProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const plan = planCoalescing(id, questionOf(usable), [...checks, ...inputChecks(usable)]);
    this.plan = plan.withKnobs(coalescingAlertKnobs(plan));
    const binding = usable.invalidator._bind();
    this.script = scriptConfigMap(this, 'Script', 'coalescer-container/index.js');
    this.service = new kplus.Service(this, 'Service', { clusterIP: 'None', ports: [{ port: METRICS_PORT }] });
    this.statefulSet = this.createStatefulSet(usable, binding);
    const { matchLabels } = this.statefulSet;
    const ways = [redisServerEgress(usable.redis), binding.egress];
    this.networkPolicy = networkPolicy(this, 'NetworkPolicy', matchLabels, ways, {
      ports: [METRICS_PORT],
      namespace: usable.monitoringNamespace ?? 'monitoring',
    });
    this.podMonitor = podMonitor(this, 'PodMonitor', matchLabels, 'metrics', this.plan.value('scrapeSeconds'));
    const series = { namespace: namespaceOf(this), stream: usable.stream };
    this.alerts = alertRules(this, 'Alerts', this.node.path, coalescingAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, coalescingGraphs(this.plan, series));
  }

  private createStatefulSet(props: CoalescingQueueProps, binding: InvalidatorBinding): kplus.StatefulSet {
    const statefulSet = new kplus.StatefulSet(this, 'StatefulSet', {
      // The name of a pod, which has two more characters at least, is a label.
      metadata: { name: Names.toDnsLabel(this, { maxLen: 50 }) },
      service: this.service,
      replicas: this.plan.value('shards'),
      podManagementPolicy: kplus.PodManagementPolicy.PARALLEL,
      podMetadata: { labels: chartLabels(this) },
      securityContext: restrictedPod(),
      serviceAccount: new kplus.ServiceAccount(this, 'ServiceAccount', { automountToken: false }),
      automountServiceAccountToken: false,
      terminationGracePeriod: Duration.seconds(this.plan.value('terminationGracePeriodSeconds')),
      containers: [this.container(props, binding)],
    });
    const [container] = statefulSet.containers;
    container.mount(PROGRAM, kplus.Volume.fromConfigMap(this, 'Program', this.script));
    mountTemporary(this, container);
    refuseSharedPaths(this, statefulSet);
    onLinux(statefulSet);
    return statefulSet;
  }

  private container(props: CoalescingQueueProps, { environment, secrets }: InvalidatorBinding): kplus.ContainerProps {
    const texts: Record<string, string> = {
      STREAM: props.stream,
      GROUP,
      ...redisServerEnvironment(props.redis),
      ...containerSettings(this.plan),
      METRICS_PORT: String(METRICS_PORT),
      // Three quarters of its memory; the rest is for buffers outside of the heap.
      NODE_OPTIONS: `--max-old-space-size=${(0.75 * MERGER_BYTES) / 1024 ** 2}`,
      ...environment,
    };
    const secret = (name: string, { secretName, key }: SecretKey) =>
      kplus.EnvValue.fromSecretValue({ secret: kplus.Secret.fromSecretName(this, `Secret-${name}`, secretName), key });
    const probe = (kind: 'readiness' | 'liveness' | 'startup') =>
      kplus.Probe.fromHttpGet('/healthz', {
        port: METRICS_PORT,
        periodSeconds: Duration.seconds(this.plan.value('probePeriodSeconds')),
        timeoutSeconds: Duration.seconds(this.plan.value('probeTimeoutSeconds')),
        failureThreshold: this.plan.value(`${kind}ProbeFailures`),
      });
    return {
      name: 'merger',
      image: stockImage('node'),
      command: ['node', `${PROGRAM}/index.js`],
      envVariables: {
        ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, kplus.EnvValue.fromValue(text)])),
        ...Object.fromEntries(
          Object.entries({ ...secrets, ...redisServerSecrets(props.redis) }).map(([name, one]) => [
            name,
            secret(name, one),
          ]),
        ),
        // Its ordinal is the number of the shard.
        POD_NAME: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAME),
      },
      ports: [{ name: 'metrics', number: METRICS_PORT }],
      readiness: probe('readiness'),
      liveness: probe('liveness'),
      startup: probe('startup'),
      resources: {
        cpu: { request: kplus.Cpu.millis(250), limit: kplus.Cpu.millis(1000) },
        memory: { request: Size.mebibytes(256), limit: Size.mebibytes(MERGER_BYTES / 1024 ** 2) },
      },
      securityContext: restrictedContainer(),
    };
  }
}

const KINDS: Kinds<CoalescingQueueProps> = {
  workload: CHECKED,
  objective: CHECKED,
  invalidator: needed(having(['_bind', '_checks'], 'an Invalidator: Invalidator.http({ url }) or cache(…)')),
  stream: needed(TEXT),
  redis: needed(struct(REDIS_SERVER)),
  window: DURATION,
  maxBatch: CHECKED,
  shards: CHECKED,
  workers: CHECKED,
  outage: DURATION,
  monitoringNamespace: TEXT,
};

function questionOf(props: CoalescingQueueProps): MergingQuestion {
  const { workload, objective, invalidator, window, maxBatch, shards, workers, outage } = props;
  return {
    workload,
    objective,
    transport: 'redis-stream',
    ...(invalidator !== undefined && { invalidator: invalidator._name }),
    ...(window !== undefined && { windowSeconds: window.toMilliseconds() / 1000 }),
    ...(maxBatch !== undefined && { maxBatch }),
    ...(shards !== undefined && { shards }),
    ...(workers !== undefined && { workers }),
    ...(outage !== undefined && { outageSeconds: outage.toSeconds({ integral: false }) }),
  };
}

function inputChecks(props: CoalescingQueueProps): Check[] {
  const { stream, redis } = props;
  return [
    ...(props.invalidator?._checks ?? []),
    textCheck('stream', stream, (text) => /^[\w.-]{1,120}$/.test(text), "1 to 120 letters, digits, '_', '.' and '-'"),
    ...(redis ? redisServerChecks('redis.', redis) : []),
    dnsLabel('monitoringNamespace', props.monitoringNamespace),
  ];
}
