/** What is done for a payment: one item, committed together with the event's key or not at all. */
import { webhookConsumer } from 'backpressure-constructs/webhook';

export const handler = webhookConsumer(async (delivery, effects) => {
  const event = JSON.parse(delivery.body);
  if (event.type !== 'payment_intent.succeeded') return;
  effects.add({
    Put: {
      TableName: process.env.PAYMENTS,
      Item: { id: { S: delivery.id }, amount: { N: String(event.data.object.amount) } },
    },
  });
});
