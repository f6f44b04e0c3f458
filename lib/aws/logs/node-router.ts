/** A log router on each node of an EKS cluster, which reads what the kubelet writes of containers. */
import { createHash } from 'node:crypto';
import { Aws, Names, Stack, Token } from 'aws-cdk-lib';
import { type ICluster, KubernetesManifest, ServiceAccount } from 'aws-cdk-lib/aws-eks';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type Check, validate } from '../../flow/errors';
import { nodeRouterKnobs } from '../../flow/logs/delivery/node-knobs';
import type { LogDeliveryPlan } from '../../flow/logs/delivery/workload';
import type { ClusterLogRouter, ClusterLogRouterOptions } from './log-router';
import {
  outputSection,
  ROUTER_FOLDER,
  ROUTER_PORT,
  type RouterTarget,
  section,
  serviceSection,
  TAG,
} from './router-config';
import { ROUTER_IMAGE } from './router-image';
import { grantSend } from './router-task';

/** There is one in each cluster, and Pod Security lets its pods read the host. */
const NAMESPACE = 'kube-system';
const CONTAINER = 'log-router';
const CONFIG_FOLDER = '/log-router';
/** Links to the files of all containers, with the names of pod, namespace and container. Source: Kubernetes, Logging Architecture. */
const CONTAINERS = '/var/log/containers';
const OWN_TAG = 'own';
const MIB = 2 ** 20;

/** What the routers of a shipping need. */
export interface NodeRouterSettings {
  /** The shipping. */
  readonly scope: Construct;
  readonly plan: LogDeliveryPlan;
  readonly target: RouterTarget;
  readonly streamArn: string;
  readonly logGroup: ILogGroup;
  readonly hostFolder?: string;
}

/** Adds the routers, their configuration and their permission. */
export function addNodeRouter(
  id: string,
  cluster: ICluster,
  settings: NodeRouterSettings,
  { namespace = NAMESPACE, image = ROUTER_IMAGE }: ClusterLogRouterOptions,
): ClusterLogRouter {
  const { streamArn, logGroup } = settings;
  validate(settings.scope.node.path, clusterChecks(settings, namespace, image));
  const plan = settings.plan.withKnobs(nodeRouterKnobs());
  const scope = new Construct(settings.scope, id);
  // With the names of stack and shipping: two of them on one cluster share neither objects nor a folder.
  const name = Names.uniqueResourceName(scope, { maxLength: 50, separator: '-' }).toLowerCase();
  const serviceAccount = new ServiceAccount(scope, 'ServiceAccount', { cluster, name, namespace });
  grantSend(streamArn, serviceAccount);
  logGroup.grantWrite(serviceAccount);
  const config = nodeConfig(plan, settings, name, namespace);
  // Resolved: the text of a token has a number that changes with what else is in the app.
  const text = JSON.stringify(Stack.of(scope).resolve(config));
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const configName = `${name}-${digest}`;
  const labels = { 'app.kubernetes.io/name': CONTAINER, 'app.kubernetes.io/instance': name };
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: configName, namespace, labels },
    data: { 'fluent-bit.conf': config },
  };
  const daemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: plan.value('nodesAtOnce') } },
      template: {
        metadata: { labels },
        spec: podOf(plan, { name, configName, image, folder: `${settings.hostFolder}/${name}` }),
      },
    },
  };
  const manifest = new KubernetesManifest(scope, 'Manifest', {
    cluster,
    manifest: [configMap, daemonSet],
    prune: false,
  });
  manifest.node.addDependency(serviceAccount);
  return { plan, serviceAccount, manifest, name, namespace, config };
}

interface Pod {
  readonly name: string;
  readonly configName: string;
  readonly image: string;
  readonly folder: string;
}

function podOf(plan: LogDeliveryPlan, { name, configName, image, folder }: Pod): object {
  const value = (knob: string) => plan.value(knob);
  const memory = `${value('routerMemoryBytes') / MIB}Mi`;
  return {
    serviceAccountName: name,
    // It asks the cluster nothing: names are in the paths of the files.
    automountServiceAccountToken: false,
    priorityClassName: 'system-node-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    // Every node writes logs, also those that take no other pods.
    tolerations: [{ operator: 'Exists' }],
    terminationGracePeriodSeconds: value('stopTimeoutSeconds'),
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: CONTAINER,
        image,
        command: ['/fluent-bit/bin/fluent-bit', '-c', `${CONFIG_FOLDER}/fluent-bit.conf`],
        resources: { requests: { cpu: `${1000 * value('routerCpu')}m`, memory }, limits: { memory } },
        // Root without capabilities: the kubelet's files belong to root, and nobody else may read them.
        securityContext: {
          runAsUser: 0,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
        livenessProbe: {
          // Whether it answers: failed deliveries are no reason to end the router that buffers them.
          exec: { command: ['/bin/sh', '-c', `curl -sf http://127.0.0.1:${ROUTER_PORT}/api/v1/uptime`] },
          initialDelaySeconds: value('probeStartSeconds'),
          periodSeconds: value('probePeriodSeconds'),
          timeoutSeconds: value('probeTimeoutSeconds'),
          failureThreshold: value('probeFailures'),
        },
        volumeMounts: [
          { name: 'config', mountPath: CONFIG_FOLDER, readOnly: true },
          { name: 'logs', mountPath: '/var/log', readOnly: true },
          { name: 'buffer', mountPath: ROUTER_FOLDER },
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name: configName } },
      { name: 'logs', hostPath: { path: '/var/log', type: 'Directory' } },
      { name: 'buffer', hostPath: { path: folder, type: 'DirectoryOrCreate' } },
    ],
  };
}

/** `fluent-bit.conf`: the files of all containers but its own, whose lines go where the alarms look for them. */
function nodeConfig(
  plan: LogDeliveryPlan,
  { target, logGroup }: NodeRouterSettings,
  name: string,
  namespace: string,
): string {
  const value = (knob: string) => plan.value(knob);
  const own = `${CONTAINERS}/${name}-*_${namespace}_${CONTAINER}-*.log`;
  const tail = {
    name: 'tail',
    // A line may be in several pieces, and has the prefix of the container's runtime.
    'multiline.parser': 'cri, docker',
    refresh_interval: value('refreshSeconds'),
    rotate_wait: value('rotateWaitSeconds'),
    skip_long_lines: 'on',
  };
  return [
    ...serviceSection(plan),
    ...section('INPUT', {
      ...tail,
      path: `${CONTAINERS}/*.log`,
      exclude_path: own,
      // Pod, namespace and container are in it; the API server is not asked.
      path_key: 'file',
      tag: TAG,
      read_from_head: 'true',
      // Where it was when it ended.
      db: `${ROUTER_FOLDER}/tail.db`,
      'storage.type': 'filesystem',
      // It waits: what it has not read stays in the kubelet's files as long as those are kept.
      'storage.pause_on_chunks_overlimit': 'on',
    }),
    // From where it begins: what it said before was counted before.
    ...section('INPUT', { ...tail, path: own, tag: OWN_TAG, mem_buf_limit: value('ownLogBytes') }),
    ...outputSection(plan, target, TAG),
    ...section('OUTPUT', {
      name: 'cloudwatch_logs',
      match: OWN_TAG,
      region: Aws.REGION,
      log_group_name: logGroup.logGroupName,
      log_stream_prefix: `${name}/`,
      log_key: 'log',
      'storage.total_limit_size': value('ownLogBytes'),
    }),
  ].join('\n');
}

function clusterChecks({ hostFolder }: NodeRouterSettings, namespace: string, image: string): Check[] {
  return [
    {
      refused: hostFolder === undefined,
      message: 'hostFolder is missing: the routers of a cluster keep their buffers in a folder of each node',
    },
    {
      refused: Token.isUnresolved(namespace) || !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(namespace),
      message: `namespace must be the name of one that is there, 1 to 63 of a to z, 0 to 9 and -, got '${namespace}'`,
    },
    {
      refused: !Token.isUnresolved(image) && !/^\S+:\S+$/.test(image),
      message: `image must be a reference with a version or a digest, such as '${ROUTER_IMAGE}', got '${image}'`,
    },
  ];
}
