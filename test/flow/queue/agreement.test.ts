/**
 * Closed form against simulation over 500 random workloads that can be planned.
 *
 * P99 of the latency is that of all items of all runs of a workload, the peak backlog the mean over its runs. Each run
 * is noisy: near capacity the longest line of one peak strays from its mean by a third. So runs are added until the
 * comparison is decided beyond their own noise (two standard errors, more while the runs are few), or the workload's
 * share of the time is used up. What is undecided then does not contradict the closed form; how many those are, and how
 * noisy, is asserted too. Nothing is left out.
 *
 * Two allowances, both about what a number can say:
 * - a backlog below ten items is a count: one item more or less is allowed;
 * - where the share of items that fail and come back is just about 1 %, the 99th percentile falls into the gap between
 *   the items served at once and those served later, and its value is a matter of a few items. There it is the share of
 *   items above the predicted P99 that must be 1 %, within a tenth of it.
 *
 * A difference that looks decided is judged again by many more runs before it counts. Near capacity a few peaks in a
 * hundred make the 99th percentile of all, so that fifty runs understate it and their own noise alike: of one workload
 * (50 slots for 50.2 busy ones) 24 runs give 2.2 s, 200 runs 2.37 s, 600 runs 2.49 s; 2.49 s are predicted.
 *
 * Runs: from 4 (wide backlogs, where one run says nearly all) to 200; with LONG=1 up to 1000, and fifty times the items.
 */

import { Quantiles } from '../../../lib/flow/numerics/quantiles';
import { predictQueue } from '../../../lib/flow/queue/plan';
import { simulate } from '../../../lib/flow/queue/simulation/simulate';
import type { Predictions } from '../../../lib/flow/queue/workload';
import { type Planned, plannedDraws } from './random-workloads';

const WORKLOADS = 500;
const BUDGET_MILLIS = (process.env.LONG ? 180 : 15) * 60_000;
const TOLERANCE = 0.1;
/** Items simulated of one workload, at most, unless a single run has more. */
const ITEMS_EACH = process.env.LONG ? 3_000_000 : 40_000;
const RUNS = { least: 4, most: process.env.LONG ? 1000 : 200, again: 1000 };

/** The comparison of one quantity: relative difference, and the noise of the simulation in the same unit. */
interface Difference {
  readonly error: number;
  readonly noise: number;
}

interface Compared {
  readonly name: string;
  readonly regime: string;
  readonly runs: number;
  readonly latency: Difference;
  readonly backlog: Difference;
}

const decided = ({ error, noise }: Difference) =>
  Math.abs(error) + noise < TOLERANCE || Math.abs(error) - noise > TOLERANCE;
const contradicts = ({ error, noise }: Difference) => Math.abs(error) - noise > TOLERANCE;

function compare(drawn: Planned, index: number): Compared {
  const { workload, resolved } = drawn;
  const predicted = predictQueue(workload, resolved);
  const items = (workload.peakPerSecond ?? workload.steadyPerSecond) * (workload.peakSeconds ?? 600);
  // Near capacity one run says little about the next.
  const most = nearCapacity(drawn) ? 10 * ITEMS_EACH : ITEMS_EACH;
  const latencies: Quantiles[] = [];
  const backlogs: number[] = [];
  let wanted = Math.max(nearCapacity(drawn) ? 24 : RUNS.least, Math.min(12, Math.ceil(100_000 / items)));
  for (;;) {
    while (latencies.length < wanted) {
      const seed = 1000 * index + latencies.length + 1;
      const run = simulate({ workload, consumer: resolved, seed, timelinePoints: 0 });
      latencies.push(run.latency);
      backlogs.push(run.peakBacklog);
    }
    const latency = latencyDifference(predicted, latencies, drawn);
    const backlog = backlogDifference(predicted, backlogs, nearCapacity(drawn));
    const enough = wanted * items > 8000 && decided(latency) && decided(backlog);
    if ((contradicts(latency) || contradicts(backlog)) && wanted < RUNS.again) {
      wanted = Math.min(RUNS.again, 5 * wanted);
      continue;
    }
    if (enough || wanted >= RUNS.most || wanted * items >= most) {
      return {
        name: JSON.stringify({ ...workload, ...resolved }),
        regime: regimeOf(drawn),
        runs: wanted,
        latency,
        backlog,
      };
    }
    wanted = Math.min(RUNS.most, Math.ceil(1.4 * wanted));
  }
}

/** The noise of a quantile of all runs together: how the share above it differs from run to run, read as a quantile. */
function latencyDifference(predicted: Predictions, runs: Quantiles[], drawn: Planned): Difference {
  const { failureRatio = 0 } = drawn.workload;
  const all = new Quantiles();
  for (const run of runs) all.merge(run);
  const p99 = predicted.latencyP99Seconds;
  const atCliff = failureRatio > 0.008 && failureRatio < 0.0125;
  const seen = all.quantile(0.99);
  const shares = runs.map((run) => run.shareAbove(atCliff ? p99 : seen));
  const noise = factor(runs.length, nearCapacity(drawn)) * standardError(shares);
  if (atCliff) return { error: mean(shares) / 0.01 - 1, noise: noise / 0.01 };
  const [low, high] = [all.quantile(Math.max(0, 0.99 - noise)), all.quantile(Math.min(1, 0.99 + noise))];
  return { error: p99 / seen - 1, noise: Math.max(high - seen, seen - low) / seen };
}

function backlogDifference(predicted: Predictions, each: number[], near: boolean): Difference {
  const seen = mean(each);
  const unit = Math.max(10, seen);
  return {
    error: (predicted.peakBacklog - seen) / unit,
    noise: (factor(each.length, near) * standardError(each)) / unit,
  };
}

/**
 * Two standard errors; more when the standard error itself is known from few runs. Near capacity one run in twenty makes
 * the 99th percentile of all, so that fifty runs are few.
 */
const factor = (runs: number, near: boolean) => 2 + (near ? 100 : 8) / runs;
const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const standardError = (list: number[]) => {
  const middle = mean(list);
  return Math.sqrt(mean(list.map((x) => (x - middle) ** 2)) / Math.max(1, list.length - 1));
};

const nearCapacity = (drawn: Planned) => regimeOf(drawn).startsWith('first crew near');

/** What decides how hard the prediction is: how the load of the peak compares with the instances that are there first. */
function regimeOf({ workload, resolved }: Planned): string {
  const load = (workload.peakPerSecond ?? workload.steadyPerSecond) * workload.serviceSeconds;
  const first = load / (resolved.minInstances * resolved.slotsPerInstance);
  const retries = workload.failureRatio || workload.poisonRatio ? ' with retries' : '';
  if (workload.peakSeconds === undefined) return `no peak${retries}`;
  if (resolved.minInstances === resolved.maxInstances) return `all instances run${retries}`;
  if (first < 0.85) return `scaling not needed${retries}`;
  return first < 1.15 ? `first crew near capacity${retries}` : `first crew overrun${retries}`;
}

describe('closed form and simulation over 500 random workloads', () => {
  let compared: Compared[];
  beforeAll(() => {
    compared = plannedDraws(WORKLOADS, 2026).map(compare);
    if (process.env.AGREEMENT) process.stderr.write(report(compared));
  }, BUDGET_MILLIS);

  test('every regime is among them', () => {
    expect(compared).toHaveLength(WORKLOADS);
    const regimes = new Set(compared.map(({ regime }) => regime.replace(' with retries', '')));
    for (const regime of ['no peak', 'all instances run', 'first crew near capacity', 'first crew overrun']) {
      expect(regimes).toContain(regime);
    }
  });

  test('P99 of the latency: nowhere more than 10 % apart', () => {
    expect(compared.filter(({ latency }) => contradicts(latency))).toEqual([]);
  });

  test('peak backlog: nowhere more than 10 % apart', () => {
    expect(compared.filter(({ backlog }) => contradicts(backlog))).toEqual([]);
  });

  test('half of them within 2 %, nine in ten within 10 %, the noise of the simulation included', () => {
    for (const errors of [compared.map(({ latency }) => latency), compared.map(({ backlog }) => backlog)]) {
      const sorted = errors.map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
      expect(sorted[WORKLOADS * 0.5]).toBeLessThan(0.02);
      expect(sorted[WORKLOADS * 0.9]).toBeLessThan(0.1);
    }
  });

  test('the simulation is quiet enough to judge: more than half are decided, nearly all of them when it runs long', () => {
    const clear = compared.filter(({ latency, backlog }) => decided(latency) && decided(backlog));
    expect(clear.length).toBeGreaterThanOrEqual((process.env.LONG ? 0.95 : 0.55) * WORKLOADS);
  });
});

/** The distribution of the errors by regime; printed with AGREEMENT=1. */
function report(all: readonly Compared[]): string {
  const lines: string[] = [];
  const of = (list: readonly Compared[], pick: (one: Compared) => Difference) => {
    const sorted = list.map((one) => Math.abs(pick(one).error)).sort((a, b) => a - b);
    const at = (q: number) =>
      `${(100 * sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]).toFixed(1)} %`;
    return `${at(0.5)} / ${at(0.95)} / ${at(1)}`;
  };
  for (const regime of ['', ...new Set(all.map((one) => one.regime))]) {
    const list = all.filter((one) => regime === '' || one.regime === regime);
    lines.push(
      `${(regime || 'all').padEnd(40)} ${String(list.length).padStart(3)}  P99 ${of(list, (one) => one.latency)}  backlog ${of(list, (one) => one.backlog)}  (median / P95 / max)`,
    );
  }
  const open = all.filter((one) => !decided(one.latency) || !decided(one.backlog));
  lines.push(`undecided ${open.length}, runs ${all.reduce((sum, one) => sum + one.runs, 0)}`);
  for (const one of all.filter((o) => contradicts(o.latency) || contradicts(o.backlog)))
    lines.push(JSON.stringify(one));
  return `${lines.join('\n')}\n`;
}
