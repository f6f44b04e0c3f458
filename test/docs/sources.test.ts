/** A knob's source that is a page of this library is a page that exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');

test('every page that a source cites is there', () => {
  const files = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const cited = files.flatMap((name) =>
    [...readFileSync(join(ROOT, 'lib', name), 'utf8').matchAll(/this library, (docs\/[\w/-]+\.md)/g)].map(
      ([, page]) => `lib/${name}: ${page}`,
    ),
  );
  expect(cited.length).toBeGreaterThan(20);
  expect(cited.filter((line) => !existsSync(join(ROOT, line.split(': ')[1])))).toEqual([]);
});
