import { grouped } from '../../flow/grouped';
import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
import { type Manifests, namespaceOf } from './read/manifests';

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
  {
    id: 'BP-LOG-008',
    title: 'A claim for logs that nothing rotates',
    why: 'Logs on a persistent volume outlive every pod and grow until the volume is full. Then writes fail, and a program that cannot log stops working or loses its lines.',
    source: 'Kubernetes, Persistent Volumes; Logging Architecture: only standard output is rotated by the kubelet',
    severity: 'warning',
    cases: [1],
    *check(manifests) {
      for (const workload of manifests.workloads()) {
        for (const { at, name, claim, size } of claimsOf(manifests, workload)) {
          const mounts = mountedAt(workload, name);
          if (mounts.length === 0 || isRotated(manifests, workload, claim)) continue;
          yield {
            at,
            message: `${mounts.join(', ')} is on the claim ${claim}${size === undefined ? '' : ` of ${size}`}, and nothing here rotates or deletes logs: they grow until the volume is full`,
            fix: 'write to standard output, which the kubelet rotates, or rotate by size: volume ÷ (files kept + 1)',
          };
        }
      }
    },
  },
];

/** A volume that is a claim. */
interface Claim {
  readonly at: Value;
  /** The volume's name in the pod. */
  readonly name: string;
  readonly claim: string;
  /** Its size as it is written; undefined when it is not here. */
  readonly size: string | undefined;
}

/** The claims of a workload: those that it names, and those that a StatefulSet makes. */
function claimsOf(manifests: Manifests, workload: Resource): Claim[] {
  const named = manifests
    .podSpec(workload)
    .at('volumes')
    .items()
    .flatMap((volume) => {
      const at = volume.at('persistentVolumeClaim', 'claimName');
      const [name, claim] = [volume.at('name').text(), at.text()];
      if (name === undefined || claim === undefined) return [];
      const size = manifests
        .beside(workload, 'PersistentVolumeClaim', claim)
        ?.at(...SIZE)
        .text();
      return [{ at, name, claim, size }];
    });
  const made = workload
    .at('spec', 'volumeClaimTemplates')
    .items()
    .flatMap((template) => {
      const at = template.at('metadata', 'name');
      const name = at.text();
      return name === undefined ? [] : [{ at, name, claim: name, size: template.at(...SIZE).text() }];
    });
  return [...named, ...made];
}

const SIZE = ['spec', 'resources', 'requests', 'storage'];

/** Words of a command or a configuration that bounds logs. */
const BOUNDS_LOGS =
  /rotat|svlogd|multilog|rolling(?:file|_file)?|max[._-]?(?:file[._-]?)?size|max[._-]?(?:backups?|files?|history|age|days)\b|retention|-delete\b|log[._-]?(?:clean|purge|prune)|find\b[^\n]{0,300}\brm\b/i;

/** Whether something among the manifests may keep the logs on a claim small. */
function isRotated(manifests: Manifests, workload: Resource, claim: string): boolean {
  const sharing = users(manifests).get(`${namespaceOf(workload)}\n${claim}`) ?? [];
  return [workload, ...sharing].some((each) => boundsLogs(each));
}

/** Workloads by the claims that they mount. */
const users = oncePer((manifests: Manifests) =>
  grouped(
    manifests
      .workloads()
      .flatMap((workload) =>
        claimsOf(manifests, workload).map(({ claim }) => [`${namespaceOf(workload)}\n${claim}`, workload] as const),
      ),
  ),
);

/** Whether a workload has a word about it: in its containers, their variables, or the configuration that they mount. */
const boundsLogs = oncePer((workload: Resource): boolean => {
  const manifests = workload.document as Manifests;
  const containers = manifests.everyContainer(workload);
  const variables = containers.flatMap((container) => container.at('env').items());
  const words = containers.flatMap((container) => [
    ...container.at('command').items(),
    ...container.at('args').items(),
  ]);
  const names = containers.flatMap((container) => [container.at('name'), container.at('image')]);
  // What has yet to be filled in may be such a word.
  if ([...words, ...variables.map((variable) => variable.at('name'))].some((word) => !word.decided)) return true;
  words.push(...names, ...variables.flatMap((variable) => [variable.at('name'), variable.at('value')]));
  const volumes = manifests.podSpec(workload).at('volumes').items();
  const maps = [
    ...volumes.map((volume) => volume.at('configMap', 'name').text()),
    ...containers.flatMap((container) =>
      container
        .at('envFrom')
        .items()
        .map((from) => from.at('configMapRef', 'name').text()),
    ),
  ];
  const texts = maps.flatMap((name) => {
    if (name === undefined) return [];
    const map = manifests.beside(workload, 'ConfigMap', name);
    // A configuration that is not here may bound them.
    return map
      ? map
          .at('data')
          .entries()
          .flatMap(([key, text]) => [key, text.text() ?? ''])
      : ['rotated elsewhere'];
  });
  return [workload.name, ...words.map((word) => word.text() ?? ''), ...texts].some((text) => BOUNDS_LOGS.test(text));
});

/** Log directories at which containers write into a volume. */
function writtenAt(workload: Resource, volume: Value): string[] {
  const name = volume.at('name').text();
  return name === undefined ? [] : mountedAt(workload, name);
}

function mountedAt(workload: Resource, name: string): string[] {
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
