/** The scheduler of AWS Batch as it is simulated, against what AWS documents of it. */
import { reservedBy } from '../../../lib/flow/shares/policy-reservation';
import type { Job } from '../../../lib/flow/shares/simulation/batch-jobs';
import { type FairSharePolicy, runByPolicy } from '../../../lib/flow/shares/simulation/batch-policy';

/** `tenant@submitted+service`. */
const jobs = (...written: string[]): Job[] =>
  written.map((one) => {
    const [tenant, submittedSeconds, serviceSeconds] = one.split(/[@+]/).map(Number);
    return { tenant, submittedSeconds, serviceSeconds };
  });
const policy = (weightFactors: number[], more: Partial<FairSharePolicy> = {}): FairSharePolicy => ({
  weightFactors,
  shareDecaySeconds: 600,
  computeReservation: 0,
  jobStartSeconds: 0,
  ...more,
});
const flooding = { tenant: 0, seconds: 0 };

describe('by hand', () => {
  const run = (given: Job[], more: Partial<FairSharePolicy> = {}, places = 2) =>
    runByPolicy(given, places, policy([1, 1], more), flooding).endSeconds;

  test('places that nobody else asks for are lent, and nobody is evicted when somebody does', () => {
    expect(run(jobs('0@0+10', '0@1+10', '1@4+1'))).toEqual([10, 11, 11]);
  });

  test('who used nothing starts before who came first and used the places', () => {
    expect(run(jobs('0@0+10', '0@0+10', '0@1+10', '0@1+10', '1@5+10', '1@5+10'))).toEqual([10, 10, 30, 30, 20, 20]);
  });

  test('within a tenant the first comes first', () => {
    expect(run(jobs('0@0+10', '0@1+5', '0@2+1'), {}, 1)).toEqual([10, 15, 16]);
  });

  test('use of long ago counts less: with a short decay who ran long ago starts before who ran just now', () => {
    const before = ['0@0+10', '0@10+10', '0@20+10', '0@30+10', '0@40+10'];
    const used = jobs(...before, '1@60+20', '0@70+1', '1@70+1');
    // 0 used 50 s until 50, 1 used 20 s until 80. A decay of 10 s leaves 0.5 of the first and 8.6 of the second.
    expect(run(used, { shareDecaySeconds: 10 }, 1).slice(5)).toEqual([80, 81, 82]);
    expect(run(used, { shareDecaySeconds: 604_800 }, 1).slice(5)).toEqual([80, 82, 81]);
  });

  test('a job holds its place while it starts', () => {
    expect(run(jobs('0@0+10', '0@0+10'), { jobStartSeconds: 5 }, 1)).toEqual([15, 30]);
  });

  test('what is reserved stays free while one tenant is alone, and shrinks when another one comes', () => {
    // Of 4 places 50 % with one tenant, 25 % with two: the third place is for the second tenant.
    expect(run(jobs('0@0+10', '0@0+10', '0@0+10', '1@5+10', '1@5+10'), { computeReservation: 50 }, 4)).toEqual([
      10, 10, 20, 15, 20,
    ]);
  });

  test('one job always finds room', () => {
    expect(run(jobs('0@0+10'), { computeReservation: 99 })).toEqual([10]);
  });
});

/** All tenants have jobs all the time. */
function saturated(given: FairSharePolicy, places: number) {
  const each = 3000;
  const all = Array.from({ length: each * given.weightFactors.length }, (_, i): Job => {
    const tenant = i % given.weightFactors.length;
    // Jobs of 50 to 149 s, in no step with each other.
    return { tenant, submittedSeconds: 0, serviceSeconds: 50 + ((i * 37) % 100) };
  });
  const { endSeconds } = runByPolicy(all, places, given, { tenant: 0, seconds: Number.MAX_VALUE });
  const lastStart = given.weightFactors.map((_, tenant) =>
    endSeconds.reduce(
      (last, end, i) => (all[i].tenant === tenant ? Math.max(last, end - all[i].serviceSeconds) : last),
      0,
    ),
  );
  // Until no job of one tenant waits any more, all compete.
  return { until: Math.min(...lastStart), endSeconds, all };
}

/** Mean number of places that each tenant holds from a third of that time on: at first, nobody has used anything. */
function placesHeld({ until, all, endSeconds }: ReturnType<typeof saturated>, tenants: number): number[] {
  const from = until / 3;
  const held = Array.from({ length: tenants }, () => 0);
  for (const [i, { tenant, serviceSeconds }] of all.entries()) {
    const within = Math.min(until, endSeconds[i]) - Math.max(from, endSeconds[i] - serviceSeconds);
    held[tenant] += Math.max(0, within) / (until - from);
  }
  return held;
}

describe('against the documented formulas', () => {
  test('a weight factor of 0.125 gets eight times the compute of one of 1', () => {
    const of = (shareDecaySeconds: number) => {
      const [one, eighth] = placesHeld(saturated(policy([1, 0.125], { shareDecaySeconds }), 90), 2);
      return eighth / one / 8;
    };
    expect(of(3600)).toBeCloseTo(1, 1);
    // Use counts while jobs run: a tenant of few places starts some too many before it shows, the more the shorter the decay.
    expect(Math.abs(of(600) - 1)).toBeLessThan(0.1);
  });

  test('use is in proportion to 1 ÷ weight factor, whatever the decay', () => {
    for (const shareDecaySeconds of [600, 3600, 86_400]) {
      const [a, b, c] = placesHeld(saturated(policy([1, 0.5, 0.25], { shareDecaySeconds }), 70), 3);
      expect(b / a / 2).toBeCloseTo(1, 1);
      expect(c / a / 4).toBeCloseTo(1, 1);
    }
  });

  test.each([25, 50, 80])('with a reservation of %d and three tenants, (r ÷ 100)³ of the places are idle', (r) => {
    const places = 100;
    const held = placesHeld(saturated(policy([1, 1, 1], { computeReservation: r }), places), 3);
    expect(held.reduce((sum, one) => sum + one, 0)).toBeCloseTo(Math.floor(places * (1 - reservedBy(r, 3))), 6);
  });

  test('what a tenant used is the time that its jobs held places', () => {
    const given = jobs('0@0+10', '0@0+10', '1@3+7');
    expect(runByPolicy(given, 2, policy([1, 1], { jobStartSeconds: 2 }), flooding).usedSeconds).toEqual([24, 9]);
  });
});
