/** The parts of a page: what is text stays text, and every page looks alike. */

/** Text in HTML. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** One cell: text, or text that is good or bad news. */
export type Cell = string | { readonly text: string; readonly verdict: boolean };

/** What stands above a column. */
export interface Heading {
  readonly title: string;
  /** Numbers line up on the right; prose is read from the left. */
  readonly number?: boolean;
}

/** Rows under their headings. The first column names the row. */
export function table(headings: readonly Heading[], rows: readonly (readonly Cell[])[]): string {
  return rowsOf(headings, rows, '');
}

/** A table with more columns than a phone has room for: there each cell has a line of its own. */
export function wideTable(headings: readonly Heading[], rows: readonly (readonly Cell[])[]): string {
  return rowsOf(headings, rows, ' class="stacked"');
}

function rowsOf(headings: readonly Heading[], rows: readonly (readonly Cell[])[], style: string): string {
  const kind = (index: number) => (headings[index]?.number ? ' class="number"' : '');
  const title = (index: number) =>
    style !== '' && headings[index]?.title ? ` data-title="${escaped(headings[index].title)}"` : '';
  const head = headings.some(({ title }) => title !== '')
    ? `<thead><tr>${headings.map(({ title }, index) => `<th scope="col"${kind(index)}>${escaped(title)}</th>`).join('')}</tr></thead>`
    : '';
  const body = rows.map(
    (row) =>
      `<tr>${row.map((cell, index) => (index === 0 ? `<th scope="row">${inner(cell)}</th>` : `<td${kind(index)}${title(index)}>${inner(cell)}</td>`)).join('')}</tr>`,
  );
  return `<div class="wide"><table${style}>${head}<tbody>\n${body.join('\n')}\n</tbody></table></div>`;
}

function inner(cell: Cell): string {
  if (typeof cell === 'string') return escaped(cell);
  // A sign as well: not everybody tells green from red.
  return `<span class="${cell.verdict ? 'good' : 'bad'}">${cell.verdict ? '✓' : '✗'} ${escaped(cell.text)}</span>`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #57606a; --line: #d0d7de; --ground: #fff; --good: #1a7f37; --bad: #cf222e; --first: #0969da; --second: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --line: #3d444d; --ground: #0d1117; --good: #3fb950; --bad: #f85149; --first: #58a6ff; --second: #d29922; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; text-wrap: balance; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .3rem; }
p, dl, ul { max-width: 46rem; margin: .4rem 0; } ul { padding-left: 1.2rem; }
code { font-size: .9em; } .dim { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); }
.wide { overflow-x: auto; max-width: 100%; } table { border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid var(--line); font-weight: inherit; } thead th { color: var(--dim); font-size: .9rem; }
th:first-child, td:first-child { padding-left: 0; } .number { text-align: right; white-space: nowrap; }
dt { font-weight: 600; margin-top: .5rem; } dd { margin: 0; }
.chart { margin: .8rem 0; } figcaption { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .95rem; }
figcaption i { display: inline-block; width: 1.6rem; border-top: 3px solid; vertical-align: .25em; margin-right: .4rem; } figcaption .dashed i { border-top-style: dashed; }
figcaption .first i { color: var(--first); } figcaption .second i { color: var(--second); } figcaption .bad, figcaption .good { color: inherit; } figcaption .bad i { color: var(--bad); } figcaption .good i { color: var(--good); }
.unit { color: var(--dim); font-size: .85rem; margin: .3rem 0 .5rem; max-width: none; } .unit.right { text-align: right; margin: 0; }
.plot { display: grid; grid-template-columns: calc(var(--digits) * .52rem + .7rem) 1fr; grid-template-rows: 15rem 1.5rem; } .plot span { position: absolute; font-size: .85rem; color: var(--dim); white-space: nowrap; }
.ys, .xs, .lines { position: relative; } .ys span { right: .5rem; transform: translateY(50%); line-height: 1; } .xs { grid-column: 2; } .xs span { transform: translateX(-50%); top: .2rem; }
.plot svg { display: block; width: 100%; height: 100%; overflow: visible; } .lines .mark { bottom: .3rem; padding: 0 .4rem; }
svg path { fill: none; stroke-width: 2.5; vector-effect: non-scaling-stroke; } svg .grid { stroke: var(--line); stroke-width: 1; } svg .mark { stroke: var(--dim); stroke-width: 1; stroke-dasharray: 2 3; }
svg .first { stroke: var(--first); } svg .second { stroke: var(--second); } svg .bad { stroke: var(--bad); } svg .good { stroke: var(--good); } svg .dashed { stroke-dasharray: 7 5; }
@media (max-width: 30rem) { th, td { padding: .35rem .4rem; font-size: .92rem; } .plot { grid-template-rows: 12rem 1.5rem; } }
@media (max-width: 44rem) { .stacked thead { display: none; } .stacked tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); } .stacked th, .stacked td { display: block; border: 0; padding: .1rem 0; text-align: left; white-space: normal; }
.stacked th { font-weight: 600; } .stacked td[data-title]::before { content: attr(data-title) ': '; color: var(--dim); } .stacked td:empty { display: none; } }
`;

/** The whole page. It needs nothing but itself: no script, no file, no network. */
export function page(title: string, body: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body.join('\n')}
</body>
</html>
`;
}
