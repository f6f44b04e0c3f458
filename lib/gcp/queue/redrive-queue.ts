import * as kms from '@pulumi/gcp/kms';
import * as organizations from '@pulumi/gcp/organizations';
import * as pubsub from '@pulumi/gcp/pubsub';
import * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import { type Check, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, kindOf, listOf, sound, TEXT } from '../../flow/kinds';
import { PUBSUB_LIMITS } from '../../flow/queue/brokers/pubsub';
import { planQueue } from '../../flow/queue/plan';
import type { QueueQuestion } from '../../flow/queue/question';
import type { Consumer, Objective, QueuePlan, Workload } from '../../flow/queue/workload';
import { componentName, pubsubName } from '../component-name';
import { INPUT, INPUT_LIST, TOPIC } from '../kinds';
import { duration } from '../watch';
import { SubscriptionAlerts } from './subscription-alerts';

/** The endpoint that Pub/Sub pushes messages to, and its service account. */
export interface PushTarget {
  /** HTTPS URL that messages are posted to; 102, 200, 201, 202 and 204 acknowledge one. */
  readonly endpoint: pulumi.Input<string>;
  /** The service account whose token comes with every push. In the same project. */
  readonly serviceAccount: serviceaccount.Account;
  /** Audience of the token. Default: the endpoint. */
  readonly audience?: pulumi.Input<string>;
}

/** Settings of a subscription; absent ones are derived. */
export interface SubscriptionChoices {
  /** Seconds that one attempt may take. 10 to 600, no less than `serviceSeconds`. Default: the plan's item time-out. */
  readonly ackDeadlineSeconds?: number;
  /** Seconds before the second attempt. 0 to 600. Default: the plan's backoff base. */
  readonly minimumBackoffSeconds?: number;
  /** Seconds between two attempts at most. 0 to 600, at least the minimum. Default: the plan's backoff cap. */
  readonly maximumBackoffSeconds?: number;
  /** Attempts at a message before it is a dead letter. 5 to 100. Default: from the plan. */
  readonly maxDeliveryAttempts?: number;
  /** Seconds that a message may wait. 600 s to 30 days: dead letters are kept for 31. Default: from the plan. */
  readonly retentionSeconds?: number;
}

/** What a redrive queue on Pub/Sub is sized from. */
export interface RedriveQueueArgs extends SubscriptionChoices {
  /** What arrives at the topic and how long one item takes. */
  readonly workload: Workload;
  /** The promise to the users of a queue. */
  readonly objective: Objective;
  /** The subscription's consumer, as far as it is known. Default: one slot an instance, the defaults of `Consumer`. */
  readonly consumer?: Consumer;
  /** Pushes messages to an endpoint, such as `target` of a `PushWorker`. Default: they are pulled. */
  readonly push?: PushTarget;
  /**
   * Where the worker runs: `cloud-run` for one that is pushed to, `cloud-run-pool` for a `QueueWorker`, or `other` for
   * another worker that pulls and scales on the backlog. Default: `cloud-run` with `push`, otherwise `other`.
   */
  readonly platform?: 'cloud-run' | 'cloud-run-pool' | 'other';
  /**
   * Whether the worker of a pool returns its items at SIGTERM, by an ack deadline of 0, as that of
   * `backpressure-constructs/pubsub-worker` does. Needed for items that may take longer than the 10 s of a stopped
   * instance. Default: false.
   */
  readonly nacksOnStop?: boolean;
  /**
   * A topic of yours that messages are published to; key, regions and what becomes of it are as you made it. Default: one
   * is made.
   */
  readonly topic?: pubsub.Topic;
  /** Whether messages with the same ordering key arrive in order; a failing one then blocks its key. Default: false. */
  readonly enableMessageOrdering?: boolean;
  /** Cloud KMS key that encrypts both topics; the construct lets Pub/Sub use it. Default: keys of Google. */
  readonly kmsKeyName?: pulumi.Input<string>;
  /** Regions in which messages may be stored. At least one. Default: the regions that the organisation allows. */
  readonly allowedPersistenceRegions?: string[];
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Where alerts go. Default: nowhere; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Whether topics and subscriptions stay in Google Cloud, with the grants that Pub/Sub needs, when they leave the
   * program or are replaced: a renamed component, a destroyed stack. Default: true.
   */
  readonly retainOnDelete?: boolean;
}

/** What a component with a queue inside leaves to its caller. */
export type QueueChoices = SubscriptionChoices &
  Pick<RedriveQueueArgs, 'topic' | 'kmsKeyName' | 'allowedPersistenceRegions' | 'retainOnDelete'>;

/** The kinds of those. */
export const QUEUE_KINDS: Kinds<QueueChoices> = {
  topic: TOPIC,
  kmsKeyName: INPUT,
  allowedPersistenceRegions: listOf(TEXT),
  retainOnDelete: FLAG,
  ackDeadlineSeconds: CHECKED,
  minimumBackoffSeconds: CHECKED,
  maximumBackoffSeconds: CHECKED,
  maxDeliveryAttempts: CHECKED,
  retentionSeconds: CHECKED,
};

const KINDS: Kinds<RedriveQueueArgs> = {
  workload: CHECKED,
  objective: CHECKED,
  consumer: CHECKED,
  push: having(['endpoint', 'serviceAccount'], 'a PushTarget: the target of a PushWorker'),
  platform: kindOf((value) => typeof value === 'string', "'cloud-run', 'cloud-run-pool' or 'other'"),
  nacksOnStop: FLAG,
  enableMessageOrdering: FLAG,
  project: INPUT,
  notificationChannels: INPUT_LIST,
  ...QUEUE_KINDS,
};

/**
 * A topic and subscription on which no message blocks the others or is lost: a message that fails every attempt goes to
 * a dead-letter topic, which keeps it for a person and raises an alert.
 *
 * Cures poison messages that are retried until they expire and take the consumer's time from good ones (case 14).
 * Pub/Sub moves dead letters itself, but only when its service agent may publish to the dead-letter topic and
 * acknowledge on the source subscription; without these two grants it silently moves nothing, so this component makes
 * both.
 *
 * There is no automatic redrive as on AWS: a dead letter goes back when a person publishes it again.
 */
export class RedriveQueue extends pulumi.ComponentResource {
  /** The topic to publish to: the given one, or one of its own. */
  public readonly topic: pubsub.Topic;
  /** The subscription to consume. */
  public readonly subscription: pubsub.Subscription;
  /** Receives messages that failed every attempt. */
  public readonly deadLetterTopic: pubsub.Topic;
  /** Keeps dead letters; a topic without a subscription loses its messages. */
  public readonly deadLetterSubscription: pubsub.Subscription;
  /** The alert policies, each with a text that says what to do. */
  public readonly alerts: SubscriptionAlerts;
  /** Every knob with its reason, and what to expect. */
  public readonly plan: QueuePlan;
  /** IAM member of Google's own account that pushes, moves dead letters and encrypts. */
  public readonly serviceAgent: pulumi.Output<string>;

  /**
   * The plan of a queue before the queue exists: a `PushWorker` is made from it, and the queue from the worker.
   *
   * @throws CapacityError, InvalidInputError as the constructor
   */
  public static planOf(name: string, args: RedriveQueueArgs): QueuePlan {
    return planRedriveQueue(name, args);
  }

  private readonly args: RedriveQueueArgs;
  private readonly label: string;
  /** Options of the resources that hold messages, and of the grants that decrypt and move them. */
  private readonly retained: pulumi.CustomResourceOptions;

  /**
   * @param name Pulumi name; resources are called after it. 1 to 200 letters, digits and - . _ ~ + %, beginning with a
   * letter
   * @throws CapacityError when the workload cannot be served within the objective; the message names the ways out
   * @throws InvalidInputError when arguments are out of range; the message names each
   */
  constructor(name: string, args: RedriveQueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:RedriveQueue', componentName('RedriveQueue', name), {}, opts);
    this.args = args;
    this.label = name;
    // Everything that is wrong with the arguments is thrown here.
    this.plan = RedriveQueue.planOf(name, args);
    this.retained = { parent: this, retainOnDelete: args.retainOnDelete ?? true };
    const { push } = args;
    this.serviceAgent = this.agent();
    const encryption = this.allowEncryption();
    if (push) this.allowPushTokens(push);

    this.topic = args.topic ?? this.createTopic(name, encryption);
    this.deadLetterTopic = this.createTopic(`${name}-dead-letters`, encryption);
    this.deadLetterSubscription = new pubsub.Subscription(
      `${name}-dead-letters`,
      {
        topic: this.deadLetterTopic.id,
        project: args.project,
        messageRetentionDuration: duration(this.plan.value('deadLetterRetentionSeconds')),
        // By default a subscription without a pull for 31 days is deleted, with everything in it.
        expirationPolicy: { ttl: '' },
        ackDeadlineSeconds: this.plan.value('deadLetterAckDeadlineSeconds'),
      },
      this.retained,
    );
    this.subscription = this.createSubscription(push);
    this.allowDeadLettering();
    this.alerts = new SubscriptionAlerts(
      `${name}-alerts`,
      {
        subscription: this.subscription,
        deadLetterSubscription: this.deadLetterSubscription,
        plan: this.plan,
        notificationChannels: args.notificationChannels,
      },
      { parent: this },
    );
    this.registerOutputs({ topic: this.topic.id, subscription: this.subscription.id });
  }

  /** Lets an IAM member, such as `serviceAccount:<e-mail>`, publish to this topic only. */
  public grantPublish(name: string, member: pulumi.Input<string>): pubsub.TopicIAMMember {
    return this.allowPublish(name, this.topic, member, { parent: this });
  }

  private agent(): pulumi.Output<string> {
    const project = organizations.getProjectOutput({ projectId: this.args.project }, { parent: this });
    return pulumi.interpolate`serviceAccount:service-${project.number}@gcp-sa-pubsub.iam.gserviceaccount.com`;
  }

  private allowEncryption(): pulumi.Resource[] {
    const { kmsKeyName } = this.args;
    if (kmsKeyName === undefined) return [];
    const role = 'roles/cloudkms.cryptoKeyEncrypterDecrypter';
    const grant = { cryptoKeyId: kmsKeyName, role, member: this.serviceAgent };
    return [new kms.CryptoKeyIAMMember(`${this.label}-encryption`, grant, this.retained)];
  }

  /** Projects older than April 2021 do not have this by default; without it every push is refused. */
  private allowPushTokens({ serviceAccount }: PushTarget): void {
    const role = 'roles/iam.serviceAccountTokenCreator';
    const grant = { serviceAccountId: serviceAccount.name, role, member: this.serviceAgent };
    new serviceaccount.IAMMember(`${this.label}-push-tokens`, grant, { parent: this });
  }

  private createTopic(name: string, dependsOn: pulumi.Resource[]): pubsub.Topic {
    const { project, kmsKeyName, allowedPersistenceRegions } = this.args;
    return new pubsub.Topic(
      name,
      {
        project,
        kmsKeyName,
        messageStoragePolicy: allowedPersistenceRegions && { allowedPersistenceRegions },
      },
      { ...this.retained, dependsOn },
    );
  }

  private createSubscription(push: PushTarget | undefined): pubsub.Subscription {
    const { args, plan } = this;
    return new pubsub.Subscription(
      this.label,
      {
        topic: this.topic.id,
        project: args.project,
        ackDeadlineSeconds: plan.value('ackDeadlineSeconds'),
        messageRetentionDuration: duration(plan.value('retentionSeconds')),
        expirationPolicy: { ttl: '' },
        enableMessageOrdering: args.enableMessageOrdering ?? false,
        retryPolicy: {
          minimumBackoff: duration(plan.value('minimumBackoffSeconds')),
          maximumBackoff: duration(plan.value('maximumBackoffSeconds')),
        },
        deadLetterPolicy: {
          deadLetterTopic: this.deadLetterTopic.id,
          maxDeliveryAttempts: plan.value('maxDeliveryAttempts'),
        },
        pushConfig: push && {
          pushEndpoint: push.endpoint,
          oidcToken: { serviceAccountEmail: push.serviceAccount.email, audience: push.audience ?? push.endpoint },
        },
      },
      // A dead letter that arrives before its subscription exists is lost.
      { ...this.retained, dependsOn: [this.deadLetterSubscription] },
    );
  }

  private allowDeadLettering(): void {
    this.allowPublish(`${this.label}-dead-lettering`, this.deadLetterTopic, this.serviceAgent, this.retained);
    new pubsub.SubscriptionIAMMember(
      `${this.label}-dead-lettering`,
      {
        subscription: this.subscription.name,
        project: this.args.project,
        role: 'roles/pubsub.subscriber',
        member: this.serviceAgent,
      },
      this.retained,
    );
  }

  private allowPublish(
    name: string,
    topic: pubsub.Topic,
    member: pulumi.Input<string>,
    options: pulumi.CustomResourceOptions,
  ): pubsub.TopicIAMMember {
    return new pubsub.TopicIAMMember(
      name,
      {
        topic: topic.name,
        // A topic that is there may be of another project.
        project: topic === this.args.topic ? topic.project : this.args.project,
        role: 'roles/pubsub.publisher',
        member,
      },
      options,
    );
  }
}

/** The plan of a queue; failures of `checks` are thrown together with those of the queue's own arguments. */
export function planRedriveQueue(name: string, args: RedriveQueueArgs, checks: readonly Check[] = []): QueuePlan {
  const { props, checks: kinds } = sound(args, KINDS);
  return planQueue(name, queueQuestion(props), [...kinds, pubsubName(name), ...queueChecks(props), ...checks]);
}

/** The question that the plan of a queue answers. */
export function queueQuestion(args: RedriveQueueArgs): QueueQuestion {
  const { workload, objective, consumer, push } = args;
  const { ackDeadlineSeconds, minimumBackoffSeconds, maximumBackoffSeconds } = args;
  const { maxDeliveryAttempts, retentionSeconds, nacksOnStop } = args;
  return {
    workload,
    objective,
    consumer,
    platform: args.platform ?? (push === undefined ? 'other' : 'cloud-run'),
    broker: 'pubsub',
    nacksOnStop,
    ackDeadlineSeconds,
    minimumBackoffSeconds,
    maximumBackoffSeconds,
    maxDeliveryAttempts,
    retentionSeconds,
  };
}

function queueChecks({ consumer, push, platform, allowedPersistenceRegions: regions }: RedriveQueueArgs): Check[] {
  return [
    {
      refused: push !== undefined && platform === 'cloud-run-pool',
      message: "platform 'cloud-run-pool' pulls: leave push out, or give platform 'cloud-run'",
    },
    wholeNumber('consumer.maxAttempts', consumer?.maxAttempts, 1, PUBSUB_LIMITS.deliveryAttempts.max),
    {
      refused: regions !== undefined && regions.length === 0,
      message: 'allowedPersistenceRegions must name at least one region, got none',
    },
  ];
}
