/** How long the work of a torture run lasts: a consumer that is never idle finishes what is planned, not less and never more. */
const { workTime } = require('./work-time.cjs') as {
  workTime(workMillis: number): { overAt(now: number): number; ended(overAt: number): void };
};

const WORK_MILLIS = 20;

/** When so many works in a row are over, with so many milliseconds between them. */
function overAfter(works: number, between: number): number {
  const time = workTime(WORK_MILLIS);
  let now = 0;
  for (let work = 0; work < works; work += 1) {
    const overAt = time.overAt(now);
    time.ended(overAt);
    now = Math.max(now, overAt) + between;
  }
  return now - between;
}

test.each([0, 1, 5, 10])('%i ms between two works are part of the second of them', (between) => {
  expect(overAfter(100, between)).toBe(100 * WORK_MILLIS);
});

test.each([11, 15, 20])(
  'of %i ms half of a work is part of it: a machine that is a little slower is not much slower',
  (between) => {
    expect(overAfter(100, between)).toBe(100 * WORK_MILLIS + 99 * (between - WORK_MILLIS / 2));
  },
);

test('who waited for longer than a work has not worked', () => {
  expect(overAfter(100, 21)).toBe(100 * WORK_MILLIS + 99 * 21);
});

test('two at a time are each in a lane of its own, and no lane has two', () => {
  const time = workTime(WORK_MILLIS);
  const [first, second] = [time.overAt(0), time.overAt(0)];
  expect([first, second]).toEqual([20, 20]);
  time.ended(first);
  time.ended(second);
  expect([time.overAt(21), time.overAt(21), time.overAt(21)]).toEqual([40, 40, 41]);
});
