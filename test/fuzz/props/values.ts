/** Good values as a rule, and what is put in their place. */
import { Duration, Lazy } from 'aws-cdk-lib';
import { Duration as ChartDuration } from 'cdk8s';
import fc from 'fast-check';
import { optional, spread } from '../../support/property';

/** A parameter of the template, which the maker of an AWS construct declares in its stack. */
export class Parameter {
  constructor(public readonly type: 'String' | 'Number') {}
}

/** Which values that only a deployment knows can be met. */
export type Tokens = 'cdk' | 'text' | 'none';

const NUMBERS = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0,
  Number.MIN_VALUE,
  1e-300,
  1e-9,
  0.5,
  1.5,
  -1,
  1,
  2,
  65_536,
  1e9,
  2 ** 31,
  2 ** 53,
  1e15,
  1e100,
  Number.MAX_VALUE,
];

const TEXTS = [
  '',
  ' ',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  '名前',
  'naïve',
  'UPPER',
  'two words',
  'a/b',
  '../../etc/passwd',
  'a'.repeat(300),
  '"} or vector(1) #',
  '$(id)',
  `'; kind: Secret`,
  'line\nbreak: true',
  '{{ value }}',
  '\u0000',
  '*',
  '-',
  '1e3',
];

const DURATIONS: readonly [number, number][] = [
  // Count and milliseconds of the unit.
  [1, 1],
  [1500, 1],
  [0, 1000],
  [0.5, 1000],
  [1, 1000],
  [90, 1000],
  [7.3, 60_000],
  [1, 86_400_000],
  [15, 86_400_000],
  [36_500, 86_400_000],
];

/** Ids of constructs. The tree itself refuses an empty one, and takes those of `Object.prototype` for taken. */
export const ids = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('Orders', 'Webhooks2', 'my-queue') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '名前',
      'naïve',

      'two words',
      'a.b',
      '1',
      '-',
      'a'.repeat(120),
    ),
  },
);

/** Numbers over all orders of magnitude, one time in sixteen. */
export const figures = (min: number, max: number) =>
  fc.oneof({ weight: 15, arbitrary: spread(min, max) }, { weight: 1, arbitrary: spread(1e-12, 1e15) });

/** What a rate-limited sender sends. */
export const ratesWorkload = fc.record({
  campaignMessages: optional(figures(1, 1e7)),
  steadyPerSecond: optional(spread(0.001, 100)),
  recipientsPerMessage: optional(fc.integer({ min: 1, max: 50 })),
  callSeconds: figures(0.01, 5),
  undeliverableRatio: optional(spread(0.001, 0.2)),
});

/** What a service is sized from. A promise takes some times the work, or there would be nothing but refusals. */
export const serviceNumbers = () =>
  fc
    .record({
      peakPerSecond: figures(0.1, 2000),
      steadyShare: optional(spread(0.05, 1)),
      peakSeconds: optional(figures(600, 86_400)),
      serviceSeconds: figures(0.001, 0.5),
      serviceVariation: optional(fc.double({ min: 0, max: 1.5, noNaN: true })),
      coldStartSeconds: optional(figures(0.1, 60)),
      latencyFactor: spread(10, 60),
      latencyQuantile: optional(fc.constantFrom(0.5, 0.9, 0.99, 0.999)),
      errorRatio: optional(figures(1e-4, 0.5)),
      headroom: optional(fc.constantFrom(1, 1.25, 2)),
      downstreams: optional(
        fc.uniqueArray(fc.record({ name: fc.constantFrom('db', 'stock-api'), share: spread(0.01, 0.2) }), {
          selector: ({ name }) => name,
        }),
      ),
    })
    .map(({ steadyShare, latencyFactor, latencyQuantile, errorRatio, headroom, downstreams, ...workload }) => ({
      workload: {
        ...workload,
        ...(steadyShare !== undefined && { steadyPerSecond: steadyShare * workload.peakPerSecond }),
      },
      objective: { latencySeconds: latencyFactor * workload.serviceSeconds, latencyQuantile, errorRatio, headroom },
      downstreams: downstreams?.map(({ name, share }) => ({
        name,
        latencySeconds: share * workload.serviceSeconds,
      })),
    }));

/** Records of a stream into a table. */
export const etlWorkload = fc
  .record({
    steadyPerSecond: figures(1, 20_000),
    peakFactor: optional(figures(1, 5)),
    recordBytes: figures(10, 100_000),
    coreSecondsPerRecord: figures(1e-5, 0.01),
    batchSeconds: optional(figures(1, 60)),
    window: optional(
      fc.record({
        windowSeconds: fc.integer({ min: 1, max: 3600 }),
        lateSeconds: optional(fc.integer({ min: 0, max: 7200 })),
        keysPerWindow: optional(fc.integer({ min: 1, max: 1e7 })),
      }),
    ),
  })
  .map(({ peakFactor, window, ...rest }) => ({
    ...rest,
    ...(peakFactor !== undefined && { peakPerSecond: rest.steadyPerSecond * peakFactor }),
    ...window,
  }));

/** Records of a stream. */
export const streamWorkload = fc
  .record({
    steadyPerSecond: figures(0.1, 500),
    peakFactor: optional(figures(1, 20)),
    peakSeconds: fc.integer({ min: 0, max: 7200 }),
    recordSeconds: figures(1e-4, 0.02),
    recordVariation: optional(fc.constantFrom(0, 1)),
    batchSeconds: optional(spread(1e-4, 0.02)),
    recordBytes: optional(spread(50, 50_000)),
    keys: optional(fc.integer({ min: 1000, max: 1e6 })),
    poisonRatio: optional(spread(1e-6, 0.01)),
  })
  .map(({ peakFactor, ...rest }) => ({
    ...rest,
    ...(peakFactor === undefined ? {} : { peakPerSecond: rest.steadyPerSecond * peakFactor }),
  }));

/** What a stream promises. */
export const streamObjective = fc.record({
  latencySeconds: figures(10, 3600),
  maxLag: optional(figures(20_000, 1e7)),
  headroom: optional(fc.double({ min: 1.01, max: 3, noNaN: true })),
});

/** Workloads of queues, weighted to their extremes by `figures` and by the changes made to them. */
export const queueWorkload = fc
  .record({
    steadyPerSecond: figures(0.001, 200),
    peakFactor: optional(figures(1, 100)),
    peakSeconds: fc.integer({ min: 0, max: 7200 }),
    burstItems: optional(fc.integer({ min: 0, max: 10_000 })),
    serviceSeconds: figures(0.001, 5),
    serviceVariation: optional(figures(0.01, 5)),
    itemBytes: optional(figures(1, 1e6)),
    failureRatio: optional(spread(1e-6, 0.5)),
    poisonRatio: optional(spread(1e-6, 0.5)),
  })
  .map(({ peakFactor, peakSeconds, burstItems, ...rest }) => ({
    ...rest,
    // One of the two.
    ...(peakFactor === undefined ? { burstItems } : { peakPerSecond: rest.steadyPerSecond * peakFactor, peakSeconds }),
  }));

export const queueObjective = fc.record({
  latencySeconds: figures(10, 36_000),
  latencyQuantile: optional(fc.double({ min: 0.5, max: 0.9999, noNaN: true })),
  maxBacklog: optional(figures(10_000, 1e7)),
  monthlyCost: optional(figures(100, 1e6)),
});

export const consumers = fc.option(
  fc.record({
    slotsPerInstance: optional(fc.integer({ min: 1, max: 50 })),
    pollSeconds: optional(spread(0.1, 60)),
    decideSeconds: optional(spread(0.1, 60)),
    startSeconds: optional(spread(0.1, 300)),
    minInstances: optional(fc.integer({ min: 0, max: 5 })),
    maxInstances: optional(fc.integer({ min: 1, max: 1000 })),
    instanceLimit: optional(fc.integer({ min: 1, max: 1000 })),
    maxAttempts: optional(fc.integer({ min: 1, max: 20 })),
    itemTimeoutSeconds: optional(fc.integer({ min: 1, max: 10_000 })),
    instanceHourCost: optional(spread(0.001, 10)),
  }),
  // Each of its numbers may contradict the rest.
  { nil: undefined, freq: 1 },
);

export const seconds = (min: number, max: number) => fc.integer({ min, max }).map((count) => Duration.seconds(count));
export const chartSeconds = (min: number, max: number) =>
  fc.integer({ min, max }).map((count) => ChartDuration.seconds(count));

/** One change: which of the values, and what is put there. */
export type Change = readonly [number, number];
export const changes: fc.Arbitrary<Change[]> = fc
  .constantFrom(0, 1, 1, 1, 2, 2, 3)
  .chain((count) => fc.array(fc.tuple(fc.nat(1e6), fc.nat(1e6)), { minLength: count, maxLength: count }));

/** Where good numbers are refused more often than elsewhere: two in three are left as they are. */
export const fewChanges: fc.Arbitrary<Change[]> = fc
  .constantFrom(0, 0, 0, 0, 1, 2)
  .chain((count) => fc.array(fc.tuple(fc.nat(1e6), fc.nat(1e6)), { minLength: count, maxLength: count }));

/** Props with some of their values changed into others of the same type, hostile as a rule. */
export function changed<T>(props: T, list: readonly Change[], tokens: Tokens): T {
  const copy = { props: copied(props) };
  for (const [where, what] of list) {
    const places = placesIn(copy, 'props');
    if (places.length === 0) break;
    const { holder, key } = places[where % places.length];
    const others = insteadOf(holder[key], tokens);
    if (others.length > 0) holder[key] = others[what % others.length];
  }
  return copy.props;
}

interface Place {
  readonly holder: Record<string | number, unknown>;
  readonly key: string | number;
}

function placesIn(holder: Record<string | number, unknown>, key: string | number): Place[] {
  const value = holder[key];
  const below = isPlain(value)
    ? Object.keys(value).flatMap((name) => placesIn(value as Record<string, unknown>, name))
    : Array.isArray(value)
      ? value.flatMap((_, index) => placesIn(value as unknown as Record<number, unknown>, index))
      : [];
  return insteadOf(value, 'none').length > 0 ? [{ holder, key }, ...below] : below;
}

function insteadOf(value: unknown, tokens: Tokens): unknown[] {
  if (typeof value === 'number') return [...NUMBERS, ...tokensOf('Number', tokens)];
  if (typeof value === 'string') return [...TEXTS, ...tokensOf('String', tokens)];
  if (typeof value === 'boolean') return [!value];
  if (value instanceof Duration)
    return [
      ...DURATIONS.map(([count, unit]) => durationOf(Duration, count, unit)),
      ...(tokens === 'cdk' ? [Duration.seconds(Lazy.number({ produce: () => 30 }))] : []),
    ];
  if (value instanceof ChartDuration) return DURATIONS.map(([count, unit]) => durationOf(ChartDuration, count, unit));
  if (Array.isArray(value)) return [[], [...value, ...value]];
  return [];
}

function durationOf(type: typeof Duration | typeof ChartDuration, count: number, unit: number): unknown {
  if (unit === 1) return type.millis(count);
  if (unit === 1000) return type.seconds(count);
  return unit === 60_000 ? type.minutes(count) : type.days(count);
}

function tokensOf(type: 'String' | 'Number', tokens: Tokens): unknown[] {
  if (tokens === 'none') return [];
  const lazy = type === 'String' ? Lazy.string({ produce: () => 'later' }) : Lazy.number({ produce: () => 7 });
  return tokens === 'text' ? [lazy] : [lazy, new Parameter(type)];
}

/** A class instance is as its class made it; plain objects and lists are what a user wrote. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  const prototype = value === null || typeof value !== 'object' ? undefined : Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function copied<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copied) as T;
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([name, one]) => [name, copied(one)])) as T;
}

/** What hardly anybody gives by hand: each of them may contradict the plan. */
export const seldom = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

/** What a JVM does, on any engine. */
export const jvmWorkload = fc.record({
  allocationBytesPerSecond: figures(1e6, 5e9),
  liveBytes: figures(1e6, 1e10),
  survivorRatio: optional(fc.double({ min: 0, max: 1, noNaN: true })),
  requestsPerSecond: optional(figures(1, 1000)),
  serviceSeconds: optional(figures(0.001, 0.1)),
  requestThreads: optional(fc.integer({ min: 1, max: 300 })),
  directBytes: optional(spread(1, 1e9)),
  threads: optional(fc.integer({ min: 1, max: 2000 })),
  loadedClasses: optional(fc.integer({ min: 1, max: 1e5 })),
});

/** What is promised of it. */
export const jvmObjective = fc.record({
  pauseSeconds: figures(0.001, 2),
  latencySeconds: optional(spread(0.01, 10)),
  memoryBytes: optional(spread(1e9, 1e11)),
});

/** What writes small files into a table. */
export const compactionWorkload = fc.record({
  filesPerDay: figures(1e4, 1e5),
  fileBytes: figures(1e5, 1e7),
  openPartitions: optional(fc.integer({ min: 1, max: 5 })),
  partitionSeconds: optional(fc.constantFrom(3600, 86_400)),
  peakRatio: optional(spread(1, 2)),
  bytesPerSecond: figures(5e7, 1e9),
  fileSeconds: optional(spread(0.001, 0.03)),
  runFixedSeconds: optional(fc.integer({ min: 0, max: 300 })),
});

/** What its compaction promises. */
export const compactionObjective = fc.record({
  longestRunSeconds: figures(3000, 20_000),
  smallFiles: figures(5e4, 1e6),
  writeAmplification: optional(spread(1.2, 3)),
  retentionSeconds: optional(fc.integer({ min: 604_800, max: 1e7 })),
  headroom: optional(spread(1, 2)),
});

/** A collection that would keep everything. */
export const collectionWorkload = fc.record({
  insertsPerSecond: figures(0.01, 1e3),
  documentBytes: figures(10, 1e6),
  existingDocuments: figures(1, 1e9),
  spareWritesPerSecond: figures(10, 1e5),
  deletesPerSecond: figures(10, 1e5),
  writersSetExpiry: optional(fc.boolean()),
});
/** How long its documents are kept. */
export const collectionObjective = fc.record({
  retentionSeconds: figures(60, 1e8),
  collectionBytes: optional(figures(1e9, 1e15)),
  backfillSeconds: optional(figures(1e3, 1e8)),
  deletionLagSeconds: optional(figures(60, 1e6)),
  expireUnknownAge: optional(fc.boolean()),
});

/** A table of DynamoDB that keeps everything. */
export const ttlTableWorkload = fc.record({
  insertsPerSecond: figures(0.01, 100),
  itemBytes: figures(100, 10_000),
  existingItems: figures(1, 1e9),
  spareWriteUnitsPerSecond: figures(10, 20_000),
  deletesPerSecond: figures(100, 1e5),
  indexes: optional(fc.integer({ min: 0, max: 5 })),
  writersSetExpiry: optional(fc.boolean()),
});

/** How long it is to keep its items. */
export const ttlTableObjective = fc.record({
  retentionSeconds: optional(figures(3600, 1e8)),
  tableBytes: optional(figures(1e9, 1e14)),
  backfillSeconds: optional(figures(1e4, 1e9)),
  ttlLagDays: optional(spread(0.5, 10)),
  deletionLagSeconds: optional(figures(1e5, 1e7)),
  expireUnknownAge: optional(fc.boolean()),
});

/** What is pushed to the runners of a forge. */
export const ciWorkload = fc.record({
  pushesPerHourPeak: figures(1, 1000),
  runSeconds: figures(10, 3000),
  runVariation: optional(fc.double({ min: 0, max: 3, noNaN: true })),
  jobsPerRun: optional(fc.integer({ min: 0, max: 12 })),
  repushRatio: optional(fc.double({ min: 0, max: 1.1, noNaN: true })),
  repushSeconds: optional(figures(10, 5000)),
  skippableRatio: optional(fc.double({ min: 0, max: 1, noNaN: true })),
  mergesPerHourPeak: optional(fc.double({ min: 0, max: 100, noNaN: true })),
  mergeFailureRatio: optional(fc.double({ min: 0, max: 1, noNaN: true })),
  mergeQueue: optional(fc.boolean()),
  deploysPerHourPeak: optional(fc.double({ min: 0, max: 20, noNaN: true })),
  deploySeconds: optional(figures(10, 1000)),
});
export const ciObjective = fc.record({
  waitSeconds: figures(30, 2000),
  waitQuantile: optional(fc.double({ min: 0.5, max: 1, noNaN: true })),
  headroom: optional(fc.double({ min: 1, max: 3, noNaN: true })),
});
