/** Letters are due at an even rate, but the last ones not before those who are to have them. */
import { dueTimes } from './sending';

test('letters are due at an even rate', () => {
  const dueAt = dueTimes(1000, 50, { rolledOut: true });
  expect([0, 1, 979, 999].map(dueAt)).toEqual([0, 0.02, 19.58, 19.98]);
});

test('the last fiftieth waits for the last version of the consumers', () => {
  const consumers = { rolledOut: false };
  const dueAt = dueTimes(1000, 50, consumers);
  expect([979, 980, 999].map(dueAt)).toEqual([19.58, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  consumers.rolledOut = true;
  expect([980, 999].map(dueAt)).toEqual([19.6, 19.98]);
});
