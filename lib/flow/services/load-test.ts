/** What a load test of a service sends, and what sends it. */
import type { Knob } from '../plan';
import type { ServicePlan } from './workload';

/** Times the capacity, one after the other. */
export const LOAD_TIMES = [0.5, 1, 2, 5] as const;
export const STAGE_SECONDS = 60;
export const GAP_SECONDS = 15;
/** Requests that are under way and not answered in time, beside the users that the rate needs. */
const SPARE_USERS = 10;
/** Until the generator has read its script and has its users. */
const START_SECONDS = 60;
const MIB = 2 ** 20;
const GENERATOR_BYTES = 128 * MIB;
const USER_BYTES = 2 * MIB;
const REQUESTS_PER_PROCESSOR = 2000;
const K6 = 'k6, Running large tests: 1 to 5 MB a user; 2 and the rest are assumptions';

/** Users that are there from the start: each request that is under way has one, for as long as its caller waits. */
export function loadTestUsers(plan: ServicePlan, times: number): number {
  return Math.ceil(times * plan.predictions.capacityPerSecond * plan.value('callerTimeoutSeconds')) + SPARE_USERS;
}

/** The knobs of the job that runs it. */
export function loadTestKnobs(plan: ServicePlan): Knob[] {
  const most = Math.max(...LOAD_TIMES);
  const users = 2 * loadTestUsers(plan, most);
  const { capacityPerSecond } = plan.predictions;
  return [
    {
      name: 'loadTestMemoryBytes',
      value: GENERATOR_BYTES + users * USER_BYTES,
      unit: 'bytes',
      formula: '128 MiB + most users × 2 MiB',
      inputs: { users, capacityPerSecond, times: most },
      source: K6,
    },
    {
      name: 'loadTestCpu',
      value: Math.max(1, Math.ceil((most * capacityPerSecond) / REQUESTS_PER_PROCESSOR)),
      unit: 'processors',
      formula: '⌈5 × capacity ÷ 2,000 requests/s⌉',
      inputs: { capacityPerSecond, times: most },
      source: K6,
    },
    {
      name: 'loadTestDeadlineSeconds',
      value: LOAD_TIMES.length * STAGE_SECONDS + (LOAD_TIMES.length - 1) * GAP_SECONDS + START_SECONDS,
      unit: 's',
      formula: '4 stages of a minute, 15 s between them, and a minute for its start',
      inputs: { stageSeconds: STAGE_SECONDS, gapSeconds: GAP_SECONDS, startSeconds: START_SECONDS },
      source: 'docs/constructs/k8s-bounded-service.md',
    },
  ];
}
