import { createHash } from 'node:crypto';
import { ApiObject, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { type Check, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, NUMBER, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { planLogs } from '../../flow/logs/plan';
import type { LogsObjective, LogsPlan, LogsWorkload } from '../../flow/logs/workload';
import { alertRules } from '../alert-rules';
import { clusterScoped, namedInCluster } from '../cluster-scoped';
import { grafanaDashboard } from '../grafana-dashboard';
import { stockImage } from '../images';
import { DURATION } from '../kinds';
import { dnsLabel, imageReference, textCheck } from '../names';
import { networkPolicy } from '../network-policy';
import { podMonitor } from '../operators/prometheus';
import { namespaceOf } from '../promql';
import { chartLabels, onLinux, refuseSharedPaths } from '../restricted-pod';
import { scriptConfigMap } from '../script';
import { logAlerts, logGraphs } from './log-alerts';
import { filebeatConfig, logrotateConfig } from './log-config';
import type { LogOutput } from './log-output';
import { logExporter, logRotator, logShipper, prepareFolders } from './log-pod';
import { LogReopen } from './log-reopen';

/** No known distribution or stock image assigns it to a user. */
const SHIPPER_USER = 20_479;

/**
 * What a log shipper is sized from.
 */
export interface LogShippingProps {
  /**
   * Log workload of one node.
   */
  readonly workload: LogsWorkload;

  /**
   * The share of a node's disk that the logs may take, and the outage that they must survive.
   */
  readonly objective: LogsObjective;

  /**
   * Where the lines go: `LogOutput.kafka(…)` or `LogOutput.elasticsearch(…)`.
   */
  readonly output: LogOutput;

  /**
   * Folder of the node with the log files. Absolute, at least three names deep, such as `/var/log/app`; if it is
   * missing it is created for `fileUser`.
   */
  readonly logFolder: string;

  /**
   * Name pattern of the log files in the folder.
   *
   * @default *.log
   */
  readonly filePattern?: string;

  /**
   * User id that writes the files. The rotator runs as it and needs no other permission. 1 to 2147483647; one
   * `LogShipping` for each user that writes.
   */
  readonly fileUser: number;

  /**
   * Group id of the files. Filebeat reads them through it, so their mode must let the group read: 0640, never 0600.
   * `LogFilesUnreadable` fires on a node with a file that it cannot read. 1 to 2147483647.
   *
   * @default - the number of `fileUser`
   */
  readonly fileGroup?: number;

  /**
   * User id of Filebeat and the exporter, used by nothing else on the nodes. It protects the credentials of the output
   * and the queue from the processes that write the logs. 1 to 2147483647, other than `fileUser`.
   *
   * @default 20479
   */
  readonly shipperUser?: number;

  /**
   * How a writer switches to its new file after a rotation.
   *
   * @default LogReopen.byWriter()
   */
  readonly reopen?: LogReopen;

  /**
   * An image with `logrotate` (tested with 3.21), `sh`, `gzip` and `pkill`. There is no stock image; the page of this
   * construct shows the two lines that build one. Pin a digest or a version, never `latest`.
   */
  readonly rotatorImage: string;

  /**
   * Time between two runs of the rotator. 1 second to 1 hour.
   *
   * @default Duration.minutes(1)
   */
  readonly rotationInterval?: Duration;

  /**
   * Size in bytes from which a file is rotated, given by hand. 1 MiB or more; it is checked against the disk budget.
   *
   * @default - derived
   */
  readonly fileSizeCapBytes?: number;

  /**
   * Rotated files that are kept of each log file, given by hand. 2 to 100; it is checked against the disk budget.
   *
   * @default - derived
   */
  readonly fileCount?: number;

  /**
   * Bytes of log lines that gzip compresses per second on one core of the node. Above 0.
   *
   * @default 10000000
   */
  readonly compressBytesPerSecond?: number;

  /**
   * CPU and memory of Filebeat.
   *
   * @default - 100 m to 1 CPU, 512 MiB: an assumption, watch it at your peak
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * Whether the pods also run on nodes with taints. A node without a shipper fills its disk. Windows nodes never get
   * one.
   *
   * @default true
   */
  readonly tolerateEverything?: boolean;

  /**
   * Namespace of the Prometheus that scrapes the exporter. Only its pods may.
   *
   * @default monitoring
   */
  readonly monitoringNamespace?: string;

  /**
   * Name of the folder with registry and queue on the nodes, `/var/lib/backpressure/<stateName>`, and of Filebeat's
   * input. When a construct is renamed or moved, give its former DaemonSet name: under a new name every file is shipped
   * again, and the lines in the queue are lost. Two installations of one chart on the same nodes need different names,
   * because their DaemonSets have the same name. 1 to 63 lower-case letters, digits and hyphens.
   *
   * @default - the name of the DaemonSet
   */
  readonly stateName?: string;
}

/**
 * Log files of every node, rotated before they fill the disk and shipped before they are deleted: the largest size of a
 * file, the number of files and the size of the shipper's queue follow from the rate, the disk and the outage that must
 * be survived.
 *
 * Cures a disk that is the only buffer between writers and readers of logs (case 1). The pods need folders of their
 * node (`hostPath`), which Pod Security allows at the level `privileged` only: their namespace must have it, and
 * nothing else should run there. They have the fewest rights possible: no API access, no capability, a user that may
 * only read the log files, and for the rotator the user that writes them; only the container that makes the folders is
 * root, with only `CHOWN`.
 */
export class LogShipping extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: LogsPlan;

  /** The pods, one a node. */
  public readonly daemonSet: kplus.DaemonSet;

  /** The container of Filebeat. */
  public readonly filebeat: kplus.Container;

  /** The container that runs logrotate. */
  public readonly rotator: kplus.Container;

  /** `filebeat.yml`. */
  public readonly filebeatConfig: kplus.ConfigMap;

  /** `logrotate.conf`. */
  public readonly logrotateConfig: kplus.ConfigMap;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /** What the shippers may connect to, and who may read their metrics. */
  public readonly networkPolicy: ApiObject;

  /** The `PodMonitor` of their metrics. */
  public readonly podMonitor: ApiObject;

  /** The `PriorityClass` of the shippers, so that they are evicted last. */
  public readonly priorityClass: ApiObject;

  /**
   * @throws CapacityError when the disk budget cannot hold rate × outage; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: LogShippingProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const output = usable.output?._binding;
    const reopen = usable.reopen ?? LogReopen.byWriter();
    this.plan = planLogs(
      id,
      {
        workload: usable.workload,
        objective: usable.objective,
        rotationSeconds: usable.rotationInterval?.toSeconds({ integral: false }),
        fileSizeCapBytes: usable.fileSizeCapBytes,
        fileCount: usable.fileCount,
        compressBytesPerSecond: usable.compressBytesPerSecond,
      },
      [...checks, ...inputChecks(usable), ...(output?.checks ?? []), ...reopen._checks],
    );
    const files = `${props.logFolder}/${props.filePattern ?? '*.log'}`;
    const configs = {
      'filebeat.yml': filebeatConfig(props.stateName ?? this.node.addr, files, this.plan, output),
      'logrotate.conf': logrotateConfig(files, this.plan, reopen),
    };
    const config = (name: string, file: keyof typeof configs) =>
      new kplus.ConfigMap(this, name, { data: { [file]: configs[file] } });
    this.filebeatConfig = config('FilebeatConfig', 'filebeat.yml');
    this.logrotateConfig = config('LogrotateConfig', 'logrotate.conf');
    this.daemonSet = this.createDaemonSet(props, Object.values(configs).join('\n'));
    const pod = {
      scope: this,
      daemonSet: this.daemonSet,
      plan: this.plan,
      logFolder: props.logFolder,
      user: props.fileUser,
      group: props.fileGroup ?? props.fileUser,
      shipper: props.shipperUser ?? SHIPPER_USER,
      stateName: props.stateName,
    };
    const volumes = prepareFolders(pod);
    this.filebeat = logShipper(pod, volumes, this.filebeatConfig, output, props.resources);
    const script = scriptConfigMap(this, 'RotatorScript', 'log-rotator/rotate.sh');
    this.rotator = logRotator(pod, volumes, this.logrotateConfig, script, props.rotatorImage);
    const exporter = scriptConfigMap(this, 'ExporterScript', 'log-exporter/index.js');
    const metricsPort = logExporter(pod, volumes, exporter, stockImage('node'));
    onLinux(this.daemonSet);
    refuseSharedPaths(this, this.daemonSet);
    this.priorityClass = this.createPriorityClass();
    this.patch(reopen, pod.group, props.tolerateEverything ?? true);
    this.networkPolicy = networkPolicy(this, 'NetworkPolicy', this.daemonSet.matchLabels, output.egress, {
      ports: [metricsPort],
      namespace: props.monitoringNamespace ?? 'monitoring',
    });
    const { matchLabels } = this.daemonSet;
    this.podMonitor = podMonitor(this, 'PodMonitor', matchLabels, 'metrics', this.plan.value('scrapeSeconds'));
    const name = { namespace: namespaceOf(this), shipper: this.daemonSet.name };
    this.alerts = alertRules(this, 'Alerts', this.node.path, logAlerts(this.plan, name));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, logGraphs(this.plan, name));
  }

  private createDaemonSet(props: LogShippingProps, configText: string): kplus.DaemonSet {
    const user = props.shipperUser ?? SHIPPER_USER;
    return new kplus.DaemonSet(this, 'DaemonSet', {
      // A changed configuration must change the pod; without this the old pod would keep running.
      podMetadata: {
        labels: chartLabels(this),
        annotations: { 'backpressure/config': createHash('sha256').update(configText).digest('hex').slice(0, 16) },
      },
      // Each container sets its own user.
      securityContext: { user, group: user, ensureNonRoot: false },
      serviceAccount: new kplus.ServiceAccount(this, 'ServiceAccount', { automountToken: false }),
      automountServiceAccountToken: false,
      terminationGracePeriod: Duration.seconds(this.plan.value('terminationGracePeriodSeconds')),
    });
  }

  /** Under disk pressure the pods of the lowest priority are evicted first, and these pods free the disk. */
  private createPriorityClass(): ApiObject {
    return clusterScoped(
      new kplus.k8s.KubePriorityClass(this, 'PriorityClass', {
        metadata: { name: namedInCluster(this.daemonSet) },
        value: 1_000_000,
        description: 'Log shippers: the disk of a node without one fills up.',
      }),
    );
  }

  private patch(reopen: LogReopen, fileGroup: number, tolerateEverything: boolean): void {
    const spec = '/spec/template/spec';
    ApiObject.of(this.daemonSet).addJsonPatch(
      JsonPatch.add(`${spec}/priorityClassName`, this.priorityClass.name),
      // Filebeat reads the files of another user through this group.
      JsonPatch.add(`${spec}/securityContext/supplementalGroups`, [fileGroup]),
      ...(tolerateEverything ? [JsonPatch.add(`${spec}/tolerations`, [{ operator: 'Exists' }])] : []),
      // A signal has to reach processes of other pods.
      ...(reopen._processName ? [JsonPatch.add(`${spec}/hostPid`, true)] : []),
    );
  }
}

const KINDS: Kinds<LogShippingProps> = {
  workload: CHECKED,
  objective: CHECKED,
  output: needed(having(['_binding'], 'a LogOutput: LogOutput.kafka() or LogOutput.elasticsearch()')),
  logFolder: needed(TEXT),
  filePattern: TEXT,
  fileUser: needed(NUMBER),
  fileGroup: NUMBER,
  shipperUser: NUMBER,
  reopen: having(['_checks'], 'a LogReopen: LogReopen.byWriter() or LogReopen.signal()'),
  rotatorImage: needed(TEXT),
  rotationInterval: DURATION,
  fileSizeCapBytes: CHECKED,
  fileCount: CHECKED,
  compressBytesPerSecond: CHECKED,
  resources: OBJECT,
  tolerateEverything: FLAG,
  monitoringNamespace: TEXT,
  stateName: TEXT,
};

function inputChecks(props: LogShippingProps): Check[] {
  const { logFolder, filePattern, fileUser, fileGroup, shipperUser, rotatorImage, rotationInterval } = props;
  return [
    textCheck(
      'logFolder',
      logFolder,
      // A system folder must not be given to the user that writes the logs.
      (path) =>
        /^\/[\w.-]+\/[\w.-]+\/[\w./-]*[\w-]$/.test(path) && !/\/\.\.?(\/|$)|\/\//.test(path) && path.length <= 1024,
      'absolute and at least three names deep, such as /var/log/app',
    ),
    textCheck(
      'filePattern',
      filePattern,
      (pattern) => /^[\w.*?-]{1,200}$/.test(pattern),
      "1 to 200 letters, digits, '.', '_', '-', '*' and '?'",
    ),
    {
      // *.log* matches rotated files, and rotates them again.
      refused: filePattern !== undefined && /[*?]$/.test(filePattern),
      message: `filePattern must not end in a wildcard, or rotated files are rotated again, got '${filePattern}'`,
    },
    wholeNumber('fileUser', fileUser, 1, 2 ** 31 - 1),
    wholeNumber('fileGroup', fileGroup, 1, 2 ** 31 - 1),
    wholeNumber('shipperUser', shipperUser, 1, 2 ** 31 - 1),
    {
      refused: (shipperUser ?? SHIPPER_USER) === fileUser,
      message: `shipperUser must be another user than fileUser, or the processes that write the logs can read the credentials of the output, got ${fileUser} for both`,
    },
    wholeNumber('rotationInterval in seconds', rotationInterval?.toSeconds({ integral: false }), 1, 3600),
    imageReference('rotatorImage', rotatorImage),
    dnsLabel('monitoringNamespace', props.monitoringNamespace),
    dnsLabel('stateName', props.stateName),
  ];
}
