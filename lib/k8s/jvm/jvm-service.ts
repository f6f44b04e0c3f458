import { ApiObject, type Duration as Cdk8sDuration, Duration, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { wholeNumber } from '../../flow/errors';
import { commandFlagChecks } from '../../flow/jvm/checks';
import { JVM_LOG_FOLDER } from '../../flow/jvm/knobs';
import { planJvm } from '../../flow/jvm/plan';
import { jvmPodKnobs } from '../../flow/jvm/pod';
import type { JvmCollector, JvmObjective, JvmPlan, JvmQuestion, JvmWorkload } from '../../flow/jvm/workload';
import { CHECKED, FLAG, having, type Kinds, listOf, mapOf, sound, TEXT } from '../../flow/kinds';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { stockImage } from '../images';
import { keepPatches } from '../keep-patches';
import { DURATION, SIZE } from '../kinds';
import { environmentName, imageReference, textCheck } from '../names';
import { podMonitor } from '../operators/prometheus';
import { namespaceOf } from '../promql';
import {
  chartLabels,
  disruptionBudget,
  mountTemporary,
  onLinux,
  refuseSharedPaths,
  restrictedContainer,
  restrictedPod,
  spreadOverNodes,
} from '../restricted-pod';
import { scriptConfigMap } from '../script';
import { jvmAlerts, jvmGraphs } from './jvm-alerts';

/** Folder of the exporter's program. */
const PROGRAM = '/opt/gc-exporter';
const METRICS_PORT = 9404;
/** The launcher `java` reads it, and no tool that runs beside it in the pod. */
const VARIABLE = 'JDK_JAVA_OPTIONS';
/** Variables by which a JVM gets flags; two sources of one flag hide which of them counts. */
const OTHER_VARIABLES = [VARIABLE, 'JAVA_TOOL_OPTIONS', '_JAVA_OPTIONS'];

/**
 * What a JVM is sized from.
 */
export interface JvmServiceProps {
  /**
   * What one JVM allocates, keeps and serves at its peak.
   */
  readonly workload: JvmWorkload;

  /**
   * The longest pause, and the latency if one is promised.
   */
  readonly objective: JvmObjective;

  /**
   * The release of Java in the image. 17 to 26; the flags of 17, 21 and 25 are tested on real JVMs.
   */
  readonly jdk: number;

  /**
   * The image. It starts the program with `java`, which reads `JDK_JAVA_OPTIONS`, without flags for heap, collector or log of
   * its own, and answers `GET /healthz` unless `healthPath` says otherwise. Pin a digest or a version, never `latest`.
   *
   * @default - none; needed unless `deployment` is given
   */
  readonly image?: string;

  /**
   * A Deployment of cdk8s-plus that is there already, in the same chart. Its first container gets `JDK_JAVA_OPTIONS`, memory,
   * processors and the folder of the log, its pod the exporter. Everything else stays as it is.
   *
   * @default - a Deployment is made
   */
  readonly deployment?: kplus.Deployment;

  /**
   * Command of the container, without flags for heap, collector or log: they are set here.
   *
   * @default - the image's own
   */
  readonly command?: string[];

  /**
   * Variables of the container. Not `JDK_JAVA_OPTIONS`, `JAVA_TOOL_OPTIONS` or `_JAVA_OPTIONS`: flags are set here.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: kplus.EnvValue };

  /**
   * Port on which the program answers. 1 to 65535, not 9404, which is the exporter's.
   *
   * @default 8080
   */
  readonly port?: number;

  /**
   * Path of the probes. Begins with `/`.
   *
   * @default /healthz
   */
  readonly healthPath?: string;

  /**
   * Pods. A whole number, 1 to 1,000. A `kplus.HorizontalPodAutoscaler` with this Deployment as its target takes it over.
   *
   * @default 2
   */
  readonly replicas?: number;

  /**
   * The collector.
   *
   * @default - G1 where it keeps the promise, else ZGC
   */
  readonly collector?: JvmCollector;

  /**
   * Processors of one JVM: the CPU request, and what the JVM counts. A whole number, 1 to 256.
   *
   * @default 2
   */
  readonly cpu?: number;

  /**
   * How long one collection beside the program takes, as the exporter reports it. A microsecond to an hour.
   *
   * @default - derived from the live set, at a third of the speed that was measured
   */
  readonly cycle?: Cdk8sDuration;

  /**
   * The heap. It is still checked against the workload.
   *
   * @default - derived
   */
  readonly heap?: Size;

  /**
   * Memory for classes.
   *
   * @default - from the number of classes
   */
  readonly metaspace?: Size;

  /**
   * Memory for compiled code.
   *
   * @default Size.mebibytes(128)
   */
  readonly codeCache?: Size;

  /**
   * Times the allocation rate that the heap bears. 1 to 10.
   *
   * @default 2
   */
  readonly spikeTolerance?: number;

  /**
   * Whether the flight recorder of the JVM runs. It shows where allocation comes from, and costs about one percent.
   *
   * @default true
   */
  readonly flightRecorder?: boolean;
}

/**
 * A JVM in a Deployment whose heap, collector and container follow from what the program allocates and keeps, with an exporter
 * that reads the collector's log.
 *
 * Cures a service that makes objects faster than the collector reclaims them, so that requests wait for it (case 10). Heap and
 * container are sized together, so the kernel does not kill the JVM at the planned live set; stalls are alarmed, not only
 * pauses.
 */
export class JvmService extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: JvmPlan;

  /** The Deployment, made here or given. */
  public readonly deployment: kplus.Deployment;

  /** The container of the JVM. */
  public readonly container: kplus.Container;

  /** The container that reads the log. */
  public readonly exporter: kplus.Container;

  /** The program of the exporter. */
  public readonly script: kplus.ConfigMap;

  /** Lets a node be drained one pod at a time. Undefined where the Deployment is given. */
  public readonly disruptionBudget?: ApiObject;

  /** How Prometheus finds the exporter. */
  public readonly podMonitor: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when no heap and no collector keep the promise, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: JvmServiceProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const plan = planJvm(id, questionOf(usable), [...checks, ...inputChecks(usable)]);
    const { deployment: given } = usable;
    this.plan = given === undefined ? plan.withKnobs(jvmPodKnobs(usable.replicas)) : plan;
    this.deployment = given ?? this.createDeployment(usable);
    [this.container] = this.deployment.containers;
    const log = kplus.Volume.fromEmptyDir(this, 'Log', 'gc-log', {
      sizeLimit: Size.mebibytes(mebibytes(this.plan.value('logVolumeBytes'))),
    });
    this.container.mount(JVM_LOG_FOLDER, log);
    this.container.env.addVariable(VARIABLE, kplus.EnvValue.fromValue(this.plan.flags.join(' ')));
    if (given !== undefined) this.resize(given);
    this.script = scriptConfigMap(this, 'Script', 'gc-exporter/index.js');
    this.exporter = this.addExporter(log);
    refuseSharedPaths(this, this.deployment);
    const { matchLabels } = this.deployment;
    if (given === undefined) this.disruptionBudget = disruptionBudget(this, 'DisruptionBudget', matchLabels);
    this.podMonitor = podMonitor(this, 'PodMonitor', matchLabels, 'gc-metrics', this.plan.value('scrapeSeconds'));
    const series = {
      namespace: namespaceOf(this),
      service: this.deployment.name,
      container: this.container.name,
    };
    this.alerts = alertRules(this, 'Alerts', this.node.path, jvmAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, jvmGraphs(this.plan, series));
  }

  private createDeployment(props: JvmServiceProps): kplus.Deployment {
    const { port = 8080, healthPath = '/healthz' } = props;
    const value = (name: string) => this.plan.value(name);
    const probe = (kind: 'readiness' | 'liveness' | 'startup') =>
      kplus.Probe.fromHttpGet(healthPath, {
        port,
        periodSeconds: Duration.seconds(value('probePeriodSeconds')),
        timeoutSeconds: Duration.seconds(value('probeTimeoutSeconds')),
        failureThreshold: value(`${kind}ProbeFailures`),
      });
    const deployment = new kplus.Deployment(this, 'Deployment', {
      // Not the knob: cdk8s-plus has 2 by default as well, and an autoscaler takes no fixed number over.
      replicas: props.replicas,
      podMetadata: { labels: chartLabels(this) },
      securityContext: restrictedPod(),
      serviceAccount: new kplus.ServiceAccount(this, 'ServiceAccount', { automountToken: false }),
      automountServiceAccountToken: false,
      terminationGracePeriod: Duration.seconds(value('terminationGracePeriodSeconds')),
      progressDeadline: Duration.seconds(value('progressDeadlineSeconds')),
      containers: [
        {
          name: 'jvm',
          image: props.image as string,
          command: props.command,
          envVariables: props.environment,
          ports: [{ name: 'http', number: port }],
          readiness: probe('readiness'),
          liveness: probe('liveness'),
          startup: probe('startup'),
          resources: {
            // No limit: a JVM that is throttled in the middle of a collection stalls. It counts `cpu` processors itself.
            cpu: { request: kplus.Cpu.units(value('cpu')) },
            memory: this.memory(),
          },
          securityContext: restrictedContainer(),
        },
      ],
    });
    const [container] = deployment.containers;
    mountTemporary(this, container);
    spreadOverNodes(deployment);
    onLinux(deployment);
    return keepPatches(deployment);
  }

  /** All of it from the start, as the heap is touched at once: less would be taken from others on the node. */
  private memory(): kplus.MemoryResources {
    const size = Size.mebibytes(mebibytes(this.plan.value('memoryBytes')));
    return { request: size, limit: size };
  }

  /** Resources of a container that is there already cannot be set, only patched. */
  private resize(deployment: kplus.Deployment): void {
    const memory = `${mebibytes(this.plan.value('memoryBytes'))}Mi`;
    ApiObject.of(keepPatches(deployment)).addJsonPatch(
      JsonPatch.add('/spec/template/spec/containers/0/resources', {
        requests: { cpu: String(this.plan.value('cpu')), memory },
        limits: { memory },
      }),
    );
  }

  private addExporter(log: kplus.Volume): kplus.Container {
    const texts: Record<string, string> = {
      GC_LOG: `${JVM_LOG_FOLDER}/gc.log`,
      ALARM_PAUSE_SECONDS: String(this.plan.value('alarmPauseSeconds')),
      COLLECTOR: this.plan.collector,
      SERVICE: this.deployment.name,
      METRICS_PORT: String(METRICS_PORT),
      NODE_OPTIONS: '--max-old-space-size=32',
    };
    const exporter = this.deployment.addContainer({
      name: 'gc-exporter',
      image: stockImage('node'),
      command: ['node', `${PROGRAM}/index.js`],
      envVariables: Object.fromEntries(
        Object.entries(texts).map(([name, text]) => [name, kplus.EnvValue.fromValue(text)]),
      ),
      ports: [{ name: 'gc-metrics', number: METRICS_PORT }],
      resources: {
        cpu: { request: kplus.Cpu.millis(10), limit: kplus.Cpu.millis(200) },
        memory: { request: Size.mebibytes(96), limit: Size.mebibytes(96) },
      },
      securityContext: restrictedContainer(),
    });
    exporter.mount(PROGRAM, kplus.Volume.fromConfigMap(this, 'Program', this.script));
    exporter.mount(JVM_LOG_FOLDER, log, { readOnly: true });
    return exporter;
  }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

const KINDS: Kinds<JvmServiceProps> = {
  workload: CHECKED,
  objective: CHECKED,
  jdk: CHECKED,
  image: TEXT,
  deployment: having(['containers', 'addContainer', 'matchLabels'], 'a Deployment of cdk8s-plus-28'),
  command: listOf(TEXT),
  environment: mapOf(having(['value', 'valueFrom'], "an EnvValue: EnvValue.fromValue('text')")),
  port: CHECKED,
  healthPath: TEXT,
  replicas: CHECKED,
  collector: CHECKED,
  cpu: CHECKED,
  cycle: DURATION,
  heap: SIZE,
  metaspace: SIZE,
  codeCache: SIZE,
  spikeTolerance: CHECKED,
  flightRecorder: FLAG,
};

function questionOf(props: JvmServiceProps): JvmQuestion {
  const { workload, objective, jdk, collector, cpu, cycle, heap, metaspace, codeCache } = props;
  const { spikeTolerance, flightRecorder } = props;
  const bytes = (size: Size) => size.toKibibytes() * 1024;
  return {
    workload,
    objective,
    jdk,
    collector,
    cpu,
    cycleSeconds: cycle && cycle.toMilliseconds({ integral: false }) / 1000,
    heapBytes: heap && bytes(heap),
    metaspaceBytes: metaspace && bytes(metaspace),
    codeCacheBytes: codeCache && bytes(codeCache),
    spikeTolerance,
    flightRecorder,
  };
}

/** Props of a Deployment that is made here. */
const OF_MADE = ['image', 'command', 'environment', 'port', 'healthPath', 'replicas'] as const;

function inputChecks(props: JvmServiceProps): Check[] {
  const { image, deployment, command = [], environment = {}, port, healthPath, replicas } = props;
  return [
    imageReference('image', image),
    { refused: image === undefined && deployment === undefined, message: 'image is missing' },
    ...OF_MADE.map((name) => ({
      refused: deployment !== undefined && props[name] !== undefined,
      message: `${name} must not be given with deployment, which has its own`,
    })),
    {
      refused: deployment?.containers.length === 0,
      message: 'deployment must have the container of the JVM already, got none',
    },
    ...[...Object.keys(environment), ...variablesOf(deployment)].map((name) => ({
      refused: OTHER_VARIABLES.includes(name),
      message: `${name} must not be set: the flags of the JVM are set here; what is not a prop can be patched`,
    })),
    ...commandFlagChecks(deployment === undefined ? command : commandOf(deployment)),
    ...command.map((one) => textCheck('command', one, (text) => !text.includes('\0'), 'text without a zero byte')),
    ...Object.keys(environment).map((name) => environmentName('environment', name)),
    wholeNumber('port', port, 1, 65_535),
    { refused: port === METRICS_PORT, message: `port must not be ${METRICS_PORT}, which is the exporter's` },
    textCheck('healthPath', healthPath, (text) => /^\/[\w./~-]{0,200}$/.test(text), 'a path such as /healthz'),
    wholeNumber('replicas', replicas, 1, 1000),
  ];
}

function commandOf({ containers: [container] }: kplus.Deployment): readonly string[] {
  return [...(container?.command ?? []), ...(container?.args ?? [])];
}

function variablesOf(deployment: kplus.Deployment | undefined): string[] {
  return Object.keys(deployment?.containers[0]?.env.variables ?? {});
}
