import { type ApiObject, Names } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { sparkRunKnobs } from '../../flow/compaction/alarms';
import { startsOf } from '../../flow/compaction/clock';
import { planCompaction } from '../../flow/compaction/plan';
import type { CompactionPlan } from '../../flow/compaction/workload';
import { sound } from '../../flow/kinds';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { ANYWHERE, type Egress, networkPolicy, placeOf } from '../network-policy';
import { namespaceOf } from '../promql';
import { chartLabels } from '../restricted-pod';
import { SPARK_OUTSIDE_PORTS } from '../spark-pods';
import { compactionAlerts, compactionGraphs } from './compaction-alerts';
import { compactionCronJob } from './compaction-cron-job';
import {
  COMPACTION_KINDS,
  type ContinuousCompactionProps,
  compactionInputChecks,
  compactionQuestion,
} from './compaction-props';
import type { CompactionRun } from './compaction-run';
import { sparkRuns } from './compaction-spark';

const HTTPS_PORT = 443;

/**
 * A Delta table whose small files are rewritten all the time, a partition at a time: by a `CronJob` on delta-rs, without
 * Spark, or by a `ScheduledSparkApplication` where Spark writes the table. Old versions are vacuumed once a day.
 *
 * Cures the weekly clean-up that blocks other work for hours (case 17). A run starts by the clock and from a number of
 * small files on, so that its own output never starts it again; the longest run, the most small files and the bytes that
 * are rewritten twice follow from the workload.
 */
export class ContinuousCompaction extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: CompactionPlan;

  /**
   * The runs on delta-rs.
   *
   * @default - none with `spark`
   */
  public readonly cronJob?: kplus.CronJob;

  /**
   * The `ScheduledSparkApplication`.
   *
   * @default - none without `spark`
   */
  public readonly application?: ApiObject;

  /**
   * What the driver may do in its namespace.
   *
   * @default - none without `spark`
   */
  public readonly role?: ApiObject;

  /**
   * Gives it to the service account.
   *
   * @default - none without `spark`
   */
  public readonly roleBinding?: ApiObject;

  /**
   * What driver and executors say to each other.
   *
   * @default - none without `spark`
   */
  public readonly innerPolicy?: ApiObject;

  /** Service account of the runs. */
  public readonly serviceAccount: kplus.IServiceAccount;

  /** Which connections the pods of a run may make. */
  public readonly networkPolicy: ApiObject;

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when no interval keeps every promise, or a writer on Spark would lose commits on Amazon S3; the
   *   message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: ContinuousCompactionProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, COMPACTION_KINDS);
    const { spark } = usable;
    const planned = planCompaction(id, compactionQuestion(usable), [...checks, ...compactionInputChecks(usable)]);
    this.plan = spark === undefined ? planned : planned.withKnobs(sparkRunKnobs(planned));
    this.serviceAccount =
      usable.serviceAccount ??
      new kplus.ServiceAccount(this, 'ServiceAccount', {
        // The driver makes executors by it.
        automountToken: spark !== undefined,
      });
    const own = { [LABEL]: this.node.addr };
    const run: CompactionRun = {
      plan: this.plan,
      starts: startsOf(usable.path, this.plan.value('intervalSeconds')),
      name: Names.toDnsLabel(this, { maxLen: 50 }),
      labels: { ...chartLabels(this), ...own },
      serviceAccount: this.serviceAccount,
    };
    if (spark === undefined) this.cronJob = compactionCronJob(this, usable, run);
    else {
      const made = sparkRuns(this, usable, { ...run, labels: own });
      this.application = made.application;
      this.role = made.role;
      this.roleBinding = made.roleBinding;
      this.innerPolicy = made.innerPolicy;
    }
    this.networkPolicy = networkPolicy(this, 'NetworkPolicy', own, egressOf(usable));
    const series = { namespace: namespaceOf(this), job: run.name };
    this.alerts = alertRules(this, 'Alerts', this.node.path, compactionAlerts(this.plan, series));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, compactionGraphs(this.plan, series));
  }
}

/** The label that selects the pods of a compaction. */
const LABEL = 'backpressure/continuous-compaction';

/** The store, the Pushgateway and, for a driver, the API server. */
function egressOf({ storePort, storeNamespace, storeCidr, pushGateway, spark }: ContinuousCompactionProps): Egress[] {
  const store = { ports: [storePort ?? HTTPS_PORT], ...placeOf(storeNamespace, storeCidr) };
  const server = spark === undefined ? [] : [{ ports: SPARK_OUTSIDE_PORTS, ...ANYWHERE }];
  return [store, gatewayEgress(pushGateway), ...server];
}

/** The second label of a host in the cluster is its namespace. */
function gatewayEgress(address: string): Egress {
  const { hostname, port, protocol } = new URL(address);
  return { ports: [Number(port || (protocol === 'https:' ? 443 : 80))], namespace: hostname.split('.')[1] };
}
