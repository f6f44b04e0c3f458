/** Webhooks through Kafka: receivers, topic and consumers from one promise, every knob with its reason. */
import { itemsDuringOutage, resolveArrivals } from '../arrivals';
import { CapacityError, type Check, validate } from '../errors';
import { duration, figure } from '../figures';
import { type Knob, unlessGiven } from '../plan';
import { podProbeKnobs, probeTimeoutKnob, progressDeadlineKnob } from '../probes';
import { WEEK_SECONDS } from '../ranges';
import { DEFAULT_OUTAGE_SECONDS } from '../streams/load';
import { solveStream } from '../streams/plan';
import { drainSecondsOf, retentionSecondsOf } from '../streams/retention';
import type { Sizing } from '../streams/sizing';
import type { StreamPlan, StreamQuestion } from '../streams/workload';
import { BODY_BYTES, RECEIVER_PODS, webhookChecks } from './checks';
import { idempotencyKnob } from './keys';
import {
  mostDeliveries,
  publishTimeoutKnob,
  RECEIVER_CPU_TARGET,
  type ReceiverWork,
  receiverEndKnobs,
  receiverMemoryKnob,
  receiversFor,
  USUAL_RECEIVER,
} from './receiver';
import { PEAK_HEADROOM } from './sources';
import { ATTRIBUTE_BYTES, recordBytesOf, streamQuestionOf } from './stream';
import type { WebhookQuestion } from './workload';

const PAGE = 'this library, docs/constructs/k8s-webhook-buffer.md';
const KAFKA = 'Apache Kafka documentation, Topic Configs: min.insync.replicas';
/** What the autoscaler adds at most for what is above the plan, such as forgeries. */
const BEYOND_PLAN = 2;
const REPLICAS = 3;

/** A plan with the question of its stream, so that a construct asks the same and a simulation runs the same. */
export interface SolvedWebhooks {
  readonly plan: StreamPlan;
  /** What the topic and its consumers are asked. */
  readonly stream: StreamQuestion;
  readonly sizing: Sizing;
}

/**
 * The plan of webhooks on Kafka.
 *
 * @param subject id of the construct; every error starts with it
 * @param question what arrives, what is promised, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when the promise cannot be kept, with ways out that were each solved
 */
export function planWebhooks(subject: string, question: WebhookQuestion, checks: readonly Check[] = []): StreamPlan {
  return solveWebhooks(subject, question, checks).plan;
}

/** As `planWebhooks`, with the question of the stream and its settings. */
export function solveWebhooks(
  subject: string,
  question: WebhookQuestion,
  checks: readonly Check[] = [],
): SolvedWebhooks {
  validate(subject, [...checks, ...webhookChecks(question)]);
  const receiver = receiverKnobs(subject, question);
  const solved = solveStream(subject, streamQuestionOf(question));
  const retention = retentionKnob(subject, question, solved.sizing);
  const plan = solved.plan.withKnobs([
    retention,
    ...copyKnobs(question),
    bytesKnob(question, retention.value),
    ...receiver,
  ]);
  return {
    plan: plan.withKnobs([idempotencyKnob(plan, 'idempotencySeconds', question.idempotencySeconds)]),
    // How long records are kept changes nothing of the rest.
    stream: streamQuestionOf(question, retention.value),
    sizing: solved.sizing,
  };
}

/** How long deliveries are kept: over a long weekend, and over an outage with what makes up for it. */
function retentionKnob(subject: string, question: WebhookQuestion, { settings }: Sizing): Knob {
  const stream = streamQuestionOf(question);
  const outageSeconds = question.outageSeconds ?? DEFAULT_OUTAGE_SECONDS;
  const needed = outageSeconds + drainSecondsOf(stream, settings, outageSeconds);
  const { retentionSeconds: chosen } = question;
  validate(subject, [
    {
      refused: chosen !== undefined && chosen < needed,
      message: `retention must be at least an outage of ${duration(outageSeconds)} and what makes up for it, ${figure(Math.ceil(needed))} s, got ${figure(chosen ?? 0)} s; give a shorter outage, or more instances`,
    },
  ]);
  return {
    name: 'retentionSeconds',
    value: chosen ?? Math.max(WEEK_SECONDS, retentionSecondsOf(stream, settings, outageSeconds)),
    unit: 's',
    ...unlessGiven(chosen, 'a week, and at least twice an outage and what makes up for it at the steady rate', {
      outageSeconds,
      drainSeconds: needed - outageSeconds,
    }),
    source: PAGE,
  };
}

/** Copies of a delivery, and those that confirm it before its sender is told. */
function copyKnobs({ replicas = REPLICAS }: WebhookQuestion): Knob[] {
  return [
    {
      name: 'replicas',
      value: replicas,
      unit: 'copies',
      formula: replicas === REPLICAS ? 'the fewest of which one may be away while two confirm' : 'given',
      inputs: {},
      source: KAFKA,
    },
    {
      name: 'minInsyncReplicas',
      value: replicas - 1,
      unit: 'copies',
      formula: 'all copies but one: a broker that restarts stops no write, and no delivery is confirmed by one copy',
      inputs: { replicas },
      source: KAFKA,
    },
  ];
}

/** The disk of all brokers for the topic. */
function bytesKnob(question: WebhookQuestion, retentionSeconds: number): Knob {
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveArrivals(question.workload);
  const { replicas = REPLICAS } = question;
  const recordBytes = recordBytesOf(question);
  return {
    name: 'topicBytes',
    value: Math.ceil(itemsDuringOutage(question.workload, retentionSeconds) * recordBytes * replicas),
    unit: 'bytes',
    formula: `deliveries of the retention, the peak first, × (mean body + ${ATTRIBUTE_BYTES} bytes of headers) × copies, on the disks of all brokers`,
    inputs: { steadyPerSecond, peakPerSecond, peakSeconds, retentionSeconds, recordBytes, replicas },
    source: PAGE,
  };
}

/** The receiver with every number set. */
function workOf({ receiver = {} }: WebhookQuestion): ReceiverWork {
  return {
    seconds: receiver.seconds ?? USUAL_RECEIVER.seconds,
    cpu: receiver.cpuSeconds ?? USUAL_RECEIVER.cpu,
    concurrency: receiver.concurrency ?? USUAL_RECEIVER.concurrency,
    maxBodyBytes: receiver.maxBodyBytes ?? BODY_BYTES.usual,
  };
}

function podsFor(perSecond: number, work: ReceiverWork): number {
  return Math.max(RECEIVER_PODS.least, receiversFor(PEAK_HEADROOM * perSecond, work));
}

/** The pods of the receiver, and what one is told. */
function receiverKnobs(subject: string, question: WebhookQuestion): Knob[] {
  const { receiver = {} } = question;
  const { peakPerSecond: peak } = resolveArrivals(question.workload);
  const work = workOf(question);
  const needed = podsFor(peak, work);
  refuseFew(
    subject,
    peak,
    work,
    receiver.replicas ?? Math.min(RECEIVER_PODS.most, receiver.maxReplicas ?? RECEIVER_PODS.most),
  );
  const replicas = receiver.replicas ?? needed;
  return [
    {
      name: 'receiverConcurrency',
      value: work.concurrency,
      unit: 'requests',
      ...unlessGiven(
        receiver.concurrency,
        'an assumption: above it a pod answers 503, so that bodies do not fill its memory',
      ),
      source: PAGE,
    },
    {
      name: 'receiverReplicas',
      value: replicas,
      unit: 'pods',
      ...unlessGiven(
        receiver.replicas,
        'max(2, ⌈head-room × peak × seconds ÷ concurrency⌉, ⌈head-room × peak × CPU seconds ÷ 60 %⌉): a sender does not wait until a pod has started',
        {
          peakPerSecond: peak,
          headroom: PEAK_HEADROOM,
          receiverSeconds: work.seconds,
          receiverCpuSeconds: work.cpu,
          receiverConcurrency: work.concurrency,
        },
      ),
      source: "Little's law, L = λW; an assumption: the peak is a mean, and within a second twice as many come",
    },
    {
      name: 'receiverMaxReplicas',
      value: receiver.maxReplicas ?? Math.min(RECEIVER_PODS.most, BEYOND_PLAN * replicas),
      unit: 'pods',
      ...unlessGiven(receiver.maxReplicas, 'twice as many: for what is above the plan, such as a flood of forgeries', {
        receiverReplicas: replicas,
      }),
      source: PAGE,
    },
    {
      name: 'receiverCpuPercent',
      value: 100 * RECEIVER_CPU_TARGET,
      unit: '%',
      formula: 'of its processor a pod uses no more, before there is another one',
      inputs: {},
      source: 'Kubernetes, Horizontal Pod Autoscaling: averageUtilization, of the request',
    },
    receiverMemoryKnob(work),
    {
      name: 'producerByteRate',
      value: Math.ceil(PEAK_HEADROOM * BEYOND_PLAN * peak * recordBytesOf(question)),
      unit: 'bytes/s',
      formula: `${PEAK_HEADROOM * BEYOND_PLAN} × the peak in bytes, of each broker: what is above twice the peak and the pods for it; one broker may lead every partition, and a user that is throttled turns senders away`,
      inputs: { peakPerSecond: peak, recordBytes: recordBytesOf(question) },
      source: 'Apache Kafka documentation, Design, Quotas: each broker holds a client to its quota by itself',
    },
    {
      name: 'maxBodyBytes',
      value: work.maxBodyBytes,
      unit: 'bytes',
      ...unlessGiven(receiver.maxBodyBytes, "1 MiB less 8 KiB for a dead letter's headers"),
      source: 'Apache Kafka documentation, Topic Configs: max.message.bytes, 1,048,588 by default',
    },
    publishTimeoutKnob(receiver.senderSeconds),
    ...receiverEndKnobs(),
    ...podProbeKnobs(),
    probeTimeoutKnob(),
    progressDeadlineKnob(),
  ];
}

/** @throws CapacityError when so many pods do not take the peak; each way out was tried */
function refuseFew(subject: string, peak: number, work: ReceiverWork, most: number): void {
  const needed = podsFor(peak, work);
  if (needed <= most) return;
  const concurrency = Math.min(1000, Math.ceil((PEAK_HEADROOM * peak * work.seconds) / most));
  const fewer = mostDeliveries(most, PEAK_HEADROOM, work);
  const ways = [
    ...(needed <= RECEIVER_PODS.most ? [`receiver.replicas of ${needed}, and receiver.maxReplicas of as many`] : []),
    ...(podsFor(peak, { ...work, concurrency }) <= most ? [`receiver.concurrency of ${concurrency}`] : []),
    `${figure(fewer)} deliveries/s at the peak`,
  ];
  throw new CapacityError(
    subject,
    `the receiver needs ${needed} pods for twice ${figure(peak)} deliveries/s, ${most} are allowed`,
    ways,
  );
}
