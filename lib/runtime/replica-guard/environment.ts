/**
 * What a guard is told. Environment: SETTINGS (the numbers of the throttle and of writers, JSON), SOURCE and REPLICAS
 * (addresses, JSON), DB_USER, DB_PASSWORD, DB_SCHEMA, DB_TRUST (a PEM, `rds` or `system`; absent: no TLS), DB_VERIFY_IDENTITY
 * (`false`: a certificate may be one for another host), HEARTBEAT_SECONDS, TICK_SECONDS, READ_TIMEOUT_SECONDS,
 * WRITER_FORGOTTEN_SECONDS, STALLED_SECONDS, PORT, GUARD (its name).
 */
import type { GuardSettings } from '../../flow/replication/settings';
import { numberSetting, setting } from '../settings';
import type { Pace } from './run';
import type { ServeOptions } from './serve';
import { type Credentials, Replica, type ServerAddress, Source } from './servers';

/** The numbers of the throttle and of writers. */
export function settingsOfGuard(): GuardSettings {
  return JSON.parse(setting('SETTINGS')) as GuardSettings;
}

/** How often. */
export function paceOf(): Pace {
  return {
    heartbeatMillis: 1000 * numberSetting('HEARTBEAT_SECONDS'),
    tickMillis: 1000 * numberSetting('TICK_SECONDS'),
  };
}

/** How it answers. */
export function serveOptions(): ServeOptions {
  return {
    guard: setting('GUARD'),
    retryAfterSeconds: numberSetting('TICK_SECONDS'),
    stalledMillis: 1000 * numberSetting('STALLED_SECONDS'),
  };
}

/** The servers. */
export function serversOf(): { readonly source: Source; readonly replicas: readonly Replica[] } {
  const credentials: Credentials = {
    user: setting('DB_USER'),
    password: setting('DB_PASSWORD'),
    schema: setting('DB_SCHEMA'),
    trust: process.env.DB_TRUST || undefined,
    verifyIdentity: process.env.DB_VERIFY_IDENTITY !== 'false',
    timeoutMillis: 1000 * numberSetting('READ_TIMEOUT_SECONDS'),
  };
  const replicas = JSON.parse(setting('REPLICAS')) as ServerAddress[];
  return {
    source: new Source(JSON.parse(setting('SOURCE')) as ServerAddress, credentials),
    replicas: replicas.map((address) => new Replica(address, credentials)),
  };
}
