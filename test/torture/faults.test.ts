/** Schedules of faults: seeded, printed so that they can be given again, and shrunk while they fail. */
import { FAULT_KINDS, type Fault, faultsIn, faultsOf, spoken } from './faults';
import { shrink } from './shrink';

describe('faults', () => {
  const torment = {
    seconds: 600,
    killEverySeconds: 20,
    cutSeconds: 30,
    consumers: 4,
    kinds: FAULT_KINDS,
  };

  test('are the same for a seed, each kind that the engine can take, in the order of time', () => {
    const faults = faultsOf(torment, 5);
    expect(faults).toEqual(faultsOf(torment, 5));
    expect(faults).not.toEqual(faultsOf(torment, 6));
    expect(faults.map(({ at }) => at)).toEqual(faults.map(({ at }) => at).sort((a, b) => a - b));
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(torment.kinds));
    expect(faultsOf({ ...torment, kinds: ['kill'] }, 5).every(({ kind }) => kind === 'kill')).toBe(true);
    expect(faults.filter(({ kind }) => kind === 'kill').length).toBeGreaterThan(12);
  });

  test('can be given, with the consumer that is killed or in turn', () => {
    expect(faultsIn('kill#3@2 kill@3 cut@40.5+30 crash@60 store@70+40')).toEqual([
      { at: 2, kind: 'kill', victim: 3 },
      { at: 3, kind: 'kill', victim: 1 },
      { at: 40.5, kind: 'cut', seconds: 30 },
      { at: 60, kind: 'crash' },
      { at: 70, kind: 'store', seconds: 40 },
    ]);
    expect(() => faultsIn('explode@3')).toThrow('a fault is written as kill#1@12.5 or cut@40+30, got explode@3');
  });

  test.each([1, 2, 3, 4, 5])('are printed so that the very same schedule is read again, seed %d', (seed) => {
    const faults = faultsOf({ ...torment, cutSeconds: 600 / 7 }, seed);
    expect(faultsIn(spoken(faults))).toEqual(faults);
    expect(new Set(faults.map(({ victim }) => victim))).toEqual(new Set([undefined, 0, 1, 2, 3]));
  });
});

test('a failing schedule is shrunk to the shortest that still fails', async () => {
  const all = faultsOf(
    { seconds: 900, killEverySeconds: 20, cutSeconds: 30, consumers: 4, kinds: ['kill', 'crash', 'cut'] },
    1,
  );
  const tried: number[] = [];
  const fails = async (part: readonly Fault[]) => {
    tried.push(part.length);
    return part.some(({ kind }) => kind === 'crash') && part.some(({ kind }) => kind === 'cut');
  };
  expect((await shrink(all, fails)).map(({ kind }) => kind)).toEqual(['crash', 'cut']);
  expect(tried.length).toBeLessThan(60);
});

test('a run that fails whatever is broken is shrunk to no fault at all', async () => {
  expect(await shrink(['kill', 'cut', 'crash'], async () => true)).toEqual([]);
  expect(await shrink(['kill'], async (part) => part.length > 0)).toEqual(['kill']);
});
