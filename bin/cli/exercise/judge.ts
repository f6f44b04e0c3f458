/** Whether what a person hands in does what an exercise asks: by the rules, by the plan and by the simulation. */

import { caseOf } from '../../../lib/cases/catalogue';
import type { Answers, Build, CaseExercises, Mend, Size } from '../../../lib/cases/exercises/exercise';
import { runScenario } from '../../../lib/cases/run-scenario';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { figure } from '../../../lib/flow/figures';
import { judge, type Verdict } from '../../../lib/rules/check';
import type { Document } from '../../../lib/rules/document';
import { loadExamples } from '../../../lib/rules/load';
import { readDocuments } from '../../../lib/rules/read';
import { boundText } from './bounds';
import type { Claim } from './claim';
import { judgeAlerts, judgeShown } from './shown';

/** Findings that are named one by one; of more, their number. */
const MOST_NAMED = 5;

/** The seed of the simulation: the same for everybody. */
const SEED = 1;

/** The files were mended: the rules find nothing more, and what the files are for is still in them. */
export function judgeMend({ rules }: Mend, documents: readonly Document[]): Claim[] {
  const needed = new Map<string, number>();
  for (const rule of rules) {
    const right = readDocuments([{ file: rule, text: loadExamples().examplesOf(rule).right }]);
    for (const [type, count] of countsOf(right)) needed.set(type, (needed.get(type) ?? 0) + count);
  }
  const verdict = judge(documents);
  return [...presence(needed, documents), ...rules.map((rule) => unfound(documents, verdict, rule))];
}

/** The whole is there and shows what was asked for, and no rule finds anything in it. */
export function judgeBuild(build: Build, documents: readonly Document[]): Claim[] {
  return [
    ...presence(new Map(Object.entries(build.resources)), documents),
    ...build.shows.map((shown) => judgeShown(shown, documents)),
    ...judgeAlerts(build, documents),
    unfound(documents, judge(documents)),
  ];
}

/** The numbers are within their bounds and planned as given by hand, and the case keeps its promise when it is simulated with them. */
export function judgeSize({ number, advanced }: CaseExercises, answers: Answers): Claim[] {
  const bounded = boundClaims(advanced, answers);
  // Thousands of instances would be simulated one by one.
  if (bounded.some(({ holds }) => !holds)) return bounded;
  return [...bounded, ...judgePromise({ number, advanced }, answers)];
}

function boundClaims({ bounds = {} }: Size, answers: Answers): Claim[] {
  return Object.entries(bounds).map(
    ([name, { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }]) => ({
      claim: `${name} is ${boundText({ atLeast, atMost })}`,
      holds: answers[name] >= atLeast && answers[name] <= atMost,
      found: figure(answers[name]),
    }),
  );
}

function judgePromise({ number, advanced }: Pick<CaseExercises, 'number' | 'advanced'>, answers: Answers): Claim[] {
  const subject = caseOf(number);
  const accepted = 'the plan accepts these numbers';
  try {
    const scenario = advanced.asked(subject.scenario!, answers);
    const { outcomes } = runScenario({ ...subject, scenario }, SEED, advanced.engine);
    return [
      { claim: accepted, holds: true, found: 'it does' },
      ...outcomes.map(({ measure, unit, after, promised, met }) => ({
        claim: `${measure} ${promised.relation} ${figure(promised.value)} ${unit}`,
        holds: met,
        found: `${figure(after)} ${unit} in the simulation`,
      })),
    ];
  } catch (error) {
    if (!(error instanceof CapacityError || error instanceof InvalidInputError)) throw error;
    return [{ claim: accepted, holds: false, found: error.message }];
  }
}

function countsOf(documents: readonly Document[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { type } of documents.flatMap(({ resources }) => resources)) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

function presence(needed: ReadonlyMap<string, number>, documents: readonly Document[]): Claim[] {
  const counts = countsOf(documents);
  return [...needed].map(([type, count]) => {
    const found = counts.get(type) ?? 0;
    return { claim: `at least ${count} × ${type}`, holds: found >= count, found: String(found) };
  });
}

/** A rule, or every rule, finds nothing; what a resource only acknowledges is found all the same. */
function unfound(documents: readonly Document[], { findings, failures }: Verdict, rule?: string): Claim {
  const claim = rule === undefined ? 'no rule finds anything' : `${rule} finds nothing`;
  if (documents.length === 0) return { claim, holds: false, found: 'there is no template or manifest to read' };
  const found = [
    ...findings
      .filter(({ ruleId }) => rule === undefined || ruleId === rule)
      .map(({ ruleId, resource, message }) => `${ruleId} at ${resource}: ${message}`),
    ...documents
      .flatMap(({ resources }) => resources)
      .flatMap(({ name, acknowledged }) =>
        [...acknowledged.keys()]
          .filter((id) => rule === undefined || id === rule)
          .map((id) => `${id} at ${name} is acknowledged, not mended`),
      ),
    ...failures.map(({ file, message }) => `${file}: ${message}`),
  ];
  const named =
    found.length > MOST_NAMED ? [...found.slice(0, MOST_NAMED), `${found.length - MOST_NAMED} more`] : found;
  return {
    claim,
    holds: found.length === 0,
    found: found.length === 0 ? 'nothing' : named.join('; '),
  };
}
