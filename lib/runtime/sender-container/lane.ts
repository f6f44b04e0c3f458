/** A provider as the manifests give it to the senders. */
import type { BucketSettings, PauseSettings } from '../../flow/rates/run-time';

/** One provider. */
export interface ContainerLane {
  readonly name: string;
  readonly kind: 'smtp' | 'http';
  readonly from: string;
  /** The variable with the address. */
  readonly urlFrom: string;
  /** Whether a connection by SMTP has to become encrypted. */
  readonly requireTls?: boolean;
  /** The variable with the key of an HTTP API, and its header. */
  readonly keyFrom?: string;
  readonly header?: string;
  readonly pace: BucketSettings;
  /** When all senders pause by themselves. Default: never. */
  readonly pause?: PauseSettings;
}
