import { ApiObject, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { type Check, inRange, validate, wholeNumber } from '../../flow/errors';
import { FLAG, type Kinds, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { LEAST_CPU, LEAST_WEIGHT, MOST_CPU, MOST_JOBS, MOST_MEMORY_BYTES, MOST_WEIGHT } from '../../flow/shares/checks';
import type { TenantShare } from '../../flow/shares/workload';
import { clusterScoped } from '../cluster-scoped';
import { dnsLabel, dnsSubdomain } from '../names';
import { networkPolicy } from '../network-policy';
import { clusterQueue, localQueue, type ResourceGroup } from '../operators/kueue';
import { RETAINED } from '../retained';

/** Kueue puts a job without a queue name into the queue of this name (Kueue, LocalQueue defaulting). */
const LOCAL_QUEUE = 'default';
/** Kubernetes, Pod priority: pods without a class have 0. */
const ORDINARY_PRIORITY = 0;
const URGENT_PRIORITY = 1000;

/**
 * What a tenant's namespace is made of.
 */
export interface TenantNamespaceProps {
  /**
   * Name of the namespace, of its cluster queue and of its priority class.
   */
  readonly name: string;

  /**
   * The tenant's share.
   */
  readonly share: TenantShare;

  /**
   * Name of the cohort that its queue lends to and borrows from.
   */
  readonly cohortName: string;

  /**
   * Name of the `ResourceFlavor` of its quotas.
   */
  readonly flavorName: string;

  /**
   * Whether lent capacity is reclaimed by evicting the borrower's jobs.
   *
   * @default true
   */
  readonly reclaimByPreemption?: boolean;

  /**
   * Whether there is a second class, whose jobs preempt the tenant's own ordinary ones.
   *
   * @default false
   */
  readonly urgentClass?: boolean;
}

/**
 * One tenant of a `FairShare`: a namespace without network access by default, a queue with a share of the cluster, and
 * bounds above the queue for pods that bypass it.
 */
export class TenantNamespace extends Construct {
  /** The namespace, Pod Security `restricted`. */
  public readonly namespace: kplus.Namespace;

  /** The `ClusterQueue`: the bound on jobs admitted at the same time. */
  public readonly clusterQueue: ApiObject;

  /** The `LocalQueue`, named `default`: jobs of the namespace queue here, including those that name no queue. */
  public readonly localQueue: ApiObject;

  /** The `ResourceQuota` above the queue's bound. It rejects and does not queue. */
  public readonly upperBound: ApiObject;

  /** The `ResourceQuota` that admits no pod with a priority class of another tenant. */
  public readonly foreignClasses: ApiObject;

  /** The `NetworkPolicy` of all pods: without another one a pod may connect to DNS alone. */
  public readonly defaultDeny: ApiObject;

  /** The `LimitRange` with the default size of a job. */
  public readonly limitRange: ApiObject;

  /** The `PriorityClass` of ordinary jobs. It preempts nothing. */
  public readonly priorityClass: ApiObject;

  /**
   * The `PriorityClass` of urgent jobs.
   *
   * @default - there is none, unless `urgentClass` asks for it
   */
  public readonly urgentPriorityClass?: ApiObject;

  constructor(scope: Construct, id: string, props: TenantNamespaceProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const { name, share, cohortName, flavorName } = usable;
    validate(id, [
      ...checks,
      dnsLabel('name', name),
      dnsSubdomain('cohortName', cohortName),
      dnsSubdomain('flavorName', flavorName),
      ...(share === undefined ? [] : shareChecks(share)),
    ]);
    this.namespace = new kplus.Namespace(this, 'Namespace', {
      metadata: {
        name,
        labels: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
        // Deleting a namespace deletes everything in it, including objects that are not from here.
        annotations: { ...RETAINED },
      },
    });
    clusterScoped(ApiObject.of(this.namespace));
    this.priorityClass = this.createClass('PriorityClass', name, ORDINARY_PRIORITY, 'ordinary jobs');
    if (props.urgentClass) {
      this.urgentPriorityClass = this.createClass(
        'UrgentPriorityClass',
        `${name}-urgent`,
        URGENT_PRIORITY,
        'urgent jobs',
      );
    }
    this.clusterQueue = clusterQueue(this, 'ClusterQueue', name, {
      cohortName: props.cohortName,
      // Only its own namespace: an empty selector would admit all others.
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
      queueingStrategy: 'BestEffortFIFO',
      resourceGroups: [tenantQuotas(props.flavorName, share)],
      fairSharing: { weight: thousandths(share.weight) },
      preemption: {
        reclaimWithinCohort: (props.reclaimByPreemption ?? true) ? 'Any' : 'Never',
        withinClusterQueue: props.urgentClass ? 'LowerPriority' : 'Never',
      },
    });
    this.localQueue = localQueue(this, 'LocalQueue', LOCAL_QUEUE, name, this.clusterQueue.name);
    this.upperBound = this.createQuota('UpperBound', 'upper-bound', {
      ...hardBounds(share),
      pods: String(share.quotaJobs),
    });
    this.foreignClasses = this.refuseForeignClasses();
    this.limitRange = this.createLimitRange(name, share);
    // No labels select every pod; without another policy a pod can only connect to DNS.
    this.defaultDeny = networkPolicy(this, 'DefaultDeny', {}, []);
    this.defaultDeny.addJsonPatch(
      JsonPatch.add('/metadata/namespace', name),
      JsonPatch.add('/metadata/name', 'default-deny'),
    );
  }

  private createClass(id: string, name: string, value: number, jobs: string): ApiObject {
    const priorityClass = new kplus.k8s.KubePriorityClass(this, id, {
      metadata: { name },
      value,
      globalDefault: false,
      // The scheduler would evict pods of any tenant. Kueue preempts only within a tenant.
      preemptionPolicy: 'Never',
      description: `For ${jobs} of ${name}.`,
    });
    return clusterScoped(priorityClass);
  }

  private createQuota(
    id: string,
    name: string,
    hard: Record<string, string>,
    scopeSelector?: kplus.k8s.ScopeSelector,
  ): ApiObject {
    return new kplus.k8s.KubeResourceQuota(this, id, {
      metadata: { name, namespace: this.namespace.name },
      spec: { hard: quantities(hard), scopeSelector },
    });
  }

  /** Stops a tenant from using a priority class that is not its own. */
  private refuseForeignClasses(): ApiObject {
    const own = [this.priorityClass, this.urgentPriorityClass].flatMap((one) => (one ? [one.name] : []));
    return this.createQuota(
      'ForeignClasses',
      'foreign-priority-classes',
      { pods: '0' },
      {
        matchExpressions: [
          { scopeName: 'PriorityClass', operator: 'Exists' },
          { scopeName: 'PriorityClass', operator: 'NotIn', values: own },
        ],
      },
    );
  }

  private createLimitRange(name: string, share: TenantShare): ApiObject {
    const size = quantities({ cpu: cores(share.jobCpu), memory: mebibytes(share.jobMemoryBytes) });
    const jobs = share.nominalJobs + share.borrowedJobs;
    return new kplus.k8s.KubeLimitRange(this, 'LimitRange', {
      metadata: { name: 'job-size', namespace: name },
      spec: {
        limits: [
          { type: 'Container', default: size, defaultRequest: size },
          {
            type: 'Pod',
            // A job larger than the queue's bound would never be admitted; it is refused instead.
            max: quantities({
              cpu: cores(jobs * share.jobCpu),
              memory: mebibytes(jobs * share.jobMemoryBytes),
            }),
          },
        ],
      },
    });
  }
}

const KINDS: Kinds<TenantNamespaceProps> = {
  name: needed(TEXT),
  share: needed(OBJECT),
  cohortName: needed(TEXT),
  flavorName: needed(TEXT),
  reclaimByPreemption: FLAG,
  urgentClass: FLAG,
};

/** Checks on a share given by hand: its numbers must be within those of a plan. */
function shareChecks(share: TenantShare): Check[] {
  return [
    inRange('share.weight', share.weight, LEAST_WEIGHT, MOST_WEIGHT),
    // A plan for the most busy jobs of a cluster has a few more places than that.
    wholeNumber('share.nominalJobs', share.nominalJobs, 1, 2 * MOST_JOBS),
    wholeNumber('share.borrowedJobs', share.borrowedJobs, 0, MOST_JOBS),
    // Nominal, borrowed, and those that end while the next ones start.
    wholeNumber('share.quotaJobs', share.quotaJobs, 1, 4 * MOST_JOBS),
    inRange('share.jobCpu', share.jobCpu, LEAST_CPU, MOST_CPU),
    inRange('share.jobMemoryBytes', share.jobMemoryBytes, 1024 ** 2, MOST_MEMORY_BYTES),
  ];
}

/** The quotas of a tenant's queue. */
function tenantQuotas(flavorName: string, share: TenantShare): ResourceGroup {
  const { jobCpu, jobMemoryBytes, nominalJobs, borrowedJobs } = share;
  return {
    coveredResources: ['cpu', 'memory'],
    flavors: [
      {
        name: flavorName,
        resources: [
          {
            name: 'cpu',
            nominalQuota: cores(nominalJobs * jobCpu),
            borrowingLimit: cores(borrowedJobs * jobCpu),
          },
          {
            name: 'memory',
            nominalQuota: mebibytes(nominalJobs * jobMemoryBytes),
            borrowingLimit: mebibytes(borrowedJobs * jobMemoryBytes),
          },
        ],
      },
    ],
  };
}

/** The bounds of the `ResourceQuota`, above those of the queue. */
function hardBounds({ quotaJobs, jobCpu, jobMemoryBytes }: TenantShare): Record<string, string> {
  return {
    'requests.cpu': cores(quotaJobs * jobCpu),
    'requests.memory': mebibytes(quotaJobs * jobMemoryBytes),
    // A pod that uses memory above its request takes it from its neighbours.
    'limits.memory': mebibytes(quotaJobs * jobMemoryBytes),
  };
}

function quantities(values: Record<string, string>): { [name: string]: kplus.k8s.Quantity } {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, kplus.k8s.Quantity.fromString(value)]),
  );
}

/** CPU in Kubernetes' notation: whole cores, or thousandths. */
export function cores(value: number): string {
  return thousandths(value);
}

/** Memory in whole MiB. */
export function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1024 ** 2)}Mi`;
}

/** A quantity without a fraction. */
function thousandths(value: number): string {
  const milli = Math.round(value * 1000);
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}
