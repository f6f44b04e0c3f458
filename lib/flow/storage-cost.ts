import { between, CapacityError, Check, inRange, validate, wholeNumber } from './errors';
import { figure, Knob } from './plan';
import { pricesRead, pricesRegion, s3Prices, storageClassNames, storageClassPrices } from './prices';
import { type Stock, steadyBytes, steadyItems } from './stock';

/**
 * Numbers about a stock: what is written, in which pieces, and how long it is kept.
 */
export interface StockWorkload {
  /**
   * Bytes written per day, as they are stored (after compression). Above 0, at most 10^18.
   */
  readonly bytesPerDay: number;

  /**
   * Mean size of one object in bytes. It decides whether moving an object pays, because moving is charged by the
   * object and storing by the byte. 1 to 5 × 10^13.
   */
  readonly objectBytes: number;

  /**
   * Days that an object is kept before it expires. A whole number, 1 to 36500.
   *
   * @default 365
   */
  readonly retentionDays?: number;

  /**
   * Share of the written objects that a later write to the same key replaces, soon after they were written
   * (deliveries made twice, files rewritten by a compaction). 0 to below 1.
   *
   * @default 0
   */
  readonly overwriteRatio?: number;

  /**
   * Share of the stored objects that is read back in a month, whatever their age. 1 reads everything once. 0 to 1000.
   *
   * @default 0
   */
  readonly readRatioPerMonth?: number;
}

/**
 * What is promised of a stock.
 */
export interface StockObjective {
  /**
   * The most that the stock may cost, in US dollars a month, uploads included. Above 0.
   *
   * @default - no ceiling
   */
  readonly monthlyCost?: number;

  /**
   * The longest that a reader may wait for an object, in seconds. Below 18000 (5 hours) nothing moves to S3 Glacier
   * Flexible Retrieval by default. 0 or more.
   *
   * @default - a reader may wait for a restore
   */
  readonly retrievalSeconds?: number;
}

/**
 * One move of the objects of a stock to a colder storage class.
 */
export interface StorageTransition {
  /** The storage class as S3 spells it: `STANDARD_IA`, `INTELLIGENT_TIERING`, `GLACIER_IR`, `GLACIER`, `DEEP_ARCHIVE`. */
  readonly storageClass: string;
  /** Days from an object's creation to the move. A whole number, 0 or more; 30 or more for `STANDARD_IA`. */
  readonly afterDays: number;
  /**
   * The size in bytes from which an object is moved; smaller ones stay where they are. 0 or more.
   *
   * @default 0
   */
  readonly minimumObjectBytes?: number;
}

/**
 * What may be set by hand in a stock's plan.
 */
export interface StockChoices {
  /**
   * The moves to make, coldest last. An empty list keeps everything in S3 Standard.
   *
   * @default - of `STANDARD_IA` after 30 and `GLACIER` after 180 days, those that pay back at this object size
   */
  readonly transitions?: StorageTransition[];

  /**
   * Days that a replaced or expired version can still be brought back. A whole number, 1 to 36500.
   *
   * @default 30
   */
  readonly noncurrentDays?: number;

  /**
   * The budget's limit as a multiple of the predicted cost. 1 to 10.
   *
   * @default 1.2
   */
  readonly budgetHeadroom?: number;
}

/**
 * What the plan of a stock expects once the stock is as old as its retention.
 */
export interface StockPredictions {
  /** Bytes kept, every version counted. */
  readonly storedBytes: number;
  /** Objects kept, every version counted. */
  readonly storedObjects: number;
  /** US dollars a month for the same writes with every version in S3 Standard for the whole retention. */
  readonly monthlyCostBefore: number;
  /** US dollars a month for storage, moves, reads and monitoring under this plan. */
  readonly monthlyCostAfter: number;
  /** US dollars a month if every object went to Intelligent-Tiering at once, to compare with. */
  readonly monthlyCostTiering: number;
  /** US dollars a month for uploads and the weekly inventory, which no storage class changes. */
  readonly monthlyRequestCost: number;
  /** The smallest mean object size in bytes from which moving objects pays back. Infinite when it never does. */
  readonly breakEvenObjectBytes: number;
}

/**
 * What follows from a stock's workload: the moves, every knob with its reason, and what to expect.
 */
export class StockPlan {
  constructor(
    /** What was sized, usually a construct id. */
    public readonly subject: string,
    /** Every setting, in the order it was derived. A transition that does not pay back is after infinitely many days. */
    public readonly knobs: Knob[],
    /** What to expect of the result. */
    public readonly predictions: StockPredictions,
    /** The moves that are made, coldest last. */
    public readonly transitions: StorageTransition[],
    /** What is accepted although it costs more than it need to, with what would change that. One sentence each. */
    public readonly remarks: string[],
  ) {}

  /**
   * The knob of that name.
   *
   * @throws when the plan has no such knob; the message lists those it has
   */
  public knob(name: string): Knob {
    const found = this.knobs.find((knob) => knob.name === name);
    if (!found)
      throw new Error(`${this.subject}: no knob '${name}'; there are ${this.knobs.map((k) => k.name).join(', ')}`);
    return found;
  }

  /** The value of the knob of that name, in its unit. */
  public value(name: string): number {
    return this.knob(name).value;
  }

  /** The same plan with more knobs; a knob of the same name takes the place of the old one. */
  public withKnobs(knobs: Knob[]): StockPlan {
    const names = new Set(knobs.map((knob) => knob.name));
    const kept = this.knobs.filter((knob) => !names.has(knob.name));
    return new StockPlan(this.subject, [...kept, ...knobs], this.predictions, this.transitions, this.remarks);
  }

  /** The one-page "why": every knob with formula, inputs and source, then what to expect. */
  public explain(): string {
    const knobs = this.knobs.map((knob) => {
      const inputs = Object.entries(knob.inputs).map(([name, value]) => `${name} ${figure(value)}`);
      return [
        `  ${knob.name} = ${figure(knob.value)}${Number.isFinite(knob.value) ? ` ${knob.unit}` : ''}`,
        `    ${knob.formula}${inputs.length > 0 ? ` (${inputs.join(', ')})` : ''}`,
        `    ${knob.source}`,
      ].join('\n');
    });
    const p = this.predictions;
    const expected = [
      `  stored                    ${sizeText(p.storedBytes)} in ${figure(Math.round(p.storedObjects))} objects`,
      `  all in S3 Standard        ${figure(p.monthlyCostBefore)} USD/month`,
      `  as planned                ${figure(p.monthlyCostAfter)} USD/month`,
      `  in Intelligent-Tiering    ${figure(p.monthlyCostTiering)} USD/month`,
      `  uploads and inventory     ${figure(p.monthlyRequestCost)} USD/month`,
      `  moving pays from          ${sizeText(p.breakEvenObjectBytes)} an object`,
      `  list prices               ${pricesRegion}, read ${pricesRead}`,
    ];
    return [`${this.subject}: knobs`, ...knobs, `${this.subject}: expect`, ...expected, ...this.remarks].join('\n');
  }
}

const GB = 2 ** 30;
const MONTH_DAYS = 30;
const DAY_SECONDS = 86_400;
const LARGEST_OBJECT_BYTES = 5e13;
const LONGEST_DAYS = 36_500;

/** The moves that are considered when none is given by hand. */
export const DEFAULT_TRANSITIONS: readonly StorageTransition[] = [
  { storageClass: 'STANDARD_IA', afterDays: 30 },
  { storageClass: 'GLACIER', afterDays: 180 },
];

/** Every object to Intelligent-Tiering at once: what the other moves are compared with. */
const TIERING: readonly StorageTransition[] = [{ storageClass: 'INTELLIGENT_TIERING', afterDays: 0 }];

/**
 * US dollars that one object costs from its creation to its deletion: storage with every minimum, moves, reads,
 * monitoring. The upload is not in it: it costs the same whatever follows.
 */
export function lifetimeCost(
  objectBytes: number,
  keptDays: number,
  transitions: readonly StorageTransition[],
  readRatioPerMonth = 0,
): number {
  const made = transitions.filter((t) => objectBytes >= (t.minimumObjectBytes ?? 0) && t.afterDays < keptDays);
  const stages = [{ storageClass: 'STANDARD', afterDays: 0 }, ...made];
  return stages.reduce((sum, stage, i) => {
    const days = (stages[i + 1]?.afterDays ?? keptDays) - stage.afterDays;
    return sum + stageCost(stage.storageClass, objectBytes, days, readRatioPerMonth);
  }, 0);
}

/** US dollars for one object during its days in one storage class, with the move into it. */
function stageCost(storageClass: string, objectBytes: number, days: number, readRatioPerMonth: number): number {
  const price = storageClassPrices(storageClass);
  const months = Math.max(days, price.minimumDays) / MONTH_DAYS;
  const billedGb = (Math.max(objectBytes, price.minimumBytes) + price.metadataBytes) / GB;
  const standardGb = price.standardMetadataBytes / GB;
  const tiers = storageClass === 'INTELLIGENT_TIERING' && objectBytes >= s3Prices.tieringMinimumBytes;
  // Reads come at random, so an object that may tier was idle for `d` days with probability e^(−reads × d ÷ month).
  const idleMonths = (idle: number) =>
    tiers ? (Math.max(0, days - idle) / MONTH_DAYS) * Math.exp((-readRatioPerMonth * idle) / MONTH_DAYS) : 0;
  const [idle30, idle90] = [idleMonths(30), idleMonths(90)];
  const storage =
    price.storage * (months - idle30) +
    price.storageAfter30Days * (idle30 - idle90) +
    price.storageAfter90Days * idle90;
  const reads = (days / MONTH_DAYS) * readRatioPerMonth;
  return (
    billedGb * storage +
    standardGb * storageClassPrices('STANDARD').storage * months +
    price.transitionPer1000 / 1000 +
    reads * ((objectBytes / GB) * price.readPerGb + price.readPer1000 / 1000) +
    (tiers ? (s3Prices.tieringMonitoringPer1000 / 1000) * (days / MONTH_DAYS) : 0)
  );
}

/**
 * The object size in bytes from which `transitions` cost no more than `instead`, by bisection. Infinite when no size
 * does. Every object is taken to move, whatever `minimumObjectBytes` says.
 *
 * Moving costs a fixed sum an object and saves in proportion to its bytes, so that there is one crossing at most.
 */
export function breakEvenObjectBytes(
  keptDays: number,
  transitions: readonly StorageTransition[],
  readRatioPerMonth = 0,
  instead: readonly StorageTransition[] = [],
): number {
  const moved = (list: readonly StorageTransition[]) => list.map((t) => ({ ...t, minimumObjectBytes: 0 }));
  const loss = (bytes: number) =>
    lifetimeCost(bytes, keptDays, moved(transitions), readRatioPerMonth) -
    lifetimeCost(bytes, keptDays, moved(instead), readRatioPerMonth);
  if (loss(LARGEST_OBJECT_BYTES) >= 0) return Number.POSITIVE_INFINITY;
  return smallestSize(0, LARGEST_OBJECT_BYTES, (bytes) => loss(bytes) <= 0);
}

/** The whole number of bytes in `(low, high]` from which `fits` holds, by bisection; infinite when it fails at `high`. */
function smallestSize(low: number, high: number, fits: (bytes: number) => boolean): number {
  if (!fits(high)) return Number.POSITIVE_INFINITY;
  let [bad, good] = [low, high];
  while (good - bad > 0.5) {
    const middle = (bad + good) / 2;
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return Math.ceil(good);
}

/**
 * The plan of a stock: which moves pay back at this object size, what is kept, and what it costs.
 *
 * @throws InvalidInputError when a number is outside its range
 * @throws CapacityError when moves given by hand cost more than they save or answer too late, or when the stock
 *   costs more than the objective allows
 */
export function planStock(
  subject: string,
  workload: StockWorkload,
  objective: StockObjective = {},
  choices: StockChoices = {},
): StockPlan {
  validate(subject, stockChecks(workload, objective, choices));
  const { bytesPerDay, objectBytes } = workload;
  const retentionDays = workload.retentionDays ?? 365;
  const overwriteRatio = workload.overwriteRatio ?? 0;
  const reads = workload.readRatioPerMonth ?? 0;
  const noncurrentDays = choices.noncurrentDays ?? 30;
  const budgetHeadroom = choices.budgetHeadroom ?? 1.2;
  const keptDays = retentionDays + noncurrentDays;
  const objectsPerMonth = (bytesPerDay / objectBytes) * MONTH_DAYS;
  const replaced = overwriteRatio * lifetimeCost(objectBytes, noncurrentDays, [], reads);
  const monthly = (transitions: readonly StorageTransition[]) =>
    objectsPerMonth * (replaced + (1 - overwriteRatio) * lifetimeCost(objectBytes, keptDays, transitions, reads));

  const patience = objective.retrievalSeconds ?? Number.POSITIVE_INFINITY;
  const inTime = (t: StorageTransition) => storageClassPrices(t.storageClass).retrievalSeconds <= patience;
  const subsets = subsetsOf(DEFAULT_TRANSITIONS.filter((t) => t.afterDays < retentionDays && inTime(t)));
  const cheapestAt = (bytes: number) =>
    subsets
      .map((subset) => ({ subset, cost: lifetimeCost(bytes, keptDays, subset, reads) }))
      .reduce((best, other) => (other.cost < best.cost ? other : best)).subset;
  const cheapest = cheapestAt(objectBytes);
  // From which size on the cheapest choice has this move: below the mean object if it is made, above it if it is not.
  const joinsFrom = (t: StorageTransition) =>
    cheapest.includes(t)
      ? smallestSize(0, objectBytes, (bytes) => cheapestAt(bytes).includes(t))
      : smallestSize(objectBytes, LARGEST_OBJECT_BYTES, (bytes) => cheapestAt(bytes).includes(t));
  const taken = choices.transitions ?? cheapest;
  const breakEven = choices.transitions?.length
    ? breakEvenObjectBytes(keptDays, taken, reads)
    : Math.min(...subsets.map((subset) => breakEvenObjectBytes(keptDays, subset, reads)));

  if (choices.transitions) {
    refuseLateReads(subject, taken, patience);
    refuseLoss(subject, objectBytes, taken, breakEven, cheapest, monthly, retentionDays);
  }

  const without = (t: StorageTransition) => taken.filter((other) => other !== t);
  const transitions = taken.map((t) => ({
    ...t,
    // A given list is one decision: it holds from its own break-even. A derived one holds move by move.
    minimumObjectBytes: choices.transitions ? breakEven : joinsFrom(t),
  }));
  const remarks = choices.transitions
    ? taken
        .filter((t) => monthly(without(t)) < monthly(taken))
        .map(
          (t) =>
            `${subject}: ${t.storageClass} after ${t.afterDays} d costs more than it saves for objects of ${sizeText(objectBytes)}: ` +
            `${usd(monthly(taken))} with it, ${usd(monthly(without(t)))} without`,
        )
    : Number.isFinite(breakEven) && transitions.length === 0
      ? [
          `${subject}: nothing moves, objects of ${sizeText(objectBytes)} are too small; compact to ${sizeText(breakEven)} or more`,
        ]
      : [];

  const storedDays = (1 - overwriteRatio) * keptDays + overwriteRatio * noncurrentDays;
  const stock: Stock = {
    arrivalsPerSecond: bytesPerDay / objectBytes / DAY_SECONDS,
    itemBytes: objectBytes,
    retentionSeconds: storedDays * DAY_SECONDS,
  };
  const storedObjects = steadyItems(stock);
  const predictions: StockPredictions = {
    storedBytes: steadyBytes(stock),
    storedObjects,
    monthlyCostBefore: objectsPerMonth * lifetimeCost(objectBytes, retentionDays, [], reads),
    monthlyCostAfter: monthly(transitions),
    monthlyCostTiering: monthly(TIERING),
    monthlyRequestCost:
      (objectsPerMonth / 1000) * s3Prices.uploadPer1000 +
      (storedObjects / 1e6) * s3Prices.inventoryPerMillion * (MONTH_DAYS / 7),
    breakEvenObjectBytes: breakEven,
  };
  const billed = predictions.monthlyCostAfter + predictions.monthlyRequestCost;
  if (objective.monthlyCost !== undefined && billed > objective.monthlyCost) {
    refuseBill(subject, workload, objective.monthlyCost, billed, choices, objective);
  }

  const list = `list prices of ${pricesRegion}, read ${pricesRead} (lib/flow/prices.json)`;
  const dropped = (t: StorageTransition) =>
    t.afterDays >= retentionDays
      ? 'dropped: objects expire before'
      : inTime(t)
        ? 'dropped: it costs more than it saves at this object size'
        : 'dropped: readers would wait longer than promised';
  const transitionKnobs = (t: StorageTransition): Knob[] => {
    const move = transitions.find((other) => other.storageClass === t.storageClass);
    const others = taken.filter((other) => other.storageClass !== t.storageClass);
    const withIt = byAge([...others, t]);
    const floor = move?.minimumObjectBytes ?? joinsFrom(t);
    const days: Knob = {
      name: `transitionInDays.${t.storageClass}`,
      value: move ? t.afterDays : Number.POSITIVE_INFINITY,
      unit: 'days',
      formula: move ? (choices.transitions ? 'given' : 'kept: it costs less than going without') : dropped(t),
      inputs: { objectBytes, breakEvenBytes: floor, costWith: monthly(withIt), costWithout: monthly(others) },
      source: `case 11: STANDARD_IA after 30 days, GLACIER after 180; ${list}`,
    };
    const size: Knob = {
      name: `objectSizeGreaterThan.${t.storageClass}`,
      value: floor - 1,
      unit: 'bytes',
      formula: 'smaller objects cost less where they are: move from the break-even on',
      inputs: { keptDays, readRatioPerMonth: reads },
      source: list,
    };
    return move ? [days, size] : [days];
  };
  const knobs: Knob[] = [
    {
      name: 'expirationInDays',
      value: retentionDays,
      unit: 'days',
      formula: workload.retentionDays === undefined ? 'a year, unless the workload says otherwise' : 'given',
      inputs: {},
      source: 'case 11: keep 365 days, then delete',
    },
    {
      name: 'noncurrentDays',
      value: noncurrentDays,
      unit: 'days',
      formula: choices.noncurrentDays === undefined ? 'a month to bring a replaced or expired version back' : 'given',
      inputs: {},
      source:
        'Amazon S3 user guide, lifecycle: in a versioned bucket expiration only hides an object; NoncurrentVersionExpiration deletes it',
    },
    ...(choices.transitions ?? DEFAULT_TRANSITIONS).flatMap(transitionKnobs),
    {
      name: 'budgetLimit',
      value: Math.max(1, Math.ceil(billed * budgetHeadroom)),
      unit: 'USD/month',
      formula: '⌈(storage + requests) × head-room⌉, 1 at least',
      inputs: {
        storage: predictions.monthlyCostAfter,
        requests: predictions.monthlyRequestCost,
        headroom: budgetHeadroom,
      },
      source: list,
    },
    {
      name: 'storedBytesLimit',
      value: Math.ceil(predictions.storedBytes * budgetHeadroom),
      unit: 'bytes',
      formula: 'bytes a day × days kept × head-room',
      inputs: { bytesPerDay, storedDays, headroom: budgetHeadroom },
      source: "Little's law: stock = rate × time in stock",
    },
  ];
  return new StockPlan(subject, knobs, predictions, transitions, remarks);
}

function stockChecks(workload: StockWorkload, objective: StockObjective, choices: StockChoices): Check[] {
  const ratio = workload.overwriteRatio;
  const retentionDays = workload.retentionDays ?? 365;
  const transitions = choices.transitions ?? [];
  return [
    between('workload.bytesPerDay', workload.bytesPerDay, 0),
    { ...inRange('workload.bytesPerDay', workload.bytesPerDay, 0, 1e18), refused: workload.bytesPerDay > 1e18 },
    inRange('workload.objectBytes', workload.objectBytes, 1, LARGEST_OBJECT_BYTES),
    wholeNumber('workload.retentionDays', workload.retentionDays, 1, LONGEST_DAYS),
    {
      refused: ratio !== undefined && !(ratio >= 0 && ratio < 1),
      message: `workload.overwriteRatio must be at least 0 and below 1, got ${ratio}`,
    },
    inRange('workload.readRatioPerMonth', workload.readRatioPerMonth, 0, 1000),
    between('objective.monthlyCost', objective.monthlyCost, 0),
    inRange('objective.retrievalSeconds', objective.retrievalSeconds, 0),
    wholeNumber('noncurrentDays', choices.noncurrentDays, 1, LONGEST_DAYS),
    inRange('budgetHeadroom', choices.budgetHeadroom, 1, 10),
    ...transitions.flatMap((t, i) => transitionChecks(t, transitions[i - 1], retentionDays)),
  ];
}

function transitionChecks(t: StorageTransition, before: StorageTransition | undefined, retentionDays: number): Check[] {
  const known = (name: string) => storageClassNames.includes(name) && name !== 'STANDARD';
  if (!known(t.storageClass)) {
    const names = storageClassNames.filter(known).join(', ');
    return [{ refused: true, message: `transitions must name one of ${names}, got ${t.storageClass}` }];
  }
  const { earliestDays, rank } = storageClassPrices(t.storageClass);
  const name = `transitions: days to ${t.storageClass}`;
  const checks: Check[] = [
    wholeNumber(name, t.afterDays, earliestDays),
    {
      refused: t.afterDays >= retentionDays,
      message: `${name} must be below the retention of ${retentionDays} days, got ${t.afterDays}`,
    },
  ];
  if (!before || !known(before.storageClass)) return checks;
  const { rank: rankBefore, earliestDays: stay } = storageClassPrices(before.storageClass);
  // What waits 30 days for an infrequent-access class must also stay there for 30 before a rule moves it on.
  const next = before.afterDays + Math.max(1, stay);
  return [
    ...checks,
    {
      refused: rank <= rankBefore,
      message: `transitions must go from warm to cold, got ${t.storageClass} after ${before.storageClass}`,
    },
    { refused: t.afterDays < next, message: `${name} must be at least ${next}, got ${t.afterDays}` },
  ];
}

function refuseLateReads(subject: string, transitions: readonly StorageTransition[], patience: number): void {
  const late = transitions.find((t) => storageClassPrices(t.storageClass).retrievalSeconds > patience);
  if (!late) return;
  const seconds = storageClassPrices(late.storageClass).retrievalSeconds;
  throw new CapacityError(
    subject,
    `${late.storageClass} answers within ${figure(seconds)} s, but readers wait no longer than ${figure(patience)} s`,
    [
      `allow ${figure(seconds)} s`,
      'move to GLACIER_IR, which answers at once',
      `drop the transition to ${late.storageClass}`,
    ],
  );
}

function refuseLoss(
  subject: string,
  objectBytes: number,
  given: readonly StorageTransition[],
  breakEven: number,
  cheapest: readonly StorageTransition[],
  monthly: (transitions: readonly StorageTransition[]) => number,
  retentionDays: number,
): void {
  const [cost, standard] = [monthly(given), monthly([])];
  if (cost <= standard) return;
  const pays = Number.isFinite(breakEven);
  const derived =
    cheapest.length > 0 ? `keeps ${movesText(cheapest)} and costs ${usd(monthly(cheapest))}` : `costs ${usd(standard)}`;
  throw new CapacityError(
    subject,
    `${movesText(given)} costs ${usd(cost)} for objects of ${sizeText(objectBytes)}, S3 Standard ${usd(standard)}; ` +
      (pays ? `it pays from ${sizeText(breakEven)} an object` : `it pays at no object size in ${retentionDays} days`),
    [
      ...(pays ? [`compact to ${sizeText(breakEven)} an object`] : []),
      given.length > 1
        ? `drop the transitions: left out, the plan ${derived}`
        : `drop the transition: left out, the plan ${derived}`,
      ...(monthly(TIERING) < standard ? [`move to INTELLIGENT_TIERING at once for ${usd(monthly(TIERING))}`] : []),
    ],
  );
}

function refuseBill(
  subject: string,
  workload: StockWorkload,
  ceiling: number,
  billed: number,
  choices: StockChoices,
  objective: StockObjective,
): never {
  const unbounded = { ...objective, monthlyCost: undefined };
  const bill = (changed: Partial<StockWorkload>) => {
    const p = planStock(subject, { ...workload, ...changed }, unbounded, choices).predictions;
    return p.monthlyCostAfter + p.monthlyRequestCost;
  };
  const moves = choices.transitions ?? [];
  const fewest = Math.max(1, ...moves.map((t) => t.afterDays + 1));
  const retention = workload.retentionDays ?? 365;
  const days = largestThatFits(fewest, retention, (d) => {
    try {
      return bill({ retentionDays: d }) <= ceiling;
    } catch {
      return false; // moves given by hand no longer pay within so few days
    }
  });
  const larger = [1, 4, 16, 64, 256]
    .map((mb) => mb * 2 ** 20)
    .find((b) => b > workload.objectBytes && bill({ objectBytes: b }) <= ceiling);
  throw new CapacityError(
    subject,
    `${sizeText(workload.bytesPerDay)} a day kept ${retention} days costs ${usd(billed)}, above the ${usd(ceiling)} allowed`,
    [
      `allow ${usd(Math.ceil(billed))}`,
      ...(days > 0 ? [`keep ${days} days`] : []),
      ...(larger ? [`compact to ${sizeText(larger)} an object`] : []),
    ],
  );
}

/** A whole number from `low` on that fits, by bisection towards `high`, which does not; 0 when `low` does not either. */
function largestThatFits(low: number, high: number, fits: (days: number) => boolean): number {
  if (!fits(low)) return 0;
  let [good, bad] = [low, high];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

function subsetsOf(list: readonly StorageTransition[]): StorageTransition[][] {
  if (list.length === 0) return [[]];
  const rest = subsetsOf(list.slice(1));
  return [...rest, ...rest.map((subset) => [list[0], ...subset])];
}

function byAge(list: readonly StorageTransition[]): StorageTransition[] {
  return [...list].sort((a, b) => a.afterDays - b.afterDays);
}

function movesText(transitions: readonly StorageTransition[]): string {
  return transitions.map((t) => `${t.storageClass} after ${t.afterDays} d`).join(', ');
}

function usd(value: number): string {
  return `${figure(value >= 100 ? Math.round(value) : value)} USD/month`;
}

/** A size as a person reads it, in units of 1024, rounded up. */
export function sizeText(bytes: number): string {
  if (!Number.isFinite(bytes)) return 'no size';
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const scaled = bytes / 1024 ** unit;
  return `${scaled >= 10 ? Math.ceil(scaled) : Math.ceil(scaled * 10) / 10} ${units[unit]}`;
}
