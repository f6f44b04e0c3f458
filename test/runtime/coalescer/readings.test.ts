/** What a merger tells Prometheus of its delays. */
import { Readings } from '../../../lib/runtime/coalescer-container/readings';

test('the longest delay stays when a later flush is fast: it may have ended between two scrapes', () => {
  const readings = new Readings('pages:0');
  for (const seconds of [1, 7.5, 2]) readings.delay(seconds);
  expect(readings.text()).toContain('coalescer_delay_seconds{stream="pages:0"} 2\n');
  expect(readings.text()).toContain('coalescer_longest_delay_seconds{stream="pages:0"} 7.5\n');
});
