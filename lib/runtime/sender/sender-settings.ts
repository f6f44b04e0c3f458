/** What every sender is told by its environment, on Lambda, in a container and on Cloud Run. */
import { numberSetting, setting } from '../settings';
import type { SenderConfig } from './ports';

/** The settings that all of them have; each has its own time after which a claim is of a sender that has ended. */
export function senderSettings(claimSeconds: number): SenderConfig {
  return {
    mostRecipients: numberSetting('MOST_RECIPIENTS'),
    onUnknown: setting('ON_UNKNOWN') === 'send' ? 'send' : 'park',
    claimSeconds,
    callSeconds: numberSetting('CALL_TIMEOUT_SECONDS'),
    backoffSeconds: numberSetting('BACKOFF_SECONDS'),
    backoffCapSeconds: numberSetting('BACKOFF_CAP_SECONDS'),
    closedSeconds: numberSetting('CLOSED_SECONDS'),
    holdSeconds: numberSetting('HOLD_SECONDS'),
  };
}
