/** The numbers of a gate as the construct writes them into the environment. */
import type { LimitSettings } from '../../flow/services/limit';
import { numberSetting, setting } from '../settings';
import { EXEMPT_PATHS, type GateOptions } from './bounded-handler';

/**
 * Reads SERVICE, SLOTS, QUEUE, WAIT_SECONDS, SERVER_DEADLINE_SECONDS, IDLE_TIMEOUT_SECONDS, SHED_STATUS, RETRY_AFTER_SECONDS,
 * RETRY_AFTER_JITTER, and PRIORITY_HEADER and HEALTH_PATH, which may be absent. With LIMIT (`aimd` or `gradient`) also LIMIT_INITIAL, LIMIT_FLOOR, LIMIT_CEILING,
 * LIMIT_SERVICE_SECONDS, LIMIT_TOLERANCE, and LIMIT_WINDOW_REQUESTS.
 *
 * @throws Error when one is missing or is no number; the message names it
 */
export function gateOptions(): GateOptions {
  return {
    service: setting('SERVICE'),
    slots: numberSetting('SLOTS'),
    queue: numberSetting('QUEUE'),
    waitSeconds: numberSetting('WAIT_SECONDS'),
    latencySeconds: numberSetting('SERVER_DEADLINE_SECONDS'),
    stuckSeconds: numberSetting('IDLE_TIMEOUT_SECONDS'),
    shedStatus: numberSetting('SHED_STATUS'),
    retryAfterSeconds: numberSetting('RETRY_AFTER_SECONDS'),
    retryAfterJitter: numberSetting('RETRY_AFTER_JITTER'),
    priorityHeader: process.env.PRIORITY_HEADER || undefined,
    exemptPaths: process.env.HEALTH_PATH ? [...EXEMPT_PATHS, process.env.HEALTH_PATH] : EXEMPT_PATHS,
    limit: process.env.LIMIT ? limitSettings(process.env.LIMIT) : undefined,
  };
}

function limitSettings(name: string): LimitSettings {
  if (name !== 'aimd' && name !== 'gradient')
    throw new Error(`the environment variable LIMIT must be aimd or gradient, got '${name}'`);
  return {
    name,
    initial: numberSetting('LIMIT_INITIAL'),
    floor: numberSetting('LIMIT_FLOOR'),
    ceiling: numberSetting('LIMIT_CEILING'),
    serviceSeconds: numberSetting('LIMIT_SERVICE_SECONDS'),
    tolerance: numberSetting('LIMIT_TOLERANCE'),
    windowRequests: numberSetting('LIMIT_WINDOW_REQUESTS'),
  };
}
