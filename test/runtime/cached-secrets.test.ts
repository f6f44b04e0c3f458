import { CachedSecrets } from '../../lib/runtime/cached-secrets';

const FIVE_MINUTES = 5 * 60 * 1000;

/** Each read gives the next of the answers. */
function cached(...answers: (readonly string[] | Error)[]) {
  const asked: string[] = [];
  const clock = { now: 0 };
  const read = async (place: string) => {
    asked.push(place);
    const answer = answers[asked.length - 1];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const slept: number[] = [];
  const sleep = async (millis: number) => {
    slept.push(millis);
    await new Promise(setImmediate);
    clock.now += millis;
  };
  const limits = { intervalMillis: 1000, maxWaitMillis: 1000, maxWaiting: 2 };
  return { secrets: new CachedSecrets(read, limits, () => clock.now, sleep), asked, clock, slept };
}

const textsOf = async (read: Promise<{ texts: readonly string[] }>) => (await read).texts;

test('what was read is trusted for five minutes, then read anew', async () => {
  const { secrets, asked, clock } = cached(['first'], ['second', 'first']);
  expect(await textsOf(secrets.of('a'))).toEqual(['first']);
  clock.now = FIVE_MINUTES - 1;
  expect(await textsOf(secrets.of('a'))).toEqual(['first']);
  clock.now = FIVE_MINUTES;
  expect(await textsOf(secrets.of('a'))).toEqual(['second', 'first']);
  expect(asked).toEqual(['a', 'a']);
});

test('requests at the same time share one read, and places share nothing', async () => {
  const { secrets, asked } = cached(['one'], ['two']);
  const all = await Promise.all(['a', 'a', 'b', 'a'].map((place) => textsOf(secrets.of(place))));
  expect(all).toEqual([['one'], ['one'], ['two'], ['one']]);
  expect(asked).toEqual(['a', 'b']);
});

test('a failure is told to whoever waits for it, and the store is asked again a second later', async () => {
  const { secrets, asked, clock } = cached(new Error('no access'), ['s3cret']);
  const both = await Promise.allSettled([secrets.of('a'), secrets.of('a')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  clock.now = 999;
  await expect(secrets.of('a')).rejects.toThrow('no access');
  expect(asked).toEqual(['a']);
  clock.now = 1000;
  expect(await textsOf(secrets.of('a'))).toEqual(['s3cret']);
});

describe('read after an instant', () => {
  test('a read that began later is good, one that began at that time or before is not', async () => {
    const { secrets, clock, asked } = cached(['first'], ['second']);
    clock.now = 100;
    await secrets.of('a');
    expect(await textsOf(secrets.readAfter('a', 99))).toEqual(['first']);
    expect(await textsOf(secrets.readAfter('a', 100))).toEqual(['second']);
    expect(asked).toHaveLength(2);
  });

  test('a caller waits for the next read, and those that wait share it; more than that are told to retry', async () => {
    const { secrets, clock, asked, slept } = cached(['first'], ['second'], ['third']);
    await secrets.of('a');
    await secrets.readAfter('a', 0);
    clock.now = 400;
    const [one, two, three] = await Promise.allSettled([1, 2, 3].map(() => textsOf(secrets.readAfter('a', 400))));
    expect([one, two]).toEqual([1, 2].map(() => ({ status: 'fulfilled', value: ['third'] })));
    expect(three).toMatchObject({ status: 'rejected', reason: { name: 'SecretTooOldError', retryAfterMillis: 600 } });
    expect([slept, asked.length]).toEqual([[600, 600], 3]);
  });

  test('however many ask, there is one such read in an interval', async () => {
    const { secrets, clock, asked } = cached(...Array.from({ length: 1000 }, (_, n) => [`version ${n}`]));
    await secrets.of('a');
    for (let tick = 0; tick < 10_000; tick += 10) {
      clock.now = Math.max(clock.now, tick);
      await Promise.allSettled([1, 2, 3, 4].map(() => secrets.readAfter('a', clock.now)));
    }
    expect(asked.length).toBeLessThanOrEqual(2 + clock.now / 1000);
  });

  test('a read that fails is told, is no fresher secret, and what was read before is still used', async () => {
    const { secrets, clock } = cached(['first'], new Error('no access'), ['third']);
    await secrets.of('a');
    clock.now = 10;
    await expect(secrets.readAfter('a', 5)).rejects.toThrow('no access');
    expect(await textsOf(secrets.of('a'))).toEqual(['first']);
    clock.now = 1010;
    expect(await textsOf(secrets.readAfter('a', 1005))).toEqual(['third']);
  });

  test('after the clock was set back an old read is not taken for a later one', async () => {
    const { secrets, clock, asked } = cached(['first'], ['second']);
    clock.now = 3_600_000;
    await secrets.of('a');
    clock.now = 1000;
    expect(await textsOf(secrets.readAfter('a', 999))).toEqual(['second']);
    expect(asked).toHaveLength(2);
  });
});
