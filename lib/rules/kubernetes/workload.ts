import type { Resource, Value } from '../document';
import { madeManifest } from '../plans/ways';
import type { Found, Rule } from '../rule';
import type { Manifests } from './read/manifests';
import { type Asked, hasNoLimit, hasNoRequest } from './read/requests';
import { maxReplicas, SCALED_OBJECT, scalers, targetOf, triggersOf } from './read/scalers';

/** Rules about requests and limits of scaled workloads. */
export const WORKLOAD_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-WORKER-001',
    title: 'A scaled workload has no memory limit',
    why: 'Under a backlog every replica uses as much memory as it can get. The nodes run out of memory when the most pods run, and the kubelet evicts other pods on them.',
    source: 'Kubernetes, Resource Management for Pods and Containers; Node-pressure Eviction',
    severity: 'warning',
    cases: [6],
    *check(manifests) {
      for (const { workload, scaler } of multiplied(manifests)) {
        const replicas = maxReplicas(scaler);
        if (replicas === undefined || replicas < 2) continue;
        for (const container of manifests.containers(workload)) {
          if (!hasNoLimit(manifests, workload, container, 'memory')) continue;
          yield {
            at: container.at('resources', 'limits', 'memory'),
            message: `${container.at('name').text() ?? 'a container'} has no memory limit, and ${scaler.name} starts up to ${replicas} of it`,
            fix: `set resources.limits.memory, so that the nodes have room for ${replicas} times as much`,
          };
        }
      }
    },
  },
  {
    id: 'BP-HPA-001',
    title: 'Scaled on utilization without a request',
    why: 'Utilization is usage divided by the request. Without a request there is no number: the autoscaler reports FailedGetResourceMetric and scales nothing, however busy the pods are.',
    source:
      'Kubernetes, Horizontal Pod Autoscaling: "if some of the containers do not have the relevant resource request set"',
    severity: 'error',
    cases: [12],
    *check(manifests) {
      for (const scaler of scalers(manifests)) {
        const workload = targetOf(manifests, scaler);
        if (!workload) continue;
        for (const { at, resource, container: only } of utilizations(scaler)) {
          for (const container of manifests.containers(workload)) {
            const name = container.at('name').text() ?? 'a container';
            if (only !== undefined && only !== name) continue;
            if (!hasNoRequest(manifests, workload, container, resource)) continue;
            yield {
              at,
              message: `scales on the utilization of ${resource}, and ${name} of ${workload.name} has no ${resource} request: it never scales`,
              fix: `set resources.requests.${resource} of ${name}`,
            };
          }
          if (only === undefined) yield* injected(workload, at, resource);
        }
      }
    },
  },
  {
    id: 'BP-HPA-002',
    title: 'Each apply resets the number of pods that an autoscaler has set',
    why: 'A manifest with spec.replicas sets that number at every apply, in the middle of a peak as well. Until the autoscaler has decided again, the pods that it had added are gone with what they worked on.',
    source:
      'Kubernetes, Horizontal Pod Autoscaling, Migrating Deployments and StatefulSets to horizontal autoscaling: remove spec.replicas from the manifest',
    severity: 'warning',
    cases: [2, 6],
    *check(manifests) {
      const seen = new Set<Resource>();
      for (const scaler of scalers(manifests)) {
        const workload = targetOf(manifests, scaler);
        if (!workload || seen.has(workload) || isNotWritten(workload)) continue;
        seen.add(workload);
        const at = workload.at('spec', 'replicas');
        const replicas = at.number();
        if (replicas === undefined) continue;
        const least = scaler.type === SCALED_OBJECT ? 'minReplicaCount' : 'minReplicas';
        yield {
          at,
          message: `replicas ${replicas}, and ${scaler.name} sets how many run: each apply makes it ${replicas} again, whatever the load is`,
          fix: `remove spec.replicas; ${least} of ${scaler.name} is how many run at least`,
        };
      }
    },
  },
];

/**
 * Whether a workload was read from a cluster or made of a plan: the server, or a provider, has filled in `replicas` there,
 * and it is not what anyone applies.
 */
function isNotWritten(workload: Resource): boolean {
  const filled = ['uid', 'resourceVersion', 'managedFields'].some((key) => !workload.at('metadata', key).absent);
  return filled || !workload.at('status').absent || madeManifest(workload.source as object) !== undefined;
}

/** Sidecars that a webhook adds without a request, unless an annotation gives one. */
const INJECTED: readonly {
  readonly on: string;
  readonly value: RegExp;
  readonly request: string;
  readonly name: string;
}[] = [
  { on: 'dapr.io/enabled', value: /^true$/, request: 'dapr.io/sidecar-cpu-request', name: 'daprd' },
  {
    on: 'linkerd.io/inject',
    value: /^(enabled|ingress)$/,
    request: 'config.linkerd.io/proxy-cpu-request',
    name: 'linkerd-proxy',
  },
];

function* injected(workload: Resource, at: Value, resource: Asked): Iterable<Found> {
  const annotations = workload.at('spec', 'template', 'metadata', 'annotations');
  for (const { on, value, request, name } of INJECTED) {
    const key = request.replace('cpu', resource);
    if (!value.test(annotations.at(on).text() ?? '') || !annotations.at(key).absent) continue;
    yield {
      at,
      message: `scales on the utilization of ${resource}, and ${name}, which ${on} adds to ${workload.name}, has no ${resource} request: it never scales`,
      fix: `annotate the pods with ${key}, or scale on a ContainerResource of the main container`,
    };
  }
}

/** Every scaled workload, with its scaler. */
function multiplied(manifests: Manifests): { workload: Resource; scaler: Resource }[] {
  const jobs = manifests.ofType('keda.sh/ScaledJob').map((job) => ({ workload: job, scaler: job }));
  const targets = scalers(manifests).flatMap((scaler) => {
    const workload = targetOf(manifests, scaler);
    return workload ? [{ workload, scaler }] : [];
  });
  return [...jobs, ...targets];
}

/** A metric that is a share of a request. */
interface Utilization {
  readonly at: Value;
  readonly resource: Asked;
  /** The one container that counts; undefined for all. */
  readonly container?: string;
}

function utilizations(scaler: Resource): Utilization[] {
  if (scaler.type === 'keda.sh/ScaledObject') {
    return triggersOf(scaler).flatMap((trigger) => {
      const resource = asked(trigger.at('type'));
      const share = trigger.at('metricType').text() ?? trigger.at('metadata', 'type').text();
      if (!resource || share !== 'Utilization') return [];
      return [{ at: trigger.at('type'), resource, container: trigger.at('metadata', 'containerName').text() }];
    });
  }
  const old = scaler.at('spec', 'targetCPUUtilizationPercentage');
  const metrics = scaler
    .at('spec', 'metrics')
    .items()
    .flatMap((metric): Utilization[] => {
      const body = metric.at(metric.at('type').text() === 'ContainerResource' ? 'containerResource' : 'resource');
      const resource = asked(body.at('name'));
      if (!resource || body.at('target', 'type').text() !== 'Utilization') return [];
      return [{ at: body.at('name'), resource, container: body.at('container').text() }];
    });
  return old.present ? [{ at: old, resource: 'cpu' as const }, ...metrics] : metrics;
}

function asked(value: Value): Asked | undefined {
  const text = value.text();
  return text === 'cpu' || text === 'memory' ? text : undefined;
}
