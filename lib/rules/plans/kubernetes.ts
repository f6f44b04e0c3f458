/**
 * The objects of Terraform's provider for Kubernetes: blocks with the names of its own become the fields of a manifest.
 */

import { own } from '../own';
import { parseEmbedded } from '../parse';
import { type Raw } from '../raw';
import { isMapping, UNKNOWN } from '../resolved';
import type { Cell, Declared } from './cell';
import { camel } from './names';

/** API version and kind by type; a version at the end of a type is one more name of it. */
export const OBJECTS: Readonly<Record<string, readonly [apiVersion: string, kind: string]>> = {
  kubernetes_config_map: ['v1', 'ConfigMap'],
  kubernetes_config_map_v1: ['v1', 'ConfigMap'],
  kubernetes_config_map_v1_data: ['v1', 'ConfigMap'],
  kubernetes_cron_job: ['batch/v1', 'CronJob'],
  kubernetes_cron_job_v1: ['batch/v1', 'CronJob'],
  kubernetes_daemonset: ['apps/v1', 'DaemonSet'],
  kubernetes_daemon_set_v1: ['apps/v1', 'DaemonSet'],
  kubernetes_deployment: ['apps/v1', 'Deployment'],
  kubernetes_deployment_v1: ['apps/v1', 'Deployment'],
  kubernetes_horizontal_pod_autoscaler: ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  kubernetes_horizontal_pod_autoscaler_v1: ['autoscaling/v1', 'HorizontalPodAutoscaler'],
  kubernetes_horizontal_pod_autoscaler_v2: ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  kubernetes_horizontal_pod_autoscaler_v2beta2: ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  kubernetes_job: ['batch/v1', 'Job'],
  kubernetes_job_v1: ['batch/v1', 'Job'],
  kubernetes_limit_range: ['v1', 'LimitRange'],
  kubernetes_limit_range_v1: ['v1', 'LimitRange'],
  kubernetes_namespace: ['v1', 'Namespace'],
  kubernetes_namespace_v1: ['v1', 'Namespace'],
  kubernetes_pod: ['v1', 'Pod'],
  kubernetes_pod_v1: ['v1', 'Pod'],
  kubernetes_priority_class: ['scheduling.k8s.io/v1', 'PriorityClass'],
  kubernetes_priority_class_v1: ['scheduling.k8s.io/v1', 'PriorityClass'],
  kubernetes_replication_controller: ['v1', 'ReplicationController'],
  kubernetes_replication_controller_v1: ['v1', 'ReplicationController'],
  kubernetes_resource_quota: ['v1', 'ResourceQuota'],
  kubernetes_resource_quota_v1: ['v1', 'ResourceQuota'],
  kubernetes_stateful_set: ['apps/v1', 'StatefulSet'],
  kubernetes_stateful_set_v1: ['apps/v1', 'StatefulSet'],
};

/** Types whose object is written in one attribute. */
export const WHOLE: Readonly<Record<string, string>> = {
  kubernetes_manifest: 'manifest',
  kubectl_manifest: 'yaml_body',
};

/** Blocks that may stand several times, and what the field is called. */
const LISTS: Readonly<Record<string, string>> = {
  container: 'containers',
  ephemeral_container: 'ephemeralContainers',
  init_container: 'initContainers',
  volume: 'volumes',
  volume_mount: 'volumeMounts',
  volume_device: 'volumeDevices',
  volume_claim_template: 'volumeClaimTemplates',
  env: 'env',
  env_from: 'envFrom',
  toleration: 'tolerations',
  host_aliases: 'hostAliases',
  http_header: 'httpHeaders',
  image_pull_secrets: 'imagePullSecrets',
  items: 'items',
  limit: 'limits',
  match_expression: 'matchExpressions',
  match_expressions: 'matchExpressions',
  match_fields: 'matchFields',
  on_pod_condition: 'onPodConditions',
  option: 'options',
  policy: 'policies',
  preferred_during_scheduling_ignored_during_execution: 'preferredDuringSchedulingIgnoredDuringExecution',
  node_selector_term: 'nodeSelectorTerms',
  readiness_gate: 'readinessGates',
  rule: 'rules',
  sources: 'sources',
  sysctl: 'sysctls',
  topology_spread_constraint: 'topologySpreadConstraints',
};

/** Lists within another block, where the provider has a name for a single one. */
const MANY_IN: Readonly<Record<string, string>> = {
  'container port': 'ports',
  'ephemeral_container port': 'ports',
  'init_container port': 'ports',
  'spec metric': 'metrics',
  'spec port': 'ports',
  'pod_affinity required_during_scheduling_ignored_during_execution': 'requiredDuringSchedulingIgnoredDuringExecution',
  'pod_anti_affinity required_during_scheduling_ignored_during_execution':
    'requiredDuringSchedulingIgnoredDuringExecution',
};

/** Blocks of those names that stand once there. */
const ONCE_IN = ['ephemeral volume_claim_template'];

/** Attributes whose keys a person has chosen. */
const MAPS = [
  'annotations',
  'binary_data',
  'data',
  'default',
  'default_request',
  'hard',
  'labels',
  'limits',
  'match_labels',
  'max',
  'min',
  'node_selector',
  'requests',
];

/** Attributes in which the provider writes 0 for what is not given. */
const ZERO_IS_UNSET = ['active_deadline_seconds', 'starting_deadline_seconds', 'toleration_seconds', 'fs_group'];

/** Names that are not those of the fields with capitals. */
const SPELT: Readonly<Record<string, string>> = {
  cluster_ip: 'clusterIP',
  host_ipc: 'hostIPC',
  host_pid: 'hostPID',
  host_ip: 'hostIP',
  pod_ip: 'podIP',
  target_cpu_utilization_percentage: 'targetCPUUtilizationPercentage',
};

/** Where the values of a manifest stand in the resource, by the way in the manifest. */
export type Ways = Map<string, string>;

/** A manifest, or why it has none. */
export type Manifest = { readonly body: Raw; readonly ways: Ways } | { readonly unread: string };

/** Whether a resource is one of Kubernetes that becomes a manifest. */
export function isObject({ type, manifest }: Declared): boolean {
  return manifest !== undefined || Object.hasOwn(OBJECTS, type) || Object.hasOwn(WHOLE, type);
}

/** The manifest of a resource. */
export function manifestOf({ address, type, root, manifest }: Declared): Manifest {
  const ways: Ways = new Map();
  if (manifest) return { body: { ...manifest }, ways };
  const attribute = own(WHOLE, type);
  if (attribute !== undefined) {
    const place = root.at(attribute);
    if (place.unknown) return { unread: `${address}, whose manifest is known only after apply` };
    const body = whole(place, ways);
    if (!isMapping(body) || typeof body.apiVersion !== 'string' || typeof body.kind !== 'string')
      return { unread: `${address}, whose ${attribute} is not one manifest` };
    const namespace = root.at('override_namespace');
    if (type !== 'kubectl_manifest' || namespace.value === undefined || namespace.value === null) {
      if (!namespace.unknown || namespace.unset) return { body, ways };
    }
    const metadata = isMapping(body.metadata) ? body.metadata : {};
    return {
      body: { ...body, metadata: { ...metadata, namespace: namespace.unknown ? UNKNOWN : namespace.value } },
      ways,
    };
  }
  const [apiVersion, kind] = own(OBJECTS, type)!;
  const entries = root
    .keys()
    .filter(
      (key) =>
        !['id', 'wait_for_rollout', 'wait_for_completion', 'timeouts', 'immutable', 'force', 'field_manager'].includes(
          key,
        ),
    )
    .flatMap((key) => field(root, key, '', ways, ''));
  const body: Raw = { apiVersion, kind, ...Object.fromEntries(entries) };
  // Entries of a map that is an object of its own, and is not to be taken for it.
  if (type === 'kubernetes_config_map_v1_data' && isMapping(body.metadata))
    body.metadata = { ...body.metadata, name: UNKNOWN };
  return { body, ways };
}

function whole(place: Cell, ways: Ways): unknown {
  ways.set('', place.path);
  if (typeof place.value !== 'string') return asIs(place);
  // Where it stands in the text is not known.
  const parsed = parseEmbedded(place.value);
  ways.set('text', place.path);
  return parsed;
}

/** A value with its own keys; what is known only after apply is undecided. */
function asIs(place: Cell): unknown {
  if (place.unset) return undefined;
  if (place.unknown) return UNKNOWN;
  const { value } = place;
  if (Array.isArray(value)) return value.map((_, i) => asIs(place.under(i)));
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    place.keys().flatMap((key) => {
      const below = asIs(place.under(key));
      return below === undefined ? [] : [[key, below]];
    }),
  );
}

function field(parent: Cell, key: string, way: string, ways: Ways, block: string): [string, unknown][] {
  const place = parent.at(key);
  const several = own(MANY_IN, `${block} ${key}`) ?? (isSeveral(place, key, block) ? own(LISTS, key) : undefined);
  const name = several ?? own(SPELT, key) ?? camel(key);
  const to = way === '' ? name : `${way}.${name}`;
  ways.set(to, place.path);
  const value = fieldValue(place, key, to, ways, several !== undefined && !MAPS.includes(key));
  return value === undefined ? [] : [[name, value]];
}

/** Whether a name is that of blocks there: the port of a probe is a number, those of a container are blocks. */
function isSeveral({ value, unknown }: Cell, key: string, block: string): boolean {
  if (ONCE_IN.includes(`${block} ${key}`)) return false;
  return unknown || (Array.isArray(value) && (value.length === 0 || value.some(isMapping)));
}

function fieldValue(place: Cell, key: string, way: string, ways: Ways, several: boolean): unknown {
  if (place.unset) return undefined;
  if (place.unknown) return UNKNOWN;
  const { value } = place;
  if (value === null || value === undefined || value === '') return undefined;
  if (value === 0 && ZERO_IS_UNSET.includes(key)) return undefined;
  if (MAPS.includes(key) && isMapping(value)) return asIs(place);
  if (isMapping(value)) return blockOf(place, way, ways, key);
  if (!Array.isArray(value)) return value;
  if (value.length === 0) return undefined;
  if (!value.some(isMapping)) {
    const items = value.map((item, i) => (place.under(i).unknown ? UNKNOWN : item));
    return several || items.some((item) => item !== null) ? items : {};
  }
  const bodies = value.map((_, i) => {
    const at = several ? `${way}[${i}]` : way;
    ways.set(at, place.under(i).path);
    return blockOf(place.under(i), at, ways, key);
  });
  return several || bodies.length > 1 ? bodies : bodies[0];
}

function blockOf(place: Cell, way: string, ways: Ways, block: string): unknown {
  if (place.unknown) return UNKNOWN;
  return Object.fromEntries(place.keys().flatMap((key) => field(place, key, way, ways, block)));
}
