/** A group with one member and one broker, as far as the worker asks them: both answer what a test says. */
import { EventEmitter } from 'node:events';
import { Membership } from '../../../lib/runtime/stream-worker/membership';
import { Reader } from '../../../lib/runtime/stream-worker/reader';

export const TOPIC = 'metrics';

/** An error of a broker, as the client nests it. */
export const refusal = (apiId: string) => Object.assign(new Error(apiId), { errors: [{ apiId }] });

export const batch = (first: number, values: readonly string[], attributes = 0) => ({
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

/** A connection of a client. */
class Connection {
  public destroyed = false;
  public keptAliveAfterMillis: number | undefined;
  public readonly socket = {
    destroy: () => {
      this.destroyed = true;
    },
    setKeepAlive: (_on: boolean, millis: number) => {
      this.keptAliveAfterMillis = millis;
    },
  };
  public isConnected(): boolean {
    return !this.destroyed;
  }
}

/** What all clients have. What was asked of it, in its order, goes to one list with what was asked of the others. */
class Client extends EventEmitter {
  public readonly topics = { track: () => true };
  public readonly connection = new Connection();
  public readonly connections = [['broker:9092', this.connection]] as const;
  public memberId: string | null = null;
  public generationId = 0;
  /** What LeaveGroup is answered. */
  public onLeave: () => Promise<void> = async () => {};

  constructor(
    private readonly role: string,
    private readonly asked: string[],
  ) {
    super();
  }

  public isConnected(): boolean {
    return this.connection.isConnected();
  }
  public async leaveGroup(): Promise<void> {
    this.asked.push(`${this.role} leaves as ${this.memberId}`);
    await this.onLeave();
  }
  public async close(): Promise<void> {
    this.asked.push(`${this.role} closes as ${this.memberId}`);
  }
}

/** What has the membership, and nothing else: a request behind its join would wait for a member that was killed. */
export class FakeMember extends Client {
  public assignments: { topic: string; partitions: number[] }[] | null = null;
  public joins = 0;
  public leads = true;
  /** Partitions of the topic. */
  public count = 3;
  /** What JoinGroup is answered. */
  public onJoin: () => Promise<void> = async () => this.deal(0, 1);

  public deal(...partitions: number[]): void {
    this.assignments = [{ topic: TOPIC, partitions }];
    this.memberId = 'member-1';
    this.generationId += 1;
    this.emit('consumer:group:join', { isLeader: this.leads });
  }
  public async metadata() {
    return { topics: new Map([[TOPIC, { partitions: Array.from({ length: this.count }) }]]) };
  }
  public async joinGroup(): Promise<void> {
    this.joins += 1;
    this.emit('client:performWithRetry', 'joinGroup');
    await this.onJoin();
  }
}

/** One broker with one record an offset, `partition:offset`; what is committed is the next offset, as Kafka counts. */
export class FakeClient extends Client {
  public readonly committedAs: [string | null, number][] = [];
  public readonly commits: [number, number][] = [];
  public readonly fetched: [number, number][] = [];
  public committed: Readonly<Record<number, bigint>> = {};
  public earliest = 0n;
  public latest = 100n;
  /** Partitions of the topic. */
  public count = 3;
  /** Records of one answer. */
  public many = 4;
  /** How often it was asked anew who leads. */
  public refreshed = 0;
  public beforeAnswer: () => void = () => {};
  public refuse: () => Error | undefined = () => undefined;
  public refuseMetadata: () => Error | undefined = () => undefined;

  public async metadata({ forceUpdate = false }: { forceUpdate?: boolean }) {
    if (forceUpdate) {
      this.refreshed += 1;
      const error = this.refuseMetadata();
      if (error) throw error;
    }
    return {
      topics: new Map([[TOPIC, { id: 'id', partitions: Array.from({ length: this.count }, () => ({ leader: 1 })) }]]),
    };
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

/** A member of a group, its two clients, and what it logs. */
export function fakeGroup(settings: Partial<FakeClient> = {}) {
  const asked: string[] = [];
  const client = Object.assign(new FakeClient('reading', asked), settings);
  const member = new FakeMember('member', asked);
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = (line: Readonly<Record<string, unknown>>) => lines.push(line);
  const group = new Membership(member as never, client as never, TOPIC, log);
  const reader = new Reader(group, client as never, TOPIC, log);
  const stop = new AbortController();
  const next = async (most = 100) => (await reader.next(most)).map(({ value }) => value);
  const commit = (...positions: [number, number][]) =>
    reader.commit(
      positions.map(([partition, offset]) => ({ topic: TOPIC, partition, offset: BigInt(offset) })),
      stop.signal,
    );
  return { asked, client, member, group, reader, stop, next, commit, lines };
}
