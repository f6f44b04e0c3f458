import fc from 'fast-check';
import { formerKey } from '../../lib/runtime/commit';
import type { Delivery } from '../../lib/runtime/webhook/consumer';
import { identityText } from '../../lib/runtime/webhook/identity';
import { FakeDynamo } from '../support/dynamo';
import { consumer, consumerOn, message, REFUSED_ARN } from '../support/webhook-messages';

const SECRET = 'the secret of the sender';
const shop = { source: 'shop', scheme: 'standard-webhooks' } as const;

let lines: string[];
let functionName: string | undefined;
beforeEach(() => {
  lines = [];
  for (const method of ['log', 'warn', 'error', 'info'] as const) {
    jest.spyOn(console, method).mockImplementation((...said: unknown[]) => void lines.push(said.map(String).join(' ')));
  }
  functionName = process.env.AWS_LAMBDA_FUNCTION_NAME;
});
afterEach(() => {
  jest.restoreAllMocks();
  if (functionName === undefined) delete process.env.AWS_LAMBDA_FUNCTION_NAME;
  else process.env.AWS_LAMBDA_FUNCTION_NAME = functionName;
});

/** A consumer as the Lambda function of that name. */
function named(name: string, dynamo: FakeDynamo, options: Parameters<typeof consumerOn>[1] = {}) {
  const made = consumerOn(dynamo, options);
  made.secrets.stages.AWSCURRENT = SECRET;
  const consume = (...records: Parameters<typeof made.consume>) => {
    process.env.AWS_LAMBDA_FUNCTION_NAME = name;
    return made.consume(...records);
  };
  return { ...made, consume };
}

describe('the name of the function has no part in what a delivery is', () => {
  test.each([
    ['renamed', ['Shop-Intake-1A2B', 'Shop-Orders-3C4D']],
    ['blue and green', ['Blue', 'Green']],
    ['two functions on one queue', ['One', 'Two']],
  ])('%s: one effect, one key', async (_, names) => {
    const dynamo = new FakeDynamo();
    for (const name of [...names, ...names]) {
      expect(await named(name, dynamo).consume(message({ secret: SECRET }))).toEqual([]);
    }
    expect(Number(dynamo.items.get('effect:d1')?.effects?.N)).toBe(1);
    const keys = [...dynamo.items.keys()].filter((key) => !key.startsWith('effect:'));
    expect(keys).toEqual([expect.stringMatching(/^webhook#/)]);
  });
});

describe('keys of a release whose keys began with the name of the function', () => {
  const expiring = (seconds: number) => ({ N: String(Math.floor(Date.now() / 1000) + seconds) });
  const previousFunctionName = 'Shop-Intake';
  const key = formerKey(previousFunctionName, 'github', 'd1');

  test('the key is the one that the release before wrote: name of the function, base64 of the SHA-256', () => {
    // Computed with Powertools 2.35 alone, for the function Shop-Intake and the payload github#d1.
    expect(formerKey('Shop-Intake', 'github', 'd1')).toBe('Shop-Intake#K0su/ZCxcDJC8DfQSOEG7ieHWEh1OHNyezp1DGo0Lo8=');
  });

  test('a delivery that had its effect then has none now', async () => {
    const dynamo = new FakeDynamo();
    dynamo.items.set(key, { status: { S: 'COMPLETED' }, expiration: expiring(3600) });
    const { consume, effects } = named('Shop-Orders', dynamo, { previousFunctionName });
    expect(await consume(message({ secret: SECRET }))).toEqual([]);
    expect(effects('d1')).toBe(0);
    expect(lines.join()).toContain('"Duplicate":1');
  });

  test('without the option it has one more: the option is what carries the keys over', async () => {
    const dynamo = new FakeDynamo();
    dynamo.items.set(key, { status: { S: 'COMPLETED' }, expiration: expiring(3600) });
    const { consume, effects } = named('Shop-Orders', dynamo);
    await consume(message({ secret: SECRET }));
    expect(effects('d1')).toBe(1);
  });

  test('an effect is committed under both keys, so that a release that is rolled back to finds it', async () => {
    const dynamo = new FakeDynamo();
    const { consume, effects } = named('Shop-Intake', dynamo, { previousFunctionName });
    expect(await consume(message({ secret: SECRET }))).toEqual([]);
    expect(effects('d1')).toBe(1);
    expect(dynamo.items.get(key)?.status).toEqual({ S: 'COMPLETED' });
  });

  test.each([
    ['still works on it', 10_000, 0],
    ['died over it', -10_000, 1],
  ])('a consumer of that release that %s', async (_, lockMillis, expected) => {
    const dynamo = new FakeDynamo();
    const in_progress_expiration = { N: String(Date.now() + lockMillis) };
    dynamo.items.set(key, { status: { S: 'INPROGRESS' }, expiration: expiring(3600), in_progress_expiration });
    const { consume, effects } = named('Shop-Intake', dynamo, { previousFunctionName });
    expect(await consume(message({ secret: SECRET }))).toHaveLength(1 - expected);
    expect(effects('d1')).toBe(expected);
  });

  test('a consumer of that release that takes the key meanwhile wins: nothing is committed twice', async () => {
    const dynamo = new FakeDynamo();
    const { consume, effects } = named('Shop-Intake', dynamo, {
      previousFunctionName,
      onDelivery: async (delivery, writes) => {
        dynamo.items.set(key, { status: { S: 'COMPLETED' }, expiration: expiring(3600) });
        writes.add({ Update: { TableName: 'ledger', Key: { id: { S: delivery.id } }, UpdateExpression: 'ADD a :b' } });
      },
    });
    expect(await consume(message({ secret: SECRET }))).toHaveLength(1);
    expect(effects('d1')).toBe(0);
    expect(await consume(message({ secret: SECRET }))).toEqual([]);
    expect(effects('d1')).toBe(0);
  });

  test('a key that has expired does not count', async () => {
    const dynamo = new FakeDynamo();
    dynamo.items.set(key, { status: { S: 'COMPLETED' }, expiration: expiring(-10) });
    const { consume, effects } = named('Shop-Intake', dynamo, { previousFunctionName });
    await consume(message({ secret: SECRET }));
    expect(effects('d1')).toBe(1);
  });
});

describe('one secret for all tenants: the tenant of a delivery is a claim', () => {
  const claims = (deliveries: readonly Delivery[]) =>
    deliveries.map(({ tenant, claimedTenant, id }) => [tenant, claimedTenant, id]);

  test('a captured delivery that is posted to the URL of another tenant is handed over as a claim, not as that tenant', async () => {
    const { secrets, consume, deliveries } = consumer();
    secrets.stages.AWSCURRENT = SECRET;
    await consume(message({ secret: SECRET, tenant: 'acme' }));
    await consume(message({ secret: SECRET, tenant: 'mallory', id: 'another id' }));
    expect(claims(deliveries)).toEqual([
      [undefined, 'acme', 'd1'],
      [undefined, 'mallory', 'another id'],
    ]);
    expect(deliveries.every((delivery) => !('tenant' in delivery))).toBe(true);
  });

  test('the first to post a captured delivery does not make the genuine one a duplicate', async () => {
    const { secrets, consume, deliveries } = consumer();
    secrets.stages.AWSCURRENT = SECRET;
    for (const tenant of ['mallory', 'acme', 'acme']) await consume(message({ ...shop, secret: SECRET, tenant }));
    expect(claims(deliveries)).toEqual([
      [undefined, 'mallory', 'd1'],
      [undefined, 'acme', 'd1'],
    ]);
  });

  test('two tenants may use the same id', async () => {
    const { secrets, consume, deliveries } = consumer();
    secrets.stages.AWSCURRENT = SECRET;
    for (const [tenant, body] of [
      ['acme', '{"a":1}'],
      ['globex', '{"b":2}'],
    ]) {
      await consume(message({ secret: SECRET, tenant, body }));
    }
    expect(claims(deliveries)).toHaveLength(2);
  });
});

describe('a secret for each tenant: the signature says who the tenant is', () => {
  const tenants = { acme: 'the secret of acme', globex: 'the secret of globex' };
  const perTenant = (secretPerTenant: Record<string, unknown> = tenants) => {
    const made = consumer({
      sources: {
        github: {
          scheme: 'github',
          secretArn: 'arn:github',
          secretPerTenant: true,
          toleranceSeconds: 300,
          deduplicateBy: 'delivery-id',
        },
      },
    });
    made.secrets.stages.AWSCURRENT = JSON.stringify(secretPerTenant);
    return made;
  };
  const reasons = () => lines.map((line) => JSON.parse(line).reason);

  test('each is authenticated by its own', async () => {
    const { consume, deliveries } = perTenant();
    await consume(
      message({ secret: tenants.acme, tenant: 'acme' }),
      message({ secret: tenants.globex, tenant: 'globex' }),
    );
    expect(deliveries.map(({ tenant, claimedTenant }) => [tenant, claimedTenant])).toEqual([
      ['acme', 'acme'],
      ['globex', 'globex'],
    ]);
  });

  test('a captured delivery that is posted to the URL of another tenant is refused', async () => {
    const { consume, deliveries, clock } = perTenant();
    clock.now += 60_000;
    await consume(message({ secret: tenants.acme, tenant: 'globex', receivedAt: 0 }));
    expect([deliveries.length, reasons()]).toEqual([0, ['forged']]);
  });

  test.each(['initech', 'constructor', '__proto__'])('of an unknown tenant (%s) it is refused', async (tenant) => {
    const { consume, deliveries } = perTenant();
    await consume(message({ secret: tenants.acme, tenant, receivedAt: 0 }));
    expect([deliveries.length, reasons()]).toEqual([0, ['unknown-tenant']]);
  });

  test('a tenant that was added while a function was warm is served', async () => {
    const { consume, deliveries, secrets, clock } = perTenant();
    await consume(message({ secret: tenants.acme, receivedAt: clock.now }));
    secrets.rotate(JSON.stringify({ ...tenants, initech: 'the secret of initech' }));
    clock.now += 1000;
    expect(
      await consume(message({ secret: 'the secret of initech', tenant: 'initech', receivedAt: clock.now })),
    ).toEqual([]);
    expect(deliveries.map(({ tenant }) => tenant)).toEqual(['acme', 'initech']);
  });

  test('during a rotation a tenant has two, and an edit for another tenant does not end it', async () => {
    const { consume, deliveries, secrets, clock } = perTenant();
    await consume(message({ id: 'd0', secret: tenants.acme, receivedAt: clock.now }));
    secrets.rotate(JSON.stringify({ ...tenants, acme: ['the new secret of acme', tenants.acme] }));
    secrets.rotate(
      JSON.stringify({ ...tenants, acme: ['the new secret of acme', tenants.acme], initech: 'initech, too' }),
    );
    for (const [n, secret] of ['the new secret of acme', tenants.acme].entries()) {
      clock.now += 20_000;
      expect(await consume(message({ id: `r${n}`, secret, receivedAt: clock.now }))).toEqual([]);
    }
    expect(deliveries.map(({ id }) => id)).toEqual(['d0', 'r0', 'r1']);
  });

  test('somebody else’s broken entry is not this tenant’s trouble', async () => {
    const { consume, deliveries } = perTenant({ ...tenants, globex: 'changeme' });
    await consume(message({ secret: tenants.acme }), message({ secret: 'changeme', tenant: 'globex', receivedAt: 0 }));
    expect(deliveries.map(({ tenant }) => tenant)).toEqual(['acme']);
    expect(reasons()).toContain('unusable-secret');
  });
});

test('no separator in a tenant or an id makes two deliveries one', () => {
  const part = fc.oneof(fc.string(), fc.constantFrom('#', 'a#b', '"', '","', '\\', '[', 'a","b', ''));
  const delivery = fc.tuple(part, part, part);
  const claim = fc.property(delivery, delivery, (one, other) => {
    const same = one.every((text, index) => text === other[index]);
    expect(identityText(...one) === identityText(...other)).toBe(same);
  });
  fc.assert(claim, { numRuns: 2000 });
  expect(identityText('github', 'a#b', 'c')).not.toBe(identityText('github', 'a', 'b#c'));
});

describe('a source that every object has', () => {
  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', ''])(
    '%j is refused, not retried',
    async (source) => {
      const { secrets, consume, parked } = consumer();
      secrets.stages.AWSCURRENT = SECRET;
      expect(await consume(message({ source, secret: SECRET }))).toEqual([]);
      expect(parked).toEqual([]);
      expect(lines.map((line) => JSON.parse(line))).toEqual([
        expect.objectContaining({ Refused: 1, Source: 'unknown', reason: 'unknown-source' }),
      ]);
    },
  );
});

test('the event that the sender names in a header is handed over, and is no part of what a delivery is', async () => {
  const events: (string | undefined)[] = [];
  const { secrets, consume } = consumer({ onDelivery: async ({ event }) => void events.push(event) });
  secrets.stages.AWSCURRENT = SECRET;
  const named = (id: string, event?: string) =>
    message({ id, secret: SECRET, headers: event === undefined ? {} : { 'X-GitHub-Event': event } });
  await consume(named('a', 'push'));
  await consume(named('a', 'ping'));
  await consume(named('b'));
  await consume(message({ ...shop, id: 'c', secret: SECRET, headers: { 'X-GitHub-Event': 'push' } }));
  expect(events).toEqual(['push', undefined, undefined]);
});

test('nothing that a sender wrote is logged, wherever it stands and whatever becomes of the delivery', async () => {
  const marker = 'hunter2-4111111111111111';
  const { secrets, clock, consume, failing } = consumer({
    onDelivery: async ({ id, body }) => {
      if (id.includes('fails')) throw new Error(`cannot book ${id} ${body}`);
    },
  });
  secrets.stages.AWSCURRENT = SECRET;
  const body = JSON.stringify({ id: marker, password: marker });
  const everywhere = { tenant: marker, body, headers: { 'X-GitHub-Event': marker } };
  const genuine = { ...everywhere, secret: SECRET };
  clock.now += 60_000;
  await consume(message({ ...genuine, id: marker }));
  await consume(message({ ...genuine, id: marker }));
  await consume(message({ ...genuine, id: `${marker}-fails` }));
  await consume(message({ ...everywhere, id: marker, secret: marker, receivedAt: 0 }));
  await consume(message({ ...everywhere, id: marker, secret: marker, receivedAt: clock.now }));
  await consume(message({ ...genuine, ...shop, id: `${marker}.x`, signedAt: 0 }));
  await consume(message({ ...genuine, source: marker, id: marker }));
  await consume(message({ ...genuine, id: marker, headers: { 'X-Hub-Signature-256': marker } }));
  await consume(message({ ...genuine, id: marker, headers: { 'X-GitHub-Delivery': `${marker}\n${marker}2` } }));
  await consume({
    ...message({ ...everywhere, id: marker, secret: marker, receivedAt: 0 }),
    eventSourceARN: REFUSED_ARN,
  });
  failing.send = true;
  await consume(message({ ...everywhere, id: marker, secret: marker, receivedAt: 0 }));
  secrets.rotate(`{"${marker}":"${marker}"}`);
  secrets.rotate(`{"${marker}":"${marker}"}`);
  clock.now += 600_000;
  failing.send = false;
  await consume(message({ ...genuine, id: marker, receivedAt: 0 }));
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.join('\n')).not.toMatch(/hunter2|4111/);
  expect(lines.join('\n')).not.toContain(SECRET);
});
