/** A stream of Redis with this reader as the only member of its group. */
import type { Redis } from 'ioredis';
import type { MergedKey } from '../coalescer/merge';
import type { Entry, Source } from './loop';

/** Entries of the stream with what was set aside: the oldest are dropped above it. */
const MOST_ASIDE = 100_000;
/** Ids of one command: a longer one would keep the server busy. */
const IDS_PER_COMMAND = 5000;

/** What is used of a client. */
export type StreamClient = Pick<Redis, 'xgroup' | 'xreadgroup' | 'xinfo' | 'set' | 'time' | 'multi'>;

type Answer = [string, [string, string[] | null][]][] | null;

/** A stream, its group and the fixed name of its one reader. */
export class RedisStream implements Source {
  /** Where what was set aside is, and how many entries were settled, in the same slot of a cluster. */
  private readonly asideKey: string;
  private readonly settledKey: string;

  constructor(
    private readonly redis: StreamClient,
    private readonly stream: string,
    private readonly group: string,
    private readonly consumer: string,
  ) {
    this.asideKey = asideKeyOf(stream);
    this.settledKey = settledKeyOf(stream);
  }

  public async prepare(): Promise<void> {
    let isNew = true;
    try {
      // From the beginning: what was sent before the first reader is not lost.
      await this.redis.xgroup('CREATE', this.stream, this.group, '0', 'MKSTREAM');
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
      isNew = false;
    }
    // What left the stream before it had a group is not counted as dropped.
    const { added = 0, length = 0 } = await countsOf(this.redis, this.stream);
    const gone = Math.max(0, added - length);
    if (isNew) await this.redis.set(this.settledKey, gone);
    else await this.redis.set(this.settledKey, gone, 'NX');
  }

  public async pending(count: number): Promise<Entry[]> {
    const answer = await this.redis.xreadgroup(
      'GROUP',
      this.group,
      this.consumer,
      'COUNT',
      count,
      'STREAMS',
      this.stream,
      '0',
    );
    return entriesOf(answer as Answer);
  }

  public async next(count: number, blockMillis: number): Promise<Entry[]> {
    const answer = await this.redis.xreadgroup(
      'GROUP',
      this.group,
      this.consumer,
      'COUNT',
      count,
      'BLOCK',
      blockMillis,
      'STREAMS',
      this.stream,
      '>',
    );
    return entriesOf(answer as Answer);
  }

  public async settle(
    ids: readonly string[],
    aside: readonly MergedKey[],
    malformed: readonly string[],
    dropped: readonly string[],
  ): Promise<void> {
    if (ids.length + aside.length + dropped.length === 0) return;
    const commands = this.redis.multi();
    const keep = (...fields: string[]) => commands.xadd(this.asideKey, 'MAXLEN', '~', MOST_ASIDE, '*', ...fields);
    for (const { key, id, events } of aside) {
      keep('key', key, 'id', id, 'events', String(events), 'reason', 'every attempt failed, or the key was refused');
    }
    for (const id of malformed) keep('id', id, 'reason', 'no field key');
    const all = ids.concat(dropped);
    for (let from = 0; from < all.length; from += IDS_PER_COMMAND) {
      const some = all.slice(from, from + IDS_PER_COMMAND);
      commands.xack(this.stream, this.group, ...some);
      // An entry that is acknowledged still takes memory, and would count as waiting.
      commands.xdel(this.stream, ...some);
    }
    commands.incrby(this.settledKey, ids.length);
    const answers = await commands.exec();
    const failure = answers?.find(([error]) => error !== null);
    if (answers === null || failure !== undefined) throw failure?.[0] ?? new Error('not acknowledged');
  }

  public async clock(): Promise<number> {
    const [seconds, micros] = await this.redis.time();
    return Number(seconds) * 1000 + Number(micros) / 1000;
  }
}

/** Where a stream's entries are that were set aside. */
export function asideKeyOf(stream: string): string {
  return `{${stream}}:dead`;
}

/** The number of a stream's entries that were settled. */
export function settledKeyOf(stream: string): string {
  return `{${stream}}:settled`;
}

/** Entries that were ever added to a stream, and those that it has. A server before Redis 7 does not count the former. */
export async function countsOf(
  redis: Pick<Redis, 'xinfo'>,
  stream: string,
): Promise<{ readonly added?: number; readonly length?: number }> {
  const answer = (await redis.xinfo('STREAM', stream)) as readonly unknown[];
  const numberOf = (name: string) => {
    const at = answer.indexOf(name);
    return at < 0 ? undefined : Number(answer[at + 1]);
  };
  return { added: numberOf('entries-added'), length: numberOf('length') };
}

function entriesOf(answer: Answer): Entry[] {
  const entries = answer?.[0]?.[1] ?? [];
  return entries.map(([id, texts]) => ({ id, fields: texts === null ? null : fieldsOf(texts) }));
}

function fieldsOf(texts: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let index = 0; index + 1 < texts.length; index += 2) fields[texts[index]] = texts[index + 1];
  return fields;
}
