/** The validation table of a time-series database, and what no query may lose. */
import { type Check, inRange, isKnown, oneOf, present, required, shown, wholeNumber } from '../errors';
import { type Fields, listChecks, objectChecks, rowOf } from '../fields';
import { figure } from '../figures';
import { LONGEST_INTERVAL_SECONDS, METRICS_PLATFORMS, PLATFORMS, SCRAPES_IN_WINDOW } from './platforms';
import { type Known, knownOf, nativeObstacle } from './sizing';
import { placeOf } from './uses';
import {
  type MetricFamily,
  MetricKind,
  type MetricRecording,
  type MetricSource,
  type MetricsChoices,
  type MetricsObjective,
  type MetricsQuestion,
  type MetricUse,
} from './workload';

const MOST_SERIES = 1e9;
const MOST_OF_ONE = 1e7;
const MOST_TARGETS = 1e6;
const MOST_BUCKETS = 1000;

const QUESTION_FIELDS: Fields<MetricsQuestion> = {
  workload: true,
  objective: true,
  platform: true,
  prometheusVersion: true,
  nativeHistograms: true,
  uses: true,
  dropped: true,
  kept: true,
  keptBuckets: true,
  recordings: true,
  intervalSeconds: true,
  retentionDays: true,
};
const SOURCE_FIELDS: Fields<MetricSource> = {
  name: true,
  targets: true,
  churnPerHour: true,
  families: true,
  otherSeries: true,
  exposesNative: true,
};
const FAMILY_FIELDS: Fields<MetricFamily> = { name: true, kind: true, labelSets: true, buckets: true };
const OBJECTIVE_FIELDS: Fields<MetricsObjective> = { activeSeries: true, headroom: true };
const RECORDING_FIELDS: Fields<MetricRecording> = { metric: true, by: true, labelSets: true };
const USE_FIELDS: Fields<MetricUse> = { file: true, expression: true };

const METRIC_NAME = /^[a-zA-Z_]\w{0,199}$/;
const LABEL_NAME = /^[a-zA-Z_]\w{0,99}$/;
const SOURCE_NAME = /^[a-zA-Z0-9](?:[\w.-]{0,48}[a-zA-Z0-9])?$/;

/** Checks of each value by itself. */
export function metricsChecks(question: MetricsQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective, ...choices }) => [
    ...objectChecks('workload', workload, { sources: true }, ({ sources }) =>
      listChecks('workload.sources', sources, (list) => sourcesChecks(list, choices.platform)),
    ),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, ({ activeSeries, headroom }) => [
      required(wholeNumber, 'objective.activeSeries', activeSeries, 1, MOST_SERIES),
      inRange('objective.headroom', headroom, 1, 10),
    ]),
    ...choiceChecks(choices),
  ]);
}

function sourcesChecks(sources: readonly MetricSource[], platform: string): Check[] {
  const most = rowOf(PLATFORMS, platform)?.mostSources ?? PLATFORMS.prometheus.mostSources;
  return [
    {
      refused: sources.length === 0 || sources.length > most,
      message: `workload.sources must be 1 to ${most}, got ${sources.length}`,
    },
    different('workload.sources', sources),
    ...sources.flatMap((source) => objectChecks('workload.sources', source, SOURCE_FIELDS, sourceChecks)),
  ];
}

function different(list: string, named: readonly { readonly name: string }[]): Check {
  const names = named.map((one) => one?.name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  return { refused: twice !== undefined, message: `${list} must have different names, got ${shown(twice)} twice` };
}

function sourceChecks({ name, targets, churnPerHour, families, otherSeries, exposesNative }: MetricSource): Check[] {
  const of = (field: string) => `sources.${field} of ${shown(name)}`;
  return [
    {
      refused: typeof name !== 'string' || !SOURCE_NAME.test(name),
      message: `sources.name must be 1 to 50 letters, digits, -, _ and ., a letter or digit first and last, got ${shown(name)}`,
    },
    required(wholeNumber, of('targets'), targets, 1, MOST_TARGETS),
    inRange(of('churnPerHour'), churnPerHour, 0, 100),
    inRange(of('otherSeries'), otherSeries, 0, MOST_OF_ONE),
    oneOf(of('exposesNative'), exposesNative, [true, false]),
    ...listChecks(of('families'), families, (list) => [
      { refused: list.length === 0, message: `${of('families')} must have at least one` },
      different(of('families'), list),
      ...list.flatMap((family) => objectChecks(of('families'), family, FAMILY_FIELDS, familyChecks)),
    ]),
  ];
}

function familyChecks({ name, kind, labelSets, buckets }: MetricFamily): Check[] {
  const of = (field: string) => `${field} of ${shown(name)}`;
  const isHistogram = kind === MetricKind.HISTOGRAM;
  return [
    {
      refused: typeof name !== 'string' || !METRIC_NAME.test(name),
      message: `families.name must be 1 to 200 letters, digits and underscores, no digit first, got ${shown(name)}`,
    },
    ...(isHistogram
      ? [
          {
            refused: typeof name === 'string' && /_(bucket|sum|count)$/.test(name),
            message: `a histogram is named without _bucket, _sum or _count, got ${shown(name)}`,
          },
        ]
      : []),
    present(of('kind'), kind),
    oneOf(of('kind'), kind, Object.values(MetricKind)),
    wholeNumber(of('labelSets'), labelSets, 1, MOST_OF_ONE),
    {
      refused: isHistogram !== (buckets !== undefined),
      message: isHistogram ? `${of('buckets')} is missing` : `${of('buckets')} must not be given: it is no histogram`,
    },
    ...(buckets === undefined ? [] : listChecks(of('buckets'), buckets, (list) => bucketChecks(of('buckets'), list))),
  ];
}

function bucketChecks(name: string, buckets: readonly number[]): Check[] {
  const ascending = buckets.every(
    (bound, index) => isKnown(bound) && Number.isFinite(bound) && (index === 0 || bound > buckets[index - 1]),
  );
  return [
    {
      refused: buckets.length === 0 || buckets.length > MOST_BUCKETS,
      message: `${name} must be 1 to ${MOST_BUCKETS} bounds, got ${buckets.length}`,
    },
    { refused: !ascending, message: `${name} must be finite numbers, ascending, without +Inf` },
  ];
}

function choiceChecks(choices: MetricsChoices): Check[] {
  const { platform, prometheusVersion, nativeHistograms, uses, dropped, kept, keptBuckets, recordings } = choices;
  const { intervalSeconds, retentionDays } = choices;
  const { leastIntervalSeconds } = rowOf(PLATFORMS, platform) ?? PLATFORMS.prometheus;
  const names = (prop: string, list: readonly string[] | undefined) =>
    list === undefined
      ? []
      : listChecks(prop, list, (given) =>
          given.map((name) => ({
            refused: typeof name !== 'string' || !METRIC_NAME.test(name),
            message: `${prop} must be names of families, got ${shown(name)}`,
          })),
        );
  return [
    present('platform', platform),
    oneOf('platform', platform, METRICS_PLATFORMS),
    wholeNumber('prometheusVersion', prometheusVersion, 2, 3),
    oneOf('nativeHistograms', nativeHistograms, [true, false]),
    wholeNumber('keptBuckets', keptBuckets, 1, MOST_BUCKETS),
    wholeNumber('intervalSeconds', intervalSeconds, leastIntervalSeconds, LONGEST_INTERVAL_SECONDS),
    wholeNumber('retentionDays', retentionDays, 1, 1095),
    ...names('dropped', dropped),
    ...names('kept', kept),
    ...(uses === undefined ? [] : listChecks('uses', uses, (list) => list.flatMap(useChecks))),
    ...(recordings === undefined
      ? []
      : listChecks('recordings', recordings, (list) =>
          list.flatMap((one) => objectChecks('recordings', one, RECORDING_FIELDS, recordingChecks)),
        )),
  ];
}

function useChecks(use: MetricUse): Check[] {
  const bounded = (text: unknown, most: number) => typeof text === 'string' && text !== '' && text.length <= most;
  return objectChecks('uses', use, USE_FIELDS, ({ file, expression }) => [
    { refused: !bounded(file, 500), message: `uses.file must be 1 to 500 characters, got ${shown(file)}` },
    {
      refused: !bounded(expression, 100_000),
      message: `uses.expression must be 1 to 100000 characters, got ${shown(expression)}`,
    },
  ]);
}

function recordingChecks({ metric, by, labelSets }: MetricRecording): Check[] {
  return [
    {
      refused: typeof metric !== 'string' || !METRIC_NAME.test(metric),
      message: `recordings.metric must be the name of a family, got ${shown(metric)}`,
    },
    wholeNumber(`recordings.labelSets of ${shown(metric)}`, labelSets, 1, MOST_OF_ONE),
    ...listChecks(`recordings.by of ${shown(metric)}`, by, (list) => [
      {
        refused: list.length === 0 || list.some((label) => typeof label !== 'string' || !LABEL_NAME.test(label)),
        message: `recordings.by of ${shown(metric)} must be at least one name of a label, got ${list.map(shown).join(', ') || 'none'}`,
      },
    ]),
  ];
}

/** Checks of the values together, once each of them is sound: nothing is dropped or converted that a file needs. */
export function needChecks(question: MetricsQuestion): Check[] {
  const known = knownOf(question);
  return [...nameChecks(question), ...droppedChecks(known), ...nativeChecks(known), ...windowChecks(known)];
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
    ...dropped.map((name) => ({
      refused: kept.includes(name) || recordings.some(({ metric }) => metric === name),
      message: `dropped has ${shown(name)}, which ${kept.includes(name) ? 'kept has too' : 'a recording sums'}`,
    })),
  ];
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
