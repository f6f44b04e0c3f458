/**
 * The broker of the cluster tests, and what the messaging topology operator would do with the objects of a chart: there
 * is no pod to run an operator in, so its calls of the management API are made here.
 */
import type { Manifest } from '../support/manifest';

const USER = { name: process.env.RABBITMQ_USER ?? 'guest', password: process.env.RABBITMQ_PASSWORD ?? 'guest' };
const MANAGEMENT = process.env.RABBITMQ_MANAGEMENT ?? '127.0.0.1:15683';
const AMQP = process.env.RABBITMQ_AMQP ?? '127.0.0.1:15673';

export const AMQP_URL = `amqp://${USER.name}:${USER.password}@${AMQP}/`;
export const MANAGEMENT_URL = `http://${USER.name}:${USER.password}@${MANAGEMENT}/`;

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  return await fetch(`http://${MANAGEMENT}/api/${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}

async function accepted(method: string, path: string, body?: unknown): Promise<void> {
  const answer = await call(method, path, body);
  if (!answer.ok) throw new Error(`RabbitMQ refuses ${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/** Whether the broker answers. */
export async function brokerAnswers(): Promise<boolean> {
  return await call('GET', 'overview').then(
    ({ ok }) => ok,
    () => false,
  );
}

const placed = (vhost: string, ...rest: string[]) => [vhost, ...rest].map(encodeURIComponent).join('/');

/** Declares what the objects say, the way the operator does: policies and exchanges first. */
export async function declare(manifests: readonly Manifest[]): Promise<void> {
  const of = (kind: string) => manifests.filter((manifest) => manifest.kind === kind).map(({ spec }) => spec);
  for (const spec of of('Policy')) {
    const { pattern, applyTo, priority, definition } = spec;
    const body = { pattern, 'apply-to': applyTo, priority, definition };
    await accepted('PUT', `policies/${placed(spec.vhost, spec.name)}`, body);
  }
  for (const spec of of('Exchange')) {
    const body = { type: spec.type, durable: spec.durable, auto_delete: spec.autoDelete };
    await accepted('PUT', `exchanges/${placed(spec.vhost, spec.name)}`, body);
  }
  for (const spec of of('Queue')) {
    const args = { ...spec.arguments, 'x-queue-type': spec.type };
    await accepted('PUT', `queues/${placed(spec.vhost, spec.name)}`, { durable: spec.durable, arguments: args });
  }
  for (const spec of of('Binding')) {
    const path = `bindings/${placed(spec.vhost)}/e/${encodeURIComponent(spec.source)}/q/${encodeURIComponent(spec.destination)}`;
    await accepted('POST', path, { routing_key: spec.routingKey });
  }
}

/** Removes queues, exchanges and policies that `declare` made. */
export async function remove(manifests: readonly Manifest[]): Promise<void> {
  const folder: Record<string, string> = { Queue: 'queues', Exchange: 'exchanges', Policy: 'policies' };
  for (const { kind, spec } of manifests) {
    if (folder[kind]) await call('DELETE', `${folder[kind]}/${placed(spec.vhost, spec.name)}`);
  }
}

/** Messages in a queue, those in hand included. */
export async function depth(queue: string): Promise<number> {
  const answer = await call('GET', `queues/${placed('/', queue)}`);
  return ((await answer.json()) as { messages?: number }).messages ?? 0;
}
