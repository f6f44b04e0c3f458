/**
 * The shipped gate with `limit` aimd and gradient, beside one with fixed slots, in front of a real HTTP server that becomes
 * slower for 80 s: once because half of its processors are gone, and once because what it calls takes twice as long, however few
 * requests there are. What is simulated of each is what is measured.
 */
import { Quantiles } from '../../lib/flow/numerics/quantiles';
import { type ProgramPhase, runSlowingServer, type SlowingPhase } from '../../lib/flow/services/slowdown';
import { ServiceLimit } from '../../lib/flow/services/workload';
import { BoundedService } from '../../lib/k8s/services/bounded-service';
import { emptyChart, type Manifest, one, written } from '../support/manifest';
import { about, atMost, prove } from '../support/proof';
import { endGated, undisturbed } from './services/gated';
import { type MeasuredPhase, runSlowing } from './services/slowing';

const WORK = { serviceSeconds: 0.2, serviceVariation: 0.5 };
const LATENCY_SECONDS = 0.8;
const SLOTS = 20;
/** Nine tenths of what the whole program does. */
const PER_SECOND = 90;
/** What the way over two sockets and the timers of a busy machine add. */
const WAY_SECONDS = 0.02;
const SEEDS = [1, 2, 3, 4, 5];

/** As planned; half of it, until the limit has followed, and then; the whole of it again, and once it has returned. */
const phases = (half: Omit<ProgramPhase, 'seconds'>): ProgramPhase[] => [
  { seconds: 20, processors: SLOTS },
  { seconds: 20, ...half },
  { seconds: 60, ...half },
  { seconds: 20, processors: SLOTS },
  { seconds: 30, processors: SLOTS },
];
const HALF = 2;
const AFTER = 4;
const PROCESSORS = phases({ processors: SLOTS / 2 });
const DOWNSTREAM = phases({ processors: SLOTS, speed: 0.5 });

interface Run {
  readonly limit: ServiceLimit;
  readonly phases: readonly ProgramPhase[];
}
const RUNS = {
  fixed: { limit: ServiceLimit.FIXED, phases: PROCESSORS },
  aimd: { limit: ServiceLimit.AIMD, phases: PROCESSORS },
  gradient: { limit: ServiceLimit.GRADIENT, phases: PROCESSORS },
  'fixed, slow downstream': { limit: ServiceLimit.FIXED, phases: DOWNSTREAM },
  'aimd, slow downstream': { limit: ServiceLimit.AIMD, phases: DOWNSTREAM },
} satisfies Record<string, Run>;
type Name = keyof typeof RUNS;
const NAMES = Object.keys(RUNS) as Name[];

const CLAIM = {
  case: 12,
  construct: 'k8s.BoundedService',
  engine: 'Node.js HTTP server that becomes slower, behind the shipped gate',
  how: `Poisson arrivals at ${PER_SECOND}/s by an own client that does not wait for answers; a server of which half is lost for 80 s, after 20 s as planned: requests of ${WORK.serviceSeconds} s (gamma, coefficient of variation 0.5) share ${SLOTS} processors, then ${SLOTS / 2}. The last 60 s of it count, and 30 s that begin 20 s after all is back; the gate with the variables of the manifest. Predicted by the simulation of ${SEEDS.length} seeds.`,
  scaledBy:
    '270/s on 30 slots and 0.1 s by 90/s on 20 slots and 0.2 s: the same ratios of load to capacity and of promise to work.',
};

function made({ limit }: Run) {
  const chart = emptyChart();
  const { plan } = new BoundedService(chart, 'Api', {
    workload: { peakPerSecond: 60, ...WORK },
    objective: { latencySeconds: LATENCY_SECONDS, errorRatio: 0.05 },
    slotsPerInstance: SLOTS,
    image: 'shop/api:1',
    limit,
  });
  const [gate]: Manifest[] = one(written(chart), 'Deployment').spec.template.spec.initContainers;
  const variables: Record<string, string> = Object.fromEntries(
    gate.env.map(({ name, value }: Manifest) => [name, value]),
  );
  return { plan, variables };
}

/** Numbers of one phase that a simulation and a run both have. */
interface Seen {
  readonly settledLimit: number;
  readonly inTimePerSecond: number;
  readonly refusedRatio: number;
  readonly lateRatio: number;
  readonly p99: number;
}

const simulatedPhase = ({ seconds }: ProgramPhase, runs: readonly SlowingPhase[]): Seen => {
  const latencies = new Quantiles();
  for (const run of runs) latencies.merge(run.latencies);
  const sum = (of: (run: SlowingPhase) => number) => runs.reduce((total, run) => total + of(run), 0);
  const late = sum(({ overdue }) => overdue);
  return {
    settledLimit: sum(({ settledLimit }) => settledLimit) / runs.length,
    inTimePerSecond: (latencies.count - late) / (runs.length * seconds),
    refusedRatio: sum(({ refused }) => refused) / sum(({ requests }) => requests),
    lateRatio: late / latencies.count,
    p99: latencies.quantile(0.99),
  };
};

function simulated(run: Run): Seen[] {
  const { plan } = made(run);
  const value = (name: string) => plan.value(name);
  const runs = SEEDS.map((seed) =>
    runSlowingServer(
      {
        requestsPerSecond: PER_SECOND,
        ...WORK,
        slots: SLOTS,
        queueBound: value('queueBound'),
        waitSeconds: value('waitSeconds'),
        deadlineSeconds: value('serverDeadlineSeconds'),
        phases: run.phases,
        ...(run.limit !== ServiceLimit.FIXED && {
          limit: {
            name: run.limit,
            initial: value('limitInitial'),
            floor: value('limitFloor'),
            ceiling: value('limitCeiling'),
            serviceSeconds: value('limitServiceSeconds'),
            tolerance: value('limitTolerance'),
            windowRequests: value('limitWindowRequests'),
          },
        }),
      },
      seed,
    ),
  );
  return run.phases.map((phase, index) =>
    simulatedPhase(
      phase,
      runs.map((one) => one[index]),
    ),
  );
}

const measuredPhase = ({ seconds }: ProgramPhase, phase: MeasuredPhase): Seen => ({
  settledLimit: phase.settledLimit,
  inTimePerSecond: phase.inTime / seconds,
  refusedRatio: phase.refused / phase.requests,
  lateRatio: phase.late / (phase.inTime + phase.late),
  p99: phase.latencies.quantile(0.99),
});

const predicted = Object.fromEntries(NAMES.map((name) => [name, simulated(RUNS[name])])) as Record<Name, Seen[]>;
let raw: Record<Name, MeasuredPhase[]>;
let measured: Record<Name, Seen[]>;
/** A stall of as much moves a tenth of the promise. */
const STALL_SECONDS = 0.08;
// All at once: together they are a load of 450 requests a second.
beforeAll(async () => {
  const runs = await undisturbed(STALL_SECONDS, () =>
    Promise.all(
      NAMES.map((name, index) =>
        runSlowing({
          variables: made(RUNS[name]).variables,
          serviceSeconds: WORK.serviceSeconds,
          ratePerSecond: PER_SECOND,
          phases: RUNS[name].phases,
          seed: index + 1,
        }),
      ),
    ),
  );
  raw = Object.fromEntries(NAMES.map((name, index) => [name, runs[index]])) as typeof raw;
  measured = Object.fromEntries(
    NAMES.map((name) => [name, RUNS[name].phases.map((phase, index) => measuredPhase(phase, raw[name][index]))]),
  ) as typeof measured;
}, 600_000);
afterAll(endGated);

const claim = (name: Name, phase: number, of: keyof Seen, metric: string, unit: string, off: number, way = 0) => ({
  ...CLAIM,
  metric: `${metric}, ${name}`,
  unit,
  predicted: predicted[name][phase][of] + way,
  measured: measured[name][phase][of],
  tolerance: about(off),
});

test('each request was answered 200, 503 or 504', () => {
  for (const name of NAMES) expect(raw[name].map(({ others }) => others)).toEqual([0, 0, 0, 0, 0]);
});

describe.each(['aimd', 'gradient'] as const)('half of the processors lost, %s', (name) => {
  test('the limit follows the program, and returns to the slots', () => {
    prove(
      claim(name, HALF, 'settledLimit', 'requests in work at most with half of the program', 'requests', 0.08),
      claim(name, AFTER, 'settledLimit', 'requests in work at most after it has returned', 'requests', 0.03),
    );
    expect(raw[name][AFTER].endLimit).toBe(SLOTS);
  });

  test('what is accepted is in time, as simulated', () => {
    prove(claim(name, HALF, 'p99', 'P99 of accepted requests with half of the program', 's', 0.1, WAY_SECONDS / 2), {
      ...claim(name, HALF, 'p99', 'P99 of accepted requests, at most the promise', 's', 0),
      predicted: LATENCY_SECONDS + WAY_SECONDS,
      tolerance: atMost(0.8),
    });
    expect(measured[name][HALF].lateRatio).toBeLessThanOrEqual(0.015);
  });

  test('almost all that half of the program can do is served in time', () => {
    prove(claim(name, HALF, 'inTimePerSecond', 'served in time with half of the program', '1/s', 0.08));
    expect(measured[name][AFTER].refusedRatio).toBeLessThan(0.02);
  });
});

test('with fixed slots a fifth of what was accepted is late, and a quarter less is served in time', () => {
  prove(
    claim('fixed', HALF, 'inTimePerSecond', 'served in time with half of the program', '1/s', 0.08),
    claim('fixed', HALF, 'lateRatio', 'late of what was accepted with half of the program', 'ratio', 0.2),
  );
  for (const name of ['aimd', 'gradient'] as const)
    expect(measured[name][HALF].inTimePerSecond).toBeGreaterThan(1.15 * measured.fixed[HALF].inTimePerSecond);
});

test('behind a downstream that is slow for few requests as well, a limit that follows returns, and its trials cost less than a tenth of what fixed slots serve', () => {
  prove(
    claim('fixed, slow downstream', HALF, 'inTimePerSecond', 'served in time', '1/s', 0.08),
    claim('aimd, slow downstream', HALF, 'inTimePerSecond', 'served in time', '1/s', 0.1),
    claim('aimd, slow downstream', HALF, 'settledLimit', 'requests in work at most', 'requests', 0.08),
  );
  expect(measured['aimd, slow downstream'][HALF].inTimePerSecond).toBeGreaterThan(
    0.9 * measured['fixed, slow downstream'][HALF].inTimePerSecond,
  );
  expect(raw['aimd, slow downstream'][AFTER].endLimit).toBe(SLOTS);
});
