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
 * What a fair share is sized from.
 */
export interface FairShareProps {
  /**
   * The capacity of the cluster for jobs.
   */
  readonly capacity: BatchCapacity;

  /**
   * The tenants, with the number and the size of their jobs. At least one.
   */
  readonly tenants: BatchTenant[];

  /**
   * The time from submission within which a job must end (`latencySeconds`), and the share of jobs that must
   * (`latencyQuantile`). `maxBacklog` and `monthlyCost` must be left out.
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
   * Labels of the nodes that provide the capacity.
   *
   * @default - any node
   */
  readonly nodeLabels?: { [name: string]: string };

  /**
   * Whether Kueue evicts borrowers' jobs, youngest first, when a tenant reclaims its share; an evicted job is queued
   * again and restarts. Without it the tenant waits until a borrowed job ends, and the plan accounts for that. A tenant
   * within its share is never evicted either way.
   *
   * @default true
   */
  readonly reclaimByPreemption?: boolean;

  /**
   * Whether each tenant has a second priority class, `<cohort>-<tenant>-urgent`. Kueue admits its jobs first and evicts
   * ordinary jobs of the same tenant for them. No class lets the scheduler evict another tenant's pods.
   *
   * @default false
   */
  readonly urgentClass?: boolean;
}

/**
 * A cluster on which each tenant gets its share whenever it asks, and more while the others leave capacity unused.
 *
 * Cures one queue for all tenants, in which a tenant that submits ten times its share takes every place and the jobs of
 * the others are late (case 20). The queue is Kueue's: jobs above a tenant's share and borrowing limit wait there. The
 * `ResourceQuota` is above that bound, because it rejects instead of queueing, and stops pods that bypass the queue.
 */
export class FairShare extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: SharesPlan;

  /** The tenants' namespaces, in the order they were given. */
  public readonly tenants: TenantNamespace[];

  /** The `Cohort`, with the capacity that is guaranteed to no tenant. */
  public readonly cohort: ApiObject;

  /** The `ResourceFlavor`. */
  public readonly flavor: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  private readonly props: FairShareProps;

  /**
   * @throws CapacityError when a tenant would never catch up, or the promise is shorter than a job; the message names
   * the
   *   ways out
   * @throws InvalidInputError when props are out of range; the message names each
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
        // The construct tree keeps children by name in an object that already has this property.
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
    };
    this.alerts = alertRules(this, 'Alerts', this.node.path, fairShareAlerts(watched));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, fairShareGraphs(watched));
  }

  /**
   * The effect on all tenants when one submits a multiple of its peak for some time, without this construct and with
   * it.
   *
   * @param tenant name of the tenant that floods
   * @param factor multiple of its own peak rate; 1 to 1000
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

/** The capacity that belongs to no tenant; tenants borrow it by weight. */
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
