/** A queue of the cluster tests: a real server on loopback, and what producers and consumers do there. */

import type { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import type { SecretKey } from '../../lib/k8s/secret-key';

/** Name of the Secret that a queue's credentials stand in. */
const SECRET = 'queue';

/** A key of that Secret. */
export function secret(key: string): SecretKey {
  return { secretName: SECRET, key };
}

/** The Secret of a queue, as a manifest. */
export function secretOf({ credentials }: Queue, namespace: string): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET, namespace }, stringData: credentials };
}

/** A running server with one queue in it. */
export interface Queue {
  readonly trigger: QueueTrigger;
  /** What KEDA and the worker need to be let in, by the keys that the trigger names. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Adds items. */
  put(count: number): Promise<void>;
  /** Gives items into the hands of a consumer, which does not end them yet. */
  take(count: number): Promise<void>;
  /** Ends the items in hand that came first. */
  finish(count: number): Promise<void>;
  stop(): Promise<void>;
}
