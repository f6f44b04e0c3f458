/**
 * What was predicted beside what was measured, on real servers and on emulators. docs/proof.json has the rows; `npm run prove`
 * alone writes them, and docs/proof.md from them. The case pages and the README take every measured number from the same file.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CASES, caseOf } from '../lib/cases/catalogue';
import { figure } from '../lib/flow/figures';
import { kindOf } from './engines';
import { IN_PART, NOT_RUN, type NotRun } from './not-run';

/** Where the ratio of measured to predicted has to be. A bound has `most` 1 and a small `least`. */
export interface Tolerance {
  readonly least: number;
  readonly most: number;
}

/** One claim of a case, as a test reports it. */
export interface Measurement {
  /** Number of the case. */
  readonly case: number;
  /** The construct with its engine, such as `k8s.TtlCollection`, or one of `PROGRAMS`. */
  readonly construct: string;
  /** The server that the claim was held against, in names of docs/engines.ts. */
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

/** Constructs by the program of theirs that a row names, where the program was run without the construct. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'sender-container': 'k8s.RateLimitedSender',
  'sender-tasks': 'gcp.RateLimitedSender',
};

/** The construct that a row is about, with its engine. */
export function constructOf({ construct }: Pick<Measurement, 'construct'>): string {
  return PROGRAMS[construct] ?? construct;
}

/** Whether the code differed from the commit when a row was measured. */
export function isDirty({ commit }: Pick<ProofRow, 'commit'>): boolean {
  return commit.endsWith('+');
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
  const emulated = rows.filter(({ engine }) => kindOf(engine) === 'emulator').length;
  return `${[
    '<!-- Written by `npm run prove`. Run it again, do not edit this page. -->',
    '# Proof: predicted and measured',
    '',
    'Claims of the cases, held against servers. A row is *real* where the server is the one that users run, and *emulator*',
    'where one that speaks its protocol stands in for it: MiniStack for AWS, pstest for Pub/Sub, SecantusDB for MongoDB and',
    'Amazon DocumentDB, a program of the tests for Cloud Tasks.',
    '',
    '`npm run prove -- --case 16` repeats those of a case, `npm run prove` all of them, and both write this page. A prediction is',
    'made from the arrival and service rates as they were in the run. The ratio is measured ÷ predicted; a bound may be missed',
    'on one side only. When a ratio is outside its range, the model is mended, not the range.',
    '',
    `${rows.length} rows, ${ok} ok, ${rows.length - ok} not ok; ${emulated} on emulators. ${machines.length > 1 ? 'Machines' : 'Machine'}: ${machines.join('; ')}.`,
    ...age(rows),
    ...CASES.flatMap(({ number, title }) => {
      const own = inOrder(rows.filter((row) => row.case === number));
      return own.length === 0 ? [] : ['', `## Case ${number}: ${title}`, '', table(own), '', ...notes(own)];
    }),
    '',
    '## Not run here',
    '',
    'No server for these was on the machine.',
    '',
    ...reasons(NOT_RUN),
    '',
    '## Run in part',
    '',
    'These have rows above. What decides their case was not on the machine.',
    '',
    ...reasons(IN_PART),
  ].join('\n')}\n`;
}

/** When the rows were measured, and on which code. */
function age(rows: readonly ProofRow[]): string[] {
  const days = rows.map(({ date }) => date).sort();
  const dirty = rows.filter(isDirty).length;
  return [
    '',
    `Measured from ${days[0]} to ${days.at(-1)}; each run below has its day and its commit. ${
      dirty === 0
        ? 'The code of every row is that of its commit.'
        : `${dirty} rows have a \`+\` behind the commit: the code differed from it when they were measured.`
    } \`npm run prove -- --list\` says which runs are of code that has changed since.`,
  ];
}

function reasons(all: readonly NotRun[]): string[] {
  return [
    '| case | construct | why |',
    '|---|---|---|',
    ...all.map(({ case: number, construct, reason }) => `| ${link(number, 'cases/')} | \`${construct}\` | ${reason} |`),
  ];
}

/** The section of a case's own page; empty for a case without constructs. */
export function caseProof(number: number, rows: readonly ProofRow[]): string[] {
  const own = inOrder(rows.filter((row) => row.case === number));
  const missing = NOT_RUN.filter((each) => each.case === number);
  const parts = IN_PART.filter((each) => each.case === number);
  if (own.length + missing.length === 0) return [];
  return [
    '## On servers',
    '',
    ...(own.length === 0
      ? []
      : [table(own), '', `How each was run is in [the proof](../proof.md#${anchor(number)}).`, '']),
    ...parts.flatMap(({ construct, reason }) => [`Run in part: \`${construct}\`. ${reason}`, '']),
    ...missing.flatMap(({ construct, reason }) => [`Not run: \`${construct}\`. ${reason}`, '']),
  ];
}

/** The README's summary: how many claims of each case were held against real servers and against emulators. */
export function proofSummary(rows: readonly ProofRow[]): string {
  const cases = [...new Set(rows.map((row) => row.case))].sort((a, b) => a - b);
  return [
    '| case | constructs | on real servers | on emulators | within their range |',
    '|---|---|---:|---:|---:|',
    ...cases.map((number) => {
      const own = rows.filter((row) => row.case === number);
      const constructs = [...new Set(own.map((row) => `\`${constructOf(row)}\``))].sort();
      const real = own.filter(({ engine }) => kindOf(engine) === 'real').length;
      const title = `[${number} ${caseOf(number).title}](docs/proof.md#${anchor(number)})`;
      return `| ${title} | ${constructs.join(', ')} | ${real} | ${own.length - real} | ${own.filter((row) => row.ok).length} |`;
    }),
  ].join('\n');
}

function table(rows: readonly ProofRow[]): string {
  return [
    '| what | construct | engine | kind | predicted | measured | ratio | may be | ok |',
    '|---|---|---|---|---:|---:|---:|---:|---|',
    ...rows.map((row) => {
      const spread = row.spread === undefined ? '' : ` (${row.runs} runs, spread ${figure(row.spread)})`;
      const amount = (value: number) => `${figure(value)} ${row.unit}`;
      const whole = constructOf(row);
      const construct = whole === row.construct ? `\`${whole}\`` : `\`${whole}\` (${row.construct})`;
      const cells = [row.metric, construct, row.engine, kindOf(row.engine), amount(row.predicted)];
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
