/** The validation table of a time-series database: each value by itself. */
import { type Check, inRange, isKnown, oneOf, present, required, shown, wholeNumber } from '../errors';
import { type Fields, listChecks, objectChecks, rowOf } from '../fields';
import { LONGEST_INTERVAL_SECONDS, METRICS_PLATFORMS, PLATFORMS } from './platforms';
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
const USE_FIELDS: Fields<MetricUse> = { file: true, expression: true, record: true };

const METRIC_NAME = /^[a-zA-Z_]\w{0,199}$/;
const RECORD_NAME = /^[a-zA-Z_:][\w:]{0,199}$/;
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
  return objectChecks('uses', use, USE_FIELDS, ({ file, expression, record }) => [
    { refused: !bounded(file, 500), message: `uses.file must be 1 to 500 characters, got ${shown(file)}` },
    {
      refused: !bounded(expression, 100_000),
      message: `uses.expression must be 1 to 100000 characters, got ${shown(expression)}`,
    },
    {
      refused: record !== undefined && (typeof record !== 'string' || !RECORD_NAME.test(record)),
      message: `uses.record must be 1 to 200 letters, digits, underscores and colons, no digit first, got ${shown(record)}`,
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
