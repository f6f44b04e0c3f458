import { generateAuthTokenFromCredentialsProvider } from 'aws-msk-iam-sasl-signer-js';
import fc from 'fast-check';
import {
  handleEvent,
  type Ports,
  type QuotaCluster,
  type RepairEvent,
  type ResourceEvent,
} from '../../lib/runtime/kafka-quotas/apply';
import { iamToken } from '../../lib/runtime/kafka-quotas/iam-token';
import {
  decide,
  entityKey,
  type Limits,
  parseQuotas,
  type Quota,
  QuotaConflictError,
} from '../../lib/runtime/kafka-quotas/quotas';
import { refusal } from '../../lib/runtime/kafka-quotas/refusal';
import { scramSignIn } from '../../lib/runtime/kafka-quotas/scram-sign-in';
import { iamSignIn, SignInError } from '../../lib/runtime/kafka-quotas/sign-in';
import { runs } from '../support/property';

/** A cluster in memory, with quotas of others on it. */
class Cluster implements Ports {
  public readonly quotas = new Map<string, Limits>();
  public readonly counted: string[] = [];
  public connections = 0;
  public requests = 0;

  public async connect(): Promise<QuotaCluster> {
    this.connections += 1;
    return {
      describe: async (entity) => this.quotas.get(entityKey(entity)) ?? {},
      alter: async (changes) => {
        this.requests += 1;
        for (const { set, remove, ...entity } of changes) {
          const key = entityKey(entity);
          const next: Record<string, number> = { ...this.quotas.get(key), ...set };
          for (const name of remove) delete next[name];
          if (Object.keys(next).length > 0) this.quotas.set(key, next);
          else this.quotas.delete(key);
        }
      },
      close: async () => {
        this.connections -= 1;
      },
    };
  }

  public count(name: string, { entity }: Record<string, string>): void {
    this.counted.push(`${name} ${entity}`);
  }

  public of(entity: { user?: string; clientId?: string }): Limits | undefined {
    return this.quotas.get(entityKey(entity));
  }
}

const properties = (quotas: readonly Quota[], cluster = 'one') => ({
  ClusterArn: `arn:cluster/${cluster}`,
  Brokers: 'b:9096',
  Quotas: JSON.stringify(quotas),
});
const resource = (type: ResourceEvent['RequestType'], quotas: Quota[], old?: Quota[]): ResourceEvent => ({
  RequestType: type,
  LogicalResourceId: 'Quotas',
  ResourceProperties: properties(quotas),
  OldResourceProperties: old && properties(old),
});
const repair = (quotas: Quota[]): RepairEvent => ({ Repair: properties(quotas) });
const a: Quota = { user: 'a', limits: { producer_byte_rate: 1000, consumer_byte_rate: 2000 } };
const b: Quota = { user: 'b', clientId: 'loader', limits: { producer_byte_rate: 500 } };
const rest: Quota = { user: '<default>', limits: { producer_byte_rate: 10 } };

describe('one stack after another', () => {
  test('create sets, update alters the difference and removes what went, delete leaves nothing', async () => {
    const cluster = new Cluster();
    const answer = await handleEvent(resource('Create', [a, b]), cluster);
    expect(answer).toEqual({ PhysicalResourceId: 'arn:cluster/one/quotas/Quotas', Data: { Entities: 2 } });
    expect([cluster.of(a), cluster.of(b)]).toEqual([a.limits, b.limits]);

    const smaller: Quota = { user: 'a', limits: { producer_byte_rate: 1000 } };
    await handleEvent(resource('Update', [smaller, rest], [a, b]), cluster);
    expect([...cluster.quotas.values()]).toEqual([smaller.limits, rest.limits]);

    await handleEvent(resource('Delete', [smaller, rest]), cluster);
    expect(cluster.quotas.size).toBe(0);
    expect([cluster.requests, cluster.connections]).toEqual([3, 0]);
  });

  test('what somebody else set stays: other entities, and other limits of the same one', async () => {
    const cluster = new Cluster();
    cluster.quotas.set(entityKey({ user: 'other' }), { producer_byte_rate: 7 });
    cluster.quotas.set(entityKey({ user: 'b', clientId: 'loader' }), { request_percentage: 50 });
    await handleEvent(resource('Create', [a, b]), cluster);
    expect(cluster.of(b)).toEqual({ producer_byte_rate: 500, request_percentage: 50 });
    await handleEvent(resource('Delete', [a, b]), cluster);
    expect([...cluster.quotas]).toEqual([
      [entityKey({ user: 'other' }), { producer_byte_rate: 7 }],
      [entityKey(b), { request_percentage: 50 }],
    ]);
  });

  test('nothing is sent when nothing differs', async () => {
    const cluster = new Cluster();
    await handleEvent(resource('Create', [a]), cluster);
    await handleEvent(resource('Update', [a], [a]), cluster);
    expect(cluster.requests).toBe(1);
  });

  test('another cluster is another resource, and nothing is removed there that never was', async () => {
    const cluster = new Cluster();
    cluster.quotas.set(entityKey(b), b.limits);
    const moved = { ...resource('Update', [a]), OldResourceProperties: properties([b], 'two') };
    expect(await handleEvent(moved, cluster)).toMatchObject({ PhysicalResourceId: 'arn:cluster/one/quotas/Quotas' });
    expect(cluster.of(b)).toEqual(b.limits);
  });

  test('a failed request closes the connection and is not swallowed', async () => {
    const cluster = new Cluster();
    const connect = cluster.connect.bind(cluster);
    cluster.connect = async () => ({ ...(await connect()), alter: () => Promise.reject(new Error('refused')) });
    await expect(handleEvent(resource('Create', [a]), cluster)).rejects.toThrow('refused');
    expect(cluster.connections).toBe(0);
  });
});

describe('drift', () => {
  test('what was altered or removed by hand is set again, and counted by entity', async () => {
    const cluster = new Cluster();
    await handleEvent(resource('Create', [a, b, rest]), cluster);
    cluster.quotas.set(entityKey(a), { ...a.limits, producer_byte_rate: 9_999_999 });
    cluster.quotas.delete(entityKey(rest));
    expect(await handleEvent(repair([a, b, rest]), cluster)).toEqual({ repaired: ["user 'a'", 'any other user'] });
    expect([cluster.of(a), cluster.of(b), cluster.of(rest)]).toEqual([a.limits, b.limits, rest.limits]);
    expect(cluster.counted).toEqual(["QuotasRepaired user 'a'", 'QuotasRepaired any other user']);
    expect(await handleEvent(repair([a, b, rest]), cluster)).toEqual({ repaired: [] });
  });

  test('quotas of others are no drift', async () => {
    const cluster = new Cluster();
    cluster.quotas.set(entityKey({ user: 'other' }), { producer_byte_rate: 7 });
    await handleEvent(resource('Create', [a]), cluster);
    expect(await handleEvent(repair([a]), cluster)).toEqual({ repaired: [] });
    expect(cluster.of({ user: 'other' })).toEqual({ producer_byte_rate: 7 });
  });
});

describe('the difference', () => {
  const names = fc.option(fc.constantFrom('a', 'b', '<default>'), { nil: undefined });
  const limits = fc.record(
    {
      producer_byte_rate: fc.integer({ min: 1, max: 3 }),
      consumer_byte_rate: fc.integer({ min: 1, max: 3 }),
      request_percentage: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: [] },
  );
  const lists = fc
    .array(fc.record({ user: names, clientId: names, limits }), { maxLength: 6 })
    .map((all) => all.filter(({ user, clientId }) => user !== undefined || clientId !== undefined))
    .map((all) => [...new Map(all.map((one) => [entityKey(one), one])).values()]);

  const LIMITS = ['producer_byte_rate', 'consumer_byte_rate', 'request_percentage'] as const;
  type Numbers = Record<string, number | undefined>;
  const named = (list: readonly Quota[], key: string) =>
    (list.find((one) => entityKey(one) === key)?.limits ?? {}) as Numbers;

  test('from any state, any stack: all that is wanted holds, what we set is gone, what others set is as it was', () => {
    fc.assert(
      fc.property(lists, lists, lists, (wanted, previous, there) => {
        const before = new Map(there.map((one) => [entityKey(one), one.limits as Limits]));
        const after = new Map<string, Numbers>([...before].map(([key, value]) => [key, { ...value } as Numbers]));
        const { changes, conflicts } = decide(wanted, previous, before);
        for (const { set, remove, ...entity } of changes) {
          const next = { ...after.get(entityKey(entity)), ...set } as Numbers;
          for (const name of remove) {
            expect(next[name]).toBeDefined();
            delete next[name];
          }
          after.set(entityKey(entity), next);
        }
        for (const key of new Set([...wanted, ...previous, ...there].map(entityKey))) {
          const [shall, had, was] = [named(wanted, key), named(previous, key), named(there, key)];
          const isWanted = wanted.some((one) => entityKey(one) === key);
          const untouched = LIMITS.every((name) => [undefined, was[name]].includes(had[name]) || !was[name]);
          for (const name of LIMITS) {
            const ours = had[name] !== undefined && had[name] === was[name];
            const goes = ours && (isWanted || untouched);
            expect(after.get(key)?.[name]).toBe(shall[name] ?? (goes ? undefined : was[name]));
            const foreign = was[name] !== undefined && shall[name] !== undefined && was[name] !== shall[name];
            const conflict = conflicts.some((one) => entityKey(one) === key && one.limit === name);
            expect(conflict).toBe(foreign && had[name] === undefined);
          }
        }
      }),
      { numRuns: runs },
    );
  });
});

describe('two owners of one entity', () => {
  const taken = (quotas: Quota[], TakeOver = 'true'): ResourceEvent => {
    const event = resource('Create', quotas);
    return { ...event, ResourceProperties: { ...event.ResourceProperties, TakeOver } };
  };
  const foreign = { producer_byte_rate: 7 };
  const other: Quota = { user: 'a', limits: { producer_byte_rate: 1000, consumer_byte_rate: 1 } };

  test('a construct under a new name takes over what it finds under the old one', async () => {
    const cluster = new Cluster();
    await handleEvent(resource('Create', [a, b]), cluster);
    await handleEvent({ ...resource('Create', [a, b]), LogicalResourceId: 'Renamed' }, cluster);
    expect([cluster.of(a), cluster.of(b), cluster.requests]).toEqual([a.limits, b.limits, 1]);
  });

  test('a second stack with other values is refused by name, and alters nothing, not even what is free', async () => {
    const cluster = new Cluster();
    await handleEvent(resource('Create', [a]), cluster);
    const failed = await handleEvent(resource('Create', [other, b]), cluster).catch((error) => error);
    expect(failed).toBeInstanceOf(QuotaConflictError);
    expect(failed.message).toMatch(
      /^quotas of another owner.*: user 'a' has consumer_byte_rate 2000, wanted is 1; nothing was altered.* takeOver/,
    );
    expect([...cluster.quotas]).toEqual([[entityKey(a), a.limits]]);
    expect(cluster.connections).toBe(0);
  });

  test('many conflicts fit into the answer that CloudFormation takes', async () => {
    const cluster = new Cluster();
    const many = Array.from({ length: 200 }, (_, i): Quota => ({ user: `user-${i}`, limits: a.limits }));
    for (const one of many) cluster.quotas.set(entityKey(one), foreign);
    const failed = await handleEvent(resource('Create', many), cluster).catch((error) => error);
    expect(failed.message).toContain('195 more');
    expect(failed.message.length).toBeLessThan(2048);
  });

  test('takeOver overwrites; anything but true does not', async () => {
    const cluster = new Cluster();
    cluster.quotas.set(entityKey(a), foreign);
    await expect(handleEvent(taken([a], 'false'), cluster)).rejects.toBeInstanceOf(QuotaConflictError);
    expect(cluster.of(a)).toEqual(foreign);
    await handleEvent(taken([a]), cluster);
    expect(cluster.of(a)).toEqual(a.limits);
  });

  test('a tenant that an update adds is compared like those of a creation', async () => {
    const cluster = new Cluster();
    await handleEvent(resource('Create', [a]), cluster);
    cluster.quotas.set(entityKey(b), foreign);
    await expect(handleEvent(resource('Update', [a, b], [a]), cluster)).rejects.toThrow(/user 'b' with client-id/);
    // The roll-back of that update goes through, and leaves what is not ours.
    await handleEvent(resource('Update', [a], [a, b]), cluster);
    expect([cluster.of(a), cluster.of(b)]).toEqual([a.limits, foreign]);
    expect(cluster.counted).toEqual(["QuotasLeft user 'b' with client-id 'loader'"]);
  });

  test('an update that is rolled back, half done or done, ends with the old values and says nothing', async () => {
    const more: Quota = { user: 'a', limits: { producer_byte_rate: 9, request_percentage: 5 } };
    for (const done of [[], [resource('Update', [more, rest], [a, b])]]) {
      const cluster = new Cluster();
      await handleEvent(resource('Create', [a, b]), cluster);
      for (const event of [...done, resource('Update', [a, b], [more, rest])]) await handleEvent(event, cluster);
      expect([...cluster.quotas.values()]).toEqual([a.limits, b.limits]);
      expect(cluster.counted).toEqual([]);
    }
  });

  test('an update that finds one of our own limits altered sets it, and says so', async () => {
    const cluster = new Cluster();
    await handleEvent(resource('Create', [a]), cluster);
    cluster.quotas.set(entityKey(a), { ...a.limits, producer_byte_rate: 31 });
    const next: Quota = { user: 'a', limits: { ...a.limits, producer_byte_rate: 2000 } };
    await handleEvent(resource('Update', [next], [a]), cluster);
    expect(cluster.of(a)).toEqual(next.limits);
    expect(cluster.counted).toEqual(["QuotasRepaired user 'a'"]);
  });

  test('a tenant that goes takes its quota with it only while the values are ours', async () => {
    const cluster = new Cluster();
    await handleEvent(resource('Create', [a, b]), cluster);
    cluster.quotas.set(entityKey(b), foreign);
    await handleEvent(resource('Update', [a], [a, b]), cluster);
    expect(cluster.of(b)).toEqual(foreign);
    await handleEvent(resource('Update', [], [a]), cluster);
    expect([...cluster.quotas]).toEqual([[entityKey(b), foreign]]);
  });

  test('a deletion removes an entity as a whole or not at all', async () => {
    const cluster = new Cluster();
    await handleEvent(resource('Create', [a, b]), cluster);
    cluster.quotas.set(entityKey(a), { ...a.limits, consumer_byte_rate: 9 });
    await handleEvent(resource('Delete', [a, b]), cluster);
    expect([...cluster.quotas]).toEqual([[entityKey(a), { ...a.limits, consumer_byte_rate: 9 }]]);
    expect(cluster.counted).toEqual(["QuotasLeft user 'a'"]);
  });

  test('on another cluster everything is compared anew', async () => {
    const cluster = new Cluster();
    cluster.quotas.set(entityKey(a), foreign);
    const moved = { ...resource('Update', [a]), OldResourceProperties: properties([a], 'two') };
    await expect(handleEvent(moved, cluster)).rejects.toBeInstanceOf(QuotaConflictError);
  });
});

describe('what comes in is checked, and errors name entity and limit', () => {
  test.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /must be JSON text/],
    ['no list', '{}', /must be a list/],
    ['nobody', [{ limits: {} }], /must name a user, a client-id, or both/],
    ['an empty name', [{ user: '' }], /not empty/],
    [
      'a rate of text',
      [{ user: 'a', limits: { producer_byte_rate: '5' } }],
      /user 'a': producer_byte_rate must be a number above 0, got 5/,
    ],
    [
      'a rate of zero',
      [{ clientId: 'c', limits: { producer_byte_rate: 0 } }],
      /client-id 'c': producer_byte_rate must be a number above 0, got 0/,
    ],
    [
      'a limit that Kafka has not',
      [{ user: 'a', limits: { bytes: 1 } }],
      /user 'a': no limit 'bytes'; there are producer_byte_rate/,
    ],
    ['one entity twice', [a, a], /user 'a' has two quotas; there can be one/],
  ])('%s', (_, given, message) => expect(() => parseQuotas(given)).toThrow(message));
});

describe('signing in', () => {
  const secretArn = 'arn:secret';
  const answering = (SecretString?: string) => ({ send: async () => ({ SecretString }) }) as never;

  test('SCRAM-SHA-512 with the user and the password of the secret', async () => {
    const sasl = await scramSignIn(secretArn, answering('{"username":"u","password":"hunter2"}'));
    expect(sasl).toEqual({ mechanism: 'SCRAM-SHA-512', username: 'u', password: 'hunter2' });
  });

  test.each(['hunter2', '{"username":"u","password":7}', '{"password":"hunter2"}', 'null', undefined])(
    'a secret of another form says what form it must have, and not what it holds: %p',
    async (text) => {
      const failed = await scramSignIn(secretArn, answering(text)).catch((error) => error);
      expect(failed).toBeInstanceOf(SignInError);
      expect(failed.message).toBe('the secret arn:secret must hold JSON with the texts username and password');
      expect(String(failed.stack)).not.toContain('hunter2');
    },
  );

  test('a secret that cannot be read says where to look', async () => {
    const denied = Object.assign(new Error('hunter2'), { name: 'AccessDeniedException' });
    const failed = await scramSignIn(secretArn, { send: () => Promise.reject(denied) } as never).catch(
      (error) => error,
    );
    expect(failed.message).toMatch(/arn:secret cannot be read \(AccessDeniedException\); look at its policy/);
    expect(failed.message).not.toContain('hunter2');
  });

  describe("the token of a role is the one of AWS's own signer", () => {
    afterEach(() => jest.useRealTimers());

    test.each<[string, string | undefined]>([
      ['us-east-1', 'FwoGZXIvYXdzE/x+y=='],
      ['eu-central-1', undefined],
    ])('%s, session %p', async (region, sessionToken) => {
      const now = new Date('2026-11-23T04:05:06.789Z');
      jest.useFakeTimers({ now, doNotFake: ['nextTick', 'setImmediate', 'setTimeout'] });
      const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'wJalr/XUtn+FEMI', sessionToken };
      const { token } = await generateAuthTokenFromCredentialsProvider({
        region,
        awsCredentialsProvider: async () => credentials,
      });
      const parts = (text: string) => {
        const url = new URL(Buffer.from(text, 'base64url').toString('utf8'));
        const query = [...url.searchParams].filter(([name]) => name !== 'User-Agent');
        return { host: url.host, path: url.pathname, query: Object.fromEntries(query) };
      };
      expect(parts(iamToken(region, credentials, now))).toEqual(parts(token));
      expect(parts(token).query['X-Amz-Signature']).toMatch(/^[0-9a-f]{64}$/);
    });
  });

  test("a role signs with what is in the function's environment, and says so when there is nothing", () => {
    const environment = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' };
    expect(iamSignIn(environment)).toMatchObject({ mechanism: 'OAUTHBEARER' });
    expect(() => iamSignIn({ AWS_REGION: 'us-east-1' })).toThrow(SignInError);
  });
});

describe('a refusal says why, and nothing that was sent', () => {
  const nested = (inner: object) => ({ code: 'PLT_KFK_MULTIPLE', errors: [{ code: 'PLT_KFK_NETWORK', cause: inner }] });
  test.each<[string, object, string]>([
    [
      'a wrong password',
      nested({ code: 'PLT_KFK_AUTHENTICATION', message: 'hunter2' }),
      'the cluster does not accept our credentials',
    ],
    ['no permission', nested({ apiId: 'CLUSTER_AUTHORIZATION_FAILED' }), 'CLUSTER_AUTHORIZATION_FAILED'],
    [
      'no way',
      nested({ code: 'ECONNREFUSED' }),
      'no broker of b:9096 can be reached (ECONNREFUSED); look at security groups and subnets',
    ],
    [
      'no answer',
      { code: 'PLT_KFK_TIMEOUT' },
      'no broker of b:9096 can be reached; look at security groups and subnets',
    ],
    ['something else', { message: 'hunter2' }, 'the client failed (no code)'],
  ])('%s', (_, error, sentence) => expect(refusal(error, 'b:9096')).toBe(sentence));
});
