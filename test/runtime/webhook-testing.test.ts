/** The test kit for consumers of webhooks, and what a consumer says of the errors of a user's code. */
import { type OnDelivery, webhookTest } from '../../lib/runtime/webhook/consumer';
import type { HmacRules, SignatureScheme } from '../../lib/runtime/webhook/scheme';
import { consumer, message } from '../support/webhook-messages';

const book: OnDelivery = async (delivery, effects) => {
  const { amount } = JSON.parse(delivery.body);
  if (amount < 0) throw new RangeError(`amount must be at least 0, got ${amount}`);
  effects.add({ Put: { TableName: 'ledger', Item: { id: { S: delivery.id }, amount: { N: String(amount) } } } });
};

let log: Record<string, unknown>[];
beforeEach(() => {
  log = [];
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
  jest.spyOn(console, 'error').mockImplementation((line: string) => void log.push(JSON.parse(line)));
});
afterEach(() => jest.restoreAllMocks());

describe('a unit test of business logic', () => {
  test('in three lines', async () => {
    const webhooks = webhookTest(book);
    const { outcome, effects } = await webhooks.deliver({ body: '{"amount":5}', id: 'd1' });
    expect([outcome, effects[0].Put?.Item?.amount]).toEqual(['processed', { N: '5' }]);
  });

  const hmac: HmacRules = { signatureHeader: 'X-Sign', algorithm: 'sha512', encoding: 'base64', idHeader: 'X-Id' };

  test.each<[SignatureScheme, HmacRules | undefined]>([
    ['github', undefined],
    ['stripe', undefined],
    ['standard-webhooks', undefined],
    ['shopify', undefined],
    ['slack', undefined],
    ['hmac', hmac],
  ])('%s: a second delivery of the same id is a duplicate, and a forged one is refused', async (scheme, rules) => {
    const called: string[] = [];
    const webhooks = webhookTest(async ({ id }) => void called.push(id), { scheme, hmac: rules });
    const delivery = { body: '{"id":"d1","amount":5}', id: 'd1' };
    expect(await webhooks.deliver(delivery)).toEqual({ outcome: 'processed', effects: [] });
    expect(await webhooks.deliver(delivery)).toEqual({ outcome: 'duplicate', effects: [] });
    const forged = { ...delivery, body: '{"id":"d2"}', secret: 'another-secret-of-it' };
    expect(await webhooks.deliver({ ...forged, id: 'd2' })).toEqual({ outcome: 'refused', effects: [] });
    expect(called).toEqual(['d1']);
  });

  test('what throws has no effect, is retried, and says what it threw', async () => {
    let broken = true;
    const webhooks = webhookTest(async (delivery, effects) => {
      await book(delivery, effects);
      if (broken) throw new Error('the ledger is closed');
    });
    const failed = await webhooks.deliver({ body: '{"amount":5}', id: 'd1' });
    expect([failed.outcome, failed.effects, failed.error]).toEqual(['failed', [], new Error('the ledger is closed')]);
    broken = false;
    expect((await webhooks.deliver({ body: '{"amount":5}', id: 'd1', attempt: 2 })).outcome).toBe('processed');
  });

  test('too many writes for one transaction fail, as they do in DynamoDB', async () => {
    const write = { Put: { TableName: 'ledger', Item: { id: { S: 'x' } } } };
    const webhooks = webhookTest(async (_delivery, effects) => effects.add(...new Array(100).fill(write)));
    const { outcome, error } = await webhooks.deliver({ body: '{}' });
    expect([outcome, String(error)]).toEqual(['failed', expect.stringContaining('at most 99 writes, got 100')]);
  });

  test('names, attempt and tenant come through', async () => {
    const seen: unknown[] = [];
    const webhooks = webhookTest(async (delivery) => void seen.push(delivery), { source: 'pay' });
    await webhooks.deliver({ body: '{}', tenant: 'acme', id: 'd7', attempt: 3 });
    expect(seen).toEqual([expect.objectContaining({ source: 'pay', claimedTenant: 'acme', id: 'd7', attempt: 3 })]);
  });
});

describe('an error of the business logic', () => {
  const failing = (error: unknown, more: object = {}) => {
    const made = consumer({
      onDelivery: async () => {
        throw error;
      },
      ...more,
    });
    made.secrets.stages.AWSCURRENT = 'a-signing-secret';
    return made;
  };
  const sent = { secret: 'a-signing-secret', body: '{"card":"visa","customer":"Ada Lovelace"}' };

  test('reaches the log with message, stack and cause (a TypeError alone says nothing)', async () => {
    const cause = new Error('connection refused');
    const { consume } = failing(new TypeError("Cannot read properties of undefined (reading 'id')", { cause }));
    expect(await consume(message(sent))).toHaveLength(1);
    expect(log).toEqual([
      {
        message: 'a delivery failed',
        messageId: expect.any(String),
        source: 'github',
        attempt: 1,
        error: {
          name: 'TypeError',
          message: "Cannot read properties of undefined (reading 'id')",
          stack: expect.stringContaining('webhook-testing.test.ts'),
          cause: expect.objectContaining({ name: 'Error', message: 'connection refused' }),
        },
      },
    ]);
  });

  test('is masked, and does not quote the body', async () => {
    const { consume } = failing(new Error(`bad: ${sent.body} password=hunter2-hunter2 tan=12345678`), {
      maskedFields: ['tan'],
    });
    await consume(message(sent));
    const text = JSON.stringify(log);
    expect(text).toContain('bad: [body]');
    for (const secret of ['Lovelace', 'hunter2', '12345678']) expect(text).not.toContain(secret);
  });

  test.each([
    ['text', 'away', { name: 'string', message: 'away' }],
    ['nothing', undefined, { name: 'undefined', message: 'undefined' }],
    ['what has no text', Object.create(null), { name: 'object', message: 'a value without text' }],
  ])('that is %s is logged as well', async (_, thrown, error) => {
    const { consume } = failing(thrown);
    expect(await consume(message(sent))).toHaveLength(1);
    expect(log).toEqual([expect.objectContaining({ error })]);
  });

  test('goes to the hook as it was thrown, with the delivery; a hook that fails changes nothing', async () => {
    const thrown = new TypeError('no id');
    const told: unknown[] = [];
    const made = failing(thrown, {
      onError: (error: unknown, delivery: unknown) => {
        told.push(error, delivery);
        throw new Error('the tracker is away');
      },
    });
    const [first, second] = [message({ ...sent, id: 'd1' }), message({ ...sent, id: 'd2' })];
    expect(await made.consume(first, second)).toEqual([first.messageId, second.messageId]);
    expect(told[0]).toBe(thrown);
    expect(told).toEqual([
      thrown,
      expect.objectContaining({ id: 'd1' }),
      thrown,
      expect.objectContaining({ id: 'd2' }),
    ]);
    // Both were hidden for a while, as without a hook.
    expect(made.hidden).toHaveLength(2);
    expect(log.filter((line) => line.message === 'onError failed')).toHaveLength(2);
  });

  test('a refusal is no error: nothing is logged as one and the hook is not called', async () => {
    const onError = jest.fn();
    const { consume } = failing(new Error('unreached'), { onError });
    expect(await consume(message({ ...sent, secret: 'guessed-secret' }))).toHaveLength(0);
    expect(onError).not.toHaveBeenCalled();
    expect(log).toEqual([]);
  });

  test('a commit that fails is told as well', async () => {
    const onError = jest.fn();
    const made = consumer({ onError });
    made.secrets.stages.AWSCURRENT = sent.secret;
    made.dynamo.failOn('TransactWriteItemsCommand');
    expect(await made.consume(message(sent))).toHaveLength(1);
    expect(onError).toHaveBeenCalledWith(expect.any(Error), expect.objectContaining({ id: 'd1' }));
    expect(JSON.stringify(log)).toContain('TransactWriteItemsCommand did not come through');
  });
});
