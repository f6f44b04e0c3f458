/** Bucket, day, records of mails and queue in Redis, each change one script. Redis' own clock is the only one. */
import type { Redis } from 'ioredis';
import type { BucketSettings } from '../../flow/rates/run-time';
import { DAY_QUARTERS, LEAST_FACTOR, QUARTER_SECONDS } from '../../flow/rates/run-time';
import type { Claim, Claims, Message } from './ports';
import type { Bucket, Closed, Reservation } from './slots';

/** What is used of a client. */
export type RedisScripts = Pick<Redis, 'eval'>;

/**
 * KEYS: bucket, day. ARGV: what to do and its numbers, times in microseconds. Answers are text: Redis cuts decimals off
 * numbers.
 */
const BUCKET = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local bucket = redis.call('HMGET', KEYS[1], 'next', 'factor', 'changed', 'paused', 'away')
local factor = tonumber(bucket[2] or 1)
local changed = tonumber(bucket[3] or 0)
local function text(value) return string.format('%.3f', value) end
local function change(value)
  factor = value
  redis.call('HSET', KEYS[1], 'factor', text(factor), 'changed', text(now))
end
if ARGV[1] == 'throttled' then
  local adapt, least = tonumber(ARGV[3]), ${LEAST_FACTOR}
  if now - changed >= adapt then change(math.max(least, factor * tonumber(ARGV[2]))) end
  return {'ok'}
end
if ARGV[1] == 'away' then
  redis.call('HSET', KEYS[1], 'away', text(now + tonumber(ARGV[2])))
  return {'ok'}
end
if bucket[4] then return {'paused'} end
local away = tonumber(bucket[5] or 0)
if away > now then return {'away', text(away - now)} end
local count, spacing, burst = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local horizon, step, adapt = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local perDay, latest = tonumber(ARGV[8]), tonumber(ARGV[9])
if factor < 1 and now - changed >= adapt then change(math.min(1, factor + step)) end
spacing = spacing / factor
local first = math.max(tonumber(bucket[1] or 0), now - (burst - 1) * spacing)
-- No slot that is further away is taken: it is left to others, and this sender waits.
local far = now + horizon / factor
local fitting = math.floor((math.min(far, now + latest) - first) / spacing + 1e-9) + 1
if fitting < 1 then
  if first > now + latest then return {'busy', text(first - now)} end
  return {'busy', text(first - far)}
end
count = math.min(count, fitting)
if perDay > 0 then
  local quarter, window = ${QUARTER_SECONDS * 1e6}, ${DAY_QUARTERS}
  local present = math.floor(now / quarter)
  local counts = redis.call('HGETALL', KEYS[2])
  local room, kept = perDay, {}
  for i = 1, #counts, 2 do
    local at, messages = tonumber(counts[i]), tonumber(counts[i + 1])
    if at <= present - window then redis.call('HDEL', KEYS[2], counts[i])
    else
      room = room - messages
      kept[#kept + 1] = {at, messages}
    end
  end
  if room < 1 then
    table.sort(kept, function(a, b) return a[1] < b[1] end)
    for _, one in ipairs(kept) do
      room = room + one[2]
      if room >= 1 then return {'day', text((one[1] + window) * quarter - now)} end
    end
    return {'day', text(window * quarter)}
  end
  count = math.min(count, room)
  -- In the quarter in which the last of them arrives.
  local arrives = math.max(now, first + (count - 1) * spacing) + tonumber(ARGV[10])
  redis.call('HINCRBY', KEYS[2], string.format('%.0f', math.floor(arrives / quarter)), count)
  redis.call('EXPIRE', KEYS[2], 172800)
end
redis.call('HSET', KEYS[1], 'next', text(first + count * spacing))
return {'slots', text(first - now), text(spacing), text(count)}
`;

/** KEYS: bucket. Whether it is paused, how long the provider is away, and the share of the rate that is used. */
const STATE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local bucket = redis.call('HMGET', KEYS[1], 'paused', 'away', 'factor')
local away = math.max(0, tonumber(bucket[2] or 0) - now)
return {bucket[1] and '1' or '0', string.format('%.3f', away), bucket[3] or '1'}
`;

/** What a person asks of a bucket. */
export interface BucketState {
  readonly paused: boolean;
  readonly awaySeconds: number;
  /** The share of the rate that is used. */
  readonly factor: number;
}

/** The bucket of one provider for all senders of a Redis server. */
export class RedisBucket implements Bucket {
  readonly #keys: [string, string];

  /** @param lane the provider; keys of one bucket share a slot of a Redis cluster */
  constructor(
    private readonly redis: RedisScripts,
    prefix: string,
    lane: string,
    private readonly pace: BucketSettings,
    private readonly now: () => number = Date.now,
  ) {
    this.#keys = [`{${prefix}:${lane}}:bucket`, `{${prefix}:${lane}}:day`];
  }

  public async reserve(count: number, latest: number): Promise<Reservation> {
    const { messagesPerSecond, burst, slotSeconds, horizonSeconds, recoveryStep, adaptSeconds } = this.pace;
    const asked = this.now();
    const [kind, first, spacing, granted] = await this.#run(
      'reserve',
      count,
      1e6 / messagesPerSecond,
      burst,
      horizonSeconds * 1e6,
      recoveryStep,
      adaptSeconds * 1e6,
      this.pace.messagesPerDay ?? 0,
      Math.max(0, latest - asked) * 1000,
      2 * slotSeconds * 1e6,
    );
    if (kind !== 'slots') {
      return { closed: kind as Closed, ...(first !== undefined && { retryMillis: Number(first) / 1000 }) };
    }
    // Redis read its clock between question and answer. Nothing leaves before its slot, and what the answer took is
    // counted as lateness.
    const answered = this.now();
    return {
      slots: Array.from({ length: Number(granted) }, (_, index) => {
        const wait = Math.max(0, (Number(first) + index * Number(spacing)) / 1000);
        return { at: answered + wait, until: asked + wait + slotSeconds * 1000 };
      }),
    };
  }

  public async throttled(): Promise<void> {
    await this.#run('throttled', this.pace.throttledFactor, this.pace.adaptSeconds * 1e6);
  }

  public async away(millis: number): Promise<void> {
    await this.#run('away', millis * 1000);
  }

  public async state(): Promise<BucketState> {
    const [paused, away, factor] = (await this.redis.eval(STATE, 1, this.#keys[0])) as string[];
    return { paused: paused === '1', awaySeconds: Number(away) / 1e6, factor: Number(factor) };
  }

  async #run(...args: (string | number)[]): Promise<string[]> {
    return (await this.redis.eval(BUCKET, 2, ...this.#keys, ...args)) as string[];
  }
}

/** Milliseconds of the server's clock, and whether a record is the claim with that token. */
const CLAIMED = `
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local known = redis.call('GET', KEYS[1])
local function isOf(token)
  return known and string.sub(known, 1, 8) == 'sending ' and string.sub(known, -#token - 1) == ' ' .. token
end
`;

/** KEYS: record. ARGV: the token, its lifetime. A claim that is there already was sent twice: its answer was lost. */
const CLAIM = `${CLAIMED}
if known and not isOf(ARGV[1]) then return {known, now} end
redis.call('SET', KEYS[1], 'sending ' .. now .. ' ' .. ARGV[1], 'EX', ARGV[2])
return false
`;

/** KEYS: record. ARGV: how the old claim begins, the new token, its lifetime. The new one is there if its answer was lost. */
const TAKE_OVER = `${CLAIMED}
if not known then return 0 end
if not isOf(ARGV[2]) and string.sub(known, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], 'sending ' .. now .. ' ' .. ARGV[2], 'EX', ARGV[3])
return 1
`;

/** KEYS: record. ARGV: the token of the claim. */
const RELEASE = `${CLAIMED}
if not isOf(ARGV[1]) then return 0 end
return redis.call('DEL', KEYS[1])
`;

const SET = `redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])`;

/** The record of every mail. The age of a claim is by Redis' clock: those of two senders may differ by more than a claim lasts. */
export class RedisClaims implements Claims {
  constructor(
    private readonly redis: RedisScripts,
    private readonly prefix: string,
    private readonly recordSeconds: number,
  ) {}

  public async claim(id: string, _now: number, token: string): Promise<Claim> {
    const answer = (await this.redis.eval(CLAIM, 1, this.#key(id), token, this.recordSeconds)) as
      | [string, string]
      | null;
    if (answer === null) return { state: 'mine' };
    const [known, now] = answer;
    const [state, since] = known.split(' ', 2);
    if (state !== 'sending') return { state: state === 'sent' ? 'sent' : 'parked' };
    return { state, since: Number(since), ageMillis: Number(now) - Number(since) };
  }

  public async takeOver(id: string, since: number, _now: number, token: string): Promise<boolean> {
    const args = [`sending ${since} `, token, this.recordSeconds];
    return (await this.redis.eval(TAKE_OVER, 1, this.#key(id), ...args)) === 1;
  }

  public async release(id: string, token: string): Promise<void> {
    await this.redis.eval(RELEASE, 1, this.#key(id), token);
  }

  public async sent(id: string, providerMessageId: string, provider: string): Promise<void> {
    await this.redis.eval(SET, 1, this.#key(id), `sent ${provider} ${providerMessageId}`, this.recordSeconds);
  }

  public async parked(id: string, reason: string): Promise<void> {
    await this.redis.eval(SET, 1, this.#key(id), `parked ${reason}`, this.recordSeconds);
  }

  #key(id: string): string {
    return `${this.prefix}:mail:${id}`;
  }
}

/** KEYS: due times, bodies, receives. ARGV: how many, how long they are hidden, in microseconds. */
const RECEIVE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, tonumber(ARGV[1]))
local messages = {}
for _, id in ipairs(due) do
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), id)
  messages[#messages + 1] = {id, redis.call('HGET', KEYS[2], id) or '', redis.call('HINCRBY', KEYS[3], id, 1)}
end
return messages
`;

const HIDE = `
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', time[1] * 1000000 + time[2] + tonumber(ARGV[2])), ARGV[1])
`;

const DONE = `
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
`;

/** KEYS: due times, quarantine. Messages, those of them that may be received now, and what was set aside. */
const SIZES = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
return {redis.call('ZCARD', KEYS[1]), redis.call('ZCOUNT', KEYS[1], '-inf', now), redis.call('LLEN', KEYS[2])}
`;

/** How many messages there are. */
export interface QueueSizes {
  readonly messages: number;
  /** Those that may be received now. */
  readonly due: number;
  readonly quarantined: number;
}

/** Hands a message over, unless there is one of that id. */
const PUT = `
if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('ZADD', KEYS[1], 0, ARGV[1])
return 1
`;

/**
 * A queue in a sorted set: the score of a message is when it may be received, so that one that is being sent, or has to
 * wait, is hidden. A message of a sender that ended comes back by itself.
 */
export class RedisQueue {
  readonly #keys: [string, string, string];

  constructor(
    private readonly redis: RedisScripts & Pick<Redis, 'lpush'>,
    prefix: string,
  ) {
    this.#keys = [`{${prefix}:queue}:due`, `{${prefix}:queue}:bodies`, `{${prefix}:queue}:receives`];
    this.quarantineKey = `{${prefix}:queue}:quarantine`;
  }

  /** A list with what was set aside. */
  public readonly quarantineKey: string;

  /** False when there is a message of that id already. */
  public async put(messageId: string, body: string): Promise<boolean> {
    return (await this.redis.eval(PUT, 3, ...this.#keys, messageId, body)) === 1;
  }

  public async receive(count: number, hideSeconds: number): Promise<Message[]> {
    const messages = await this.redis.eval(RECEIVE, 3, ...this.#keys, count, hideSeconds * 1e6);
    return (messages as [string, string, number][]).map(([messageId, body, receives]) => ({
      messageId,
      body,
      receives,
    }));
  }

  public async hide(messageId: string, seconds: number): Promise<void> {
    await this.redis.eval(HIDE, 3, ...this.#keys, messageId, seconds * 1e6);
  }

  public async done(messageId: string): Promise<void> {
    await this.redis.eval(DONE, 3, ...this.#keys, messageId);
  }

  public async sizes(): Promise<QueueSizes> {
    const [messages, due, quarantined] = (await this.redis.eval(
      SIZES,
      2,
      this.#keys[0],
      this.quarantineKey,
    )) as number[];
    return { messages, due, quarantined };
  }

  public async park(copy: object): Promise<void> {
    await this.redis.lpush(this.quarantineKey, JSON.stringify(copy));
  }
}
