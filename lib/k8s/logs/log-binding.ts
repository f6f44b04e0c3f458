/** The parts of an output. Internal: users pick an output, they do not write one. */
import type { Check } from '../../flow/errors';
import type { LogsPlan } from '../../flow/logs/workload';
import type { Egress } from '../network-policy';
import type { SecretKey } from '../secret-key';

/** Path of the certificate authority of the destination in Filebeat's container. */
export const CERTIFICATES = '/etc/log-output';

/** A value that Filebeat reads from its environment. */
export function fromEnvironment(name: string): string {
  return `\${${name}}`;
}

/** An output as the shipper sees it. */
export interface LogOutputBinding {
  readonly checks: readonly Check[];
  /** The block of filebeat.yml. */
  config(plan: LogsPlan): Record<string, unknown>;
  /** Variables of Filebeat, from Secrets. */
  readonly secrets: Readonly<Record<string, SecretKey>>;
  readonly certificateAuthority?: SecretKey;
  readonly egress: readonly Egress[];
}
