/**
 * A stock, sized: which moves between storage classes pay back, what is kept how long, and what it costs.
 */
import { CapacityError, given, givenList, validate } from '../errors';
import { sizeText } from '../figures';
import type { Knob } from '../plan';
import { pricesRead, pricesRegion } from '../prices';
import { refuseLateReads, refuseLoss, stockChecks } from './checks';
import { usd } from './cost';
import { StockEconomy } from './economy';
import {
  type StockChoices,
  type StockObjective,
  StockPlan,
  type StockPredictions,
  type StockWorkload,
  type StorageTransition,
} from './workload';

const LIST_PRICES = `list prices of ${pricesRegion}, read ${pricesRead} (lib/flow/prices.json)`;

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
  given(subject, { workload, objective, choices }, ['transitions']);
  if (choices.transitions !== undefined) givenList(subject, 'transitions', choices.transitions);
  for (const transition of choices.transitions ?? []) given(subject, { transitions: transition }, ['storageClass']);
  validate(subject, stockChecks(workload, objective, choices));
  const economy = new StockEconomy(workload, objective, choices);
  if (choices.transitions) {
    refuseLateReads(subject, economy.taken, economy.patience);
    refuseLoss(subject, economy);
  }
  const predictions = economy.predictions();
  const billed = predictions.monthlyCostAfter + predictions.monthlyRequestCost;
  if (objective.monthlyCost !== undefined && billed > objective.monthlyCost) {
    refuseBill(subject, workload, objective.monthlyCost, billed, choices, objective);
  }
  const knobs = [...retentionKnobs(economy), ...economy.considered.flatMap((t) => transitionKnobs(t, economy))];
  const limits = limitKnobs(economy, predictions);
  return new StockPlan(subject, [...knobs, ...limits], predictions, economy.transitions, remarksOn(subject, economy));
}

/** What is accepted although it costs more than it need to. */
function remarksOn(subject: string, economy: StockEconomy): string[] {
  const { choices, taken, transitions, breakEven, workload } = economy;
  const size = sizeText(workload.objectBytes);
  if (!choices.transitions) {
    if (!Number.isFinite(breakEven) || transitions.length > 0) return [];
    return [`${subject}: nothing moves, objects of ${size} are too small; compact to ${sizeText(breakEven)} or more`];
  }
  const without = (t: StorageTransition) => economy.monthly(taken.filter((other) => other !== t));
  const all = economy.monthly(taken);
  return taken
    .filter((t) => without(t) < all)
    .map(
      (t) =>
        `${subject}: ${t.storageClass} after ${t.afterDays} d costs more than it saves for objects of ${size}: ` +
        `${usd(all)} with it, ${usd(without(t))} without`,
    );
}

function retentionKnobs({ workload, retentionDays, noncurrentDays, choices }: StockEconomy): Knob[] {
  return [
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
  ];
}

/** After how many days a move is made and from which size on; or that it is not, and why. */
function transitionKnobs(t: StorageTransition, economy: StockEconomy): Knob[] {
  const { taken, transitions, choices, workload, keptDays, reads } = economy;
  const move = transitions.find((other) => other.storageClass === t.storageClass);
  const others = taken.filter((other) => other.storageClass !== t.storageClass);
  const floor = move?.minimumObjectBytes ?? economy.joinsFrom(t);
  const costs = { costWith: economy.monthly(byAge([...others, t])), costWithout: economy.monthly(others) };
  const kept = choices.transitions ? 'given' : 'kept: it costs less than going without';
  const days: Knob = {
    name: `transitionInDays.${t.storageClass}`,
    value: move ? t.afterDays : Number.POSITIVE_INFINITY,
    unit: 'days',
    formula: move ? kept : reasonToDrop(t, economy),
    inputs: { objectBytes: workload.objectBytes, breakEvenBytes: floor, ...costs },
    source: `case 11: STANDARD_IA after 30 days, GLACIER after 180; ${LIST_PRICES}`,
  };
  if (!move) return [days];
  const size: Knob = {
    name: `objectSizeGreaterThan.${t.storageClass}`,
    value: floor - 1,
    unit: 'bytes',
    formula: 'smaller objects cost less where they are: move from the break-even on',
    inputs: { keptDays, readRatioPerMonth: reads },
    source: LIST_PRICES,
  };
  return [days, size];
}

function reasonToDrop(t: StorageTransition, economy: StockEconomy): string {
  if (t.afterDays >= economy.retentionDays) return 'dropped: objects expire before';
  if (!economy.inTime(t)) return 'dropped: readers would wait longer than promised';
  return 'dropped: it costs more than it saves at this object size';
}

function limitKnobs({ workload, headroom, storedDays }: StockEconomy, predictions: StockPredictions): Knob[] {
  const { monthlyCostAfter: storage, monthlyRequestCost: requests, storedBytes } = predictions;
  return [
    {
      name: 'budgetLimit',
      value: Math.max(1, Math.ceil((storage + requests) * headroom)),
      unit: 'USD/month',
      formula: '⌈(storage + requests) × head-room⌉, 1 at least',
      inputs: { storage, requests, headroom },
      source: LIST_PRICES,
    },
    {
      name: 'storedBytesLimit',
      value: Math.ceil(storedBytes * headroom),
      unit: 'bytes',
      formula: 'bytes a day × days kept × head-room',
      inputs: { bytesPerDay: workload.bytesPerDay, storedDays, headroom },
      source: "Little's law: stock = rate × time in stock",
    },
  ];
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

function byAge(list: readonly StorageTransition[]): StorageTransition[] {
  return [...list].sort((a, b) => a.afterDays - b.afterDays);
}
