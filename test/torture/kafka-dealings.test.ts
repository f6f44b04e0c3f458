/** When the work of a consumer on Kafka goes on that was killed: when others have all that it had. */
import { Dealings } from './engines/kafka-dealings';

const dealt = (...partitions: number[]) => JSON.stringify({ partitions });

/** Whether it has resolved by now. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
  let over = false;
  void promise.then(() => {
    over = true;
  });
  await new Promise(setImmediate);
  return over;
}

test('each of its partitions has to be dealt out again', async () => {
  const dealings = new Dealings();
  dealings.heard(0, dealt(0, 2));
  dealings.heard(1, dealt(1, 3));
  const taken = dealings.takenOver(1);
  dealings.heard(0, dealt(0, 1));
  dealings.heard(0, '{"level":"warn","failed":"letters-3:7"}');
  expect(await isOver(taken)).toBe(false);
  dealings.heard(2, dealt(2, 3));
  expect(await isOver(taken)).toBe(true);
});

test('one that was killed again before anything was dealt to it has nothing to be taken over', async () => {
  const dealings = new Dealings();
  dealings.heard(0, dealt(0));
  const first = dealings.takenOver(0);
  expect(await isOver(dealings.takenOver(0))).toBe(true);
  expect(await isOver(first)).toBe(false);
});

test('two that were killed one after the other wait each for their own', async () => {
  const dealings = new Dealings();
  dealings.heard(0, dealt(0));
  dealings.heard(1, dealt(1));
  const both = [0, 1].map((consumer) => dealings.takenOver(consumer));
  dealings.heard(2, dealt(1));
  expect(await Promise.all(both.map(isOver))).toEqual([false, true]);
});
