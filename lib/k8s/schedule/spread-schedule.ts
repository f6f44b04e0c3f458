import { createHash } from 'node:crypto';
import { ApiObject, Cron, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { type Check } from '../../flow/errors';
import { CHECKED, type Kinds, listOf, needed, sound, struct, TEXT } from '../../flow/kinds';
import { named } from '../../flow/plan';
import { planSchedule } from '../../flow/schedule/plan';
import type { ScheduleHost, ScheduleObjective, SchedulePlan } from '../../flow/schedule/workload';
import { alertRules } from '../alert-rules';
import { grafanaDashboard } from '../grafana-dashboard';
import { dnsLabel } from '../names';
import { networkPolicy, placeOf } from '../network-policy';
import { namespaceOf } from '../promql';
import {
  chartLabels,
  mountTemporary,
  onLinux,
  refuseSharedPaths,
  restrictedContainer,
  restrictedPod,
} from '../restricted-pod';
import { resourcesOf, SPREAD_JOB_KINDS, scheduledJob, spreadJobChecks } from './job-pod';
import { CONTAINER, scheduleAlerts, scheduleGraphs } from './schedule-alerts';
import { QUEUE_LABEL, type ScheduleQueue, scheduleQueue } from './schedule-queue';
import type { SpreadJob } from './spread-job';

/** Where schedules are read unless a zone is given: it has no summer time. */
const UTC = 'Etc/UTC';
/**
 * Characters of all names together, with what separates them. The alerts list them fourteen times, and `kubectl apply`
 * keeps an object in an annotation; those of an object have at most 256 KiB together.
 *
 * Source: Kubernetes, apimachinery, `TotalAnnotationSizeLimitB`.
 */
const MOST_NAME_CHARACTERS = 17_000;

/**
 * What a schedule is made from.
 */
export interface SpreadScheduleProps {
  /**
   * The jobs, in an order that only grows at its end: a job that is appended moves no other. Each becomes a CronJob of its
   * name. At least one; their names together at most 17,000 characters, counting one more for each: a thousand names of 16
   * characters.
   */
  readonly jobs: SpreadJob[];

  /**
   * What is promised: a window, how late a run may begin, a ceiling on CPU, the latency of online requests.
   *
   * @default - nothing beyond an even spread
   */
  readonly objective?: ScheduleObjective;

  /**
   * The machines, when the jobs share them with online requests. Every job then needs its `cpu`.
   *
   * @default - runs are counted, whatever each takes
   */
  readonly host?: ScheduleHost;

  /**
   * Time zone of the schedules, a name of the IANA database such as `Europe/Berlin`. An hour that the zone skips or repeats
   * is named in the plan's remarks.
   *
   * @default 'Etc/UTC'
   */
  readonly timeZone?: string;

  /**
   * Runs at once. 1 to 10,000. Without a queue it has to be at least the runs of the fullest minute, because CronJobs do
   * not wait.
   *
   * @default - the runs of the fullest minute
   */
  readonly maxConcurrent?: number;

  /**
   * Name of a queue of Kueue, which is made: it admits `maxConcurrent` runs, however long they take, and the others wait.
   * One in a namespace; it also names, with the namespace, a `ClusterQueue` and a `ResourceFlavor`.
   *
   * @default - no queue; the minutes are what bounds the runs
   */
  readonly ownQueue?: string;

  /**
   * Name of a `LocalQueue` of the namespace that is there already. Instead of `ownQueue`; its quota is the bound, so give
   * it as `maxConcurrent`.
   *
   * @default - none
   */
  readonly localQueue?: string;
}

/**
 * CronJobs at minutes that are chosen together: each job gets the least loaded minute of its period, in the order of the
 * list, and the plan says how many meet in the fullest one.
 *
 * Cures jobs that all start at minute 0, so that requests of users wait behind chores for a few minutes and the machines
 * are idle for the rest of the hour (case 4). A hash of the name is not enough: with few jobs it puts several into one
 * minute. What the minutes cannot bound, such as runs that take longer than they are said to, a queue of Kueue does.
 */
export class SpreadSchedule extends Construct {
  /** Every knob with its reason, the minute of every job, and what to expect. */
  public readonly plan: SchedulePlan;

  /** The CronJobs, in the order of the jobs. */
  public readonly cronJobs: kplus.CronJob[];

  /** The service account of the jobs that bring none. It has no rights, and its token is not mounted. */
  public readonly serviceAccount: kplus.ServiceAccount;

  /**
   * The `LocalQueue`.
   *
   * @default - only with `ownQueue`
   */
  public readonly queue?: ApiObject;

  /**
   * The `ClusterQueue`.
   *
   * @default - only with `ownQueue`
   */
  public readonly clusterQueue?: ApiObject;

  /**
   * The `ResourceFlavor`.
   *
   * @default - only with `ownQueue`
   */
  public readonly flavor?: ApiObject;

  /**
   * The network policies: the first one is for all jobs and allows DNS, each of the others is for the jobs that connect to
   * the same places.
   */
  public readonly networkPolicies: ApiObject[];

  /** The `PrometheusRule`. */
  public readonly alerts: ApiObject;

  /** The dashboard. */
  public readonly dashboard: kplus.ConfigMap;

  /**
   * @throws CapacityError when the promise cannot be kept at any place of the jobs; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: SpreadScheduleProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    const { jobs, objective, host, timeZone, maxConcurrent, ownQueue, localQueue } = usable;
    const namespace = namespaceOf(this);
    this.plan = planSchedule(
      id,
      {
        jobs: jobs?.map(scheduledJob),
        objective,
        host,
        scheduler: 'kubernetes',
        timeZone,
        maxConcurrent,
        queued: ownQueue !== undefined || localQueue !== undefined,
      },
      [...checks, ...inputChecks(usable, namespace)],
    );
    this.serviceAccount = new kplus.ServiceAccount(this, 'ServiceAccount', { automountToken: false });
    const queue = this.createQueue(usable, namespace);
    this.flavor = queue?.flavor;
    this.clusterQueue = queue?.clusterQueue;
    this.queue = queue?.localQueue;
    this.cronJobs = jobs.map((job) => this.createCronJob(job, timeZone ?? UTC, ownQueue ?? localQueue));
    this.networkPolicies = this.createNetworkPolicies(jobs);
    this.alerts = alertRules(this, 'Alerts', this.node.path, scheduleAlerts(this.plan, namespace));
    this.dashboard = grafanaDashboard(this, 'Dashboard', id, scheduleGraphs(this.plan, namespace));
  }

  /**
   * The CronJob of a job.
   *
   * @throws InvalidInputError when no job has that name; the message lists those there are
   */
  public cronJob(name: string): kplus.CronJob {
    return named(this.node.id, 'job', this.cronJobs, name);
  }

  private createQueue(
    { ownQueue, jobs }: SpreadScheduleProps,
    namespace: string | undefined,
  ): ScheduleQueue | undefined {
    if (ownQueue === undefined) return undefined;
    return scheduleQueue(this, namespace!, ownQueue, this.plan.value('maxConcurrent'), jobs);
  }

  private createCronJob(job: SpreadJob, timeZone: string, queueName: string | undefined): kplus.CronJob {
    const { name } = job;
    const value = (knob: string) => this.plan.value(knob);
    const [minute, hour, day, month, weekDay] = this.plan.job(name).expression.split(' ');
    const cronJob = new kplus.CronJob(this, `job-${name}`, {
      // Not the path of the construct: a new name would be a new CronJob, beside a run of the old one.
      metadata: { name },
      podMetadata: {
        labels: { ...chartLabels(this), [SCHEDULE_LABEL]: this.node.addr, [EGRESS_LABEL]: egressSet(job) },
      },
      schedule: new Cron({ minute, hour, day, month, weekDay }),
      timeZone,
      concurrencyPolicy: kplus.ConcurrencyPolicy.FORBID,
      startingDeadline: Duration.seconds(value(`startingDeadlineSeconds.${name}`)),
      activeDeadline: Duration.seconds(value(`activeDeadlineSeconds.${name}`)),
      backoffLimit: value('backoffLimit'),
      successfulJobsRetained: value('successfulJobsHistoryLimit'),
      failedJobsRetained: value('failedJobsHistoryLimit'),
      restartPolicy: kplus.RestartPolicy.NEVER,
      securityContext: restrictedPod(),
      serviceAccount: job.serviceAccount ?? this.serviceAccount,
      automountServiceAccountToken: false,
      terminationGracePeriod: Duration.seconds(value('terminationGracePeriodSeconds')),
      containers: [
        {
          name: CONTAINER,
          image: job.image,
          command: job.command,
          args: job.args,
          envVariables: { ...job.environment },
          resources: resourcesOf(job),
          securityContext: restrictedContainer(),
        },
      ],
    });
    mountTemporary(new Construct(this, `volumes-${name}`), cronJob.containers[0]);
    refuseSharedPaths(this, cronJob);
    onLinux(cronJob);
    if (queueName !== undefined) {
      const metadata = { labels: { [QUEUE_LABEL]: queueName } };
      ApiObject.of(cronJob).addJsonPatch(JsonPatch.add('/spec/jobTemplate/metadata', metadata));
    }
    return cronJob;
  }

  /** One for all, and one for each set of destinations. */
  private createNetworkPolicies(jobs: readonly SpreadJob[]): ApiObject[] {
    const all = { [SCHEDULE_LABEL]: this.node.addr };
    const sets = new Map(jobs.map((job) => [egressSet(job), job.egress ?? []]));
    sets.delete(NO_EGRESS);
    return [
      networkPolicy(this, 'NetworkPolicy', all, []),
      ...[...sets].map(([set, egress]) =>
        networkPolicy(
          this,
          `egress-${set}`,
          { ...all, [EGRESS_LABEL]: set },
          egress.map(({ ports, namespace, cidr }) => ({ ports, ...placeOf(namespace, cidr) })),
        ),
      ),
    ];
  }
}

/** The labels that select the pods of a schedule, and those that may connect to the same places. */
const SCHEDULE_LABEL = 'backpressure/spread-schedule';
const EGRESS_LABEL = 'backpressure/egress';
const NO_EGRESS = 'none';

/** A name for the destinations of a job; the same for the same ones. */
function egressSet({ egress = [] }: SpreadJob): string {
  if (egress.length === 0) return NO_EGRESS;
  const places = egress.map(({ ports, namespace, cidr }) => [ports, namespace ?? '', cidr ?? '']);
  return createHash('sha256').update(JSON.stringify(places)).digest('hex').slice(0, 8);
}

const KINDS: Kinds<SpreadScheduleProps> = {
  jobs: needed(listOf(struct(SPREAD_JOB_KINDS))),
  objective: CHECKED,
  host: CHECKED,
  timeZone: CHECKED,
  maxConcurrent: CHECKED,
  ownQueue: TEXT,
  localQueue: TEXT,
};

function inputChecks({ jobs = [], ownQueue, localQueue }: SpreadScheduleProps, namespace: string | undefined): Check[] {
  const characters = jobs.reduce((sum, { name }) => sum + String(name).length + 1, 0);
  return [
    ...jobs.flatMap(spreadJobChecks),
    {
      refused: characters > MOST_NAME_CHARACTERS,
      message: `names of jobs must be at most ${MOST_NAME_CHARACTERS} characters together, because alerts list them and kubectl apply keeps an object of at most 256 KiB, got ${characters}; use shorter names, or two schedules`,
    },
    dnsLabel('ownQueue', ownQueue),
    dnsLabel('localQueue', localQueue),
    {
      refused: ownQueue !== undefined && localQueue !== undefined,
      message: 'ownQueue and localQueue must not be given together: the queue is made, or is there',
    },
    {
      refused: ownQueue !== undefined && namespace === undefined,
      message: 'ownQueue needs a chart with a namespace: the queue of the cluster is open to that one',
    },
  ];
}
