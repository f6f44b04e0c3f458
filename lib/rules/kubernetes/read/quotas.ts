/** What ResourceQuotas limit, and what one pod of a workload takes of it. */
import type { Resource } from '../../document';
import { oncePer } from '../../once-per';
import { byNamespace, type Manifests } from './manifests';
import { mebibytes, plain } from './quantities';
import { type Asked, podDevices, podLimit, podRequest } from './requests';
import { parallelism } from './stampede';

/** A resource that a quota counts. */
export interface Limit {
  /** The key as the quota writes it. */
  readonly key: string;
  /** An amount of it as text. */
  show(amount: number): string;
  /** Usage of one pod of this workload; undefined when not decided. */
  ofPod(workload: Resource): number | undefined;
  /** Usage of a Job itself, whatever its pods are. Default: that of its pods. */
  readonly ofJob?: number;
}

const pods = (key: string): Limit => ({ key, show: plain, ofPod: () => 1 });

/** Every quota of a namespace is compared with every workload in it. */
const amount = (
  key: string,
  show: (amount: number) => string,
  read: (workload: Resource) => number | undefined,
): Limit => {
  return { key, show, ofPod: oncePer(read) };
};

const asked = (key: string, resource: Asked, of: typeof podRequest): Limit =>
  amount(key, resource === 'memory' ? mebibytes : plain, (workload) =>
    of(workload.document as Manifests, workload, resource),
  );

/** Resources to compare with a quota, by their names in a ResourceQuota. */
const LIMITS: readonly Limit[] = [
  pods('pods'),
  pods('count/pods'),
  { key: 'count/jobs.batch', show: plain, ofPod: () => 0, ofJob: 1 },
  asked('cpu', 'cpu', podRequest),
  asked('requests.cpu', 'cpu', podRequest),
  asked('limits.cpu', 'cpu', podLimit),
  asked('memory', 'memory', podRequest),
  asked('requests.memory', 'memory', podRequest),
  asked('limits.memory', 'memory', podLimit),
];

/** Of extended resources a quota knows the requests only, which are the limits too. */
const DEVICES = /^requests\.([a-z0-9.-]+\/[A-Za-z0-9._-]+)$/;

/** The resources of pods that a quota limits; one that it does not name is none of its business. */
export function limitsIn(quota: Resource): readonly Limit[] {
  const hard = quota.at('spec', 'hard');
  const devices = hard.entries().flatMap(([key]) => {
    const device = DEVICES.exec(key)?.[1];
    return device === undefined ? [] : [devicesLimit(quota.document as Manifests, key, device)];
  });
  return [...LIMITS, ...devices].filter(({ key }) => hard.at(key).present);
}

/** One limit a device and document, so that what it has read of a workload is read once. */
const deviceLimits = oncePer((_: Manifests) => new Map<string, Limit>());

function devicesLimit(manifests: Manifests, key: string, device: string): Limit {
  const known = deviceLimits(manifests);
  const found = known.get(key) ?? amount(key, plain, (workload) => podDevices(manifests, workload, device));
  known.set(key, found);
  return found;
}

/** Usage of one run of a Job, with all pods that it has at once; undefined when not decided. */
export function ofRun(limit: Limit, job: Resource): number | undefined {
  if (limit.ofJob !== undefined) return limit.ofJob;
  const [one, count] = [limit.ofPod(job), parallelism(job)];
  return one === undefined || count === undefined ? undefined : one * count;
}

/** The quotas that count every pod of this namespace. */
export function quotasOf(manifests: Manifests, namespace: string): readonly Resource[] {
  return quotas(manifests).get(namespace) ?? [];
}

const quotas = oncePer((manifests: Manifests) =>
  byNamespace(
    manifests
      .ofType('ResourceQuota')
      .filter((quota) => quota.at('spec', 'scopes').absent && quota.at('spec', 'scopeSelector').absent),
  ),
);
