/** What users import as `backpressure-constructs/webhook`: the consumer, and what a unit test of it needs. */
export { signRequest } from './signature';
export { type Tested, type TestedDelivery, type TestedWebhooks, type TestOptions, webhookTest } from './testing';
export {
  type ConsumerOptions,
  type Delivery,
  type Effects,
  type OnDelivery,
  type OnError,
  webhookConsumer,
} from './webhook-consumer';
