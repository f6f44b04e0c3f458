/**
 * The bundle that declares a queue, against a real RabbitMQ over TLS: create, change, drift, other owners, a wrong
 * password, and a deletion that keeps messages.
 */
import { ORDERS } from '../../lib/cases/case-02-order-peak';
import { planQueue } from '../../lib/flow/queue/plan';
import type { Topology } from '../../lib/runtime/rabbitmq-topology/topology';
import { freePorts } from '../support/ports';
import { EXACT, prove } from '../support/proof';
import { until } from '../support/until';
import type { SecretStore } from './bundle';
import { type RabbitMq, rabbitMqMissing, startRabbitMq } from './rabbitmq';
import {
  ADMIN,
  ARNS,
  declare,
  declared,
  PASSWORDS,
  properties,
  secretOf,
  signIn,
  startQueueSecrets,
} from './rabbitmq-objects';

const missing = rabbitMqMissing();
const described = missing ? describe.skip : describe;
jest.setTimeout(120_000);

const VHOST = 'shop';
const AT = encodeURIComponent(VHOST);
const QUESTION = { workload: ORDERS.workload, ...ORDERS.on.aws };
const PLAN = planQueue('Orders', QUESTION);
const ORDERS_TOPOLOGY = declared(VHOST, 'orders', PLAN);
/** The same with a tighter limit. */
const CHANGED = declared(VHOST, 'orders', planQueue('Orders', { ...QUESTION, deliveryLimit: 2 }));

interface Answer {
  readonly PhysicalResourceId: string;
  readonly Data: { readonly Changed: number };
}
interface Policy {
  readonly name: string;
  readonly definition: Record<string, unknown>;
}

described(`the function of RabbitMqQueue against a real RabbitMQ${missing ? ` (${missing})` : ''}`, () => {
  let rabbit: RabbitMq;
  let secrets: SecretStore;
  const run = (event: object) => declare<Answer & { repaired: string[] }>(rabbit, secrets, event);
  const create = (topology: Topology, more: object = {}) =>
    run({
      RequestType: 'Create',
      LogicalResourceId: 'Topology',
      ResourceProperties: properties(rabbit, topology, more),
    });
  const repair = (topology = ORDERS_TOPOLOGY) => run({ Repair: properties(rabbit, topology) });
  const remove = (topology: Topology) =>
    run({ RequestType: 'Delete', LogicalResourceId: 'Topology', ResourceProperties: properties(rabbit, topology) });
  const policy = async (name: string) =>
    (await rabbit.ask<Policy[]>('GET', `policies/${AT}`))?.find((one) => one.name === name);
  const messages = async (queue: string) =>
    (await rabbit.ask<{ messages?: number }>('GET', `queues/${AT}/${queue}`))?.messages;
  /** Names of the objects that there are, but for those that every broker has. */
  const objects = async () => {
    const names = async (path: string) =>
      ((await rabbit.ask<{ name: string }[]>('GET', path)) ?? []).map(({ name }) => name);
    return {
      queues: await names(`queues/${AT}`),
      exchanges: (await names(`exchanges/${AT}`)).filter((name) => name !== '' && !name.startsWith('amq.')),
      policies: await names(`policies/${AT}`),
      users: (await names('users')).filter((name) => name !== ADMIN.username),
    };
  };
  const publish = async (count: number) => {
    const connection = await signIn(rabbit, VHOST, 'shop/orders.producer', PASSWORDS.producer);
    const channel = await connection.createConfirmChannel();
    for (let i = 0; i < count; i += 1) channel.publish('orders', `key-${i}`, Buffer.from('{}'), { persistent: true });
    await channel.waitForConfirms();
    await connection.close();
  };

  beforeAll(async () => {
    secrets = await startQueueSecrets(VHOST, 'orders');
    rabbit = await startRabbitMq(ADMIN);
  }, 180_000);

  afterAll(async () => {
    await rabbit?.stop();
    await secrets?.stop();
  }, 60_000);

  test('a wrong password is said in words, changes nothing, and is not in the log', async () => {
    secrets.texts.set(ARNS.admin, secretOf(ADMIN.username, 'wrong-8Zxc'));
    const { error, output } = await create(ORDERS_TOPOLOGY);
    secrets.texts.set(ARNS.admin, secretOf(ADMIN.username, ADMIN.password));
    expect(error).toMatch(/^BrokerError: .*the broker does not accept our credentials/);
    expect(output).not.toMatch(/wrong-8Zxc|4Qp7|9sLw|2Vtk/);
    expect(await rabbit.ask('GET', `vhosts/${AT}`)).toBeUndefined();
  });

  test('a secret that is not there is named', async () => {
    const { error } = await run({
      RequestType: 'Create',
      LogicalResourceId: 'Topology',
      ResourceProperties: { ...properties(rabbit, ORDERS_TOPOLOGY), AdminSecretArn: 'arn:nobody' },
    });
    expect(error).toMatch(/^BrokerError: the secret arn:nobody cannot be read \(ResourceNotFoundException\)/);
  });

  test('create: virtual host, quorum queues with their limits, dead letters, two users', async () => {
    const { answer, error, output } = await create(ORDERS_TOPOLOGY);
    expect(error).toBeUndefined();
    expect(answer?.PhysicalResourceId).toBe(`${rabbit.management}/shop/orders`);
    expect(await objects()).toEqual({
      queues: ['orders', 'orders.dead'],
      exchanges: ['orders', 'orders.dead'],
      policies: ['orders', 'orders.dead'],
      users: ['shop/orders.producer', 'shop/orders.worker'],
    });
    const queue = () => rabbit.ask<{ policy?: string }>('GET', `queues/${AT}/orders`);
    await until('the broker shows the policy of the queue', async () => (await queue())?.policy === 'orders', 30);
    expect(await queue()).toMatchObject({
      type: 'quorum',
      durable: true,
      effective_policy_definition: {
        'delivery-limit': PLAN.value('deliveryLimit'),
        'max-length': PLAN.value('maxLength'),
        'dead-letter-strategy': 'at-least-once',
        overflow: 'reject-publish',
      },
    });
    expect(output).not.toMatch(/4Qp7|9sLw|2Vtk/);
  });

  test('a second run finds everything as it is wanted', async () => {
    const { answer } = await create(ORDERS_TOPOLOGY);
    expect(answer?.Data.Changed).toBe(0);
  });

  test('the producer may publish to its exchange and not to the queue of dead letters; the worker may only consume', async () => {
    await publish(1);
    const producer = await signIn(rabbit, VHOST, 'shop/orders.producer', PASSWORDS.producer);
    producer.on('error', () => {});
    const refused = await producer.createConfirmChannel();
    refused.on('error', () => {});
    await expect(
      new Promise((resolve, reject) => {
        refused.once('error', reject);
        refused.once('close', resolve);
        refused.publish('orders.dead', 'orders', Buffer.from('{}'));
      }),
    ).rejects.toThrow(/ACCESS_REFUSED/);
    await producer.close();

    const worker = await signIn(rabbit, VHOST, 'shop/orders.worker', PASSWORDS.worker);
    const taken = await worker.createChannel();
    const message = await taken.get('orders');
    if (message !== false) taken.ack(message);
    expect(message).not.toBe(false);
    const forbidden = await worker.createChannel();
    forbidden.on('error', () => {});
    await expect(forbidden.purgeQueue('orders.dead')).rejects.toThrow(/ACCESS_REFUSED/);
    await worker.close();
  });

  test('a message that always fails is tried delivery limit + 1 times, and is then a dead letter', async () => {
    await publish(1);
    const worker = await signIn(rabbit, VHOST, 'shop/orders.worker', PASSWORDS.worker);
    const channel = await worker.createChannel();
    await channel.prefetch(PLAN.value('prefetch'));
    let tries = 0;
    await channel.consume('orders', (message) => {
      if (message === null) return;
      tries += 1;
      channel.nack(message, false, true);
    });
    await until('it is set aside', async () => (await messages('orders.dead')) === 1, 30);
    await worker.close();
    prove({
      case: 2,
      construct: 'aws.RabbitMqQueue',
      engine: `RabbitMQ ${rabbit.version}`,
      metric: 'deliveries of an order that always fails',
      unit: 'deliveries',
      predicted: PLAN.value('deliveryLimit') + 1,
      measured: tries,
      tolerance: EXACT,
      how: 'The shipped function declares the queue of the environment on a real broker, over TLS; a consumer with the user that it made returns one order again and again.',
      scaledBy: 'nothing: one order.',
    });
  });

  test('update: only the policy changes, and messages stay', async () => {
    await publish(3);
    const { answer, error } = await run({
      RequestType: 'Update',
      LogicalResourceId: 'Topology',
      ResourceProperties: properties(rabbit, CHANGED),
      OldResourceProperties: properties(rabbit, ORDERS_TOPOLOGY),
    });
    expect(error).toBeUndefined();
    expect(answer?.Data.Changed).toBe(1);
    expect((await policy('orders'))?.definition['delivery-limit']).toBe(2);
    await until('the broker counts them', async () => (await messages('orders')) === 3, 30);
    // Back, as CloudFormation does it when another resource of the update fails.
    const back = await run({
      RequestType: 'Update',
      LogicalResourceId: 'Topology',
      ResourceProperties: properties(rabbit, ORDERS_TOPOLOGY),
      OldResourceProperties: properties(rabbit, CHANGED),
    });
    expect(back.answer?.Data.Changed).toBe(1);
  });

  test('drift: what somebody deletes or changes is declared again, counted by name, and then left alone', async () => {
    await rabbit.ask('DELETE', `policies/${AT}/orders`);
    await rabbit.ask('DELETE', `bindings/${AT}/e/orders.dead/q/orders.dead/orders`);
    await rabbit.ask('PUT', `users/${encodeURIComponent('shop/orders.worker')}`, {
      password: 'somebody-else',
      tags: 'administrator',
    });
    await rabbit.ask('PUT', `permissions/${AT}/${encodeURIComponent('shop/orders.producer')}`, {
      configure: '.*',
      write: '.*',
      read: '.*',
    });
    const { answer, output } = await repair();
    expect(answer?.repaired).toEqual([
      'policy orders',
      'binding of orders.dead to orders.dead',
      'user shop/orders.worker',
      'permissions of shop/orders.producer',
    ]);
    expect(output.match(/TopologyRepaired/g)?.length).toBeGreaterThanOrEqual(4);
    expect(output).not.toMatch(/somebody-else|9sLw/);
    expect((await policy('orders'))?.definition['dead-letter-exchange']).toBe('orders.dead');
    const worker = await signIn(rabbit, VHOST, 'shop/orders.worker', PASSWORDS.worker);
    await worker.close();
    expect((await repair()).answer?.repaired).toEqual([]);
  });

  test('a rotated password is set within the next check', async () => {
    secrets.texts.set(ARNS.worker, secretOf('shop/orders.worker', 'rotated-7Kdf'));
    expect((await repair()).answer?.repaired).toEqual(['user shop/orders.worker']);
    const worker = await signIn(rabbit, VHOST, 'shop/orders.worker', 'rotated-7Kdf');
    await worker.close();
    secrets.texts.set(ARNS.worker, secretOf('shop/orders.worker', PASSWORDS.worker));
    await repair();
  });

  test('a policy of another owner that takes the place of ours stops the deployment and changes nothing', async () => {
    await rabbit.ask('PUT', `policies/${AT}/everything`, {
      pattern: '.*',
      'apply-to': 'all',
      priority: PLAN.value('policyPriority'),
      definition: { 'max-length': 10 },
    });
    const { error } = await repair();
    await rabbit.ask('DELETE', `policies/${AT}/everything`);
    expect(error).toBe(
      'TopologyConflictError: policy everything has priority 10 and takes the place of orders.dead, which has 10; policy everything has priority 10 and takes the place of orders, which has 10',
    );
  });

  test('the default policy of a cluster of Amazon MQ does not', async () => {
    await rabbit.ask('PUT', `policies/${AT}/AWS-DEFAULT-POLICY-CLUSTER`, {
      pattern: '.*',
      'apply-to': 'all',
      priority: 1,
      definition: { 'max-length': 8_000_000, overflow: 'reject-publish' },
    });
    expect((await repair()).error).toBeUndefined();
    expect(await rabbit.ask('GET', `queues/${AT}/orders`)).toMatchObject({ policy: 'orders' });
    await rabbit.ask('DELETE', `policies/${AT}/AWS-DEFAULT-POLICY-CLUSTER`);
  });

  test('a stack that finds a policy of its name with other settings fails, and takes it over when told to', async () => {
    const topology = declared(VHOST, 'returns', PLAN);
    await rabbit.ask('PUT', `policies/${AT}/returns`, {
      pattern: '^returns$',
      'apply-to': 'queues',
      priority: 20,
      definition: { 'max-length': 10 },
    });
    const refused = await create(topology);
    expect(refused.error).toBe(
      'TopologyConflictError: policy returns is there already with other settings; remove it, or set takeOver to overwrite it',
    );
    expect((await objects()).queues).not.toContain('returns');
    const taken = await create(topology, { TakeOver: 'true' });
    expect(taken.error).toBeUndefined();
    expect((await policy('returns'))?.definition['delivery-limit']).toBe(PLAN.value('deliveryLimit'));
    expect((await remove(topology)).error).toBeUndefined();
    expect((await objects()).queues).toEqual(['orders', 'orders.dead']);
  });

  test('a classic queue of the same name is said, and never deleted', async () => {
    await rabbit.ask('PUT', `queues/${AT}/invoices`, { durable: true, arguments: {} });
    const { error } = await create(declared(VHOST, 'invoices', PLAN));
    expect(error).toBe('TopologyConflictError: queue invoices is there already as a classic queue');
    expect((await objects()).queues).toContain('invoices');
    await rabbit.ask('DELETE', `queues/${AT}/invoices`);
  });

  test('delete keeps a queue with messages, and everything that belongs to it', async () => {
    const before = await objects();
    const { error } = await remove(ORDERS_TOPOLOGY);
    expect(error).toMatch(
      /^QueueInUseError: queue orders\.dead holds 1 messages; queue orders holds 3 messages: nothing was removed/,
    );
    expect(await objects()).toEqual(before);
    expect(await messages('orders')).toBe(3);
  });

  test('delete removes what the stack made once its queues are empty, and may be repeated', async () => {
    for (const queue of ['orders', 'orders.dead']) await rabbit.ask('DELETE', `queues/${AT}/${queue}/contents`);
    const empty = async () => (await messages('orders')) === 0 && (await messages('orders.dead')) === 0;
    await until('the broker counts nothing', empty, 30);
    expect((await remove(ORDERS_TOPOLOGY)).error).toBeUndefined();
    expect(await objects()).toEqual({ queues: [], exchanges: [], policies: [], users: [] });
    expect((await remove(ORDERS_TOPOLOGY)).error).toBeUndefined();
    // It may hold queues of others.
    expect(await rabbit.ask('GET', `vhosts/${AT}`)).toBeDefined();
  });

  test('a broker that is not there is named with what to look at', async () => {
    const [port] = await freePorts(1);
    const { error } = await run({
      RequestType: 'Create',
      LogicalResourceId: 'Topology',
      ResourceProperties: { ...properties(rabbit, ORDERS_TOPOLOGY), Management: `https://localhost:${port}` },
    });
    expect(error).toBe(
      `BrokerError: virtual host shop: the management API of localhost:${port} cannot be reached (ECONNREFUSED); look at security groups and subnets`,
    );
  });
});
