/**
 * Signing secrets from mounted files, one secret a line. During a rotation the file has two lines: the sender may still
 * sign with the old one.
 */
import { readFile } from 'node:fs/promises';
import { CachedSecrets, type RereadLimits } from '../cached-secrets';

/**
 * A sender is waiting, and some senders never retry: so the receiver waits for the next read, at most a second. The
 * number of waiting requests is limited, so that forgeries cannot occupy an instance.
 */
export const DOOR_REREADS: RereadLimits = { intervalMillis: 1000, maxWaitMillis: 1000, maxWaiting: 20 };

/** Reads a file again every few minutes; a mounted `latest` version is fetched whenever it is read. */
export class SecretFiles extends CachedSecrets {
  constructor(now?: () => number) {
    super(async (path) => [await readFile(path, 'utf8')], DOOR_REREADS, now);
  }
}
