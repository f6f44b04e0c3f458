/** Why the series do not fit, and changes that each make them fit. */

import { figure } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { chooseLevers } from './levers';
import { NATIVE_SINCE } from './platforms';
import { fits, isTold, type Known, knownOf, type Levers, totalSeries } from './sizing';
import { placeOf } from './uses';
import { MetricKind, type MetricsQuestion } from './workload';

/** Why they do not fit, with the numbers. */
export function refusal({ question }: Known, levers: Levers): string {
  const { headroom = DEFAULT_HEADROOM, activeSeries } = question.objective;
  const series = totalSeries(question, levers);
  const what = isTold(question)
    ? 'what the queries need'
    : 'what the targets expose, as no query is given and nothing may go,';
  return `${what} is ${figure(series)} series, ${figure(series * headroom)} with head-room ${figure(headroom)}, and ${figure(activeSeries)} are allowed`;
}

/** Whether a question can be kept. */
function holds(question: MetricsQuestion): boolean {
  const known = knownOf(question);
  return fits(question, totalSeries(question, chooseLevers(known)));
}

/** Changes that each make them fit; each has been solved. */
export function waysOut(known: Known, levers: Levers): string[] {
  const { question } = known;
  const { objective, prometheusVersion = NATIVE_SINCE, nativeHistograms, keptBuckets = 4 } = question;
  const { headroom = DEFAULT_HEADROOM } = objective;
  const ways: string[] = [];
  const budget = Math.ceil(totalSeries(question, levers) * headroom);
  if (budget <= 1e9 && holds({ ...question, objective: { ...objective, activeSeries: budget } })) {
    ways.push(`activeSeries of ${budget}`);
  }
  const inTheWay = classicQueries(known);
  const converted: MetricsQuestion = {
    ...question,
    prometheusVersion: NATIVE_SINCE,
    nativeHistograms: undefined,
    uses: (question.uses ?? []).filter((use) => !inTheWay.includes(use)),
    // What these queries need otherwise stays.
    kept: [...(question.kept ?? []), ...needed(known, inTheWay)],
  };
  if (holds(converted)) {
    const steps = [
      ...(prometheusVersion < NATIVE_SINCE ? [`Prometheus ${NATIVE_SINCE}`] : []),
      ...(nativeHistograms === false ? ['nativeHistograms not false'] : []),
      ...(inTheWay.length > 0
        ? [
            `these queries for native histograms: ${inTheWay.slice(0, 3).map(placeOf).join(', ')}${inTheWay.length > 3 ? ` and ${inTheWay.length - 3} more` : ''}`,
          ]
        : []),
    ];
    if (steps.length > 0) ways.push(steps.join(' and '));
  } else {
    const sources = question.workload.sources.map((source) => ({ ...source, exposesNative: true }));
    if (holds({ ...converted, workload: { sources } })) {
      ways.push(
        `programs that expose native histograms (exposesNative)${inTheWay.length > 0 ? `, and queries for them, such as ${placeOf(inTheWay[0])}` : ''}`,
      );
    }
  }
  if (keptBuckets > 1 && holds({ ...question, keptBuckets: 1 })) {
    let most = 1;
    while (most + 1 < keptBuckets && holds({ ...question, keptBuckets: most + 1 })) most += 1;
    ways.push(`keptBuckets of ${most}`);
  }
  if (question.kept !== undefined && holds({ ...question, kept: undefined })) ways.push('leave kept out');
  if (headroom > 1 && holds({ ...question, objective: { ...objective, headroom: 1 } })) {
    ways.push('headroom of 1, with nothing left for growth');
  }
  return ways.length > 0 ? ways : ['several databases, each with some of the sources'];
}

/** Queries that keep histograms from being converted. */
function classicQueries({ question, uses }: Known) {
  const histograms = question.workload.sources
    .flatMap(({ families }) => families)
    .filter(({ kind }) => kind === MetricKind.HISTOGRAM);
  return [...new Set(histograms.flatMap((family) => uses.family(family).classicBy))];
}

function needed({ question, uses }: Known, by: readonly unknown[]): string[] {
  const families = question.workload.sources.flatMap((source) => source.families);
  return [
    ...new Set(
      families.filter((family) => uses.family(family).by.some((use) => by.includes(use))).map(({ name }) => name),
    ),
  ];
}
