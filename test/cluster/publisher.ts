/** Publishes orders at random moments of a given rate, and keeps book of when each was confirmed. */
import { setTimeout as wait } from 'node:timers/promises';
import { type ConfirmChannel, connect } from 'amqplib';
import { Random } from '../../lib/flow/numerics/random';
import { AMQP_URL } from './rabbitmq';

/** What was published. */
export interface Published {
  readonly id: string;
  readonly at: number;
  readonly poison: boolean;
}

/** Arrivals at a rate for some seconds; every `poisonEvery`-th order can never be booked. */
export interface Stretch {
  readonly perSecond: number;
  readonly seconds: number;
}

/** Publishes the stretches one after the other, exponential times apart, and waits until the broker has them all. */
export async function publish(queue: string, stretches: readonly Stretch[], poisonEvery: number): Promise<Published[]> {
  const connection = await connect(AMQP_URL);
  try {
    const channel = await connection.createConfirmChannel();
    const random = new Random(7);
    const published: Published[] = [];
    const begun = Date.now();
    let at = 0;
    let end = 0;
    for (const { perSecond, seconds } of stretches) {
      end += seconds;
      for (;;) {
        at += random.exponential() / perSecond;
        if (at > end) {
          at = end;
          break;
        }
        const early = begun + at * 1000 - Date.now();
        if (early > 1) await wait(early);
        const poison = published.length % poisonEvery === poisonEvery - 1;
        published.push(send(channel, queue, `order-${published.length}`, poison));
      }
    }
    await channel.waitForConfirms();
    return published;
  } finally {
    await connection.close();
  }
}

function send(channel: ConfirmChannel, queue: string, id: string, poison: boolean): Published {
  const at = Date.now();
  const body = JSON.stringify(poison ? { id, quantity: -1 } : { id, quantity: 1 });
  channel.sendToQueue(queue, Buffer.from(body), { persistent: true, messageId: id, timestamp: at });
  return { id, at, poison };
}
