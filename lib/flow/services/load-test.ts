/**
 * The load test of a service: what it sends, when, what a service that does as planned makes of that, and what the one who
 * sends it needs.
 */
import { CapacityError } from '../errors';
import { duration, figure } from '../figures';
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
/** Share of the requests at twice the capacity that empty instances may take in before they refuse. */
const MOST_TAKEN_IN = 0.05;
/** Points of the share that is refused at twice the capacity that the deviations of chance may be. */
const MOST_CHANCE = 0.1;
/** Standard deviations of what chance does in a stage: beyond them is one in 700. */
export const SPREADS = 3;
const LEAST_GAP_SECONDS = 15;
/** Of the time for which pods are kept that have nothing to do. */
const GAP_SHARE = 0.8;
/** Iterations of k6 are regular. With so many a second, for a request and in the time of one, what they send comes at any time. */
const [MOST_WANTED, PER_REQUEST, PER_SERVICE, MOST_FOR_SERVICE] = [100, 20, 4, 2000];
/** Times what the instances hold as planned: users for it, and for refusals that are on their way. */
const USERS_PER_PLACE = 2;
/** Users beside those of the requests that are under way. */
const SPARE_USERS = 10;
/** Until k6 has read its script and has its users, and until it has ended. */
const START_SECONDS = 60;
const MIB = 2 ** 20;
const GENERATOR_BYTES = 128 * MIB;
const USER_BYTES = 2 * MIB;
const REQUESTS_PER_PROCESSOR = 2000;
/** Ports of a pod to one Service (Linux: 32,768 to 60,999), and connections that a user holds: its largest batch. */
const [PORTS, CONNECTIONS_PER_USER] = [28_232, 5];
const MOST_SECONDS = 86_400;
const HERE = 'docs/constructs/k8s-bounded-service.md';
const K6 = 'k6, Running large tests: 1 to 5 MB a user; 2 MiB and the rest are assumptions';

/** A time with one rate. */
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
  /** What a service that does as planned makes of it. Default: it is not judged. */
  readonly planned?: PlannedStage;
}

/** By what the counts of a stage are judged. */
export interface PlannedStage {
  readonly forecast: BoundedForecast;
  /** One standard deviation of each count. */
  readonly chance: BoundedDeviation;
  /** Share of the requests that empty queues and slots take in at first. */
  readonly takenIn: number;
  /**
   * Share that is refused at most where each connection goes to an instance for as long as it lasts, as without a mesh: some
   * instances then get more requests than others.
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

/** Seconds of a stage that is judged: neither what empty instances take in nor chance may be most of what it counts. */
function stageSeconds(plan: ServicePlan, workload: ServiceWorkload): number {
  const stage = stageOf(plan, workload, DECIDING_TIMES * plan.predictions.capacityPerSecond);
  const filled = takenInBy(stage) / (MOST_TAKEN_IN * stage.arrivalsPerSecond);
  const forecast = boundedForecast(stage, plan.value('alarmLatencyQuantile'));
  const { shedRatio: inOneSecond } = boundedDeviation(stage, forecast, 1, plan.value('maxInstances'));
  // A deviation falls with the square root of the time.
  const counted = ((SPREADS * inOneSecond) / MOST_CHANCE) ** 2;
  return Math.ceil(Math.max(LEAST_STAGE_SECONDS, filled, counted));
}

function plannedOf(
  plan: ServicePlan,
  workload: ServiceWorkload,
  { rate, seconds, users }: Pick<LoadStage, 'rate' | 'seconds' | 'users'>,
): PlannedStage {
  const stage = stageOf(plan, workload, rate);
  const instances = plan.value('maxInstances');
  const forecast = boundedForecast(stage, plan.value('alarmLatencyQuantile'));
  return {
    forecast,
    chance: boundedDeviation(stage, forecast, seconds, instances),
    takenIn: takenInBy(stage) / (stage.arrivalsPerSecond * seconds),
    shedByConnections: shedByConnections(stage, instances, users),
  };
}

/**
 * Share that is refused where each of the connections goes to an instance by chance: the mean of three points that have the mean
 * and the spread of a normal. What it adds varies as the squares of so many instances do, which are χ².
 */
function shedByConnections(stage: BoundedStage, instances: number, connections: number): number {
  const refused = (share: number) => shedRatio({ ...stage, arrivalsPerSecond: share * stage.arrivalsPerSecond });
  if (instances === 1) return refused(1);
  const spread = Math.sqrt((3 * (instances - 1)) / connections);
  const shares: readonly [number, number][] = [
    [Math.max(0, 1 - spread), 1],
    [1, 4],
    [1 + spread, 1],
  ];
  const total = shares.reduce((sum, [share, weight]) => sum + weight * share, 0);
  const mean = shares.reduce((sum, [share, weight]) => sum + weight * share * refused(share), 0) / total;
  return refused(1) + Math.max(0, mean - refused(1)) * (1 + SPREADS * Math.sqrt(2 / (instances - 1)));
}

/** Seconds after a stage: what is under way has its answer before the next one begins. */
function gapSeconds(plan: ServicePlan): number {
  return Math.max(LEAST_GAP_SECONDS, Math.ceil(plan.value('callerTimeoutSeconds')));
}

function isScaled(plan: ServicePlan): boolean {
  return plan.value('minInstances') < plan.value('maxInstances');
}

/** Seconds until all instances run for the full load: in a reaction as many more as those that run show a load for. */
function warmUpSeconds(plan: ServicePlan): number {
  const growth = plan.value('concurrencyLimit') / plan.value('targetPerReplica');
  const reactions = Math.ceil(Math.log(plan.value('maxInstances') / plan.value('minInstances')) / Math.log(growth));
  const seconds = Math.max(plan.predictions.reactionSeconds, reactions * plan.value('reactionSeconds'));
  return Math.ceil(seconds + LEAST_STAGE_SECONDS);
}

/** Iterations of k6 in a second: as many as requests, or so many more that what they send comes at any time. */
function iterationsOf(rate: number, { serviceSeconds }: ServiceWorkload): number {
  const forService = Math.min(MOST_FOR_SERVICE, PER_SERVICE / serviceSeconds);
  return Math.ceil(Math.max(1, rate, Math.min(PER_REQUEST * rate, Math.max(MOST_WANTED, forService))));
}

/**
 * The stages: where instances are added for the load the first one lets them come, as the plan is that of all of them.
 *
 * @throws CapacityError when one pod cannot send it, it takes longer than a day, or pods go while answers are awaited
 */
export function loadStages(plan: ServicePlan, workload: ServiceWorkload): LoadStage[] {
  const { capacityPerSecond } = plan.predictions;
  const places = plan.value('maxInstances') * plan.value('concurrencyLimit');
  const seconds = stageSeconds(plan, workload);
  const gap = gapSeconds(plan);
  const sent = (name: string, times: number, timed: Pick<LoadStage, 'startSeconds' | 'seconds'>): LoadStage => {
    const rate = times * capacityPerSecond;
    // Each iteration that is under way has a user, and it ends within the caller's time-out. As planned, only what is
    // accepted is under way for long.
    const callers = rate * Math.min(plan.value('callerTimeoutSeconds'), timed.seconds);
    const mostUsers = Math.ceil(callers + SPREADS * Math.sqrt(callers)) + SPARE_USERS;
    const users = Math.min(mostUsers, USERS_PER_PLACE * places + SPARE_USERS);
    return { name, rate, iterations: iterationsOf(rate, workload), ...timed, users, mostUsers };
  };
  const warmUp = isScaled(plan) ? [sent('warm_up', 1, { startSeconds: 0, seconds: warmUpSeconds(plan) })] : [];
  const begin = warmUp.reduce((sum, stage) => sum + stage.seconds + gap, 0);
  const judged = LOAD_TIMES.map((times, index) => {
    const name = `load_${String(times).replace('.', '_')}`;
    const stage = sent(name, times, { startSeconds: begin + index * (seconds + gap), seconds });
    return { ...stage, planned: plannedOf(plan, workload, stage) };
  });
  const stages = [...warmUp, ...judged];
  refuseUnfit(plan, stages);
  return stages;
}

/** Seconds from the first request to the last answer. */
function secondsOf(plan: ServicePlan, stages: readonly LoadStage[]): number {
  return Math.max(...stages.map(({ startSeconds, seconds }) => startSeconds + seconds)) + gapSeconds(plan);
}

function refuseUnfit(plan: ServicePlan, stages: readonly LoadStage[]): void {
  const users = Math.max(...stages.map((stage) => stage.users));
  const mostUsers = Math.floor(PORTS / CONNECTIONS_PER_USER);
  const seconds = secondsOf(plan, stages);
  const kept = GAP_SHARE * plan.value('scaleDownStabilizationSeconds');
  const reasons = [
    ...(users > mostUsers
      ? [`needs ${figure(users)} users of k6, and one pod has ports for the connections of ${figure(mostUsers)}`]
      : []),
    ...(seconds > MOST_SECONDS ? [`takes ${duration(seconds)}, and ${duration(MOST_SECONDS)} are the most`] : []),
    ...(isScaled(plan) && gapSeconds(plan) > kept
      ? [
          `waits ${duration(gapSeconds(plan))} for answers between two loads, and pods are kept for ${duration(plan.value('scaleDownStabilizationSeconds'))}`,
        ]
      : []),
  ];
  if (reasons.length === 0) return;
  throw new CapacityError(plan.subject, `its load test ${reasons.join(', and ')}`, [
    'leave loadTest out',
    'test a service with fewer pods or a shorter latency that is planned as this one',
  ]);
}

/** The knobs of the job that runs it. */
export function loadTestKnobs(plan: ServicePlan, stages: readonly LoadStage[]): Knob[] {
  const users = Math.max(...stages.map(({ mostUsers }) => mostUsers));
  const rate = Math.max(...stages.map((stage) => stage.rate));
  const seconds = secondsOf(plan, stages);
  return [
    {
      name: 'loadTestStageSeconds',
      value: stages[stages.length - 1].seconds,
      unit: 's',
      formula: `max(${LEAST_STAGE_SECONDS}, until at twice the capacity empty instances take in ${100 * MOST_TAKEN_IN} % of the requests at most, and ${SPREADS} standard deviations are ${100 * MOST_CHANCE} points at most of the share that is refused)`,
      inputs: {
        capacityPerSecond: plan.predictions.capacityPerSecond,
        maxInstances: plan.value('maxInstances'),
        slotsPerInstance: plan.value('slotsPerInstance'),
        queueBound: plan.value('queueBound'),
      },
      source: HERE,
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
      value: seconds + START_SECONDS,
      unit: 's',
      formula: 'its stages with their answers, and a minute to begin and to end',
      inputs: { stagesSeconds: seconds, startSeconds: START_SECONDS },
      source: HERE,
    },
  ];
}
