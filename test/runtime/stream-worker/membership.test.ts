/** How a member stays one while its coordinator is away, and how it leaves: against clients that answer what the test says. */
import { newMember, newReader } from '../../../lib/runtime/stream-worker/client';
import { fakeGroup, refusal } from './fake-clients';

jest.mock('node:timers/promises', () => jest.requireActual('./waits'));

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
});
afterEach(() => {
  jest.useRealTimers();
});

const CLOSED = new Error('Connection closed');
const later = (seconds: number) => jest.advanceTimersByTimeAsync(1000 * seconds);
const never = () => new Promise<never>(() => {});

async function joined() {
  const world = fakeGroup();
  await world.group.join();
  const failing = () => {
    try {
      world.group.check();
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  return { ...world, failing };
}

describe('a topic that gets more partitions', () => {
  test('the member that leads joins again, once, with what it knows by then', async () => {
    const { member, group, lines } = await joined();
    group.counted(3);
    await later(10);
    expect(member.joins).toBe(1);
    member.count = 6;
    for (let time = 0; time < 3; time += 1) group.counted(6);
    await later(2);
    group.counted(6);
    await later(10);
    expect([member.joins, group.dealt]).toEqual([2, 2]);
    expect(lines).toEqual([{ topic: 'metrics', partitionsBefore: 3, partitionsNow: 6 }]);
  });

  test('no other member does: their coordinator would deal out nothing', async () => {
    const world = fakeGroup();
    world.member.leads = false;
    await world.group.join();
    world.group.counted(6);
    await later(10);
    expect(world.member.joins).toBe(1);
  });

  test('a member without a partition notices it too', async () => {
    const { member, client, reader } = await joined();
    member.deal();
    for (const one of [member, client]) one.count = 6;
    const reading = reader.next(1);
    await later(2);
    expect(await reading).toEqual([]);
    expect(member.joins).toBe(2);
  });
});

describe('a coordinator that does not answer', () => {
  test('heartbeats keep the membership as it is', async () => {
    const { member, group, failing } = await joined();
    for (let time = 0; time < 100; time += 1) {
      await later(3);
      member.emit('consumer:heartbeat:end');
    }
    expect([failing(), member.joins, group.dealt, member.connection.destroyed]).toEqual([undefined, 1, 1, false]);
  });

  // A node that lost its power closes nothing, and the client would wait as long as for a join: six minutes.
  test('a heartbeat without an answer is sent again over a new connection', async () => {
    const { member, failing } = await joined();
    await later(14);
    expect(member.connection.destroyed).toBe(true);
    member.emit('consumer:heartbeat:end');
    await later(10);
    expect(failing()).toBeUndefined();
  });

  test('a minute without an answer ends the worker', async () => {
    const { failing } = await joined();
    await later(57);
    expect(failing()).toBeUndefined();
    await later(2);
    expect(failing()).toBe('the coordinator of the group answers no heartbeat');
  });

  test('a join is waited for: it is answered when all have joined', async () => {
    const { member, failing } = await joined();
    // The heartbeat heard that the group deals out its partitions.
    member.emit('client:performWithRetry', 'joinGroup');
    await later(300);
    expect([failing(), member.connection.destroyed]).toEqual([undefined, false]);
  });

  // No timer of ours is as short as a join may last.
  test('while it joins, the kernel asks whether the node of its broker is still there', async () => {
    const { member } = await joined();
    member.emit('client:broker:connect', { connection: member.connection });
    expect(member.connection.keptAliveAfterMillis).toBe(10_000);
  });

  test.each(['consumer:heartbeat:error', 'error'])(
    '%s: the client sends no heartbeat any more, so that the member joins again, as soon as it can',
    async (event) => {
      const { member, group, failing } = await joined();
      const { onJoin } = member;
      member.onJoin = async () => {
        throw CLOSED;
      };
      member.emit(event, event === 'error' ? CLOSED : { error: CLOSED });
      await later(20);
      expect(failing()).toBeUndefined();
      member.onJoin = onJoin;
      await later(2);
      expect(group.dealt).toBe(2);
      member.emit('consumer:heartbeat:end');
      await later(10);
      expect(failing()).toBeUndefined();
    },
  );

  test('a member that cannot join again within a session ends the worker, and no event without a listener the process', async () => {
    const { member, failing } = await joined();
    member.onJoin = async () => {
      throw CLOSED;
    };
    member.emit('error', CLOSED);
    await later(44);
    expect(failing()).toBeUndefined();
    await later(2);
    expect(failing()).toBe('Connection closed');
    const { joins } = member;
    await later(60);
    expect(member.joins).toBe(joins);
  });

  test('one that waits for others when it joins again is waited for as at first', async () => {
    const { member, group, failing } = await joined();
    const { onJoin } = member;
    member.onJoin = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100_000));
      await onJoin();
    };
    member.emit('consumer:heartbeat:error', { error: refusal('COORDINATOR_NOT_AVAILABLE') });
    await later(102);
    expect([failing(), group.dealt, member.joins]).toEqual([undefined, 2, 2]);
  });

  // As the client nests it: an error for each of its eleven attempts, with the errors of the answer in each.
  test('a coordinator that has moved ends the worker: the client would ask the old one for ever', async () => {
    const { member, failing } = await joined();
    const error = Object.assign(new Error('heartbeat failed 11 times.'), {
      errors: [CLOSED, refusal('NOT_COORDINATOR')],
    });
    member.emit('consumer:heartbeat:error', { error });
    expect(failing()).toBe('heartbeat failed 11 times.');
    await later(60);
    expect(member.joins).toBe(1);
  });
});

describe('told to end', () => {
  test('it leaves under its name, with both clients, and closes them', async () => {
    const { group, member, asked } = await joined();
    await group.leave();
    // What was on its way when it left.
    member.emit('consumer:heartbeat:end');
    expect(asked).toEqual([
      'member leaves as member-1',
      'reading leaves as member-1',
      'member closes as null',
      'reading closes as null',
    ]);
    expect(jest.getTimerCount()).toBe(0);
  });

  // The other client's word is answered with the join, and a member that is still one would then join anew.
  test('in the middle of a join the member is none before the other client says that it has left', async () => {
    const { group, member, asked } = await joined();
    member.emit('client:performWithRetry', 'joinGroup');
    // Behind the join nothing is answered.
    member.onLeave = never;
    const leaving = group.leave();
    await later(0);
    expect(asked).toEqual(['member leaves as member-1', 'reading leaves as member-1']);
    await later(10);
    await leaving;
    expect(asked.slice(2)).toEqual(['member closes as null', 'reading closes as null']);
  });

  test('before it has a name, it waits for it: the group would wait for a nameless one for a session', async () => {
    const { group, member, asked } = fakeGroup();
    member.onJoin = never;
    void group.join();
    // It has asked for its name.
    await later(0);
    const leaving = group.leave();
    await later(0.5);
    expect(asked).toEqual([]);
    member.memberId = 'member-7';
    await later(0.1);
    await leaving;
    expect(asked.slice(0, 2)).toEqual(['member leaves as member-7', 'reading leaves as member-7']);
  });

  test('a broker that names nobody is not waited for: a second later nothing is left', async () => {
    const { group, member, asked } = fakeGroup();
    member.onJoin = never;
    void group.join();
    const leaving = group.leave();
    await later(1.1);
    await leaving;
    expect(asked).toEqual(['member leaves as null', 'member closes as null', 'reading closes as null']);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('a broker that answers nothing is not waited for longer than for any other request', async () => {
    const { group, member, client, asked } = await joined();
    member.onLeave = never;
    client.onLeave = never;
    const leaving = group.leave();
    await later(10.1);
    await leaving;
    expect(asked.slice(2)).toEqual(['member closes as null', 'reading closes as null']);
    expect([member, client].map(({ connection }) => connection.destroyed)).toEqual([true, true]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('while it tries to join again, it joins no more', async () => {
    const { group, member } = await joined();
    member.emit('consumer:heartbeat:error', { error: CLOSED });
    await group.leave();
    await later(60);
    expect(member.joins).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('the clients', () => {
  const options = (make: typeof newMember) => {
    let given: Record<string, unknown> = {};
    const client = {
      Consumer: class {
        constructor(settings: Record<string, unknown>) {
          given = settings;
        }
      },
    };
    process.env.BOOTSTRAP_SERVERS = 'broker:9092';
    process.env.CONSUMER_GROUP = 'metrics';
    make(client as never, 30);
    return given as { retries: number; retryDelay: (client: object) => number };
  };

  // The client of 1.35 answers a refused commit with a join of its own as long as it has attempts left.
  test('the one that commits tries nothing again by itself: it would join as the member', () => {
    expect(options(newReader).retries).toBe(0);
    expect(options(newMember).retries).toBeGreaterThan(0);
  });

  test('one that is closed makes no pauses: they would keep the process', () => {
    const { retryDelay } = options(newMember);
    expect([retryDelay({ closed: false }), retryDelay({ closed: true })]).toEqual([1000, 0]);
  });
});
