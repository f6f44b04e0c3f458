/**
 * Shared parts of the pods of this library: Pod Security `restricted`, a temporary folder beside a read-only root file
 * system, pods spread over nodes, and a budget for disruptions.
 *
 * Source: Kubernetes, Pod Security Standards, "Restricted".
 */
import { ApiObject, Chart, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { type Check, validate } from '../flow/errors';

/** Any user but root; images that need another one set it. */
const USER = 10_001;

/** The security context of a container under `restricted`. */
export function restrictedContainer(user = USER): kplus.ContainerSecurityContextProps {
  return {
    user,
    group: user,
    ensureNonRoot: true,
    privileged: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: [kplus.Capability.ALL] },
    seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT },
  };
}

/** The security context of a pod under `restricted`. */
export function restrictedPod(user = USER): kplus.PodSecurityContextProps {
  return { user, group: user, fsGroup: user, ensureNonRoot: true };
}

/**
 * Annotations of a pod that must not be interrupted: node autoscalers keep its node until it ends.
 *
 * Source: Kubernetes Cluster Autoscaler FAQ, "What types of pods can prevent CA from removing a node?"; Karpenter,
 * Disruption, "Pod-Level Controls".
 */
export const UNDISTURBED: Readonly<Record<string, string>> = {
  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
  'karpenter.sh/do-not-disrupt': 'true',
};

/** The labels of the chart. cdk8s gives them to objects but not to their pods. */
export function chartLabels(scope: Construct): { [label: string]: string } {
  return { ...Chart.of(scope).labels };
}

/** `/tmp`, which programs expect to be writable. It is on the node's disk, and a pod that fills it is evicted. */
export function mountTemporary(
  scope: Construct,
  container: kplus.Container,
  sizeLimit: Size = Size.mebibytes(64),
): void {
  const volume = kplus.Volume.fromEmptyDir(scope, 'Temporary', 'tmp', { sizeLimit });
  container.mount('/tmp', volume);
}

/** Refuses, at synthesis, two volumes at one path of a container: the API server would refuse the pod. */
export function refuseSharedPaths(
  scope: Construct,
  pod: kplus.AbstractPod,
  waysOut: Readonly<Record<string, string>> = {},
): void {
  scope.node.addValidation({
    validate: () => {
      const containers = [...pod.initContainers, ...pod.containers];
      validate(
        scope.node.id,
        containers.flatMap((container) => sharedPaths(container, waysOut)),
      );
      return [];
    },
  });
}

function sharedPaths(container: kplus.Container, waysOut: Readonly<Record<string, string>>): Check[] {
  const volumes = new Map<string, string[]>();
  for (const { path, volume } of container.mounts) {
    const place = path.replace(/(?<=.)\/+$/, '');
    volumes.set(place, [...(volumes.get(place) ?? []), volume.name]);
  }
  return [...volumes].map(([path, names]) => ({
    refused: names.length > 1,
    message: [
      `container ${container.name} must have one volume at ${path}, got ${names.join(', ')}`,
      ...(path in waysOut ? [waysOut[path]] : []),
    ].join('; '),
  }));
}

/** Source: Kubernetes, Well-Known Labels, `kubernetes.io/os`. */
export const LINUX: Readonly<Record<string, string>> = { 'kubernetes.io/os': 'linux' };

/** Schedules a pod only on Linux nodes, as its images need; if it tolerates everything it could land on Windows. */
export function onLinux(workload: kplus.Workload): void {
  const template = workload instanceof kplus.CronJob ? '/spec/jobTemplate/spec/template' : '/spec/template';
  ApiObject.of(workload).addJsonPatch(JsonPatch.add(`${template}/spec/nodeSelector`, { ...LINUX }));
}

/** Default resources of a container. */
export const DEFAULT_RESOURCES: kplus.ContainerResources = {
  cpu: { request: kplus.Cpu.millis(250), limit: kplus.Cpu.millis(1000) },
  memory: { request: Size.mebibytes(256), limit: Size.mebibytes(256) },
};

/** Spreads pods of a workload over nodes if possible; a full node must not block them. */
export function spreadOverNodes(deployment: kplus.Deployment): void {
  ApiObject.of(deployment).addJsonPatch(
    JsonPatch.add('/spec/template/spec/topologySpreadConstraints', [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: deployment.matchLabels },
      },
    ]),
  );
}

/** Lets a node be drained one pod at a time. */
export function disruptionBudget(scope: Construct, id: string, matchLabels: Record<string, string>): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels },
      // Otherwise a pod that never becomes ready would block every drain, although it does no work.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  });
}
