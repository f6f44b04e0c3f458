/** Every link between pages of the repository leads to a file, and to a heading or an anchor in it. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from '../support/reference';

const below = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
/** docs/api has a test of its own. */
const pages = [...readdirSync(ROOT), ...below('docs'), ...below('examples')].filter(
  (name) => name.endsWith('.md') && !name.startsWith(join('docs', 'api')) && !name.includes('node_modules'),
);

const prose = (page: string) => readFileSync(join(ROOT, page), 'utf8').replace(/^```.*?^```/gms, '');

/** The anchors of a page, as GitHub makes them of headings. */
const known = new Map<string, ReadonlySet<string>>();
function anchorsOf(page: string): ReadonlySet<string> {
  const before = known.get(page);
  if (before !== undefined) return before;
  const text = prose(page);
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
  const ids = [...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id);
  const anchors = new Set([...headings, ...ids]);
  known.set(page, anchors);
  return anchors;
}

test.each(pages)('%s', (page) => {
  const links = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
  const wrong = links.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path, anchor] = target.split('#');
    const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
    if (!existsSync(join(ROOT, file))) return true;
    return anchor !== undefined && !statSync(join(ROOT, file)).isDirectory() && !anchorsOf(file).has(anchor);
  });
  expect(wrong).toEqual([]);
});
