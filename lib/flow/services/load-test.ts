/** The load test of a service: what it sends, when, and what the one who sends it needs. */
import type { Knob } from '../plan';
import type { ServicePlan } from './workload';

/** Times the capacity, one after the other. */
const LOAD_TIMES = [0.5, 1, 2, 5];
/** Seconds of a stretch that is judged. */
export const STAGE_SECONDS = 60;
const LEAST_GAP_SECONDS = 15;
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
  /** Requests a second. */
  readonly rate: number;
  readonly startSeconds: number;
  readonly seconds: number;
  /** Users that are there from the start, and at most. */
  readonly users: number;
  readonly mostUsers: number;
  /** Whether it is held against the plan. */
  readonly isJudged: boolean;
}

/** Seconds after a stretch: whoever is under way then has an answer before the next one begins. */
export function gapSeconds(plan: ServicePlan): number {
  return Math.max(LEAST_GAP_SECONDS, Math.ceil(plan.value('callerTimeoutSeconds')));
}

/** The stretches: where instances are added for the load the first one lets them come, as the plan is that of all of them. */
export function loadStages(plan: ServicePlan): LoadStage[] {
  const { capacityPerSecond, reactionSeconds } = plan.predictions;
  const isScaled = plan.value('minInstances') < plan.value('maxInstances');
  const warmUpSeconds = Math.ceil(reactionSeconds + STAGE_SECONDS);
  const gap = gapSeconds(plan);
  const begin = isScaled ? warmUpSeconds + gap : 0;
  const stage = (name: string, times: number, startSeconds: number, seconds: number, isJudged: boolean): LoadStage => {
    const rate = Math.max(1, Math.round(times * capacityPerSecond));
    // Each request that is under way has a user of its own: a refusal ends at once, the rest within the caller's time-out.
    const users = Math.ceil(rate * plan.value('callerTimeoutSeconds')) + SPARE_USERS;
    return { name, rate, startSeconds, seconds, users, mostUsers: 2 * users, isJudged };
  };
  return [
    ...(isScaled ? [stage('warm_up', 1, 0, warmUpSeconds, false)] : []),
    ...LOAD_TIMES.map((times, index) => {
      const name = `load_${String(times).replace('.', '_')}`;
      return stage(name, times, begin + index * (STAGE_SECONDS + gap), STAGE_SECONDS, true);
    }),
  ];
}

/** The knobs of the job that runs it. */
export function loadTestKnobs(plan: ServicePlan): Knob[] {
  const stages = loadStages(plan);
  const users = Math.max(...stages.map(({ mostUsers }) => mostUsers));
  const rate = Math.max(...stages.map((stage) => stage.rate));
  const ends = Math.max(...stages.map(({ startSeconds, seconds }) => startSeconds + seconds)) + gapSeconds(plan);
  return [
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
      value: ends + START_SECONDS,
      unit: 's',
      formula: 'its stages, the answers to the last one, and a minute to begin and to end',
      inputs: { stagesSeconds: ends, startSeconds: START_SECONDS },
      source: 'docs/constructs/k8s-bounded-service.md',
    },
  ];
}
