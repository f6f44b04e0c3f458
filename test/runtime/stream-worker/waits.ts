/** `node:timers/promises` over the timers of the test: those of jest reach `setTimeout`, and not this module. */

export const setTimeout = (millis: number, value?: unknown, { signal }: { readonly signal?: AbortSignal } = {}) =>
  new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = globalThis.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    }, millis);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
