/** docs/check.md has every option, every key and every format, and its configuration is one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { registerCheck } from '../../bin/cli/check';
import { parse } from '../../lib/rules/parse';
import { FORMATS } from '../../lib/rules/settings/choices';
import { configFrom } from '../../lib/rules/settings/config';

const page = readFileSync(join(__dirname, '..', '..', 'docs', 'check.md'), 'utf8');

/** The rows of the table of options: the option, and the key in its second cell. */
const rows = [...page.matchAll(/^\| `(--[^`]+)` \| (?:`(\w+)`)? ?\|/gm)].map(([, option, key]) => ({ option, key }));

test('every option is described, and nothing else', () => {
  const program = new Command();
  registerCheck(program, { out: () => {}, err: () => {}, stdin: async () => '', watched: false }, () => {});
  const options = program.commands[0].options.map(({ flags }) => flags);
  expect(rows.map(({ option }) => option).sort()).toEqual([...options].sort());
});

test('a key of the configuration is the name of its option', () => {
  for (const { option, key } of rows.filter((row) => row.key !== undefined)) {
    const name = option.slice(2).split(' ')[0];
    expect(key).toBe(name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()));
  }
});

test('the configuration is accepted, and every key that has no option is in it', () => {
  const [text] = [...page.matchAll(/^```yaml\n(severity:.*?)^```$/gms)].map(([, body]) => body);
  const config = configFrom('docs/check.md', parse('docs/check.md', text)[0]);
  expect(Object.keys(config)).toEqual(expect.arrayContaining(['paths', 'acknowledge']));
});

test('every format is described', () => {
  for (const format of FORMATS) expect(page).toContain(`- **${format}**`);
});
