import { grouped } from '../../flow/grouped';
import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
import type { Manifests } from './read/manifests';

/** Usual names of log directories. */
const LOG_PATH = /(^|\/)logs?(\/|$)/;

/** The node's own logs, which the kubelet and the runtime rotate. */
const NODE_LOGS = /^\/var\/log(\/(pods|containers)(\/.*)?)?\/?$|^\/var\/lib\/docker/;

/** Names of programs that rotate logs. */
const ROTATOR = /rotat|svlogd|multilog/i;

/** Rules about logs that pods write into volumes. */
export const LOG_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-LOG-001',
    title: 'A log volume without a bound',
    why: "Logs grow until the node's disk is full. Then the kubelet evicts pods, first those that use the most disk.",
    source: 'Kubernetes, Volumes: emptyDir sizeLimit; Node-pressure Eviction; Local ephemeral storage',
    severity: 'warning',
    cases: [1],
    *check(manifests) {
      for (const workload of manifests.workloads()) {
        for (const volume of manifests.podSpec(workload).at('volumes').items()) {
          const mounts = writtenAt(workload, volume);
          if (mounts.length === 0) continue;
          const emptyDir = volume.at('emptyDir');
          const host = volume.at('hostPath', 'path').text();
          if (!emptyDir.absent && isUnbounded(manifests, workload, emptyDir)) {
            yield {
              at: emptyDir.at('sizeLimit'),
              message: `${mounts.join(', ')} is an emptyDir without sizeLimit: it grows until the node's disk is full`,
              fix: 'set emptyDir.sizeLimit to file size × (files kept + 1), and rotate by size below it',
            };
          } else if (host !== undefined && !NODE_LOGS.test(host) && !hasRotator(workload)) {
            yield {
              at: volume.at('hostPath', 'path'),
              message: `${mounts.join(', ')} is ${host} on the node, and no container of the pod rotates it: it outlives the pod and grows until the disk is full`,
              fix: 'write to standard output, which the kubelet rotates, or run a rotator with a size cap beside it',
            };
          }
        }
      }
    },
  },
];

/** Log directories at which containers write into a volume. */
function writtenAt(workload: Resource, volume: Value): string[] {
  const name = volume.at('name').text();
  if (name === undefined) return [];
  return [...new Set((writable(workload).get(name) ?? []).filter((path) => LOG_PATH.test(path)))];
}

/** Writable mounts of the containers of a workload, by volume. */
const writable = oncePer((workload: Resource) =>
  grouped(
    (workload.document as Manifests)
      .containers(workload)
      .flatMap((container) => container.at('volumeMounts').items())
      .filter((mount) => mount.at('readOnly').flag(false) === false)
      .map((mount) => [mount.at('name').text(), mount.at('mountPath').text() ?? ''] as const),
  ),
);

/** Whether neither the volume itself nor the limits of the containers bound it. */
function isUnbounded(manifests: Manifests, workload: Resource, emptyDir: Value): boolean {
  if (!emptyDir.decided || !emptyDir.at('sizeLimit').absent || emptyDir.at('medium').text() === 'Memory') return false;
  return manifests
    .containers(workload)
    .some((container) => container.at('resources', 'limits', 'ephemeral-storage').absent);
}

const hasRotator = oncePer((workload: Resource): boolean =>
  (workload.document as Manifests).containers(workload).some((container) => {
    const words = [...container.at('command').items(), ...container.at('args').items()];
    const texts = [container.at('name'), container.at('image'), ...words].map((word) => word.text() ?? '');
    return texts.some((text) => ROTATOR.test(text));
  }),
);
