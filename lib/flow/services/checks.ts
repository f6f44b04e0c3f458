/** The validation table of a service. */
import { type Check, fromBelow, inRange, isKnown, oneOf, positive, required, shown, wholeNumber } from '../errors';
import { type Fields, listChecks, objectChecks } from '../fields';
import {
  DAY_SECONDS,
  LEAST_RATE,
  LEAST_SECONDS,
  MOST_ITEMS_PER_SECOND,
  SHORTEST_PEAK_SECONDS,
  YEAR_SECONDS,
} from '../ranges';
import { SERVICE_LIMITS } from './limit';
import { SERVICE_PLATFORMS } from './platforms';
import {
  ServiceAdmission,
  type ServiceDownstream,
  type ServiceObjective,
  type ServiceQuestion,
  type ServiceWorkload,
} from './workload';

/** Slots of one instance at most; a process with more is several. */
export const MOST_SLOTS = 10_000;
/** Instances at most. */
export const MOST_INSTANCES = 10_000;
const MOST_WAITING = 1_000_000;

const QUESTION_FIELDS: Fields<ServiceQuestion> = {
  platform: true,
  workload: true,
  objective: true,
  downstreams: true,
  slotsPerInstance: true,
  minInstances: true,
  maxInstances: true,
  queueBound: true,
  shedStatus: true,
  retryAttempts: true,
  limit: true,
  admission: true,
};
const WORKLOAD_FIELDS: Fields<ServiceWorkload> = {
  peakPerSecond: true,
  steadyPerSecond: true,
  peakSeconds: true,
  serviceSeconds: true,
  serviceVariation: true,
  coldStartSeconds: true,
};
const OBJECTIVE_FIELDS: Fields<ServiceObjective> = {
  latencySeconds: true,
  latencyQuantile: true,
  errorRatio: true,
  headroom: true,
};
const DOWNSTREAM_FIELDS: Fields<ServiceDownstream> = {
  name: true,
  callsPerRequest: true,
  latencySeconds: true,
  limitPerSecond: true,
};

/** Checks the requests, the promise, the downstreams, and what was chosen by hand. */
export function serviceChecks(question: ServiceQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, (asked) => [
    oneOf('platform', asked.platform, SERVICE_PLATFORMS),
    ...objectChecks('workload', asked.workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', asked.objective, OBJECTIVE_FIELDS, objectiveChecks),
    ...(asked.downstreams === undefined ? [] : listChecks('downstreams', asked.downstreams, downstreamsChecks)),
    ...platformChecks(asked),
    ...choiceChecks(asked),
  ]);
}

function workloadChecks(workload: ServiceWorkload): Check[] {
  const { peakPerSecond, steadyPerSecond } = workload;
  return [
    required(positive, 'peakPerSecond', peakPerSecond, LEAST_RATE, MOST_ITEMS_PER_SECOND),
    positive('steadyPerSecond', steadyPerSecond, LEAST_RATE, MOST_ITEMS_PER_SECOND),
    {
      refused: isKnown(steadyPerSecond) && isKnown(peakPerSecond) && steadyPerSecond > peakPerSecond,
      message: `steadyPerSecond must be at most peakPerSecond ${shown(peakPerSecond)}, got ${shown(steadyPerSecond)}`,
    },
    positive('peakSeconds', workload.peakSeconds, SHORTEST_PEAK_SECONDS, YEAR_SECONDS),
    required(positive, 'serviceSeconds', workload.serviceSeconds, LEAST_SECONDS, YEAR_SECONDS),
    inRange('serviceVariation', workload.serviceVariation, 0, 10),
    inRange('coldStartSeconds', workload.coldStartSeconds, 0, DAY_SECONDS),
  ];
}

function objectiveChecks(objective: ServiceObjective): Check[] {
  return [
    required(positive, 'latencySeconds', objective.latencySeconds, LEAST_SECONDS, YEAR_SECONDS),
    fromBelow('latencyQuantile', objective.latencyQuantile, 0.5, 1),
    inRange('errorRatio', objective.errorRatio, 1e-9, 0.999),
    inRange('headroom', objective.headroom, 1, 10),
  ];
}

function downstreamsChecks(downstreams: readonly ServiceDownstream[]): Check[] {
  // They become variables, in capitals.
  const names = downstreams.map((one) => String(one?.name).toUpperCase());
  return [
    ...downstreams.flatMap((one, index) =>
      objectChecks(`downstreams[${index}]`, one, DOWNSTREAM_FIELDS, (downstream) =>
        downstreamChecks(downstream, index),
      ),
    ),
    {
      refused: new Set(names).size < names.length,
      message: `downstreams must have names that differ in more than capitals, got ${downstreams.map((one) => shown(one?.name)).join(', ')}`,
    },
  ];
}

function downstreamChecks({ name, ...numbers }: ServiceDownstream, index: number): Check[] {
  const path = `downstreams[${index}]`;
  return [
    {
      refused: typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9-]{0,62}$/.test(name),
      message: `${path}.name must be a letter and then letters, digits and hyphens, at most 63, got ${shown(name)}`,
    },
    positive(`${path}.callsPerRequest`, numbers.callsPerRequest, 1e-9, 1000),
    required(positive, `${path}.latencySeconds`, numbers.latencySeconds, LEAST_SECONDS, YEAR_SECONDS),
    positive(`${path}.limitPerSecond`, numbers.limitPerSecond, LEAST_RATE, MOST_ITEMS_PER_SECOND),
  ];
}

/** Amazon ECS API reference, stopTimeout: 120 s at most, in which a request that waits and one that runs have to end. */
const LONGEST_ON_FARGATE_SECONDS = 55;

function platformChecks({ platform, objective }: ServiceQuestion): Check[] {
  const latencySeconds = objective?.latencySeconds;
  return [
    {
      refused: platform === 'fargate' && isKnown(latencySeconds) && latencySeconds > LONGEST_ON_FARGATE_SECONDS,
      message: `objective.latencySeconds must be at most ${LONGEST_ON_FARGATE_SECONDS} on Fargate, whose stopTimeout of 120 s has to outlast two of them, got ${shown(latencySeconds)}`,
    },
  ];
}

function choiceChecks(question: ServiceQuestion): Check[] {
  const { minInstances, maxInstances } = question;
  return [
    wholeNumber('slotsPerInstance', question.slotsPerInstance, 1, MOST_SLOTS),
    wholeNumber('minInstances', minInstances, 1, MOST_INSTANCES),
    wholeNumber('maxInstances', maxInstances, 1, MOST_INSTANCES),
    {
      refused: isKnown(minInstances) && isKnown(maxInstances) && minInstances > maxInstances,
      message: `minInstances must be at most maxInstances ${shown(maxInstances)}, got ${shown(minInstances)}`,
    },
    wholeNumber('queueBound', question.queueBound, 0, MOST_WAITING),
    oneOf('shedStatus', question.shedStatus, [503, 429]),
    oneOf('admission', question.admission, Object.values(ServiceAdmission)),
    oneOf('limit', question.limit, SERVICE_LIMITS),
    wholeNumber('retryAttempts', question.retryAttempts, 0, 10),
  ];
}
