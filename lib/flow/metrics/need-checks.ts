/** What no query may lose: checks of the values of a question together, once each of them is sound. */
import type { Check } from '../errors';
import { shown } from '../errors';
import { rowOf } from '../fields';
import { figure } from '../figures';
import { nativeObstacle, nativeUnits } from './native';
import { PLATFORMS, SCRAPES_IN_WINDOW } from './platforms';
import { type Known, knownOf } from './sizing';
import { placeOf } from './uses';
import { MetricKind, type MetricSource, type MetricsQuestion, type RecordedSeries } from './workload';

/** Nothing is dropped or converted that a file needs, and a sum is of one form. */
export function needChecks(question: MetricsQuestion): Check[] {
  const known = knownOf(question);
  return [
    ...nameChecks(question),
    ...droppedChecks(known),
    ...nativeChecks(known),
    ...mixedChecks(known),
    ...windowChecks(known),
  ];
}

/** A recorded series that a file has is recorded by the plan, or by a rule that was read. */
export function recordedChecks({ question, uses }: Known, recordings: readonly RecordedSeries[]): Check[] {
  const rules = (question.uses ?? []).flatMap(({ record }) => (record === undefined ? [] : [record]));
  const records = [...new Set([...recordings.map(({ record }) => record), ...rules])].sort();
  const first = records.slice(0, 5).join(', ');
  const recorded =
    records.length === 0
      ? 'nothing is recorded'
      : `recorded ${records.length === 1 ? 'is' : 'are'} ${first}${records.length > 5 ? ` and ${records.length - 5} more` : ''}`;
  return [...uses.recorded].map(([name, use]) => ({
    refused: !records.includes(name),
    message: `${placeOf(use)} needs ${name}, which no rule records: ${recorded}; give the file of its rule as well, so that what it sums stays, or add it to recordings`,
  }));
}

function nameChecks({ dropped = [], kept = [], recordings = [], workload }: MetricsQuestion): Check[] {
  const names = new Set(workload.sources.flatMap(({ families }) => families.map(({ name }) => name)));
  const known = (prop: string, name: string) => ({
    refused: !names.has(name),
    message: `${prop} has ${shown(name)}, which is no family of a source`,
  });
  return [
    ...dropped.map((name) => known('dropped', name)),
    ...kept.map((name) => known('kept', name)),
    ...recordings.map(({ metric }) => known('recordings', metric)),
    ...recordings.map(({ metric }) => {
      const kinds = [...new Set(kindsOf(workload.sources, metric))];
      return {
        refused: kinds.length > 1,
        message: `recordings has ${shown(metric)}, which is a ${kinds.join(' and a ')}; the same name must be of one kind in all sources to be summed`,
      };
    }),
    ...dropped.map((name) => ({
      refused: kept.includes(name) || recordings.some(({ metric }) => metric === name),
      message: `dropped has ${shown(name)}, which ${kept.includes(name) ? 'kept has too' : 'a recording sums'}`,
    })),
  ];
}

function kindsOf(sources: readonly MetricSource[], name: string): MetricKind[] {
  return sources.flatMap(({ families }) => families.filter((family) => family.name === name).map(({ kind }) => kind));
}

function droppedChecks({ question, uses }: Known): Check[] {
  const { dropped = [], workload } = question;
  const families = workload.sources.flatMap((source) => source.families);
  return dropped.flatMap((name) => {
    const by = families.filter((family) => family.name === name).flatMap((family) => uses.family(family).by);
    const files = new Set(by.map(({ file }) => file)).size;
    const need = files === 1 ? '1 file needs' : `${files} files need`;
    return by.slice(0, 1).map((use) => ({
      refused: true,
      message: `dropped has ${name}, which ${need}: ${placeOf(use)}; change the query, or keep the family`,
    }));
  });
}

/** A native histogram has no `_bucket`, and a classic one has no series of its own name. */
function nativeChecks({ question, uses }: Known): Check[] {
  const { nativeHistograms, workload } = question;
  return workload.sources.flatMap((source) => {
    const histograms = source.families
      .filter(({ kind }) => kind === MetricKind.HISTOGRAM)
      .map((family) => ({ family, use: uses.family(family) }));
    const classic = histograms.find(({ use }) => use.classicBy.length > 0);
    const native = histograms.find(({ use }) => use.nativeBy.length > 0);
    const obstacle = nativeObstacle(question, source);
    const wanted = native !== undefined || (nativeHistograms === true && histograms.length > 0);
    const histogram = classic?.family.name;
    return [
      {
        refused: wanted && classic !== undefined && obstacle === undefined,
        message: `the histograms of ${source.name} cannot become native: ${classic && placeOf(classic.use.classicBy[0])} needs ${histogram}_bucket, _sum or _count${native === undefined ? '' : `, and ${placeOf(native.use.nativeBy[0])} needs ${native.family.name} as a native one`}; write it as histogram_quantile(0.99, sum(rate(${histogram}[5m]))), histogram_sum or histogram_count`,
      },
      {
        refused: native !== undefined && obstacle !== undefined,
        message: `${native && placeOf(native.use.nativeBy[0])} needs ${native?.family.name} as a native histogram, and ${obstacle}; query ${native?.family.name}_bucket instead`,
      },
      {
        refused: nativeHistograms === true && histograms.length > 0 && obstacle !== undefined,
        message: `nativeHistograms must not be true: ${obstacle}`,
      },
    ];
  });
}

/** Sources whose histograms are summed together have to be of one form: the sum would leave out the others. */
function mixedChecks(known: Known): Check[] {
  return nativeUnits(known).map(({ sources, recorded, needed, refused }) => {
    const classic = refused[0]?.families.find((family) => known.uses.family(family).classicBy.length > 0);
    const why = refused[0] && (nativeObstacle(known.question, refused[0]) ?? `a query needs ${classic?.name}_bucket`);
    return {
      refused: needed.length > 0 && refused.length > 0,
      message: `recordings sums ${recorded.join(', ')} over ${sources.map(({ name }) => name).join(', ')}, and needs one form of it: the histograms of ${needed[0]?.name} have to be native ones, and those of ${refused[0]?.name} cannot be (${why}); change the queries for the one or the other, or leave the recording out`,
    };
  });
}

function windowChecks({ question, uses }: Known): Check[] {
  const { shortest } = uses;
  if (shortest === undefined) return [];
  const { leastIntervalSeconds, called } = rowOf(PLATFORMS, question.platform)!;
  const least = Math.max(leastIntervalSeconds, question.intervalSeconds ?? 0);
  return [
    {
      refused: shortest.seconds < SCRAPES_IN_WINDOW * least,
      message: `${placeOf(shortest.use)} takes a rate over ${figure(shortest.seconds)} s, and ${SCRAPES_IN_WINDOW} scrapes take ${figure(SCRAPES_IN_WINDOW * least)} s (${question.intervalSeconds === undefined ? `${called} takes one every ${least} s at most` : `intervalSeconds is ${least}`}); make the window longer${question.intervalSeconds === undefined ? '' : ', or the interval shorter'}`,
    },
  ];
}
