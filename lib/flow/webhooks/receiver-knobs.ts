/** The receiver in a cluster: its pods, what each is told, and how it ends. */
import { chosenKnob } from '../alarms';
import { resolveArrivals } from '../arrivals';
import { CapacityError } from '../errors';
import { figure } from '../figures';
import { byteRateKnob, DEAD_HEADER_BYTES, MESSAGE_BYTES } from '../kafka';
import { type Knob, unlessGiven } from '../plan';
import { podProbeKnobs, probeTimeoutKnob, progressDeadlineKnob } from '../probes';
import { BODY_BYTES, RECEIVER_PODS } from './checks';
import {
  mostDeliveries,
  publishTimeoutKnob,
  RECEIVER_CPU_TARGET,
  RECEIVER_STOP_SECONDS,
  type ReceiverWork,
  receiverMemoryMiB,
  receiversFor,
  USUAL_RECEIVER,
} from './receiver';
import { PEAK_HEADROOM } from './sources';
import { ATTRIBUTE_BYTES, recordBytesOf } from './stream';
import type { WebhookQuestion } from './workload';

const PAGE = 'this library, docs/constructs/k8s-webhook-buffer.md';
/** What the autoscaler adds at most for what is above the plan, such as forgeries. */
const BEYOND_PLAN = 2;

/** What goes together to the brokers. */
interface Batch {
  /** Bytes at most. */
  readonly bytes: number;
  /** Mean bytes of a record. */
  readonly recordBytes: number;
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

/** Deliveries that a pod stores at once: those in work, and no more than a batch has room for. */
function storedAtOnce(work: ReceiverWork, batch: Batch): ReceiverWork {
  return { ...work, concurrency: Math.max(1, Math.min(work.concurrency, Math.floor(batch.bytes / batch.recordBytes))) };
}

function podsFor(perSecond: number, work: ReceiverWork, batch: Batch): number {
  return Math.max(RECEIVER_PODS.least, receiversFor(PEAK_HEADROOM * perSecond, storedAtOnce(work, batch)));
}

/**
 * The pods of the receiver, and what one is told.
 *
 * @throws CapacityError when so many pods as are allowed do not take the peak
 */
export function receiverKnobs(subject: string, question: WebhookQuestion): Knob[] {
  const { receiver = {} } = question;
  const { peakPerSecond: peak } = resolveArrivals(question.workload);
  const work = workOf(question);
  const largestBatch = batchKnob(question, work.maxBodyBytes);
  const batch: Batch = { bytes: largestBatch.value, recordBytes: recordBytesOf(question) };
  const needed = podsFor(peak, work, batch);
  refuseFew(
    subject,
    peak,
    work,
    batch,
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
        'max(2, ⌈head-room × peak × seconds ÷ those stored at once⌉, ⌈head-room × peak × CPU seconds ÷ 60 %⌉): a sender does not wait until a pod has started. As many are stored at once as are in work and fit into one batch: what waits for the brokers goes together',
        {
          peakPerSecond: peak,
          headroom: PEAK_HEADROOM,
          receiverSeconds: work.seconds,
          receiverCpuSeconds: work.cpu,
          receiverConcurrency: work.concurrency,
          storedAtOnce: storedAtOnce(work, batch).concurrency,
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
    producerByteRateKnob(peak, batch.recordBytes, work.maxBodyBytes),
    largestBatch,
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

/** The largest batch that the receiver sends: what waits for the brokers goes together. */
function batchKnob({ existingTopic = false }: WebhookQuestion, maxBodyBytes: number): Knob {
  return {
    name: 'batchBytes',
    value: existingTopic ? maxBodyBytes + DEAD_HEADER_BYTES : MESSAGE_BYTES,
    unit: 'bytes',
    formula: existingTopic
      ? `the largest body and ${DEAD_HEADER_BYTES} bytes of headers: of a topic that is there, no more is certain`
      : 'what the topic takes in a batch of records',
    inputs: existingTopic ? { maxBodyBytes } : {},
    source: 'Apache Kafka documentation, Topic Configs: max.message.bytes, of a batch of records as it is stored',
  };
}

/** What the receiver's user may write. */
function producerByteRateKnob(peak: number, recordBytes: number, maxBodyBytes: number): Knob {
  const times = PEAK_HEADROOM * BEYOND_PLAN;
  return byteRateKnob(
    'producerByteRate',
    {
      value: times * peak * recordBytes,
      formula: `${times} × the peak in bytes, for what is above twice the peak and the pods for it`,
      inputs: { peakPerSecond: peak, recordBytes },
    },
    { input: 'largestBytes', bytes: maxBodyBytes + ATTRIBUTE_BYTES, what: 'deliveries of the largest body' },
  );
}

/** @throws CapacityError when so many pods do not take the peak; each way out was tried */
function refuseFew(subject: string, peak: number, work: ReceiverWork, batch: Batch, most: number): void {
  const needed = podsFor(peak, work, batch);
  if (needed <= most) return;
  const concurrency = Math.min(1000, Math.ceil((PEAK_HEADROOM * peak * work.seconds) / most));
  const fewer = mostDeliveries(most, PEAK_HEADROOM, storedAtOnce(work, batch));
  const ways = [
    ...(needed <= RECEIVER_PODS.most ? [`receiver.replicas of ${needed}, and receiver.maxReplicas of as many`] : []),
    ...(podsFor(peak, { ...work, concurrency }, batch) <= most ? [`receiver.concurrency of ${concurrency}`] : []),
    `${figure(fewer)} deliveries/s at the peak`,
  ];
  throw new CapacityError(
    subject,
    `the receiver needs ${needed} pods for twice ${figure(peak)} deliveries/s, ${most} are allowed`,
    ways,
  );
}

/** The memory of a receiver on Kubernetes. */
function receiverMemoryKnob(work: ReceiverWork): Knob {
  return {
    name: 'receiverMemoryMiB',
    value: receiverMemoryMiB(work),
    unit: 'MiB',
    formula: '256 MiB of the process (assumed) + concurrency × 3 × largest body, in steps of 128',
    inputs: { receiverConcurrency: work.concurrency, maxBodyBytes: work.maxBodyBytes },
    source: 'this library, docs/constructs/k8s-webhook-buffer.md: the receiver refuses what is above its concurrency',
  };
}

/** How a pod of the receiver ends: endpoints first, then what is in work. */
function receiverEndKnobs(): Knob[] {
  const leaving = chosenKnob(
    'leavingSeconds',
    5,
    's',
    'before the listener closes: until then load balancers still send to the pod',
    'Kubernetes, Pod Lifecycle: endpoints are removed while the pod ends',
  );
  return [
    leaving,
    {
      name: 'terminationGracePeriodSeconds',
      value: leaving.value + RECEIVER_STOP_SECONDS + 1,
      unit: 's',
      formula: 'until load balancers know, and the time in which the receiver answers what is in work, and 1 s',
      inputs: { leavingSeconds: leaving.value, stopSeconds: RECEIVER_STOP_SECONDS },
      source: 'Kubernetes, Pod Lifecycle: SIGKILL after the grace period',
    },
  ];
}
