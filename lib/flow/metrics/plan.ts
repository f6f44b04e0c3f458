/**
 * A budget of series: what is scraped, converted, dropped and summed, from what the targets expose and what dashboards,
 * alerts and rules need.
 */
import { CapacityError, type Check, validate } from '../errors';
import { figure } from '../figures';
import { metricsAlarmKnobs } from './alarms';
import { metricsChecks } from './checks';
import { meteredPerSecond, workspaceCost } from './costs';
import { intervalOf, metricsKnobs, rateWindowOf, samplesPerSecond } from './knobs';
import { chooseLevers } from './levers';
import { needChecks, recordedChecks } from './need-checks';
import { refusal, waysOut } from './refusals';
import { recordedOf, scrapeOf } from './relabeling';
import { AS_EXPOSED, fits, type Known, knownOf, type Levers, totalSeries } from './sizing';
import { MetricsPlan, type MetricsPredictions, type MetricsQuestion } from './workload';

/** Bytes of the head for one series: labels, index, chunks. Measured between 3 and 8 KiB; measure your own. */
const HEAD_BYTES_PER_SERIES = 4096;

/**
 * The plan of a time-series database.
 *
 * @param subject id of the construct; every error starts with it
 * @param question what is scraped, what is promised, what queries need, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @param remarks further remarks, such as on what was not read
 * @throws InvalidInputError when a number is outside its range, something is dropped or converted that a file needs, or a file
 * needs a recorded series that nothing records; the message names the file
 * @throws CapacityError when what the queries need is above the budget, with ways out that were each solved
 */
export function planMetrics(
  subject: string,
  question: MetricsQuestion,
  checks: readonly Check[] = [],
  remarks: readonly string[] = [],
): MetricsPlan {
  validate(subject, [...checks, ...metricsChecks(question)]);
  validate(subject, needChecks(question));
  const known = knownOf(question);
  const levers = chooseLevers(known);
  const planned = totalSeries(question, levers);
  if (!fits(question, planned)) throw new CapacityError(subject, refusal(known, levers), waysOut(known, levers));
  const interval = intervalOf(known);
  const recordings = recordedOf(question, levers, rateWindowOf(interval));
  validate(subject, recordedChecks(known, recordings));
  return new MetricsPlan(
    subject,
    [
      ...metricsKnobs(known, levers),
      ...metricsAlarmKnobs(question, levers, samplesPerSecond(question, levers, interval)),
    ],
    predictionsOf(known, levers, planned, interval),
    question.workload.sources.map((source) => scrapeOf(source, levers)),
    recordings,
    [...remarksOn(known, levers), ...remarks],
  );
}

function predictionsOf({ question }: Known, levers: Levers, planned: number, interval: number): MetricsPredictions {
  const rate = samplesPerSecond(question, levers, interval);
  return {
    seriesBefore: totalSeries(question, AS_EXPOSED),
    activeSeries: planned,
    samplesPerSecond: rate,
    headBytes: HEAD_BYTES_PER_SERIES * planned,
    ...(question.platform === 'amp' && {
      monthlyCost: workspaceCost(question, meteredPerSecond(question, levers, rate, interval)),
    }),
    breaksAtLoad: question.objective.activeSeries / planned,
  };
}

function remarksOn({ question }: Known, { thinned, native }: Levers): string[] {
  return [
    ...(thinned.size > 0
      ? [
          `Quantiles of ${[...thinned.keys()].sort().join(', ')} are known to ${figure(question.keptBuckets ?? 4)} buckets only; Prometheus 3 and queries for native histograms would keep them all.`,
        ]
      : []),
    ...(native.size > 0
      ? [
          `Native histograms of ${[...native].sort().join(', ')} have no _bucket, _sum and _count: new queries take the name itself.`,
        ]
      : []),
  ];
}
