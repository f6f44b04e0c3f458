/** The receiver in a cluster: its pods, what each is told, and how it ends. */
import { chosenKnob } from '../alarms';
import { resolveArrivals } from '../arrivals';
import { CapacityError } from '../errors';
import { figure } from '../figures';
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
/** Whole windows in which a broker counts the bytes of a user. */
const QUOTA_WINDOW_SECONDS = 10;
/** Deliveries of the largest body that come within these without being throttled. An assumption. */
const LARGEST_AT_ONCE = 4;

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

/**
 * The pods of the receiver, and what one is told.
 *
 * @throws CapacityError when so many pods as are allowed do not take the peak
 */
export function receiverKnobs(subject: string, question: WebhookQuestion): Knob[] {
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
    producerByteRateKnob(peak, recordBytesOf(question), work.maxBodyBytes),
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

/**
 * What the receiver's user may write. A quota is judged over a window: at a low peak one delivery as large as is allowed would
 * be above it, and the broker would not answer that connection for minutes.
 */
function producerByteRateKnob(peak: number, recordBytes: number, maxBodyBytes: number): Knob {
  const times = PEAK_HEADROOM * BEYOND_PLAN;
  const largestBytes = maxBodyBytes + ATTRIBUTE_BYTES;
  return {
    name: 'producerByteRate',
    value: Math.ceil(Math.max(times * peak * recordBytes, (LARGEST_AT_ONCE * largestBytes) / QUOTA_WINDOW_SECONDS)),
    unit: 'bytes/s',
    formula: `max(${times} × the peak in bytes, ${LARGEST_AT_ONCE} deliveries of the largest body in ${QUOTA_WINDOW_SECONDS} s), of each broker: what is above twice the peak and the pods for it; one broker may lead every partition, and a user that is throttled turns senders away`,
    inputs: { peakPerSecond: peak, recordBytes, largestBytes, windowSeconds: QUOTA_WINDOW_SECONDS },
    source:
      'Apache Kafka documentation, Design, Quotas: each broker holds a client to its quota by itself; Broker Configs: quota.window.num, 11 windows of a second, the last of them not over',
  };
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
