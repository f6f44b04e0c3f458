/**
 * Writes the pages that follow from data: one page a case, their index, the rules, the public API, and the tables inside
 * hand-written pages.
 * `npm run docs` writes them, `npm run docs -- --check` exits with 1 when a page is not what it would write.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { amount, level } from '../bin/cli/cases';
import type { Case } from '../lib/cases/case';
import {
  BESIDE_THE_PATH,
  CASES,
  caseOf,
  inLearningOrder,
  isMutual,
  LEARNING_PATH,
  placeOf,
} from '../lib/cases/catalogue';
import { type BesideOutcome, runScenario } from '../lib/cases/run-scenario';
import { figure } from '../lib/flow/figures';
import { grouped } from '../lib/flow/grouped';
import type { Knob } from '../lib/flow/plan';
import { apiPages, assemblyOf } from './api';
import { breakEvenTable } from './break-even';
import { costSection } from './costs/section';
import { markdownTable, pageOf } from './markdown';
import { withMeasured } from './measured-figures';
import { backlogPicture } from './picture';
import { plansTable } from './plans-table';
import { caseProof, type ProofRow, proofPage, proofSummary, readProof } from './proof';
import { casesByEngine, explained, found } from './readme';
import { rulePages, rulesPage } from './rules-page';
import { thirdPartyPage } from './third-party';
import { ownWorkflows } from './workflows';

/** The seed of every scenario in the docs, so that a page only changes when the code does. */
const SEED = 1;

/** One file and what it should hold. */
export interface Page {
  /** Path from the root of the package. */
  readonly path: string;
  readonly text: string;
}

/** Every generated page; those with a spliced table only when the page around it exists below `root`. */
export function pages(root: string): Page[] {
  const rows = readProof(join(__dirname, '..'));
  return [
    { path: 'docs/cases.md', text: index() },
    ...CASES.map((each) => ({ path: `docs/cases/${each.slug}.md`, text: casePage(each, rows) })),
    { path: 'docs/proof.md', text: proofPage(rows) },
    { path: 'docs/rules.md', text: rulesPage() },
    ...rulePages(join(__dirname, '..')),
    { path: 'docs/measured/third-party.md', text: thirdPartyPage(join(__dirname, '..')) },
    ...constructPages(root, rows),
    { path: 'docs/pictures/order-peak.svg', text: backlogPicture(2, SEED) },
    ...spliced(root, 'docs/check.md', 'plans', plansTable),
    ...Object.entries(ownWorkflows()).map(([path, text]) => ({ path, text })),
    ...readme(root, rows),
  ];
}

/** The README with everything in it that follows from code and data. */
function readme(root: string, rows: readonly ProofRow[]): Page[] {
  const path = 'README.md';
  const page = read(join(root, path));
  // A folder that has only some pages has no README either.
  if (page === undefined || !page.includes('<!-- proof:begin -->')) return [];
  const parts: [string, () => string][] = [
    ['found', found],
    ['explained', explained],
    ['cases', () => casesByEngine(join(__dirname, '..'))],
    ['proof', () => proofSummary(rows)],
  ];
  return [{ path, text: parts.reduce((text, [name, make]) => splice(text, name, make()), page) }];
}

/** What is not as it should be below `root`: pages that differ or are missing, and pages of cases that are gone. */
export function stale(root: string, wanted: readonly Page[] = pages(root)): string[] {
  const differing = wanted.filter(({ path, text }) => read(join(root, path)) !== text).map(({ path }) => path);
  return [...differing, ...orphans(root, wanted)];
}

/** Writes every page that differs and removes orphans; returns what changed. */
export function write(root: string, wanted: readonly Page[] = pages(root)): string[] {
  const changed = stale(root, wanted);
  for (const path of changed) {
    const page = wanted.find((each) => each.path === path);
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (page) writeFileSync(join(root, path), page.text);
    else rmSync(join(root, path));
  }
  return changed;
}

function orphans(root: string, wanted: readonly Page[]): string[] {
  const folder = join(root, 'docs/cases');
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.md')) : [];
  const rules = join(root, 'docs/rules');
  const pagesOfRules = (existsSync(rules) ? readdirSync(rules) : [])
    .map((id) => `docs/rules/${id}/README.md`)
    .filter((path) => existsSync(join(root, path)));
  const known = new Set(wanted.map(({ path }) => path));
  return [...found.map((name) => `docs/cases/${name}`), ...pagesOfRules].filter((path) => !known.has(path));
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

const WRITTEN = '<!-- Written by `npm run docs` from lib/cases. Change the data, not this page. -->';

function index(): string {
  const link = (number: number) => `[${caseOf(number).title}](cases/${caseOf(number).slug}.md)`;
  return lines(
    WRITTEN,
    '# The cases',
    '',
    'Every case is one story: something produces faster than something else consumes, and a buffer in between overflows. ' +
      'There are few remedies: **scale** the consumer, **throttle** the producer, **spread** or **merge** the work, ' +
      '**bound** the buffer, **isolate** one flow from another.',
    '',
    markdownTable(
      ['#', 'case', 'levers', 'difficulty', 'domains', 'before → after'],
      CASES.map((each) => [
        String(each.number),
        link(each.number),
        each.levers.join(', '),
        each.difficulty,
        each.domains.join(', '),
        each.headline.text,
      ]),
    ),
    '',
    '## Learning path',
    '',
    ...LEARNING_PATH.map((number, step) => {
      const aside = BESIDE_THE_PATH.filter(({ beside }) => beside === number).map((each) => link(each.number));
      const needs = caseOf(number).dependsOn.filter((needed) => !isMutual(caseOf(number), caseOf(needed)));
      const after = needs.length > 0 ? `, after ${needs.map((needed) => `case ${needed}`).join(' and ')}` : '';
      return `${step + 1}. ${link(number)} (case ${number})${after}${aside.length > 0 ? `; beside it ${aside.join(', ')}` : ''}`;
    }),
    '',
    'Cases 8 and 12 explain each other, in any order. `npx backpressure cases` prints the same path at the terminal.',
  );
}

function casePage(subject: Case, rows: readonly ProofRow[]): string {
  const title = (number: number) => `[${number} ${caseOf(number).title}](${caseOf(number).slug}.md)`;
  const { step, beside } = placeOf(subject.number);
  const leadsTo = CASES.filter((each) => each.dependsOn.includes(subject.number) && !isMutual(each, subject));
  const needs = subject.dependsOn.filter((needed) => !isMutual(subject, caseOf(needed)));
  const mutual = subject.dependsOn.filter((needed) => isMutual(subject, caseOf(needed)));
  const order = inLearningOrder();
  const next = order[order.indexOf(subject) + 1];
  return lines(
    WRITTEN,
    `# Case ${subject.number}: ${subject.title}`,
    '',
    subject.summary,
    '',
    markdownTable(
      ['', ''],
      [
        ['Levers', subject.levers.join(', ')],
        ['Difficulty', subject.difficulty],
        ['Domains', subject.domains.join(', ')],
        ['Learning path', step !== undefined ? `step ${step}` : `beside ${title(beside!)}`],
        ...(needs.length > 0 ? [['Know first', needs.map(title).join(', ')]] : []),
        ...(mutual.length > 0 ? [['Explains, and is explained by', mutual.map(title).join(', ')]] : []),
        ...(leadsTo.length > 0 ? [['Leads to', leadsTo.map((each) => title(each.number)).join(', ')]] : []),
      ],
    ),
    '',
    '## Before and after',
    '',
    subject.headline.text,
    '',
    markdownTable(
      ['measure', 'before', 'after'],
      subject.headline.changes.map((change) => [
        change.measure,
        level(change.before, change.unit),
        level(change.after, change.unit),
      ]),
    ),
    '',
    ...scenario(subject),
    ...caseProof(subject.number, rows),
    '## Constructs',
    '',
    markdownTable(
      ['construct', 'engine', 'made of', 'in this version'],
      subject.constructs.map((construct) => [
        construct.available
          ? `[${construct.name}](../constructs/${pageOf(construct.engines.includes('aws') ? 'aws' : construct.engines[0], construct.name)})`
          : construct.name,
        construct.engines.join(', '),
        construct.form,
        construct.available ? 'yes' : 'not yet',
      ]),
    ),
    '',
    ...(subject.absent ?? []).flatMap(({ engine, reason, instead }) => [
      `**None on ${engine}.** ${reason} ${instead}`,
      '',
    ]),
    '## Trap',
    '',
    subject.trap,
    '',
    next
      ? `Next: ${title(next.number)}. All of them: [the cases](../cases.md).`
      : 'All of them: [the cases](../cases.md).',
  );
}

function scenario(subject: Case): string[] {
  if (!subject.scenario) return [];
  const result = runScenario(subject, SEED);
  return [
    '## Simulated',
    '',
    subject.scenario.calibration,
    '',
    markdownTable(
      ['measure', 'before, simulated', 'after, predicted', 'after, simulated', 'promised'],
      [
        ...result.outcomes.map((outcome) => [...simulatedCells(outcome), level(outcome.promised, outcome.unit)]),
        ...result.beside.map((outcome) => [...simulatedCells(outcome), '–']),
      ],
    ),
    '',
    `The headline is ${result.meetsHeadline ? 'met' : '**missed**'}. \`npx backpressure simulate --case ${subject.number} --seed ${SEED}\` repeats it.`,
    '',
    'What the plan chose for *after*:',
    '',
    markdownTable(['knob', 'value', 'because'], knobRows(result.knobs)),
    '',
  ];
}

/** A measure with what the simulation had before, what is predicted, and what the simulation has after, to three digits. */
function simulatedCells({ measure, unit, before, predicted, after }: BesideOutcome): string[] {
  const shown = (value: number | undefined) => (value === undefined ? '–' : amount(rounded(value), unit));
  return [measure, shown(before), shown(predicted), shown(after)];
}

/** Knobs of more things than these, such as the minute of every job, are one row. */
const MOST_ALIKE = 8;

/** A row for each knob, and one for all that differ only in what comes behind the point of their name. */
function knobRows(knobs: readonly Knob[]): string[][] {
  const stemOf = ({ name, formula }: Knob) => `${name.split('.')[0]}: ${formula}`;
  const alike = grouped(knobs.map((knob) => [stemOf(knob), knob] as const));
  return knobs.flatMap((knob) => {
    const same = alike.get(stemOf(knob))!;
    if (same.length <= MOST_ALIKE) return [row(`\`${knob.name}\``, [knob])];
    return knob === same[0] ? [row(`\`${knob.name.split('.')[0]}\` of each of ${same.length}`, same)] : [];
  });
}

function row(title: string, knobs: readonly Knob[]): string[] {
  const [{ unit, formula }] = knobs;
  const values = knobs.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const text = least === most ? figure(most) : `${figure(least)} to ${figure(most)}`;
  return [title, `${text}${Number.isFinite(most) ? ` ${unit}` : ''}`, formula];
}

/** Three significant digits: the docs promise no more, and a faster formula does not change a page. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Pages of constructs: what their example costs, the table of break-even sizes, and figures that were measured. */
function constructPages(root: string, rows: readonly ProofRow[]): Page[] {
  const folder = join(root, 'docs/constructs');
  return (existsSync(folder) ? readdirSync(folder) : []).flatMap((name) => {
    const path = `docs/constructs/${name}`;
    const page = read(join(root, path))!;
    const parts: [string, () => string][] = [
      ['cost', () => costSection(name, page)],
      ['break-even', breakEvenTable],
    ];
    const wanted = parts.filter(([part]) => page.includes(`<!-- ${part}:begin -->`));
    const measured = withMeasured(page, rows);
    if (wanted.length === 0 && !page.includes('<!-- measured ')) return [];
    return [{ path, text: wanted.reduce((text, [part, make]) => splice(text, part, make()), measured) }];
  });
}

/** A hand-written page with one generated table; none when the page is not below `root`. */
function spliced(root: string, path: string, name: string, table: () => string): Page[] {
  const page = read(join(root, path));
  if (page === undefined || !page.includes(`<!-- ${name}:begin -->`)) return [];
  return [{ path, text: splice(page, name, table()) }];
}

/** `page` with everything between the two markers of that name replaced. */
export function splice(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${name}: the page needs ${begin} and, after it, ${end}`);
  return `${page.slice(0, from + begin.length)}\n${text.trim()}\n${page.slice(to)}`;
}

function lines(...parts: readonly string[]): string {
  return `${parts.join('\n')}\n`;
}

if (require.main === module) {
  const root = join(__dirname, '..');
  const check = process.argv.includes('--check');
  const assembly = assemblyOf(root);
  if (typeof assembly === 'string')
    console.log(`docs/api: ${check ? 'not compared' : 'not written'}, because ${assembly}`);
  const wanted = [...pages(root), ...(typeof assembly === 'string' ? [] : apiPages(assembly))];
  const changed = check ? stale(root, wanted) : write(root, wanted);
  for (const path of changed) console.log(`${check ? 'out of date' : 'wrote'}: ${relative('.', join(root, path))}`);
  if (check && changed.length > 0) {
    console.error('Run `npm run docs` and commit what it writes.');
    process.exitCode = 1;
  }
}
