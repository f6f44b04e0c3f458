/**
 * A replica of MySQL: the workers that apply, and a throttle that slows down bulk writes when the replica is still behind. Its
 * bound is computed from the delay of its own signal.
 */
import { CapacityError, type Check, validate } from '../errors';
import { duration, figure } from '../figures';
import { once } from '../once';
import { smallestAbove } from '../search';
import { replicationAlarmKnobs } from './alarms';
import { replicationChecks } from './checks';
import { replicationKnobs } from './knobs';
import { replicaParameters, sourceParameters } from './parameters';
import { refusal, waysOut } from './refusals';
import { brokenBy, bulkDelay, lagAt, type Sizes, sizesOf, unthrottledLag } from './sizing';
import { ReplicaEngine, ReplicationPlan, type ReplicationPredictions, type ReplicationQuestion } from './workload';

/** Times the load beyond which nobody asks when the promise breaks. */
const MOST_TIMES = 1000;

/**
 * The plan of a replica.
 *
 * @param subject id of the construct; every error starts with it
 * @param question the writes, the promise, the version, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when neither workers nor throttle keep the promise, with ways out that were each solved
 */
export function planReplication(
  subject: string,
  question: ReplicationQuestion,
  checks: readonly Check[] = [],
): ReplicationPlan {
  validate(subject, [...checks, ...replicationChecks(question)]);
  const sizes = sizesOf(question);
  if (brokenBy(question, sizes) !== undefined) {
    const holds = (changed: ReplicationQuestion) => brokenBy(changed, sizesOf(changed)) === undefined;
    throw new CapacityError(subject, refusal(question, sizes), waysOut(question, holds));
  }
  const predictions = predictionsOf(question, sizes);
  return new ReplicationPlan(
    subject,
    [...replicationKnobs(question, sizes), ...replicationAlarmKnobs(question, sizes)],
    predictions,
    sourceParameters(question.engine),
    replicaParameters(question.engine, sizes.workers, question.relaxedDurability ?? false),
    remarksOn(question, sizes, predictions),
  );
}

function predictionsOf(question: ReplicationQuestion, sizes: Sizes): ReplicationPredictions {
  const breaksAt = once(
    () =>
      smallestAbove(1, (times) => times > MOST_TIMES || brokenBy(question, sizes, times) !== undefined) ??
      Number.POSITIVE_INFINITY,
  );
  const bulkDelaySeconds = bulkDelay(question, sizes);
  return {
    appliedPerSecond: sizes.appliedPerSecond,
    lagSeconds: lagAt(question, sizes),
    unthrottledLagSeconds: unthrottledLag(question.workload, sizes),
    bulkDelaySeconds,
    isThrottled: bulkDelaySeconds > 0,
    // Searched for when it is first read.
    get breaksAtLoad() {
      return breaksAt();
    },
  };
}

/** A crash of its machine, not of its program: that one leaves the logs to the operating system. */
export const RELAXED_REMARK =
  'With relaxedDurability a replica whose machine crashes loses its last transactions. Without a binary log of its own it fetches them again; with one, the default since MySQL 8.0 and on RDS with backups, it has to be made anew.';

function remarksOn(
  { workload, engine, relaxedDurability }: ReplicationQuestion,
  sizes: Sizes,
  predictions: ReplicationPredictions,
): string[] {
  return [
    ...(workload.parallelShare === undefined
      ? [`That workers share ${figure(100 * sizes.parallelShare)} % of the work is an assumption: measure it.`]
      : []),
    ...(predictions.isThrottled
      ? [`In a peak bulk writes wait up to ${duration(predictions.bulkDelaySeconds)}: the replica applies no faster.`]
      : []),
    ...(relaxedDurability ? [RELAXED_REMARK] : []),
    ...(engine === ReplicaEngine.MYSQL_8_0
      ? ['MySQL 8.0 had its last release in April 2026; RDS charges extra for it from August 2026 on.']
      : []),
    ...(engine === ReplicaEngine.AURORA_MYSQL_8_0
      ? [
          'Readers of the same cluster share its storage and need none of this: it is for a replica that reads the binary log.',
        ]
      : []),
  ];
}
