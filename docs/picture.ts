/** The picture of the README: the queue of a case over time, before and after, as it is simulated. */
import { roundSteps } from '../bin/page/scale';
import { caseOf } from '../lib/cases/catalogue';
import { runScenario } from '../lib/cases/run-scenario';
import { figure } from '../lib/flow/figures';

/** One point of a curve. */
interface Point {
  readonly seconds: number;
  readonly backlog: number;
}

const WIDTH = 760;
const HEIGHT = 300;
const LEFT = 78;
const RIGHT = 20;
const TOP = 62;
const BOTTOM = 46;
/** Of light and dark pages alike: GitHub shows the picture on both. */
const COLOURS = { text: '#6e7781', grid: '#8c959f', before: '#d1242f', after: '#1f883d' };

/** The backlog of a case over time, before and after, as SVG. */
export function backlogPicture(number: number, seed: number): string {
  const each = caseOf(number);
  const { timelines } = runScenario(each, seed);
  if (timelines === undefined) throw new Error(`case ${number} has no backlog over time`);
  const curves = { before: timelines.before, after: timelines.after };
  const end = Math.max(...curves.before.filter(({ backlog }) => backlog > 0).map(({ seconds }) => seconds));
  const most = Math.max(...Object.values(curves).flatMap((points) => points.map(({ backlog }) => backlog)));
  const top = roundSteps(most, 4);
  const x = (seconds: number) => rounded(LEFT + (seconds / end) * (WIDTH - RIGHT - LEFT));
  const y = (backlog: number) => rounded(HEIGHT - BOTTOM - (backlog / top[top.length - 1]) * (HEIGHT - BOTTOM - TOP));
  const path = (points: readonly Point[]) =>
    `M${points.map(({ seconds, backlog }) => `${x(seconds)},${y(backlog)}`).join('L')}`;
  const ticks = top.map(
    (value) =>
      `<path d="M${LEFT},${y(value)}H${WIDTH - RIGHT}" stroke="${COLOURS.grid}" stroke-opacity="0.3"/>` +
      `<text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${figure(value)}</text>`,
  );
  const times = roundSteps(end / 60, 6)
    .filter((minutes) => 60 * minutes <= end)
    .map(
      (minutes) =>
        `<text x="${x(60 * minutes)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${figure(minutes)}</text>`,
    );
  const drawn = (['before', 'after'] as const).map((when) => {
    const points = curves[when].filter(({ seconds }) => seconds <= end);
    return `<path d="${path(points)}" fill="none" stroke="${COLOURS[when]}" stroke-width="2.5"/>`;
  });
  const peak = (when: 'before' | 'after') => figure(Math.max(...curves[when].map(({ backlog }) => backlog)));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="${COLOURS.text}" role="img" aria-label="${each.title}: waiting items over time, before and after">`,
    `<text x="${LEFT}" y="22" font-size="16" font-weight="600">${each.title}: items that wait, simulated</text>`,
    `<text x="${LEFT}" y="44" fill="${COLOURS.before}">before: ${peak('before')} at most</text>`,
    `<text x="${LEFT + 220}" y="44" fill="${COLOURS.after}">after, as planned: ${peak('after')} at most</text>`,
    ...ticks,
    ...times,
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 8}" text-anchor="end">minutes from the beginning of the peak</text>`,
    ...drawn,
    '</svg>',
  ].join('\n')}\n`;
}

/** A tenth of a pixel is enough for the eye, and for the same bytes on every machine. */
function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}
