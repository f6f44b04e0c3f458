/** When the work of a consumer on Kafka goes on that was killed: when others have all that it had. */
import { Dealings } from './engines/kafka-dealings';

const dealt = (...partitions: number[]) => JSON.stringify({ partitions });

/** Hears what a test says. */
function listening() {
  let heard: (consumer: number, line: string) => void = () => {};
  const dealings = new Dealings({
    onLine: (listener) => {
      heard = listener;
    },
  });
  return { dealings, hear: (consumer: number, line: string) => heard(consumer, line) };
}

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
  const { dealings, hear } = listening();
  hear(0, dealt(0, 2));
  hear(1, dealt(1, 3));
  const taken = dealings.takenOver(1);
  hear(0, dealt(0, 1));
  hear(0, '{"level":"warn","failed":"letters-3:7"}');
  expect(await isOver(taken)).toBe(false);
  hear(2, dealt(2, 3));
  expect(await isOver(taken)).toBe(true);
});

test('one that was killed again before anything was dealt to it has nothing to be taken over', async () => {
  const { dealings, hear } = listening();
  hear(0, dealt(0));
  const first = dealings.takenOver(0);
  expect(await isOver(dealings.takenOver(0))).toBe(true);
  expect(await isOver(first)).toBe(false);
});

test('two that were killed one after the other wait each for their own', async () => {
  const { dealings, hear } = listening();
  hear(0, dealt(0));
  hear(1, dealt(1));
  const both = [0, 1].map((consumer) => dealings.takenOver(consumer));
  hear(2, dealt(1));
  expect(await Promise.all(both.map(isOver))).toEqual([false, true]);
});

test('a partition is dealt first when a consumer says so, and again later', () => {
  const { dealings, hear } = listening();
  expect(dealings.firstOf(3)).toBeUndefined();
  hear(0, dealt(3));
  const first = dealings.firstOf(3);
  hear(1, dealt(3));
  expect(dealings.firstOf(3)).toBe(first);
  expect(first).toBeLessThanOrEqual(Date.now());
});
