/** Runs of a torture run beside one another: no more than there is room for, and none is left out. */
import { packed } from './packed';

const SIZES: Readonly<Record<string, number>> = { large: 1.1, middle: 0.9, small: 0.6, smaller: 0.4 };

/** What ran at the same time, each time that one began, and how each ended in its turn. */
async function begun(names: readonly string[], room: number): Promise<readonly string[]> {
  const now = new Set<string>();
  const seen: string[] = [];
  const steps = new Map(names.map((name, index) => [name, index + 1]));
  await packed(
    names,
    (name) => SIZES[name],
    room,
    async (name) => {
      now.add(name);
      seen.push([...now].join(' '));
      for (let step = 0; step < 10 * (steps.get(name) ?? 0); step += 1) await Promise.resolve();
      now.delete(name);
    },
  );
  return seen;
}

const ALL = ['large', 'middle', 'small', 'smaller'];

test('the first, and whatever fits beside it', async () => {
  expect(await begun(ALL, 1.6)).toEqual(['large', 'large smaller', 'smaller middle', 'smaller small']);
});

test('without room one after the other', async () => {
  expect(await begun(ALL, 0)).toEqual(ALL);
});

test('with room for all they begin at once', async () => {
  expect(await begun(ALL, Number.POSITIVE_INFINITY)).toEqual([
    'large',
    'large middle',
    'large middle small',
    'large middle small smaller',
  ]);
});
