/**
 * Speed of solving a plan and of simulating a peak. The other implementations run in turns with ours and the fastest
 * round of each counts, because other load on the machine can only add time.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../lib/flow/numerics/random';
import { planQueue } from '../lib/flow/queue/plan';
import type { ResolvedConsumer } from '../lib/flow/queue/resolve';
import { simulate } from '../lib/flow/queue/simulation/simulate';
import { type Line, line, progress } from './line';

const PLAN_BUDGET_MICROSECONDS = 200;
/** Twice the time an item, half the speed. */
const MOST_OVER_PLAIN_LOOP = 2;
const MOST_OVER_SIMPY = 1 / 50;
const MOST_GROWTH_MB = 16;

const ROUNDS = 7;
const ITEMS = 1_000_000;
const SIMPY_ITEMS = 60_000;

/** M/M/20 at 95 %: λ = 380/s, μ = 20/s. */
const RATE = 380;
const SERVICE = 0.05;
const SLOTS = 20;
const FIXED: ResolvedConsumer = {
  slotsPerInstance: SLOTS,
  pollSeconds: 30,
  decideSeconds: 15,
  startSeconds: 30,
  minInstances: 1,
  maxInstances: 1,
  backlogPerInstance: 1e9,
  maxAttempts: 5,
};

export async function bench(): Promise<Line[]> {
  const { ours, plain } = simulated();
  return [planned(), line('M/M/20 vs plain loop', ours, 'ns/item', plain, MOST_OVER_PLAIN_LOOP), simpy(ours), memory()];
}

/** The example of the command line's help, solved again and again. */
function planned(): Line {
  const workload = { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 };
  const solve = () =>
    planQueue('bench', {
      workload,
      objective: { latencySeconds: 90 },
      consumer: { slotsPerInstance: 4, startSeconds: 60 },
    });
  const microseconds = fastest(20, () => {
    for (let i = 0; i < 100; i++) solve();
  });
  return line('plan solved', microseconds / 100 / 1000, 'µs', PLAN_BUDGET_MICROSECONDS, 1);
}

function simulated(): { ours: number; plain: number } {
  let ours = Number.POSITIVE_INFINITY;
  let plain = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    ours = Math.min(ours, fastest(1, () => run(round, ITEMS)) / ITEMS);
    plain = Math.min(plain, fastest(1, () => kieferWolfowitz(round, ITEMS)) / ITEMS);
    progress(`M/M/20: ours ${ours.toFixed(0)} ns, plain loop ${plain.toFixed(0)} ns an item`);
  }
  return { ours, plain };
}

function run(seed: number, items: number): void {
  const workload = { steadyPerSecond: RATE, serviceSeconds: SERVICE };
  simulate({ workload, consumer: FIXED, seed, horizonSeconds: items / RATE, warmUpSeconds: 0 });
}

/**
 * The recursion of Kiefer and Wolfowitz (1955) with nothing around it: the workload of every server, kept sorted, and
 * the sojourn of every item stored. No autoscaling, no retries, no quantiles.
 */
function kieferWolfowitz(seed: number, items: number): Float64Array {
  const random = new Random(seed);
  const sojourns = new Float64Array(items);
  const free = new Float64Array(SLOTS);
  let now = 0;
  for (let i = 0; i < items; i++) {
    now -= Math.log(random.uniform()) / RATE;
    const end = Math.max(now, free[0]) - SERVICE * Math.log(random.uniform());
    sojourns[i] = end - now;
    let place = 1;
    while (place < SLOTS && free[place] < end) {
      free[place - 1] = free[place];
      place++;
    }
    free[place - 1] = end;
  }
  return sojourns;
}

const SIMPY = `
import random, sys, time
import simpy
items = int(sys.argv[1])
def item(env, slots, sojourns, rng):
    arrived = env.now
    with slots.request() as request:
        yield request
        yield env.timeout(rng.expovariate(20.0))
    sojourns.append(env.now - arrived)
def source(env, slots, sojourns, rng):
    for _ in range(items):
        yield env.timeout(rng.expovariate(380.0))
        env.process(item(env, slots, sojourns, rng))
env = simpy.Environment()
sojourns = []
env.process(source(env, simpy.Resource(env, capacity=20), sojourns, random.Random(1)))
began = time.perf_counter()
env.run()
print((time.perf_counter() - began) / len(sojourns) * 1e9)
`;

/** The same stage in SimPy, where a Python has it: `.venv`, or the interpreter in BACKPRESSURE_PYTHON. */
function simpy(ours: number): Line {
  const name = 'M/M/20 vs SimPy';
  const python = process.env.BACKPRESSURE_PYTHON ?? join(__dirname, '..', '.venv', 'bin', 'python');
  const rounds: number[] = [];
  for (let round = 0; round < 3 && existsSync(python); round++) {
    const result = spawnSync(python, ['-c', SIMPY, String(SIMPY_ITEMS)], { encoding: 'utf8', timeout: 120_000 });
    if (result.status !== 0) break;
    rounds.push(Number(result.stdout.trim()));
    progress(`M/M/20: SimPy ${rounds[round].toFixed(0)} ns an item`);
  }
  if (rounds.length > 0) return line(name, ours, 'ns/item', Math.min(...rounds), MOST_OVER_SIMPY);
  return {
    name: `${name}: not measured, no simpy in ${python}`,
    value: Math.round(ours),
    unit: 'ns/item',
    against: 0,
    ratio: 0,
    target: MOST_OVER_SIMPY,
    ok: false,
  };
}

/** A million items must use no more memory than a hundred thousand. */
function memory(): Line {
  run(1, ITEMS / 10);
  global.gc?.();
  const before = process.memoryUsage();
  run(1, ITEMS);
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  return line('million items in memory', Math.max(0.01, grown / 1e6), 'MB', MOST_GROWTH_MB, 1);
}

/** Nanoseconds of the fastest of so many rounds. */
function fastest(rounds: number, work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const began = process.hrtime.bigint();
    work();
    best = Math.min(best, Number(process.hrtime.bigint() - began));
  }
  return best;
}
