import * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import type * as monitoring from '@pulumi/gcp/monitoring';
import * as pubsub from '@pulumi/gcp/pubsub';
import type * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import { completed } from '../../flow/alarms';
import { type Check, oneOf, validate } from '../../flow/errors';
import { type Kinds, kindOf, mapOf, NUMBER, needed, sound, struct, TEXT } from '../../flow/kinds';
import { incidentKnobs, poolAlarmKnobs } from '../../flow/queue/alarms';
import { PLATFORM_FACTS } from '../../flow/queue/platforms/facts';
import type { QueuePlan } from '../../flow/queue/workload';
import { componentName } from '../component-name';
import { CPUS, INSTANCE_CPU, instanceGib, leastGib } from '../instance';
import { ACCOUNT, INPUT, INPUT_LIST, POOL } from '../kinds';
import { accountName, createAccount, memberOf, memoryCheck, type RunNetwork } from '../run-service';
import { createAlert } from '../watch';
import { warnOfDifferences } from './as-planned';
import { type Crema, createCrema, grantScaling, type ScaledObject, scaledObjectOf } from './crema';

/** A subscription that is pulled, and its plan: a `RedriveQueue` is one. */
export interface PulledQueue {
  /** The subscription to consume. */
  readonly subscription: pubsub.Subscription;
  /** Its plan, which has to be for `platform: 'cloud-run-pool'`. */
  readonly plan: QueuePlan;
}

/** Inputs of a worker on a Cloud Run worker pool. */
export interface QueueWorkerArgs {
  /**
   * What is consumed, with its plan: a `RedriveQueue` with `platform: 'cloud-run-pool'`; or, for a subscription of yours,
   * `{ subscription, plan: RedriveQueue.planOf(name, { …, platform: 'cloud-run-pool' }) }`.
   */
  readonly queue: PulledQueue;
  /**
   * Image of the worker: pulls `SUBSCRIPTION`, holds `SLOTS` messages at most, extends their leases for
   * `MAX_EXTENSION_SECONDS`, acknowledges a message after its effect, and ends within `STOP_SECONDS` of SIGTERM.
   * `backpressure-constructs/pubsub-worker` does all of it. Either this or `pool`.
   */
  readonly image?: pulumi.Input<string>;
  /**
   * A pool of yours that does so already; give its `account` with it. It is scaled, and otherwise as you deployed it: when
   * those variables are not the plan's, the run warns. Default: one is made from `image`.
   */
  readonly pool?: cloudrunv2.WorkerPool;
  /** Region of the pool. */
  readonly location: pulumi.Input<string>;
  /**
   * The account that the pool runs as; it is allowed to consume the subscription. Needed with `pool`. Default: one of its
   * own.
   */
  readonly account?: serviceaccount.Account;
  /**
   * The account of a CREMA of yours, which is then allowed to scale the pool; put `scaledObject` into its configuration. A
   * pool is scaled by one CREMA: two race. Default: one is made for this pool, unless the plan's minimum is its maximum.
   */
  readonly scalerAccount?: serviceaccount.Account;
  /** Image of the CREMA that is made. Default: `…/cloud-run-oss-images/crema-v1/autoscaler:1.2`. */
  readonly scalerImage?: pulumi.Input<string>;
  /** vCPUs of an instance: 1, 2, 4, 6 or 8. Default: 1. */
  readonly cpu?: number;
  /**
   * Memory of an instance in Cloud Run's notation: a number and `G`, `M`, `Gi` or `Mi`. At least 2 GiB with 4 vCPU, 4 GiB
   * with 6 or 8. Default: `512Mi`, or that least.
   */
  readonly memory?: string;
  /** Environment of the container. Default: none. */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** The network that instances are attached to (Direct VPC egress), for private addresses alone. Default: none. */
  readonly network?: RunNetwork;
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Where the alert goes. Default: nowhere; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
}

const KINDS: Kinds<QueueWorkerArgs> = {
  queue: needed(kindOf(isPulled, 'a RedriveQueue, or a subscription and its plan')),
  image: INPUT,
  pool: POOL,
  location: needed(INPUT),
  account: ACCOUNT,
  scalerAccount: ACCOUNT,
  scalerImage: INPUT,
  cpu: NUMBER,
  memory: TEXT,
  environment: mapOf(INPUT),
  network: struct<RunNetwork>({ network: needed(INPUT), subnetwork: needed(INPUT) }),
  project: INPUT,
  notificationChannels: INPUT_LIST,
};

/**
 * Instances of a Cloud Run worker pool that pull a subscription, as many as what waits in it asks for.
 *
 * Cures work that piles up behind a fixed number of workers (cases 2 and 6), where an item takes longer than a push may, or
 * the worker must not be reachable. A worker pool does not scale by itself: CREMA runs a scaler of KEDA beside it and sets
 * the number of instances. The metric that it reads is two minutes late and more, so the plan keeps as many instances
 * standing as the first 200 s of a peak need.
 *
 * A pushed `PushWorker` reacts within a minute and needs no scaler: prefer it where an item takes less than 10 minutes and
 * the promise is shorter than that reaction.
 */
export class QueueWorker extends pulumi.ComponentResource {
  /** The pool: the one that is made, or yours. */
  public readonly pool: cloudrunv2.WorkerPool;
  /** The account that it runs as: grant it the permissions that the effect needs. */
  public readonly account: serviceaccount.Account;
  /** The autoscaler; undefined with `scalerAccount`, and where the plan's minimum is its maximum. */
  public readonly scaler?: Crema;
  /** The entry of CREMA's `spec.scaledObjects` for this pool. */
  public readonly scaledObject: pulumi.Output<ScaledObject>;
  /** The autoscaler writes nothing: the pool stays as large as it is. Undefined where none is made. */
  public readonly scalerSilent?: monitoring.AlertPolicy;
  /** Every knob with its reason, and what to expect: the plan of the queue. */
  public readonly plan: QueuePlan;

  private readonly args: QueueWorkerArgs;

  /**
   * @param name 1 to 20 lower-case letters, digits and hyphens; service accounts are called after it, so it is unique
   * in the project
   * @throws InvalidInputError when the plan is for another platform, or arguments are out of range; the message names each
   */
  constructor(name: string, args: QueueWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:QueueWorker', componentName('QueueWorker', name), {}, opts);
    const { props, checks } = sound(args, KINDS);
    validate(name, [...checks, accountName(name), ...workerChecks(props)]);
    this.args = props;
    this.plan = props.queue.plan;
    const { project } = props;

    this.account =
      props.account ?? createAccount(this, { name: `${name}-worker`, displayName: 'Works on messages', project });
    const consuming = this.allowConsuming(name);
    this.pool = props.pool ?? this.createPool(name, consuming);
    if (props.pool) this.warnOf(props.pool);
    const scaled = { pool: this.pool, subscription: props.queue.subscription, plan: this.plan };
    this.scaledObject = scaledObjectOf(scaled);
    if (props.scalerAccount === undefined && !isFixed(this.plan)) {
      const { location, scalerImage: image } = props;
      this.scaler = createCrema(this, { name: `${name}-scaler`, location, project, image, ...scaled });
      this.scalerSilent = this.createAlert(name);
    }
    const scaler = props.scalerAccount ?? this.scaler?.account;
    if (scaler) grantScaling(this, name, this.pool, this.account, scaler);
    this.registerOutputs({ pool: this.pool.name });
  }

  private allowConsuming(name: string): pubsub.SubscriptionIAMMember {
    const { subscription } = this.args.queue;
    return new pubsub.SubscriptionIAMMember(
      `${name}-consuming`,
      {
        subscription: subscription.name,
        project: subscription.project,
        role: 'roles/pubsub.subscriber',
        member: memberOf(this.account),
      },
      { parent: this },
    );
  }

  private createPool(name: string, consuming: pulumi.Resource): cloudrunv2.WorkerPool {
    const { args, plan } = this;
    const { cpu = INSTANCE_CPU, network } = args;
    const environment = { ...args.environment, SUBSCRIPTION: args.queue.subscription.id, ...settingsOf(plan) };
    return new cloudrunv2.WorkerPool(
      name,
      {
        location: args.location,
        project: args.project,
        description: 'Works on messages of a subscription',
        // It holds no state; with deletion protection it could not be replaced.
        deletionProtection: false,
        scaling: { scalingMode: 'MANUAL', manualInstanceCount: plan.value('minInstances') },
        template: {
          serviceAccount: this.account.email,
          ...(network && { vpcAccess: { networkInterfaces: [{ ...network }], egress: 'PRIVATE_RANGES_ONLY' } }),
          containers: [
            {
              image: args.image!,
              envs: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
              resources: { limits: { cpu: String(cpu), memory: args.memory ?? memoryOf(cpu) } },
            },
          ],
        },
      },
      {
        parent: this,
        // An instance that may not pull ends in errors.
        dependsOn: [consuming],
        // The autoscaler sets it, and a deployment must not reset it.
        ignoreChanges: isFixed(plan) ? [] : ['scaling.manualInstanceCount'],
      },
    );
  }

  /** Says what of a pool that is there is not as the plan has it; nothing is changed in it. */
  private warnOf(pool: cloudrunv2.WorkerPool): void {
    const { environment = {} } = this.args;
    const settings = settingsOf(this.plan);
    pulumi
      .all([pool.name, pool.template, environment])
      .apply(([name, template, given]) =>
        warnOfDifferences(
          this,
          name,
          [],
          template?.containers ?? [],
          { ...environment, ...settings },
          { ...given, ...settings },
        ),
      );
  }

  private createAlert(name: string): monitoring.AlertPolicy {
    const { project, notificationChannels } = this.args;
    return createAlert(this, {
      row: {
        name: `${name}-scaler-silent`,
        // Source: CREMA, MetricsService.java and Scaler.java: resource, name and labels of what it writes. In PromQL, because a
        // filter on a metric that is not there yet is refused: CREMA writes its first value after the policy is made.
        query: (threshold, seconds) =>
          pulumi.interpolate`(absent_over_time(custom_googleapis_com:requested_instance_count{monitored_resource="global",project_id="${this.pool.project}",consumer_service="${this.pool.name}"}[${seconds}s]) > ${threshold})`,
        threshold: 'alarmSilent',
        seconds: 'alarmSilentSeconds',
        evaluation: 'alarmSampleSeconds',
        text: 'CREMA does not write how many instances it asks for, so the pool stays as large as it is. Read the log of its service: whether it starts, whether it may read the metric and its parameter, whether it may change the pool. Until it runs, set the instances by hand (gcloud run worker-pools update --instances).',
      },
      plan: completed(this.plan, [...incidentKnobs(), ...poolAlarmKnobs()]),
      project,
      notificationChannels,
    });
  }
}

/** Whether there is nothing to scale. */
function isFixed(plan: QueuePlan): boolean {
  return plan.value('minInstances') === plan.value('maxInstances');
}

/** What the worker reads of the plan: `lib/runtime/pubsub-worker/consumer.ts`. */
function settingsOf(plan: QueuePlan): Record<string, string> {
  return {
    SLOTS: String(plan.value('slotsPerInstance')),
    MAX_EXTENSION_SECONDS: String(plan.value('maxExtensionSeconds')),
    STOP_SECONDS: String(plan.value('stopSeconds')),
  };
}

const SET_HERE = ['SUBSCRIPTION', 'SLOTS', 'MAX_EXTENSION_SECONDS', 'STOP_SECONDS'];

const GIB = 2 ** 30;
/** Memory of an instance with so many vCPUs, in Cloud Run's notation. */
function memoryOf(cpu: number): string {
  return `${instanceGib(cpu) * 1024}Mi`;
}

const UNITS: Readonly<Record<string, number>> = { G: 1e9, M: 1e6, Gi: GIB, Mi: 2 ** 20 };

function bytesOf(memory: string): number {
  const [, amount, unit] = /^([\d.]+)([GM]i?)$/.exec(memory) ?? [];
  return Number(amount) * (UNITS[unit] ?? Number.NaN);
}

function workerChecks(args: QueueWorkerArgs): Check[] {
  const { image, pool, account, memory, cpu = INSTANCE_CPU, environment = {}, scalerAccount, scalerImage } = args;
  const own = SET_HERE.filter((one) => one in environment);
  const ofMade = Object.entries({ cpu: args.cpu, memory, network: args.network }).filter(
    ([, one]) => one !== undefined,
  );
  return [
    ...platformChecks(args.queue?.plan),
    {
      refused: image === undefined && pool === undefined,
      message: 'image is missing: give an image, or as pool a worker pool that is there',
    },
    { refused: image !== undefined && pool !== undefined, message: 'image and pool are two workers; give one of them' },
    {
      refused: pool !== undefined && account === undefined,
      message: 'account is missing: give the account that pool runs as, which is granted the subscription',
    },
    ...ofMade.map(([key]) => ({
      refused: pool !== undefined,
      message: `${key} is that of a pool that is made; yours, pool, has its own`,
    })),
    {
      refused: scalerAccount !== undefined && scalerImage !== undefined,
      message: 'scalerImage is that of a CREMA that is made; leave it out with scalerAccount',
    },
    oneOf('cpu', cpu, CPUS),
    memoryCheck('memory', memory),
    {
      refused: memory !== undefined && bytesOf(memory) < leastGib(cpu) * GIB,
      message: `memory must be at least ${memoryOf(cpu)} with ${cpu} vCPU, got ${memory}`,
    },
    { refused: own.length > 0, message: `environment must not have what is set here, got ${own.join(', ')}` },
  ];
}

function isPulled(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { subscription, plan } = value as Partial<PulledQueue>;
  return has(subscription, 'messageRetentionDuration') && has(plan, 'knobs');
}

function has(value: unknown, member: string): boolean {
  return typeof value === 'object' && value !== null && member in value;
}

/** Another platform reacts at another speed, and has other knobs. */
function platformChecks(plan: QueuePlan | undefined): Check[] {
  const { title } = PLATFORM_FACTS['cloud-run-pool'];
  const { servedBy = '' } = plan ?? {};
  return [
    {
      refused: plan !== undefined && !servedBy.startsWith(title),
      message: `queue.plan must be for a ${title}, got one for ${servedBy || 'no platform'}; give the queue platform 'cloud-run-pool'`,
    },
  ];
}
