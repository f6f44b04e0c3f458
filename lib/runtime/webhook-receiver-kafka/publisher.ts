/** The way of the receiver to Kafka: a delivery counts as stored when every replica in sync has it, and not before. */
import { numberSetting, setting } from '../settings';
import { loadClient } from '../stream-worker/client';
import { ATTRIBUTES } from '../webhook-receiver/contract';
import { inTime } from '../webhook-receiver/in-time';
import type { ReceivedMessage } from '../webhook-receiver/receiver';
import { Batches } from './batches';
import { ReplacedProducer } from './replaced-producer';

/** Of a record beside its key, its value and its headers: lengths and offsets. Above what they take. */
const RECORD_BYTES = 64;

type Message = Parameters<ReplacedProducer['send']>[0]['messages'][number];

/** What the receiver publishes with. */
export interface KafkaPublisher {
  /** @param sending told of the client's own promise, which may settle long after a time-out: until then it has the body */
  publish(message: ReceivedMessage, sending?: (sent: Promise<unknown>) => void): Promise<void>;
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
    // A topic that takes the largest delivery takes as many bytes in a batch.
    mostBytes: numberSetting('MAX_BODY_BYTES'),
    seconds,
    send: (messages) => producer.send({ messages: [...messages] }),
  });
  return {
    async publish({ data, attributes }, sending = () => {}) {
      const key = attributes[byTenant ? ATTRIBUTES.claimedTenant : ATTRIBUTES.idempotencyKey];
      const headers = new Map(
        Object.entries(attributes).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
      );
      const headerBytes = [...headers].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
      const bytes = RECORD_BYTES + key.length + data.length + headerBytes;
      const began = performance.now();
      try {
        const sent = batches.add({ topic, key: Buffer.from(key), value: data, headers }, bytes);
        sending(sent);
        await inTime(sent, seconds);
      } finally {
        published((performance.now() - began) / 1000);
      }
    },
    close: () => producer.close(),
  };
}
