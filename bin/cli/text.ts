import { duration } from '../../lib/flow/figures';

export { duration };

/** Width of prose without a terminal. */
const PROSE_COLUMNS = 88;

/** `text` broken at spaces into lines of at most `columns`, each line indented by `indent` spaces. */
export function wrap(text: string, columns = PROSE_COLUMNS, indent = 0): string {
  const room = Math.max(20, Math.min(columns, PROSE_COLUMNS) - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((each) => ' '.repeat(indent) + each).join('\n');
}

/** One column of a table. */
export interface Column {
  /** What stands above it. */
  readonly title: string;
  /** Numbers line up on the right. */
  readonly right?: boolean;
}

/** Rows under their titles, cut at the terminal's last column when there is one. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width?: number): string {
  const widths = columns.map((column, index) => Math.max(column.title.length, ...rows.map((row) => row[index].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => (columns[index].right ? cell.padStart(widths[index]) : cell.padEnd(widths[index])))
      .join('  ')
      .trimEnd();
  const lines = [columns.map((column) => column.title), ...rows].map(line);
  return lines.map((each) => cut(each, width)).join('\n');
}

function cut(line: string, width?: number): string {
  return width !== undefined && line.length > width ? `${line.slice(0, Math.max(1, width - 1))}…` : line;
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
