/** What the generated pages share: tables, and the pages of constructs. */
import type { Engine } from '../lib/cases/engine';

/** A table, with the bars inside its cells escaped. */
export function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replace(/\|/g, '\\|')).join(' | ')} |`;
  return [line(titles), `|${titles.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** The page of a construct in `docs/constructs`; the AWS form has the plain name, since it was there first. */
export function pageOf(engine: Engine, name: string): string {
  return `${engine === 'aws' ? '' : `${engine}-`}${kebab(name)}.md`;
}

function kebab(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
}
