import { RATING } from '../../../lib/cases/case-20-tenant-starvation';
import { Random } from '../../../lib/flow/numerics/random';
import { loadOf } from '../../../lib/flow/shares/load';
import { type Job, runInOneLine, submittedJobs } from '../../../lib/flow/shares/simulation/batch-jobs';
import { runByShares } from '../../../lib/flow/shares/simulation/batch-shares';

/** `tenant@submitted+service`. */
const jobs = (...written: string[]): Job[] =>
  written.map((one) => {
    const [tenant, submittedSeconds, serviceSeconds] = one.split(/[@+]/).map(Number);
    return { tenant, submittedSeconds, serviceSeconds };
  });
const half = { nominalJobs: 1, borrowedJobs: 1, weight: 1 };
const flooding = { tenant: 0, seconds: 0 };

describe('one line', () => {
  test('first come, first served: who comes after a flood waits behind it', () => {
    const { endSeconds } = runInOneLine(jobs('0@0+10', '0@1+10', '0@2+10', '0@3+10', '1@4+1'), 2, 5);
    expect(endSeconds).toEqual([10, 11, 20, 21, 21]);
  });

  test('is calm when somebody who comes after the flood finds a place', () => {
    expect(runInOneLine(jobs('0@0+10', '0@1+10', '1@2+1', '1@30+1'), 1, 5).calmSeconds).toBe(30);
  });
});

describe('shares', () => {
  const run = (given: Job[], shares = [half, half], reclaimSeconds = 2) =>
    runByShares(given, 2, shares, reclaimSeconds, flooding).endSeconds;

  test('a place that nobody asks for is lent', () => {
    expect(run(jobs('0@0+10', '0@1+10'))).toEqual([10, 11]);
  });

  test('a lender has it back after the reclaim, and the borrower begins anew', () => {
    // Evicted at 4; the place is free at 6 and taken until 7, when the evicted job begins again.
    expect(run(jobs('0@0+10', '0@1+10', '1@4+1'))).toEqual([10, 17, 7]);
  });

  test('nobody is evicted who has only what is its own', () => {
    expect(run(jobs('0@0+10', '1@1+10', '1@2+1'))).toEqual([10, 11, 11]);
  });

  test('nobody runs more than share and loan, even if there is room', () => {
    const bounded = { nominalJobs: 1, borrowedJobs: 0, weight: 1 };
    expect(run(jobs('0@0+10', '0@1+10'), [bounded, half])).toEqual([10, 20]);
  });

  test('of two that borrow, whoever runs least for its weight starts first', () => {
    const none = (weight: number) => ({ nominalJobs: 0, borrowedJobs: 2, weight });
    // At 5 a place is free: the first runs one job for a weight of 4, the second none.
    expect(run(jobs('0@0+10', '0@0+5', '0@1+5', '1@2+5'), [none(4), none(1)])).toEqual([10, 5, 15, 10]);
  });
});

test('case 20: the jobs of a day are a tenant’s rate × its length, and the flood’s times ten for two hours', () => {
  const loads = RATING.tenants.map((tenant) => loadOf(tenant));
  const submitted = submittedJobs(loads, { tenant: 'risk', factor: 10, seconds: 7200 }, new Random(1));
  const of = (tenant: number) => submitted.filter((job) => job.tenant === tenant).length;
  expect(of(0) / (0.03 * 86_400)).toBeCloseTo(1, 1);
  expect(of(3) / (0.03 * 86_400 + 9 * 0.03 * 7200)).toBeCloseTo(1, 1);
  for (const [index, { submittedSeconds }] of submitted.slice(1).entries()) {
    expect(submittedSeconds).toBeGreaterThanOrEqual(submitted[index].submittedSeconds);
  }
});
