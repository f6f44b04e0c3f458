import type { ApiObject, Duration } from 'cdk8s';
import type * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { type Check } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, mapOf, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import type { Objective } from '../../flow/queue/workload';
import { forecastFlood } from '../../flow/shares/flood';
import { planShares } from '../../flow/shares/plan';
import type { BatchCapacity, BatchTenant, FloodForecast, SharesPlan } from '../../flow/shares/workload';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { labelChecks, textCheck } from '../names';
import { cohort, type ResourceGroup, resourceFlavor } from '../operators/kueue';
import { fairShareAlerts, fairShareGraphs, type Watched } from './fair-share-alerts';
import { cores, mebibytes, TenantNamespace } from './tenant-namespace';

/**
 * What a cluster is shared from.
 */
export interface FairShareProps {
  /**
   * What the cluster has for jobs.
   */
  readonly capacity: BatchCapacity;

  /**
   * Who submits jobs, how many, and of which size. At least one.
   */
  readonly tenants: BatchTenant[];

  /**
   * Within which time a job has to end, and how many of them: `latencySeconds` from its submission,
   * `latencyQuantile`. `maxBacklog` and `monthlyCost` must be left out.
   */
  readonly objective: Objective;

  /**
   * Name of the cohort. Namespaces, cluster queues and priority classes are named after it and the tenant:
   * `batch-risk`. 1 to 20 lower-case letters, digits and hyphens, beginning with a letter.
   *
   * @default 'batch'
   */
  readonly cohort?: string;

  /**
   * Labels of the nodes that the capacity is of.
   *
   * @default - any node
   */
  readonly nodeLabels?: { [name: string]: string };

  /**
   * Whether a tenant that comes back to its share has the borrowers' jobs evicted, youngest first; an evicted job is
   * queued again and starts anew. Without it the tenant waits until a borrowed job ends, and the plan reckons with
   * that. A tenant that stays within its share is never evicted either way.
   *
   * @default true
   */
  readonly reclaimByPreemption?: boolean;

  /**
   * Whether each tenant has a second priority class, `<cohort>-<tenant>-urgent`, whose jobs Kueue puts first and for
   * which it evicts ordinary jobs of the same tenant. No class ever lets the scheduler evict another tenant's pods.
   *
   * @default false
   */
  readonly urgentClass?: boolean;
}

/**
 * A cluster of which each tenant has a share whenever it asks, and more while the others leave room.
 *
 * Cures one line for everybody, in which a tenant that submits ten times its share holds every place and the jobs of
 * the others are late (case 20). The queue is Kueue's: what is above a tenant's share and loan waits there. The
 * `ResourceQuota` stands above that bound, since it rejects what it does not admit, and is for whoever goes around the
 * queue.
 */
export class FairShare extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: SharesPlan;

  /** The tenants' namespaces, in the order they were given. */
  public readonly tenants: TenantNamespace[];

  /** The `Cohort`, with what nobody is guaranteed. */
  public readonly cohort: ApiObject;

  /** The `ResourceFlavor`. */
  public readonly flavor: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  private readonly props: FairShareProps;

  /**
   * @throws CapacityError when a tenant would fall behind for ever, or the promise is shorter than a job; the message
   *   names the ways out
   * @throws InvalidInputError when a prop is out of range; the message names every one of them
   */
  constructor(scope: Construct, id: string, props: FairShareProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    this.props = usable;
    const {
      capacity,
      tenants,
      objective,
      reclaimByPreemption = true,
      urgentClass,
      cohort: cohortName = 'batch',
    } = usable;
    this.plan = planShares(id, { capacity, tenants, objective, reclaimByPreemption }, [
      ...checks,
      ...inputChecks(cohortName),
      ...labelChecks('nodeLabels', usable.nodeLabels),
      {
        // The tree of constructs keeps children by name in an object that has this name already.
        refused: tenants?.some(({ name }) => name === 'constructor') ?? false,
        message: "tenants.name must not be 'constructor', a name that the construct tree cannot hold",
      },
    ]);
    this.flavor = resourceFlavor(this, 'ResourceFlavor', cohortName, usable.nodeLabels ?? {});
    this.cohort = cohort(this, 'Cohort', cohortName, [unclaimed(this.flavor.name, this.plan.unclaimed)]);
    this.tenants = this.plan.tenants.map(
      (share) =>
        new TenantNamespace(this, share.name, {
          name: `${cohortName}-${share.name}`,
          share,
          cohortName,
          flavorName: this.flavor.name,
          reclaimByPreemption,
          urgentClass,
        }),
    );
    const watched: Watched = {
      plan: this.plan,
      cohort: cohortName,
      queues: this.tenants.map(({ clusterQueue }) => clusterQueue.name),
      latencySeconds: objective.latencySeconds,
      quantile: objective.latencyQuantile ?? 0.99,
      serviceSeconds: tenants.map(({ workload }) => workload.serviceSeconds),
    };
    this.alerts = alertRules(this, 'Alerts', this.node.path, fairShareAlerts(watched));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, fairShareGraphs(watched));
  }

  /**
   * What it does to all when one tenant submits a multiple of its peak for some time, without this construct and with
   * it.
   *
   * @param tenant name of the tenant that floods
   * @param factor times its own peak rate; 1 to 1000
   * @param duration how long; at most a year
   * @throws InvalidInputError when there is no such tenant or a number is out of range
   */
  public forecastFlood(tenant: string, factor: number, duration: Duration): FloodForecast[] {
    const { capacity, tenants, objective } = this.props;
    const seconds = duration.toSeconds({ integral: false });
    return forecastFlood(this.plan, capacity, tenants, objective.latencySeconds, { tenant, factor, seconds });
  }
}

const KINDS: Kinds<FairShareProps> = {
  capacity: CHECKED,
  tenants: needed(listOf(OBJECT)),
  objective: CHECKED,
  cohort: TEXT,
  nodeLabels: mapOf(TEXT),
  reclaimByPreemption: FLAG,
  urgentClass: FLAG,
};

/** What belongs to nobody; whoever needs it borrows it by weight. */
function unclaimed(flavorName: string, { cpu, memoryBytes }: BatchCapacity): ResourceGroup {
  return {
    coveredResources: ['cpu', 'memory'],
    flavors: [
      {
        name: flavorName,
        resources: [
          { name: 'cpu', nominalQuota: cores(Math.floor(cpu * 1000) / 1000) },
          { name: 'memory', nominalQuota: mebibytes(memoryBytes) },
        ],
      },
    ],
  };
}

function inputChecks(cohortName: string): Check[] {
  return [
    textCheck(
      'cohort',
      cohortName,
      (text) => /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/.test(text),
      '1 to 20 lower-case letters, digits and hyphens, beginning with a letter',
    ),
  ];
}
