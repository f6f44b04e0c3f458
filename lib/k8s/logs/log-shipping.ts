import { createHash } from 'node:crypto';
import { ApiObject, type Duration, JsonPatch } from 'cdk8s';
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

/** No distribution and no stock image gives it to anybody, as far as is known. */
const SHIPPER_USER = 20_479;

/**
 * What a log shipper is sized from.
 */
export interface LogShippingProps {
  /**
   * What one node writes into its log files.
   */
  readonly workload: LogsWorkload;

  /**
   * What the logs may take of a node's disk, and what they have to outlive.
   */
  readonly objective: LogsObjective;

  /**
   * Where the lines go: `LogOutput.kafka(…)` or `LogOutput.elasticsearch(…)`.
   */
  readonly output: LogOutput;

  /**
   * Folder of the node with the log files. Absolute, at least three names deep, such as `/var/log/app`; it is made,
   * for `fileUser`, where it is missing.
   */
  readonly logFolder: string;

  /**
   * Name pattern of the log files in the folder.
   *
   * @default *.log
   */
  readonly filePattern?: string;

  /**
   * User id that writes the files. The rotator runs as it and needs no other right. 1 to 2147483647; one `LogShipping`
   * for each user that writes.
   */
  readonly fileUser: number;

  /**
   * Group id of the files. Filebeat reads them by it, so their mode must have a group that may read: 0640, never 0600.
   * `LogFilesUnreadable` fires on a node with a file that it cannot read. 1 to 2147483647.
   *
   * @default - the number of `fileUser`
   */
  readonly fileGroup?: number;

  /**
   * User id of Filebeat and the exporter, one that nothing else on the nodes has. It keeps the credentials of the output
   * and the queue from what writes the logs. 1 to 2147483647, other than `fileUser`.
   *
   * @default 20479
   */
  readonly shipperUser?: number;

  /**
   * How a writer gets to its new file after a rotation.
   *
   * @default LogReopen.byWriter()
   */
  readonly reopen?: LogReopen;

  /**
   * An image with `logrotate` (3.21 is what was run), `sh`, `gzip` and `pkill`. There is no stock one: two lines make it, see the page
   * of this construct. Pin a digest or a version, never `latest`.
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
   * Bytes of log lines that gzip takes in per second on one core of the node. Above 0.
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
   * Whether the pods run on nodes with taints too. A node without a shipper fills its disk. Nodes with Windows never get
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
   * Name under which registry and queue lie on the nodes, `/var/lib/backpressure/<stateName>`, and by which Filebeat
   * knows its files. When a construct is renamed or moved, give the name of the DaemonSet that it had: under a new name
   * every file is shipped once more, and what waits in the queue is left behind. Two installations of one chart on the
   * same nodes need a name each, because their DaemonSets have the same. 1 to 63 lower-case letters, digits and hyphens.
   *
   * @default - the name of the DaemonSet
   */
  readonly stateName?: string;
}

/**
 * Log files of every node, rotated before they fill the disk and shipped before they are deleted: how large a file may
 * become, how many are kept and how large the shipper's queue is follow from the rate, the disk and the outage that
 * has to be survived.
 *
 * Cures a disk that is the only buffer between what logs and what reads (case 1). The pods need folders of their node
 * (`hostPath`), which Pod Security allows at the level `privileged` only: their namespace must have it, and nothing
 * else should run there. Within it they have as little as they can: no API access, no capability, a user that may
 * read the log files and nothing else, and for the rotator the user that writes them; only the container that makes the
 * folders is root, with `CHOWN` alone.
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

  /**
   * @throws CapacityError when the disk budget cannot hold rate × outage; the message names the ways out
   * @throws InvalidInputError when a prop is out of range; the message names every one of them
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
    this.patch(reopen, pod.group, props.tolerateEverything ?? true);
    networkPolicy(this, 'NetworkPolicy', this.daemonSet.matchLabels, output.egress, {
      ports: [metricsPort],
      namespace: props.monitoringNamespace ?? 'monitoring',
    });
    podMonitor(this, 'PodMonitor', this.daemonSet.matchLabels, 'metrics');
    const name = { namespace: namespaceOf(this), shipper: this.daemonSet.name };
    this.alerts = alertRules(this, 'Alerts', this.node.path, logAlerts(this.plan, name));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, logGraphs(this.plan, name));
  }

  private createDaemonSet(props: LogShippingProps, configText: string): kplus.DaemonSet {
    const user = props.shipperUser ?? SHIPPER_USER;
    return new kplus.DaemonSet(this, 'DaemonSet', {
      // A changed configuration is another pod; without this the old one would run on.
      podMetadata: {
        labels: chartLabels(this),
        annotations: { 'backpressure/config': createHash('sha256').update(configText).digest('hex').slice(0, 16) },
      },
      // Each container has a user of its own.
      securityContext: { user, group: user, ensureNonRoot: false },
      serviceAccount: new kplus.ServiceAccount(this, 'ServiceAccount', { automountToken: false }),
      automountServiceAccountToken: false,
    });
  }

  private patch(reopen: LogReopen, fileGroup: number, tolerateEverything: boolean): void {
    // Under disk pressure the pods of the lowest priority go first, and these are the ones that free the disk.
    const priority = clusterScoped(
      new kplus.k8s.KubePriorityClass(this, 'PriorityClass', {
        metadata: { name: namedInCluster(this.daemonSet) },
        value: 1_000_000,
        description: 'Log shippers: a node without one fills its disk.',
      }),
    );
    const spec = '/spec/template/spec';
    ApiObject.of(this.daemonSet).addJsonPatch(
      JsonPatch.add(`${spec}/priorityClassName`, priority.name),
      // By it Filebeat reads the files, which are another user's.
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
      // A folder of the system must not be given away to the user that logs.
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
      // *.log* matches what was rotated, and rotates it again.
      refused: filePattern !== undefined && /[*?]$/.test(filePattern),
      message: `filePattern must not end in a wildcard, or rotated files are rotated again, got '${filePattern}'`,
    },
    wholeNumber('fileUser', fileUser, 1, 2 ** 31 - 1),
    wholeNumber('fileGroup', fileGroup, 1, 2 ** 31 - 1),
    wholeNumber('shipperUser', shipperUser, 1, 2 ** 31 - 1),
    {
      refused: (shipperUser ?? SHIPPER_USER) === fileUser,
      message: `shipperUser must be another user than fileUser, or what writes the logs can read the credentials of the output, got ${fileUser} for both`,
    },
    wholeNumber('rotationInterval in seconds', rotationInterval?.toSeconds({ integral: false }), 1, 3600),
    imageReference('rotatorImage', rotatorImage),
    dnsLabel('monitoringNamespace', props.monitoringNamespace),
    dnsLabel('stateName', props.stateName),
  ];
}
