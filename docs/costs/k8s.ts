/** What the pods of an example ask of a cluster, at rest and at the peak. */
import { figure } from '../../lib/flow/figures';
import { markdownTable } from '../markdown';
import type { Untyped } from './example';

/** Pods of one kind. */
interface Pods {
  readonly what: string;
  readonly pod: Untyped;
  readonly atRest: string;
  readonly atThePeak: string;
}

/** The table of pods and disks, or that there are none. */
export function requestsTable(manifests: readonly Untyped[]): string {
  const rows = [...manifests.flatMap((each) => podsOf(each, manifests)).map(podRow), ...manifests.flatMap(diskRows)];
  if (rows.length === 0) return 'No pods: only objects of the API server, which take no machine.';
  return `${markdownTable(['', 'requests of one', 'at rest', 'at the peak'], rows)}

What the pods request, from the manifests of the example above. What a machine costs is your cluster's.`;
}

function podsOf(manifest: Untyped, all: readonly Untyped[]): Pods[] {
  const { kind, spec, metadata } = manifest;
  const fixed = (pod: Untyped, count: string): Pods[] => [
    { what: `${kind} \`${metadata.name}\``, pod, atRest: count, atThePeak: count },
  ];
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet': {
      const scalers = all.filter((each) => each.spec?.scaleTargetRef?.name === metadata.name);
      const scaler = scalers.find((each) => each.kind === 'ScaledObject');
      const autoscaler = scalers.find((each) => each.kind === 'HorizontalPodAutoscaler');
      const pod = spec.template.spec;
      if (autoscaler !== undefined) {
        const { minReplicas, maxReplicas } = autoscaler.spec;
        return [{ ...fixed(pod, pods(minReplicas))[0], atThePeak: `${pods(minReplicas)}, ${maxReplicas} at most` }];
      }
      if (scaler === undefined) return fixed(pod, pods(spec.replicas));
      const { minReplicaCount, maxReplicaCount } = scaler.spec;
      return [{ ...fixed(pod, '')[0], atRest: pods(minReplicaCount), atThePeak: pods(maxReplicaCount) }];
    }
    case 'DaemonSet':
      return fixed(spec.template.spec, 'one a node');
    case 'CronJob':
      return [
        { ...fixed(spec.jobTemplate.spec.template.spec, '')[0], atRest: 'none', atThePeak: 'one, while it runs' },
      ];
    case 'ScaledJob':
      return [
        {
          ...fixed(spec.jobTargetRef.template.spec, '')[0],
          atRest: pods(spec.minReplicaCount ?? 0),
          atThePeak: pods(spec.maxReplicaCount),
        },
      ];
    case 'Job':
      return fixed(spec.template.spec, 'one, once');
    case 'AutoscalingRunnerSet':
      return [{ ...fixed(spec.template.spec, '')[0], atRest: pods(spec.minRunners), atThePeak: pods(spec.maxRunners) }];
    case 'SparkApplication':
      return sparkPods(metadata.name, spec, (count) => pods(count));
    case 'ScheduledSparkApplication':
      return sparkPods(metadata.name, spec.template, (count) => `${pods(count)}, while it runs`).map((each) => ({
        ...each,
        atRest: 'none',
      }));
    default:
      // A kind with pods that this table does not know would be missing from the page without a word.
      if (spec?.template?.spec?.containers !== undefined) throw new Error(`docs/costs/k8s.ts: pods of a ${kind}`);
      return [];
  }
}

/** What the operator makes of an application: its memory is asked for with the overhead. */
function sparkPods(name: string, spec: Untyped, counted: (count: number) => string): Pods[] {
  return (['driver', 'executor'] as const).map((role) => {
    const { cores, memory, memoryOverhead, instances = 1 } = spec[role];
    const requests = { cpu: cores, memory: `${sparkMebibytes(memory) + sparkMebibytes(memoryOverhead)}Mi` };
    const count = counted(instances);
    return {
      what: `${role} of \`${name}\``,
      pod: { containers: [{ resources: { requests } }] },
      atRest: count,
      atThePeak: count,
    };
  });
}

/** Spark writes mebibytes as `m`. */
function sparkMebibytes(quantity: string): number {
  const [, amount, unit] = /^(\d+)([mg])$/.exec(quantity) ?? [];
  if (amount === undefined) throw new Error(`docs/costs/k8s.ts: memory ${quantity} of Spark`);
  return Number(amount) * (unit === 'g' ? 1024 : 1);
}

function pods(count: number | undefined): string {
  // Somebody else sets the number: a page that says nothing of it would be wrong without a word.
  if (count === undefined) throw new Error('docs/costs/k8s.ts: pods without a number, and no scaler of them');
  return count === 0 ? 'none' : count === 1 ? '1 pod' : `${count} pods`;
}

function podRow({ what, pod, atRest, atThePeak }: Pods): string[] {
  const sum = (name: string, read: (quantity: string) => number) =>
    pod.containers.reduce((total: number, { resources }: Untyped) => {
      const quantity = resources?.requests?.[name];
      return total + (quantity === undefined ? 0 : read(String(quantity)));
    }, 0);
  const cores = sum('cpu', (quantity) =>
    quantity.endsWith('m') ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity),
  );
  const requested = `${figure(cores)} CPU, ${figure(sum('memory', mebibytes))} MiB`;
  return [what, requested, atRest, atThePeak];
}

function diskRows({ kind, spec, metadata }: Untyped): string[][] {
  const claims =
    kind === 'StatefulSet' ? (spec.volumeClaimTemplates ?? []) : kind === 'PersistentVolumeClaim' ? [{ spec }] : [];
  return claims.map((claim: Untyped) => {
    const size = claim.spec.resources.requests.storage;
    const count = kind === 'StatefulSet' ? spec.replicas : 1;
    return [`volume of \`${metadata.name}\``, size, String(count), String(count)];
  });
}

const UNITS: Readonly<Record<string, number>> = {
  Ki: 1 / 1024,
  Mi: 1,
  Gi: 1024,
  K: 1000 / 2 ** 20,
  M: 1e6 / 2 ** 20,
  G: 1e9 / 2 ** 20,
};

function mebibytes(quantity: string): number {
  const [, amount, unit] = /^(\d+)(\w*)$/.exec(quantity) ?? [];
  const factor = unit === '' ? 1 / 2 ** 20 : UNITS[unit];
  if (factor === undefined) throw new Error(`docs/costs/k8s.ts: memory ${quantity}`);
  return Number(amount) * factor;
}
