import type { Egress } from '../network-policy';
import type { SecretKey } from '../secret-key';

/** What an invalidator is to a merger. */
export interface InvalidatorBinding {
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretKey>>;
  readonly egress: Egress;
}
