/** Receivers that take deliveries and answer once a broker has them: how many, and what one needs. One rule for every engine. */
import type { Knob } from '../plan';

/** Of its processor an instance uses no more than this, before there is another one. */
export const RECEIVER_CPU_TARGET = 0.6;
/** Node with the client of a broker, before the first request. An assumption, above the observed values. */
export const BASE_MEMORY_MIB = 256;
/** Copies of a body in memory: the bytes, the signed text, and the message to publish. */
export const BODY_COPIES = 3;
/** A sender's time-out, where none is given: that of GitHub. */
export const SENDER_SECONDS = 10;
/** Seconds that the network between sender and receiver takes of it. */
const NETWORK_SECONDS = 2;
/** Seconds after SIGTERM at which a receiver ends, whatever is in work: Cloud Run waits for ten. */
export const RECEIVER_STOP_SECONDS = 9;

/** What a receiver takes for a delivery, and what it takes at once. */
export interface ReceiverWork {
  /** Seconds of a request. */
  readonly seconds: number;
  /** Seconds of a processor that a request costs. */
  readonly cpu: number;
  /** Requests at once in an instance. */
  readonly concurrency: number;
  /** Bytes of a body at most. */
  readonly maxBodyBytes: number;
}

/** What a receiver takes, where it was not measured. Both times are assumptions. */
export const USUAL_RECEIVER = { seconds: 0.1, cpu: 0.002, concurrency: 80 } as const;

/** Requests at once and CPU each need instances. */
export function receiversFor(perSecond: number, { seconds, cpu, concurrency }: ReceiverWork): number {
  return Math.max(
    1,
    Math.ceil((perSecond * seconds) / concurrency),
    Math.ceil((perSecond * cpu) / RECEIVER_CPU_TARGET),
  );
}

/** Memory of an instance that has its most bodies in work. */
export function receiverMemoryMiB({ concurrency, maxBodyBytes }: ReceiverWork): number {
  return Math.ceil((BASE_MEMORY_MIB + (concurrency * BODY_COPIES * maxBodyBytes) / 2 ** 20) / 128) * 128;
}

/** The most deliveries a second that so many instances can take, in as many digits as are printed. */
export function mostDeliveries(instances: number, headroom: number, work: ReceiverWork): number {
  const { seconds, cpu, concurrency } = work;
  const bound = (instances / headroom) * Math.min(concurrency / seconds, RECEIVER_CPU_TARGET / cpu);
  const step = bound >= 1000 ? 1 : 10 ** (Math.floor(Math.log10(bound)) - 2);
  const rate = (steps: number) => Number((steps * step).toPrecision(12));
  let steps = Math.floor(bound / step);
  // A product that is rounded up needs one instance more.
  while (receiversFor(headroom * rate(steps), work) > instances) steps -= 1;
  return rate(steps);
}

/** How long the receiver waits for the broker before it answers 503. */
export function publishTimeoutKnob(senderSeconds: number = SENDER_SECONDS): Knob {
  return {
    name: 'publishTimeoutSeconds',
    value: senderSeconds - NETWORK_SECONDS,
    unit: 's',
    formula: `the sender's time-out (${senderSeconds} s) less ${NETWORK_SECONDS} s for the network`,
    inputs: { senderSeconds },
    source: 'GitHub documentation, Best practices for using webhooks: respond within 10 seconds',
  };
}
