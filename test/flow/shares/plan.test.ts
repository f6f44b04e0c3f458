import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { MomentHeap } from '../../../lib/flow/numerics/heap';
import { weightedMaxMin } from '../../../lib/flow/numerics/max-min';
import { Random, ServiceTime } from '../../../lib/flow/numerics/random';
import { simulate } from '../../../lib/flow/queue/simulation/simulate';
import { MOST_JOBS } from '../../../lib/flow/shares/checks';
import { forecastFlood } from '../../../lib/flow/shares/flood';
import { places } from '../../../lib/flow/shares/load';
import { planShares } from '../../../lib/flow/shares/plan';
import type { BatchCapacity, BatchTenant } from '../../../lib/flow/shares/workload';
import { runs } from '../../support/property';

const GIB = 1024 ** 3;

/** Case 20: four tenants, 18 jobs of 2 cores each on average, on 208 cores: 9/13 full. */
const capacity = { cpu: 208, memoryBytes: 832 * GIB };
const jobs = { steadyPerSecond: 0.03, serviceSeconds: 600, serviceVariation: 0.5 };
const tenant = (name: string, more: Partial<BatchTenant> = {}): BatchTenant => ({
  name,
  workload: jobs,
  jobCpu: 2,
  jobMemoryBytes: 4 * GIB,
  ...more,
});
const four = ['billing', 'fraud', 'pricing', 'risk'].map((name) => tenant(name));
const objective = { latencySeconds: 4200, latencyQuantile: 0.95 };
const plan = planShares('Rating', { capacity, tenants: four, objective });
const flood = (factor: number, tenants = four) =>
  forecastFlood(planShares('Rating', { capacity, tenants, objective }), capacity, tenants, 4200, {
    tenant: 'risk',
    factor,
    seconds: 7200,
  });
const message = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was refused';
};

describe('weighted max-min, known answers', () => {
  test.each([
    ['everybody is content', 20, [4, 6], [1, 1], [4, 6]],
    ['who asks for little gets it, the rest is even', 10, [2, 8, 8], [1, 1, 1], [2, 4, 4]],
    ['what is left goes by weight', 12, [2, 100, 100], [1, 1, 3], [2, 2.5, 7.5]],
    ['nothing is there', 0, [1, 2], [1, 1], [0, 0]],
  ])('%s', (_, total, demands, weights, shares) => {
    expect(weightedMaxMin(total, demands, weights)).toEqual(shares);
  });
});

describe('shares', () => {
  test('each tenant is guaranteed what keeps its promise by itself; the rest of the cluster belongs to nobody', () => {
    expect(plan.tenants.map(({ nominalJobs }) => nominalJobs)).toEqual([19, 19, 19, 19]);
    expect(plan.unclaimed).toEqual({ cpu: 208 - 4 * 19 * 2, memoryBytes: (832 - 4 * 19 * 4) * GIB });
  });

  test('it may borrow what is left beside its own when the others run as many jobs as on average', () => {
    // 208 cores − 3 × 18 jobs × 2 − 19 × 2 = 62 cores.
    expect(plan.tenant('risk').borrowedJobs).toBe(31);
  });

  test('the quota is above the bound of the queue by the pods that end while the next begin', () => {
    for (const { nominalJobs, borrowedJobs, quotaJobs } of plan.tenants) {
      // 50 jobs × 30 s of grace ÷ 600 s.
      expect(quotaJobs).toBe(nominalJobs + borrowedJobs + 3);
    }
  });

  test('when not all can have what they want, the weight decides, and whoever wants little gets it', () => {
    const busy = { ...jobs, peakPerSecond: 0.12, peakSeconds: 7200 };
    const shared = planShares('Rating', {
      capacity,
      tenants: [tenant('small'), tenant('light', { workload: busy }), tenant('heavy', { workload: busy, weight: 2 })],
      objective,
    });
    const [small, light, heavy] = shared.tenants.map(({ nominalJobs }) => nominalJobs);
    expect([small, light, heavy]).toEqual([19, 28, 56]);
    expect(shared.remarks).toHaveLength(2);
    expect(shared.remarks[0]).toMatch(/^light wants 73 jobs at its peak and is guaranteed 28: /);
  });

  test('the scarcer of CPU and memory decides', () => {
    const poor = planShares('Rating', { capacity: { cpu: 208, memoryBytes: 320 * GIB }, tenants: four, objective });
    expect(poor.tenants.map(({ nominalJobs }) => nominalJobs)).toEqual([19, 19, 19, 19]);
    expect(poor.tenant('risk').borrowedJobs).toBe(7);
  });

  test('without preemption lent room comes back when a job ends, and the plan reckons with that', () => {
    const patient = planShares('Rating', { capacity, tenants: four, objective, reclaimByPreemption: false });
    expect(plan.value('reclaimSeconds')).toBe(30);
    expect(patient.value('reclaimSeconds')).toBeGreaterThan(600);
    expect(patient.tenant('risk').onTimeRatio).toBeLessThanOrEqual(plan.tenant('risk').onTimeRatio);
  });

  test('a job that fails and is tried again is more load', () => {
    const failing = four.map((one) => ({ ...one, workload: { ...jobs, failureRatio: 0.1 } }));
    expect(planShares('Rating', { capacity, tenants: failing, objective }).tenant('risk').nominalJobs).toBe(21);
  });

  test('numbers by hand are kept, and said to be given', () => {
    const given = [tenant('billing', { nominalJobs: 30, borrowedJobs: 4 }), ...four.slice(1)];
    const shared = planShares('Rating', { capacity, tenants: given, objective });
    expect(shared.tenant('billing')).toMatchObject({ nominalJobs: 30, borrowedJobs: 4, quotaJobs: 36 });
    expect(shared.knob('nominalJobs.billing').formula).toBe('given');
  });
});

describe('one tenant submits ten times its share (case 20)', () => {
  test('before: in one line 40 % of the others’ jobs end in time', () => {
    // 468 of 208 cores: the line grows to 1.25 × 7200 = 9000 s of waiting, and 3600 s are bearable.
    for (const { before } of flood(10)) expect(before).toBeCloseTo(0.4, 6);
  });

  test('after: above 90 % of the others’ do, and the flood waits behind itself', () => {
    const after = Object.fromEntries(flood(10).map((one) => [one.name, one.after]));
    for (const name of ['billing', 'fraud', 'pricing']) expect(after[name]).toBeGreaterThan(0.9);
    expect(after.risk).toBeLessThan(0.4);
    // Simulated, 18.4 to 18.9 % (test/cases): 47 places on average, not the 50 that the others leave on average.
    expect(after.risk).toBeCloseTo(0.189, 3);
  });

  test('without a flood one line would do', () => {
    for (const { before, after } of flood(1)) expect([before > 0.99, after > 0.99]).toEqual([true, true]);
  });

  test('simulated: 40 % of the others in one line, above 95 % on their own share', () => {
    const { onTime, others } = inOneLine(104, 20);
    expect(others).toBeGreaterThan(1000);
    // ±5 points: the flood is one draw, and its length in work strays by 1 ÷ √2160 of 25 %.
    expect(Math.abs(onTime / others - 0.4)).toBeLessThan(0.05);
    const own = simulate({
      workload: { ...jobs, peakPerSecond: 0.03, peakSeconds: 200_000 },
      consumer: places(plan.tenant('billing').nominalJobs),
      seed: 20,
    });
    expect(own.quantile(0.95)).toBeLessThan(objective.latencySeconds - plan.value('reclaimSeconds'));
  });
});

/** Everybody in one line, first come, first served: how many of the three others' jobs end in time. */
function inOneLine(slots: number, seed: number): { onTime: number; others: number } {
  const random = new Random(seed);
  const service = new ServiceTime(jobs.serviceSeconds, jobs.serviceVariation);
  const free = new MomentHeap(slots);
  for (let slot = 0; slot < slots; slot += 1) free.push(0, slot);
  let [onTime, others, now, wait] = [0, 0, 0, 0];
  while (now < 7200 || wait > 0) {
    const flooding = now < 7200 ? 0.3 : 0.03;
    now += random.exponential() / (0.09 + flooding);
    const start = Math.max(now, free.next);
    wait = start - now;
    const end = start + service.draw(random);
    free.replaceNext(end, free.nextValue);
    if (random.uniform() < flooding / (0.09 + flooding)) continue;
    others += 1;
    if (end - now <= objective.latencySeconds) onTime += 1;
  }
  return { onTime, others };
}

describe('what no share can cure is refused', () => {
  const plans = (tenants: BatchTenant[], other: Partial<BatchCapacity> = {}, latencySeconds = 4200) =>
    message(() =>
      planShares('Rating', {
        capacity: { ...capacity, ...other },
        tenants,
        objective: { ...objective, latencySeconds },
      }),
    );

  test('a weight of 0 means to Kueue: always preempted first', () => {
    expect(plans([tenant('risk', { weight: 0 })])).toBe(
      'Rating: tenants.weight of risk must not be 0: to Kueue that is a tenant that is always preempted first, and never comes into a share',
    );
  });

  test('a cluster that is too small: every way out was tried', () => {
    const refusal = plans(four, { cpu: 120 });
    expect(refusal).toMatch(/^Rating: billing keeps 18 jobs running on average and its share is 15: /);
    const cores = Number(/(\d+) cores with/.exec(refusal)?.[1]);
    expect(cores).toBeGreaterThan(144);
    expect(() =>
      planShares('Rating', { capacity: { cpu: cores, memoryBytes: 1e13 }, tenants: four, objective }),
    ).not.toThrow();
  });

  test('a promise shorter than a job', () => {
    expect(plans(four, {}, 600)).toMatch(/a job of billing alone takes \d+ s at 95 %/);
  });

  test('jobs by hand beyond the cluster', () => {
    expect(plans([tenant('risk', { nominalJobs: 105 })])).toMatch(/the jobs given by hand need 210 cores/);
  });

  test.each<[string, Partial<BatchTenant>, RegExp]>([
    ['a name that is no label', { name: 'Risk!' }, /tenants.name must be 1 to 40 lower-case/],
    ['a job without CPU', { jobCpu: 0 }, /jobCpu of risk must be between 0.001 and 208, got 0/],
    ['a job larger than the cluster', { jobMemoryBytes: 1e12 }, /jobMemoryBytes of risk must be above 0, at most/],
    ['half a job', { nominalJobs: 1.5 }, /nominalJobs of risk must be a whole number/],
  ])('%s', (_, more, expected) => {
    expect(plans([tenant('risk', more)])).toMatch(expected);
  });
});

test('property: no share exceeds the cluster, each keeps its load running, and nobody is worse off than by its weight', () => {
  const tenants = fc.array(
    fc.record({
      load: fc.double({ min: 0.1, max: 60, noNaN: true }),
      serviceSeconds: fc.integer({ min: 10, max: 3000 }),
      jobCpu: fc.integer({ min: 1, max: 4000 }).map((milli) => milli / 1000),
      jobMemoryBytes: fc.integer({ min: 1, max: 8 * GIB }),
      weight: fc.integer({ min: 1, max: 10 }),
    }),
    { minLength: 1, maxLength: 6 },
  );
  let [planned, refused] = [0, 0];
  fc.assert(
    fc.property(tenants, fc.integer({ min: 10, max: 600 }), (given, cpu) => {
      const cluster = { cpu, memoryBytes: cpu * 4 * GIB };
      const named = given.map(({ load, serviceSeconds, ...rest }, i) => ({
        name: `tenant-${i}`,
        workload: { steadyPerSecond: load / serviceSeconds, serviceSeconds },
        ...rest,
      }));
      let shared: ReturnType<typeof planShares>;
      try {
        shared = planShares('Any', {
          capacity: cluster,
          tenants: named,
          objective: { latencySeconds: 20_000, latencyQuantile: 0.9 },
        });
      } catch (error) {
        if (!(error instanceof CapacityError || error instanceof InvalidInputError)) throw error;
        expect(error.message).toMatch(/^Any: /);
        refused += 1;
        return;
      }
      planned += 1;
      const used = shared.tenants.reduce((sum, one) => sum + one.nominalJobs * one.jobCpu, 0);
      expect(used + shared.unclaimed.cpu).toBeLessThanOrEqual(cpu * (1 + 1e-9));
      const totalWeight = given.reduce((sum, { weight }) => sum + weight, 0);
      for (const [i, one] of shared.tenants.entries()) {
        expect(one.nominalJobs).toBeGreaterThan(given[i].load);
        expect(one.quotaJobs).toBeGreaterThan(one.nominalJobs + one.borrowedJobs);
        expect(one.onTimeRatio).toBeGreaterThanOrEqual(0);
        expect(one.onTimeRatio).toBeLessThanOrEqual(1);
        const byWeight = Math.min(
          (cpu * given[i].weight) / totalWeight / one.jobCpu,
          (cluster.memoryBytes * given[i].weight) / totalWeight / one.jobMemoryBytes,
        );
        expect(one.nominalJobs).toBeGreaterThanOrEqual(Math.min(one.wantedJobs, Math.floor(byWeight)));
      }
    }),
    { numRuns: runs },
  );
  expect(Math.min(planned, refused)).toBeGreaterThan(runs / 20);
});

test('pods that end while the next begin are no more than a cluster runs, however short a job is', () => {
  const short = tenant('risk', { workload: { steadyPerSecond: 1e6, serviceSeconds: 1e-6 } });
  const [{ nominalJobs, borrowedJobs, quotaJobs }] = planShares('Rating', {
    capacity,
    tenants: [short],
    objective,
  }).tenants;
  expect(quotaJobs - nominalJobs - borrowedJobs).toBe(MOST_JOBS);
});
