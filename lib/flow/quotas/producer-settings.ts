/**
 * The other half of a quota: a producer that batches, compresses, and gives up by the clock rather than by a count.
 */
import { chosenKnob } from '../alarms';
import type { Knob } from '../plan';
import type { ProducerSettings } from './workload';

/** Case 18. Long enough to fill a batch at some MiB/s, short enough not to be noticed. */
const LINGER_MS = 20;
/** Apache Kafka documentation, producer configs: the default of `request.timeout.ms`. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Apache Kafka documentation, producer configs: the default of `delivery.timeout.ms`; outlasts a change of leaders. */
const DELIVERY_TIMEOUT_MS = 120_000;
/** Apache Kafka documentation, producer configs: the default of `batch.size`. */
const SMALLEST_BATCH = 16 * 1024;
/** Half of `max.request.size` (1 MiB by default), so that a request still holds batches of two partitions. */
const LARGEST_BATCH = 512 * 1024;
/** The largest number of a Java int, which the time-outs are. */
const MOST_MS = 2_147_483_647;

/** Inputs of the settings of a tenant's producers. */
export interface ProducerLoad {
  readonly name: string;
  /** Bytes per second at the peak over the whole cluster. */
  readonly peakBytesPerSecond: number;
  /** Partitions it writes to, at least those that the brokers lead. */
  readonly partitions: number;
  /** Its quota on one broker. */
  readonly producerByteRate: number;
  /** Seconds that its quota delays the last record of a peak. */
  readonly peakWaitSeconds: number;
}

const SOURCE = 'Apache Kafka documentation, producer configs';

/** The settings that are the same for every tenant and are times. */
export function producerTimeKnobs(): Knob[] {
  return [
    chosenKnob(
      'lingerMs',
      LINGER_MS,
      'ms',
      'long enough to fill a batch at some MiB/s, short enough not to be noticed: case 18',
      SOURCE,
    ),
    chosenKnob('requestTimeoutMs', REQUEST_TIMEOUT_MS, 'ms', 'the default', SOURCE),
  ];
}

/** The settings, and those that were derived as knobs. */
export function producerSettings(load: ProducerLoad): { settings: ProducerSettings; knobs: Knob[] } {
  const batchSizeBytes = batchSize(load);
  const wait = Math.ceil(load.peakWaitSeconds * 1000);
  const floor = LINGER_MS + REQUEST_TIMEOUT_MS;
  const deliveryTimeoutMs = Math.min(MOST_MS, Math.max(DELIVERY_TIMEOUT_MS, floor + wait));
  const settings: ProducerSettings = {
    compressionType: 'zstd',
    acks: 'all',
    enableIdempotence: true,
    // The maximum with which an idempotent producer keeps the order.
    maxInFlightRequestsPerConnection: 5,
    batchSizeBytes,
    lingerMs: LINGER_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    deliveryTimeoutMs,
    maxBlockMs: deliveryTimeoutMs,
  };
  return {
    settings,
    knobs: [
      {
        name: `batchSizeBytes.${load.name}`,
        value: batchSizeBytes,
        unit: 'bytes',
        formula:
          "bytes for one partition in a linger at the peak, to the next power of two, 16 KiB to 512 KiB, at most a second's quota",
        inputs: {
          peakBytesPerSecond: load.peakBytesPerSecond,
          partitions: load.partitions,
          lingerMs: LINGER_MS,
          producerByteRate: load.producerByteRate,
        },
        source: SOURCE,
      },
      {
        name: `deliveryTimeoutMs.${load.name}`,
        value: deliveryTimeoutMs,
        unit: 'ms',
        formula: 'linger + request time-out + wait at the quota, 120 s at least',
        inputs: { lingerMs: LINGER_MS, requestTimeoutMs: REQUEST_TIMEOUT_MS, peakWaitSeconds: load.peakWaitSeconds },
        source: SOURCE,
      },
    ],
  };
}

/** The same settings under the names of the Java client, ready for a properties file. */
export function producerProperties(settings: ProducerSettings): { [name: string]: string } {
  return {
    'compression.type': settings.compressionType,
    acks: settings.acks,
    'enable.idempotence': String(settings.enableIdempotence),
    'max.in.flight.requests.per.connection': String(settings.maxInFlightRequestsPerConnection),
    'batch.size': String(settings.batchSizeBytes),
    'linger.ms': String(settings.lingerMs),
    'request.timeout.ms': String(settings.requestTimeoutMs),
    'delivery.timeout.ms': String(settings.deliveryTimeoutMs),
    'max.block.ms': String(settings.maxBlockMs),
  };
}

function batchSize({ peakBytesPerSecond, partitions, producerByteRate }: ProducerLoad): number {
  const filled = (peakBytesPerSecond / partitions) * (LINGER_MS / 1000);
  const wanted = Math.min(LARGEST_BATCH, Math.max(SMALLEST_BATCH, 2 ** Math.ceil(Math.log2(filled))));
  // A batch that is more than a second's quota is throttled by itself.
  return Math.min(wanted, 2 ** Math.max(0, Math.floor(Math.log2(producerByteRate))));
}
