/** The fair-share policy of a job queue of AWS Batch, every knob with its reason. */
import { CapacityError, type Check, validate } from '../errors';
import { figure } from '../figures';
import { serviceQuantile } from '../numerics/gamma';
import { given, type Knob, unlessGiven } from '../plan';
import { forecast } from '../queue/forecast/predict';
import { PLATFORM_FACTS } from '../queue/platforms/facts';
import { type Flood, forecastFlood } from './flood';
import { jobsIn, loadOf, places, type TenantLoad } from './load';
import { sharePolicyAlarmKnobs } from './policy-alarms';
import { LEAST_FACTOR, LONGEST_DECAY_SECONDS, RUNNABLE_SECONDS, sharePolicyChecks } from './policy-checks';
import {
  firstPlaceSeconds,
  neededReservation,
  refuseTooLittleAlone,
  reservedBy,
  sharedCapacity,
} from './policy-reservation';
import { type PolicyShare, SharePolicyPlan, type SharePolicyQuestion } from './policy-workload';
import { DEFAULT_QUANTILE, nominalJobs, type Reclaim, type Room, type Wanted, wantedBy } from './sizing';
import type { BatchCapacity, BatchTenant, FloodForecast } from './workload';

const POLICY = 'AWS Batch API reference, FairsharePolicy';
const GUIDE = 'AWS Batch user guide, Use fair-share scheduling to help schedule jobs';
const OWN = 'this library, docs/constructs/fair-share.md';
/** The least that AWS Batch takes for 0. */
const LEAST_DECAY_SECONDS = 600;
/** AWS Batch API reference, JobTimeout: 60 s at least. */
const LEAST_TIMEOUT_SECONDS = 60;
const DEFAULT_ATTEMPTS = 3;

/** AWS Batch ends no job for the sake of another: room comes back when a job ends. */
const BY_PATIENCE: Reclaim = { seconds: (others) => Math.ceil(Math.max(0, ...others)), waysOut: () => [] };

const QUEUE: Room = {
  has: ({ cpu }) => `the job queue has ${figure(cpu)} vCPUs for them`,
  needs: (cpu) => `${figure(cpu)} vCPUs`,
  enough: ({ cpu }) => `${figure(Math.ceil(cpu))} vCPUs for them`,
};

/**
 * Plans a fair-share policy.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param question capacity, tenants and objective
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when a tenant would never catch up, or a promise is shorter than a job and one of another tenant
 */
export function planSharePolicy(
  subject: string,
  question: SharePolicyQuestion,
  checks: readonly Check[] = [],
): SharePolicyPlan {
  validate(subject, [...checks, ...sharePolicyChecks(question)]);
  const { tenants, objective } = question;
  const startSeconds = question.jobStartSeconds ?? PLATFORM_FACTS.fargate.startSeconds;
  const jobAttempts = question.jobAttempts ?? DEFAULT_ATTEMPTS;
  const held = tenants.map((tenant) => heldLoad(loadOf(tenant, jobAttempts), startSeconds));
  const wanted = wantedBy(subject, held, objective, BY_PATIENCE);
  const reclaimSeconds = Math.max(...wanted.map((one) => one.reclaimSeconds));
  const firstPlace = firstPlaceSeconds(question.maxvCpus, held);
  const sharedWith = (percent: number) => sharedCapacity(question.maxvCpus, reservedBy(percent, tenants.length));
  const jobsWith = (percent: number) => nominalJobs(subject, sharedWith(percent), wanted, QUEUE);
  const reservation =
    question.computeReservation ?? neededReservation(question, wanted, firstPlace, orTooFew(jobsWith));
  const reservedRatio = reservedBy(reservation, tenants.length);
  const capacity = sharedWith(reservation);
  const nominal = jobsWith(reservation);
  const alone = sharedCapacity(question.maxvCpus, reservedBy(reservation, 1));
  refuseTooLittleAlone(subject, question, wanted, alone);
  const shares = wanted.map((one, i) => policyShare(one, nominal[i], alone, held, objective.latencySeconds));
  const knobs = [
    startKnob(question.jobStartSeconds, startSeconds),
    attemptsKnob(question.jobAttempts),
    ...policyKnobs(question, held, { reclaimSeconds, firstPlace, reservation, reservedRatio }),
    ...shares.flatMap((share, i) => shareKnobs(share, wanted[i], capacity)),
    ...sharePolicyAlarmKnobs(question, held),
  ];
  return new SharePolicyPlan(subject, knobs, shares, remarks(shares, question, reservedRatio));
}

/**
 * Forecasts a flood of one tenant while all others submit at their peak rates, in one line and under the policy.
 *
 * @throws InvalidInputError when factor or duration is out of range, or the tenant is unknown
 */
export function forecastPolicyFlood(
  plan: SharePolicyPlan,
  tenants: readonly BatchTenant[],
  latencySeconds: number,
  flood: Flood,
): FloodForecast[] {
  const capacity = sharedCapacity(plan.value('maxvCpus'), plan.value('reservedRatio'));
  const [startSeconds, attempts] = [plan.value('jobStartSeconds'), plan.value('jobAttempts')];
  const held = (tenant: BatchTenant) => heldLoad(loadOf(tenant, attempts), startSeconds);
  // All have jobs in a flood, so less is reserved than for a tenant alone: what bounds one is what the others use.
  const shares = plan.tenants.map(({ name, nominalJobs: has }) => {
    const tenant = tenants.find((one) => one.name === name);
    return { nominalJobs: has, borrowedJobs: tenant ? Math.max(0, jobsIn(capacity, held(tenant)) - has) : 0 };
  });
  const flooded = { subject: plan.subject, tenants: shares, value: (name: string) => plan.value(name) };
  return forecastFlood(flooded, capacity, tenants, latencySeconds, flood, held);
}

/** Undefined in place of a refusal. */
function orTooFew<T>(jobsWith: (percent: number) => T): (percent: number) => T | undefined {
  return (percent) => {
    try {
      return jobsWith(percent);
    } catch (error) {
      if (error instanceof CapacityError) return undefined;
      throw error;
    }
  };
}

/** A job holds its place while it starts as well; the start itself hardly varies. */
function heldLoad(load: TenantLoad, startSeconds: number): TenantLoad {
  const { serviceSeconds, serviceVariation } = load.workload;
  const held = serviceSeconds + startSeconds;
  const workload = {
    ...load.workload,
    serviceSeconds: held,
    serviceVariation: (serviceVariation * serviceSeconds) / held,
  };
  const jobs = (perSecond: number) => perSecond * held;
  return { ...load, workload, steadyJobs: jobs(workload.steadyPerSecond), peakJobs: jobs(workload.peakPerSecond) };
}

function policyShare(
  { load, reclaimSeconds, wantedJobs }: Wanted,
  nominal: number,
  alone: BatchCapacity,
  held: readonly TenantLoad[],
  latencySeconds: number,
): PolicyShare {
  const aloneJobs = jobsIn(alone, load);
  const { latency } = forecast(load.workload, places(Math.min(nominal, aloneJobs)));
  return {
    name: load.tenant.name,
    weight: load.weight,
    // The smallest tenant has 1, as has every share identifier that the policy does not name.
    weightFactor: Number((Math.min(...held.map(({ weight }) => weight)) / load.weight).toPrecision(6)),
    wantedJobs,
    nominalJobs: nominal,
    // Others leave room while they have no jobs, and the fewer tenants have jobs, the more is reserved.
    borrowedJobs: Math.max(0, aloneJobs - nominal),
    aloneJobs,
    jobCpu: load.jobCpu,
    jobMemoryBytes: load.jobMemoryBytes,
    onTimeRatio: Math.min(1, Math.max(0, 1 - latency().tail(latencySeconds - reclaimSeconds))),
  };
}

function startKnob(chosen: number | undefined, startSeconds: number): Knob {
  if (chosen !== undefined) return given('jobStartSeconds', chosen, 's');
  return {
    name: 'jobStartSeconds',
    value: startSeconds,
    unit: 's',
    formula: 'a job holds its place while its image is pulled and its container starts',
    inputs: {},
    source: `${PLATFORM_FACTS.fargate.title}: measured starts of small images are 30 to 60 s`,
  };
}

function attemptsKnob(chosen: number | undefined): Knob {
  if (chosen !== undefined) return given('jobAttempts', chosen, 'attempts');
  return {
    name: 'jobAttempts',
    value: DEFAULT_ATTEMPTS,
    unit: 'attempts',
    formula: 'two more after a failure that passes; each one is more load',
    inputs: {},
    source: `${OWN}; AWS Batch API reference, RetryStrategy: 1 to 10`,
  };
}

/** What the policy is made of. */
interface Derived {
  readonly reclaimSeconds: number;
  readonly firstPlace: number;
  readonly reservation: number;
  readonly reservedRatio: number;
}

function policyKnobs(
  question: SharePolicyQuestion,
  held: readonly TenantLoad[],
  { reclaimSeconds, firstPlace, reservation, reservedRatio }: Derived,
): Knob[] {
  const { maxvCpus, objective, tenants, shareDecaySeconds, computeReservation, maxRunnableSeconds } = question;
  const { latencySeconds, latencyQuantile = DEFAULT_QUANTILE } = objective;
  const longest = Math.max(...held.map(({ workload }) => workload.serviceSeconds));
  return [
    given('maxvCpus', maxvCpus, 'vCPUs', 'given; AWS Batch API reference, ComputeResource'),
    given('latencyQuantile', latencyQuantile, 'ratio', 'the objective'),
    {
      name: 'reclaimSeconds',
      value: reclaimSeconds,
      unit: 's',
      formula: 'the longest job at the promised quantile: AWS Batch ends no job, room comes back when one ends',
      inputs: { latencyQuantile },
      source: GUIDE,
    },
    {
      name: 'firstPlaceSeconds',
      value: firstPlace,
      unit: 's',
      formula: 'mean job with its start × jobs of another tenant that must end ÷ places, the most of any two tenants',
      inputs: { maxvCpus, longestJobSeconds: longest },
      source: OWN,
    },
    {
      name: 'shareDecaySeconds',
      value:
        shareDecaySeconds ?? Math.min(LONGEST_DECAY_SECONDS, Math.max(LEAST_DECAY_SECONDS, Math.ceil(2 * longest))),
      unit: 's',
      ...unlessGiven(
        shareDecaySeconds,
        '2 × the longest mean job with its start, 600 to 604,800: the use of a whole job counts',
        {
          longestJobSeconds: longest,
        },
      ),
      source: `${POLICY}, shareDecaySeconds`,
    },
    {
      name: 'computeReservation',
      value: reservation,
      unit: '%',
      ...unlessGiven(
        computeReservation,
        '0 while firstPlaceSeconds is within a tenth of the latency, or where it would leave a tenant too few jobs; else 100 × (largest job ÷ vCPUs)^(1 ÷ (tenants − 1)): one job finds room while all others have jobs',
        { firstPlaceSeconds: firstPlace, latencySeconds, tenants: tenants.length },
      ),
      source: `${POLICY}, computeReservation`,
    },
    {
      name: 'reservedRatio',
      value: reservedRatio,
      unit: 'ratio',
      formula: '(computeReservation ÷ 100)^tenants: idle while all of them have jobs',
      inputs: { computeReservation: reservation, tenants: tenants.length },
      source: `${POLICY}, computeReservation`,
    },
    {
      name: 'maxRunnableSeconds',
      value: maxRunnableSeconds ?? RUNNABLE_SECONDS.min,
      unit: 's',
      ...unlessGiven(
        maxRunnableSeconds,
        'the least: a job that fits no compute environment never starts, and blocks others',
      ),
      source: 'AWS Batch API reference, JobStateTimeLimitAction',
    },
  ];
}

function shareKnobs(share: PolicyShare, { load }: Wanted, { cpu }: BatchCapacity): Knob[] {
  const { name, weight, wantedJobs, jobCpu } = share;
  const { peakPerSecond, serviceSeconds, serviceVariation } = load.workload;
  const p999 = serviceQuantile(0.999, serviceSeconds, serviceVariation);
  return [
    {
      name: `weightFactor.${name}`,
      value: share.weightFactor,
      unit: '',
      formula: 'least weight ÷ weight: a lower factor is a larger share',
      inputs: { weight, leastFactor: LEAST_FACTOR },
      source: 'AWS Batch API reference, ShareAttributes: 0.0001 to 999.9999',
    },
    {
      name: `wantedJobs.${name}`,
      value: wantedJobs,
      unit: 'jobs',
      formula: 'fewest places with which the promised share of its jobs ends in time at its peak',
      inputs: { peakPerSecond, heldSeconds: serviceSeconds, offeredJobs: load.peakJobs },
      source: 'Erlang C; Allen–Cunneen for other variations',
    },
    {
      name: `nominalJobs.${name}`,
      value: share.nominalJobs,
      unit: 'jobs',
      formula: 'weighted max-min share of the vCPUs that are not reserved, at most the wanted jobs, in whole jobs',
      inputs: { wantedJobs, weight, jobCpu, sharedvCpus: cpu },
      source: `Bertsekas and Gallager, Data Networks, 6.5.2; ${GUIDE}`,
    },
    {
      name: `jobTimeoutSeconds.${name}`,
      value: Math.max(LEAST_TIMEOUT_SECONDS, Math.ceil(1.5 * p999)),
      unit: 's',
      formula: '1.5 × the time that one job of a thousand exceeds, at least 60: a job that hangs keeps its place',
      inputs: { p999Seconds: p999 },
      source: 'AWS Batch API reference, JobTimeout',
    },
  ];
}

function remarks(shares: readonly PolicyShare[], question: SharePolicyQuestion, reservedRatio: number): string[] {
  const { maxvCpus, tenants, objective } = question;
  const { latencyQuantile = DEFAULT_QUANTILE } = objective;
  return [
    ...shares
      .filter(({ nominalJobs: has, wantedJobs }) => has < wantedJobs)
      .map(
        ({ name, nominalJobs: has, wantedJobs, onTimeRatio }) =>
          `${name} wants ${wantedJobs} jobs at its peak and comes to ${has} while all ask: ${figure(100 * onTimeRatio)} % end in time unless others leave room, ${figure(100 * latencyQuantile)} % are promised`,
      ),
    ...shares
      .filter(({ aloneJobs, nominalJobs: has }) => aloneJobs < has)
      .map(
        ({ name, nominalJobs: has, aloneJobs }) =>
          `${name} comes to ${has} jobs while all have jobs, and to ${aloneJobs} while no other tenant has one: computeReservation keeps more vCPUs free, the fewer tenants have jobs`,
      ),
    ...(reservedRatio > 0
      ? [
          `${figure(maxvCpus * reservedRatio)} vCPUs stay idle while all ${tenants.length} tenants have jobs, and more while fewer have`,
        ]
      : []),
  ];
}
