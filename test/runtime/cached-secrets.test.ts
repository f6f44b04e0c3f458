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
  return { secrets: new CachedSecrets(read, () => clock.now), asked, clock };
}

test('what was read is trusted for five minutes, then read anew', async () => {
  const { secrets, asked, clock } = cached(['first'], ['second', 'first']);
  expect(await secrets.of('a')).toEqual(['first']);
  clock.now = FIVE_MINUTES - 1;
  expect(await secrets.of('a')).toEqual(['first']);
  clock.now = FIVE_MINUTES;
  expect(await secrets.of('a')).toEqual(['second', 'first']);
  expect(asked).toEqual(['a', 'a']);
});

test('requests at the same time share one read, and places share nothing', async () => {
  const { secrets, asked } = cached(['one'], ['two']);
  const all = await Promise.all(['a', 'a', 'b', 'a'].map((place) => secrets.of(place)));
  expect(all).toEqual([['one'], ['one'], ['two'], ['one']]);
  expect(asked).toEqual(['a', 'b']);
});

test('a failure is told to whoever waits for it, and not remembered', async () => {
  const { secrets } = cached(new Error('no access'), ['s3cret']);
  const both = await Promise.allSettled([secrets.of('a'), secrets.of('a')]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await secrets.of('a')).toEqual(['s3cret']);
});
