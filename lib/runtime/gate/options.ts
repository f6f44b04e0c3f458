/** The numbers of a gate as the construct writes them into the environment. */
import { numberSetting, setting } from '../settings';
import type { GateOptions } from './bounded-handler';

/**
 * Reads SERVICE, SLOTS, QUEUE, WAIT_SECONDS, SERVER_DEADLINE_SECONDS, SHED_STATUS, RETRY_AFTER_SECONDS, RETRY_AFTER_JITTER, and
 * PRIORITY_HEADER, which may be absent.
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
    shedStatus: numberSetting('SHED_STATUS'),
    retryAfterSeconds: numberSetting('RETRY_AFTER_SECONDS'),
    retryAfterJitter: numberSetting('RETRY_AFTER_JITTER'),
    priorityHeader: process.env.PRIORITY_HEADER || undefined,
  };
}
