/** What the receivers wait for: a confirmation in time, or a failure that the sender is told of. */
import { inTime } from '../../lib/runtime/webhook-receiver/in-time';

afterEach(() => jest.useRealTimers());

test('a publish that is confirmed in time is stored', async () => {
  await expect(inTime(Promise.resolve('offset 7'), 8)).resolves.toBeUndefined();
});

test('one that is refused fails with its reason', async () => {
  await expect(inTime(Promise.reject(new Error('not enough replicas')), 8)).rejects.toThrow('not enough replicas');
});

test('one that is not confirmed in time fails, and what comes of it later disturbs nobody', async () => {
  jest.useFakeTimers();
  let refuse: (error: Error) => void = () => {};
  const waiting = inTime(new Promise((_, reject) => (refuse = reject)), 8);
  const failed = expect(waiting).rejects.toMatchObject({ name: 'PublishTimeoutError' });
  jest.advanceTimersByTime(7_999);
  jest.advanceTimersByTime(1);
  await failed;
  // An unhandled rejection would end the process of the test.
  refuse(new Error('much later'));
  jest.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
});
