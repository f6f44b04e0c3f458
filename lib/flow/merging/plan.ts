/** The window of a queue that merges, its readers and its limits, every knob with its reason. */

import { CapacityError, type Check, validate } from '../errors';
import { DEFAULT_HEADROOM } from '../headroom';
import { once } from '../once';
import { smallestAbove } from '../search';
import { batchChecks, mergingChecks } from './checks';
import { costOf, monthlyCostOf, steadyCostOf } from './costs';
import { flushTimeout, fullestCycle, keysPerCall, keysPerSecond, meanCycle, secondsOfKey } from './cycles';
import { fallbackRemarks } from './fallback';
import { mergingKnobs } from './knobs';
import { loadOf, meanLoad, readersOf } from './load';
import { cycleOf, type ReaderLoad, ratioInTurns } from './occupancy';
import { refusal, waysOut } from './refusals';
import { brokenBy, type Sizing, sizingOf } from './sizing';
import { longestOutage } from './waiting';
import { MergingPlan, type MergingPredictions, type MergingQuestion } from './workload';

/**
 * The plan of a queue that merges.
 *
 * @param subject id of the construct; every error starts with it
 * @param question what arrives, what is promised, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when no window keeps the promise, with ways out that were each solved
 */
export function planCoalescing(subject: string, question: MergingQuestion, checks: readonly Check[] = []): MergingPlan {
  validate(subject, [...checks, ...mergingChecks(question)]);
  validate(subject, batchChecks(question));
  const sizing = sizingOf(question);
  if (sizing === undefined) throw new CapacityError(subject, refusal(question), waysOut(question));
  validate(subject, [outageCheck(question, sizing)]);
  const predictions = predictionsOf(question, sizing);
  const remarks = remarksOn(question, sizing);
  return new MergingPlan(subject, mergingKnobs(question, sizing), predictions, remarks);
}

/** On Amazon SQS a message is received again and again while nothing takes it, and that is counted. */
function outageCheck(question: MergingQuestion, sizing: Sizing): Check {
  const { transport, outageSeconds = 0, maxBatch } = question;
  const most = longestOutage(flushTimeout(loadOf(question), sizing, maxBatch), sizing.windowSeconds);
  return {
    refused: transport === 'sqs' && outageSeconds > most,
    message: `outageSeconds must be at most ${Math.floor(most)} for Amazon SQS, whose messages have 1,000 receives, got ${outageSeconds}; the transport kinesis takes 7 days`,
  };
}

function predictionsOf(question: MergingQuestion, sizing: Sizing): MergingPredictions {
  const load = loadOf(question);
  const mean = meanCycle(load, sizing);
  const perSecond = keysPerSecond(load, sizing, mean);
  const cost = costOf(load, perSecond);
  const steadyCost = steadyCostOf(question, sizing);
  const monthlyCost = monthlyCostOf(question, sizing);
  const breaksAt = once(
    () =>
      smallestAbove(1, (times) => brokenBy(question, loadOf(question, times), sizing) !== undefined) ??
      Number.POSITIVE_INFINITY,
  );
  const oneMore = once(() => ratioWithReaders(question, sizing, load.transport.readers + 1));
  return {
    mergeRatio: mean.events / mean.keys,
    cycleSeconds: mean.seconds,
    worstDelaySeconds: fullestCycle(load, sizing).worstDelaySeconds,
    settleSeconds: load.invalidator.settleSeconds,
    peakSeconds: load.peakSeconds,
    eventsPerFlush: mean.events,
    keysPerFlush: mean.keys,
    keysPerSecond: perSecond,
    // Both are searched for when they are first read.
    get ratioWithOneMoreReader() {
      return oneMore();
    },
    ...(cost !== undefined && { invalidationCost: cost }),
    ...(steadyCost !== undefined && { steadyCostPerMonth: steadyCost }),
    ...(monthlyCost !== undefined && { monthlyCost }),
    get breaksAtLoad() {
      return breaksAt();
    },
  };
}

/**
 * The merge ratio when so many readers share the events of one shard, whatever their keys: what happens when the readers of
 * one group are scaled, or when producers send a key to any shard.
 */
export function ratioWithReaders(
  question: MergingQuestion,
  { windowSeconds, shards, workers }: Pick<Sizing, 'windowSeconds' | 'shards' | 'workers'>,
  readers: number,
): number {
  const load = loadOf(question);
  const { perSecond, ...rest } = meanLoad(load, shards);
  const own = (perSecond * readersOf(load, shards)) / shards;
  const each = secondsOfKey(load, keysPerCall(load, { windowSeconds, shards, workers })) / workers;
  if (load.transport.takesAll) {
    return ratioInTurns({ ...rest, perSecond: own }, readers, windowSeconds, load.fixedSeconds, each);
  }
  const shared: ReaderLoad = { ...rest, perSecond: own / readers };
  const { events, keys } = cycleOf(shared, windowSeconds, load.fixedSeconds, each);
  return events / keys;
}

/** Batches of a queue that Lambda reads at once when it begins: AWS Lambda developer guide, Amazon SQS event sources. */
const LAMBDA_BATCHES = 5;

/** The last one says how few readers merge. */
function remarksOn(question: MergingQuestion, sizing: Sizing): string[] {
  const { transport = 'kinesis', objective } = question;
  const load = loadOf(question);
  const mean = meanCycle(load, sizing);
  const two = ratioWithReaders(question, sizing, 2).toPrecision(3);
  return [
    ...(sizing.headroom < (objective.headroom ?? DEFAULT_HEADROOM)
      ? ['No setting keeps the promise with head-room: these keep it at the load as given, and no more.']
      : []),
    ...fallbackRemarks(question, load, sizing),
    ...(transport === 'sqs'
      ? [
          `two readers of a queue merge ${(mean.events / mean.keys).toPrecision(3)} events a key, because any of them may get any event. Lambda begins with five batches at once; if it goes on collecting five, they merge ${ratioWithReaders(question, sizing, LAMBDA_BATCHES).toPrecision(3)}. Neither was measured on AWS. Kinesis, by key, has one reader a key and merges more.`,
        ]
      : [
          `${transport === 'kinesis' ? 'Use the cache key as partition key: events of a key that come to two readers are merged to' : 'Do not scale the readers of a stream: two of them merge'} ${two} events a key. A short time to live, or a version in the key, needs no invalidation at all where some seconds of age do no harm.`,
        ]),
  ];
}
