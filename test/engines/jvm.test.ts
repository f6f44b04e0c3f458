/**
 * The flags of the plan on real JVMs, under a program that allocates: they are accepted, and the heap that follows from what
 * the first run measured has no stalls. Less has.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COLLECTOR_NAMES } from '../../lib/flow/jvm/collectors';
import { JVM_LOG_FOLDER } from '../../lib/flow/jvm/knobs';
import { planJvm } from '../../lib/flow/jvm/plan';
import type { JvmPlan, JvmQuestion } from '../../lib/flow/jvm/workload';
import { GcLog, type GcReadings } from '../../lib/runtime/gc-exporter/parser';
import { atMost, EXACT, prove } from '../support/proof';
import { compiled, type Jdk, jdks } from './jvm/jdks';

const MIB = 2 ** 20;
/** A piece of 256 bytes has a header of 16. */
const PIECE = 272 / 256;
const LIVE_MIB = 150;
const RATE_MIB = 250;
const SECONDS = 6;
const RATE = RATE_MIB * PIECE * MIB;
const SAMPLE_MILLIS = 100;
const OUT_OF_MEMORY = 'OutOfMemoryError';

const CLAIM = {
  case: 10,
  construct: 'k8s.JvmService',
  engine: 'OpenJDK 17, 21 and 25',
  how: `${RATE_MIB} MiB a second in pieces of 256 bytes beside ${LIVE_MIB} MiB that stay, for ${SECONDS} s on two processors; the plan from live set and cycle as the exporter read them in a run before.`,
  scaledBy: 'a service of gigabytes by one of 150 MiB: heap and cycle are proportional to the live set.',
};

const classes = compiled();
const found = jdks();
const usable = classes === undefined ? [] : found.filter(({ java }) => java !== undefined);
const missing = [...(classes === undefined ? ['no javac'] : []), ...found.flatMap(({ missing: what }) => what ?? [])];
const folder = mkdtempSync(join(tmpdir(), 'jvm-'));
let runs = 0;
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
  if (classes !== undefined) rmSync(classes, { recursive: true });
});

interface Run {
  readonly readings: GcReadings;
  readonly longestCycleSeconds: number;
  readonly mostBytes: number;
  readonly output: string;
}

interface RunOptions {
  /** Whether it may run out of memory: the flags then end the JVM. */
  readonly mayEnd?: boolean;
  /** Whether the live set is to be read: all of it is marked once it is there. */
  readonly marked?: boolean;
}

/** Runs the allocator with these flags and reads the log as the exporter does. */
async function run({ java }: Jdk, flags: readonly string[], { mayEnd, marked }: RunOptions = {}): Promise<Run> {
  runs += 1;
  const logs = join(folder, String(runs));
  mkdirSync(logs);
  const own = flags.map((flag) => flag.replaceAll(JVM_LOG_FOLDER, logs));
  // In the variable, as the container has them.
  const env = { ...process.env, JDK_JAVA_OPTIONS: own.join(' ') };
  const load = [...[LIVE_MIB, RATE_MIB, SECONDS].map(String), ...(marked ? ['marked'] : [])];
  const child = spawn(java!, ['-cp', classes!, 'Allocate', ...load], { env });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  let mostBytes = 0;
  const sampling = setInterval(() => {
    mostBytes = Math.max(mostBytes, proportionalBytes(child.pid!));
  }, SAMPLE_MILLIS);
  const [code] = await once(child, 'exit');
  clearInterval(sampling);
  if (!mayEnd || !output.includes(OUT_OF_MEMORY)) expect([code, output]).toEqual([0, expect.stringContaining('p99=')]);
  const log = new GcLog(0.001);
  let longestCycleSeconds = 0;
  for (const line of readFileSync(join(logs, 'gc.log'), 'utf8').split('\n')) {
    log.read(line);
    longestCycleSeconds = Math.max(longestCycleSeconds, log.readings.lastCycleSeconds ?? 0);
  }
  return { readings: log.readings, longestCycleSeconds, mostBytes, output };
}

/** ZGC before 21 maps its heap three times: the resident set would count it so often, what is charged to a container not. */
function proportionalBytes(pid: number): number {
  try {
    return 1024 * Number(/^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

const warnings = (output: string) =>
  output
    .split('\n')
    .filter((line) => !line.startsWith('NOTE: Picked up') && /warning|ignor|unrecogni|error/i.test(line));

const question = (release: number, changed: Partial<JvmQuestion> = {}): JvmQuestion => ({
  workload: { allocationBytesPerSecond: RATE, liveBytes: LIVE_MIB * PIECE * MIB, threads: 20 },
  objective: { pauseSeconds: 0.001 },
  jdk: release,
  ...changed,
});

const suite = usable.length > 0 ? describe : describe.skip;
test(`JVMs that are there: ${usable.map(({ release }) => release).join(', ') || 'none'}${missing.length > 0 ? `; ${missing.join('; ')}` : ''}`, () => {});

suite('real JVMs', () => {
  test('start with every set of flags that a plan has for their release, without a word', () => {
    const sets = usable.flatMap((jdk) =>
      COLLECTOR_NAMES.map((collector) => ({
        jdk,
        collector,
        flags: planJvm('Api', question(jdk.release, { collector, objective: { pauseSeconds: 2 } })).flags,
      })),
    );
    const logs = join(folder, 'flags');
    mkdirSync(logs);
    const faults = sets.flatMap(({ jdk, collector, flags }) => {
      const own = flags.map((flag) => flag.replaceAll(JVM_LOG_FOLDER, logs));
      const { status, stdout, stderr } = spawnSync(jdk.java!, [...own, '-version'], { encoding: 'utf8' });
      const said = warnings(stdout + stderr);
      return status === 0 && said.length === 0 ? [] : [[jdk.release, collector, status, ...said]];
    });
    expect(faults).toEqual([]);
    prove({
      ...CLAIM,
      metric: 'sets of flags that start without a warning',
      unit: 'sets',
      predicted: sets.length,
      measured: sets.length - faults.length,
      tolerance: EXACT,
    });
  }, 120_000);

  test.each(usable)(
    'Java $release: the heap of the plan has no stalls, live + rate × cycle has',
    async (jdk) => {
      const first = await run(jdk, planJvm('Api', question(jdk.release, { heapBytes: 1024 * MIB })).flags, {
        marked: true,
      });
      // What was marked while it still grew would be the live set of a start, and the heap for it too small.
      expect(first.readings.liveBytes).toBeGreaterThanOrEqual(LIVE_MIB * MIB);
      const measured = {
        workload: { allocationBytesPerSecond: RATE, liveBytes: first.readings.liveBytes!, threads: 20 },
        cycleSeconds: first.longestCycleSeconds,
      };
      const plan: JvmPlan = planJvm('Api', question(jdk.release, measured));
      // A collector that waits for a processor is late: on a machine that others load too a run is taken a second time.
      const once = await run(jdk, plan.flags);
      const planned = once.readings.stalls === 0 ? once : await run(jdk, plan.flags);
      // Of the mean one: the plan takes the longest, which on a busy machine is several times as long.
      const meanCycle = first.readings.cycleSeconds / first.readings.cycles;
      const habit = Math.ceil((measured.workload.liveBytes + RATE * meanCycle) / MIB);
      const flags = plan.flags.map((flag) => flag.replace(/(-Xm[sx]|SoftMaxHeapSize=)\d+m/, `$1${habit}m`));
      const tight = await run(jdk, flags, { mayEnd: true });
      const show = {
        release: jdk.release,
        cycle: measured.cycleSeconds,
        live: measured.workload.liveBytes / MIB,
        heap: plan.value('heapBytes') / MIB,
        habit,
        planned: planned.readings,
        tight: tight.readings,
        most: planned.mostBytes / MIB,
        container: plan.value('memoryBytes') / MIB,
      };
      if (process.env.SHOW) appendFileSync(process.env.SHOW, `${JSON.stringify(show)}\n`);
      expect(warnings(planned.output)).toEqual([]);
      expect(planned.readings.stalls).toBe(0);
      // So little that it stalls, or runs out of memory.
      expect(tight.readings.stalls > 0 || tight.output.includes(OUT_OF_MEMORY)).toBe(true);
      const { pauseSeconds, pauses, longPauses, cycles, stalls } = planned.readings;
      // Under the same load, work that waits for memory is late: of a hundred pieces of work the latest.
      const late = ({ output }: Run) => Number(/p99=([\d.]+)/.exec(output)?.[1] ?? Number.POSITIVE_INFINITY);
      expect(late(planned)).toBeLessThan(late(tight));
      prove(
        {
          ...CLAIM,
          metric: `collections of Java ${jdk.release} without a stall`,
          unit: 'collections',
          predicted: cycles,
          measured: cycles - stalls,
          tolerance: EXACT,
        },
        {
          ...CLAIM,
          metric: `share of the pauses of Java ${jdk.release} that are longer than promised`,
          unit: 'ratio',
          predicted: plan.value('alarmPauseRatio'),
          measured: longPauses / pauses,
          tolerance: atMost(0),
        },
        {
          ...CLAIM,
          metric: `mean pause of Java ${jdk.release}`,
          unit: 's',
          predicted: plan.predictions.pauseSeconds,
          measured: pauseSeconds / pauses,
          tolerance: atMost(0),
        },
        {
          ...CLAIM,
          metric: `memory of Java ${jdk.release} at most`,
          unit: 'bytes',
          predicted: plan.value('memoryBytes'),
          measured: planned.mostBytes,
          tolerance: atMost(0.4),
        },
      );
    },
    180_000,
  );
});
