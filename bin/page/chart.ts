/**
 * Line charts in HTML and SVG, without a script. The lines stretch with the page; the labels beside them are text of the
 * page, so that they are as large on a phone as on a desktop.
 */
import { figure } from '../../lib/flow/figures';
import { escaped } from './html';
import { roundSteps } from './scale';

/** A place in the chart, in the units of its axes. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How a line looks: two that are compared, or something bad and something good. */
export type Tone = 'first' | 'second' | 'bad' | 'good';

/** One line with its name in the legend. */
export interface Line {
  readonly name: string;
  readonly tone: Tone;
  /** Lines that nobody measured are dashed. */
  readonly dashed?: boolean;
  readonly points: readonly Point[];
}

/** A moment or a value that is worth a line across the chart. */
export interface Mark {
  readonly name: string;
  readonly x: number;
}

/** What is drawn. */
export interface Chart {
  /** In one sentence, for a reader who cannot see it. */
  readonly says: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly lines: readonly Line[];
  readonly marks?: readonly Mark[];
  /** Where the vertical axis ends, when not just above the highest point; what is higher is cut off. */
  readonly yEnd?: number;
}

/** Length of both sides of the drawing; it is stretched to the room that there is. */
const SIDE = 1000;
const STEPS = 5;
/** As many numbers as a phone has room for. */
const X_STEPS = 6;

/** The chart with its legend. */
export function lineChart({ says, xLabel, yLabel, lines, marks = [], yEnd }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const xEnd = Math.max(...points.map(({ x }) => x), 0) || 1;
  const ys = roundSteps(yEnd ?? Math.max(...points.map(({ y }) => y), 0), STEPS);
  const top = yEnd ?? ys[ys.length - 1];
  const across = (x: number) => x / xEnd;
  const up = (y: number) => Math.min(1, y / top);
  const xs = roundSteps(xEnd, X_STEPS).filter((x) => x <= xEnd);
  const place = ({ x, y }: Point) => `${rounded(SIDE * across(x))},${rounded(SIDE * (1 - up(y)))}`;
  return [
    `<figure class="chart" role="img" aria-label="${escaped(says)}">`,
    `<figcaption>${lines.map(legend).join('')}</figcaption>`,
    `<p class="unit">${escaped(yLabel)}</p>`,
    `<div class="plot" style="--digits:${Math.max(...ys.map((y) => figure(y).length))}">`,
    `<div class="ys">${ys
      .filter((y) => y <= top)
      .map((y) => `<span style="bottom:${percent(up(y))}">${figure(y)}</span>`)
      .join('')}</div>`,
    `<div class="lines"><svg viewBox="0 0 ${SIDE} ${SIDE}" preserveAspectRatio="none" aria-hidden="true">`,
    ...ys.map((y) => `<path class="grid" d="M0,${rounded(SIDE * (1 - up(y)))}H${SIDE}"/>`),
    ...marks.map(({ x }) => `<path class="mark" d="M${rounded(SIDE * across(x))},0V${SIDE}"/>`),
    ...lines.map(
      (line) =>
        `<path class="${line.tone}${line.dashed ? ' dashed' : ''}" d="M${line.points.map(place).join('L') || '0,0'}"/>`,
    ),
    '</svg>',
    ...marks.map(({ name, x }) => {
      // To the left of its line where there is no room on the right.
      const side = across(x) > 0.6 ? `right:${percent(1 - across(x))}` : `left:${percent(across(x))}`;
      return `<span class="mark" style="${side}">${escaped(name)}</span>`;
    }),
    '</div>',
    `<div class="xs">${xs.map((x) => `<span style="left:${percent(across(x))}">${figure(x)}</span>`).join('')}</div>`,
    '</div>',
    `<p class="unit right">${escaped(xLabel)}</p>`,
    '</figure>',
  ].join('\n');
}

function legend({ name, tone, dashed }: Line): string {
  return `<span class="${tone}${dashed ? ' dashed' : ''}"><i></i>${escaped(name)}</span>`;
}

function percent(share: number): string {
  return `${rounded(100 * share)}%`;
}

/** A tenth is enough for the eye. */
function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}
