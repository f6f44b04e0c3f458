/** What is left on a topic, as Kafka's own tool lists it. */
import { lagIn } from './engines/kafka';

const listed = (...rows: string[]) =>
  `\nGROUP    TOPIC    PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST  CLIENT-ID\n${rows
    .map((row) => `readers  letters  ${row}  -  -  -`)
    .join('\n')}\n`;

test('the lag of all partitions', () => {
  expect(lagIn(listed('0  3  7  4', '1  5  5  0'))).toBe(4);
});

test('of a partition that nobody has committed everything is left, and of an empty one nothing', () => {
  expect(lagIn(listed('0  3  7  4', '1  -  12  -', '2  -  0  -'))).toBe(16);
});

test('an end that the broker does not tell is no number', () => {
  expect(lagIn(listed('0  -  -  -'))).toBeNaN();
});

test('a list without the topic is an error', () => {
  expect(() => lagIn('Error: the coordinator is not available')).toThrow('the tool of Kafka lists no lag');
});
