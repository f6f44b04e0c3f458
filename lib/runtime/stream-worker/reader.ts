/**
 * Reads the partitions that the group has given to this consumer, each from the offset that is committed for it.
 *
 * The client's own stream is not used. It begins one record after the committed offset, because it commits the last record
 * and not the next one, as Kafka, KEDA and all other tools count; and it keeps what it has read ahead of partitions that are
 * another consumer's by now.
 */
import { once } from 'node:events';
import type { Position, Taken } from './batch';
import type { Consumer } from './client';

/** Bytes of one answer of a broker. */
const FETCH_BYTES = 10 * 1024 * 1024;
const FETCH_WAIT_MILLIS = 500;
/** Fetches or commits that may fail in a row. */
const MOST_FAILURES = 5;
/** Longer than a heartbeat, with which a consumer hears that it has to join again. */
const REJOIN_MILLIS = 5000;
/** What a broker answers that coordinates the group no more. */
const MOVED = 'NOT_COORDINATOR';
const EARLIEST = -2n;
const LATEST = -1n;
/** A batch of a transaction's marker, not of records. */
const CONTROL = 0x20;

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type Batch = NonNullable<FetchResponse['responses'][number]['partitions'][number]['records']>[number];
type Log = (line: Readonly<Record<string, unknown>>) => void;

/** The records of a batch from that offset on: a broker answers with whole batches, which may begin earlier. */
export function recordsOf(topic: string, partition: number, from: bigint, batch: Batch): Taken[] {
  if ((batch.attributes & CONTROL) !== 0) return [];
  return batch.records
    .map(({ key, value, headers, offsetDelta, timestampDelta }) => {
      const bytes = value ?? Buffer.alloc(0);
      return {
        topic,
        partition,
        offset: batch.firstOffset + BigInt(offsetDelta),
        ...(key ? { key: key.toString('utf8'), keyBytes: key } : {}),
        value: bytes.toString('utf8'),
        bytes,
        headers: Object.fromEntries(
          (headers ?? []).map(([name, text]) => [name?.toString('utf8') ?? '', text?.toString('utf8') ?? '']),
        ),
        sentAtMillis: Number(batch.firstTimestamp + timestampDelta),
      };
    })
    .filter(({ offset }) => offset >= from);
}

/** Where to begin: at the commit; without one, or where retention has deleted what it points at, at the earliest record. */
export function beginning(committed: bigint | undefined, earliest: bigint, latest: bigint): bigint {
  return committed === undefined || committed < earliest || committed > latest ? earliest : committed;
}

/**
 * A member of the group. Membership has a client of its own, and so connections of its own: a broker answers the requests of one
 * connection in their order, and a join is answered when all members have joined, with one that was killed when its session is
 * over. What is read and committed behind it would wait as long, and with it the whole group.
 */
export class Reader {
  /** Counts how often partitions were dealt out: what was read before is not used after. */
  private dealt = 0;
  private known = -1;
  /** The next offset to fetch of each partition, the one first that waited longest for an answer with records. */
  private positions = new Map<number, bigint>();
  private ahead: Taken[] = [];
  private failures = 0;
  private fault: Error | undefined;

  constructor(
    private readonly member: Consumer,
    private readonly client: Consumer,
    private readonly topic: string,
    private readonly log: Log,
  ) {
    member.on('consumer:group:join', () => {
      this.dealt += 1;
    });
    // The client never asks again who coordinates its group. Whoever begins anew does.
    member.on('consumer:heartbeat:error', ({ error }: { readonly error: Error }) => {
      if (reasonOf(error) === MOVED) this.fault = error;
    });
    // The client could not join again. An event without a listener would end the process in the middle of a record.
    member.on('error', (error: Error) => {
      this.fault = error;
    });
  }

  /** Becomes a member. */
  public async join(): Promise<void> {
    for (const { topics } of [this.member, this.client]) topics.track(this.topic);
    await this.member.joinGroup({});
  }

  /** What is there, at most so many; waits a little for the first one. Empty when nothing came. */
  public async next(most: number): Promise<readonly Taken[]> {
    if (this.fault) throw this.fault;
    try {
      if (this.known !== this.dealt) await this.begin();
      if (this.ahead.length === 0) await this.fetch();
      this.failures = 0;
    } catch (error) {
      await this.recover(error as Error);
    }
    return this.known === this.dealt ? this.ahead.splice(0, most) : [];
  }

  /**
   * Commits partitions that are still this consumer's. While partitions are dealt out, a group takes no commit: it is made
   * again when they are.
   */
  public async commit(positions: readonly Position[], stop: AbortSignal): Promise<void> {
    for (let failures = 0; ; ) {
      const { dealt } = this;
      const own = this.partitions();
      const offsets = positions
        .filter(({ partition }) => own.includes(partition))
        .map((position) => ({ ...position, leaderEpoch: -1 }));
      if (offsets.length === 0) return;
      try {
        // As the member: only its generation may commit.
        this.client.memberId = this.member.memberId;
        this.client.generationId = this.member.generationId;
        await this.client.commit({ offsets });
        return;
      } catch (error) {
        failures += 1;
        this.log({ level: 'warn', commit: 'refused', error: reasonOf(error as Error), inARow: failures });
        if (failures >= MOST_FAILURES || reasonOf(error as Error) === MOVED) throw error;
        // Whoever has the partition next handles these records again.
        if (stop.aborted) return;
        if (dealt === this.dealt) await this.dealtOut(stop);
      }
    }
  }

  private partitions(): readonly number[] {
    return this.member.assignments?.find(({ topic }) => topic === this.topic)?.partitions ?? [];
  }

  /** Forgets what was read ahead, and asks where each partition goes on. */
  private async begin(): Promise<void> {
    const { dealt } = this;
    const partitions = this.partitions();
    const found = await this.offsets(partitions);
    if (dealt !== this.dealt) return;
    this.ahead = [];
    this.positions = new Map();
    for (const [partition, { committed, earliest, latest }] of found) {
      const from = beginning(committed, earliest, latest);
      if (committed !== undefined && from !== committed) {
        this.log({ level: 'error', deleted: `${this.topic}-${partition}`, committed: `${committed}`, from: `${from}` });
      }
      this.positions.set(partition, from);
    }
    this.known = dealt;
    this.log({ partitions: [...this.positions.keys()] });
  }

  private async offsets(partitions: readonly number[]) {
    const { topic, client } = this;
    if (partitions.length === 0) return new Map<number, never>();
    const of = { topics: [topic], partitions: { [topic]: [...partitions] } };
    const [earliest, latest, committed] = await Promise.all([
      client.listOffsets({ ...of, timestamp: EARLIEST }),
      client.listOffsets({ ...of, timestamp: LATEST }),
      client.listCommittedOffsets({ topics: [{ topic, partitions: [...partitions] }] }),
    ]);
    return new Map(
      partitions.map((partition) => {
        const commit = committed.get(topic)?.[partition];
        return [
          partition,
          {
            // -1: nothing is committed.
            committed: commit === undefined || commit < 0n ? undefined : commit,
            earliest: earliest.get(topic)?.[partition] ?? 0n,
            latest: latest.get(topic)?.[partition] ?? 0n,
          },
        ] as const;
      }),
    );
  }

  private async fetch(): Promise<void> {
    const { dealt, topic } = this;
    if (this.positions.size === 0) {
      await new Promise((resolve) => setTimeout(resolve, FETCH_WAIT_MILLIS));
      return;
    }
    const metadata = await this.client.metadata({ topics: [topic] });
    const found = metadata.topics.get(topic);
    if (!found) throw new Error(`${topic} is not there`);
    const byNode = new Map<number, [number, bigint][]>();
    for (const [partition, offset] of this.positions) {
      const node = found.partitions[partition].leader;
      byNode.set(node, [...(byNode.get(node) ?? []), [partition, offset]]);
    }
    const answers = await Promise.all(
      [...byNode].map(([node, asked]) =>
        this.client.fetch({
          node,
          maxBytes: FETCH_BYTES,
          maxWaitTime: FETCH_WAIT_MILLIS,
          topics: asked.map(([partition, fetchOffset]) => ({
            topicId: found.id,
            partitions: [
              { partition, fetchOffset, partitionMaxBytes: FETCH_BYTES, currentLeaderEpoch: -1, lastFetchedEpoch: -1 },
            ],
          })),
        }),
      ),
    );
    if (dealt !== this.dealt) return;
    for (const answer of answers) this.keep(answer);
  }

  private keep({ responses }: FetchResponse): void {
    for (const { partitions } of responses) {
      for (const { partitionIndex: partition, records = [] } of partitions) {
        const from = this.positions.get(partition);
        const last = records.at(-1);
        if (from === undefined || last === undefined) continue;
        for (const batch of records) this.ahead.push(...recordsOf(this.topic, partition, from, batch));
        // At the end of the map: a broker fills its answer in the order that is asked for.
        this.positions.delete(partition);
        this.positions.set(partition, last.firstOffset + BigInt(last.lastOffsetDelta) + 1n);
      }
    }
  }

  /** Begins again from what is committed, with fresh knowledge of leaders; a fault that stays ends the worker. */
  private async recover(error: Error): Promise<void> {
    this.failures += 1;
    this.log({ level: 'warn', fetch: 'failed', error: reasonOf(error), inARow: this.failures });
    if (this.failures >= MOST_FAILURES) throw error;
    this.known = -1;
    await this.client.metadata({ topics: [this.topic], forceUpdate: true });
  }

  /** Until partitions are dealt out, at most a while: a group may also have refused for another reason. */
  private async dealtOut(stop: AbortSignal): Promise<void> {
    const over = new AbortController();
    // Not AbortSignal.timeout, which keeps no process alive: without a broker there is no connection that would.
    const timer = setTimeout(() => over.abort(), REJOIN_MILLIS);
    const signal = AbortSignal.any([stop, over.signal]);
    await once(this.member, 'consumer:group:join', { signal }).catch(() => {});
    clearTimeout(timer);
  }
}

/** The name that Kafka gives the reason, where it has one. */
function reasonOf(error: Error & { readonly errors?: readonly { readonly apiId?: string }[] }): string {
  return error.errors?.find(({ apiId }) => apiId !== undefined)?.apiId ?? error.name;
}
