/** The containers of a log shipper's pod and the folders they share. */
import { Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { LogsPlan } from '../../flow/logs/workload';
import { stockImage } from '../images';
import { mountTemporary, restrictedContainer } from '../restricted-pod';
import { CERTIFICATES, type LogOutputBinding } from './log-binding';
import { DISK_QUEUE, FILEBEAT_DATA, FILEBEAT_STATS_PORT } from './log-config';

const METRICS_PORT = 9479;
const LOGROTATE_STATE = '/var/lib/logrotate';
const FILEBEAT_FOLDER = 'filebeat';
const LOGROTATE_FOLDER = 'logrotate';

/** Inputs of every container of the pod. */
export interface LogPod {
  readonly scope: Construct;
  readonly daemonSet: kplus.DaemonSet;
  readonly plan: LogsPlan;
  readonly logFolder: string;
  /** Owner of the log files. */
  readonly user: number;
  readonly group: number;
  /** User of Filebeat and the exporter. */
  readonly shipper: number;
  /** Name of their folder. */
  readonly stateName?: string;
}

/** Folders of the node. */
export interface LogVolumes {
  readonly logs: kplus.Volume;
  /** Registry, queue and state of the rotator: they outlive the pod. */
  readonly data: kplus.Volume;
}

/** The folders, and the container that gives each to the user that writes into it. */
export function prepareFolders({ scope, daemonSet, logFolder, user, group, shipper, stateName }: LogPod): LogVolumes {
  const folder = (id: string, name: string, path: string) =>
    kplus.Volume.fromHostPath(scope, id, name, { path, type: kplus.HostPathVolumeType.DIRECTORY_OR_CREATE });
  const logs = folder('Logs', 'logs', logFolder);
  const data = folder('Data', 'data', `/var/lib/backpressure/${stateName ?? daemonSet.name}`);
  daemonSet.addInitContainer({
    name: 'folders',
    image: stockImage('node'),
    command: ['sh', '-c'],
    args: [
      [
        'set -e',
        givenTo(`/data/${FILEBEAT_FOLDER}`, shipper, shipper),
        givenTo(`/data/${LOGROTATE_FOLDER}`, user, group),
        // A folder that already belongs to a user keeps its owner.
        `if [ "$(stat -c %u /logs)" = 0 ]; then chown ${user}:${group} /logs; fi`,
      ].join('\n'),
    ],
    volumeMounts: [
      { path: '/logs', volume: logs },
      { path: '/data', volume: data },
    ],
    resources: SMALL,
    securityContext: {
      ...restrictedContainer(),
      user: 0,
      group: 0,
      ensureNonRoot: false,
      capabilities: { drop: [kplus.Capability.ALL], add: [kplus.Capability.CHOWN] },
    },
  });
  return { logs, data };
}

/**
 * Makes a folder that only its user can enter, with everything that an earlier version left in it. Root has only the
 * right to change owners here (CHOWN), so it takes the tree over first, and gives it back from the leaves up. It never
 * follows a link: the former owner may have made it.
 */
function givenTo(path: string, user: number, group: number): string {
  return [
    `mkdir -p ${path}`,
    `if [ "$(stat -c %u:%g:%a ${path})" != ${user}:${group}:700 ]; then`,
    // From here on the former owner cannot change the content.
    `  chown 0:0 ${path} && chmod 700 ${path}`,
    // Each folder before it is entered; chown -R enters first.
    `  find ${path} -exec chown -h 0:0 {} \\;`,
    `  find ${path} -depth -exec chown -h ${user}:${group} {} +`,
    'fi',
  ].join('\n');
}

/** Filebeat. */
export function logShipper(
  { scope, daemonSet, plan, logFolder, shipper }: LogPod,
  { logs, data }: LogVolumes,
  config: kplus.ConfigMap,
  output: LogOutputBinding,
  resources: kplus.ContainerResources | undefined,
): kplus.Container {
  const secrets = Object.entries(output.secrets).map(([name, { secretName, key }]) => {
    const secret = kplus.Secret.fromSecretName(scope, `Secret${name}`, secretName);
    return [name, kplus.EnvValue.fromSecretValue({ secret, key })] as const;
  });
  const probe = (kind: 'startup' | 'liveness' | 'readiness') =>
    kplus.Probe.fromCommand(['curl', '-sf', `http://127.0.0.1:${FILEBEAT_STATS_PORT}/`], {
      // Tests Filebeat, not its output: a restart does not repair a broker.
      periodSeconds: Duration.seconds(plan.value('probePeriodSeconds')),
      timeoutSeconds: Duration.seconds(plan.value('probeTimeoutSeconds')),
      failureThreshold: plan.value(`${kind}ProbeFailures`),
    });
  const container = daemonSet.addContainer({
    name: 'filebeat',
    image: stockImage('filebeat'),
    command: ['filebeat'],
    args: ['-e', '-c', '/etc/filebeat/filebeat.yml', '--path.data', FILEBEAT_DATA],
    envVariables: { NODE_NAME: nodeName(), ...Object.fromEntries(secrets) },
    resources: resources ?? {
      cpu: { request: kplus.Cpu.millis(100), limit: kplus.Cpu.millis(1000) },
      memory: { request: Size.mebibytes(512), limit: Size.mebibytes(512) },
    },
    securityContext: restrictedContainer(shipper),
    startup: probe('startup'),
    liveness: probe('liveness'),
    readiness: probe('readiness'),
  });
  container.mount(logFolder, logs, { readOnly: true });
  container.mount(FILEBEAT_DATA, data, { subPath: FILEBEAT_FOLDER });
  container.mount('/etc/filebeat', kplus.Volume.fromConfigMap(scope, 'FilebeatConfigVolume', config));
  mountTemporary(scope, container);
  if (output.certificateAuthority) {
    const { secretName, key } = output.certificateAuthority;
    const secret = kplus.Secret.fromSecretName(scope, 'CertificateAuthority', secretName);
    const volume = kplus.Volume.fromSecret(scope, 'Certificates', secret, { items: { [key]: { path: key } } });
    container.mount(CERTIFICATES, volume, { readOnly: true });
  }
  return container;
}

/** logrotate in a loop. */
export function logRotator(
  { scope, daemonSet, plan, logFolder, user, group }: LogPod,
  { logs, data }: LogVolumes,
  config: kplus.ConfigMap,
  script: kplus.ConfigMap,
  image: string,
): kplus.Container {
  const value = (name: string) => plan.value(name);
  const status = `${LOGROTATE_STATE}/status`;
  const container = daemonSet.addContainer({
    name: 'rotator',
    image,
    command: ['sh', '/opt/rotator/rotate.sh'],
    envVariables: {
      ROTATION_SECONDS: kplus.EnvValue.fromValue(String(value('rotationSeconds'))),
      STATE: kplus.EnvValue.fromValue(status),
      CONFIG: kplus.EnvValue.fromValue('/etc/logrotate/logrotate.conf'),
    },
    resources: {
      cpu: { request: kplus.Cpu.millis(50), limit: kplus.Cpu.millis(1000) },
      memory: { request: Size.mebibytes(64), limit: Size.mebibytes(64) },
    },
    securityContext: { ...restrictedContainer(user), group },
    // A state file from the future counts as stale too: the clock was set back, and the next run rewrites it.
    liveness: kplus.Probe.fromCommand(['sh', '-c', fresh(status, plan)], {
      initialDelaySeconds: Duration.seconds(value('rotatorProbeDelaySeconds')),
      periodSeconds: Duration.seconds(value('rotatorProbePeriodSeconds')),
      timeoutSeconds: Duration.seconds(value('probeTimeoutSeconds')),
      failureThreshold: value('sidecarProbeFailures'),
    }),
  });
  container.mount(logFolder, logs);
  container.mount(LOGROTATE_STATE, data, { subPath: LOGROTATE_FOLDER });
  container.mount('/etc/logrotate', kplus.Volume.fromConfigMap(scope, 'LogrotateConfigVolume', config));
  container.mount('/opt/rotator', kplus.Volume.fromConfigMap(scope, 'RotatorScriptVolume', script));
  return container;
}

/** Whether the rotator's state file is neither stale nor from the future. */
function fresh(file: string, plan: LogsPlan): string {
  const [seconds, ahead] = [plan.value('rotatorStaleSeconds'), plan.value('rotatorAheadSeconds')];
  return `age=$(($(date +%s) - $(stat -c %Y ${file}))) && [ "$age" -lt ${seconds} ] && [ "$age" -gt -${ahead} ]`;
}

/** The exporter for Prometheus; returns its port. */
export function logExporter(
  { scope, daemonSet, plan, logFolder, shipper }: LogPod,
  { logs, data }: LogVolumes,
  script: kplus.ConfigMap,
  image: string,
): number {
  const text = (value: string) => kplus.EnvValue.fromValue(value);
  const probe = (kind: 'sidecar' | 'readiness') =>
    kplus.Probe.fromHttpGet('/healthz', {
      port: METRICS_PORT,
      periodSeconds: Duration.seconds(plan.value('probePeriodSeconds')),
      failureThreshold: plan.value(`${kind}ProbeFailures`),
    });
  const container = daemonSet.addContainer({
    name: 'exporter',
    image,
    command: ['node', '/opt/exporter/index.js'],
    envVariables: {
      LOG_FOLDER: text(logFolder),
      QUEUE_FOLDER: text(`${FILEBEAT_DATA}/${DISK_QUEUE}`),
      STATS_URL: text(`http://127.0.0.1:${FILEBEAT_STATS_PORT}/stats`),
      METRICS_PORT: text(String(METRICS_PORT)),
      SHIPPER: text(daemonSet.name),
      NODE_NAME: nodeName(),
    },
    ports: [{ name: 'metrics', number: METRICS_PORT }],
    resources: SMALL,
    securityContext: restrictedContainer(shipper),
    liveness: probe('sidecar'),
    readiness: probe('readiness'),
  });
  container.mount(logFolder, logs, { readOnly: true });
  container.mount(FILEBEAT_DATA, data, { subPath: FILEBEAT_FOLDER, readOnly: true });
  container.mount('/opt/exporter', kplus.Volume.fromConfigMap(scope, 'ExporterScriptVolume', script));
  return METRICS_PORT;
}

const SMALL: kplus.ContainerResources = {
  cpu: { request: kplus.Cpu.millis(20), limit: kplus.Cpu.millis(200) },
  memory: { request: Size.mebibytes(64), limit: Size.mebibytes(128) },
};

function nodeName(): kplus.EnvValue {
  return kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.NODE_NAME);
}
