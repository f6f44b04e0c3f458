import fc from 'fast-check';
import { type PlannedShare, reportOf, type WaitingJob } from '../../../lib/runtime/share-snapshot/report';
import { runs } from '../../support/property';

const NOW = 1_000_000;
const planned: Record<string, PlannedShare> = { billing: { vcpus: 42, job: 2 }, risk: { vcpus: 42, job: 2 } };
const job = (shareIdentifier: string, ageSeconds: number): WaitingJob => ({
  shareIdentifier,
  createdAt: 1000 * (NOW - ageSeconds),
});
const uses = (used: Record<string, number>, capacityUnit = 'VCPU') =>
  Object.entries(used).map(([shareIdentifier, quantity]) => ({
    shareIdentifier,
    capacityUsage: [{ capacityUnit, quantity }],
  }));

test('of each tenant: jobs that wait, the age of the oldest, and what it uses', () => {
  const { shares } = reportOf(planned, [job('risk', 30), job('risk', 90)], uses({ risk: 166 }), NOW);
  expect(shares).toEqual([
    { name: 'billing', runnableJobs: 0, oldestRunnableSeconds: 0, usedVcpus: 0 },
    { name: 'risk', runnableJobs: 2, oldestRunnableSeconds: 90, usedVcpus: 166 },
  ]);
});

test('a tenant that floods waits behind itself, and is not starved', () => {
  const report = reportOf(planned, [job('risk', 9000)], uses({ risk: 166, billing: 36 }), NOW);
  expect(report).toMatchObject({ starvedSeconds: 0, starved: [] });
});

test('a tenant is starved when it waits and one more job would be within its share', () => {
  const at = (used: number) => reportOf(planned, [job('billing', 400)], uses({ billing: used, risk: 166 }), NOW);
  expect(at(40)).toMatchObject({ starvedSeconds: 400, starved: ['billing'] });
  // 41 and a job of 2 are above 42.
  expect(at(41).starved).toEqual([]);
  expect(at(42).starved).toEqual([]);
});

test('a tenant that is not listed uses nothing, where all that use some are listed', () => {
  expect(reportOf(planned, [job('billing', 7)], uses({ risk: 208 }), NOW).starvedSeconds).toBe(7);
});

describe('with more tenants than the service lists', () => {
  /** Thirty tenants of 8 vCPUs each: twenty are listed, ten are not. */
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`t${i}`, { vcpus: 8, job: 2 }]));
  const listed = (least: number) =>
    uses(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`t${i}`, i === 19 ? least : 12])));
  const report = (least: number, waiting: WaitingJob[]) =>
    reportOf(many, waiting, listed(least), NOW, { uses: true, jobs: false });

  test('one that is not listed is not starved: it may use its share', () => {
    expect(report(8, [job('t25', 900)])).toMatchObject({ starvedSeconds: 0, starved: [], unknown: ['t25'] });
  });

  test('one that is not listed is starved where even the last that is listed uses less than a share', () => {
    expect(report(6, [job('t25', 900)])).toMatchObject({ starvedSeconds: 900, starved: ['t25'], unknown: [] });
  });

  test('what is listed is known, and a tenant without a job that waits cannot be starved', () => {
    expect(report(4, [job('t19', 60), job('t3', 70)])).toMatchObject({ starved: ['t19'], unknown: [] });
  });

  test('what one that is not listed uses is not reported as 0', () => {
    const { shares } = report(8, []);
    expect(shares.find(({ name }) => name === 't25')!.usedVcpus).toBeUndefined();
    expect(shares.find(({ name }) => name === 't3')!.usedVcpus).toBe(12);
  });
});

test('with more jobs than are read, tenants below their share are not known: an older job may not have been read', () => {
  const report = reportOf(planned, [job('risk', 30)], uses({ risk: 166 }), NOW, { uses: false, jobs: true });
  expect(report).toMatchObject({ starvedSeconds: 0, starved: [], unknown: ['billing'] });
  const both = reportOf(planned, [job('billing', 30)], uses({ risk: 166 }), NOW, { uses: false, jobs: true });
  expect(both).toMatchObject({ starvedSeconds: 30, starved: ['billing'], unknown: ['billing'] });
});

test('the unit of Amazon EKS counts, another one does not', () => {
  const used = (unit: string) => reportOf(planned, [], uses({ risk: 5 }, unit), NOW).shares[1].usedVcpus;
  expect(used('cpu')).toBe(5);
  expect(used('ml.m5.large')).toBe(0);
});

test('jobs of shares that were not planned are counted by themselves, whatever they are called', () => {
  const report = reportOf(planned, [job('ops', 5), job('constructor', 5), { createdAt: 1000 * NOW }], [], NOW);
  expect(report).toMatchObject({ undeclaredJobs: 3, undeclared: ['ops', 'constructor', ''], starved: [] });
});

test('a clock that is behind, and a job without a time, make no negative age', () => {
  const report = reportOf(planned, [job('risk', -60), { shareIdentifier: 'billing' }], [], NOW);
  expect(report.shares.map(({ oldestRunnableSeconds }) => oldestRunnableSeconds)).toEqual([0, 0]);
});

test('property: every job is counted once, and no number is negative', () => {
  const names = fc.constantFrom('billing', 'risk', 'ops', '__proto__', '');
  const jobs = fc.array(fc.record({ shareIdentifier: names, createdAt: fc.integer({ min: 0, max: 2e9 }) }));
  fc.assert(
    fc.property(jobs, (waiting) => {
      const { shares, undeclaredJobs, starvedSeconds } = reportOf(planned, waiting, [], NOW);
      expect(shares.reduce((sum, one) => sum + one.runnableJobs, undeclaredJobs)).toBe(waiting.length);
      expect(starvedSeconds).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: runs },
  );
});
