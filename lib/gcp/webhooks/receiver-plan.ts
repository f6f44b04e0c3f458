/** The receiver's settings on Cloud Run: instances, concurrency and memory. */
import { resolveArrivals } from '../../flow/arrivals';
import { between, CapacityError, type Check, wholeNumber } from '../../flow/errors';
import { figure } from '../../flow/figures';
import type { Knob } from '../../flow/plan';
import { PUBSUB_LIMITS } from '../../flow/queue/brokers/pubsub';
import { CLOUD_RUN_LIMITS } from '../../flow/queue/platforms/cloud-run';
import type { Workload } from '../../flow/queue/workload';
import {
  BASE_MEMORY_MIB,
  BODY_COPIES,
  mostDeliveries,
  publishTimeoutKnob,
  type ReceiverWork,
  receiverMemoryMiB,
  receiversFor,
  USUAL_RECEIVER,
} from '../../flow/webhooks/receiver';
import { PEAK_HEADROOM } from '../../flow/webhooks/sources';

/** Cloud Run, "Configure memory limits": the minimum of the second generation, and the maximum with 1 vCPU. */
const MEMORY_MIB = { min: 512, max: 4096 } as const;
/** The receiver itself, not Cloud Run, refuses a body that takes longer than 30 s to arrive. */
const RECEIVER_REQUEST_SECONDS = 60;

/** The user's settings; absent ones are derived or assumed. */
export interface ReceiverChoices {
  /** Seconds of a request, for the instances (Little's law). Default: 0.1, an assumption. */
  readonly seconds?: number;
  /** Seconds of CPU that one delivery costs. Default: 0.002, an assumption. */
  readonly cpuSeconds?: number;
  /** Requests at once in an instance. 1 to 1000. Default: 80. */
  readonly concurrency?: number;
  /** Instances at most, given by hand and checked. 1 to 1000. Default: for twice the peak. */
  readonly maxInstances?: number;
  /** Bytes of a delivery at most; 413 above it. 1 to about 10 MB. Default: 1 MiB. */
  readonly maxBodyBytes?: number;
}

/** Checks on the settings. */
export function receiverChecks(choices: ReceiverChoices): Check[] {
  return [
    between('receiver.seconds', choices.seconds, 0),
    between('receiver.cpuSeconds', choices.cpuSeconds, 0),
    wholeNumber('receiver.concurrency', choices.concurrency, 1, CLOUD_RUN_LIMITS.concurrency),
    wholeNumber('receiver.maxInstances', choices.maxInstances, 1, CLOUD_RUN_LIMITS.instances),
    // Attributes count too, and stay below 4 KB.
    wholeNumber('receiver.maxBodyBytes', choices.maxBodyBytes, 1, PUBSUB_LIMITS.messageBytes - 4096),
  ];
}

/** A receiver with every number that decides whether it can take the deliveries. */
interface Receiver extends ReceiverWork {
  /** The most instances that are allowed. */
  readonly most: number;
}

function resolved(choices: ReceiverChoices): Receiver {
  return {
    seconds: choices.seconds ?? USUAL_RECEIVER.seconds,
    cpu: choices.cpuSeconds ?? USUAL_RECEIVER.cpu,
    concurrency: choices.concurrency ?? USUAL_RECEIVER.concurrency,
    maxBodyBytes: choices.maxBodyBytes ?? 1_048_576,
    most: choices.maxInstances ?? CLOUD_RUN_LIMITS.instances,
  };
}

/** Why the receiver cannot take the peak; undefined when it can. */
function refusal(peak: number, receiver: Receiver): string | undefined {
  const { most, concurrency, maxBodyBytes } = receiver;
  const needed = receiversFor(PEAK_HEADROOM * peak, receiver);
  if (needed > most)
    return `the receiver needs ${needed} instances for twice ${figure(peak)} deliveries/s, ${most} are allowed`;
  const memory = receiverMemoryMiB(receiver);
  if (memory > MEMORY_MIB.max)
    return `${concurrency} bodies of ${maxBodyBytes} bytes at once need ${memory} MiB, an instance of 1 vCPU has ${MEMORY_MIB.max} at most`;
  return undefined;
}

/** Changes that each make it fit; fewer deliveries of smaller bodies where no single change does. */
function waysOut(peak: number, receiver: Receiver): string[] {
  const { seconds, concurrency, maxBodyBytes, most } = receiver;
  const needed = receiversFor(PEAK_HEADROOM * peak, receiver);
  const deliveries = mostDeliveries(most, PEAK_HEADROOM, receiver);
  const fits = ((MEMORY_MIB.max - BASE_MEMORY_MIB) * 2 ** 20) / BODY_COPIES;
  const atOnce = [Math.ceil((PEAK_HEADROOM * peak * seconds) / most), Math.floor(fits / maxBodyBytes)];
  const bodyBytes = Math.floor(fits / concurrency);
  const fewer = `${figure(deliveries)} deliveries/s`;
  const smaller = `receiver.maxBodyBytes ${bodyBytes}`;
  const ways = [
    { sentence: `allow ${needed} instances`, peak, receiver: { ...receiver, most: needed } },
    ...atOnce.map((one) => ({
      sentence: `receiver.concurrency ${one}`,
      peak,
      receiver: { ...receiver, concurrency: one },
    })),
    { sentence: fewer, peak: Math.min(peak, deliveries), receiver },
    { sentence: smaller, peak, receiver: { ...receiver, maxBodyBytes: bodyBytes } },
  ].filter((way) => isAccepted(way.receiver) && refusal(way.peak, way.receiver) === undefined);
  const sentences = [...new Set(ways.map(({ sentence }) => sentence))];
  return sentences.length > 0 ? sentences : [`${fewer} and ${smaller}`];
}

function isAccepted({ concurrency, most, maxBodyBytes }: Receiver): boolean {
  const choices = { concurrency, maxInstances: most, maxBodyBytes };
  return receiverChecks(choices).every(({ refused }) => !refused);
}

/**
 * The knobs of the receiver.
 *
 * @throws CapacityError when the peak needs more instances, or a body more memory, than Cloud Run or the user allows
 */
export function receiverKnobs(subject: string, workload: Workload, choices: ReceiverChoices): Knob[] {
  const { peakPerSecond: peak } = resolveArrivals(workload);
  const receiver = resolved(choices);
  const { seconds, cpu, concurrency, maxBodyBytes } = receiver;
  const reason = refusal(peak, receiver);
  if (reason !== undefined) throw new CapacityError(subject, reason, waysOut(peak, receiver));
  const needed = receiversFor(PEAK_HEADROOM * peak, receiver);
  const memory = receiverMemoryMiB(receiver);
  const arrivals = { peakPerSecond: peak, headroom: PEAK_HEADROOM, receiverSeconds: seconds, receiverCpuSeconds: cpu };
  return [
    {
      name: 'receiverConcurrency',
      value: concurrency,
      unit: 'requests',
      formula: choices.concurrency === undefined ? 'the default of Cloud Run' : 'given',
      inputs: {},
      source: 'Cloud Run documentation, Maximum concurrent requests: 1 to 1,000, by default 80',
    },
    {
      name: 'receiverMaxInstances',
      value: choices.maxInstances ?? Math.max(2, needed),
      unit: 'instances',
      formula:
        choices.maxInstances === undefined
          ? 'max(2, ⌈head-room × peak × seconds ÷ concurrency⌉, ⌈head-room × peak × CPU seconds ÷ 60 %⌉)'
          : 'given',
      inputs: { ...arrivals, receiverConcurrency: concurrency },
      source: "Little's law, L = λW; Cloud Run documentation, About instance autoscaling: 60 % of the CPU",
    },
    {
      name: 'receiverMinInstances',
      value: Math.min(choices.maxInstances ?? needed, receiversFor(workload.steadyPerSecond, receiver)),
      unit: 'instances',
      formula: 'instances for the steady arrivals, at least 1: a sender does not wait for a cold start',
      inputs: { steadyPerSecond: workload.steadyPerSecond, receiverSeconds: seconds, receiverCpuSeconds: cpu },
      source: "Little's law, L = λW",
    },
    {
      name: 'receiverMemoryMiB',
      value: Math.max(MEMORY_MIB.min, memory),
      unit: 'MiB',
      formula: '256 MiB of the process (assumed) + concurrency × 3 × largest body, in steps of 128, at least 512',
      inputs: { receiverConcurrency: concurrency, maxBodyBytes },
      source: 'Cloud Run documentation, Configure memory limits: 512 MiB to 4 GiB with 1 vCPU',
    },
    {
      name: 'maxBodyBytes',
      value: maxBodyBytes,
      unit: 'bytes',
      formula: choices.maxBodyBytes === undefined ? '1 MiB, the largest message of the AWS form' : 'given',
      inputs: {},
      source: 'Pub/Sub documentation, Quotas and limits: a message of 10 MB at most',
    },
    {
      name: 'receiverRequestSeconds',
      value: RECEIVER_REQUEST_SECONDS,
      unit: 's',
      formula: "twice the receiver's own time-out for a slow body: the receiver refuses it first, with a reason",
      inputs: { bodySeconds: RECEIVER_REQUEST_SECONDS / 2 },
      source: 'Cloud Run documentation, Setting request timeout: up to 3,600 s',
    },
    publishTimeoutKnob(),
  ];
}
