/** The validation table of a stream. */
import { ARRIVALS_FIELDS, arrivalsChecks } from '../arrivals';
import { above0, type Check, fromBelow, inRange, isKnown, oneOf, required, shown, wholeNumber } from '../errors';
import { type Fields, objectChecks, rowOf } from '../fields';
import { MESSAGE_RANGE } from '../kafka';
import { KINESIS_LIMITS } from '../kinesis';
import { LEAST_SECONDS, MOST_DOLLARS, MOST_ITEMS_PER_SECOND, WEEK_SECONDS, YEAR_SECONDS } from '../ranges';
import { handedOver, loadOf } from './load';
import { STREAM_PLATFORMS, type StreamPlatformName } from './platforms';
import type { StreamObjective, StreamQuestion, StreamWorkload } from './workload';

const MOST_RECORD_SECONDS = 3600;
const MOST_BATCH_SECONDS = 600;
const MOST_KEYS = 1e12;
const MOST_LAG = 1e15;
const MOST_BYTES_PER_SECOND = 1e9;
const MOST_PARTITIONS = 1e6;
const MOST_MEMORY_MIB = 10_240;
const LONGEST_RETENTION_SECONDS = 10 * YEAR_SECONDS;

const QUESTION_FIELDS: Fields<StreamQuestion> = {
  workload: true,
  objective: true,
  platform: true,
  partitions: true,
  currentPartitions: true,
  instances: true,
  minInstances: true,
  batchSize: true,
  partitionBytesPerSecond: true,
  outageSeconds: true,
  retentionSeconds: true,
  existingTopic: true,
  maxMessageBytes: true,
  startSeconds: true,
  provisionedPollers: true,
  onDemand: true,
  functionMemoryMiB: true,
  instanceHourCost: true,
};
const WORKLOAD_FIELDS: Fields<StreamWorkload> = {
  ...ARRIVALS_FIELDS,
  recordSeconds: true,
  recordVariation: true,
  batchSeconds: true,
  recordBytes: true,
  keys: true,
  hottestKeyRatio: true,
  poisonRatio: true,
};
const OBJECTIVE_FIELDS: Fields<StreamObjective> = {
  latencySeconds: true,
  maxLag: true,
  growthFactor: true,
  monthlyCost: true,
  headroom: true,
};

/** Checks what arrives, the promise, and what was chosen by hand. */
export function streamChecks(question: StreamQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective, ...choices }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, () => workloadChecks(workload)),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, () => objectiveChecks(objective, choices)),
    {
      refused:
        isKnown(workload?.recordBytes) &&
        isKnown(choices.maxMessageBytes) &&
        workload.recordBytes > choices.maxMessageBytes,
      message: `maxMessageBytes must be at least recordBytes (${shown(workload?.recordBytes)}), got ${shown(choices.maxMessageBytes)}`,
    },
    oneOf('platform', choices.platform, Object.keys(STREAM_PLATFORMS)),
    ...choiceChecks(choices),
  ]);
}

function workloadChecks(workload: StreamWorkload): Check[] {
  const { recordSeconds, recordVariation, batchSeconds, recordBytes, keys, hottestKeyRatio, poisonRatio } = workload;
  return [
    ...arrivalsChecks(workload, { unit: '', most: MOST_ITEMS_PER_SECOND }),
    required(inRange, 'recordSeconds', recordSeconds, LEAST_SECONDS, MOST_RECORD_SECONDS),
    inRange('recordVariation', recordVariation, 0, 10),
    inRange('batchSeconds', batchSeconds, 0, MOST_BATCH_SECONDS),
    inRange('recordBytes', recordBytes, 1, KINESIS_LIMITS.recordBytes),
    wholeNumber('keys', keys, 1, MOST_KEYS),
    inRange('hottestKeyRatio', hottestKeyRatio, 0, 1),
    {
      refused: hottestKeyRatio !== undefined && keys === undefined,
      message: `hottestKeyRatio needs keys, got ${shown(hottestKeyRatio)} without them`,
    },
    {
      refused:
        isKnown(hottestKeyRatio) && isKnown(keys) && keys > 1 && hottestKeyRatio > 0 && hottestKeyRatio < 1 / keys,
      message: `hottestKeyRatio must be at least 1 ÷ keys (${shown(keys)}), got ${shown(hottestKeyRatio)}`,
    },
    fromBelow('poisonRatio', poisonRatio, 0, 1),
  ];
}

function objectiveChecks(
  { latencySeconds, maxLag, growthFactor, monthlyCost, headroom }: StreamObjective,
  { platform = 'kafka-keda', instanceHourCost }: Pick<StreamQuestion, 'platform' | 'instanceHourCost'>,
): Check[] {
  const facts = rowOf(STREAM_PLATFORMS, platform);
  const priced = facts?.consumer === 'lambda' || (facts?.consumer === 'fargate' && instanceHourCost !== undefined);
  return [
    required(above0, 'objective.latencySeconds', latencySeconds, WEEK_SECONDS),
    above0('objective.maxLag', maxLag, MOST_LAG),
    inRange('objective.growthFactor', growthFactor, 1, 100),
    {
      refused: growthFactor !== undefined && facts?.transport === 'kinesis',
      message: `objective.growthFactor must be left out for ${facts?.title}: shards are split later, got ${shown(growthFactor)}`,
    },
    above0('objective.monthlyCost', monthlyCost, MOST_DOLLARS),
    {
      refused: monthlyCost !== undefined && facts !== undefined && !priced,
      message: `objective.monthlyCost needs consumers with a price, which ${facts?.title} has none of${facts?.consumer === 'fargate' ? ' without instanceHourCost' : ''}`,
    },
    inRange('objective.headroom', headroom, 1 + 1e-6, 10),
  ];
}

/** Checks of what was chosen by hand. */
export function choiceChecks(choices: Omit<StreamQuestion, 'workload' | 'objective'>): Check[] {
  const { platform = 'kafka-keda', partitions, currentPartitions, instances, minInstances, batchSize } = choices;
  const facts = rowOf(STREAM_PLATFORMS, platform);
  if (facts === undefined) return [];
  const { title, consumer, transport, perPartition } = facts;
  const only = (name: keyof StreamQuestion, on: boolean) => ({
    refused: choices[name as keyof typeof choices] !== undefined && !on,
    message: `${name} must be left out for ${title}`,
  });
  return [
    wholeNumber('partitions', partitions, 1, MOST_PARTITIONS),
    tooMany('partitions', partitions, platform),
    wholeNumber('currentPartitions', currentPartitions, 1, facts.mostPartitions),
    {
      refused: isKnown(partitions) && isKnown(currentPartitions) && partitions < currentPartitions,
      message: `partitions must be at least currentPartitions (${shown(currentPartitions)}): a topic of Kafka never has fewer, got ${shown(partitions)}`,
    },
    wholeNumber('instances', instances, 1, facts.mostPartitions * perPartition),
    {
      refused: isKnown(instances) && isKnown(partitions) && instances > partitions * perPartition,
      message: `instances must be at most ${isKnown(partitions) ? partitions * perPartition : ''}, as many as ${shown(partitions)} partitions feed: each has ${perPartition === 1 ? 'one consumer' : `${perPartition} at most`}, got ${shown(instances)}`,
    },
    wholeNumber('minInstances', minInstances, 1, facts.mostPartitions),
    {
      refused: isKnown(minInstances) && isKnown(instances) && minInstances > instances,
      message: `minInstances must be at most instances (${shown(instances)}), got ${shown(minInstances)}`,
    },
    wholeNumber('batchSize', batchSize, 1, facts.mostBatch),
    inRange('partitionBytesPerSecond', choices.partitionBytesPerSecond, 1, MOST_BYTES_PER_SECOND),
    inRange('outageSeconds', choices.outageSeconds, 1, WEEK_SECONDS),
    inRange('retentionSeconds', choices.retentionSeconds, 1, LONGEST_RETENTION_SECONDS),
    {
      refused: choices.existingTopic !== undefined && typeof choices.existingTopic !== 'boolean',
      message: `existingTopic must be true or false, got ${shown(choices.existingTopic)}`,
    },
    wholeNumber('maxMessageBytes', choices.maxMessageBytes, MESSAGE_RANGE.least, MESSAGE_RANGE.most),
    inRange('startSeconds', choices.startSeconds, 0, MOST_RECORD_SECONDS),
    {
      refused: choices.provisionedPollers !== undefined && typeof choices.provisionedPollers !== 'boolean',
      message: `provisionedPollers must be true or false, got ${shown(choices.provisionedPollers)}`,
    },
    {
      refused: choices.onDemand !== undefined && typeof choices.onDemand !== 'boolean',
      message: `onDemand must be true or false, got ${shown(choices.onDemand)}`,
    },
    {
      refused: choices.onDemand === true && partitions !== undefined,
      message: `partitions must be left out with onDemand: the stream sets the number of its shards, got ${shown(partitions)}`,
    },
    wholeNumber('functionMemoryMiB', choices.functionMemoryMiB, 128, MOST_MEMORY_MIB),
    above0('instanceHourCost', choices.instanceHourCost, MOST_DOLLARS),
    only('minInstances', consumer === 'keda'),
    only('startSeconds', consumer === 'keda'),
    only('partitionBytesPerSecond', transport === 'kafka'),
    only('currentPartitions', transport === 'kafka'),
    only('existingTopic', transport === 'kafka'),
    only('maxMessageBytes', transport === 'kafka'),
    only('provisionedPollers', transport === 'kafka' && consumer === 'lambda'),
    only('onDemand', transport === 'kinesis' && consumer === 'lambda'),
    only('functionMemoryMiB', consumer === 'lambda'),
    only('instanceHourCost', consumer === 'fargate'),
  ];
}

function tooMany(name: string, value: unknown, platform: StreamPlatformName): Check {
  const { mostPartitions, title } = STREAM_PLATFORMS[platform];
  return {
    refused: isKnown(value) && value > mostPartitions && value <= MOST_PARTITIONS,
    message: `${name} must be at most ${mostPartitions} on ${title}, got ${shown(value)}`,
  };
}

/** A batch that is larger than what is handed over at once never comes. Needs a question whose numbers are sound. */
export function handedOverCheck(question: StreamQuestion): Check {
  const most = handedOver(loadOf(question));
  const { batchSize } = question;
  return {
    refused: batchSize !== undefined && batchSize > most,
    message: `batchSize must be at most ${most}, what ${loadOf(question).platform.title} hands over of records of this size, got ${batchSize}`,
  };
}
