/** Numbers of the engines: a whole run ends in time, a recovery can be measured in it, and a changed plan is another one. */
import type { RabbitMq } from '../engines/rabbitmq';
import { changedOf as kafkaChanged, sizingOf as kafkaSizing, knobsOf } from './engines/kafka';
import { CHANGED, eventOf, sizingOf as rabbitMq } from './engines/rabbitmq';
import { sizingOf as redis } from './engines/redis';
import { carriedPerSecond } from './engines/sqs';
import { changedOf as webhooksChanged, sizingOf as webhooksSizing } from './engines/webhooks';

const WHOLE = 100_000;
const MOST_FLOOD_SECONDS = 340;
const LEAST_SPARE = 1.4;

describe.each([
  ['RabbitMQ', rabbitMq, { instances: 4, prefetch: 13 }],
  ['Redis', redis, { instances: 3 }],
] as const)('%s', (_, sizingOf, expected) => {
  test.each([1000, WHOLE])('%i letters leave spare capacity, in a flood that is short enough', (messages) => {
    const { perSecond, clearedPerSecond } = sizingOf(messages).sizing;
    expect(messages / perSecond).toBeLessThanOrEqual(MOST_FLOOD_SECONDS);
    expect(clearedPerSecond / perSecond).toBeGreaterThanOrEqual(LEAST_SPARE);
  });

  test('as many consumers as the plan has', () => {
    const { plan, sizing } = sizingOf(WHOLE);
    expect(sizing.instances).toBe(expected.instances);
    if ('prefetch' in expected) expect(plan.value('prefetch')).toBe(expected.prefetch);
  });
});

test('a changed plan is declared on RabbitMQ over the one before, and is another one', () => {
  const [before, changed] = [rabbitMq(WHOLE).plan, rabbitMq(WHOLE, CHANGED).plan];
  const broker = { management: 'https://localhost:1' } as RabbitMq;
  const { RequestType, ResourceProperties, OldResourceProperties } = eventOf(broker, changed, before);
  expect(RequestType).toBe('Update');
  expect(OldResourceProperties).toEqual(eventOf(broker, before).ResourceProperties);
  expect(ResourceProperties).toEqual(eventOf(broker, changed).ResourceProperties);
  expect(OldResourceProperties).not.toEqual(ResourceProperties);
});

test.each([1000, WHOLE])(
  'with %i letters consumers on Kafka are told another batch, and nothing slower',
  (messages) => {
    const [planned, changed] = [kafkaSizing(messages), kafkaChanged(messages)];
    expect(knobsOf(changed.plan).BATCH_SIZE).not.toBe(knobsOf(planned.plan).BATCH_SIZE);
    const { consumerRecordsPerSecond } = planned.plan.predictions;
    expect(changed.plan.predictions.consumerRecordsPerSecond).toBeCloseTo(consumerRecordsPerSecond, 6);
  },
);

test.each([1000, WHOLE])('with %i letters webhooks get more partitions, and each consumer as many', (messages) => {
  const { plan, sizing } = webhooksSizing(messages);
  const partitions = webhooksChanged(messages).plan.value('partitions');
  expect(partitions).toBeGreaterThan(plan.value('partitions'));
  expect(partitions % sizing.instances).toBe(0);
});

test('the local AWS gets as many letters as the processors carry, two of them at most, and no more than its one thread does', () => {
  expect(carriedPerSecond(0.008, 2)).toBe(62);
  expect(carriedPerSecond(0.008, 1)).toBe(31);
  expect(carriedPerSecond(0.008, 16)).toBe(62);
  expect(carriedPerSecond(0.001, 2)).toBe(120);
});
