/**
 * The run as one self-contained page: the books, predicted against measured, depth over time, before and after.
 */
import { readFileSync } from 'node:fs';
import { figure } from '../../lib/flow/figures';
import { erlangB } from '../../lib/flow/numerics/erlang';
import type { DepthSample, RunReport } from './intake';
import { promise, ROWS } from './summary';

/** One point of a chart for each of its lines; null where a line has none. */
type Series = [number[], ...(number | null)[][]];

/** Renders the page; it fetches nothing from elsewhere. */
export function renderReport(report: RunReport): string {
  const loss = lossBefore(report);
  const depth = merged(untilDrained(report.depth.measured), report.depth.predicted);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Order intake under a flood</title>
<style>${chartLibrary('uPlot.min.css')}
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #57606a; --line: #d0d7de; --ground: #fff; --good: #1a7f37; --bad: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --line: #3d444d; --ground: #0d1117; --good: #3fb950; --bad: #f85149; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .4rem; }
p { max-width: 46rem; } .dim { color: var(--dim); } .good { color: var(--good); } .bad { color: var(--bad); }
table { border-collapse: collapse; margin: .6rem 0; } th, td { text-align: right; padding: .3rem .9rem; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; padding-left: 0; } .chart { margin: .8rem 0; overflow-x: auto; } .u-legend { color: var(--ink); font-size: .9rem; }
</style>
</head>
<body>
<h1>Order intake under a flood</h1>
<p class="dim">${figure(report.basis.perSecond)} deliveries a second for ${figure(report.basis.floodSeconds)} s, onto ${report.basis.slots} slots that serve
${figure(report.basis.slots / report.basis.serviceSeconds)} a second (${figure(report.basis.serviceSeconds)} s a delivery, as it was in this flood).</p>
<p><strong class="${report.ok ? 'good' : 'bad'}">${report.ok ? 'The books close.' : 'The books do not close.'}</strong>
${report.discrepancies.map(escaped).join('; ')}</p>

<h2>The books</h2>
<table>
<tr><th>Sent</th><th>Count</th><th>Result</th></tr>
<tr><td>valid</td><td>${count(report.sent.valid)}</td><td>${count(report.effects)} had their effect, ${count(report.lost)} lost</td></tr>
<tr><td>duplicates</td><td>${count(report.sent.duplicate)}</td><td>${count(report.duplicateEffects)} effects too many</td></tr>
<tr><td>forged and replayed</td><td>${count(report.sent.forged + report.sent.replayed)}</td><td>${count(report.refused)} refused</td></tr>
<tr><td>poison</td><td>${count(report.sent.poison)}</td><td>${count(report.quarantined)} in quarantine, ${count(report.unmaskedSecrets)} secrets readable</td></tr>
</table>
${report.notes.map((note) => `<p class="dim">${escaped(note)}</p>`).join('\n')}

<h2>Predicted and measured</h2>
<table>
<tr><th></th><th>Predicted</th><th>Measured</th><th>Difference</th></tr>
${ROWS.map(([label, key, unit]) => {
  const [predicted, measured] = [report.predicted[key], report.measured[key]];
  const difference = predicted === 0 ? '' : `${(((measured - predicted) / predicted) * 100).toFixed(1)} %`;
  return `<tr><td>${label}</td><td>${figure(predicted)} ${unit}</td><td>${figure(measured)} ${unit}</td><td>${difference}</td></tr>`;
}).join('\n')}
</table>

<h2>Depth of the queue</h2>
<p class="dim">Waiting messages over time: what the model expected, and what the queue reported.</p>
<div class="chart" id="depth"></div>

<h2>Before and after</h2>
<p class="dim">Lost deliveries over time. Before: the same workers serve each call while the sender waits, and a call that finds
them all busy is refused (Erlang B: ${percent(loss.ratio)} of ${figure(report.basis.perSecond)}/s). After: the queue of this run, as measured.</p>
<div class="chart" id="loss"></div>

<h2>Left out locally</h2>
<p class="dim">${report.droppedResourceTypes.length === 0 ? 'Nothing.' : report.droppedResourceTypes.map(escaped).join(', ')}</p>

<h2>Stages</h2>
<table>${report.stages.map(({ name, seconds }) => `<tr><td>${escaped(name)}</td><td>${seconds.toFixed(1)} s</td></tr>`).join('')}</table>
<p>The same stack, ${promise(report)}, goes to a real account with <code>npx cdk deploy OrderIntake</code>.</p>

<script>${chartLibrary('uPlot.iife.min.js')}</script>
<script>
const ink = getComputedStyle(document.body).color;
const grid = { stroke: getComputedStyle(document.documentElement).getPropertyValue('--line'), width: 1 };
const axis = (label) => ({ label, stroke: ink, grid, ticks: grid, size: label ? 70 : 50 });
const draw = (id, data, yLabel, lines) => new uPlot({
  width: Math.min(900, document.body.clientWidth), height: 320, scales: { x: { time: false } },
  axes: [axis('seconds since the flood began'), axis(yLabel)],
  series: [{ label: 's', value: (u, v) => v === null ? '' : v.toFixed(1) }, ...lines.map((line) => ({ width: 2, spanGaps: true, points: { show: false }, ...line }))],
}, data, document.getElementById(id));
draw('depth', ${JSON.stringify(depth)}, 'waiting messages', [
  { label: 'measured', stroke: '#0969da' }, { label: 'predicted', stroke: '#bf8700', dash: [6, 4] }]);
draw('loss', ${JSON.stringify(loss.series)}, 'lost deliveries', [
  { label: 'before (predicted)', stroke: '#cf222e' }, { label: 'after (measured)', stroke: '#1a7f37' }]);
</script>
</body>
</html>
`;
}

/** Losses of the same workers without a queue: a call that finds every slot busy is refused. */
function lossBefore({ basis, lost }: RunReport): { ratio: number; series: Series } {
  const ratio = erlangB(basis.slots, basis.perSecond * basis.serviceSeconds);
  const moments = Array.from({ length: 101 }, (_, step) => (step / 100) * basis.floodSeconds);
  const before = moments.map((seconds) => Math.round(seconds * basis.perSecond * ratio));
  // Losses show when the books are closed; their time is not known.
  return { ratio, series: [moments, before, moments.map(() => lost)] };
}

/** Poison is still retried after the backlog has drained; the chart ends a little after that. */
function untilDrained(depth: readonly DepthSample[]): readonly DepthSample[] {
  const last = depth.filter(({ backlog }) => backlog > 1).at(-1)?.seconds ?? 0;
  return depth.filter(({ seconds }) => seconds <= 1.1 * last + 1);
}

/** Two lines on one time axis. */
function merged(measured: readonly DepthSample[], predicted: readonly DepthSample[]): Series {
  const times = [...new Set([...measured, ...predicted].map(({ seconds }) => Math.round(seconds * 10) / 10))].sort(
    (a, b) => a - b,
  );
  const line = (samples: readonly DepthSample[]) => {
    const at = new Map(samples.map(({ seconds, backlog }) => [Math.round(seconds * 10) / 10, backlog]));
    return times.map((time) => at.get(time) ?? null);
  };
  return [times, line(measured), line(predicted)];
}

function chartLibrary(file: string): string {
  return readFileSync(require.resolve(`uplot/dist/${file}`), 'utf8');
}

const count = (value: number) => value.toLocaleString('en-US');
const percent = (ratio: number) => `${(100 * ratio).toFixed(0)} %`;

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
