/** Whether a broker has a password: it keeps only a salted hash, of which the first four bytes are the salt. */
import { createHash, timingSafeEqual } from 'node:crypto';

const SALT_BYTES = 4;
const DIGESTS: Readonly<Record<string, string>> = {
  rabbit_password_hashing_sha256: 'sha256',
  rabbit_password_hashing_sha512: 'sha512',
};

/** What the broker keeps of a password. */
export interface KeptPassword {
  readonly password_hash?: unknown;
  readonly hashing_algorithm?: unknown;
}

/**
 * Whether the broker would accept the password. An algorithm that is not known counts as another password, which is
 * then set again.
 *
 * Source: RabbitMQ, Credentials and Passwords, "Computing Password Hash"
 */
export function isPassword(kept: KeptPassword, password: string): boolean {
  const digest = DIGESTS[String(kept.hashing_algorithm)];
  if (digest === undefined || typeof kept.password_hash !== 'string') return false;
  const bytes = Buffer.from(kept.password_hash, 'base64');
  const salt = bytes.subarray(0, SALT_BYTES);
  const hashed = createHash(digest).update(salt).update(password, 'utf8').digest();
  const found = bytes.subarray(SALT_BYTES);
  return found.length === hashed.length && timingSafeEqual(found, hashed);
}
