/**
 * A JVM in a container: its collector, its heap and the memory around it, from what the program allocates and keeps.
 */
import { CapacityError, type Check, validate } from '../errors';
import { figure } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { once } from '../once';
import { smallestAbove } from '../search';
import { jvmAlarmKnobs } from './alarms';
import { jvmChecks } from './checks';
import { COLLECTORS, type CollectorName, isGenerational, SHORTEST_STOPPING_PAUSE_SECONDS } from './collectors';
import { flagsOf, jvmKnobs } from './knobs';
import { refusal, waysOut } from './refusals';
import { behaviourOf, brokenBy, type Sizes, sizesOf } from './sizing';
import { jvmTaskKnobs } from './task-knobs';
import { JvmPlan, type JvmPredictions, type JvmQuestion } from './workload';

/** Times the load beyond which nobody asks when the promise breaks. */
const MOST_TIMES = 1000;

/**
 * The plan of a JVM.
 *
 * @param subject id of the construct; every error starts with it
 * @param question what the program does, what is promised, the release, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when no heap and no collector keep the promise, with ways out that were each solved
 */
export function planJvm(subject: string, question: JvmQuestion, checks: readonly Check[] = []): JvmPlan {
  validate(subject, [...checks, ...jvmChecks(question)]);
  const sizes = chosen(question);
  if (brokenBy(question, sizes) !== undefined) {
    const holds = (changed: JvmQuestion) => brokenBy(changed, chosen(changed)) === undefined;
    throw new CapacityError(subject, refusal(question, sizes), waysOut(question, sizes, holds));
  }
  const behaviour = behaviourOf(question, sizes);
  const knobs = [
    ...jvmKnobs(question, sizes),
    ...(question.platform === 'fargate' ? jvmTaskKnobs(question, sizes, behaviour) : []),
    ...jvmAlarmKnobs(question, sizes, behaviour),
  ];
  const predictions = predictionsOf(question, sizes);
  const remarks = remarksOn(question, sizes, predictions);
  return new JvmPlan(subject, knobs, predictions, sizes.collector, flagsOf(question, sizes), remarks);
}

/** G1 where it keeps the promise, as it takes least of the processors; else ZGC. */
function chosen(question: JvmQuestion): Sizes {
  const { collector, objective } = question;
  if (collector !== undefined) return sizesOf(question, collector as CollectorName);
  if (objective.pauseSeconds >= SHORTEST_STOPPING_PAUSE_SECONDS) {
    const g1 = sizesOf(question, 'G1');
    if (brokenBy(question, g1) === undefined) return g1;
  }
  return sizesOf(question, 'ZGC');
}

function predictionsOf(question: JvmQuestion, sizes: Sizes): JvmPredictions {
  const breaksAt = once(
    () =>
      smallestAbove(1, (times) => times > MOST_TIMES || brokenBy(question, sizes, times) !== undefined) ??
      Number.POSITIVE_INFINITY,
  );
  return {
    ...behaviourOf(question, sizes),
    cycleSeconds: sizes.cycleSeconds,
    // Searched for when it is first read.
    get breaksAtLoad() {
      return breaksAt();
    },
  };
}

function remarksOn({ jdk }: JvmQuestion, { collector, cycleSeconds }: Sizes, predictions: JvmPredictions): string[] {
  const { breaksAtLoad } = predictions;
  return [
    ...(breaksAtLoad < DEFAULT_HEADROOM
      ? [`The promise breaks at ${figure(breaksAtLoad)} × the load: more replicas give each less of it.`]
      : []),
    ...(COLLECTORS[collector].concurrent && !isGenerational(collector, jdk)
      ? [
          `${collector} of Java ${jdk} marks the whole live set each time, in ${figure(cycleSeconds)} s; from ${COLLECTORS[collector].generationalFrom} on it collects young objects by themselves, and needs a smaller heap.`,
        ]
      : []),
  ];
}
