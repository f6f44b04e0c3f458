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
import { INPUT, PLAN } from '../kinds';
import { accountName, createAccount, createService, memberOf, memoryCheck } from '../run-service';
import type { PushTarget } from './redrive-queue';

/** Inputs of a worker on Cloud Run. */
export interface PushWorkerArgs {
  /**
   * The plan of the queue: instances, slots and ack deadline. It has to be for Cloud Run:
   * `RedriveQueue.planOf(name, { …, platform: 'cloud-run' })`.
   */
  readonly plan: QueuePlan;
  /** Image of the worker: listens on 8080, answers `GET /ready`, answers 2xx to a push when its effect is committed. */
  readonly image: pulumi.Input<string>;
  /** Region of the service. */
  readonly location: pulumi.Input<string>;
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
  /** The account it runs as, without any permission: grant it the permissions that the effect needs. */
  public readonly account: serviceaccount.Account;
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
    validate(name, checks);
    validate(name, [
      accountName(name),
      platformCheck(plan),
      memoryCheck('memory', usable.memory),
      wholeNumber('slotsPerInstance', plan.value('slotsPerInstance'), 1, CLOUD_RUN_LIMITS.concurrency),
      wholeNumber('maxInstances', plan.value('maxInstances'), 1, CLOUD_RUN_LIMITS.instances),
    ]);
    this.account = createAccount(this, {
      name: `${name}-worker`,
      displayName: 'Works on messages that Pub/Sub pushes',
      project,
    });
    this.service = createService(this, {
      name: `${name}-worker`,
      account: this.account,
      image: usable.image,
      location: usable.location,
      project,
      description: 'Works on messages that Pub/Sub pushes',
      // Pub/Sub of the same project counts as internal.
      ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
      concurrency: plan.value('slotsPerInstance'),
      minInstances: plan.value('minInstances'),
      maxInstances: plan.value('maxInstances'),
      timeoutSeconds: plan.value('ackDeadlineSeconds'),
      // A plan made by hand may have no probes.
      plan: completed(plan, cloudRunProbeKnobs()),
      memory: usable.memory ?? '512Mi',
      environment: usable.environment ?? {},
    });
    this.pushAccount = createAccount(this, {
      name: `${name}-push`,
      displayName: 'Pub/Sub pushes as this account',
      project,
    });
    const invoker = new cloudrunv2.ServiceIamMember(
      `${name}-push`,
      {
        name: this.service.name,
        location: usable.location,
        project,
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
}

const KINDS: Kinds<PushWorkerArgs> = {
  plan: needed(PLAN),
  image: needed(INPUT),
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
