/** Numbers of the engines that take letters from one queue: a whole run ends in time, and a recovery can be measured in it. */
import type { RabbitMq } from '../engines/rabbitmq';
import { CHANGED, eventOf, sizingOf as rabbitMq } from './engines/rabbitmq';
import { sizingOf as redis } from './engines/redis';

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
