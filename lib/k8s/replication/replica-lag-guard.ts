import { type ApiObject, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { sound } from '../../flow/kinds';
import { serverFile } from '../../flow/replication/parameters';
import { planReplication } from '../../flow/replication/plan';
import { guardPodKnobs } from '../../flow/replication/pod';
import { guardSettings } from '../../flow/replication/settings';
import type { ReplicationPlan } from '../../flow/replication/workload';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { stockImage } from '../images';
import { networkPolicy } from '../network-policy';
import { podMonitor } from '../operators/prometheus';
import { namespaceOf } from '../promql';
import {
  chartLabels,
  DEFAULT_RESOURCES,
  mountTemporary,
  onLinux,
  refuseSharedPaths,
  restrictedContainer,
  restrictedPod,
} from '../restricted-pod';
import { packedConfigMap, textConfigMap, unpacked } from '../script';
import type { SecretKey } from '../secret-key';
import { mysqlAddress, mysqlEgress } from './mysql-server';
import { replicaAlerts, replicaGraphs } from './replica-alerts';
import {
  DEFAULT_SCHEMA,
  GUARD_KINDS,
  guardChecks,
  guardQuestion,
  type ReplicaLagGuardProps,
} from './replica-lag-guard-props';

const SCRIPT = 'replica-guard/index.js';
const SCRIPT_FOLDER = '/opt/replica-guard';
/** Port on which the guard answers writers, probes and Prometheus. */
const PORT = 8080;

/**
 * A replica of MySQL or MariaDB that keeps up: the parameters of source and replica by the names of their version, a heartbeat,
 * and a guard that tells bulk writers how fast they may go.
 *
 * Cures a replica that falls minutes behind in a peak of writes, so that its readers decide on old data (case 8). Workers follow
 * from the write rate; where they are not enough the guard slows bulk writers down, at a lag that is computed from the delay
 * of its own signal, and lets them go again when the replica has caught up. gh-ost takes its answer as it is.
 */
export class ReplicaLagGuard extends Construct {
  /** Every knob with its reason, the parameters, and what to expect. */
  public readonly plan: ReplicationPlan;

  /** What belongs into the option file of the source, from `[mysqld]` on. */
  public readonly sourceOptions: string;

  /** The same for replicas. */
  public readonly replicaOptions: string;

  /** The options of the source as `source.cnf`, to be mounted into `conf.d`. Another content has another name. */
  public readonly sourceConfig: kplus.ConfigMap;

  /** The options of a replica as `replica.cnf`. */
  public readonly replicaConfig: kplus.ConfigMap;

  /** The program of the guard, compressed. */
  public readonly script: kplus.ConfigMap;

  /** The guard. */
  public readonly deployment: kplus.Deployment;

  /** Its container. */
  public readonly container: kplus.Container;

  /** Where writers ask. */
  public readonly service: kplus.Service;

  /** The address that writers ask, without a path. */
  public readonly url: string;

  /** Allows DNS, the servers, writers and Prometheus, and nothing else. */
  public readonly networkPolicy: ApiObject;

  /** The `PodMonitor`. */
  public readonly monitor: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when neither workers nor throttle keep the promise, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: ReplicaLagGuardProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, GUARD_KINDS);
    const plan = planReplication(id, guardQuestion(usable), [...checks, ...guardChecks(usable)]);
    this.plan = plan.withKnobs(guardPodKnobs(plan));
    this.sourceOptions = serverFile(this.plan.sourceParameters);
    this.replicaOptions = serverFile(this.plan.replicaParameters, usable.engine);
    this.sourceConfig = textConfigMap(this, 'SourceConfig', 'source.cnf', this.sourceOptions);
    this.replicaConfig = textConfigMap(this, 'ReplicaConfig', 'replica.cnf', this.replicaOptions);
    this.script = packedConfigMap(this, 'Script', SCRIPT);
    this.deployment = this.createDeployment(usable);
    this.container = this.deployment.containers[0];
    this.service = new kplus.Service(this, 'Service', {
      selector: this.deployment,
      ports: [{ name: 'http', port: PORT, targetPort: PORT }],
    });
    const namespace = namespaceOf(this);
    this.url = `http://${[this.service.name, namespace, ...(namespace === undefined ? [] : ['svc'])].join('.')}:${PORT}`;
    const { matchLabels } = this.deployment;
    this.networkPolicy = networkPolicy(
      this,
      'NetworkPolicy',
      matchLabels,
      [usable.source, ...usable.replicas].map(mysqlEgress),
      [
        { ports: [PORT], namespace: usable.writerNamespace },
        { ports: [PORT], namespace: usable.monitoringNamespace ?? 'monitoring' },
      ],
    );
    this.monitor = podMonitor(this, 'PodMonitor', matchLabels, 'http', this.plan.value('scrapeSeconds'));
    const series = { namespace, guard: this.deployment.name };
    this.alerts = alertRules(this, 'Alerts', this.node.path, replicaAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, replicaGraphs(this.plan, series));
  }

  private createDeployment(props: ReplicaLagGuardProps): kplus.Deployment {
    const seconds = (knob: string) => Duration.seconds(this.plan.value(knob));
    const deployment = new kplus.Deployment(this, 'Deployment', {
      replicas: this.plan.value('guards'),
      // Two guards at once would both write heartbeats, and writers would hear two rates.
      strategy: kplus.DeploymentStrategy.recreate(),
      podMetadata: { labels: chartLabels(this) },
      securityContext: restrictedPod(),
      serviceAccount: new kplus.ServiceAccount(this, 'ServiceAccount', { automountToken: false }),
      automountServiceAccountToken: false,
      terminationGracePeriod: seconds('terminationGracePeriodSeconds'),
      progressDeadline: seconds('progressDeadlineSeconds'),
    });
    // The name of the Deployment is the label of the metrics.
    const container = deployment.addContainer(this.containerProps(props, deployment.name));
    container.mount(SCRIPT_FOLDER, kplus.Volume.fromConfigMap(this, 'ScriptVolume', this.script));
    mountTemporary(this, container);
    refuseSharedPaths(this, deployment);
    onLinux(deployment);
    return deployment;
  }

  private containerProps(props: ReplicaLagGuardProps, name: string): kplus.ContainerProps {
    const probe = (kind: 'readiness' | 'liveness' | 'startup') =>
      kplus.Probe.fromHttpGet('/healthz', {
        port: PORT,
        periodSeconds: Duration.seconds(this.plan.value('probePeriodSeconds')),
        timeoutSeconds: Duration.seconds(this.plan.value('probeTimeoutSeconds')),
        failureThreshold: this.plan.value(`${kind}ProbeFailures`),
      });
    return {
      name: 'guard',
      image: stockImage('node'),
      command: unpacked(SCRIPT_FOLDER, SCRIPT),
      envVariables: { ...this.settings(props, name), ...this.secrets(props) },
      ports: [{ name: 'http', number: PORT }],
      resources: props.resources ?? DEFAULT_RESOURCES,
      securityContext: restrictedContainer(),
      readiness: probe('readiness'),
      liveness: probe('liveness'),
      startup: probe('startup'),
    };
  }

  /** What the program reads: `lib/runtime/replica-guard/environment.ts`. */
  private settings(props: ReplicaLagGuardProps, name: string): Record<string, kplus.EnvValue> {
    const value = (knob: string) => String(this.plan.value(knob));
    const replicas = props.replicas.map((one, at) => mysqlAddress(one, `replica-${at + 1}`));
    const texts: Record<string, string> = {
      GUARD: name,
      SETTINGS: JSON.stringify(guardSettings(this.plan)),
      SOURCE: JSON.stringify(mysqlAddress(props.source, 'source')),
      REPLICAS: JSON.stringify(replicas),
      DB_SCHEMA: props.schema ?? DEFAULT_SCHEMA,
      ...(props.tls !== false && props.certificateAuthority === undefined && { DB_TRUST: 'system' }),
      ...(props.tls !== false && props.verifyIdentity === false && { DB_VERIFY_IDENTITY: 'false' }),
      HEARTBEAT_SECONDS: value('heartbeatSeconds'),
      TICK_SECONDS: value('tickSeconds'),
      READ_TIMEOUT_SECONDS: value('readTimeoutSeconds'),
      WRITER_FORGOTTEN_SECONDS: value('writerForgottenSeconds'),
      STALLED_SECONDS: value('stalledSeconds'),
      PORT: String(PORT),
    };
    return Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, kplus.EnvValue.fromValue(text)]));
  }

  private secrets(props: ReplicaLagGuardProps): Record<string, kplus.EnvValue> {
    const keys: Record<string, SecretKey> = {
      DB_USER: props.user,
      DB_PASSWORD: props.password,
      ...(props.certificateAuthority && { DB_TRUST: props.certificateAuthority }),
    };
    return Object.fromEntries(
      Object.entries(keys).map(([name, { secretName, key }]) => {
        const secret = kplus.Secret.fromSecretName(this, `Secret${name}`, secretName);
        return [name, kplus.EnvValue.fromSecretValue({ secret, key })];
      }),
    );
  }
}
