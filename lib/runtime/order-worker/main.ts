/**
 * The worker of the reference environment "order processing": takes orders off a RabbitMQ queue, `SLOTS` at a time.
 *
 * An order is acknowledged after its effect. An attempt that fails goes back to the queue, whose delivery limit counts;
 * an order that can never be booked is set aside at once. On SIGTERM the worker takes no more orders and finishes the
 * current ones, within the grace period of the pod or task. A lost connection ends the process: it is restarted, and
 * unacknowledged orders are delivered again.
 */
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { type ConsumeMessage, connect } from 'amqplib';
import { brokerUrl } from './broker-url';

const QUEUE_NAME = required('QUEUE_NAME');
const PREFETCH = Number(required('PREFETCH'));
const SLOTS = Number(required('SLOTS'));
/** Simulates the call to the order system behind this worker. */
const SERVICE_MILLIS = 1000 * Number(process.env.SERVICE_SECONDS ?? 0);
/** 0 lets the system pick a free port. */
const HEALTH_PORT = Number(process.env.HEALTH_PORT ?? 8080);

/** An order that no attempt can book. */
class InvalidOrderError extends Error {
  public override readonly name = 'InvalidOrderError';
}

interface Order {
  readonly id: string;
  readonly quantity: number;
}

async function main(): Promise<void> {
  const connection = await connect(brokerUrl(process.env));
  const channel = await connection.createChannel();
  let healthy = true;
  let ending = false;
  connection.on('error', (error: Error) => log({ level: 'error', message: error.message }));
  connection.on('close', () => {
    healthy = false;
    if (!ending) process.exit(1);
  });
  await channel.prefetch(PREFETCH);
  const health = createServer((_, response) => response.writeHead(healthy ? 200 : 503).end()).listen(HEALTH_PORT);

  const inHand: ConsumeMessage[] = [];
  const busy = new Set<Promise<void>>();
  const pump = () => {
    while (!ending && busy.size < SLOTS && inHand.length > 0) {
      const work = attempt(inHand.shift() as ConsumeMessage).finally(() => {
        busy.delete(work);
        pump();
      });
      busy.add(work);
    }
  };
  const attempt = async (message: ConsumeMessage) => {
    try {
      const order = await book(message);
      channel.ack(message);
      log({ booked: order.id, waitedMillis: Date.now() - Number(message.properties.timestamp ?? Date.now()) });
    } catch (error) {
      const { name, message: text } = error as Error;
      const hopeless = error instanceof InvalidOrderError;
      // An order requeued at once is delivered again at once; the delivery limit bounds it.
      channel.nack(message, false, !hopeless);
      log({ level: 'warn', failed: message.properties.messageId, error: name, message: text, setAside: hopeless });
    }
  };
  const { consumerTag } = await channel.consume(QUEUE_NAME, (message) => {
    if (message === null) return;
    inHand.push(message);
    pump();
  });
  log({ ready: true, queue: QUEUE_NAME, slots: SLOTS, prefetch: PREFETCH });

  const end = async () => {
    if (ending) return;
    ending = true;
    await channel.cancel(consumerTag);
    await Promise.all(busy);
    // Prefetched orders that were not begun are requeued when the channel closes.
    await channel.close();
    await connection.close();
    health.close();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void end().then(() => process.exit(0)));
}

async function book(message: ConsumeMessage): Promise<Order> {
  const order = orderIn(message.content.toString('utf8'));
  await wait(SERVICE_MILLIS);
  return order;
}

function orderIn(body: string): Order {
  let parsed: Partial<Order>;
  try {
    parsed = JSON.parse(body) as Partial<Order>;
  } catch {
    throw new InvalidOrderError('the body is not JSON');
  }
  const { id, quantity } = parsed;
  if (typeof id !== 'string') throw new InvalidOrderError('order.id must be a text');
  if (typeof quantity !== 'number' || !Number.isInteger(quantity) || quantity < 1) {
    throw new InvalidOrderError('order.quantity must be a whole number, 1 or more');
  }
  return { id, quantity };
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function log(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

main().catch((error: Error) => {
  log({ level: 'error', error: error.name, message: error.message });
  process.exit(1);
});
