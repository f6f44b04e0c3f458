/** What every container that sends makes of its environment: a client of Redis, and its providers with their buckets. */
import { Redis } from 'ioredis';
import { redisSettings } from '../redis-settings';
import { HttpProvider } from '../sender/http';
import { CountedProvider, RedisPause } from '../sender/pause';
import type { Lane, Ports, SenderConfig } from '../sender/ports';
import { RedisBucket } from '../sender/redis';
import { RefusalBrake } from '../sender/refusals';
import { SmtpProvider } from '../sender/smtp';
import { setting } from '../settings';
import type { ContainerLane } from './lane';

/** A lane whose bucket tells its state. */
export type ContainerLaneMade = Lane & { readonly bucket: RedisBucket; readonly close: () => void };

/** Longer, a server that hangs would take the time of the mails. */
const COMMAND_MILLIS = 5000;

/** A client of the Redis that the environment names. */
export function connectRedis(log: (event: string, detail: Readonly<Record<string, string>>) => void): Redis {
  const redis = new Redis({ ...redisSettings(), maxRetriesPerRequest: 1, commandTimeout: COMMAND_MILLIS });
  redis.on('error', (error: Error) => log('redis', { error: error.name }));
  return redis;
}

/** The providers of the environment, in order. A pause of one is for all: what bounces at one bounces at the other. */
export function lanesOf(
  redis: Redis,
  prefix: string,
  config: Pick<SenderConfig, 'callSeconds'> & { readonly inFlight: number },
  log: Ports['log'],
): ContainerLaneMade[] {
  const lanes = (JSON.parse(setting('LANES')) as ContainerLane[]).map((lane) => ({
    lane,
    pause: lane.pause && new RedisPause(redis, prefix, lane.name, lane.pause),
  }));
  const recordOf = (name: string, pause: RedisPause) => async (kind: 'sent' | 'refused', count: number) => {
    try {
      const reason = await pause.record(kind, count);
      if (reason === undefined) return;
      log('paused', { provider: name, reason });
      await Promise.all(lanes.map((one) => one.pause?.pause(reason)));
    } catch (error) {
      log('not counted', { provider: name, error: error instanceof Error ? error.name : 'unknown' });
    }
  };
  return lanes.map(({ lane, pause }) => {
    const made = laneOf(lane, redis, prefix, config);
    return pause === undefined
      ? made
      : { ...made, provider: new CountedProvider(made.provider, recordOf(lane.name, pause)) };
  });
}

function laneOf(
  { kind, ...lane }: ContainerLane,
  redis: Redis,
  prefix: string,
  { inFlight, callSeconds }: Pick<SenderConfig, 'callSeconds'> & { readonly inFlight: number },
): ContainerLaneMade {
  const { name, from, pace, requireTls = true } = lane;
  const url = setting(lane.urlFrom);
  const provider =
    kind === 'smtp'
      ? new SmtpProvider({ url, from, requireTls }, callSeconds)
      : new HttpProvider(
          {
            url,
            from,
            connections: inFlight,
            header: lane.header ?? 'authorization',
            key: setting(lane.keyFrom ?? ''),
          },
          callSeconds,
        );
  return {
    name,
    provider: new RefusalBrake(provider),
    bucket: new RedisBucket(redis, prefix, name, pace),
    close: () => {
      if (provider instanceof SmtpProvider) provider.close();
    },
  };
}
