import { duration } from '../../lib/flow/figures';
import type { Cell } from '../page/html';
import type { Io } from './io';

export { duration };

/** Width of prose without a terminal. */
const PROSE_COLUMNS = 88;
/** Narrower lines cannot be read. */
const NARROWEST = 20;

/** `text` broken at spaces into lines of at most `columns`, each line indented by `indent` spaces. */
export function wrap(text: string, columns = PROSE_COLUMNS, indent = 0): string {
  const room = Math.max(NARROWEST, Math.min(columns, PROSE_COLUMNS) - indent);
  return broken(text, room)
    .map((each) => ' '.repeat(indent) + each)
    .join('\n');
}

/** Words in lines that are no longer than that; a longer word has a line of its own, and stays whole. */
function broken(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(/\s+/)) {
    if (line !== '' && seen(line) + 1 + seen(word) > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/**
 * One line as it is, or broken at spaces where the terminal is narrower; what follows is indented. Spaces inside a line
 * stay, and colours take no room.
 */
export function hang(line: string, columns: number | undefined, indent: number): string {
  if (columns === undefined || seen(line) <= columns) return line;
  const under = ' '.repeat(Math.min(indent, Math.floor(columns / 3)));
  const lines: string[] = [];
  let current = /^ */.exec(line)![0];
  let empty = true;
  for (const part of line.slice(current.length).match(/\S+ */g) ?? []) {
    if (!empty && seen(current) + seen(part.trimEnd()) > columns) {
      lines.push(current.trimEnd());
      current = under;
    }
    current += part;
    empty = false;
  }
  return [...lines, current.trimEnd()].join('\n');
}

/** A text line by line, each broken where the terminal is narrower, and indented a little further than it begins. */
export function hanging(text: string, columns: number | undefined): string {
  return text
    .split('\n')
    .map((line) => hang(line, columns, indentOf(line) + 2))
    .join('\n');
}

/** Holds an option and its value together while lines are broken. */
const JOINED = '\u2060';

/** Lines after a help text, within the terminal. A command is broken as a shell takes it, before an option. */
export function helpText(lines: readonly string[], columns: number | undefined): string {
  const within = (line: string) => {
    if (columns === undefined || !line.startsWith('  ')) return hang(line, columns, 2);
    return hang(line.replace(/(--\S+) (?=[^-])/g, `$1${JOINED}`), columns - 2, 4)
      .split('\n')
      .join(' \\\n')
      .replaceAll(JOINED, ' ');
  };
  return lines.map(within).join('\n');
}

/** Columns that a text takes on a terminal. */
function seen(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  return text.replace(/\u001b\[[\d;]*m/g, '').length;
}

/** A cell of a page as the terminal has it: good and bad news in their colours, where there are any. */
export function told(cell: Cell, { colour }: Pick<Io, 'colour'>): string {
  if (typeof cell === 'string') return cell;
  return colour ? `\u001b[${cell.verdict ? 32 : 31}m${cell.text}\u001b[0m` : cell.text;
}

/** One column of a table. */
export interface Column {
  /** What stands above it. */
  readonly title: string;
  /** Numbers line up on the right. */
  readonly right?: boolean;
}

/**
 * Rows under their titles. Where the terminal is narrower, the widest columns of text are broken at spaces; a last column
 * for which little room is left stands below its row.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string {
  const all = [columns.map((column) => column.title), ...rows];
  const widths = widthsWithin(columns, all, width);
  if (width === undefined || !lastBelow(columns, all, widths, width)) {
    return all.map((row) => rowText(columns, row, widths)).join('\n');
  }
  const others = columns.slice(0, -1);
  const narrower = widthsWithin(others, all, width);
  return all
    .flatMap((row) => {
      const last = row[row.length - 1];
      const below = last === '' ? [] : [wrap(last, width, indentOf(row[0]) + 2 * GAP)];
      return [rowText(others, row.slice(0, -1), narrower), ...below];
    })
    .join('\n');
}

/** Between two columns. */
const GAP = 2;
/** A last column that would be narrower than this is read more easily below its row. */
const NARROW = 24;

function lastBelow(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  width: number,
): boolean {
  const last = columns.length - 1;
  if (last < 1 || columns[last].right) return false;
  const broken = rows.some((row) => seen(row[last]) > widths[last]);
  return totalOf(widths) > width || (broken && widths[last] < NARROW);
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, each) => sum + each + GAP, -GAP);
}

/** Of the titles and rows, within the width as far as no word and no number has to be broken. */
function widthsWithin(columns: readonly Column[], all: readonly (readonly string[])[], width?: number): number[] {
  const [titles, ...rows] = all;
  const widths = columns.map((_, index) => Math.max(...all.map((row) => seen(row[index]))));
  const whole = columns.map(({ right }, index) =>
    Math.max(longestWord(titles[index]), ...rows.map((row) => (right ? seen(row[index]) : longestWord(row[index])))),
  );
  let over = width === undefined ? 0 : totalOf(widths) - width;
  while (over > 0) {
    const spare = widths.map((each, index) => each - whole[index]);
    const giving = widths.reduce(
      (best, each, index) => (spare[index] > 0 && each > (widths[best] ?? 0) ? index : best),
      -1,
    );
    if (giving < 0) break;
    // Down to the next widest one, so that two long columns share what there is.
    const next = Math.max(...widths.map((each, index) => (index === giving || spare[index] <= 0 ? 0 : each)));
    const taken = Math.min(over, spare[giving], Math.max(1, widths[giving] - next));
    widths[giving] -= taken;
    over -= taken;
  }
  return widths;
}

/** Its indent stands before each line of a cell. */
function longestWord(cell: string): number {
  return indentOf(cell) + Math.max(...cell.trim().split(/\s+/).map(seen));
}

function indentOf(cell: string): number {
  return cell.length - cell.trimStart().length;
}

function rowText(columns: readonly Column[], row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, index) => {
    if (seen(cell) <= widths[index]) return [cell];
    const indent = indentOf(cell);
    return broken(cell, widths[index] - indent).map((line) => ' '.repeat(indent) + line);
  });
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, index) => {
        const text = lines[line] ?? '';
        const room = ' '.repeat(Math.max(0, widths[index] - seen(text)));
        return columns[index].right ? room + text : text + room;
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
  ).join('\n');
}

const BARS = '▁▂▃▄▅▆▇█';

/** The values as one line of bars, at most `columns` of them; each bar is the largest value of its stretch. */
export function sparkline(values: readonly number[], columns = 60): string {
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  const bars = Math.min(columns, values.length);
  return Array.from({ length: bars }, (_, bar) => {
    const stretch = values.slice(
      Math.floor((bar * values.length) / bars),
      Math.max(Math.floor(((bar + 1) * values.length) / bars), Math.floor((bar * values.length) / bars) + 1),
    );
    const height = largest === 0 ? 0 : Math.max(...stretch) / largest;
    return BARS[Math.min(BARS.length - 1, Math.round(height * (BARS.length - 1)))];
  }).join('');
}

/** Duration of a drain in words. */
export function drain(seconds: number): string {
  return seconds < 1 ? 'at once' : duration(seconds);
}

/** A number of things as a person says it. */
export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : 'never';
}
