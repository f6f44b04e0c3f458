/** The receiver's settings on Cloud Run: instances, concurrency and memory. */
import { resolveArrivals } from '../../flow/arrivals';
import { between, CapacityError, type Check, wholeNumber } from '../../flow/errors';
import { figure } from '../../flow/figures';
import type { Knob } from '../../flow/plan';
import { PUBSUB_LIMITS } from '../../flow/queue/brokers/pubsub';
import { CLOUD_RUN_LIMITS } from '../../flow/queue/platforms/cloud-run';
import type { Workload } from '../../flow/queue/workload';
import { PEAK_HEADROOM } from '../../flow/webhooks/sources';

/** Cloud Run, "About instance autoscaling": instances are added when more of the CPU than this is busy. */
const CPU_TARGET = 0.6;
/** Cloud Run, "Configure memory limits": the minimum of the second generation, and the maximum with 1 vCPU. */
const MEMORY_MIB = { min: 512, max: 4096 } as const;
/** Node with the Pub/Sub client, before the first request. An assumption, above the observed values. */
const BASE_MEMORY_MIB = 256;
/** The receiver itself, not Cloud Run, refuses a body that takes longer than 30 s to arrive. */
const RECEIVER_REQUEST_SECONDS = 60;
/** Copies of a body in memory: the bytes, the signed text, and the message to publish. */
const BODY_COPIES = 3;

/** The user's settings; absent ones are derived or assumed. */
export interface ReceiverChoices {
  readonly receiverSeconds?: number;
  readonly receiverCpuSeconds?: number;
  readonly receiverConcurrency?: number;
  readonly receiverMaxInstances?: number;
  readonly maxBodyBytes?: number;
}

/** Checks on the settings. */
export function receiverChecks(choices: ReceiverChoices): Check[] {
  return [
    between('receiverSeconds', choices.receiverSeconds, 0),
    between('receiverCpuSeconds', choices.receiverCpuSeconds, 0),
    wholeNumber('receiverConcurrency', choices.receiverConcurrency, 1, CLOUD_RUN_LIMITS.concurrency),
    wholeNumber('receiverMaxInstances', choices.receiverMaxInstances, 1, CLOUD_RUN_LIMITS.instances),
    // Attributes count too, and stay below 4 KB.
    wholeNumber('maxBodyBytes', choices.maxBodyBytes, 1, PUBSUB_LIMITS.messageBytes - 4096),
  ];
}

/**
 * The knobs of the receiver.
 *
 * @throws CapacityError when the peak needs more instances, or a body more memory, than Cloud Run or the user allows
 */
export function receiverKnobs(subject: string, workload: Workload, choices: ReceiverChoices): Knob[] {
  const { receiverSeconds: seconds = 0.1, receiverCpuSeconds: cpu = 0.002 } = choices;
  const { receiverConcurrency: concurrency = 80, maxBodyBytes = 1_048_576 } = choices;
  const { peakPerSecond: peak } = resolveArrivals(workload);
  const instances = (perSecond: number) =>
    Math.max(1, Math.ceil((perSecond * seconds) / concurrency), Math.ceil((perSecond * cpu) / CPU_TARGET));
  const needed = instances(PEAK_HEADROOM * peak);
  const most = choices.receiverMaxInstances ?? CLOUD_RUN_LIMITS.instances;
  if (needed > most) {
    throw new CapacityError(
      subject,
      `the receiver needs ${needed} instances for twice ${figure(peak)} deliveries/s, ${most} are allowed`,
      [
        ...(needed <= CLOUD_RUN_LIMITS.instances ? [`allow ${needed} instances`] : []),
        `${figure(Math.floor((most * CPU_TARGET) / cpu / PEAK_HEADROOM))} deliveries/s of ${figure(cpu)} s CPU each`,
      ],
    );
  }
  const memory = Math.ceil((BASE_MEMORY_MIB + (concurrency * BODY_COPIES * maxBodyBytes) / 2 ** 20) / 128) * 128;
  if (memory > MEMORY_MIB.max) {
    const fits = ((MEMORY_MIB.max - BASE_MEMORY_MIB) * 2 ** 20) / BODY_COPIES;
    throw new CapacityError(
      subject,
      `${concurrency} bodies of ${maxBodyBytes} bytes at once need ${memory} MiB, an instance of 1 vCPU has ${MEMORY_MIB.max} at most`,
      [
        `receiverConcurrency ${Math.max(1, Math.floor(fits / maxBodyBytes))}`,
        `maxBodyBytes ${Math.floor(fits / concurrency)}`,
      ],
    );
  }
  const arrivals = { peakPerSecond: peak, headroom: PEAK_HEADROOM, receiverSeconds: seconds, receiverCpuSeconds: cpu };
  return [
    {
      name: 'receiverConcurrency',
      value: concurrency,
      unit: 'requests',
      formula: choices.receiverConcurrency === undefined ? 'the default of Cloud Run' : 'given',
      inputs: {},
      source: 'Cloud Run documentation, Maximum concurrent requests: 1 to 1,000, by default 80',
    },
    {
      name: 'receiverMaxInstances',
      value: choices.receiverMaxInstances ?? Math.max(2, needed),
      unit: 'instances',
      formula:
        choices.receiverMaxInstances === undefined
          ? 'max(2, ⌈head-room × peak × seconds ÷ concurrency⌉, ⌈head-room × peak × CPU seconds ÷ 60 %⌉)'
          : 'given',
      inputs: { ...arrivals, receiverConcurrency: concurrency },
      source: "Little's law, L = λW; Cloud Run documentation, About instance autoscaling: 60 % of the CPU",
    },
    {
      name: 'receiverMinInstances',
      value: Math.min(choices.receiverMaxInstances ?? needed, instances(workload.steadyPerSecond)),
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
    {
      name: 'publishTimeoutSeconds',
      value: 8,
      unit: 's',
      formula: "the sender's time-out (10 s) less 2 s for the network",
      inputs: { senderSeconds: 10 },
      source: 'GitHub documentation, Best practices for using webhooks: respond within 10 seconds',
    },
  ];
}
