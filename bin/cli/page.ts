/** What `size` and `simulate` answered, as a page with charts. */
import type { Case } from '../../lib/cases/case';
import type { ScenarioResult } from '../../lib/cases/run-scenario';
import type { DepthPoint } from '../../lib/flow/queue/simulation/timeline';
import type { Sizing } from '../../lib/flow/queue/sizing';
import type { QueuePlan } from '../../lib/flow/queue/workload';
import { type Chart, lineChart } from '../page/chart';
import { type Cell, escaped, type Heading, page, table, wideTable } from '../page/html';
import { timeUnit } from '../page/scale';
import { untilQuiet } from './depth';
import type { Io } from './io';
import { writeText } from './write-file';

/** The option, alike for both commands. */
export const HTML_OPTION = ['--html <file>', 'also write a page with charts, which needs no other file'] as const;

/** Writes the page where one was asked for, and says where it is; not on stdout, which is the answer's. */
export function writePage(file: string | undefined, io: Io, made: () => string): void {
  if (file === undefined) return;
  writeText(file, made());
  io.err(`page written: ${file}\n`);
}

/** A table as the terminal has it. */
export interface Table {
  readonly headings: readonly Heading[];
  readonly rows: readonly (readonly Cell[])[];
}

/** The sizing of a plan, which its charts are drawn from. */
export interface SizedPage {
  readonly asked: string;
  readonly plan: QueuePlan;
  readonly sizing: Pick<Sizing, 'workload' | 'consumer'>;
  readonly latencySeconds: number;
  readonly latencyQuantile: number;
}

/** A sized queue: how the promise depends on the load, the peak as predicted, and every knob with its reason. */
export function sizePage({ asked, plan, sizing, latencySeconds, latencyQuantile }: SizedPage): string {
  const { figure } = require('../../lib/flow/figures') as typeof import('../../lib/flow/figures');
  const numbers = ({ inputs }: QueuePlan['knobs'][number]) =>
    Object.entries(inputs).map(([name, value]) => `${name} ${figure(value)}`);
  return page(asked, [
    `<h1>${escaped(asked)}</h1>`,
    ...loadChart({ plan, sizing, latencySeconds, latencyQuantile }),
    ...peakChart(plan, sizing),
    '<h2>Knobs</h2>',
    wideTable(
      [{ title: 'Knob' }, { title: 'Value', number: true }, { title: 'Because' }],
      plan.knobs.map((knob) => [
        knob.name,
        `${figure(knob.value)} ${knob.unit}`,
        [knob.formula, numbers(knob).join(', '), knob.source].filter((text) => text !== '').join(' · '),
      ]),
    ),
    '<h2>What to expect</h2>',
    table(
      [{ title: '' }, { title: '' }],
      plan.expectations().map(({ label, text }) => [label, text]),
    ),
    ...plan.remarks.map((remark) => `<p>${escaped(remark)}</p>`),
  ]);
}

/** The shares of the load that are drawn, to a little beyond where the promise breaks. */
const LOADS = { from: 0.1, steps: 40, least: 1.5, most: 4, beyond: 1.15 };
/** Beyond this many times the promise a latency is only "too long". */
const MOST_PROMISES = 3;

function loadChart({ plan, sizing, latencySeconds, latencyQuantile }: Omit<SizedPage, 'asked'>): string[] {
  const { forecast } =
    require('../../lib/flow/queue/forecast/predict') as typeof import('../../lib/flow/queue/forecast/predict');
  const { loaded } = require('../../lib/flow/queue/headroom') as typeof import('../../lib/flow/queue/headroom');
  const { workload, consumer } = sizing;
  const { breaksAtLoad: breaks = Number.POSITIVE_INFINITY } = plan.predictions;
  const end = Math.min(LOADS.most, Math.max(LOADS.least, LOADS.beyond * breaks));
  const at = (factor: number) => {
    const { drainSeconds, latency } = forecast(loaded(workload, factor), consumer);
    // What never drains waits without end; its first minutes, which a forecast looks at, say nothing of that.
    return Number.isFinite(drainSeconds()) ? latency().quantile(latencyQuantile) : Number.POSITIVE_INFINITY;
  };
  const loads = Array.from(
    { length: LOADS.steps + 1 },
    (_, step) => LOADS.from + (step / LOADS.steps) * (end - LOADS.from),
  );
  const name = `latency P${Number((100 * latencyQuantile).toPrecision(6))}`;
  return [
    `<h2>When more arrives than planned</h2>`,
    lineChart({
      says: `${name} at multiples of the load, predicted, and the promise`,
      xLabel: 'multiple of the load',
      yLabel: 'seconds from arrival to done',
      lines: [
        { name: `${name}, predicted`, tone: 'first', dashed: true, points: loads.map((x) => ({ x, y: at(x) })) },
        { name: 'promised', tone: 'good', points: [LOADS.from, end].map((x) => ({ x, y: latencySeconds })) },
      ],
      marks: breaks <= end ? [{ name: `breaks at ${Number(breaks.toPrecision(3))} ×`, x: breaks }] : [],
      yEnd: MOST_PROMISES * latencySeconds,
    }),
  ];
}

function peakChart(plan: QueuePlan, { workload, consumer }: SizedPage['sizing']): string[] {
  if (!plan.peaked) return [];
  const { fluidPeak } =
    require('../../lib/flow/queue/forecast/fluid') as typeof import('../../lib/flow/queue/forecast/fluid');
  const points = fluidPeak(workload, consumer).pieces.flatMap(({ from, to, startItems, endItems, slots }) =>
    [
      { seconds: from, items: startItems },
      { seconds: to, items: endItems },
    ].map(({ seconds, items }) => ({
      seconds,
      backlog: Math.max(0, items - slots),
      instances: slots / consumer.slotsPerInstance,
    })),
  );
  return ['<h2>The peak, predicted</h2>', ...courseCharts([{ name: 'predicted', dashed: true, timeline: points }])];
}

/** A simulated queue. */
export interface SimulatedPage {
  readonly asked: string;
  readonly outcome: Table;
  /** What keeps the backlog from draining. */
  readonly overload?: string;
  readonly timeline: readonly DepthPoint[];
  readonly run: string;
}

/** A simulated queue: the backlog and the instances over time, and predicted beside simulated. */
export function simulatedPage({ asked, outcome, overload, timeline, run }: SimulatedPage): string {
  return page(asked, [
    `<h1>${escaped(asked)}</h1>`,
    `<p class="dim">${escaped(run)}</p>`,
    ...(overload === undefined ? [] : [`<p class="bad">✗ ${escaped(overload)}</p>`]),
    ...courseCharts([{ name: 'simulated', timeline: untilQuiet(timeline) }]),
    '<h2>Predicted and simulated</h2>',
    wideTable(outcome.headings, outcome.rows),
  ]);
}

/** A case before and after, with the table of each run. */
export function casePage(subject: Case, run: ScenarioResult, outcomes: readonly Table[]): string {
  const courses = (['before', 'after'] as const)
    .filter((when) => run.timelines[when].length > 0)
    .map((when) => ({ name: `${when}, simulated`, bad: when === 'before', timeline: untilQuiet(run.timelines[when]) }));
  return page(subject.title, [
    `<h1>${escaped(subject.title)}</h1>`,
    `<p>${escaped(subject.summary)}</p>`,
    ...courseCharts(courses),
    `<h2>${escaped(subject.headline.text)}</h2>`,
    ...outcomes.map(({ headings, rows }) => wideTable(headings, rows)),
    `<p class="dim">Simulated on ${escaped(run.engine)}; the case is number ${subject.number}.</p>`,
  ]);
}

/** One queue over time. */
interface Course {
  readonly name: string;
  readonly dashed?: boolean;
  readonly bad?: boolean;
  readonly timeline: readonly DepthPoint[];
}

/** Backlog and instances over time. */
function courseCharts(courses: readonly Course[]): string[] {
  const shown = courses.filter(({ timeline }) => timeline.length > 0);
  if (shown.length === 0) return [];
  const unit = timeUnit(Math.max(...shown.flatMap(({ timeline }) => timeline.map(({ seconds }) => seconds))));
  const chart = (yLabel: string, read: (point: DepthPoint) => number): Chart => ({
    says: `${yLabel} over time: ${shown.map(({ name }) => name).join(' and ')}`,
    xLabel: unit.name,
    yLabel,
    lines: shown.map(({ name, dashed, bad, timeline }) => ({
      name,
      dashed,
      tone: bad === undefined ? 'first' : bad ? 'bad' : 'good',
      points: timeline
        // The steady state before a peak is not drawn.
        .filter(({ seconds }) => seconds >= 0)
        .map((point) => ({ x: point.seconds / unit.seconds, y: read(point) })),
    })),
  });
  return [
    lineChart(chart('items that wait', ({ backlog }) => backlog)),
    lineChart(chart('instances', ({ instances }) => instances)),
  ];
}
