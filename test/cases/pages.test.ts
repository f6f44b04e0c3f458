import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Page, pages, splice, stale, write } from '../../docs/generate';
import { CASES } from '../../lib/cases/catalogue';

const root = join(__dirname, '../..');
let wanted: Page[];
beforeAll(() => {
  wanted = pages(root);
}, 60_000);

describe('generated pages', () => {
  test('are what `npm run docs` would write', () => {
    expect(stale(root, wanted)).toEqual([]);
  });

  test('give every case one page, and the index a link to it', () => {
    const index = wanted.find(({ path }) => path === 'docs/cases.md')!.text;
    for (const { slug } of CASES) {
      expect(wanted.map(({ path }) => path)).toContain(`docs/cases/${slug}.md`);
      expect(index).toContain(`(cases/${slug}.md)`);
    }
  });

  test('link only to pages that are there', () => {
    const written = new Set(wanted.map(({ path }) => path));
    for (const { path, text } of wanted.filter((page) => page.path.startsWith('docs/cases'))) {
      for (const [, target] of text.matchAll(/\]\(([^)#:]+\.md)\)/g)) {
        const resolved = join(path, '..', target);
        if (resolved.startsWith('docs/cases')) expect(written).toContain(resolved);
        else expect([resolved, existsSync(join(root, resolved))]).toEqual([resolved, true]);
      }
    }
  });

  test.each(CASES.filter(({ scenario }) => scenario).map(({ slug }) => slug))(
    '%s shows a simulated headline that is met, and calls nothing measured that the simulation says',
    (slug) => {
      const { text } = wanted.find(({ path }) => path === `docs/cases/${slug}.md`)!;
      const simulated = text.slice(text.indexOf('## Simulated'), text.indexOf('The headline is met.'));
      expect(simulated).toContain('before, simulated');
      expect(simulated.split('\n').filter((line) => /^(#|\| measure)/.test(line) && /measured/i.test(line))).toEqual(
        [],
      );
    },
  );

  test('are written once, and the page of a case that is gone goes too', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pages-'));
    try {
      expect(write(folder, wanted)).toHaveLength(wanted.length);
      expect(write(folder, wanted)).toEqual([]);
      writeFileSync(join(folder, 'docs/cases/gone.md'), 'old');
      writeFileSync(join(folder, 'docs/cases.md'), 'edited by hand');
      expect(stale(folder, wanted)).toEqual(['docs/cases.md', 'docs/cases/gone.md']);
      write(folder, wanted);
      expect(stale(folder, wanted)).toEqual([]);
      expect(readFileSync(join(folder, 'docs/cases.md'), 'utf8')).not.toContain('edited by hand');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('splice', () => {
  test('replaces what stands between the markers, and nothing else', () => {
    const page = 'above\n<!-- x:begin -->\nold\n<!-- x:end -->\nbelow\n';
    expect(splice(page, 'x', 'new')).toBe('above\n<!-- x:begin -->\nnew\n<!-- x:end -->\nbelow\n');
    expect(splice(splice(page, 'x', 'new'), 'x', 'new')).toBe(splice(page, 'x', 'new'));
  });

  test.each(['nothing', '<!-- x:begin --> only', '<!-- x:end --> <!-- x:begin -->'])(
    'refuses a page with %p',
    (page) => {
      expect(() => splice(page, 'x', 'new')).toThrow(
        'x: the page needs <!-- x:begin --> and, after it, <!-- x:end -->',
      );
    },
  );
});
