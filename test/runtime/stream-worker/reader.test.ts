/** Where a member of the group begins, and what it commits: against a client that answers what the test says. */
import { EventEmitter } from 'node:events';
import { beginning, Reader, recordsOf } from '../../../lib/runtime/stream-worker/reader';

const TOPIC = 'metrics';

const batch = (first: number, values: readonly string[], attributes = 0) => ({
  firstOffset: BigInt(first),
  lastOffsetDelta: values.length - 1,
  firstTimestamp: 1000n,
  attributes,
  records: values.map((value, offsetDelta) => ({
    key: Buffer.from('k'),
    value: Buffer.from(value),
    offsetDelta,
    timestampDelta: 5n,
  })),
});

/** What has the membership, and nothing else: a request behind its join would wait for a member that was killed. */
class Membership extends EventEmitter {
  public readonly topics = { track: () => true };
  public assignments: { topic: string; partitions: number[] }[] = [];
  public memberId = '';
  public generationId = 0;

  public deal(...partitions: number[]): void {
    this.assignments = [{ topic: TOPIC, partitions }];
    this.memberId = 'member-1';
    this.generationId += 1;
    this.emit('consumer:group:join');
  }
  public async joinGroup(): Promise<void> {
    this.deal(0, 1);
  }
}

/** One broker with one record an offset, `partition:offset`; what is committed is the next offset, as Kafka counts. */
class Client {
  public readonly topics = { track: () => true };
  public memberId: string | null = null;
  public generationId = 0;
  public readonly committedAs: [string | null, number][] = [];
  public readonly commits: [number, number][] = [];
  public readonly fetched: [number, number][] = [];
  public committed: Readonly<Record<number, bigint>> = {};
  public earliest = 0n;
  public latest = 100n;
  /** Records of one answer. */
  public many = 4;
  public beforeAnswer: () => void = () => {};
  public refuse: () => Error | undefined = () => undefined;

  public async metadata() {
    return { topics: new Map([[TOPIC, { id: 'id', partitions: [0, 1, 2].map(() => ({ leader: 1 })) }]]) };
  }
  public async listOffsets({ timestamp }: { timestamp: bigint }) {
    const offset = timestamp === -2n ? this.earliest : this.latest;
    return new Map([[TOPIC, [offset, offset, offset]]]);
  }
  public async listCommittedOffsets() {
    return new Map([[TOPIC, [0, 1, 2].map((partition) => this.committed[partition] ?? -1n)]]);
  }
  public async commit({ offsets }: { offsets: { partition: number; offset: bigint }[] }): Promise<void> {
    const error = this.refuse();
    if (error) throw error;
    this.committedAs.push([this.memberId, this.generationId]);
    for (const { partition, offset } of offsets) {
      this.commits.push([partition, Number(offset)]);
      this.committed = { ...this.committed, [partition]: offset };
    }
  }
  public async fetch({ topics }: { topics: { partitions: { partition: number; fetchOffset: bigint }[] }[] }) {
    const asked = topics.flatMap(({ partitions }) => partitions);
    this.fetched.push(...asked.map(({ partition, fetchOffset }): [number, number] => [partition, Number(fetchOffset)]));
    this.beforeAnswer();
    return {
      responses: asked.map(({ partition, fetchOffset }) => ({
        topicId: 'id',
        partitions: [
          {
            partitionIndex: partition,
            records: [
              batch(
                Number(fetchOffset),
                Array.from({ length: this.many }, (_, index) => `${partition}:${Number(fetchOffset) + index}`),
              ),
            ],
          },
        ],
      })),
    };
  }
}

async function member(settings: Partial<Client> = {}) {
  const client = Object.assign(new Client(), settings);
  const lines: Readonly<Record<string, unknown>>[] = [];
  const group = new Membership();
  const reader = new Reader(group as never, client as never, TOPIC, (line) => lines.push(line));
  await reader.join();
  const next = async (most = 100) => (await reader.next(most)).map(({ value }) => value);
  const commit = (...positions: [number, number][]) =>
    reader.commit(
      positions.map(([partition, offset]) => ({ topic: TOPIC, partition, offset: BigInt(offset) })),
      new AbortController().signal,
    );
  return { client, group, reader, next, commit, lines };
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
  test('commits are made as the member of the newest generation, over the other client', async () => {
    const { client, group, commit } = await member();
    await commit([0, 1]);
    group.deal(0);
    await commit([0, 2]);
    expect(client.committedAs).toEqual([
      ['member-1', 1],
      ['member-1', 2],
    ]);
  });

  test('what was read ahead is another consumer’s, or is read again from its commit', async () => {
    const { group, next, commit } = await member();
    expect(await next(2)).toEqual(['0:0', '0:1']);
    await commit([0, 2]);
    group.deal(0);
    expect(await next()).toEqual(['0:2', '0:3', '0:4', '0:5']);
  });

  test('an answer that was asked for before is not used', async () => {
    const { client, group, next } = await member({ committed: { 0: 10n, 2: 20n } });
    client.beforeAnswer = () => {
      client.beforeAnswer = () => {};
      group.deal(2);
    };
    expect(await next()).toEqual([]);
    expect(await next(1)).toEqual(['2:20']);
  });

  test('a partition that came back begins at what the other one committed', async () => {
    const { client, group, next } = await member();
    await next(1);
    group.deal(1);
    client.committed = { 0: 50n, 1: 0n };
    group.deal(0, 1);
    expect(await next(1)).toEqual(['0:50']);
  });

  test('only partitions that are still its own are committed', async () => {
    const { client, group, commit } = await member();
    group.deal(1);
    await commit([0, 5], [1, 6]);
    expect(client.commits).toEqual([[1, 6]]);
  });

  test('a commit that is refused meanwhile is made again afterwards, so that its records are not handled twice', async () => {
    const { client, group, commit, lines } = await member();
    let dealing = true;
    client.refuse = () => (dealing ? new Error('rebalance') : undefined);
    const committing = commit([0, 5], [1, 6]);
    setImmediate(() => {
      dealing = false;
      group.deal(1);
    });
    await committing;
    expect(client.commits).toEqual([[1, 6]]);
    expect(lines).toContainEqual({ level: 'warn', commit: 'refused', error: 'Error', inARow: 1 });
  });

  test('a process without a connection lives on while its commit waits for the group', async () => {
    const { client, group, commit } = await member();
    let gone = true;
    client.refuse = () => (gone ? new Error('no broker') : undefined);
    const alive = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = alive();
    const committing = commit([0, 5]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(alive()).toBe(before + 1);
    gone = false;
    group.deal(0);
    await committing;
    expect(alive()).toBe(before);
  });

  test('a commit that is refused for good ends the worker: the pod is started again', async () => {
    const { client, group, commit } = await member();
    client.refuse = () => {
      setImmediate(() => group.deal(0));
      return new Error('no group');
    };
    await expect(commit([0, 5])).rejects.toThrow('no group');
  });

  test('a coordinator that has moved ends the worker: its client would ask the old one for ever', async () => {
    const moved = Object.assign(new Error('moved'), { errors: [{ apiId: 'NOT_COORDINATOR' }] });
    const { group, reader } = await member();
    group.emit('consumer:heartbeat:error', { error: new Error('broker is away for a moment') });
    await reader.next(1);
    group.emit('consumer:heartbeat:error', { error: moved });
    await expect(reader.next(1)).rejects.toThrow('moved');

    const { client, commit } = await member();
    let refused = 0;
    client.refuse = () => {
      refused += 1;
      return moved;
    };
    await expect(commit([0, 1])).rejects.toThrow('moved');
    expect(refused).toBe(1);
  });

  test('a member that cannot join again ends the worker, and no event without a listener the process', async () => {
    const { group, reader } = await member();
    group.emit('error', new Error('gone'));
    await expect(reader.next(1)).rejects.toThrow('gone');
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

  test('a fetch that fails begins again from the commit, and ends the worker when it keeps failing', async () => {
    const { client, next } = await member({ committed: { 0: 8n }, many: 1 });
    const { fetch } = client;
    let failures = 1;
    client.fetch = async (asked) => {
      failures -= 1;
      if (failures >= 0) throw new Error('no leader');
      return fetch.call(client, asked);
    };
    expect(await next()).toEqual([]);
    expect(await next()).toEqual(['0:8', '1:0']);
    failures = 5;
    for (let time = 1; time < 5; time += 1) expect(await next()).toEqual([]);
    await expect(next()).rejects.toThrow('no leader');
  });
});
