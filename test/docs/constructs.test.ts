/** What every page of a construct has: the picture first, then lines in each language it exists in, refusals, ways out. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(__dirname, '..', '..', 'docs', 'constructs');
/** `fromChart` is a function that takes a chart over: it has no props to refuse and no children of its own. */
const pages = readdirSync(FOLDER).filter((name) => name !== 'from-chart.md');
const text = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

describe.each(pages)('%s', (name) => {
  const page = text(name);
  const blocks = [...page.matchAll(/^```(\w+)\n/gm)].map(([, language]) => language);

  test('opens with the picture, then lines in TypeScript and, unless it is for Pulumi, in Python', () => {
    const inEveryLanguage = name.startsWith('gcp-') ? ['mermaid', 'ts'] : ['mermaid', 'ts', 'python'];
    expect(blocks.slice(0, inEveryLanguage.length)).toEqual(inEveryLanguage);
  });

  test('says what it refuses, and how to change what is no prop', () => {
    expect(page).toMatch(/^## What it refuses/m);
    expect(page).toContain('](../escape-hatches.md)');
  });
});
