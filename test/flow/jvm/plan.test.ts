import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { COLLECTOR_NAMES, RELEASED_FLAGS } from '../../../lib/flow/jvm/collectors';
import { planJvm } from '../../../lib/flow/jvm/plan';
import { runStoppedServer } from '../../../lib/flow/jvm/simulation';
import { brokenBy, mostLive, sizesOf } from '../../../lib/flow/jvm/sizing';
import type { JvmQuestion } from '../../../lib/flow/jvm/workload';
import type { Value } from '../../../lib/rules/document';
import { largeHeap } from '../../../lib/rules/jvm-flags';
import { optional, runs, spread } from '../../support/property';

const MIB = 2 ** 20;
const NOWHERE = undefined as unknown as Value;

/** As it was measured with JDK 17: 427 MiB live, 934 MiB a second, 0.135 s a cycle. */
const measured: JvmQuestion = {
  workload: { allocationBytesPerSecond: 934 * MIB, liveBytes: 427 * MIB },
  objective: { pauseSeconds: 0.001 },
  jdk: 17,
  cycleSeconds: 0.135,
};
const asked = (changed: Partial<JvmQuestion> = {}) => planJvm('Api', { ...measured, ...changed });

function refusal(make: () => unknown): CapacityError {
  try {
    make();
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('known answers', () => {
  test('a heap below live + 2 × rate × cycle stalls, and the plan takes twice as much beside the live set', () => {
    const { leastHeapBytes } = sizesOf(measured, 'ZGC');
    expect(Math.round(leastHeapBytes / MIB)).toBe(679);
    // 931, up to whole pages of 2 MiB. 0 stalls in ten seconds were measured from 1,024 on, 1 at 960.
    expect(asked().value('heapBytes')).toBe(932 * MIB);
  });

  test('generations need less, but no heap is more than 60 % live: there 1 stall was measured at 640 MiB, none at 768', () => {
    const young = asked({ jdk: 21, cycleSeconds: 0.04 });
    expect(young.value('heapBytes')).toBe(712 * MIB);
    // 1.1 × live + 2 × 2 × rate × cycle is 769: above the 60 %, the cycle decides.
    expect(asked({ jdk: 21, cycleSeconds: 0.08 }).value('heapBytes')).toBe(770 * MIB);
    expect(young.value('memoryBytes')).toBeLessThan(asked().value('memoryBytes'));
  });

  test('a cycle that nobody measured is the live set at 1 GB/s a thread, a third of it for young objects', () => {
    const seconds = (jdk: number, cpu: number) => asked({ jdk, cpu, cycleSeconds: undefined }).value('cycleSeconds');
    expect(seconds(17, 4)).toBeCloseTo((427 * MIB) / 1e9, 12);
    expect(seconds(21, 4)).toBeCloseTo((427 * MIB) / 3e9, 12);
    expect(seconds(21, 8)).toBeCloseTo((427 * MIB) / 6e9, 12);
  });

  test('threads beside the program are a quarter of the processors, one at least', () => {
    const threads = (cpu: number) => sizesOf({ ...measured, cpu }, 'ZGC').concurrentThreads;
    expect([2, 4, 8, 16].map(threads)).toEqual([1, 1, 2, 4]);
  });

  // 4 to 25 ms were measured beside 5 and 20 MB: with a cycle in proportion the heap would have been 36 MB, and 64 stalled.
  test('a collection beside a small live set takes 20 ms all the same', () => {
    const small = { workload: { allocationBytesPerSecond: 531 * MIB, liveBytes: 20 * MIB }, cycleSeconds: undefined };
    expect(asked({ ...small, jdk: 21 }).value('cycleSeconds')).toBe(0.02);
    expect(asked({ ...small, jdk: 21 }).value('heapBytes')).toBe(66 * MIB);
  });

  // With 2 MiB not each collector of 17, 21 and 25 started, with 4 they did.
  test('no heap is smaller than one with which a JVM starts', () => {
    const idle = { workload: { allocationBytesPerSecond: 1, liveBytes: 1 }, cycleSeconds: undefined };
    const heaps = COLLECTOR_NAMES.map((collector) =>
      asked({ ...idle, collector, objective: { pauseSeconds: 1 } }).value('heapBytes'),
    );
    expect(heaps).toEqual(COLLECTOR_NAMES.map(() => 4 * MIB));
  });

  // With live ÷ 0.45 it would stop every 36 ms for 50: refused, although a larger heap is all that it needs.
  test.each([
    ['G1', 0.15],
    // Its old collections stop the program too.
    ['Parallel', 0.2],
  ])('%s gets room to run, however little is live', (collector, most) => {
    const workload = { allocationBytesPerSecond: 750e6, liveBytes: 20e6 };
    const plan = asked({ collector, workload, objective: { pauseSeconds: 0.2 }, cycleSeconds: undefined });
    // 2 × 750 MB/s × 0.15 s are 225 MB of young objects at least.
    expect(plan.value('heapBytes')).toBeGreaterThan(225e6);
    expect(plan.predictions.stoppedRatio).toBeLessThan(most);
  });

  test('a heap by hand of a JVM with generations is at most 65 % live: with 67 % it stalled', () => {
    const young = { jdk: 21, cycleSeconds: 0.001, cpu: 4 };
    const held = (ratio: number) => asked({ ...young, heapBytes: Math.ceil((427 * MIB) / ratio) });
    expect(held(0.63).value('heapBytes')).toBeGreaterThan(0);
    expect(refusal(() => held(0.67)).message).toMatch(/a heap of .* stalls/);
  });

  test.each([17, 21].flatMap((jdk) => COLLECTOR_NAMES.map((collector) => [jdk, collector] as const)))(
    'Java %d, %s: with the live set of the alarm the heap is just large enough',
    (jdk, collector) => {
      const question = { ...measured, jdk, collector, cpu: 8, objective: { pauseSeconds: 5 }, spikeTolerance: 1.5 };
      const liveBytes = mostLive(question, sizesOf(question, collector));
      const least = (live: number) =>
        sizesOf({ ...question, workload: { ...measured.workload, liveBytes: live } }, collector).leastHeapBytes;
      const { heapBytes } = sizesOf(question, collector);
      expect(least(liveBytes * 0.999)).toBeLessThanOrEqual(heapBytes);
      expect(least(liveBytes * 1.001)).toBeGreaterThan(heapBytes);
      const alarm = asked({ ...question }).value('alarmLiveBytes');
      expect(alarm).toBeLessThanOrEqual(Math.max(liveBytes, 1.05 * 427 * MIB));
    },
  );

  test('the cycle of a collector that stops the program names what it was divided by', () => {
    const plan = asked({ collector: 'Parallel', objective: { pauseSeconds: 2 }, cycleSeconds: undefined, cpu: 4 });
    const { inputs, value } = plan.knobs.find(({ name }) => name === 'cycleSeconds')!;
    expect(inputs).toEqual({ liveBytes: 427 * MIB, bytesPerSecond: 5e8, processors: 4 });
    expect(value).toBeCloseTo((427 * MIB) / (5e8 * 4), 12);
  });

  test('a container is the sum of its parts: 1,024 + 128 + 128 + 200 + 64 + 52 + 64 are 1,664 MiB', () => {
    const plan = asked({ heapBytes: 1024 * MIB });
    expect(plan.value('memoryBytes')).toBe(1664 * MIB);
    expect(plan.value('metaspaceBytes')).toBe(128 * MIB);
    expect(plan.value('codeCacheBytes')).toBe(128 * MIB);
    expect(plan.value('stackBytes')).toBe(200 * MIB);
  });

  // virtualcell/vcell PR 1899: 80 % of 2,000 Mi as heap, 700 Mi measured beside it, killed every hour.
  test('a heap of 1,600 MiB does not fit into 2,000 MiB', () => {
    const { message } = refusal(() =>
      asked({ heapBytes: 1600 * MIB, objective: { pauseSeconds: 0.001, memoryBytes: 2000 * MIB } }),
    );
    expect(message).toMatch(/^Api: the container has to be 2.\d GB, 2 GB are allowed; memoryBytes of \d+/);
  });

  // ZGC begins when what is free lasts for a cycle at the tolerated rate: between two the program fills (τ − 1) × rate × cycle.
  test('a collection begins every second cycle, so ZGC takes half of its threads: 25 % of two processors', () => {
    const { collectorCpuRatio, intervalSeconds } = asked().predictions;
    expect(intervalSeconds).toBeCloseTo(2 * 0.135, 2);
    expect(collectorCpuRatio).toBeCloseTo(0.25, 2);
    expect(asked({ spikeTolerance: 4 }).predictions.collectorCpuRatio).toBeCloseTo(0.125, 2);
  });

  test('the heap bears twice the load, and the plan says so', () => {
    expect(asked().predictions.breaksAtLoad).toBeGreaterThan(1.95);
    expect(asked().predictions.breaksAtLoad).toBeLessThan(2.05);
  });

  test('G1 where it keeps the pause, ZGC below 50 ms, and nothing else by itself', () => {
    const long = { objective: { pauseSeconds: 0.2 }, cycleSeconds: undefined, jdk: 21 };
    expect(asked({ ...long, workload: { ...measured.workload, allocationBytesPerSecond: 50 * MIB } }).collector).toBe(
      'G1',
    );
    expect(asked({ ...long, objective: { pauseSeconds: 0.049 } }).collector).toBe('ZGC');
  });

  test('a promise of latency is Erlang C with what the collector leaves of the processors, and a pause', () => {
    const plan = planJvm('Api', {
      workload: {
        allocationBytesPerSecond: 750e6,
        liveBytes: 800e6,
        requestsPerSecond: 143.5,
        serviceSeconds: 0.02,
        requestThreads: 4,
      },
      objective: { pauseSeconds: 0.005 },
      jdk: 21,
      cpu: 4,
    });
    expect(plan.predictions.collectorCpuRatio).toBeCloseTo(0.125, 2);
    expect(plan.predictions.latencySeconds).toBeCloseTo(0.172, 3);
  });

  test('each alarm compares with a number beyond the plan, below what breaks it', () => {
    const plan = asked();
    const { leastHeapBytes } = sizesOf(measured, 'ZGC');
    expect(plan.value('alarmStalls')).toBe(0);
    expect(plan.value('alarmCycleSeconds')).toBeCloseTo(1.5 * 0.135, 9);
    expect(plan.value('alarmAllocationBytesPerSecond')).toBe(1.25 * 934 * MIB);
    expect(plan.value('alarmLiveBytes') - 427 * MIB).toBeLessThanOrEqual(plan.value('heapBytes') - leastHeapBytes);
    expect(plan.value('alarmMemoryBytes')).toBeLessThan(plan.value('memoryBytes'));
  });
});

describe('the flags', () => {
  const flags = (changed: Partial<JvmQuestion>) => asked({ cycleSeconds: undefined, ...changed }).flags;

  test.each<[number, string, string[]]>([
    [17, 'ZGC', ['-XX:+UseZGC']],
    [20, 'ZGC', ['-XX:+UseZGC']],
    [21, 'ZGC', ['-XX:+UseZGC', '-XX:+ZGenerational']],
    [22, 'ZGC', ['-XX:+UseZGC', '-XX:+ZGenerational']],
    // The default since 23; 24 ignores the flag with a warning.
    [23, 'ZGC', ['-XX:+UseZGC']],
    [25, 'ZGC', ['-XX:+UseZGC']],
    [21, 'Shenandoah', ['-XX:+UseShenandoahGC']],
    // An experiment in 24.
    [24, 'Shenandoah', ['-XX:+UseShenandoahGC']],
    [25, 'Shenandoah', ['-XX:+UseShenandoahGC', '-XX:ShenandoahGCMode=generational']],
    [25, 'G1', ['-XX:+UseG1GC']],
    [17, 'Parallel', ['-XX:+UseParallelGC']],
  ])('Java %d, %s: %j', (jdk, collector, wanted) => {
    const given = flags({ jdk, collector, cpu: 8, objective: { pauseSeconds: 2 } });
    expect(given.filter((flag) => /Use\w+GC$|Generational|GCMode/.test(flag))).toEqual(wanted);
  });

  test('each number of a flag is a knob of the plan', () => {
    const plan = asked();
    const mebibytes = (name: string) => `${plan.value(name) / MIB}m`;
    expect(plan.flags).toEqual(
      expect.arrayContaining([
        `-Xms${mebibytes('heapBytes')}`,
        `-Xmx${mebibytes('heapBytes')}`,
        `-XX:ActiveProcessorCount=${plan.value('cpu')}`,
        `-XX:ConcGCThreads=${plan.value('concurrentThreads')}`,
        `-XX:ZAllocationSpikeTolerance=${plan.value('spikeTolerance')}`,
        `-XX:MaxMetaspaceSize=${mebibytes('metaspaceBytes')}`,
        `-XX:ReservedCodeCacheSize=${mebibytes('codeCacheBytes')}`,
        `-XX:MaxDirectMemorySize=${mebibytes('directBytes')}`,
      ]),
    );
    expect(plan.flags.find((flag) => flag.startsWith('-Xlog'))).toContain(
      `filecount=${plan.value('gcLogFiles')},filesize=${mebibytes('gcLogFileBytes')}`,
    );
  });

  test('a goal for pauses only where a collector has one', () => {
    const goal = (collector: string) =>
      flags({ collector, cpu: 8, jdk: 21, objective: { pauseSeconds: 2 } }).filter((flag) => /MaxGCPause/.test(flag));
    expect(goal('G1')).toEqual(['-XX:MaxGCPauseMillis=2000']);
    expect([...goal('ZGC'), ...goal('Shenandoah')]).toEqual([]);
  });

  test('none that its release does not have, ignores, or has as an experiment', () => {
    for (let jdk = 17; jdk <= 26; jdk += 1) {
      for (const collector of COLLECTOR_NAMES) {
        const given = flags({ jdk, collector, cpu: 8, objective: { pauseSeconds: 2 } });
        for (const { flag, productFrom, ignoredFrom = Number.POSITIVE_INFINITY } of RELEASED_FLAGS) {
          if (!given.some((one) => one.replace('-XX:', '').replace(/^\+/, '') === flag)) continue;
          expect([jdk, flag, jdk >= productFrom && jdk < ignoredFrom]).toEqual([jdk, flag, true]);
        }
      }
    }
  });

  test('a size that is no whole MiB is given in KiB, upwards: with less a part runs out', () => {
    const given = flags({
      workload: { ...measured.workload, directBytes: 64e6 },
      codeCacheBytes: 3e6,
      metaspaceBytes: 100.5 * MIB,
    });
    expect(given).toEqual(
      expect.arrayContaining([
        '-XX:MaxDirectMemorySize=62500k',
        '-XX:ReservedCodeCacheSize=2930k',
        '-XX:MaxMetaspaceSize=102912k',
      ]),
    );
  });

  // 0 would allow as much as the heap.
  test('direct memory is bounded where the workload has none', () => {
    expect(flags({ workload: { ...measured.workload, directBytes: 0 } })).toContain('-XX:MaxDirectMemorySize=1m');
  });
});

describe('what cannot be done is refused', () => {
  test.each<[string, Partial<JvmQuestion>, RegExp]>([
    [
      'a heap by hand that stalls',
      { heapBytes: 600 * MIB },
      /a heap of 600 MB stalls: .* need 680 MB at least; .*leave heapBytes out/,
    ],
    [
      'a collector that stops the program, for a millisecond',
      { collector: 'G1' },
      /G1 stops the program for 50 ms, 1 ms are promised; .*leave collector out/,
    ],
    [
      'ZGC on one processor',
      { cpu: 1 },
      /ZGC collects beside the program, and 1 processor leaves it no place to; .*2 processors/,
    ],
    [
      'a collector that takes half of the processors',
      { spikeTolerance: 1 },
      /takes 49.7 % of the processors, more than 25 %; .*4 processors/,
    ],
    [
      'requests that take too long',
      {
        cpu: 4,
        workload: { ...measured.workload, requestsPerSecond: 150, serviceSeconds: 0.02 },
        objective: { pauseSeconds: 0.001, latencySeconds: 0.15 },
      },
      /requests take \d+ ms, 150 ms are promised; .*requestsPerSecond of \d+/,
    ],
    [
      'a container that is too small: also with a newer Java as a way out',
      { objective: { pauseSeconds: 0.001, memoryBytes: 1500 * MIB }, cycleSeconds: undefined, cpu: 8 },
      /the container has to be .* are allowed; memoryBytes of \d+, .*jdk 21, whose collectors know young objects/,
    ],
  ])('%s', (_name, changed, message) => {
    expect(refusal(() => asked(changed)).message).toMatch(message);
  });

  test.each<[string, Partial<JvmQuestion>]>([
    ['jdk must be a whole number, between 17 and 26, got 11', { jdk: 11 }],
    ["collector must be one of G1, Parallel, Shenandoah, ZGC, got 'CMS'", { collector: 'CMS' }],
    ['pauseSeconds must be between 0.001 and 31536000, got 0', { objective: { pauseSeconds: 0 } }],
    ['requestsPerSecond is missing', { objective: { pauseSeconds: 1, latencySeconds: 1 } }],
    ['metaspaceBytes must be between 4194304 and', { metaspaceBytes: MIB }],
    ['codeCacheBytes must be between 2555904 and 2147483648, got 2097152', { codeCacheBytes: 2 * MIB }],
    ['codeCacheBytes must be between 2555904 and 2147483648, got', { codeCacheBytes: 2100 * MIB }],
    ['heapBytes must be between 4194304 and', { heapBytes: 2 * MIB }],
    ["platform must be one of kubernetes, fargate, got 'ec2'", { platform: 'ec2' }],
    ['cpu must be 1, 2, 4, 8 or 16 on Fargate, got 3', { platform: 'fargate', cpu: 3 }],
    ['liveBytes must be above 0', { workload: { ...measured.workload, liveBytes: 0 } }],
  ])('%s', (message, changed) => {
    expect(() => asked(changed)).toThrow(InvalidInputError);
    expect(() => asked(changed)).toThrow(message);
  });
});

const questions = fc.record({
  workload: fc.record({
    allocationBytesPerSecond: spread(1e6, 5e9),
    liveBytes: spread(1e6, 2e10),
    survivorRatio: optional(fc.double({ min: 0, max: 1, noNaN: true })),
    requestsPerSecond: spread(1, 300),
    serviceSeconds: spread(0.001, 0.05),
    requestThreads: optional(fc.integer({ min: 1, max: 32 })),
  }),
  objective: fc.record({
    pauseSeconds: spread(0.001, 2),
    latencySeconds: optional(spread(0.01, 10)),
    memoryBytes: optional(spread(1e9, 1e11)),
  }),
  jdk: fc.integer({ min: 17, max: 26 }),
  collector: optional(fc.constantFrom<string>(...COLLECTOR_NAMES)),
  cpu: optional(fc.constantFrom(1, 2, 3, 4, 8, 16, 32)),
  spikeTolerance: optional(fc.constantFrom(1, 1.5, 2, 4)),
});

test('a container with less than its bounds need is found, whatever share the heap has', () => {
  const plan = asked({ heapBytes: 8192 * MIB, jdk: 21 });
  const text = plan.flags.join(' ');
  expect(plan.value('heapBytes') / plan.value('memoryBytes')).toBeGreaterThan(0.8);
  const foundAt = (limit: number) => [...largeHeap({ at: NOWHERE, text }, limit, 'the limit')].length;
  expect(foundAt(plan.value('memoryBytes'))).toBe(0);
  expect(foundAt(plan.value('heapBytes') + 256 * MIB)).toBe(1);
  const unbounded = text.replace(/-XX:MaxDirectMemorySize=\S+/, '');
  expect([...largeHeap({ at: NOWHERE, text: unbounded }, plan.value('memoryBytes'), 'the limit')]).toHaveLength(1);
});

describe('on Fargate', () => {
  test('has no knob of a pod, and a pod none of a task', () => {
    const names = (platform?: 'fargate') => asked({ platform, cycleSeconds: undefined }).knobs.map(({ name }) => name);
    const ofPods = ['alarmMemoryBytes', 'alarmHoldSeconds', 'alarmDownSeconds', 'scrapeSeconds', 'logVolumeBytes'];
    expect(names('fargate').filter((name) => ofPods.includes(name))).toEqual([]);
    expect(
      names()
        .filter((name) => ofPods.includes(name))
        .sort(),
    ).toEqual([...ofPods].sort());
    expect(names()).not.toContain('alarmTaskMebibytes');
  });

  const task = (changed: Partial<JvmQuestion> = {}) =>
    asked({ platform: 'fargate', cycleSeconds: undefined, ...changed });

  test('the smallest task in which the JVM and its exporter find room', () => {
    // A heap of 1,024 MiB makes a container of 1,664; with 96 of the exporter 1,760, and 2 processors have 4,096 at least.
    const plan = task({ jdk: 21, cycleSeconds: 0.04, heapBytes: 1024 * MIB });
    expect(plan.value('taskCpuUnits')).toBe(2048);
    expect(plan.value('taskMemoryBytes')).toBe(4096 * MIB);
    expect(plan.value('jvmMemoryBytes')).toBe(4000 * MIB);
    // A container that fills 4,096 leaves none for the exporter.
    const larger = task({ jdk: 21, cycleSeconds: 0.04, heapBytes: 3344 * MIB });
    expect(larger.value('memoryBytes')).toBe(4096 * MIB);
    expect(larger.value('taskMemoryBytes')).toBe(5120 * MIB);
  });

  test('its alarm on memory is that of the container, and of the exporter, which is in the same number', () => {
    const plan = task({ jdk: 21, cycleSeconds: 0.04, heapBytes: 1024 * MIB });
    expect(plan.value('alarmTaskMebibytes')).toBe(1664 + 96 - 32);
    expect(plan.value('alarmHoldPeriods') * plan.value('metricSeconds')).toBe(plan.value('alarmPeriodSeconds'));
  });

  test('a container that no task with its processors has room for is refused, with the processors that have', () => {
    const workload = { allocationBytesPerSecond: 100e6, liveBytes: 12e9 };
    expect(refusal(() => task({ workload, jdk: 21 })).message).toMatch(
      /a Fargate task with 2 processors has 16 GB for it and its exporter at most; .*4 processors/,
    );
    expect(task({ workload, jdk: 21, cpu: 4 }).value('taskMemoryBytes')).toBeLessThanOrEqual(30_720 * MIB);
  });
});

test('random JVMs: a plan that keeps its promises, or a named error with ways out', () => {
  let [planned, refused] = [0, 0];
  fc.assert(
    fc.property(questions, (question) => {
      try {
        const plan = planJvm('Api', question);
        planned += 1;
        expect(plan.predictions.pauseSeconds).toBeLessThanOrEqual(question.objective.pauseSeconds);
        expect(plan.value('memoryBytes')).toBeLessThanOrEqual(
          question.objective.memoryBytes ?? Number.POSITIVE_INFINITY,
        );
        expect(plan.value('memoryBytes')).toBeGreaterThan(plan.value('heapBytes'));
        // Large heaps are more than 80 % of their container: what is beside them is bounded, and the rule knows it.
        const text = plan.flags.join(' ');
        expect([...largeHeap({ at: NOWHERE, text }, plan.value('memoryBytes'), 'the limit')]).toEqual([]);
        expect(plan.value('heapBytes')).toBeGreaterThan(question.workload.liveBytes);
        for (const { value } of plan.knobs) expect(Number.isFinite(value)).toBe(true);
      } catch (error) {
        if (!(error instanceof CapacityError)) throw error;
        refused += 1;
        expect(error.waysOut.length).toBeGreaterThan(0);
        expect(error.message).not.toMatch(/NaN|undefined|never/);
      }
    }),
    { numRuns: runs },
  );
  expect(Math.min(planned, refused)).toBeGreaterThan(runs / 10);
});

test('each way out that names a number keeps the promise', () => {
  const numbers =
    /^(allocationBytesPerSecond|requestsPerSecond|liveBytes|memoryBytes|pauseSeconds|latencySeconds|heapBytes) of ([\d.e+-]+)$/;
  let tried = 0;
  fc.assert(
    fc.property(questions, (question) => {
      let ways: readonly string[] = [];
      try {
        planJvm('Api', question);
      } catch (error) {
        ways = (error as CapacityError).waysOut;
      }
      for (const way of ways) {
        const [, name, text] = numbers.exec(way) ?? [];
        if (name === undefined) continue;
        const part = name in question.objective ? 'objective' : 'workload';
        const changed =
          name === 'heapBytes'
            ? { ...question, heapBytes: Number(text) }
            : { ...question, [part]: { ...question[part], [name]: Number(text) } };
        expect([way, (() => planJvm('Api', changed).subject)()]).toEqual([way, 'Api']);
        tried += 1;
      }
    }),
    { numRuns: runs },
  );
  expect(tried).toBeGreaterThan(runs / 4);
});

test('more allocation never needs a smaller heap', () => {
  fc.assert(
    fc.property(questions, fc.double({ min: 1, max: 10, noNaN: true }), (question, times) => {
      const { workload } = question;
      const more = {
        ...question,
        workload: { ...workload, allocationBytesPerSecond: times * workload.allocationBytesPerSecond },
      };
      for (const collector of COLLECTOR_NAMES) {
        expect(sizesOf(more, collector).heapBytes).toBeGreaterThanOrEqual(sizesOf(question, collector).heapBytes);
      }
    }),
    { numRuns: runs },
  );
});

test('at the multiple at which the promise breaks it is broken, and a little below it is kept', () => {
  const question = { ...measured, jdk: 21, cpu: 4 };
  const { breaksAtLoad } = planJvm('Api', question).predictions;
  const sizes = sizesOf(question, 'ZGC');
  expect(brokenBy(question, sizes, breaksAtLoad * 1.001)).toBeDefined();
  expect(brokenBy(question, sizes, breaksAtLoad * 0.97)).toBeUndefined();
});

describe('a server that stands still now and then', () => {
  const server = {
    requestsPerSecond: 30,
    serviceSeconds: 0.02,
    serviceVariation: 1,
    slots: 1,
    runSeconds: 0.9,
    stopSeconds: 0,
  };

  test('without stops it is M/M/1: the mean time is 1 ÷ (μ − λ)', () => {
    expect(runStoppedServer(server, 20_000, 1).meanLatencySeconds).toBeCloseTo(1 / (50 - 30), 2);
  });

  // With next to no load a request waits for the rest of a stop alone: stop² ÷ 2 ÷ (run + stop), and works on in another.
  test('with hardly any load the mean is the service and what is left of a stop', () => {
    const rare = { ...server, requestsPerSecond: 2, serviceSeconds: 1e-4, stopSeconds: 0.3 };
    expect(runStoppedServer(rare, 40_000, 1).meanLatencySeconds).toBeCloseTo(0.3 ** 2 / 2 / 1.2, 2);
  });

  test('the threads belong to it: sixteen at 88 % with the same stops stay far below 800 ms', () => {
    const many = { ...server, slots: 16, requestsPerSecond: 528, stopSeconds: 0.3 };
    const { latencyP99Seconds } = runStoppedServer(many, 1800, 1);
    expect(latencyP99Seconds).toBeGreaterThan(0.3);
    expect(latencyP99Seconds).toBeLessThan(0.45);
  });
});
