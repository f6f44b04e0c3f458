/** Whole seconds of `Retry-After`, so many up or down by chance, so that callers do not return together. */
export function retryAfter(seconds: number, jitter: number, chance: number): string {
  return String(Math.max(1, Math.ceil(seconds * (1 + jitter * (2 * chance - 1)))));
}
