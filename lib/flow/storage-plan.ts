/**
 * A stock, sized: which moves between storage classes pay back, what is kept how long, and what it costs.
 */
import { between, CapacityError, type Check, inRange, validate, wholeNumber } from './errors';
import { figure, sizeText } from './figures';
import type { Knob } from './plan';
import { pricesRead, pricesRegion, s3Prices, storageClassNames, storageClassPrices } from './prices';
import { type Stock, steadyBytes, steadyItems } from './stock';
import {
  type StockChoices,
  type StockObjective,
  StockPlan,
  type StockPredictions,
  type StockWorkload,
  type StorageTransition,
} from './storage';
import {
  breakEvenObjectBytes,
  DEFAULT_TRANSITIONS,
  LARGEST_OBJECT_BYTES,
  lifetimeCost,
  MONTH_DAYS,
  smallestSize,
  TIERING,
  usd,
} from './storage-cost';

const DAY_SECONDS = 86_400;
const LONGEST_DAYS = 36_500;

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
