/**
 * Reads the partitions that the group has given to this consumer, each from the offset that is committed for it.
 *
 * The client's own stream is not used. It begins one record after the committed offset, because it commits the last record
 * and not the next one, as Kafka, KEDA and all other tools count; and it keeps what it has read ahead of partitions that are
 * another consumer's by now.
 */
import type { Position, Taken } from './batch';
import type { Consumer } from './client';
import { Failures, isDealing, type Log, reasonOf } from './failures';
import type { Membership } from './membership';

/** Bytes of one answer of a broker. */
const FETCH_BYTES = 10 * 1024 * 1024;
const FETCH_WAIT_MILLIS = 500;
const EARLIEST = -2n;
const LATEST = -1n;
/** A batch of a transaction's marker, not of records. */
const CONTROL = 0x20;

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
type Batch = NonNullable<FetchResponse['responses'][number]['partitions'][number]['records']>[number];

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

/** Reads and commits what is dealt to a member. */
export class Reader {
  /** The dealing whose positions are known; -1: they have to be asked for. */
  private known = -1;
  /** The next offset to fetch of each partition, the one first that waited longest for an answer with records. */
  private positions = new Map<number, bigint>();
  private ahead: Taken[] = [];
  private readonly failures: Failures;
  /** Whether another broker may lead by now. */
  private stale = false;

  constructor(
    private readonly group: Membership,
    private readonly client: Consumer,
    private readonly topic: string,
    private readonly log: Log,
  ) {
    this.failures = new Failures(client, log);
  }

  /** What is there, at most so many; waits a little for the first one. Empty when nothing came. */
  public async next(most: number): Promise<readonly Taken[]> {
    this.group.check();
    try {
      // Where there are more partitions now, this client has not heard of those that are dealt to it.
      if (this.stale || this.known !== this.group.dealt)
        await this.client.metadata({ topics: [this.topic], forceUpdate: true });
      this.stale = false;
      if (this.known !== this.group.dealt) await this.begin();
      if (this.ahead.length === 0) await this.fetch();
      this.failures.none();
    } catch (error) {
      // From what is committed, with fresh knowledge of leaders.
      this.known = -1;
      this.stale = true;
      await this.failures.pause({ fetch: 'failed' }, error as Error);
    }
    return this.known === this.group.dealt ? this.ahead.splice(0, most) : [];
  }

  /**
   * Commits partitions that are still this consumer's. While partitions are dealt out, a group takes no commit: it is made
   * again when they are.
   */
  public async commit(positions: readonly Position[], stop: AbortSignal): Promise<void> {
    const failures = new Failures(this.client, this.log);
    for (;;) {
      const { dealt, partitions } = this.group;
      const offsets = positions
        .filter(({ partition }) => partitions.includes(partition))
        .map((position) => ({ ...position, leaderEpoch: -1 }));
      if (offsets.length === 0) return;
      try {
        await this.commitOffsets(offsets);
        return;
      } catch (error) {
        const what = { commit: 'refused' };
        if (!isDealing(error as Error)) await failures.pause(what, error as Error, stop);
        // It ends with the join, whose end the membership watches.
        else {
          this.log({ level: 'warn', ...what, error: reasonOf(error as Error) });
          if (dealt === this.group.dealt) await this.group.dealtOut(stop);
        }
        // Whoever has the partition next handles these records again.
        if (stop.aborted) return;
        this.group.check();
      }
    }
  }

  private async commitOffsets(offsets: Parameters<Consumer['commit']>[0]['offsets']): Promise<void> {
    const { memberId, generationId } = this.group.identity;
    // It joins as a new one: a broker closes the connection of a request without a name.
    if (!memberId) throw new UnnamedError();
    Object.assign(this.client, { memberId, generationId });
    await this.client.commit({ offsets });
  }

  /** Forgets what was read ahead, and asks where each partition goes on. */
  private async begin(): Promise<void> {
    const { dealt, partitions } = this.group;
    const found = await this.offsets(partitions);
    if (dealt !== this.group.dealt) return;
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
    const { topic } = this;
    const { dealt } = this.group;
    const metadata = await this.client.metadata({ topics: [topic] });
    const found = metadata.topics.get(topic);
    if (!found) throw new Error(`${topic} is not there`);
    // Also without a partition: who has none may lead.
    this.group.counted(found.partitions.length);
    if (this.positions.size === 0) {
      await new Promise((resolve) => setTimeout(resolve, FETCH_WAIT_MILLIS));
      return;
    }
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
    if (dealt !== this.group.dealt) return;
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
}

/** What a coordinator would answer. */
class UnnamedError extends Error {
  public readonly apiId = 'UNKNOWN_MEMBER_ID';
}
