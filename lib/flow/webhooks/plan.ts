/** Webhooks through Kafka: receivers, topic and consumers from one promise, every knob with its reason. */
import { itemsWithDailyPeaks, resolveArrivals } from '../arrivals';
import { type Check, validate } from '../errors';
import { duration, figure } from '../figures';
import { keptKnob, segmentKnob } from '../kafka';
import { type Knob, unlessGiven } from '../plan';
import { WEEK_SECONDS } from '../ranges';
import { DEFAULT_OUTAGE_SECONDS } from '../streams/load';
import { solveStream } from '../streams/plan';
import { drainSecondsOf, retentionSecondsOf } from '../streams/retention';
import type { Sizing } from '../streams/sizing';
import type { StreamPlan, StreamQuestion } from '../streams/workload';
import { webhookChecks } from './checks';
import { type GreatestAge, idempotencyKnob } from './keys';
import { receiverKnobs } from './receiver-knobs';
import { ATTRIBUTE_BYTES, recordBytesOf, streamQuestionOf } from './stream';
import type { WebhookQuestion } from './workload';

const PAGE = 'this library, docs/constructs/k8s-webhook-buffer.md';
const KAFKA = 'Apache Kafka documentation, Topic Configs: min.insync.replicas';
const REPLICAS = 3;
/** A topic deletes whole segments. */
const ON_TOPIC: GreatestAge = { knob: 'keptSeconds', title: 'the greatest age of a delivery on the topic' };

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
  const segment = segmentKnob(retention.value, question.existingTopic);
  const kept = keptKnob(retention.value, segment.value);
  const plan = solved.plan.withKnobs([
    retention,
    segment,
    kept,
    ...copyKnobs(question),
    bytesKnob(question, kept.value),
    ...receiver,
  ]);
  return {
    plan: plan.withKnobs([idempotencyKnob(plan, 'idempotencySeconds', question.idempotencySeconds, ON_TOPIC)]),
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
function bytesKnob(question: WebhookQuestion, keptSeconds: number): Knob {
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveArrivals(question.workload);
  const { replicas = REPLICAS } = question;
  const recordBytes = recordBytesOf(question);
  return {
    name: 'topicBytes',
    value: Math.ceil(itemsWithDailyPeaks(question.workload, keptSeconds) * recordBytes * replicas),
    unit: 'bytes',
    formula: `deliveries of the greatest age, with one peak a day, × (mean body + ${ATTRIBUTE_BYTES} bytes of headers) × copies, on the disks of all brokers`,
    inputs: { steadyPerSecond, peakPerSecond, peakSeconds, keptSeconds, recordBytes, replicas },
    source: PAGE,
  };
}
