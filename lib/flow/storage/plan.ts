/**
 * The plan of a stock: which moves between storage classes pay back, what is kept how long, and what it costs.
 */

import { CapacityError, type Check, validate } from '../errors';
import { sizeText } from '../figures';
import { type Knob, unlessGiven } from '../plan';
import { pricesRead, pricesRegion } from '../prices';
import { lastWhole } from '../search';
import { refuseLateReads, refuseLoss, storageChecks } from './checks';
import { usd } from './cost';
import { StorageEconomy } from './economy';
import {
  type StorageChoices,
  type StorageObjective,
  StoragePlan,
  type StoragePredictions,
  type StorageQuestion,
  type StorageTransition,
  type StorageWorkload,
} from './workload';

const LIST_PRICES = `list prices of ${pricesRegion}, read ${pricesRead} (lib/flow/prices.json)`;

/**
 * The plan of a stock: which moves pay back at this object size, what is kept, and what it costs.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param question workload, objective, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range
 * @throws CapacityError when moves given by hand cost more than they save or answer too late, or when the stock
 *   costs more than the objective allows
 */
export function planStorage(subject: string, question: StorageQuestion, checks: readonly Check[] = []): StoragePlan {
  validate(subject, [...checks, ...storageChecks(question)]);
  const { workload, objective = {}, ...choices } = question;
  const economy = new StorageEconomy(workload, objective, choices);
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
  return new StoragePlan(subject, [...knobs, ...limits], predictions, economy.transitions, remarksOn(subject, economy));
}

/** Accepted choices that cost more than necessary. */
function remarksOn(subject: string, economy: StorageEconomy): string[] {
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

function retentionKnobs({ workload, retentionDays, noncurrentDays, choices }: StorageEconomy): Knob[] {
  return [
    {
      name: 'expirationInDays',
      value: retentionDays,
      unit: 'days',
      ...unlessGiven(workload.retentionDays, 'a year, unless the workload says otherwise'),
      source: 'case 11: keep 365 days, then delete',
    },
    {
      name: 'noncurrentDays',
      value: noncurrentDays,
      unit: 'days',
      ...unlessGiven(choices.noncurrentDays, 'a month to restore a replaced or expired version'),
      source:
        'Amazon S3 user guide, lifecycle: in a versioned bucket expiration only hides an object; NoncurrentVersionExpiration deletes it',
    },
  ];
}

/** The day of a move and the size from which it is made; or why it is not made. */
function transitionKnobs(t: StorageTransition, economy: StorageEconomy): Knob[] {
  const { taken, transitions, choices, workload, keptDays, reads } = economy;
  const move = transitions.find((other) => other.storageClass === t.storageClass);
  const others = taken.filter((other) => other.storageClass !== t.storageClass);
  const floor = move?.minimumObjectBytes ?? economy.joinsFrom(t);
  const costs = { costWith: economy.monthly(byAge([...others, t])), costWithout: economy.monthly(others) };
  const kept = choices.transitions ? 'given' : 'kept: it costs less than S3 Standard';
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
    formula: 'smaller objects cost less in their present class: move from the break-even on',
    inputs: { keptDays, readRatioPerMonth: reads },
    source: LIST_PRICES,
  };
  return [days, size];
}

function reasonToDrop(t: StorageTransition, economy: StorageEconomy): string {
  if (t.afterDays >= economy.retentionDays) return 'dropped: objects expire before';
  if (!economy.inTime(t)) return 'dropped: readers would wait longer than promised';
  return 'dropped: it costs more than it saves at this object size';
}

function limitKnobs({ workload, headroom, storedDays }: StorageEconomy, predictions: StoragePredictions): Knob[] {
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
  workload: StorageWorkload,
  ceiling: number,
  billed: number,
  choices: StorageChoices,
  objective: StorageObjective,
): never {
  const unbounded = { ...objective, monthlyCost: undefined };
  const bill = (changed: Partial<StorageWorkload>) => {
    const p = planStorage(subject, {
      workload: { ...workload, ...changed },
      objective: unbounded,
      ...choices,
    }).predictions;
    return p.monthlyCostAfter + p.monthlyRequestCost;
  };
  const moves = choices.transitions ?? [];
  const fewest = Math.max(1, ...moves.map((t) => t.afterDays + 1));
  const retention = workload.retentionDays ?? 365;
  const fits = (days: number) => {
    try {
      return bill({ retentionDays: days }) <= ceiling;
    } catch {
      return false; // moves given by hand no longer pay within so few days
    }
  };
  const days = fits(fewest) ? lastWhole(fewest, retention, fits) : 0;
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

function byAge(list: readonly StorageTransition[]): StorageTransition[] {
  return [...list].sort((a, b) => a.afterDays - b.afterDays);
}
