import fc from 'fast-check';
import { MomentHeap } from '../../../../lib/flow/numerics/heap';
import { Fleet } from '../../../../lib/flow/queue/simulation/fleet';
import { WaitingLine } from '../../../../lib/flow/queue/simulation/line';
import { Timeline } from '../../../../lib/flow/queue/simulation/timeline';
import { zeroOr } from '../../../support/property';

test('the waiting line is first come, first served, however often it wraps around and grows', () => {
  const line = new WaitingLine();
  const list: number[] = [];
  let next = 0;
  // Wraps first, then grows past 1024 and 2048 with its head in the middle.
  for (const [pushes, shifts] of [
    [900, 700],
    [1500, 600],
    [3000, 2500],
    [10, 1610],
  ]) {
    for (let i = 0; i < pushes; i += 1) {
      line.push(next, next % 60_000);
      list.push(next);
      next += 1;
    }
    let inOrder = 0;
    for (let i = 0; i < shifts; i += 1) {
      if (line.arrival === list[0] && line.mark === list[0] % 60_000) inOrder += 1;
      line.shift();
      list.shift();
    }
    expect(inOrder).toBe(shifts);
    expect(line.length).toBe(list.length);
  }
  expect(line.length).toBe(0);
});

test('the heap gives moments back in order, with their numbers, after any pushes, pops, replacements and removals', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), zeroOr(0.001, 1e6)), {
        maxLength: 400,
      }),
      (steps) => {
        const heap = new MomentHeap(2);
        let list: { time: number; value: number }[] = [];
        const earliest = () => list.reduce((first, { time }) => Math.min(first, time), Number.POSITIVE_INFINITY);
        // Of two at the same moment either may come first.
        const takeNext = () => {
          const at = list.findIndex(({ value }) => value === heap.nextValue);
          expect(list[at]?.time).toBe(earliest());
          list.splice(at, 1);
        };
        steps.forEach(([kind, time], value) => {
          if (kind <= 2 || heap.size === 0) {
            heap.push(time, value);
            list.push({ time, value });
          } else if (kind === 3) {
            takeNext();
            heap.replaceNext(time, value);
            list.push({ time, value });
          } else {
            takeNext();
            heap.pop();
          }
          expect(heap.next).toBe(earliest());
        });
        heap.keep((value) => value % 3 !== 0);
        list = list.filter(({ value }) => value % 3 !== 0);
        while (list.length > 0) {
          expect(heap.next).toBe(earliest());
          takeNext();
          heap.pop();
        }
        expect(heap.size).toBe(0);
      },
    ),
  );
});

test('a fleet has the free slots of running instances, no slot twice, and waits for the last item before a number is used again', () => {
  const fleet = new Fleet(2, 2);
  fleet.start();
  const [first, second] = [fleet.take(), fleet.take()];
  expect(new Set([first, second]).size).toBe(2);
  expect([fleet.free, fleet.running]).toEqual([0, 1]);
  expect(fleet.stop()).toBe(0);
  expect([fleet.serves(first), fleet.stop()]).toEqual([false, -1]);
  fleet.start();
  expect(fleet.owner(fleet.take())).toBe(1);
  fleet.release(first);
  expect(fleet.free).toBe(1);
  fleet.start();
  // The first instance still finishes its second item, and the other already runs.
  expect(fleet.running).toBe(1);
  fleet.release(second);
  fleet.start();
  expect([fleet.running, fleet.free]).toEqual([2, 3]);
});

test('a timeline keeps its bound and the whole time, at a coarser step', () => {
  const timeline = new Timeline(0, 1, 8);
  while (timeline.due < 1000) timeline.record(timeline.due, 1);
  const { points } = timeline;
  expect(points.length).toBeLessThanOrEqual(8);
  expect(points[0].seconds).toBe(0);
  expect(points[points.length - 1].seconds).toBeGreaterThan(700);
  const steps = new Set(points.slice(1).map((point, i) => point.seconds - points[i].seconds));
  expect(steps.size).toBe(1);
  expect(new Timeline(0, 1, 0).due).toBe(Number.POSITIVE_INFINITY);
});
