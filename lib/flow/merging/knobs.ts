/** The knobs of a queue that merges, with their reasons. */
import { chosenKnob } from '../alarms';
import { given, type Knob, unlessGiven } from '../plan';
import {
  ATTEMPTS,
  BACKOFF_CAP_SECONDS,
  BACKOFF_SECONDS,
  batchLimit,
  callTimeout,
  fullestCycle,
  keysPerCall,
  meanCycle,
} from './cycles';
import { fallbackKnobs } from './fallback';
import { fullestShare, type Load, loadOf, readersOf } from './load';
import { OUTAGE_SECONDS } from './outage';
import { BUSY_RATIO, LEAST_RATIO, type Sizing, windowBounds } from './sizing';
import { transportKnobs } from './transport-knobs';
import { MERGER_BYTES } from './transports';
import type { MergingQuestion } from './workload';

const OCCUPANCY = 'Johnson and Kotz, Urn Models (1977): distinct keys among so many events';
const HERE = 'this library, docs/constructs/coalescing-queue.md';
/** Events of a Redis stream that are read at once at least. */
const LEAST_BATCH = 10_000;

/** Every knob, in the order in which they follow from each other. */
export function mergingKnobs(question: MergingQuestion, sizing: Sizing): Knob[] {
  const load = loadOf(question);
  return [
    given('freshnessSeconds', question.objective.freshnessSeconds, 's', 'what is promised'),
    shardsKnob(question, load, sizing),
    readersKnob(load, sizing),
    workersKnob(question, load, sizing),
    windowKnob(question, load, sizing),
    ...batchKnobs(question, load, sizing),
    ...fallbackKnobs(question, load, sizing),
    ...attemptKnobs(question),
    ...transportKnobs(question, load, sizing),
  ];
}

function shardsKnob(question: MergingQuestion, load: Load, { shards, headroom }: Sizing): Knob {
  const { perSecond, bytesPerSecond } = load.transport.shard;
  return {
    name: 'shards',
    value: shards,
    unit: 'shards',
    ...unlessGiven(
      question.shards,
      'the fewest of which the fullest, three standard deviations above the mean, takes its events and bytes a second with head-room, and hands over a cycle in one batch',
      {
        peakPerSecond: load.perSecond,
        headroom,
        fullestShare: fullestShare(load.groups, shards),
        shardPerSecond: perSecond,
        ...(Number.isFinite(bytesPerSecond) && { shardBytesPerSecond: bytesPerSecond, eventBytes: load.eventBytes }),
      },
    ),
    source: load.transport.source,
  };
}

function readersKnob(load: Load, { shards }: Sizing): Knob {
  return {
    name: 'readers',
    value: readersOf(load, shards),
    unit: 'readers',
    formula: load.transport.byKey
      ? 'one a shard, and no more: a key meets its own events only where one reader has all of them'
      : 'the fewest that the transport allows: each sees its part of the events of every key, and merges less',
    inputs: { shards },
    source: `${OCCUPANCY}; measured, test/engines/coalescer.test.ts`,
  };
}

function workersKnob(question: MergingQuestion, load: Load, { workers, headroom }: Sizing): Knob {
  return {
    name: 'workers',
    value: workers,
    unit: 'calls',
    ...unlessGiven(question.workers, 'the fewest calls at once of one reader that keep the freshness with head-room', {
      headroom,
      freshnessSeconds: question.objective.freshnessSeconds,
      keySeconds: load.keySeconds,
      distinctKeys: load.keys,
    }),
    source: HERE,
  };
}

function windowKnob(question: MergingQuestion, load: Load, sizing: Sizing): Knob {
  const { windowSeconds, workers } = sizing;
  const { step, least } = load.transport.window;
  const shorter = Math.max(least, windowSeconds - step);
  const high = loadOf(question, sizing.headroom);
  const bounds = windowBounds(question, load, { ...sizing, windowSeconds: shorter }, high);
  const inputs = { peakPerSecond: load.perSecond, distinctKeys: load.keys, keySeconds: load.keySeconds, workers };
  const { inProgress } = load.invalidator;
  const why: { readonly formula: string; readonly inputs: Knob['inputs'] } = !bounds.cost
    ? {
        formula: 'the least with which the keys of a peak cost no more than the ceiling',
        inputs: {
          ...inputs,
          invalidationCost: question.objective.invalidationCost!,
          keyCost: load.invalidator.keyCost!,
        },
      }
    : !bounds.month
      ? {
          formula: 'the least with which a month with one peak a day costs no more than the ceiling',
          inputs: { ...inputs, monthlyCost: question.objective.monthlyCost! },
        }
      : !bounds.progress
        ? {
            formula: 'the least with which, with head-room, no more keys are in progress than the invalidator allows',
            inputs: {
              ...inputs,
              headroom: sizing.headroom,
              mostInProgress: inProgress!.keys,
              progressSeconds: inProgress!.seconds,
            },
          }
        : !bounds.wildcards
          ? {
              formula:
                'the least with which, with head-room, no more wildcards are in progress than the invalidator allows',
              inputs: {
                ...inputs,
                headroom: sizing.headroom,
                wildcardKeys: load.wildcards,
                mostWildcards: inProgress!.wildcards,
                progressSeconds: inProgress!.seconds,
              },
            }
          : !bounds.busy
            ? {
                formula: `the least with which all readers together work ${BUSY_RATIO} of the time of the calls of one: distinct keys of a cycle × seconds of a key ÷ (${BUSY_RATIO} × calls) ≤ cycle, cycle = window + flush + distinct keys × seconds of a key ÷ calls`,
                inputs,
              }
            : !bounds.ratio
              ? { formula: `the least with which a key stands for ${LEAST_RATIO} events`, inputs }
              : { formula: 'the least that the transport has', inputs: { least } };
  return {
    name: 'windowSeconds',
    value: windowSeconds,
    unit: 's',
    ...unlessGiven(question.windowSeconds, why.formula, why.inputs),
    source: OCCUPANCY,
  };
}

function batchKnobs(question: MergingQuestion, load: Load, sizing: Sizing): Knob[] {
  const mean = meanCycle(load, sizing);
  const fullest = fullestCycle(load, sizing);
  const { batch } = load.transport;
  const limited = Number.isFinite(batch.events);
  const most = batchLimit(load, question.maxBatch);
  const { workers } = sizing;
  const perCall = keysPerCall(load, sizing);
  return [
    {
      name: 'maxBatch',
      value:
        question.maxBatch ??
        (limited ? batch.events : Math.min(most, Math.max(LEAST_BATCH, Math.ceil(2 * fullest.events)))),
      unit: 'events',
      ...unlessGiven(
        question.maxBatch,
        limited
          ? 'the most that is handed over: what ends the window early un-merges'
          : `twice the events of a cycle, at least ${LEAST_BATCH}; at most what three eighths of the memory of a merger holds, at twice the bytes of an event + ${batch.addedBytes}`,
        limited ? {} : { eventsPerFlush: fullest.events, eventBytes: load.eventBytes, memoryBytes: MERGER_BYTES },
      ),
      source: load.transport.source,
    },
    {
      name: 'keysPerCall',
      value: perCall,
      unit: 'keys',
      formula:
        workers === 1
          ? 'the most of one call, of 10 s at most'
          : 'keys of a flush ÷ (8 × calls at once), so that all of them end at about the same time; at most a call of 10 s',
      inputs: { keySeconds: load.keySeconds, ...(workers > 1 && { keysPerFlush: mean.keys, workers }) },
      source: load.invalidator.source,
    },
    {
      name: 'callTimeoutSeconds',
      value: callTimeout(load, sizing),
      unit: 's',
      formula: '2 × (call + keys of a call × seconds of a key), rounded up, + 4: after that a call has failed',
      inputs: { callSeconds: load.callSeconds, keysPerCall: perCall, keySeconds: load.keySeconds },
      source: 'derived here: it ends before the flush does',
    },
  ];
}

function attemptKnobs({ objective, outageSeconds = OUTAGE_SECONDS }: MergingQuestion): Knob[] {
  const { freshnessSeconds } = objective;
  return [
    chosenKnob(
      'attempts',
      ATTEMPTS,
      'attempts',
      'at one key, the last by itself between successes of another one; then it is set aside, and the rest go on',
      HERE,
    ),
    chosenKnob('backoffSeconds', BACKOFF_SECONDS, 's', 'the longest wait before the second attempt; it doubles', HERE),
    chosenKnob(
      'backoffCapSeconds',
      BACKOFF_CAP_SECONDS,
      's',
      'the longest wait before an attempt; each is drawn at random below it',
      HERE,
    ),
    {
      name: 'asideAfterSeconds',
      value: Math.max(2 * freshnessSeconds, outageSeconds),
      unit: 's',
      formula:
        'the longer of 2 × freshness and an outage: where nothing succeeds that a failure could be compared with, a key that is the only one of its flush, or that the service names, is set aside when its event is as old',
      inputs: { freshnessSeconds, outageSeconds },
      source: HERE,
    },
  ];
}
