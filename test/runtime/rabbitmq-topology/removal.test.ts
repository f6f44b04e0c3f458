/** A stack that deletes its queue, on a broker in memory that counts a queue only when time passes. */
import { handleEvent, type Ports, QueueInUseError } from '../../../lib/runtime/rabbitmq-topology/apply';
import { BrokerError } from '../../../lib/runtime/rabbitmq-topology/broker';
import type { Request } from '../../../lib/runtime/rabbitmq-topology/decide';
import type { Topology } from '../../../lib/runtime/rabbitmq-topology/topology';

const worker = { name: 'worker', secretArn: 'arn', configure: '', write: '', read: '^orders$' };
const producer = { name: 'producer', secretArn: 'arn', configure: '', write: '^orders$', read: '' };
const TOPOLOGY: Topology = {
  vhost: 'shop',
  users: [worker, producer],
  exchanges: [{ name: 'orders', kind: 'fanout' }],
  queues: ['orders'],
  bindings: [],
  policies: [],
};

/** A broker with the queue, of which it shows the messages that there were at the last pause. */
class MemoryBroker {
  public readonly sent: Request[] = [];
  public readonly permissions = new Set(['worker', 'producer']);
  /** With an open connection a channel keeps what it was allowed. */
  public readonly connected = new Set<string>();
  public messages = 0;
  public pauses = 0;
  /** What happens as soon as a request arrives. */
  public onRequest: (request: Request) => void = () => {};
  private shown = 0;

  constructor(private readonly hasQueue = true) {}

  public publish(user: string): void {
    if (this.permissions.has(user) || this.connected.has(user)) this.messages += 1;
  }

  public count(): void {
    this.shown = this.messages;
  }

  public readonly ports: Ports = {
    connect: async () => ({
      admin: 'admin',
      broker: {
        read: async (path) => this.answer(path.split('/').map(decodeURIComponent)),
        send: async (request) => this.take(request),
      },
    }),
    password: async () => 'secret',
    count: () => {},
    pause: async () => {
      this.pauses += 1;
      this.count();
    },
  };

  /** What was asked for, as a person says it. */
  public get requests(): string[] {
    return this.sent.map(({ method, object }) => `${method} ${object}`);
  }

  private answer([kind, ...names]: string[]): unknown {
    const queue = { durable: true, auto_delete: false, arguments: {}, messages: this.shown, consumers: 0 };
    if (kind === 'queues') return this.hasQueue ? queue : undefined;
    if (kind === 'policies' || kind === 'bindings') return [];
    return { names };
  }

  private take(request: Request): void {
    this.onRequest(request);
    this.sent.push(request);
    const [kind, ...names] = request.path.split('/').map(decodeURIComponent);
    const user = names.at(-1)!;
    if (kind === 'permissions' && request.method === 'DELETE') this.permissions.delete(user);
    if (kind === 'permissions' && request.method === 'PUT') this.permissions.add(user);
    if (kind === 'connections') this.connected.delete(user);
  }
}

const remove = (broker: MemoryBroker) =>
  handleEvent(
    {
      RequestType: 'Delete',
      LogicalResourceId: 'Topology',
      ResourceProperties: { Management: 'https://broker', AdminSecretArn: 'arn', Topology: TOPOLOGY },
    },
    broker.ports,
  );
const LOCKED_OUT = [
  'DELETE permissions of worker',
  'DELETE permissions of producer',
  'DELETE connections of worker',
  'DELETE connections of producer',
];
const LET_IN = ['PUT permissions of worker', 'PUT permissions of producer'];

test('nobody can publish any more when the queues are counted for the last time, and only then all is removed', async () => {
  const broker = new MemoryBroker();
  await remove(broker);
  expect(broker.pauses).toBe(2);
  expect(broker.requests).toEqual([
    ...LOCKED_OUT,
    'DELETE user worker',
    'DELETE user producer',
    'DELETE queue orders',
    'DELETE exchange orders',
  ]);
});

test('a message that comes after the first count is kept, and the users may go on', async () => {
  const broker = new MemoryBroker();
  broker.onRequest = ({ object }) => {
    if (object === 'permissions of worker') broker.publish('producer');
  };
  await expect(remove(broker)).rejects.toThrow(new QueueInUseError(inUse(1)));
  expect(broker.requests).toEqual([...LOCKED_OUT, ...LET_IN]);
  expect([...broker.permissions].sort()).toEqual(['producer', 'worker']);
  expect(broker.sent.slice(-2).map(({ body }) => body)).toEqual([
    { configure: '', write: '', read: '^orders$' },
    { configure: '', write: '^orders$', read: '' },
  ]);
});

test('a producer that is connected publishes until its connection is closed, and not a moment longer', async () => {
  const broker = new MemoryBroker();
  broker.connected.add('producer');
  broker.onRequest = ({ object }) => {
    if (object === 'connections of producer' || object === 'user worker') broker.publish('producer');
  };
  await expect(remove(broker)).rejects.toThrow(QueueInUseError);
  expect(broker.messages).toBe(1);
  // Once it has been taken, the next try removes the queue, and nothing was published meanwhile.
  broker.messages = 0;
  broker.count();
  await remove(broker);
  expect(broker.messages).toBe(0);
});

test('a queue with messages is not touched, and neither are the users', async () => {
  const broker = new MemoryBroker();
  broker.messages = 3;
  broker.count();
  await expect(remove(broker)).rejects.toThrow(new QueueInUseError(inUse(3)));
  expect([broker.sent, broker.pauses]).toEqual([[], 0]);
});

test('a broker that fails in between gets the rights back', async () => {
  const broker = new MemoryBroker();
  broker.onRequest = ({ object }) => {
    if (object === 'connections of worker') throw new BrokerError('not now');
  };
  await expect(remove(broker)).rejects.toThrow('not now');
  expect([...broker.permissions].sort()).toEqual(['producer', 'worker']);
});

test('where the queue is gone already, nobody waits and the rest is removed', async () => {
  const broker = new MemoryBroker(false);
  await remove(broker);
  expect(broker.pauses).toBe(0);
  expect(broker.requests).toEqual(['DELETE user worker', 'DELETE user producer', 'DELETE exchange orders']);
});

function inUse(messages: number): string {
  return `queue orders holds ${messages} messages: nothing was removed. Stop the workers and move or discard the messages, or keep the queues with removalPolicy RETAIN`;
}
