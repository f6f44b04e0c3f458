/**
 * Signing secrets from mounted files, one secret a line. During a rotation the file has two lines: the sender may still
 * sign with the old one.
 */
import { readFile } from 'node:fs/promises';
import { CachedSecrets } from '../cached-secrets';

/** Reads a file anew every few minutes; a mounted `latest` version is fetched whenever it is read. */
export class SecretFiles extends CachedSecrets {
  constructor(now?: () => number) {
    super(secretsIn, now);
  }
}

async function secretsIn(path: string): Promise<readonly string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.trim());
  const secrets = lines.filter((line) => line !== '');
  // An empty key is one that everybody knows.
  if (secrets.length === 0) throw new Error(`${path} holds no secret; add a version before sending deliveries`);
  return secrets;
}
