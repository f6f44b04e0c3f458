/** A service that gets the keys and rebuilds what is cached of them. */
import type { Invalidator, Outcome } from './flush';
import type { MergedKey } from './merge';
import { answered, requestText } from './request';

/** Posts the keys to an address. */
export class HttpInvalidator implements Invalidator {
  constructor(
    private readonly url: string,
    private readonly timeoutSeconds: number,
    private readonly authorization?: string,
  ) {}

  public async invalidate(keys: readonly MergedKey[]): Promise<Outcome> {
    const response = await fetch(this.url, {
      method: 'POST',
      body: requestText(keys),
      headers: {
        'content-type': 'application/json',
        ...(this.authorization !== undefined && { authorization: this.authorization }),
      },
      redirect: 'error',
      signal: AbortSignal.timeout(this.timeoutSeconds * 1000),
    });
    const text = await response.text();
    if (response.status === 429 || response.status === 503) return { busy: keys.map(({ key }) => key) };
    if (!response.ok) throw Object.assign(new Error(String(response.status)), { name: `HTTP ${response.status}` });
    return answered(text, keys);
  }
}
