/**
 * Takes messages off a RabbitMQ queue, `SLOTS` at a time, and hands each to the business logic.
 *
 * A message is acknowledged after its effect. An attempt that fails goes back to the queue, whose delivery limit counts; a
 * message that no attempt can handle is set aside at once. On SIGTERM the worker takes no more messages and finishes the
 * current ones, within the grace period of the pod or task. A lost connection ends the process: it is restarted, and
 * unacknowledged messages are delivered again.
 *
 * Environment: RABBITMQ_URL, or what `brokerUrl` takes instead; QUEUE_NAME, PREFETCH, SLOTS, HEARTBEAT_SECONDS and HEALTH_PORT.
 */
import { createServer } from 'node:http';
import { type ConsumeMessage, connect } from 'amqplib';
import { setting } from '../settings';
import { brokerUrl } from './broker-url';

/** A message that no attempt can handle: it is set aside without another one. Its text is logged, so it quotes no content. */
export class HopelessError extends Error {
  public override readonly name: string = 'HopelessError';
}

/** The business logic: the content as text. What it resolves to is logged; when it throws, the message is tried again. */
export type OnBody = (body: string) => Promise<Readonly<Record<string, unknown>>>;

/** Works until it is told to end. */
export async function work(onBody: OnBody): Promise<void> {
  const queue = setting('QUEUE_NAME');
  const prefetch = Number(setting('PREFETCH'));
  const slots = Number(setting('SLOTS'));
  const connection = await connect(brokerUrl(process.env));
  const channel = await connection.createChannel();
  let healthy = true;
  let ending = false;
  const lost = () => {
    healthy = false;
    if (!ending) process.exit(1);
  };
  connection.on('error', (error: Error) => log({ level: 'error', message: error.message }));
  connection.on('close', lost);
  await channel.prefetch(prefetch);
  // 0 lets the system pick a free port.
  const health = createServer((_, response) => response.writeHead(healthy ? 200 : 503).end());
  health.listen(Number(process.env.HEALTH_PORT ?? 8080));

  const inHand: ConsumeMessage[] = [];
  const busy = new Set<Promise<void>>();
  const pump = () => {
    while (!ending && busy.size < slots && inHand.length > 0) {
      const attempted = attempt(inHand.shift() as ConsumeMessage).finally(() => {
        busy.delete(attempted);
        pump();
      });
      busy.add(attempted);
    }
  };
  const attempt = async (message: ConsumeMessage) => {
    let done: Readonly<Record<string, unknown>>;
    try {
      done = await onBody(message.content.toString('utf8'));
    } catch (error) {
      const hopeless = error instanceof HopelessError;
      // A message requeued at once is delivered again at once; the delivery limit bounds it.
      channel.nack(message, false, !hopeless);
      log({ level: 'warn', failed: message.properties.messageId, ...told(error), setAside: hopeless });
      return;
    }
    channel.ack(message);
    log({ ...done, waitedMillis: Date.now() - Number(message.properties.timestamp ?? Date.now()) });
  };
  const { consumerTag } = await channel.consume(queue, (message) => {
    // The broker has taken the queue away from this consumer, and delivers nothing any more.
    if (message === null) return lost();
    inHand.push(message);
    pump();
  });
  log({ ready: true, queue, slots, prefetch });

  const end = async () => {
    if (ending) return;
    ending = true;
    await channel.cancel(consumerTag);
    await Promise.all(busy);
    // Prefetched messages that were not begun are requeued when the channel closes.
    await channel.close();
    await connection.close();
    health.close();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void end().then(() => process.exit(0)));
}

/** Of any other error only the name: its text often quotes content. */
function told(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof HopelessError) return { error: error.name, message: error.message };
  return { error: error instanceof Error ? error.name : typeof error };
}

/** A line of the log. */
export function log(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
