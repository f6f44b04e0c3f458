/** The worker of the reference environment "order processing": books the orders of a RabbitMQ queue, as worker.ts takes them. */
import { setTimeout as wait } from 'node:timers/promises';
import { HopelessError, log, work } from './worker';

/** Simulates the call to the order system behind this worker. */
const SERVICE_MILLIS = 1000 * Number(process.env.SERVICE_SECONDS ?? 0);

/** An order that no attempt can book. */
class InvalidOrderError extends HopelessError {
  public override readonly name = 'InvalidOrderError';
}

interface Order {
  readonly id: string;
  readonly quantity: number;
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

work(async (body) => {
  const { id } = orderIn(body);
  await wait(SERVICE_MILLIS);
  return { booked: id };
}).catch((error: Error) => {
  log({ level: 'error', error: error.name, message: error.message });
  process.exit(1);
});
