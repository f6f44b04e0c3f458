import { arrived, consumer, consumerOn, LIVE_ARN, message, REFUSED_ARN } from '../support/webhook-messages';

const GOOD = 'the secret of the sender';
const WRONG = 'the secret of somebody else';

let lines: Record<string, unknown>[];
beforeEach(() => {
  lines = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(JSON.parse(line)));
});
afterEach(() => jest.restoreAllMocks());
const counted = (metric: string) => lines.filter((line) => metric in line).length;

/** A consumer whose secret was put in wrong. */
function misconfigured(options: Parameters<typeof consumer>[0] = {}) {
  const made = consumer(options);
  made.secrets.stages.AWSCURRENT = WRONG;
  return made;
}

describe('a wrong secret was put in, a hundred deliveries are refused, the secret is repaired, they are replayed', () => {
  test('each has its effect once, with its body and its time of receipt', async () => {
    const { clock, secrets, parked, consume, deliveries, effects, hidden } = misconfigured();
    const receivedAt = clock.now;
    clock.now += 60_000;
    const ids = Array.from({ length: 100 }, (_, n) => `d${n}`);
    for (const id of ids) {
      const one = message({ id, secret: GOOD, body: `{"n":"${id}"}`, receivedAt });
      expect(await consume(one)).toEqual([]);
    }
    expect([parked.length, counted('Refused'), deliveries.length]).toEqual([100, 100, 0]);
    expect(new Set(parked.map(({ QueueUrl }) => QueueUrl))).toEqual(new Set(['refused']));

    // Before the repair a replay changes nothing: nothing is parked twice, and each message waits longer.
    const [first] = parked;
    for (let attempt = 1; attempt <= 12; attempt++) {
      clock.now += 20_000;
      const replayed = arrived(first, REFUSED_ARN, attempt);
      expect(await consume(replayed)).toEqual([replayed.messageId]);
    }
    expect(parked).toHaveLength(100);
    expect(hidden.map(({ queue }) => queue)).toEqual(hidden.map(() => 'refused'));
    expect(hidden.slice(0, 4).map(({ seconds }) => seconds)).toEqual([60, 120, 240, 480]);
    expect(hidden.at(-1)?.seconds).toBe(43_200 - 900);

    secrets.stages.AWSCURRENT = GOOD;
    clock.now += 13 * 86_400_000;
    for (const letter of parked) expect(await consume(arrived(letter, REFUSED_ARN))).toEqual([]);
    expect(ids.map(effects)).toEqual(ids.map(() => 1));
    expect(new Set(deliveries.map((delivery) => delivery.receivedAtMillis))).toEqual(new Set([receivedAt]));
    expect(deliveries.map(({ body }) => body)).toEqual(ids.map((id) => `{"n":"${id}"}`));
    // A second replay of the same messages is a duplicate.
    for (const letter of parked) expect(await consume(arrived(letter, REFUSED_ARN))).toEqual([]);
    expect(ids.map(effects)).toEqual(ids.map(() => 1));
  });

  test('a replay ten seconds after the repair does not use what a warm function has cached', async () => {
    const { clock, secrets, parked, consume, effects } = misconfigured();
    const ids = Array.from({ length: 20 }, (_, n) => `d${n}`);
    for (const id of ids) await consume(message({ id, secret: GOOD, receivedAt: 0 }));
    await consume(arrived(parked[0], REFUSED_ARN));
    secrets.stages.AWSCURRENT = GOOD;
    clock.now += 10_000;
    const before = secrets.reads;
    for (const letter of parked) expect(await consume(arrived(letter, REFUSED_ARN))).toEqual([]);
    expect(ids.map(effects)).toEqual(ids.map(() => 1));
    expect(secrets.reads - before).toBe(1);
  });

  test('a replay of strangers reads a secret once in ten seconds', async () => {
    const { clock, secrets, parked, consume } = misconfigured();
    await consume(message({ secret: GOOD, receivedAt: 0 }));
    const [before, started] = [secrets.reads, clock.now];
    for (let n = 0; n < 600; n++) {
      clock.now += 100;
      expect(await consume(arrived(parked[0], REFUSED_ARN))).toHaveLength(1);
    }
    expect(secrets.reads - before).toBeLessThanOrEqual(1 + (clock.now - started) / 10_000);
  });

  test('what the sender sent once more after the repair and what is replayed are one delivery', async () => {
    const { clock, secrets, parked, consume, effects, dynamo } = misconfigured();
    await consume(message({ secret: GOOD, receivedAt: clock.now }));
    secrets.stages.AWSCURRENT = GOOD;
    clock.now += 60_000;
    expect(await consume(message({ secret: GOOD, receivedAt: clock.now }))).toEqual([]);
    expect(await consume(arrived(parked[0], REFUSED_ARN))).toEqual([]);
    expect(effects('d1')).toBe(1);
    // The key outlives the last day on which the parked copy can be replayed.
    const [key] = [...dynamo.items.entries()].filter(([id]) => id.startsWith('webhook#'));
    expect(Number(key[1].expiration.N) - Date.now() / 1000).toBeGreaterThan(28 * 86_400 - 60);
  });
});

describe('what is parked', () => {
  const shop = { source: 'shop', scheme: 'standard-webhooks', secret: GOOD } as const;
  test.each([
    ['another secret', 'forged', { secret: WRONG }],
    ["a sender's clock that is an hour off", 'outside-window', { ...shop, signedAt: Date.now() - 3_600_000 }],
    ['a signature header that did not arrive', 'unsigned', { secret: GOOD, headers: { 'X-Hub-Signature-256': '' } }],
    ['an id header that did not arrive', 'no-delivery-id', { secret: GOOD, headers: { 'X-GitHub-Delivery': '' } }],
    [
      'a header in two spellings that disagree',
      'conflicting-headers',
      { secret: GOOD, headers: { 'X-GitHub-Delivery': 'a\nb' } },
    ],
    ['an id that can be read in two ways', 'ambiguous-delivery-id', { ...shop, id: 'a.b' }],
  ])('%s: %s', async (_, reason, sent) => {
    const { secrets, parked, consume, deliveries } = consumer();
    secrets.stages.AWSCURRENT = GOOD;
    const one = message(sent);
    expect(await consume(one)).toEqual([]);
    expect(deliveries).toEqual([]);
    const { signed: _signed, ...came } = Object.fromEntries(
      Object.entries(one.messageAttributes).map(([name, { stringValue }]) => [
        name,
        { DataType: 'String', StringValue: stringValue },
      ]),
    );
    expect(parked).toEqual([
      {
        QueueUrl: 'refused',
        MessageBody: one.body,
        MessageGroupId: 'acme',
        MessageAttributes: {
          ...came,
          'backpressure-refused': { DataType: 'String', StringValue: reason },
          'backpressure-first-seen': { DataType: 'String', StringValue: one.attributes.SentTimestamp },
        },
      },
    ]);
    expect(lines).toEqual([expect.objectContaining({ Refused: 1, reason })]);
  });

  test('a source that nobody configured is not: no repair makes it genuine, and anybody can send it', async () => {
    const { parked, consume } = consumer();
    expect(await consume(message({ source: 'nobody', secret: GOOD }))).toEqual([]);
    expect([parked.length, counted('Refused')]).toEqual([0, 1]);
  });

  test('a wider window, not a later receipt, makes a parked delivery valid', async () => {
    const { clock, secrets, parked, consume, dynamo } = consumer();
    secrets.stages.AWSCURRENT = GOOD;
    const signedAt = clock.now - 1_800_000;
    await consume(message({ ...shop, signedAt, receivedAt: clock.now }));
    clock.now += 86_400_000;
    expect(await consume(arrived(parked[0], REFUSED_ARN))).toHaveLength(1);
    const wider = consumerOn(dynamo, {
      sources: {
        shop: {
          scheme: 'standard-webhooks',
          secretArn: 'arn:shop',
          toleranceSeconds: 3600,
          deduplicateBy: 'delivery-id',
        },
      },
    });
    wider.secrets.stages.AWSCURRENT = GOOD;
    wider.clock.now = clock.now;
    expect(await wider.consume(arrived(parked[0], REFUSED_ARN))).toEqual([]);
    expect(wider.effects('d1')).toBe(1);
  });

  test('a redriven message of ten attributes gives up those of the redriver, not those it is judged by', async () => {
    const { secrets, parked, consume } = misconfigured();
    const full = message({ secret: GOOD, headers: { 'X-GitHub-Event': 'push' } });
    for (const name of ['redrives', 'id', 'first-seen', 'redriven-at']) {
      full.messageAttributes[`backpressure-${name}`] = { stringValue: '1790000000000', dataType: 'String' };
    }
    expect(Object.keys(full.messageAttributes)).toHaveLength(10);
    await consume(full);
    const names = Object.keys(parked[0].MessageAttributes);
    expect(names.length).toBeLessThanOrEqual(10);
    secrets.stages.AWSCURRENT = GOOD;
    expect(parked[0].MessageAttributes).toMatchObject({
      'backpressure-first-seen': { StringValue: '1790000000000' },
      tenant: { StringValue: 'acme' },
    });
  });
});

describe('a flood of forgeries', () => {
  test('is parked up to the limit of the hour, all instances together; the rest is counted', async () => {
    const one = misconfigured({ parkedPerHour: 500 });
    const other = consumerOn(one.dynamo, { parkedPerHour: 500 });
    other.secrets.stages.AWSCURRENT = WRONG;
    other.clock.now = one.clock.now;
    for (let n = 0; n < 1000; n++) {
      await one.consume(message({ id: `a${n}`, secret: 'x', receivedAt: 0 }));
      await other.consume(message({ id: `b${n}`, secret: 'x', receivedAt: 0 }));
      one.clock.now = other.clock.now += 100;
    }
    const parked = one.parked.length + other.parked.length;
    expect(parked).toBeLessThanOrEqual(1000);
    expect(parked).toBeGreaterThanOrEqual(490);
    expect(counted('Refused')).toBe(parked + counted('RefusedDropped'));
    // Every write buys a hundredth of the hour.
    const writes = one.dynamo.calls.filter((call) => call === 'UpdateItemCommand').length;
    expect(writes).toBeLessThanOrEqual(2 * (100 + 2));
  });

  test('of one source leaves the limit of another alone', async () => {
    const { secrets, consume, parked } = misconfigured({ parkedPerHour: 10 });
    for (let n = 0; n < 30; n++) await consume(message({ id: `a${n}`, secret: 'x', receivedAt: 0 }));
    secrets.stages.AWSCURRENT = GOOD;
    const before = parked.length;
    await consume(message({ source: 'shop', scheme: 'standard-webhooks', secret: 'x', receivedAt: 0, signedAt: 0 }));
    expect([before, parked.length]).toEqual([10, 11]);
  });
});

describe('nothing is deleted that is neither judged nor parked', () => {
  test('tries that the refused queue does not take use up nothing of the hour', async () => {
    const made = misconfigured({ parkedPerHour: 3 });
    made.failing.send = true;
    const records = [1, 2, 3].map((n) => message({ id: `d${n}`, secret: GOOD, receivedAt: 0 }));
    for (let attempt = 1; attempt <= 5; attempt++) await made.consume(...records);
    made.failing.send = false;
    expect(await made.consume(...records)).toEqual([]);
    expect([made.parked.length, counted('RefusedDropped')]).toEqual([3, 0]);
  });

  test('one tenant whose secret cannot be used is counted apart, however much is accepted of the others', async () => {
    const github = { scheme: 'github', secretArn: 'arn:github', toleranceSeconds: 300, deduplicateBy: 'delivery-id' };
    const made = consumer({ sources: { github: { ...github, secretPerTenant: true } as never } });
    const tenants = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`t${n}`, `${GOOD} of t${n}`]));
    made.secrets.stages.AWSCURRENT = JSON.stringify({ ...tenants, t500: 'changeme' });
    for (let n = 490; n < 510; n++) {
      await made.consume(message({ id: `d${n}`, tenant: `t${n}`, secret: `${GOOD} of t${n}`, receivedAt: 0 }));
    }
    expect([counted('Processed'), counted('UnusableSecret'), made.parked.length]).toEqual([19, 1, 1]);
  });

  test.each([
    ['the refused queue does not take it', (made: ReturnType<typeof misconfigured>) => (made.failing.send = true)],
    ['the table does not count it', (made: ReturnType<typeof misconfigured>) => made.dynamo.dieOn('UpdateItemCommand')],
  ])('%s: it is retried', async (_, breakIt) => {
    const made = misconfigured();
    breakIt(made);
    const one = message({ secret: GOOD, receivedAt: 0 });
    expect(await made.consume(one)).toEqual([one.messageId]);
    expect([counted('Refused'), made.hidden.length]).toEqual([0, 1]);
  });

  test.each([
    ['', 'empty'],
    ['whsec_', 'whsec_'],
    ['whsec_...', 'placeholder'],
    ['{"secret":"a good secret it would be"}', 'JSON'],
    ['changeme', 'placeholder'],
  ])(
    'with the secret %j everything is parked, nothing accepted, and the log says why without the value',
    async (secret, why) => {
      const { secrets, parked, consume, deliveries } = consumer();
      secrets.stages.AWSCURRENT = secret;
      for (const key of [secret || 'x', GOOD, '']) await consume(message({ secret: key || 'x', receivedAt: 0 }));
      await consume(
        message({ source: 'shop', scheme: 'standard-webhooks', secret: 'whsec_', receivedAt: 0, signedAt: 0 }),
      );
      expect([parked.length, deliveries.length]).toEqual([4, 0]);
      expect(lines.every((line) => line.reason === 'unusable-secret')).toBe(true);
      // One counts for the source, the other rings by itself: no stranger can cause it.
      expect([counted('Refused'), counted('UnusableSecret')]).toEqual([4, 4]);
      expect(lines.every((line) => String(line.problem).includes(why) || why === 'whsec_')).toBe(true);
      expect(JSON.stringify(lines)).not.toContain('a good secret');
    },
  );

  test('with an unusable secret and the hour used up it is retried', async () => {
    const { secrets, consume } = consumer({ parkedPerHour: 1 });
    secrets.stages.AWSCURRENT = '';
    const records = [1, 2].map((n) => message({ id: `d${n}`, secret: GOOD, receivedAt: 0 }));
    expect(await consume(...records)).toEqual([records[1].messageId]);
    expect([counted('UnusableSecret'), counted('Refused')]).toEqual([2, 1]);
  });

  test('an unusable new version does not shut out what the previous one verifies', async () => {
    const { secrets, consume, effects, parked } = consumer();
    secrets.stages.AWSCURRENT = GOOD;
    secrets.rotate('{"secret":"put in by the console"}');
    expect(await consume(message({ secret: GOOD }))).toEqual([]);
    expect([effects('d1'), parked.length]).toEqual([1, 0]);
  });
});

test('a replay that fails for another reason is retried in the refused queue, with the backoff of an attempt', async () => {
  const { parked, consume, hidden, secrets, clock } = misconfigured({
    onDelivery: async () => {
      throw new Error('the order system is away');
    },
  });
  await consume(message({ secret: GOOD, receivedAt: clock.now }));
  secrets.stages.AWSCURRENT = GOOD;
  clock.now += 60_000;
  const replayed = arrived(parked[0], REFUSED_ARN, 3);
  expect(await consume(replayed)).toEqual([replayed.messageId]);
  expect(hidden).toHaveLength(1);
  expect(hidden[0].queue).toBe('refused');
  expect(hidden[0].seconds).toBeLessThanOrEqual(8);
  expect(parked).toHaveLength(1);
});

test('only the queue says what a replay is: an attribute of the live queue does not', async () => {
  const { parked, consume } = misconfigured();
  const one = message({ secret: GOOD, receivedAt: 0 });
  one.messageAttributes['backpressure-refused'] = { stringValue: 'forged', dataType: 'String' };
  expect(one.eventSourceARN).toBe(LIVE_ARN);
  expect(await consume(one)).toEqual([]);
  expect(parked).toHaveLength(1);
});
