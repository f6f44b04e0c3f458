/**
 * The consumer's side of a webhook buffer on Kubernetes: what users import as `backpressure-constructs/kafka-webhook`. Reads
 * the topic of deliveries, processes each once, and commits its offset after its effect. The user writes the business logic
 * and the store.
 *
 * A delivery that fails is tried again where it is, so that those behind it in its partition wait for the attempts of the
 * plan; then it goes to the topic of dead letters, with its headers.
 */

import type { EffectStore } from '../effect-store';
// The whole of it, which the package has once: see lib/runtime/beside.ts.
import { streamWorker, type WorkerOptions } from '../stream-worker/consumer';
import { type ConsumerOptions, deliveryConsumer, type OnDelivery } from '../webhook-receiver/delivery';

export type { EffectStore } from '../effect-store';
export type { ConsumerOptions, Delivery, OnDelivery, OnError } from '../webhook-receiver/delivery';

/** Works until SIGTERM. Rejects when the brokers are gone for good: end the process then, and the pod is restarted. */
export async function consumeWebhooks<Transaction>(
  onDelivery: OnDelivery<Transaction>,
  store: EffectStore<Transaction>,
  options: ConsumerOptions & WorkerOptions = {},
): Promise<void> {
  const { consume, tell } = deliveryConsumer(onDelivery, store, options);
  await streamWorker(async ({ headers, bytes, attempt }) => {
    try {
      await consume({ attributes: headers, data: Buffer.from(bytes), attempt });
    } catch (error) {
      await tell(error);
      // The loop tries it again, or sets it aside.
      throw error;
    }
  }, options);
}
