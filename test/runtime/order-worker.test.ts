/** The loop of the worker on RabbitMQ, with a broker that a test plays. */
import { EventEmitter, once } from 'node:events';
import type { ConsumeMessage } from 'amqplib';
import { HopelessError, work } from '../../lib/runtime/order-worker/worker';

const answers: [string, ...unknown[]][] = [];
let deliver: (message: ConsumeMessage | null) => void = () => {};
const answered = new EventEmitter();
const answer = (...told: [string, ...unknown[]]) => {
  answers.push(told);
  answered.emit('answer');
};
const channel = {
  prefetch: async () => {},
  consume: async (_queue: string, onMessage: typeof deliver) => {
    deliver = onMessage;
    return { consumerTag: 'tag' };
  },
  ack: () => answer('ack'),
  nack: (_message: unknown, _all: boolean, requeue: boolean) => answer('nack', requeue),
  cancel: async () => {},
  close: async () => {},
};
jest.mock('amqplib', () => ({
  connect: async () => ({ createChannel: async () => channel, on: () => {}, close: async () => {} }),
}));

describe('the worker', () => {
  const exit = jest.spyOn(process, 'exit').mockImplementation(((status: number) => answer('exit', status)) as never);
  const lines: string[] = [];
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  const environment = { ...process.env };

  beforeAll(async () => {
    Object.assign(process.env, {
      RABBITMQ_URL: 'amqp://localhost',
      QUEUE_NAME: 'orders',
      PREFETCH: '2',
      SLOTS: '1',
      HEALTH_PORT: '0',
    });
    await work(async (body) => {
      if (body === 'hopeless') throw new HopelessError('no order');
      if (body !== 'good') throw new TypeError(`cannot read ${body}`);
      return { booked: body };
    });
  });

  beforeEach(() => {
    answers.length = 0;
    lines.length = 0;
  });

  afterAll(async () => {
    const ended = once(answered, 'answer');
    process.emit('SIGTERM');
    await ended;
    for (const spy of [exit, write]) spy.mockRestore();
    process.env = environment;
  });

  const given = async (body: string) => {
    const done = once(answered, 'answer');
    deliver({ content: Buffer.from(body), properties: { messageId: 'a' } } as ConsumeMessage);
    await done;
  };

  test('a message is acknowledged after its effect', async () => {
    await given('good');
    expect(answers).toEqual([['ack']]);
    expect(JSON.parse(lines[0])).toMatchObject({ booked: 'good' });
  });

  test('one that fails goes back to the queue, and what it says is not logged: errors quote content', async () => {
    await given('hunter2');
    expect(answers).toEqual([['nack', true]]);
    expect(lines.join('')).not.toContain('hunter2');
    expect(JSON.parse(lines[0])).toEqual({ level: 'warn', failed: 'a', error: 'TypeError', setAside: false });
  });

  test('one that no attempt can handle is set aside at once, with the reason', async () => {
    await given('hopeless');
    expect(answers).toEqual([['nack', false]]);
    expect(JSON.parse(lines[0])).toMatchObject({ error: 'HopelessError', message: 'no order', setAside: true });
  });

  test('a broker that takes the queue away ends the process: it would be idle, and healthy, from then on', async () => {
    deliver(null);
    expect(answers).toEqual([['exit', 1]]);
  });
});
