/** Partitions, consumers, batch and lag threshold of a stream, derived together, every knob with its reason. */
import { CapacityError, type Check, validate } from '../errors';
import { duration, figure } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { KINESIS_LIMITS } from '../kinesis';
import { once } from '../once';
import { smallestAbove } from '../search';
import { handedOverCheck, streamChecks } from './checks';
import { monthlyCostOf } from './costs';
import { streamKnobs } from './knobs';
import { allLinesQuantile, besideLine, reactionOf, scaledForecast, shareOf, untilOthers, utilisationOf } from './lines';
import { batchWorkSeconds, keySkew, loadOf, partitionShare, QUANTILE, recordSecondsIn, usualBatch } from './load';
import { REBALANCE_SECONDS } from './platforms';
import { refusal, waysOut } from './refusals';
import { brokenBy, plannedLag, type Sizing, scalerOf, sizingOf } from './sizing';
import { StreamPlan, type StreamPredictions, type StreamQuestion } from './workload';

/** A plan with its settings, so that a simulation runs the numbers of the plan. */
export interface SolvedStream {
  readonly plan: StreamPlan;
  readonly sizing: Sizing;
}

/**
 * The plan of a partitioned stream.
 *
 * @param subject id of the construct; every error starts with it
 * @param question what arrives, what is promised, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when the promise cannot be kept, with ways out that were each solved
 */
export function planStream(subject: string, question: StreamQuestion, checks: readonly Check[] = []): StreamPlan {
  return solveStream(subject, question, checks).plan;
}

/** As `planStream`, with the settings. */
export function solveStream(subject: string, asked: StreamQuestion, checks: readonly Check[] = []): SolvedStream {
  // A question of its own: what was found out about it is kept beside it, and the caller may change theirs.
  const question = { ...asked };
  validate(subject, [...checks, ...streamChecks(question)]);
  validate(subject, [handedOverCheck(question)]);
  const sizing = sizingOf(question);
  if (sizing === undefined) throw new CapacityError(subject, refusal(question), waysOut(question));
  const cost = monthlyCostOf(question, sizing.settings);
  const { monthlyCost: ceiling } = question.objective;
  if (ceiling !== undefined && cost !== undefined && cost > ceiling) {
    throw new CapacityError(
      subject,
      `a month with one peak a day costs ${figure(cost)} USD, and ${figure(ceiling)} are allowed`,
      [`monthlyCost of ${Math.ceil(cost)}`],
    );
  }
  const predictions = predictionsOf(question, sizing, cost);
  const { title } = loadOf(question).platform;
  const plan = new StreamPlan(subject, streamKnobs(question, sizing), predictions, remarksOn(question, sizing), title);
  return { plan, sizing };
}

function predictionsOf(
  question: StreamQuestion,
  { settings, pooledInstances }: Sizing,
  cost: number | undefined,
): StreamPredictions {
  const load = loadOf(question);
  const { partitions, parallelizationFactor, instances, minInstances, batchSize } = settings;
  const scaler = minInstances < instances ? scalerOf(question, settings) : undefined;
  const broken = (times: number, slower: number) => brokenBy(question, times, slower, settings) !== undefined;
  const breaks = (holds: (multiple: number) => boolean) => smallestAbove(1, holds) ?? Number.POSITIVE_INFINITY;
  const breaksAtLoad = once(() => breaks((multiple) => broken(multiple, 1)));
  const breaksAtRecordTime = once(() => breaks((multiple) => broken(1, multiple)));
  const share = partitionShare(partitions * parallelizationFactor, instances);
  const { lagOfOne, waitOfOneSeconds } = ofOne(question, batchSize);
  return {
    peakPerSecond: load.peakPerSecond,
    busiestShare: shareOf(load, settings),
    busiestUtilisation: utilisationOf(load, settings),
    keySkew: keySkew(load.keys, 1 / share),
    latencyP99Seconds: latencyOf(question, settings),
    peakLag: plannedLag(question, settings),
    consumerRecordsPerSecond: 1 / recordSecondsIn(load, batchSize),
    pooledInstances,
    reactionSeconds: scaler === undefined ? 0 : reactionOf(scaler),
    lagOfOne,
    waitOfOneSeconds,
    ...(cost !== undefined && { monthlyCost: cost }),
    // Both are searched for when they are first read.
    get breaksAtLoad() {
      return breaksAtLoad();
    },
    get breaksAtRecordTime() {
      return breaksAtRecordTime();
    },
  };
}

/** The 99th percentile of the records of all consumers. */
function latencyOf(question: StreamQuestion, settings: Sizing['settings']): number {
  const load = loadOf(question);
  const { batchSize, instances, minInstances } = settings;
  if (minInstances < instances) {
    const scaler = scalerOf(question, settings);
    const scaled = scaledForecast(load, settings, scaler).latency().quantile(QUANTILE);
    return Math.max(scaled + besideLine(load, settings), untilOthers(load, settings, reactionOf(scaler)).waitSeconds);
  }
  const line = allLinesQuantile(load, settings);
  // Full batches come only where records pile up; otherwise a record waits for the batch in work, and for its own.
  const usual = usualBatch(load, load.peakPerSecond / instances, batchSize);
  const batch = batchSize > 1 ? batchWorkSeconds(load, usual) : 0;
  return Math.max(line + batch, 2 * batch) + besideLine(load, { ...settings, batchSize: 1 });
}

/** One consumer in the same peak: what piles up, and how long the last record waits for it. */
export function ofOne(
  question: StreamQuestion,
  batchSize: number,
): { readonly lagOfOne: number; readonly waitOfOneSeconds: number } {
  const load = loadOf(question);
  const perSecond = 1 / recordSecondsIn(load, batchSize);
  const surplus = load.peakPerSecond - perSecond;
  if (surplus <= 0) return { lagOfOne: 0, waitOfOneSeconds: 0 };
  const lagOfOne = load.peakSeconds > 0 ? surplus * load.peakSeconds : Number.POSITIVE_INFINITY;
  return { lagOfOne, waitOfOneSeconds: lagOfOne / perSecond };
}

function remarksOn(question: StreamQuestion, { settings, headroom }: Sizing): string[] {
  return [
    ...(headroom < (question.objective.headroom ?? DEFAULT_HEADROOM)
      ? ['No setting keeps the promise with head-room: these keep it at the load as given, and no more.']
      : []),
    ...fromOneRemark(question, settings),
    ...idleRemark(question, settings),
    ...(settings.batchSize > 1
      ? [
          `A batch is committed as a whole: where one ends half way, up to ${settings.batchSize} records are handled twice. The handler has to be idempotent.`,
        ]
      : [
          'A record is committed after its effect, so that one may be handled twice. The handler has to be idempotent.',
        ]),
    ...onDemandRemark(question, settings),
    ...(question.workload.keys === undefined || loadOf(question).platform.transport === 'kinesis'
      ? []
      : ['More partitions send keys to other partitions: records of a key may then be out of order once.']),
  ];
}

/** A stream on demand begins small, and follows what it took before. */
function onDemandRemark(question: StreamQuestion, { partitions }: Sizing['settings']): string[] {
  const { onDemandShards } = KINESIS_LIMITS;
  if (!question.onDemand || partitions <= onDemandShards) return [];
  return [
    `A new stream on demand takes what ${onDemandShards} shards take, then up to twice its highest load of the last 30 days; this load needs ${partitions}. Raise the load over days, or give the stream warm throughput, or use shards of your own.`,
  ];
}

/** What KEDA would leave behind if it scaled from a single pod. */
function fromOneRemark(question: StreamQuestion, { batchSize, minInstances }: Sizing['settings']): string[] {
  const load = loadOf(question);
  if (load.platform.consumer !== 'keda' || minInstances === 1 || load.peakSeconds === 0) return [];
  const { lagOfOne } = ofOne(question, batchSize);
  if (lagOfOne === 0) return [];
  const reaction = reactionOf(scalerOf(question, { ...ONE_POD, batchSize }));
  const surplus = load.peakPerSecond - 1 / recordSecondsIn(load, batchSize);
  const behind = surplus * Math.min(load.peakSeconds, reaction);
  const stopped = load.peakPerSecond * REBALANCE_SECONDS;
  return [
    `Scaled from one pod, ${figure(behind)} records pile up in the ${duration(reaction)} until others have started (${figure(surplus)}/s), and ${figure(stopped)} more in each rebalance${Number.isFinite(load.maxLag) ? `; ${figure(load.maxLag)} are allowed` : ''}. So ${minInstances} run all day.`,
  ];
}

const ONE_POD: Sizing['settings'] = {
  partitions: 1,
  parallelizationFactor: 1,
  instances: 1,
  minInstances: 1,
  batchSize: 1,
  onDemandPollers: false,
};

/** Which numbers of consumers change nothing. */
function idleRemark(
  question: StreamQuestion,
  { partitions, instances, parallelizationFactor }: Sizing['settings'],
): string[] {
  const { platform } = loadOf(question);
  if (platform.perPartition > 1 || parallelizationFactor > 1 || instances >= partitions) return [];
  const busiest = Math.ceil(partitions / instances);
  if (busiest === 1) return [];
  const next = Math.ceil(partitions / (busiest - 1));
  if (next <= instances + 1) return [];
  return [
    `Of ${partitions} partitions the busiest of ${instances} consumers reads ${busiest}, and so it does until there are ${next}: ${next - instances === 2 ? `${instances + 1} change` : `${instances + 1} to ${next - 1} change`} nothing.`,
  ];
}
