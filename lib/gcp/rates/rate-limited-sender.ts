import type * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import type * as cloudtasks from '@pulumi/gcp/cloudtasks';
import * as pubsub from '@pulumi/gcp/pubsub';
import type * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import type { Check } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, mapOf, needed, sound, TEXT } from '../../flow/kinds';
import { planTaskRates } from '../../flow/rates/cloud-tasks';
import type { ProviderLimit, RatesObjective, RatesPlan, RatesWorkload } from '../../flow/rates/workload';
import { createTaskQueue, createTaskService, grantEnqueue, grantInvoke } from '../cloud-tasks';
import { componentName } from '../component-name';
import { INPUT, INPUT_LIST } from '../kinds';
import { accountName, createAccount, memberOf, memoryCheck } from '../run-service';
import { duration } from '../watch';
import { SenderAlerts } from './sender-alerts';
import {
  grantSecrets,
  HANDLER_KIND,
  HANDLER_SETS,
  handlerChecks,
  handlerSecrets,
  handlerVariables,
  type SenderHandlerArgs,
} from './sender-handler';

/** Inputs of a sender. */
export interface RateLimitedSenderArgs {
  /** What is sent. */
  readonly workload: RatesWorkload;
  /** The limit of the provider. Give `share` where others send by the same account. `perDay` must take the whole campaign, or be kept by the rate. */
  readonly limit: ProviderLimit;
  /** What is promised. `bounceRatio` and `complaintRatio` set nothing here. Default: no more than the limit. */
  readonly objective?: RatesObjective;
  /**
   * Seconds within which a mail reaches the provider after its dispatch. 0.002 to 10. Default: 0.05; give what you measure
   * from Cloud Tasks to the provider.
   */
  readonly jitterSeconds?: number;
  /** Messages per second. At most what the limit leaves. Default: as many as it leaves. */
  readonly messagesPerSecond?: number;
  /**
   * Image of the handler. With `handler`, that of the folder `dist/runtime/sender-tasks` of this package, which has a
   * Dockerfile. Otherwise one of your own: it listens on 8080, answers `GET /ready`, and sends the mail in the JSON of `POST /`. It answers 2xx
   * when the mail was sent or parked, 429 when the provider refuses it for its rate, and 5xx when it was not sent. At its last
   * attempt (the header `X-CloudTasks-TaskRetryCount` is `MAX_ATTEMPTS` − 1 or more) it publishes what it cannot send to
   * `PARKED_TOPIC` and answers 2xx. A task may be delivered twice.
   */
  readonly image: pulumi.Input<string>;
  /**
   * Settings of the handler that is shipped, which sends each mail once and shares an exact bucket in Redis: 95.2 a second of
   * 100. Default: `image` is a handler of your own, and the queue is the bucket.
   */
  readonly handler?: SenderHandlerArgs;
  /** Region of queue and service. */
  readonly location: pulumi.Input<string>;
  /** IAM members that may put mails into the queue, such as `serviceAccount:shop@…`. Default: none. */
  readonly producers?: readonly string[];
  /** Environment of the container. Default: none. */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  /** Memory of an instance in Cloud Run's notation: a number and `G`, `M`, `Gi` or `Mi`. Default: `512Mi`. */
  readonly memory?: string;
  /** Regions in which parked mails may be stored. Default: any. */
  readonly allowedPersistenceRegions?: pulumi.Input<pulumi.Input<string>[]>;
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Where alerts go. Default: nowhere; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether queue and parked mails stay in Google Cloud when they leave the program. Default: true. */
  readonly retainOnDelete?: boolean;
}

const KINDS: Kinds<RateLimitedSenderArgs> = {
  workload: CHECKED,
  limit: CHECKED,
  objective: CHECKED,
  jitterSeconds: CHECKED,
  messagesPerSecond: CHECKED,
  image: needed(INPUT),
  handler: HANDLER_KIND,
  location: needed(INPUT),
  producers: listOf(TEXT),
  environment: mapOf(INPUT),
  memory: TEXT,
  allowedPersistenceRegions: INPUT_LIST,
  project: INPUT,
  notificationChannels: INPUT_LIST,
  retainOnDelete: FLAG,
};

/**
 * Sends mail no faster than the provider takes it: one queue of Cloud Tasks is the bucket, and a private Cloud Run service
 * sends what it dispatches.
 *
 * Cures a campaign that is handed to the provider at once (case 7). The queue saves a fifth of a second of its rate and
 * starts with it, which cannot be set: a queue at the limit itself breaks it. So its rate is lower, 80.8 a second of 100.
 * With `handler`, the handler that is shipped shares an exact bucket in Redis, uses 95 % and sends each mail once.
 *
 * Cloud Tasks has no dead-letter queue: the handler parks a mail at its last attempt, in a topic with an alert.
 */
export class RateLimitedSender extends pulumi.ComponentResource {
  /** The queue with the mails. Its dispatches are the rate. */
  public readonly queue: cloudtasks.Queue;
  /** The service that sends them. */
  public readonly service: cloudrunv2.Service;
  /** The account that it runs as: it may publish parked mails; grant it what your provider needs. */
  public readonly account: serviceaccount.Account;
  /** The account that tasks call the service as; it may only invoke it. */
  public readonly taskAccount: serviceaccount.Account;
  /** Where the handler parks mails. */
  public readonly parkedTopic: pubsub.Topic;
  /** Parked mails, for a person. */
  public readonly parkedSubscription: pubsub.Subscription;
  /** The alert policies. */
  public readonly alerts: SenderAlerts;
  /** Every knob with its reason, and what to expect. */
  public readonly plan: RatesPlan;

  private readonly args: RateLimitedSenderArgs;

  /**
   * @param name 1 to 20 lower-case letters, digits and hyphens; service accounts are called after it, so it is unique
   * in the project
   * @throws CapacityError when the limit leaves too little, with ways out
   * @throws InvalidInputError when arguments are out of range; the message names each
   */
  constructor(name: string, args: RateLimitedSenderArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:RateLimitedSender', componentName('RateLimitedSender', name), {}, opts);
    const { props, checks } = sound(args, KINDS);
    const { workload, limit, objective, jitterSeconds, messagesPerSecond, project } = props;
    this.args = props;
    const question = { workload, limit, objective, jitterSeconds, messagesPerSecond };
    const bucket = props.handler === undefined ? 'queue' : 'redis';
    this.plan = planTaskRates(name, question, [...checks, ...argsChecks(name, props)], bucket);

    this.account = createAccount(this, { name: `${name}-worker`, displayName: 'Sends mails', project });
    this.parkedTopic = this.createParkedTopic(name);
    this.parkedSubscription = this.createParkedSubscription(name);
    this.service = this.createService(name);
    this.taskAccount = createAccount(this, { name: `${name}-task`, displayName: 'Tasks call the sender', project });
    this.queue = this.createQueue(name);
    this.grant(name);
    this.alerts = new SenderAlerts(
      `${name}-alerts`,
      {
        queue: this.queue,
        parkedSubscription: this.parkedSubscription,
        plan: this.plan,
        project,
        notificationChannels: props.notificationChannels,
      },
      { parent: this },
    );
    this.registerOutputs({ queue: this.queue.id });
  }

  private get retained(): pulumi.CustomResourceOptions {
    return { parent: this, retainOnDelete: this.args.retainOnDelete ?? true };
  }

  private createParkedTopic(name: string): pubsub.Topic {
    const { project, allowedPersistenceRegions } = this.args;
    return new pubsub.Topic(
      `${name}-parked`,
      { project, ...(allowedPersistenceRegions && { messageStoragePolicy: { allowedPersistenceRegions } }) },
      this.retained,
    );
  }

  private createParkedSubscription(name: string): pubsub.Subscription {
    return new pubsub.Subscription(
      `${name}-parked`,
      {
        topic: this.parkedTopic.id,
        project: this.args.project,
        ackDeadlineSeconds: this.plan.value('parkedAckDeadlineSeconds'),
        messageRetentionDuration: duration(this.plan.value('parkedRetentionSeconds')),
        // Without it a subscription that nobody pulls is deleted after 31 days.
        expirationPolicy: { ttl: '' },
      },
      this.retained,
    );
  }

  private createService(name: string): cloudrunv2.Service {
    const { args, plan, account } = this;
    const { handler, project } = args;
    const secretVariables = handler === undefined ? [] : handlerSecrets(handler);
    return createTaskService(this, {
      name: `${name}-worker`,
      account,
      image: args.image,
      location: args.location,
      project,
      description: 'Sends the mails that Cloud Tasks dispatches',
      plan,
      memory: args.memory,
      environment: {
        ...args.environment,
        ...(handler === undefined ? {} : handlerVariables(name, handler, args.workload, plan)),
        PARKED_TOPIC: this.parkedTopic.id,
        MAX_ATTEMPTS: String(plan.value('maxAttempts')),
        CALL_TIMEOUT_SECONDS: String(plan.value('callTimeoutSeconds')),
      },
      secretVariables,
      network: handler?.network,
      // An instance that may not read its secrets does not start.
      dependsOn: grantSecrets(`${name}-worker`, secretVariables, memberOf(account), project, { parent: this }),
    });
  }

  private createQueue(name: string): cloudtasks.Queue {
    // A person pauses it, and a deployment must not resume it.
    return createTaskQueue(name, this.plan, this.args, { ...this.retained, ignoreChanges: ['desiredState'] });
  }

  /** To invoke the service, to park, and for each producer: to enqueue, and to let a task call as its account. */
  private grant(name: string): void {
    const { args, queue, account, taskAccount, service, parkedTopic } = this;
    const { project, location, producers = [] } = args;
    const options = { parent: this };
    const parts = { queue, service, taskAccount, location, project };
    grantInvoke(`${name}-task`, parts, options);
    new pubsub.TopicIAMMember(
      `${name}-parked`,
      { topic: parkedTopic.id, project, role: 'roles/pubsub.publisher', member: memberOf(account) },
      options,
    );
    for (const [index, member] of producers.entries()) {
      grantEnqueue(`${name}-producer-${index + 1}`, member, parts, options);
    }
  }
}

function argsChecks(
  name: string,
  { memory, producers = [], environment = {}, handler }: RateLimitedSenderArgs,
): Check[] {
  const strange = producers.filter((one) => !/^(serviceAccount|user|group|principal|principalSet):\S+$/.test(one));
  const set = ['PARKED_TOPIC', 'MAX_ATTEMPTS', 'CALL_TIMEOUT_SECONDS', ...(handler === undefined ? [] : HANDLER_SETS)];
  const own = set.filter((one) => one in environment);
  return [
    accountName(name),
    ...handlerChecks(handler),
    memoryCheck('memory', memory),
    {
      refused: strange.length > 0,
      message: `producers must be IAM members such as serviceAccount:shop@project.iam.gserviceaccount.com, got ${strange.join(', ')}`,
    },
    {
      refused: own.length > 0,
      message: `environment must not have what is set here, got ${own.join(', ')}`,
    },
  ];
}
