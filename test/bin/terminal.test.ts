/** On a terminal: nothing is wider than it is, no word is broken, nothing is cut off, and colour is where it belongs. */
import { join } from 'node:path';
import { backpressure } from './harness';

const ORDERS = '--steady 40 --peak 400 --peak-seconds 600 --service 0.05 --slots 4 --start 60 --latency 90';
const WRONG = join(__dirname, '..', '..', 'docs', 'rules', 'BP-SCALING-001', 'wrong.yaml');
const LINES = [
  `size ${ORDERS}`,
  `size ${ORDERS} --explain`,
  `simulate ${ORDERS}`,
  'simulate --case 2',
  'cases',
  'cases 14',
  'rules',
  'exercise',
  'exercise 14',
  'exercise 14 basic',
  `check ${WRONG}`,
  '--help',
  'size --help',
  'simulate --help',
  'check --help',
  'exercise --help',
  'completion --help',
];
/** What is drawn is as wide as the terminal, and a command is broken as a shell takes it. */
const DRAWN = /[▁▂▃▄▅▆▇█\\]/;
const words = (text: string) => text.split(/\s+/).filter((word) => word !== '' && !DRAWN.test(word));
const sorted = (text: string) => words(text).sort();

describe.each([72, 80, 120])('a terminal of %s columns', (columns) => {
  test.each(LINES)('%s', async (line) => {
    const { out } = await backpressure(line, { columns });
    for (const each of out.split('\n')) {
      // A path or a link that is longer than the terminal stays whole.
      if (each.trim().includes(' ')) expect([each.length <= columns, each]).toEqual([true, each]);
    }
  });

  test.each(LINES.filter((line) => !line.includes('simulate')))('%s loses no word', async (line) => {
    const { out } = await backpressure(line, { columns });
    const { out: whole } = await backpressure(line, { columns: 1000 });
    expect(sorted(out)).toEqual(sorted(whole));
  });
});

test('a refusal keeps to the terminal that shows errors', async () => {
  const { err } = await backpressure('size --steady 40 --service 2 --latency 1', { errColumns: 50 });
  for (const line of err.split('\n')) expect(line.length).toBeLessThanOrEqual(50);
});

describe('colour', () => {
  const line = `simulate ${ORDERS}`;

  test('is on a terminal', async () => {
    const { out } = await backpressure(line, { columns: 80, colour: true });
    expect(out).toContain('\u001b[32mkeeps 90 s\u001b[0m');
  });

  test('is nowhere else, and changes no column', async () => {
    const { out } = await backpressure(line, { columns: 80 });
    const coloured = await backpressure(line, { columns: 80, colour: true });
    expect(out).not.toContain('\u001b');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    expect(coloured.out.replace(/\u001b\[\d+m/g, '')).toBe(out);
  });
});
