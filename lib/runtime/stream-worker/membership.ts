/**
 * The membership of the group, over a client of its own, and so connections of its own: a broker answers the requests of one
 * connection in their order, and a join is answered when all members have joined, with one that was killed when its session is
 * over. What is read and committed behind it would wait as long, and with it the whole group.
 */
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { type Consumer, HEARTBEAT_MILLIS, REQUEST_MILLIS } from './client';
import { dropConnections, shut } from './connections';
import { GONE_MILLIS, hasMoved, isAnswer, type Log, PAUSE_MILLIS, reasonOf } from './failures';

/** A coordinator names a new member in its first answer, which waits for nobody. */
const NAME_MILLIS = 1000;
const LOOK_MILLIS = 10;
/** Longer than a heartbeat, with which a member hears that it has to join again. */
const REJOIN_MILLIS = 5000;

/** One member: what is dealt to it, and whether its coordinator still answers. */
export class Membership {
  /** Counts how often partitions were dealt out: what was read before is not used after. */
  public dealt = 0;
  /** Partitions that the topic had when this member joined: the one that leads deals out as many. */
  private count = 0;
  private leads = false;
  private fault: Error | undefined;
  private joining = false;
  private rejoining = false;
  private readonly left = new AbortController();
  /** Until the coordinator is taken for silent. */
  private silence: NodeJS.Timeout | undefined;
  /** From then until it is taken for gone. */
  private end: NodeJS.Timeout | undefined;

  /**
   * @param member joins and sends heartbeats, and nothing else
   * @param reading speaks for the member while that one waits for its join
   */
  constructor(
    private readonly member: Consumer,
    private readonly reading: Consumer,
    private readonly topic: string,
    private readonly log: Log,
  ) {
    member.on('consumer:group:join', ({ isLeader }: { readonly isLeader: boolean }) => {
      this.dealt += 1;
      this.leads = isLeader;
      this.joining = false;
      this.heard();
    });
    member.on('consumer:heartbeat:end', () => this.heard());
    // After it the client sends none, whatever the reason was.
    member.on('consumer:heartbeat:error', ({ error }: { readonly error: Error }) => this.lost(error));
    // The client could not join again. An event without a listener would end the process in the middle of a record.
    member.on('error', (error: Error) => this.lost(error));
    member.on('client:performWithRetry', (operation: string) => {
      if (operation !== 'joinGroup') return;
      this.joining = true;
      clearTimeout(this.silence);
    });
    // No time-out of ours is as short as a join may last: the kernel asks whether the broker's node is still there.
    member.on('client:broker:connect', ({ connection }) => {
      connection.socket.setKeepAlive(true, REQUEST_MILLIS);
    });
  }

  /** Who commits: only the newest generation of the member may. */
  public get identity(): Pick<Consumer, 'memberId' | 'generationId'> {
    return { memberId: this.member.memberId, generationId: this.member.generationId };
  }

  /** What was dealt to it last. */
  public get partitions(): readonly number[] {
    return this.member.assignments?.find(({ topic }) => topic === this.topic)?.partitions ?? [];
  }

  /** @throws why it is no member any more and cannot become one: the pod is then started again */
  public check(): void {
    if (this.fault) throw this.fault;
  }

  /** Becomes a member. */
  public async join(): Promise<void> {
    for (const { topics } of [this.member, this.reading]) topics.track(this.topic);
    await this.joinCounting().finally(() => {
      this.joining = false;
    });
  }

  /**
   * Told how many partitions the topic has. When they have become more, the member that leads joins again, and all are dealt out
   * anew: no coordinator notices it, and what is in the new ones would be read by nobody.
   */
  public counted(partitions: number): void {
    if (!this.leads || partitions === this.count || this.joining || this.rejoining) return;
    this.log({ topic: this.topic, partitionsBefore: this.count, partitionsNow: partitions });
    void this.rejoin();
  }

  /** Until partitions are dealt out, at most a while: a group may also have refused for another reason. */
  public async dealtOut(stop: AbortSignal): Promise<void> {
    const over = new AbortController();
    // Not AbortSignal.timeout, which keeps no process alive: without a broker there is no connection that would.
    const timer = setTimeout(() => over.abort(), REJOIN_MILLIS);
    await once(this.member, 'consumer:group:join', { signal: AbortSignal.any([stop, over.signal]) }).catch(() => {});
    clearTimeout(timer);
  }

  /**
   * Leaves the group, also in the middle of a join, and closes both clients. Behind a join the coordinator would hear it when
   * the join is over, so that it is told over the other client as well. What it does not answer soon it learns from the end of
   * the session.
   */
  public async leave(): Promise<void> {
    const { member, reading } = this;
    this.left.abort();
    clearTimeout(this.silence);
    clearTimeout(this.end);
    await this.named();
    const { memberId } = member;
    // This one first: a member that is still one joins anew when its join is refused because it has left.
    const leaving = [member.leaveGroup(true)];
    if (memberId) {
      reading.memberId = memberId;
      leaving.push(reading.leaveGroup(true));
    }
    const over = new AbortController();
    const late = wait(REQUEST_MILLIS, undefined, { signal: over.signal }).catch(() => {});
    await Promise.race([Promise.allSettled(leaving), late]);
    over.abort();
    await Promise.all([shut(member), shut(reading)]);
  }

  /** A coordinator waits for a member that it has named, for a whole session: only one that knows its name can leave. */
  private async named(): Promise<void> {
    const end = performance.now() + NAME_MILLIS;
    while (this.joining && !this.member.memberId && performance.now() < end) await wait(LOOK_MILLIS);
  }

  /** The coordinator has answered. */
  private heard(): void {
    clearTimeout(this.silence);
    clearTimeout(this.end);
    this.end = undefined;
    if (this.left.signal.aborted) return;
    this.silence = setTimeout(() => {
      const error = new Error('the coordinator of the group answers no heartbeat');
      this.log({ level: 'warn', heartbeat: 'unanswered' });
      this.gone(error);
      // The heartbeat fails with its connection, and is sent again over a new one.
      dropConnections(this.member);
    }, HEARTBEAT_MILLIS + REQUEST_MILLIS);
  }

  /** Without heartbeats: joins again, which begins them anew. A member that is known keeps its name. */
  private lost(error: Error): void {
    this.joining = false;
    if (this.left.signal.aborted || this.fault) return;
    this.log({ level: 'warn', membership: 'lost', error: reasonOf(error) });
    if (hasMoved(error)) this.fault = error;
    this.gone(error);
    if (!isAnswer(error)) dropConnections(this.member);
    void this.rejoin();
  }

  /** What is dealt out is what the client knew before. */
  private async joinCounting(): Promise<void> {
    const { member, topic } = this;
    const { topics } = await member.metadata({ topics: [topic], forceUpdate: true });
    this.count = topics.get(topic)?.partitions.length ?? 0;
    // It was told to leave meanwhile.
    if (!this.left.signal.aborted) await member.joinGroup({});
  }

  private async rejoin(): Promise<void> {
    if (this.rejoining) return;
    this.rejoining = true;
    while (!this.fault) {
      await wait(PAUSE_MILLIS, undefined, { signal: this.left.signal }).catch(() => {});
      if (this.left.signal.aborted) break;
      try {
        await this.joinCounting();
        break;
      } catch (error) {
        this.lost(error as Error);
      }
    }
    this.rejoining = false;
  }

  /** Ends the membership unless the coordinator is heard before it is over by itself. */
  private gone(error: Error): void {
    this.end ??= setTimeout(() => {
      this.end = undefined;
      // It may have waited for other members since; its own time-out ends that.
      if (this.joining && this.member.isConnected()) this.gone(error);
      else this.fault = error;
    }, GONE_MILLIS);
  }
}
