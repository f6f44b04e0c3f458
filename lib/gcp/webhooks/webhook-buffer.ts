import * as cloudrunv2 from '@pulumi/gcp/cloudrunv2';
import type * as monitoring from '@pulumi/gcp/monitoring';
import * as secretmanager from '@pulumi/gcp/secretmanager';
import type * as serviceaccount from '@pulumi/gcp/serviceaccount';
import * as pulumi from '@pulumi/pulumi';
import { type Check, oneOf, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, mapOf, needed, OBJECT, sound, struct, TEXT } from '../../flow/kinds';
import type { Consumer, Objective, QueuePlan, Workload } from '../../flow/queue/workload';
import { refusedWindowKnob, turnedAwayKnobs } from '../../flow/webhooks/alarms';
import { idempotencyKnob, KEPT_SECONDS } from '../../flow/webhooks/keys';
import { refusedKnob } from '../../flow/webhooks/refused';
import { sourceChecks, TOLERANCE_SECONDS, wholeHmacChecks } from '../../flow/webhooks/sources';
import type { ReceiverSource } from '../../runtime/webhook-receiver/contract';
import { componentName } from '../component-name';
import { ACCOUNT, INPUT, INPUT_LIST, SERVICE } from '../kinds';
import { PushWorker, type PushWorkerArgs, workerChecks } from '../queue/push-worker';
import {
  planRedriveQueue,
  QUEUE_KINDS,
  type QueueChoices,
  RedriveQueue,
  type RedriveQueueArgs,
} from '../queue/redrive-queue';
import { accountName, createAccount, createService, type MountedSecret, memberOf } from '../run-service';
import { createAlert } from '../watch';
import { type ReceiverChoices, receiverChecks, receiverKnobs } from './receiver-plan';
import { RefusedAlerts } from './refused-alerts';
import { SECRET_FILE, secretFolder, type WebhookSource } from './webhook-source';

const INGRESS = { all: 'INGRESS_TRAFFIC_ALL', 'load-balancer': 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER' } as const;

/** The service that takes deliveries: its image, its bounds, who reaches it. */
export interface WebhookReceiverArgs extends ReceiverChoices {
  /** Image of the receiver, made with `dist/runtime/webhook-receiver/Dockerfile`. */
  readonly image: pulumi.Input<string>;
  /** From where it can be reached: `all`, or only a load balancer (with Cloud Armor). Default: `all`. */
  readonly ingress?: 'all' | 'load-balancer';
  /** An account of yours that it runs as; it is given the topic and the signing secrets. Default: one of its own. */
  readonly account?: serviceaccount.Account;
}

/** The service that works on deliveries: an image, or a service of yours. */
export type WebhookWorkerArgs = Pick<PushWorkerArgs, 'image' | 'service' | 'environment' | 'memory' | 'account'>;

/** What lies between: the topic and its subscription. */
export type WebhookQueueArgs = QueueChoices;

/** What a webhook buffer is sized from. */
export interface WebhookBufferArgs {
  /** The senders. At least one; names must differ. */
  readonly sources: WebhookSource[];
  /** Deliveries of all senders together; `serviceSeconds` is the consumer's. */
  readonly workload: Workload;
  /** The promise from receipt to effect. The sender's own wait ends once Pub/Sub has the delivery. */
  readonly objective: Objective;
  /** The consumer: slots become its concurrency, 1 to 1000. Default: one slot an instance, those of `Consumer`. */
  readonly consumer?: Consumer;
  /** The service that takes deliveries. */
  readonly receiver: WebhookReceiverArgs;
  /** The service that works on them: your business on `serveWebhooks` of `backpressure-constructs/pubsub-webhook`. */
  readonly worker: WebhookWorkerArgs;
  /** Topic and subscription. Default: made here, with the numbers of the plan. */
  readonly queue?: WebhookQueueArgs;
  /** Region of both services. */
  readonly location: pulumi.Input<string>;
  /** Seconds that a delivery's key is kept. At least the retention, up to a year. Default: 14 days or the retention. */
  readonly idempotencySeconds?: number;
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Where alerts go. Default: nowhere; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
}

/**
 * Accepts deliveries as fast as they arrive, and the consumer works through them at its own pace.
 *
 * Cures a receiver that works while the sender waits: it sheds events at the peak and, when it crashes, loses those in
 * work (case 15). A receiver on Cloud Run checks the signature and answers 2xx only once Pub/Sub has confirmed the
 * delivery; Pub/Sub pushes it to a private consumer, whose instances the plan bounds and which commits the key of a
 * delivery together with its effect.
 */
export class WebhookBuffer extends pulumi.ComponentResource {
  /** Receives deliveries at `POST /<source>/<tenant>`. */
  public readonly receiver: cloudrunv2.Service;
  /** The account of the receiver: it may only publish to the topic and read the signing secrets. */
  public readonly receiverAccount: serviceaccount.Account;
  /** The private service that works on deliveries; grant its account the permissions that the effect needs. */
  public readonly worker: PushWorker;
  /** Topic, subscription, dead letters and their alerts. */
  public readonly redriveQueue: RedriveQueue;
  /** Opens an incident when the receiver turns deliveries away. */
  public readonly turnedAway: monitoring.AlertPolicy;
  /** For each source: opens an incident when the receiver refuses more of it than it accepts. */
  public readonly refusedAlerts: RefusedAlerts;
  /** Every knob with its reason, and what to expect. */
  public readonly plan: QueuePlan;
  /** Where senders post to. */
  public readonly url: pulumi.Output<string>;

  private readonly args: WebhookBufferArgs;
  private readonly label: string;

  /**
   * @param name 1 to 20 lower-case letters, digits and hyphens; service accounts are called after it, so it is unique
   * in the project
   * @throws CapacityError when the workload cannot be served within the objective; the message names the ways out
   * @throws InvalidInputError when arguments are out of range; the message names each
   */
  constructor(name: string, args: WebhookBufferArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:WebhookBuffer', componentName('WebhookBuffer', name), {}, opts);
    const { props: usable, checks } = sound(args, KINDS);
    this.args = usable;
    this.label = name;
    const { workload, sources } = usable;
    const queueArgs: RedriveQueueArgs = { ...queueArgsOf(usable), platform: 'cloud-run' };
    const queuePlan = planRedriveQueue(name, queueArgs, [...checks, ...argsChecks(name, usable)]);
    this.plan = queuePlan.withKnobs([
      ...receiverKnobs(name, workload, usable.receiver),
      ...turnedAwayKnobs(),
      refusedWindowKnob(),
      ...sources.map((source) => refusedKnob(workload, source, sources.length)),
      idempotencyKnob(queuePlan, 'idempotencySeconds', usable.idempotencySeconds),
    ]);
    this.worker = this.createWorker();
    this.redriveQueue = new RedriveQueue(name, { ...queueArgs, push: this.worker.target }, { parent: this });
    this.receiverAccount =
      usable.receiver.account ??
      createAccount(this, { name: `${name}-receiver`, displayName: 'Receives webhooks', project: args.project });
    this.receiver = this.createReceiver();
    this.url = this.receiver.uri;
    this.turnedAway = this.createAlert();
    this.refusedAlerts = new RefusedAlerts(
      name,
      {
        receiver: this.receiver,
        worker: this.worker.service,
        sourceNames: sources.map((source) => source.name),
        plan: this.plan,
        project: args.project,
        notificationChannels: args.notificationChannels,
      },
      { parent: this },
    );
    this.registerOutputs({ url: this.url });
  }

  private createWorker(): PushWorker {
    const { args, label, plan } = this;
    return new PushWorker(
      label,
      {
        plan,
        ...args.worker,
        location: args.location,
        project: args.project,
        environment: {
          ...args.worker.environment,
          IDEMPOTENCY_SECONDS: String(plan.value('idempotencySeconds')),
        },
      },
      { parent: this },
    );
  }

  private createReceiver(): cloudrunv2.Service {
    const { args, label, plan } = this;
    const member = memberOf(this.receiverAccount);
    const mounts = args.sources.map((source) => this.mountSecret(source, member));
    const receiver = createService(this, {
      name: `${label}-receiver`,
      account: this.receiverAccount,
      image: args.receiver.image,
      location: args.location,
      project: args.project,
      description: 'Receives webhooks and answers once Pub/Sub has them',
      ingress: INGRESS[args.receiver.ingress ?? 'all'],
      concurrency: plan.value('receiverConcurrency'),
      minInstances: plan.value('receiverMinInstances'),
      maxInstances: plan.value('receiverMaxInstances'),
      timeoutSeconds: plan.value('receiverRequestSeconds'),
      plan,
      memory: `${plan.value('receiverMemoryMiB')}Mi`,
      environment: {
        TOPIC: this.redriveQueue.topic.id,
        WEBHOOK_SOURCES: JSON.stringify(sourceConfigs(args.sources)),
        MAX_BODY_BYTES: String(plan.value('maxBodyBytes')),
        PUBLISH_TIMEOUT_SECONDS: String(plan.value('publishTimeoutSeconds')),
      },
      secrets: mounts.map(({ mount }) => mount),
      // A delivery that arrives before the subscription exists is lost: a topic alone keeps no messages.
      dependsOn: [
        this.redriveQueue,
        this.redriveQueue.grantPublish(`${label}-receiver`, member),
        ...mounts.flatMap(({ made }) => made),
      ],
    });
    // Senders have no Google account; the receiver checks their signature instead.
    new cloudrunv2.ServiceIamMember(
      `${label}-senders`,
      {
        name: receiver.name,
        location: args.location,
        project: args.project,
        role: 'roles/run.invoker',
        member: 'allUsers',
      },
      { parent: this },
    );
    return receiver;
  }

  /** The secret of a source as a file of the receiver, which only the receiver can read. */
  private mountSecret({ name, secret }: WebhookSource, member: pulumi.Output<string>) {
    const { label } = this;
    const { project } = this.args;
    const retained = { parent: this, retainOnDelete: this.args.queue?.retainOnDelete ?? true };
    const made: pulumi.Resource[] = [];
    let secretId: pulumi.Input<string>;
    if ('value' in secret) {
      const own = new secretmanager.Secret(
        `${label}-${name}`,
        { secretId: `${label}-${name}`, project, replication: { auto: {} } },
        retained,
      );
      const version = { secret: own.id, secretData: pulumi.secret(secret.value) };
      made.push(new secretmanager.SecretVersion(`${label}-${name}`, version, retained));
      secretId = own.secretId;
    } else secretId = secret.secretId;
    const role = 'roles/secretmanager.secretAccessor';
    made.push(
      new secretmanager.SecretIamMember(`${label}-${name}`, { secretId, project, role, member }, { parent: this }),
    );
    const mount: MountedSecret = { name, secretId, folder: secretFolder(name), file: SECRET_FILE };
    return { mount, made };
  }

  private createAlert(): monitoring.AlertPolicy {
    const { name, project, location } = this.receiver;
    return createAlert(this, {
      row: {
        name: `${this.label}-turned-away`,
        filter: pulumi.interpolate`resource.type = "cloud_run_revision" AND resource.labels.project_id = "${project}" AND resource.labels.location = "${location}" AND resource.labels.service_name = "${name}" AND metric.type = "run.googleapis.com/request_count" AND metric.labels.response_code = one_of("429", "500", "502", "503", "504")`,
        aligner: 'ALIGN_DELTA',
        threshold: 'alarmTurnedAway',
        seconds: 'alarmSampleSeconds',
        text: "The receiver turned deliveries away; senders retry or give up. 429: every instance is busy, so more arrives than planned or publishing is slow. 503: Pub/Sub did not confirm, a signing secret could not be read or is unusable (empty, a placeholder, JSON), or (deferred) forgeries arrived faster than a secret is read again; the receiver's log says which. GitHub does not retry: redeliver there.",
      },
      plan: this.plan,
      notificationChannels: this.args.notificationChannels,
    });
  }
}

/** Arguments of the queue inside. */
function queueArgsOf({
  workload,
  objective,
  consumer,
  project,
  notificationChannels,
  queue,
}: WebhookBufferArgs): RedriveQueueArgs {
  return { workload, objective, consumer, project, notificationChannels, ...queue };
}

const KINDS: Kinds<WebhookBufferArgs> = {
  sources: needed(
    listOf(
      struct<WebhookSource>({
        name: CHECKED,
        scheme: CHECKED,
        hmac: OBJECT,
        secret: needed(OBJECT),
        secretPerTenant: FLAG,
        steadyPerSecond: CHECKED,
        toleranceSeconds: CHECKED,
        deduplicateBy: CHECKED,
      }),
    ),
  ),
  workload: CHECKED,
  objective: CHECKED,
  consumer: CHECKED,
  receiver: needed(
    struct<WebhookReceiverArgs>({
      image: needed(INPUT),
      ingress: CHECKED,
      account: ACCOUNT,
      seconds: CHECKED,
      cpuSeconds: CHECKED,
      concurrency: CHECKED,
      maxInstances: CHECKED,
      maxBodyBytes: CHECKED,
    }),
  ),
  worker: needed(
    struct<WebhookWorkerArgs>({
      image: INPUT,
      service: SERVICE,
      environment: mapOf(INPUT),
      memory: TEXT,
      account: ACCOUNT,
    }),
  ),
  queue: struct<WebhookQueueArgs>(QUEUE_KINDS),
  location: needed(INPUT),
  idempotencySeconds: CHECKED,
  project: INPUT,
  notificationChannels: INPUT_LIST,
};

function argsChecks(subject: string, args: WebhookBufferArgs): Check[] {
  const { sources, idempotencySeconds, receiver, worker } = args;
  return [
    accountName(subject),
    ...(sources === undefined ? [] : [...sourceChecks(sources, args.workload), ...wholeHmacChecks(sources)]),
    ...(worker === undefined ? [] : workerChecks(worker, 'worker.')),
    oneOf('receiver.ingress', receiver?.ingress, Object.keys(INGRESS)),
    ...(sources ?? []).map((source) =>
      wholeNumber('sources.toleranceSeconds', source.toleranceSeconds, TOLERANCE_SECONDS.min, TOLERANCE_SECONDS.max),
    ),
    wholeNumber('idempotencySeconds', idempotencySeconds, KEPT_SECONDS.min, KEPT_SECONDS.max),
    {
      refused: worker?.environment !== undefined && 'IDEMPOTENCY_SECONDS' in worker.environment,
      message: 'worker.environment must not set IDEMPOTENCY_SECONDS; give idempotencySeconds',
    },
    ...receiverChecks(receiver ?? {}),
  ];
}

function sourceConfigs(sources: readonly WebhookSource[]): Record<string, ReceiverSource> {
  return Object.fromEntries(
    sources.map(
      ({
        name,
        scheme,
        hmac,
        secretPerTenant,
        toleranceSeconds = TOLERANCE_SECONDS.usual,
        deduplicateBy = 'delivery-id',
      }) => [
        name,
        {
          scheme,
          ...(hmac && { hmac }),
          secretFile: `${secretFolder(name)}/${SECRET_FILE}`,
          ...(secretPerTenant && { secretPerTenant }),
          toleranceSeconds,
          deduplicateBy,
        },
      ],
    ),
  );
}
