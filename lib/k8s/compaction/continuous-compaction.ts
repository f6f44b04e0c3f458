import { type ApiObject, Cron, type Duration, Names, Duration as Seconds, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { startsOf } from '../../flow/compaction/clock';
import { planCompaction } from '../../flow/compaction/plan';
import { planArguments } from '../../flow/compaction/settings';
import {
  CompactedTableKind,
  type CompactionObjective,
  type CompactionPlan,
  type CompactionQuestion,
  type CompactionWorkload,
  type CompactionWriter,
  TableStorage,
} from '../../flow/compaction/workload';
import type { Check } from '../../flow/errors';
import { CHECKED, type Kinds, NUMBER, needed, sound, TEXT } from '../../flow/kinds';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { DURATION } from '../kinds';
import { cidr, dnsLabel, dnsSubdomain, environmentName, imageReference, printableTexts, textCheck } from '../names';
import { type Egress, networkPolicy, placeOf } from '../network-policy';
import { namespaceOf } from '../promql';
import {
  chartLabels,
  mountTemporary,
  onLinux,
  refuseSharedPaths,
  restrictedContainer,
  restrictedPod,
} from '../restricted-pod';
import { scriptsConfigMap } from '../script';
import { compactionAlerts, compactionGraphs } from './compaction-alerts';

/** Folder of the scripts. */
const SCRIPTS = '/opt/compaction';
const HTTPS_PORT = 443;
const CPU_MILLIS = 1000;

/**
 * What a compaction is sized from.
 */
export interface ContinuousCompactionProps {
  /**
   * The files that writers add, and how fast they are rewritten.
   */
  readonly workload: CompactionWorkload;

  /**
   * The longest run, the most small files, write amplification and retention.
   */
  readonly objective: CompactionObjective;

  /**
   * Address of the Delta table, such as `s3://lake/events`: `s3`, `s3a`, `gs`, `az`, `abfs` or `abfss`. It holds
   * no credentials.
   */
  readonly path: string;

  /**
   * Image with Python and delta-rs, built from `dist/runtime/compaction/Dockerfile`. With a version or a digest.
   */
  readonly image: string;

  /**
   * What writes the table meanwhile. A Spark driver that writes all day is refused on Amazon S3.
   *
   * @default CompactionWriter.DELTA_RS
   */
  readonly writer?: CompactionWriter;

  /**
   * Address of a Prometheus Pushgateway, such as `http://pushgateway.monitoring:9091`. Prometheus must scrape it with
   * `honor_labels: true`.
   */
  readonly pushGateway: string;

  /**
   * Bytes of a rewritten file. 1,048,576 (1 MiB) to 10,737,418,240 (10 GiB).
   *
   * @default 134217728 (128 MiB)
   */
  readonly targetBytes?: number;

  /**
   * CPUs of a run, each of which rewrites `bytesPerSecond`. A whole number, 1 to 16.
   *
   * @default 1
   */
  readonly workers?: number;

  /**
   * Time between two starts: 5, 10, 15, 20 or 30 minutes, 1, 2, 3, 4, 6, 8, 12 or 24 hours.
   *
   * @default - the longest of these that keeps every promise
   */
  readonly interval?: Duration;

  /**
   * Small files below which a run does nothing.
   *
   * @default - from write amplification, and twice what is left after a run
   */
  readonly startFiles?: number;

  /**
   * Time without a new file after which a partition may be rewritten; up to 30 days. For writers that update or merge: their
   * window, their lateness and two triggers.
   *
   * @default Duration.seconds(0): writers only append
   */
  readonly quiet?: Duration;

  /**
   * Service account of the runs, for instance one with a role of the cloud.
   *
   * @default - a separate one without a token and without rights
   */
  readonly serviceAccount?: kplus.IServiceAccount;

  /**
   * Name of a Secret whose keys are environment variables with credentials of the store, such as `AWS_ACCESS_KEY_ID`.
   *
   * @default - none: the service account has a role, or the node
   */
  readonly storeSecret?: string;

  /**
   * More variables for the store, such as `AWS_REGION` or `AWS_ENDPOINT_URL`; no credentials.
   *
   * @default - none
   */
  readonly environment?: { readonly [name: string]: string };

  /**
   * Namespace of the store.
   *
   * @default - it is outside the cluster
   */
  readonly storeNamespace?: string;

  /**
   * Addresses of the store, such as `10.20.0.0/16`, when it is outside the cluster. Instead of `storeNamespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly storeCidr?: string;

  /**
   * Port of the store. 1 to 65535.
   *
   * @default 443
   */
  readonly storePort?: number;
}

/**
 * A Delta table whose small files are rewritten all the time, a partition at a time, by a `CronJob` on delta-rs, without
 * Spark; and old versions vacuumed once a day.
 *
 * Cures the weekly clean-up that blocks other work for hours (case 17). A run starts by the clock and from a number of
 * small files on, so that its own output never starts it again; the longest run, the most small files and the bytes that
 * are rewritten twice follow from the workload.
 */
export class ContinuousCompaction extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: CompactionPlan;

  /** The runs. */
  public readonly cronJob: kplus.CronJob;

  /** Service account of the runs. */
  public readonly serviceAccount: kplus.IServiceAccount;

  /** Which connections the pods of a run may make. */
  public readonly networkPolicy: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when no interval keeps every promise, or a writer on Spark would lose commits on Amazon S3; the
   *   message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: ContinuousCompactionProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    this.plan = planCompaction(id, questionOf(usable), [...checks, ...inputChecks(usable)]);
    this.serviceAccount =
      usable.serviceAccount ?? new kplus.ServiceAccount(this, 'ServiceAccount', { automountToken: false });
    this.cronJob = this.createCronJob(usable);
    const store: Egress = {
      ports: [usable.storePort ?? HTTPS_PORT],
      ...placeOf(usable.storeNamespace, usable.storeCidr),
    };
    this.networkPolicy = networkPolicy(this, 'NetworkPolicy', { [LABEL]: this.node.addr }, [
      store,
      gatewayEgress(usable.pushGateway),
    ]);
    const series = { namespace: namespaceOf(this), job: this.cronJob.name };
    this.alerts = alertRules(this, 'Alerts', this.node.path, compactionAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, compactionGraphs(this.plan, series));
  }

  private createCronJob(props: ContinuousCompactionProps): kplus.CronJob {
    const script = scriptsConfigMap(this, 'Script', 'compaction', ['compact.py', 'decide.py']);
    const name = Names.toDnsLabel(this, { maxLen: 50 });
    const seconds = (knob: string) => Seconds.seconds(this.plan.value(knob));
    // Other tables start at other minutes; this one always at the same.
    const starts = startsOf(props.path, this.plan.value('intervalSeconds'));
    const cronJob = new kplus.CronJob(this, 'CronJob', {
      metadata: { name },
      podMetadata: { labels: { ...chartLabels(this), [LABEL]: this.node.addr } },
      securityContext: restrictedPod(),
      serviceAccount: this.serviceAccount,
      automountServiceAccountToken: false,
      terminationGracePeriod: seconds('terminationGracePeriodSeconds'),
      schedule: new Cron({ minute: starts.minutes, hour: starts.hours }),
      timeZone: 'Etc/UTC',
      // Two runs at once would give up each other's partitions.
      concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
      startingDeadline: seconds('startingDeadlineSeconds'),
      successfulJobsRetained: 1,
      failedJobsRetained: 3,
      restartPolicy: kplus.RestartPolicy.NEVER,
      backoffLimit: 1,
      activeDeadline: seconds('runDeadlineSeconds'),
      containers: [this.container(props, name, starts.offsetMinutes)],
    });
    const volumes = new Construct(this, 'Volumes');
    const [container] = cronJob.containers;
    container.mount(SCRIPTS, kplus.Volume.fromConfigMap(volumes, 'Script', script));
    mountTemporary(volumes, container);
    refuseSharedPaths(this, cronJob);
    onLinux(cronJob);
    return cronJob;
  }

  private container(props: ContinuousCompactionProps, job: string, offsetMinutes: number): kplus.ContainerProps {
    const memory = Size.mebibytes(this.plan.value('memoryMiB'));
    const cpu = kplus.Cpu.millis(CPU_MILLIS * this.plan.value('workers'));
    const texts = Object.entries(props.environment ?? {}).map(
      ([name, text]) => [name, kplus.EnvValue.fromValue(text)] as const,
    );
    return {
      name: 'compaction',
      image: props.image,
      command: ['python', `${SCRIPTS}/compact.py`],
      args: [...this.settings(props, job, offsetMinutes), '--namespace=$(NAMESPACE)'],
      envVariables: {
        ...Object.fromEntries(texts),
        NAMESPACE: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAMESPACE),
        // The root file system is read-only.
        PYTHONDONTWRITEBYTECODE: kplus.EnvValue.fromValue('1'),
      },
      envFrom:
        props.storeSecret === undefined
          ? undefined
          : [kplus.Env.fromSecret(kplus.Secret.fromSecretName(this, 'StoreSecret', props.storeSecret))],
      // What a run cannot have of the CPU makes it longer than planned.
      resources: { cpu: { request: cpu, limit: cpu }, memory: { request: memory, limit: memory } },
      securityContext: restrictedContainer(),
    };
  }

  private settings(props: ContinuousCompactionProps, job: string, offsetMinutes: number): string[] {
    const knobs = Object.entries(planArguments(this.plan, offsetMinutes));
    return [
      `--path=${props.path}`,
      ...knobs.map(([name, value]) => `--${name}=${value}`),
      `--push-gateway=${props.pushGateway}`,
      `--job=${job}`,
    ];
  }
}

/** The label that selects the pods of a compaction. */
const LABEL = 'backpressure/continuous-compaction';

/** The second label of a host in the cluster is its namespace. */
function gatewayEgress(address: string): Egress {
  const { hostname, port, protocol } = new URL(address);
  return { ports: [Number(port || (protocol === 'https:' ? 443 : 80))], namespace: hostname.split('.')[1] };
}

/** The question of the construct's plan. */
function questionOf({
  workload,
  objective,
  path,
  interval,
  quiet,
  writer,
  targetBytes,
  workers,
  startFiles,
}: ContinuousCompactionProps): CompactionQuestion {
  return {
    workload,
    objective,
    table: CompactedTableKind.DELTA_RS,
    writer,
    storage: /^s3a?:/.test(path ?? '') ? TableStorage.S3 : TableStorage.ATOMIC,
    targetBytes,
    workers,
    startFiles,
    intervalSeconds: interval?.toSeconds(),
    quietSeconds: quiet?.toSeconds(),
  };
}

const KINDS: Kinds<ContinuousCompactionProps> = {
  workload: CHECKED,
  objective: CHECKED,
  path: needed(TEXT),
  image: needed(TEXT),
  writer: CHECKED,
  pushGateway: needed(TEXT),
  targetBytes: NUMBER,
  workers: NUMBER,
  interval: DURATION,
  startFiles: NUMBER,
  quiet: DURATION,
  serviceAccount: CHECKED,
  storeSecret: TEXT,
  environment: CHECKED,
  storeNamespace: TEXT,
  storeCidr: TEXT,
  storePort: NUMBER,
};

function inputChecks(props: ContinuousCompactionProps): Check[] {
  const { path, pushGateway, storePort, storeNamespace, storeCidr, environment = {} } = props;
  return [
    textCheck(
      'path',
      path,
      (text) => /^(s3a?|gs|az|abfss?):\/\/[\w.@/=-]{1,900}$/.test(text),
      'the address of a table without credentials, such as s3://lake/events',
    ),
    imageReference('image', props.image),
    textCheck(
      'pushGateway',
      pushGateway,
      (text) => /^https?:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/.test(text),
      'an address of the cluster such as http://pushgateway.monitoring:9091',
    ),
    dnsSubdomain('storeSecret', props.storeSecret),
    ...Object.keys(environment).map((name) => environmentName('environment', name)),
    ...printableTexts('environment', environment),
    dnsLabel('storeNamespace', storeNamespace),
    cidr('storeCidr', storeCidr),
    {
      refused: storeNamespace !== undefined && storeCidr !== undefined,
      message: 'storeNamespace and storeCidr must not be given together: it is inside or outside the cluster',
    },
    {
      refused: storePort !== undefined && !(Number.isInteger(storePort) && storePort >= 1 && storePort <= 65_535),
      message: `storePort must be a whole number, between 1 and 65535, got ${storePort}`,
    },
  ];
}
