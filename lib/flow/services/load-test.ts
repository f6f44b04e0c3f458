/**
 * The load test of a service: what it sends, when, what a service that does as planned makes of that, and what the one who
 * sends it needs.
 */
import type { Knob } from '../plan';
import { type BoundedForecast, boundedForecast, shedRatio } from './bounded';
import { type BoundedDeviation, boundedDeviation } from './deviation';
import type { BoundedStage } from './waits';
import type { ServicePlan, ServiceWorkload } from './workload';

/** Times the capacity, one after the other. Half of it comes last: pods that were added for the load may go then. */
const LOAD_TIMES = [1, 2, 5, 0.5];
/** The stage whose counts decide how long all are: most of the requests are refused, and many are served. */
const DECIDING_TIMES = 2;
const LEAST_STAGE_SECONDS = 60;
/** Share of the requests at twice the capacity that empty queues may take in at first. */
const MOST_TAKEN_IN = 0.05;
/** Points that chance may be of the share that is refused at twice the capacity. */
const MOST_CHANCE = 0.1;
/** Standard deviations of what chance does in a stage: beyond them is one in 700. */
export const SPREADS = 3;
const LEAST_GAP_SECONDS = 15;
/** Of the time for which pods are kept that have nothing to do. */
const GAP_SHARE = 0.8;
/** Iterations of k6 are regular. With so many a second at least, and in the time of a request, what they send comes at any time. */
const [LEAST_ITERATIONS, ITERATIONS_PER_SERVICE, MOST_ITERATIONS] = [100, 4, 2000];
/** Users beside those of the requests that are under way. */
const SPARE_USERS = 10;
/** Until k6 has read its script and has its users, and until it has ended. */
const START_SECONDS = 60;
const MIB = 2 ** 20;
const GENERATOR_BYTES = 128 * MIB;
const USER_BYTES = 2 * MIB;
const REQUESTS_PER_PROCESSOR = 2000;
const K6 = 'k6, Running large tests: 1 to 5 MB a user; 2 MiB and the rest are assumptions';

/** A stretch of one rate. */
export interface LoadStage {
  readonly name: string;
  /** Requests a second, Poisson. */
  readonly rate: number;
  /** Iterations of k6 a second, at regular times: each sends `rate ÷ iterations` requests in the mean. */
  readonly iterations: number;
  readonly startSeconds: number;
  readonly seconds: number;
  /** Users that are there from the start, and at most. */
  readonly users: number;
  readonly mostUsers: number;
  /** What a service that does as planned makes of it. Default: it is not held against the plan. */
  readonly planned?: PlannedStage;
}

/** What is held against the counts of a stretch. */
export interface PlannedStage {
  readonly forecast: BoundedForecast;
  /** One standard deviation of each count. */
  readonly chance: BoundedDeviation;
  /** Share of the requests that empty queues and slots take in at first. */
  readonly takenIn: number;
  /**
   * Share that is refused where each connection goes to an instance for as long as it lasts, as without a mesh: some instances
   * then get more requests than others.
   */
  readonly shedByConnections: number;
}

/** What one instance gets of a load, as all of them run. */
function stageOf(plan: ServicePlan, workload: ServiceWorkload, rate: number): BoundedStage {
  const { serviceSeconds, serviceVariation = 1 } = workload;
  return {
    arrivalsPerSecond: rate / plan.value('maxInstances'),
    serviceSeconds,
    serviceVariation,
    slots: plan.value('slotsPerInstance'),
    queueBound: plan.value('queueBound'),
    waitSeconds: plan.value('waitSeconds'),
    deadlineSeconds: plan.value('serverDeadlineSeconds'),
  };
}

/** Requests that an empty instance takes in before it refuses one: at first its slots are free, and their work is new. */
function takenInBy({ slots, queueBound, serviceVariation }: BoundedStage): number {
  return queueBound + slots * Math.max(1, (1 + serviceVariation ** 2) / 2);
}

function deviationOf(plan: ServicePlan, stage: BoundedStage, seconds: number): BoundedDeviation {
  const forecast = boundedForecast(stage, plan.value('alarmLatencyQuantile'));
  return boundedDeviation(stage, forecast, seconds, plan.value('maxInstances'));
}

/** Seconds of a stage that is judged: neither the empty queues at its beginning nor chance may be most of what it counts. */
function stageSeconds(plan: ServicePlan, workload: ServiceWorkload): number {
  const stage = stageOf(plan, workload, DECIDING_TIMES * plan.predictions.capacityPerSecond);
  const filled = takenInBy(stage) / (MOST_TAKEN_IN * stage.arrivalsPerSecond);
  // A deviation falls with the square root of the time.
  const counted = ((SPREADS * deviationOf(plan, stage, 1).shedRatio) / MOST_CHANCE) ** 2;
  return Math.ceil(Math.max(LEAST_STAGE_SECONDS, filled, counted));
}

function plannedOf(
  plan: ServicePlan,
  workload: ServiceWorkload,
  rate: number,
  seconds: number,
  connections: number,
): PlannedStage {
  const stage = stageOf(plan, workload, rate);
  const instances = plan.value('maxInstances');
  // Three points that have the mean and the spread of a normal: an instance has so many connections more or less than its share.
  const spread = Math.sqrt((3 * (instances - 1)) / connections);
  const refused = (share: number) =>
    share * shedRatio({ ...stage, arrivalsPerSecond: share * stage.arrivalsPerSecond });
  return {
    forecast: boundedForecast(stage, plan.value('alarmLatencyQuantile')),
    chance: deviationOf(plan, stage, seconds),
    takenIn: takenInBy(stage) / (stage.arrivalsPerSecond * seconds),
    shedByConnections: (refused(Math.max(0, 1 - spread)) + 4 * refused(1) + refused(1 + spread)) / 6,
  };
}

/** Seconds after a stretch: what is under way has its answer before the next one begins, and pods are kept for it. */
function gapSeconds(plan: ServicePlan): number {
  const kept = GAP_SHARE * plan.value('scaleDownStabilizationSeconds');
  return Math.max(LEAST_GAP_SECONDS, Math.ceil(Math.min(kept, plan.value('callerTimeoutSeconds'))));
}

/** The stretches: where instances are added for the load the first one lets them come, as the plan is that of all of them. */
export function loadStages(plan: ServicePlan, workload: ServiceWorkload): LoadStage[] {
  const { capacityPerSecond, reactionSeconds } = plan.predictions;
  const instances = plan.value('maxInstances');
  const seconds = stageSeconds(plan, workload);
  const gap = gapSeconds(plan);
  const isScaled = plan.value('minInstances') < instances;
  const warmUpSeconds = Math.ceil(reactionSeconds + LEAST_STAGE_SECONDS);
  const begin = isScaled ? warmUpSeconds + gap : 0;
  const leastIterations = Math.max(
    LEAST_ITERATIONS,
    Math.min(MOST_ITERATIONS, Math.ceil(ITERATIONS_PER_SERVICE / workload.serviceSeconds)),
  );
  const stage = (name: string, times: number, startSeconds: number, lasts: number, isJudged: boolean): LoadStage => {
    const rate = times * capacityPerSecond;
    // Each iteration that is under way has a user, and it ends within the caller's time-out. As planned, only what is
    // accepted is under way for long.
    const callers = rate * Math.min(plan.value('callerTimeoutSeconds'), lasts);
    const mostUsers = Math.ceil(callers + SPREADS * Math.sqrt(callers)) + SPARE_USERS;
    const users = Math.min(mostUsers, 2 * instances * plan.value('concurrencyLimit') + SPARE_USERS);
    return {
      name,
      rate,
      iterations: Math.max(leastIterations, Math.round(rate)),
      startSeconds,
      seconds: lasts,
      users,
      mostUsers,
      planned: isJudged ? plannedOf(plan, workload, rate, lasts, users) : undefined,
    };
  };
  return [
    ...(isScaled ? [stage('warm_up', 1, 0, warmUpSeconds, false)] : []),
    ...LOAD_TIMES.map((times, index) => {
      const name = `load_${String(times).replace('.', '_')}`;
      return stage(name, times, begin + index * (seconds + gap), seconds, true);
    }),
  ];
}

/** The knobs of the job that runs it. */
export function loadTestKnobs(plan: ServicePlan, workload: ServiceWorkload): Knob[] {
  const stages = loadStages(plan, workload);
  const users = Math.max(...stages.map(({ mostUsers }) => mostUsers));
  const rate = Math.max(...stages.map((stage) => stage.rate));
  const ends = Math.max(...stages.map(({ startSeconds, seconds }) => startSeconds + seconds));
  const answers = Math.ceil(plan.value('callerTimeoutSeconds'));
  return [
    {
      name: 'loadTestStageSeconds',
      value: stages[stages.length - 1].seconds,
      unit: 's',
      formula: `max(${LEAST_STAGE_SECONDS}, until at twice the capacity empty queues take in ${100 * MOST_TAKEN_IN} % of the requests at most, and chance is ${100 * MOST_CHANCE} points of what is refused)`,
      inputs: {
        serviceSeconds: workload.serviceSeconds,
        serviceVariation: workload.serviceVariation ?? 1,
        concurrencyLimit: plan.value('concurrencyLimit'),
        capacityPerSecond: plan.predictions.capacityPerSecond,
      },
      source: 'docs/constructs/k8s-bounded-service.md',
    },
    {
      name: 'loadTestMemoryBytes',
      value: GENERATOR_BYTES + users * USER_BYTES,
      unit: 'bytes',
      formula: '128 MiB + users at most × 2 MiB',
      inputs: { users },
      source: K6,
    },
    {
      name: 'loadTestCpu',
      value: Math.ceil(rate / REQUESTS_PER_PROCESSOR),
      unit: 'processors',
      formula: '⌈requests/s at most ÷ 2,000⌉',
      inputs: { requestsPerSecond: rate },
      source: K6,
    },
    {
      name: 'loadTestDeadlineSeconds',
      value: ends + answers + START_SECONDS,
      unit: 's',
      formula: 'its stages, the answers to the last one, and a minute to begin and to end',
      inputs: { stagesSeconds: ends, answersSeconds: answers, startSeconds: START_SECONDS },
      source: 'docs/constructs/k8s-bounded-service.md',
    },
  ];
}
