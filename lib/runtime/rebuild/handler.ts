/**
 * The business logic of the reference environment "notifications": rebuilds the cached pages of keys, which takes
 * `KEY_SECONDS` each, 0 unless set. Put yours in its place.
 *
 * Write a page back only when the version of its source is at least that of what is cached: a rebuild that began earlier
 * may end later.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { KeysToRebuild } from '../coalescer/request';

const KEY_MILLIS = 1000 * Number(process.env.KEY_SECONDS ?? 0);

export async function handler({ keys }: KeysToRebuild): Promise<{ readonly failed: string[] }> {
  await wait(KEY_MILLIS * keys.length);
  return { failed: [] };
}
