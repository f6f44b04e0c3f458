/** Where a member of the group begins, and what it commits: against a client that answers what the test says. */
import { beginning, recordsOf } from '../../../lib/runtime/stream-worker/reader';
import { batch, type FakeClient, fakeGroup, refusal, TOPIC } from './fake-clients';

jest.mock('node:timers/promises', () => jest.requireActual('./waits'));

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
});
afterEach(() => {
  jest.useRealTimers();
});

async function member(settings: Partial<FakeClient> = {}) {
  const world = fakeGroup(settings);
  await world.group.join();
  setInterval(() => world.member.emit('consumer:heartbeat:end'), 3000);
  return world;
}

describe('where a member begins', () => {
  test('at the committed offset itself: it is the next record, and the record after it would lose one', async () => {
    const { next } = await member({ committed: { 0: 7n, 1: 3n }, many: 1 });
    expect(await next()).toEqual(['0:7', '1:3']);
  });

  test('without a commit at the earliest record', async () => {
    const { next } = await member({ earliest: 40n, many: 1 });
    expect(await next()).toEqual(['0:40', '1:40']);
  });

  test.each([
    [7n, 0n, 100n, 7n],
    [100n, 0n, 100n, 100n],
    [undefined, 5n, 100n, 5n],
    // Retention was faster, and a topic that was made again.
    [7n, 9n, 100n, 9n],
    [120n, 0n, 100n, 0n],
  ])('commit %s, records %s to %s: at %s', (committed, earliest, latest, from) => {
    expect(beginning(committed, earliest, latest)).toBe(from);
  });

  test('records that retention deleted are said', async () => {
    const { next, lines } = await member({ committed: { 0: 7n }, earliest: 9n, many: 1 });
    expect(await next()).toEqual(['0:9', '1:9']);
    expect(lines).toContainEqual({ level: 'error', deleted: 'metrics-0', committed: '7', from: '9' });
  });

  test('a broker answers with whole batches: what was before is left out, and so is what marks a transaction', () => {
    const values = (from: number, attributes = 0) =>
      recordsOf(TOPIC, 0, BigInt(from), batch(5, ['a', 'b', 'c'], attributes) as never).map(({ offset }) => offset);
    expect(values(6)).toEqual([6n, 7n]);
    expect(values(6, 0x20)).toEqual([]);
  });
});

describe('partitions are dealt out anew', () => {
  test('of partitions that the topic has got since, the client hears before it asks for them', async () => {
    const { client, member: dealer, next } = await member({ many: 1 });
    await next();
    const before = client.refreshed;
    await next();
    expect(client.refreshed).toBe(before);
    dealer.deal(2);
    expect(await next()).toEqual(['2:0']);
    expect(client.refreshed).toBe(before + 1);
  });

  test('commits are made as the member of the newest generation, over the other client', async () => {
    const { client, member: dealer, commit } = await member();
    await commit([0, 1]);
    dealer.deal(0);
    await commit([0, 2]);
    expect(client.committedAs).toEqual([
      ['member-1', 1],
      ['member-1', 2],
    ]);
  });

  test('what was read ahead is another consumer’s, or is read again from its commit', async () => {
    const { member: dealer, next, commit } = await member();
    expect(await next(2)).toEqual(['0:0', '0:1']);
    await commit([0, 2]);
    dealer.deal(0);
    expect(await next()).toEqual(['0:2', '0:3', '0:4', '0:5']);
  });

  test('an answer that was asked for before is not used', async () => {
    const { client, member: dealer, next } = await member({ committed: { 0: 10n, 2: 20n } });
    client.beforeAnswer = () => {
      client.beforeAnswer = () => {};
      dealer.deal(2);
    };
    expect(await next()).toEqual([]);
    expect(await next(1)).toEqual(['2:20']);
  });

  test('a partition that came back begins at what the other one committed', async () => {
    const { client, member: dealer, next } = await member();
    await next(1);
    dealer.deal(1);
    client.committed = { 0: 50n, 1: 0n };
    dealer.deal(0, 1);
    expect(await next(1)).toEqual(['0:50']);
  });

  test('only partitions that are still its own are committed', async () => {
    const { client, member: dealer, commit } = await member();
    dealer.deal(1);
    await commit([0, 5], [1, 6]);
    expect(client.commits).toEqual([[1, 6]]);
  });

  test.each(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'])(
    'a commit that is refused meanwhile (%s) is made again afterwards, so that its records are not handled twice',
    async (reason) => {
      const { client, member: dealer, commit, lines } = await member();
      let dealing = true;
      client.refuse = () => (dealing ? refusal(reason) : undefined);
      const committing = commit([0, 5], [1, 6]);
      // A group may wait for a member that was killed, and for one that has a long batch in work.
      await jest.advanceTimersByTimeAsync(100_000);
      dealing = false;
      dealer.deal(1);
      await committing;
      expect(client.commits).toEqual([[1, 6]]);
      expect(lines).toContainEqual({ level: 'warn', commit: 'refused', error: reason });
    },
  );

  test('a member that has lost its name and joins as a new one commits with the new one', async () => {
    const { client, member: dealer, commit } = await member();
    dealer.memberId = null;
    const committing = commit([0, 5]);
    await jest.advanceTimersByTimeAsync(100_000);
    dealer.deal(0);
    await committing;
    expect(client.committedAs).toEqual([['member-1', 2]]);
  });

  test('told to end, it leaves a refused commit to the consumer that has the partition next', async () => {
    const { client, stop, commit } = await member();
    client.refuse = () => refusal('REBALANCE_IN_PROGRESS');
    const committing = commit([0, 5]);
    await jest.advanceTimersByTimeAsync(1000);
    stop.abort();
    await committing;
    expect(client.commits).toEqual([]);
  });
});

describe('brokers that do not answer', () => {
  const CLOSED = new Error('Connection closed');
  const TIMED_OUT = new Error('Request timed out');

  test('a restart of 20 s costs no commit, and the process lives on meanwhile', async () => {
    const { client, commit } = await member();
    let gone = true;
    client.refuse = () => (gone ? CLOSED : undefined);
    const timers = jest.getTimerCount();
    const committing = commit([0, 5]);
    await jest.advanceTimersByTimeAsync(20_000);
    expect(jest.getTimerCount()).toBeGreaterThan(timers);
    gone = false;
    await jest.advanceTimersByTimeAsync(1000);
    await committing;
    expect(client.commits).toEqual([[0, 5]]);
    expect(jest.getTimerCount()).toBe(timers);
  });

  test('a session without an answer to a commit ends the worker: the pod is started again', async () => {
    const { client, commit } = await member();
    client.refuse = () => CLOSED;
    const ended = expect(commit([0, 5])).rejects.toThrow('Connection closed');
    await jest.advanceTimersByTimeAsync(46_000);
    await ended;
  });

  test('a session without an answer to a fetch ends the worker, also where it cannot ask who leads', async () => {
    const { client, reader } = await member();
    client.fetch = async () => {
      throw CLOSED;
    };
    client.refuseMetadata = () => CLOSED;
    const lives = async () => {
      for (;;) await reader.next(1);
    };
    const ended = expect(lives()).rejects.toThrow('Connection closed');
    await jest.advanceTimersByTimeAsync(46_000);
    await ended;
    expect(client.refreshed).toBeGreaterThan(20);
  });

  test('a connection on which a request timed out is closed: the client would send the next one behind it', async () => {
    const { client, next } = await member();
    const { fetch } = client;
    client.fetch = async () => {
      client.fetch = fetch;
      throw TIMED_OUT;
    };
    const nothing = next();
    await jest.advanceTimersByTimeAsync(1000);
    expect(await nothing).toEqual([]);
    expect(client.connection.destroyed).toBe(true);
  });

  test('one on which a broker refuses is kept', async () => {
    const { client, commit } = await member();
    const refusals = [refusal('COORDINATOR_LOAD_IN_PROGRESS')];
    client.refuse = () => refusals.pop();
    await commit([0, 5]);
    expect(client.connection.destroyed).toBe(false);
    expect(client.commits).toEqual([[0, 5]]);
  });
});

describe('brokers that have other tasks now', () => {
  test('a leader that has moved: who leads is asked at once, and the fetch goes to that one without a pause', async () => {
    const { client, next } = await member({ committed: { 0: 8n }, many: 1 });
    const { fetch } = client;
    client.fetch = async () => {
      client.fetch = fetch;
      throw refusal('NOT_LEADER_OR_FOLLOWER');
    };
    expect(await next()).toEqual([]);
    const before = client.refreshed;
    expect(await next()).toEqual(['0:8', '1:0']);
    expect(client.refreshed).toBe(before + 1);
  });

  test('a coordinator that has moved ends the worker: its client would ask the old one for ever', async () => {
    const { client, commit } = await member();
    client.refuse = () => refusal('NOT_COORDINATOR');
    const committing = expect(commit([0, 1])).rejects.toThrow('NOT_COORDINATOR');
    await jest.advanceTimersByTimeAsync(11_000);
    await committing;
  });

  test('a broker that was away answers so for a moment, and is waited for', async () => {
    const { client, commit } = await member();
    const answers = [...Array(8).fill(refusal('NOT_COORDINATOR')), ...Array(20).fill(new Error('Connection closed'))];
    client.refuse = () => answers.pop();
    const committing = commit([0, 1]);
    await jest.advanceTimersByTimeAsync(40_000);
    await committing;
    expect(client.commits).toEqual([[0, 1]]);
  });
});

describe('what is fetched', () => {
  test('goes on after the last batch, and only when what was read is handed over', async () => {
    const { client, next } = await member({ many: 2 });
    expect(await next(3)).toEqual(['0:0', '0:1', '1:0']);
    expect(await next(3)).toEqual(['1:1']);
    expect(await next(1)).toEqual(['0:2']);
    expect(client.fetched).toEqual([
      [0, 0],
      [1, 0],
      [0, 2],
      [1, 2],
    ]);
  });
});
