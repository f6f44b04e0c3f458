/** A measured figure on a hand-written page is taken from the proof, or stands beside a link to it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { byHand, withMeasured } from '../../docs/measured-figures';
import { readProof } from '../../docs/proof';
import { ROOT } from '../support/reference';

const folder = join(ROOT, 'docs', 'constructs');
const pages = [...readdirSync(folder).map((name) => join('constructs', name)), 'masking.md', 'webhooks-on-kafka.md'];
const text = (page: string) => readFileSync(join(ROOT, 'docs', page), 'utf8');

test.each(pages)('docs/%s has none by hand', (page) => {
  expect(byHand(text(page))).toEqual([]);
});

test.each(pages)('docs/%s has its marked figures as they are in the proof', (page) => {
  expect(withMeasured(text(page), readProof(ROOT))).toBe(text(page));
});

const rows = [{ proof: 'sender', metric: 'mails a second, by HTTP', measured: 95.2381, unit: 'mails/s' }];
const marked = (figure: string) =>
  `At most <!-- measured sender: mails a second, by HTTP -->${figure}<!-- /measured --> arrived.`;

test('a marked figure is replaced, and one that the proof lacks is an error', () => {
  expect(withMeasured(marked('91'), rows)).toBe(marked('95.24 mails/s'));
  expect(() => withMeasured(marked('91').replace('HTTP', 'SMTP'), rows)).toThrow(
    'has no row "mails a second, by SMTP"',
  );
});

test.each<[string, string, number]>([
  ['a figure', 'Of a limit of 100, at most 99 arrived in any second.', 1],
  ['a figure that is marked', marked('95.24 mails/s'), 0],
  ['one beside a link', '[Measured](../proof.md#case-1): 99 arrived in any second.', 1],
  ['one in the sentence of a link', '99 arrived in any second, [as measured](../proof.md#case-1).', 0],
  ['a default', '| `startSeconds` | 60, or measured |', 0],
  ['a name with a digit', 'It is measured with `k6`.', 0],
])('%s', (_, page, count) => {
  expect(byHand(page)).toHaveLength(count);
});
