/**
 * A service that accepts what it can answer in time: slots, queue, deadlines and instances from one promise.
 */
import { CapacityError, type Check, validate } from '../errors';
import { duration, figure, percent } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { bisect } from '../search';
import { serviceAlarmKnobs } from './alarms';
import { serviceChecks } from './checks';
import { serviceKnobs } from './knobs';
import { refusal, waysOut } from './refusals';
import { callsWithRetries } from './retries';
import {
  brokenBy,
  forecastOf,
  type Resolved,
  reactionsOf,
  resolved,
  type Sizes,
  shedAt,
  shedOfPeak,
  sizesOf,
  wholeReaction,
} from './sizing';
import { ServiceAdmission, ServicePlan, type ServicePredictions, type ServiceQuestion } from './workload';

/**
 * The plan of a service.
 *
 * @param subject id of the construct; every error starts with it
 * @param question the requests, what is promised, what it calls, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when the promise cannot be kept, with ways out that were each solved
 */
export function planService(subject: string, question: ServiceQuestion, checks: readonly Check[] = []): ServicePlan {
  validate(subject, [...checks, ...serviceChecks(question)]);
  const sizes = sizesOf(question);
  if (brokenBy(question, sizes) !== undefined) {
    throw new CapacityError(subject, refusal(question, sizes), waysOut(question));
  }
  const asked = resolved(question);
  const knobs = [...serviceKnobs(question, asked, sizes), ...serviceAlarmKnobs(asked, sizes)];
  const predictions = predictionsOf(asked, sizes);
  return new ServicePlan(subject, knobs, predictions, remarksOn(asked, sizes, predictions));
}

function predictionsOf(asked: Resolved, sizes: Sizes): ServicePredictions {
  const { slots, maxInstances } = sizes;
  const { peakPerSecond, serviceSeconds } = asked;
  const capacityPerSecond = (maxInstances * slots) / serviceSeconds;
  const overload = forecastOf(asked, sizes, 2 * capacityPerSecond, maxInstances);
  return {
    latencySeconds: forecastOf(asked, sizes, peakPerSecond, maxInstances).latencySeconds,
    shedRatio: shedOfPeak(asked, sizes),
    reactionSeconds: wholeReaction(asked, sizes),
    capacityPerSecond,
    overloadLatencySeconds: overload.latencySeconds,
    overloadShedRatio: overload.shedRatio,
    breaksAtLoad: breaksAt(asked, sizes),
  };
}

/** The multiple of the peak at which the first promise breaks: latency, a downstream's limit, or the share refused. */
function breaksAt(asked: Resolved, sizes: Sizes): number {
  const { peakPerSecond, errorRatio, downstreams } = asked;
  const failing = Math.min(
    (sizes.maxInstances * sizes.ratedPerSecond) / peakPerSecond,
    ...downstreams.map(
      (one) => (one.limitPerSecond ?? Number.POSITIVE_INFINITY) / (peakPerSecond * callsWithRetries(asked, one)),
    ),
  );
  const keeps = (times: number) =>
    shedOfPeak({ ...asked, peakPerSecond: times * peakPerSecond }, sizes) <= errorRatio * (1 + 1e-9);
  if (failing <= 1 || keeps(failing)) return failing;
  return bisect({ holding: 1, failing }, { steps: 60, relative: 1e-4 }, keeps).holding;
}

const LIMIT_REMARK =
  'The program has to keep the limit by itself: bounded(handler, gateOptions()) of backpressure-constructs/gate does, for Node. A program in another language that does not read LIMIT_… works on all of its slots, however slow they are; give it the gate (Kubernetes), or leave limit out.';

/** Whether no gate stands before the program: there is none on Fargate. */
function isKeptByProgram({ platform, admission }: Resolved): boolean {
  return platform === 'fargate' || admission === ServiceAdmission.APPLICATION;
}

function remarksOn(asked: Resolved, sizes: Sizes, { breaksAtLoad }: ServicePredictions): string[] {
  const { peakPerSecond, peakSeconds } = asked;
  const { minInstances, maxInstances, reactionSeconds, queueBound } = sizes;
  const reactions = reactionsOf(asked, sizes).length;
  const early = shedAt(asked, sizes, peakPerSecond, minInstances);
  return [
    ...(breaksAtLoad < DEFAULT_HEADROOM
      ? [`The promise breaks at ${figure(breaksAtLoad)} × the peak: more instances are the only head-room.`]
      : []),
    ...(minInstances < maxInstances && early > 0.001
      ? [
          `The first ${duration(Math.min(peakSeconds, reactionSeconds))} of a peak find ${minInstances} instances, which refuse ${percent(early)} of it at once.`,
          ...(reactions > 1
            ? [
                `The autoscaler reacts ${reactions} times: an instance shows no more load than it holds, so each reaction starts a part of what is missing.`,
              ]
            : []),
        ]
      : []),
    ...(asked.limit !== 'fixed' && isKeptByProgram(asked) ? [LIMIT_REMARK] : []),
    ...(queueBound === 0 ? ['Nothing waits: the work alone takes almost all of the promised time.'] : []),
  ];
}
