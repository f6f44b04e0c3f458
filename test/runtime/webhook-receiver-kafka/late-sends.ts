/** A process of its own, as the client is an ES module: sends, sends again when the first are late, and prints how each ended. */
import { setTimeout as wait } from 'node:timers/promises';
import { loadClient } from '../../../lib/runtime/stream-worker/client';
import { ReplacedProducer } from '../../../lib/runtime/webhook-receiver-kafka/replaced-producer';

async function main(): Promise<void> {
  const seconds = Number(process.env.PUBLISH_TIMEOUT_SECONDS);
  const producer = new ReplacedProducer(await loadClient(), seconds);
  const sends = (count: number) =>
    Array.from({ length: count }, () =>
      producer.send({ messages: [{ topic: 'hooks', key: Buffer.from('k'), value: Buffer.from('{}') }] }),
    );
  const first = sends(20);
  await Promise.allSettled([wait(1500 * seconds), ...first.map((one) => Promise.race([one, wait(1500 * seconds)]))]);
  const ended = await Promise.allSettled([...first, ...sends(1)]);
  process.stdout.write(`${JSON.stringify(ended.map(({ status }) => status))}\n`);
}

void main();
