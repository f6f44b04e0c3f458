import * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import type * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import { completed } from '../../flow/alarms';
import { type Check, validate, wholeNumber } from '../../flow/errors';
import { type Kinds, mapOf, needed, sound, TEXT } from '../../flow/kinds';
import { cloudRunProbeKnobs } from '../../flow/probes';
import { CLOUD_RUN_LIMITS } from '../../flow/queue/platforms/cloud-run';
import { PLATFORM_FACTS } from '../../flow/queue/platforms/facts';
import type { QueuePlan } from '../../flow/queue/workload';
import { componentName } from '../component-name';
import { INSTANCE_MEMORY } from '../instance';
import { ACCOUNT, INPUT, PLAN, SERVICE } from '../kinds';
import { accountName, createAccount, createService, memberOf, memoryCheck } from '../run-service';
import { type Planned, warnOfDifferences } from './as-planned';
import type { PushTarget } from './redrive-queue';

/** Inputs of a worker on Cloud Run. */
export interface PushWorkerArgs {
  /**
   * The plan of the queue: instances, slots and ack deadline. It has to be for Cloud Run:
   * `RedriveQueue.planOf(name, { …, platform: 'cloud-run' })`.
   */
  readonly plan: QueuePlan;
  /**
   * Image of the worker: listens on 8080, answers `GET /ready`, answers 2xx to a push when its effect is committed. Either
   * this or `service`.
   */
  readonly image?: pulumi.Input<string>;
  /**
   * A service of yours that does so already. Its instances, concurrency and time-out are as you deployed it: when they are
   * not those of the plan, or `environment` is not among its variables, the run warns. Default: one is made from `image`.
   */
  readonly service?: cloudrunv2.Service;
  /** Region of the service. */
  readonly location: pulumi.Input<string>;
  /** An account of yours that the service runs as. Default: one of its own, without any permission. */
  readonly account?: serviceaccount.Account;
  /** Environment of the container. Default: none. */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Memory of an instance in Cloud Run's notation: a number and `G`, `M`, `Gi` or `Mi`. Default: `512Mi`. */
  readonly memory?: string;
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
}

/**
 * A private Cloud Run service that Pub/Sub pushes to, with the instances and the concurrency of the plan.
 *
 * Push, not pull: Cloud Run gives a service CPU while it answers requests, so a puller would need instances that are
 * always on and its own scaler. Pushes scale the service, down to the plan's minimum, and its largest number of
 * instances times its concurrency bounds the load on the systems behind it.
 */
export class PushWorker extends pulumi.ComponentResource {
  /** The service. */
  public readonly service: cloudrunv2.Service;
  /**
   * The account it runs as: grant it the permissions that the effect needs. Undefined for a service of yours, which has
   * its own.
   */
  public readonly account?: serviceaccount.Account;
  /** The account that Pub/Sub pushes as; it may only invoke this service. */
  public readonly pushAccount: serviceaccount.Account;
  /** The value for the `push` of a `RedriveQueue`. */
  public readonly target: PushTarget;

  /**
   * @param name 1 to 20 lower-case letters, digits and hyphens; service accounts are called after it, so it is unique
   * in the project
   * @throws InvalidInputError when the plan is for another platform, or Cloud Run does not accept the name or the plan's
   * slots
   */
  constructor(name: string, args: PushWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:PushWorker', componentName('PushWorker', name), {}, opts);
    const { props: usable, checks } = sound(args, KINDS);
    const { plan, project } = usable;
    validate(name, [...checks, ...workerChecks(usable)]);
    validate(name, [
      accountName(name),
      platformCheck(plan),
      wholeNumber('slotsPerInstance', plan.value('slotsPerInstance'), 1, CLOUD_RUN_LIMITS.concurrency),
      wholeNumber('maxInstances', plan.value('maxInstances'), 1, CLOUD_RUN_LIMITS.instances),
    ]);
    if (usable.service) {
      this.service = usable.service;
      this.warnOf(usable.service, usable);
    } else {
      this.account =
        usable.account ??
        createAccount(this, {
          name: `${name}-worker`,
          displayName: 'Works on messages that Pub/Sub pushes',
          project,
        });
      this.service = this.createService(name, this.account, usable);
    }
    this.pushAccount = createAccount(this, {
      name: `${name}-push`,
      displayName: 'Pub/Sub pushes as this account',
      project,
    });
    const invoker = new cloudrunv2.ServiceIamMember(
      `${name}-push`,
      {
        name: this.service.name,
        // One that is there may be elsewhere, and another one here may have its name.
        location: usable.service?.location ?? usable.location,
        project: usable.service?.project ?? project,
        role: 'roles/run.invoker',
        member: memberOf(this.pushAccount),
      },
      { parent: this },
    );
    this.target = {
      // The endpoint resolves only after the account may call it: a refused push counts as an attempt.
      endpoint: pulumi.all([this.service.uri, invoker.id]).apply(([uri]) => uri),
      serviceAccount: this.pushAccount,
    };
    this.registerOutputs({ uri: this.service.uri });
  }

  private createService(name: string, account: serviceaccount.Account, args: PushWorkerArgs): cloudrunv2.Service {
    const { plan } = args;
    return createService(this, {
      name: `${name}-worker`,
      account,
      image: args.image!,
      location: args.location,
      project: args.project,
      description: 'Works on messages that Pub/Sub pushes',
      // Pub/Sub of the same project counts as internal.
      ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
      concurrency: plan.value('slotsPerInstance'),
      minInstances: plan.value('minInstances'),
      maxInstances: plan.value('maxInstances'),
      timeoutSeconds: plan.value('ackDeadlineSeconds'),
      // A plan made by hand may have no probes.
      plan: completed(plan, cloudRunProbeKnobs()),
      memory: args.memory ?? INSTANCE_MEMORY,
      environment: args.environment ?? {},
    });
  }

  /** Says what of a service that is there is not as the plan has it; nothing is changed in it. */
  private warnOf(service: cloudrunv2.Service, { plan, environment = {} }: PushWorkerArgs): void {
    pulumi.all([service.name, service.template, environment]).apply(([name, template, wanted]) => {
      const numbers: Planned[] = [
        { what: 'maxInstanceCount', given: template?.scaling?.maxInstanceCount, planned: plan.value('maxInstances') },
        {
          what: 'minInstanceCount',
          given: template?.scaling?.minInstanceCount ?? 0,
          planned: plan.value('minInstances'),
        },
        {
          what: 'maxInstanceRequestConcurrency',
          given: template?.maxInstanceRequestConcurrency,
          planned: plan.value('slotsPerInstance'),
        },
        { what: 'timeout', given: template?.timeout, planned: `${plan.value('ackDeadlineSeconds')}s` },
      ];
      warnOfDifferences(this, name, numbers, template?.containers ?? [], environment, wanted);
    });
  }
}

/** Checks on what the worker is: an image, or a service that is there. */
export function workerChecks(
  worker: Pick<PushWorkerArgs, 'image' | 'service' | 'account' | 'memory'>,
  path = '',
): Check[] {
  const { image, service, account, memory } = worker;
  const ours = Object.entries({ account, memory }).filter(([, value]) => value !== undefined);
  return [
    memoryCheck(`${path}memory`, memory),
    {
      refused: image === undefined && service === undefined,
      message: `${path}image is missing: give an image, or as ${path}service a service that is there`,
    },
    {
      refused: image !== undefined && service !== undefined,
      message: `${path}image and ${path}service are two workers; give one of them`,
    },
    ...ours.map(([key]) => ({
      refused: service !== undefined,
      message: `${path}${key} is that of a service that is made; yours, ${path}service, has its own`,
    })),
  ];
}

const KINDS: Kinds<PushWorkerArgs> = {
  plan: needed(PLAN),
  image: INPUT,
  service: SERVICE,
  account: ACCOUNT,
  location: needed(INPUT),
  environment: mapOf(INPUT),
  memory: TEXT,
  project: INPUT,
};

/** Another platform reacts at another speed: the queue that is made with the worker's target would have other alerts. */
function platformCheck({ servedBy = '' }: QueuePlan): Check {
  return {
    // A plan made by hand does not say.
    refused: servedBy !== '' && !servedBy.startsWith(PLATFORM_FACTS['cloud-run'].title),
    message: `plan must be for Cloud Run, got one for ${servedBy}; give RedriveQueue.planOf() and the queue platform 'cloud-run'`,
  };
}
