/**
 * The run as one self-contained page: what became of the deliveries, the queue over time, predicted against measured.
 */
import { figure } from '../../lib/flow/figures';
import { erlangB } from '../../lib/flow/numerics/erlang';
import { lineChart, type Point } from '../page/chart';
import { escaped, page, table } from '../page/html';
import type { RunReport } from './intake';
import type { DepthSample } from './prediction';
import { promise } from './summary';
import { JUDGED, misses, ROWS, TOLERANCE, verdictOf } from './verdict';

/** Renders the page; it fetches nothing from elsewhere. */
export function renderReport(report: RunReport): string {
  const missed = misses(report);
  return page('Order intake under a flood', [
    ...opening(report, missed),
    ...depthChart(report),
    ...accounts(report),
    ...predictions(report, missed),
    ...lossChart(report),
    ...local(report),
    ...words(),
  ]);
}

function opening({ ok, basis, sent, effects, discrepancies }: RunReport, missed: readonly string[]): string[] {
  const verdict = (good: boolean, text: string) =>
    `<p class="${good ? 'good' : 'bad'}">${good ? '✓' : '✗'} ${escaped(text)}</p>`;
  return [
    '<h1>Order intake under a flood</h1>',
    `<p>${short(basis.perSecond)} webhooks a second arrived for ${short(basis.floodSeconds)} s. ${basis.slots} workers served ${short(basis.slots / basis.serviceSeconds)} a second. The queue between them held the rest.</p>`,
    ok
      ? verdict(
          true,
          `Every delivery is accounted for: ${count(effects)} of ${count(sent.valid)} orders were booked, each once.`,
        )
      : verdict(false, `Not every delivery is accounted for: ${discrepancies.join('; ')}.`),
    missed.length === 0
      ? verdict(
          true,
          `The queue did what was predicted: all ${ROWS.length} figures are within ${percent(TOLERANCE)}. ${JUDGED}`,
        )
      : verdict(
          false,
          `${missed.length} of ${ROWS.length} figures ${missed.length === 1 ? 'is' : 'are'} more than ${percent(TOLERANCE)} off the prediction; below is why.`,
        ),
  ];
}

function depthChart({ depth, basis }: RunReport): string[] {
  const points = (samples: readonly DepthSample[]) =>
    samples.map(({ seconds, backlog }) => ({ x: seconds, y: backlog }));
  return [
    lineChart({
      says: 'Messages that wait in the queue over time, measured and predicted',
      xLabel: 'seconds since the flood began',
      yLabel: 'messages that wait',
      lines: [
        { name: 'measured', tone: 'first', points: points(untilDrained(depth.measured)) },
        { name: 'predicted', tone: 'second', dashed: true, points: points(untilDrained(depth.predicted)) },
      ],
      marks: [{ name: 'flood ends', x: basis.floodSeconds }],
    }),
  ];
}

/** The books: each kind of delivery, and what became of it. */
function accounts(report: RunReport): string[] {
  const { sent } = report;
  const refused = sent.forged + sent.replayed;
  return [
    '<h2>What became of every delivery</h2>',
    '<p>Each delivery that was sent is looked for at the end: in the ledger of booked orders, among the refused, in quarantine. What is missing or there twice is an error.</p>',
    table(
      [{ title: 'Sent' }, { title: 'Count', number: true }, { title: 'Result' }],
      [
        [
          'valid orders',
          count(sent.valid),
          {
            text: `${count(report.effects)} booked, ${count(report.lost)} lost`,
            verdict: report.effects === sent.valid && report.lost === 0,
          },
        ],
        [
          'the same order again',
          count(sent.duplicate),
          { text: `${count(report.duplicateEffects)} booked a second time`, verdict: report.duplicateEffects === 0 },
        ],
        [
          'forged, or an old capture',
          count(refused),
          { text: `${count(report.refused)} refused`, verdict: report.refused === refused },
        ],
        [
          'orders that always fail',
          count(sent.poison),
          { text: `${count(report.quarantined)} in quarantine`, verdict: report.quarantined === sent.poison },
        ],
        [
          'secrets in those',
          '',
          {
            text: `${count(report.unmaskedSecrets)} readable in quarantine or log`,
            verdict: report.unmaskedSecrets === 0,
          },
        ],
      ],
    ),
    list(report.notes),
  ];
}

function predictions(report: RunReport, missed: readonly string[]): string[] {
  const { basis, predicted, measured } = report;
  return [
    '<h2>Predicted and measured</h2>',
    table(
      [
        { title: '' },
        { title: 'Predicted', number: true },
        { title: 'Measured', number: true },
        { title: 'Off by', number: true },
      ],
      ROWS.map(([label, key, unit]) => {
        const short = unit === 'messages' ? '' : ` ${unit}`;
        const { difference, within } = verdictOf(report, key);
        return [
          label,
          `${figure(predicted[key])}${short}`,
          `${figure(measured[key])}${short}`,
          { text: difference, verdict: within },
        ];
      }),
    ),
    ...(missed.length > 0 ? [`<div class="bad">${list(missed)}</div>`] : []),
    `<p class="dim">The prediction is the library's model of a queue. It takes the rates as they were in this run: ${short(basis.perSecond)} deliveries a second, ${basis.slots} workers, ${short(basis.serviceSeconds)} s a delivery during the flood and ${short(basis.drainServiceSeconds)} s after it. So it says whether the queue follows the model, not how fast this machine is. ${JUDGED}</p>`,
  ];
}

/** Losses of the same workers without a queue: a call that finds every worker busy is refused. */
function lossChart({ basis, lost }: RunReport): string[] {
  const ratio = erlangB(basis.slots, basis.perSecond * basis.serviceSeconds);
  const line = (perSecond: number): Point[] => [
    { x: 0, y: 0 },
    { x: basis.floodSeconds, y: perSecond * basis.floodSeconds },
  ];
  return [
    '<h2>Without the queue</h2>',
    `<p>The same ${basis.slots} workers, called directly while the sender waits: a call that finds them all busy is refused. Of ${short(basis.perSecond)} a second that would be ${percent(ratio)} (calculated, Erlang B; not run).</p>`,
    lineChart({
      says: 'Lost deliveries over time, without the queue as calculated and with it as measured',
      xLabel: 'seconds since the flood began',
      yLabel: 'lost deliveries',
      lines: [
        { name: 'without the queue, calculated', tone: 'bad', dashed: true, points: line(basis.perSecond * ratio) },
        // Losses show when everything is counted; their time is not known.
        { name: 'with the queue, measured', tone: 'good', points: line(lost / basis.floodSeconds) },
      ],
    }),
  ];
}

function local(report: RunReport): string[] {
  return [
    '<h2>What a real account has, and this run has not</h2>',
    `<p>The same stack, ${promise(report)}, goes to a real account with <code>npx cdk deploy OrderIntake</code>. For one machine these settings differ:</p>`,
    table(
      [{ title: '' }, { title: 'Here' }, { title: 'In an account' }],
      report.settings.map(({ name, here, account }) => [name, here, account]),
    ),
    `<p>Left out, because the local AWS has no such thing: ${report.droppedResourceTypes.length === 0 ? 'nothing' : report.droppedResourceTypes.map(escaped).join(', ')}.</p>`,
    '<h2>How long each step took</h2>',
    table(
      [{ title: '' }, { title: '', number: true }],
      report.stages.map(({ name, seconds }) => [name, `${seconds.toFixed(1)} s`]),
    ),
  ];
}

function words(): string[] {
  const terms: [string, string][] = [
    ...ROWS.map(([label, , , meaning]): [string, string] => [label, meaning]),
    ['Redelivery', 'senders repeat a webhook when they saw no answer; the second one must change nothing'],
    ['Forged', 'signed with a wrong secret'],
    ['Old capture', 'a genuine delivery that was recorded and sent again an hour later (a replay)'],
    [
      'Quarantine',
      'a queue for messages that failed every attempt, where a person reads them; secrets in them are masked',
    ],
  ];
  return [
    '<h2>Words</h2>',
    `<dl>${terms.map(([term, meaning]) => `<dt>${escaped(term)}</dt><dd>${escaped(meaning)}</dd>`).join('')}</dl>`,
  ];
}

/** Orders that always fail are still retried after the backlog has drained; the chart ends a little after that. */
function untilDrained(depth: readonly DepthSample[]): readonly DepthSample[] {
  const last = depth.filter(({ backlog }) => backlog > FEW).at(-1)?.seconds ?? 0;
  return depth.filter(({ seconds }) => seconds <= 1.1 * last + 1);
}

/** Messages that are retried wait at times, a few together. */
const FEW = 5;

function list(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `<ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`;
}

/** Three digits are what a reader keeps. */
const short = (value: number) => figure(Number(value.toPrecision(3)));
const count = (value: number) => value.toLocaleString('en-US');
const percent = (ratio: number) => `${(100 * ratio).toFixed(0)} %`;
