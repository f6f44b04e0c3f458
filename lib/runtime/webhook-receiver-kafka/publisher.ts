/** The way of the receiver to Kafka: a delivery counts as stored when every replica in sync has it, and not before. */
import { DEAD_HEADER_BYTES } from '../../flow/kafka';
import { numberSetting, setting } from '../settings';
import { loadClient } from '../stream-worker/client';
import { ATTRIBUTES } from '../webhook-receiver/contract';
import { inTime } from '../webhook-receiver/in-time';
import type { ReceivedMessage } from '../webhook-receiver/receiver';
import { Batches } from './batches';
import { ReplacedProducer } from './replaced-producer';

/** Of a record beside its key, its value and its headers, and of a batch beside its records. Above what they take. */
const RECORD_BYTES = 64;

type Message = Parameters<ReplacedProducer['send']>[0]['messages'][number];

/** What the receiver publishes with. */
export interface KafkaPublisher {
  /**
   * @param sinceMillis when the sender began to wait, by `performance.now()`
   * @param sending told of the client's own promise, which may settle long after a time-out: until then it has the body
   */
  publish(message: ReceivedMessage, sinceMillis: number, sending?: (sent: Promise<unknown>) => void): Promise<void>;
  /** Finds the topic; rejects where it is not there, or the user may not see it. */
  find(): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Connects to the brokers of the environment.
 *
 * @param published told of the seconds that each delivery took until it was confirmed, or given up
 */
export async function kafkaPublisher(published: (seconds: number) => void = () => {}): Promise<KafkaPublisher> {
  const [topic, seconds] = [setting('TOPIC'), numberSetting('PUBLISH_TIMEOUT_SECONDS')];
  // Kept in order by tenant where that was asked for; otherwise one tenant would fill one partition.
  const byTenant = process.env.ORDERED_BY === 'tenant';
  const producer = new ReplacedProducer(await loadClient(), seconds);
  const batches = new Batches<Message>({
    mostBytes: batchBytes() - RECORD_BYTES,
    seconds,
    send: (messages) => producer.send({ messages: [...messages] }),
  });
  return {
    async publish({ data, attributes }, sinceMillis, sending = () => {}) {
      const key = attributes[byTenant ? ATTRIBUTES.claimedTenant : ATTRIBUTES.idempotencyKey];
      const headers = new Map(
        Object.entries(attributes).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
      );
      const headerBytes = [...headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
      const bytes = RECORD_BYTES + key.length + data.length + headerBytes;
      const began = performance.now();
      // What the body and a secret took of the sender's patience is gone.
      const until = sinceMillis + 1000 * seconds;
      try {
        const sent = batches.add({ topic, key: Buffer.from(key), value: data, headers }, bytes, until);
        sending(sent);
        await inTime(sent, Math.max(0, until - began) / 1000);
      } finally {
        published((performance.now() - began) / 1000);
      }
    },
    find: () => producer.find(topic),
    close: () => producer.close(),
  };
}

/** A topic takes the largest body with its headers, so it takes as much in a batch; how much more it takes has to be said. */
function batchBytes(): number {
  return process.env.BATCH_BYTES ? numberSetting('BATCH_BYTES') : numberSetting('MAX_BODY_BYTES') + DEAD_HEADER_BYTES;
}
