/**
 * What was predicted beside what was measured on real servers. docs/proof.json has the rows; `npm run prove` alone writes
 * them, and docs/proof.md from them. The case pages and the README take every measured number from the same file.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CASES, caseOf } from '../lib/cases/catalogue';
import { figure } from '../lib/flow/figures';
import { NOT_RUN } from './not-run';

/** Where the ratio of measured to predicted has to be. A bound has `most` 1 and a small `least`. */
export interface Tolerance {
  readonly least: number;
  readonly most: number;
}

/** One claim of a case, as a test reports it. */
export interface Measurement {
  /** Number of the case. */
  readonly case: number;
  /** The construct with its engine, such as `k8s.TtlCollection`. */
  readonly construct: string;
  /** The server that the claim was held against. */
  readonly engine: string;
  readonly metric: string;
  readonly unit: string;
  /** From the arrival and service rates as they were in the run, not the nominal ones. */
  readonly predicted: number;
  /** The mean, when it was measured several times. */
  readonly measured: number;
  /** Measured ÷ predicted. */
  readonly ratio: number;
  readonly tolerance: Tolerance;
  readonly ok: boolean;
  /** How it was run, in a sentence. */
  readonly how: string;
  /** What is smaller than in the case, and by which law that carries over. */
  readonly scaledBy: string;
  /** How often it was measured, when more than once. */
  readonly runs?: number;
  /** The largest measured value minus the smallest. */
  readonly spread?: number;
}

/** A measurement with the run that made it. */
export interface ProofRow extends Measurement {
  /** Name of the proof that made it. */
  readonly proof: string;
  /** How long one run took, start of its servers included. */
  readonly seconds: number;
  readonly date: string;
  /** The commit; `+` behind it when files of the code differed from it. */
  readonly commit: string;
  readonly machine: string;
  /** Load of the machine when the run began: what others left of it. */
  readonly load: number;
}

/** The rows that were measured, in their order on the page. */
export function readProof(root: string): ProofRow[] {
  return (JSON.parse(readFileSync(join(root, 'docs', 'proof.json'), 'utf8')) as { rows: ProofRow[] }).rows;
}

/** What identifies a row: a later run replaces the row of the same key. */
export function keyOf(row: Measurement): string {
  return JSON.stringify([row.case, row.construct, row.engine, row.metric]);
}

/** Rows in the order of the page. */
export function inOrder<T extends Measurement>(rows: readonly T[]): T[] {
  const key = ({ construct, engine, metric }: Measurement) => `${construct}\n${engine}\n${metric}`;
  return [...rows].sort((a, b) => a.case - b.case || (key(a) < key(b) ? -1 : 1));
}

/** Whether a ratio is where it has to be. */
export function within(ratio: number, { least, most }: Tolerance): boolean {
  // A mean of exact counts may differ in the last digit.
  return ratio >= least - 1e-9 && ratio <= most + 1e-9;
}

/** docs/proof.md. */
export function proofPage(rows: readonly ProofRow[]): string {
  const machines = [...new Set(rows.map(({ machine }) => machine))];
  const ok = rows.filter((row) => row.ok).length;
  return `${[
    '<!-- Written by `npm run prove`. Run it again, do not edit this page. -->',
    '# Proof: predicted and measured',
    '',
    'Claims of the cases, each held against a real server. `npm run prove -- --case 16` repeats those of a case,',
    '`npm run prove` all of them, and both write this page. A prediction is made from the arrival and service rates as they',
    'were in the run. The ratio is measured ÷ predicted; a bound may be missed on one side only. When a ratio is outside its',
    'range, the model is mended, not the range.',
    '',
    `${rows.length} rows, ${ok} ok, ${rows.length - ok} not ok. ${machines.length > 1 ? 'Machines' : 'Machine'}: ${machines.join('; ')}.`,
    ...CASES.flatMap(({ number, title }) => {
      const own = inOrder(rows.filter((row) => row.case === number));
      return own.length === 0 ? [] : ['', `## Case ${number}: ${title}`, '', table(own), '', ...notes(own)];
    }),
    '',
    '## Not run here',
    '',
    'No server for these was on the machine.',
    '',
    '| case | construct | why |',
    '|---|---|---|',
    ...NOT_RUN.map(
      ({ case: number, construct, reason }) => `| ${link(number, 'cases/')} | \`${construct}\` | ${reason} |`,
    ),
  ].join('\n')}\n`;
}

/** The section of a case's own page; empty for a case without constructs. */
export function caseProof(number: number, rows: readonly ProofRow[]): string[] {
  const own = inOrder(rows.filter((row) => row.case === number));
  const missing = NOT_RUN.filter((each) => each.case === number);
  if (own.length + missing.length === 0) return [];
  return [
    '## On real servers',
    '',
    ...(own.length === 0
      ? []
      : [table(own), '', `How each was run is in [the proof](../proof.md#${anchor(number)}).`, '']),
    ...missing.flatMap(({ construct, reason }) => [`Not run: \`${construct}\`. ${reason}`, '']),
  ];
}

/** The README's summary: how many claims of each case were held against a server. */
export function proofSummary(rows: readonly ProofRow[]): string {
  const cases = [...new Set(rows.map((row) => row.case))].sort((a, b) => a - b);
  return [
    '| case | constructs | claims measured | within their range |',
    '|---|---|---:|---:|',
    ...cases.map((number) => {
      const own = rows.filter((row) => row.case === number);
      const constructs = [...new Set(own.map(({ construct }) => `\`${construct}\``))].sort();
      const title = `[${number} ${caseOf(number).title}](docs/proof.md#${anchor(number)})`;
      return `| ${title} | ${constructs.join(', ')} | ${own.length} | ${own.filter((row) => row.ok).length} |`;
    }),
  ].join('\n');
}

function table(rows: readonly ProofRow[]): string {
  return [
    '| what | construct | engine | predicted | measured | ratio | may be | ok |',
    '|---|---|---|---:|---:|---:|---:|---|',
    ...rows.map((row) => {
      const spread = row.spread === undefined ? '' : ` (${row.runs} runs, spread ${figure(row.spread)})`;
      const amount = (value: number) => `${figure(value)} ${row.unit}`;
      const cells = [row.metric, `\`${row.construct}\``, row.engine, amount(row.predicted)];
      return `| ${[...cells, amount(row.measured) + spread, shown(row.ratio), range(row.tolerance), row.ok ? 'yes' : '**no**'].join(' | ')} |`;
    }),
  ].join('\n');
}

/** How each row came to be; said once for rows of one run. */
function notes(rows: readonly ProofRow[]): string[] {
  const said = new Map<string, ProofRow[]>();
  for (const row of rows) {
    const note = `${row.how} Scaled: ${row.scaledBy} Run on ${row.date} in ${figure(row.seconds)} s, commit ${row.commit}, load ${figure(row.load)}.`;
    said.set(note, [...(said.get(note) ?? []), row]);
  }
  return [...said].map(([note, of]) => {
    const whole = said.size === 1 ? '' : `${of.map(({ metric }) => metric).join('; ')}: `;
    return `- ${whole}${note}`;
  });
}

/** Three digits: a ratio of 1.004 and one of 0.998 are both as predicted. */
function shown(ratio: number): string {
  return String(Number(ratio.toPrecision(3)));
}

function range({ least, most }: Tolerance): string {
  return least === most ? shown(most) : `${shown(least)}–${shown(most)}`;
}

function link(number: number, folder: string): string {
  return `[${number} ${caseOf(number).title}](${folder}${caseOf(number).slug}.md)`;
}

/** As GitHub makes it of a heading. */
function anchor(number: number): string {
  return `case-${number}-${caseOf(number).title}`
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');
}
