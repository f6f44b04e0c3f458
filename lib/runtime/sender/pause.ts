/**
 * Senders that pause by themselves: all of them count in Redis what a provider takes and what it refuses for good, and the one
 * that sees too large a share closes the bucket for all. Only a person opens it again.
 */
import type { PauseSettings } from '../../flow/rates/run-time';
import { ProviderAround } from './around';
import type { Mail, Outcome, Provider } from './mail';
import type { RedisScripts } from './redis';

/** Parts of a window, each counted by itself: what is older than the window leaves it part by part. */
const PARTS = 12;

/**
 * KEYS: bucket, counts. ARGV: what became of a call, ratio, least calls, seconds of a part, parts, how many. The reason when it
 * paused.
 * While the bucket is paused nothing counts, and with a pause the counts begin anew: a resume is not undone by what was
 * refused before it.
 */
const RECORD = `
if redis.call('HEXISTS', KEYS[1], 'paused') == 1 then return false end
local part = math.floor(tonumber(redis.call('TIME')[1]) / tonumber(ARGV[4]))
redis.call('HINCRBY', KEYS[2], string.format('%d', part) .. ' ' .. ARGV[1], tonumber(ARGV[6]))
redis.call('EXPIRE', KEYS[2], tonumber(ARGV[4]) * (tonumber(ARGV[5]) + 1))
local refused, total = 0, 0
local counts = redis.call('HGETALL', KEYS[2])
for i = 1, #counts, 2 do
  local at, kind = string.match(counts[i], '^(%d+) (%a+)$')
  if tonumber(at) <= part - tonumber(ARGV[5]) then redis.call('HDEL', KEYS[2], counts[i])
  else
    total = total + tonumber(counts[i + 1])
    if kind == 'refused' then refused = refused + tonumber(counts[i + 1]) end
  end
end
if total < tonumber(ARGV[3]) or refused < tonumber(ARGV[2]) * total then return false end
local reason = string.format('%d of %d calls were refused for good', refused, total)
redis.call('HSET', KEYS[1], 'paused', reason)
redis.call('DEL', KEYS[2])
return reason
`;

/** KEYS: bucket, counts. ARGV: the reason. The counts begin anew here, too. */
const PAUSE = `
redis.call('HSETNX', KEYS[1], 'paused', ARGV[1])
redis.call('DEL', KEYS[2])
`;

/** The pause of one provider, for all senders of a Redis server. */
export class RedisPause {
  readonly #keys: [string, string];

  constructor(
    private readonly redis: RedisScripts,
    prefix: string,
    lane: string,
    private readonly settings: PauseSettings,
  ) {
    this.#keys = [`{${prefix}:${lane}}:bucket`, `{${prefix}:${lane}}:calls`];
  }

  /** Counts a call, or so many recipients of one. The reason, when that closed the bucket. */
  public async record(kind: 'sent' | 'refused', count = 1): Promise<string | undefined> {
    const { ratio, leastMessages, windowSeconds } = this.settings;
    const args = [kind, ratio, leastMessages, Math.max(1, Math.ceil(windowSeconds / PARTS)), PARTS, count];
    return ((await this.redis.eval(RECORD, 2, ...this.#keys, ...args)) as string | null) ?? undefined;
  }

  /** Closes the bucket, unless it is closed. */
  public async pause(reason: string): Promise<void> {
    await this.redis.eval(PAUSE, 2, ...this.#keys, reason);
  }
}

/** A provider whose calls are counted. What is counted never keeps a mail waiting, and never fails it. */
export class CountedProvider extends ProviderAround {
  /** @param record counts a call; it does not throw */
  constructor(
    provider: Provider,
    private readonly record: (kind: 'sent' | 'refused', count: number) => Promise<void>,
  ) {
    super(provider);
  }

  public async send(mail: Mail): Promise<Outcome> {
    const outcome = await this.provider.send(mail);
    if (outcome.kind === 'sent' || outcome.kind === 'refused') void this.record(outcome.kind, 1);
    // As the metrics count them: a list may be bad, and each mail have one recipient who is there.
    if (outcome.kind === 'sent' && outcome.rejected !== undefined) void this.record('refused', outcome.rejected);
    return outcome;
  }
}
