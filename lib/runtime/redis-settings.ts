/** How Redis is reached, as the constructs that take a `RedisServer` write it into the environment of a container. */
import type { RedisOptions } from 'ioredis';
import { numberSetting, setting } from './settings';

/** REDIS_HOST, REDIS_PORT and REDIS_TLS; REDIS_USERNAME, REDIS_PASSWORD and REDIS_CA where there are any. */
export function redisSettings(): RedisOptions {
  const { REDIS_USERNAME: username, REDIS_PASSWORD: password, REDIS_CA: ca } = process.env;
  return {
    host: setting('REDIS_HOST'),
    port: numberSetting('REDIS_PORT'),
    ...(username && { username }),
    ...(password && { password }),
    ...(setting('REDIS_TLS') === 'true' && { tls: ca ? { ca } : {} }),
  };
}
