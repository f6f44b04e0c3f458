import type { Case } from '../../lib/cases/case';
import type { BesideOutcome, ScenarioResult } from '../../lib/cases/run-scenario';
import { amount, level } from './cases';
import { depth } from './depth';
import { ExitCode, type Io, UsageError } from './io';
import { casePage, type Table, writePage } from './page';
import { eachSeed, type SimulateOptions } from './seeds';
import { hang, table, told } from './text';
import { givenFlags } from './workload-options';

/** The cases that can be simulated. They are loaded here: the help of other commands stays quick. */
export function runnableCases(): readonly Case[] {
  const { CASES } = require('../../lib/cases/catalogue') as typeof import('../../lib/cases/catalogue');
  return CASES.filter(({ scenario }) => scenario);
}

/** Runs a case before and after, once for every seed. */
export function simulateCase(given: SimulateOptions, number: string, io: Io): ExitCode {
  const runnable = runnableCases();
  const subject = runnable.find((each) => String(each.number) === number);
  if (!subject) {
    const numbers = runnable.map((each) => each.number).join(', ');
    throw new UsageError(`--case must be one that has a scenario, ${numbers}, got ${number === '' ? "''" : number}`);
  }
  const [stray] = givenFlags(given);
  if (stray) throw new UsageError(`${stray} cannot be combined with --case ${number}, which brings its own workload`);
  const { enginesOf, runScenario } =
    require('../../lib/cases/run-scenario') as typeof import('../../lib/cases/run-scenario');
  const engines = enginesOf(subject);
  if (given.engine !== undefined && !engines.includes(given.engine)) {
    const isOnPurpose = subject.absent?.some(({ engine }) => engine === given.engine);
    throw new UsageError(
      `--engine must be one that case ${number} is deployed on, ${engines.join(', ')}, got ${given.engine}${isOnPurpose ? `; \`npx backpressure cases ${number}\` says why, and what to take instead` : ''}`,
    );
  }
  const runs = eachSeed(given, io, (seed) => runScenario(subject, seed, given.engine));
  const met = runs.every(({ meetsHeadline }) => meetsHeadline);
  writePage(given.html, io, () =>
    casePage(
      subject,
      runs[0],
      runs.map((run) => outcomesOf(run, runs.length > 1)),
    ),
  );
  if (given.json) {
    const answer = runs.length === 1 ? runs[0] : { number: subject.number, meetsHeadline: met, runs };
    io.out(`${JSON.stringify(answer, undefined, 2)}\n`);
  } else {
    io.out(
      `${[hang(`${subject.number}  ${subject.title} on ${runs[0].engine}: ${subject.headline.text}`, io.columns, 4), ...runs.map((run) => caseText(run, io, runs.length > 1))].join('\n\n')}\n`,
    );
  }
  return met ? ExitCode.OK : ExitCode.NO;
}

function caseText(run: ScenarioResult, io: Io, brief: boolean): string {
  const { timelines } = run;
  const { headings, rows } = outcomesOf(run, brief);
  const outcomes = table(
    headings.map(({ title, number }) => ({ title, right: number })),
    rows.map(([label, ...cells]) => [`  ${told(label, io)}`, ...cells.map((cell) => told(cell, io))]),
    io.columns,
  );
  if (brief) return outcomes;
  const pictures = (['before', 'after'] as const)
    .filter((when) => timelines[when].length > 0)
    .map((when) => `${when}\n${depth(timelines[when], io)}`);
  return [outcomes, ...pictures].join('\n\n');
}

/** A measure with what it was before, what is predicted and what came out. */
function measuredCells({ measure, unit, before, predicted, after }: BesideOutcome): string[] {
  const shown = (value: number | undefined) => (value === undefined ? '–' : amount(value, unit));
  return [measure, shown(before), shown(predicted), shown(after)];
}

/** Before, after and what was promised; then what is beside the headline. */
function outcomesOf(run: ScenarioResult, brief: boolean): Table {
  return {
    headings: [
      { title: brief ? `seed ${run.seed}` : '' },
      ...['before', 'after, predicted', 'after, simulated', 'promised'].map((title) => ({ title, number: true })),
      { title: '' },
    ],
    rows: [
      ...run.outcomes.map((outcome) => [
        ...measuredCells(outcome),
        level(outcome.promised, outcome.unit),
        { text: outcome.met ? 'kept' : 'MISSED', verdict: outcome.met },
      ]),
      ...run.beside.map((outcome) => [...measuredCells(outcome), '–', '']),
    ],
  };
}
