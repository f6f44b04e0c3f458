/** The signal of a guard that answers by HTTP. */
import type { ReplicaSignal } from '../replica-guard/signal';
import type { SignalSource } from './write-throttle';

/**
 * Reads the signal at the address of a guard: `http://guard:8080`.
 *
 * @param timeoutSeconds an answer that takes longer counts as none. Default: 1
 */
export function httpSignal(url: string, timeoutSeconds = 1): SignalSource {
  return {
    read: async (writer) => {
      const address = new URL('/throttle', url);
      if (writer !== undefined) address.searchParams.set('writer', writer);
      const response = await fetch(address, { signal: AbortSignal.timeout(1000 * timeoutSeconds) });
      // 429 and 503 have the signal as well.
      if (![200, 429, 503].includes(response.status)) throw new Error(`the guard answered ${response.status}`);
      return (await response.json()) as ReplicaSignal;
    },
  };
}
