/**
 * The plan of a stock: which moves between storage classes pay back, what is kept how long, and what it costs.
 */

import { CapacityError, type Check, validate } from '../errors';
import { sizeText } from '../figures';
import { type Knob, unlessGiven } from '../plan';
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

const listPrices = ({ store: { region, read } }: StorageEconomy) =>
  `list prices of ${region}, read ${read} (lib/flow/prices.json)`;

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
    refuseLateReads(subject, economy);
    refuseLoss(subject, economy);
  }
  const predictions = economy.predictions();
  const billed = predictions.monthlyCostAfter + predictions.monthlyRequestCost;
  if (objective.monthlyCost !== undefined && billed > objective.monthlyCost) {
    refuseBill(subject, workload, objective.monthlyCost, billed, choices, objective);
  }
  const moves = economy.moving
    ? [autoclassKnob(economy)]
    : economy.considered.flatMap((t) => transitionKnobs(t, economy));
  const knobs = [...retentionKnobs(economy), ...moves];
  const limits = limitKnobs(economy, predictions);
  return new StoragePlan(
    subject,
    [...knobs, ...limits],
    predictions,
    economy.transitions,
    remarksOn(subject, economy),
    economy.store.name,
  );
}

/** Accepted choices that cost more than necessary. */
function remarksOn(subject: string, economy: StorageEconomy): string[] {
  const { choices, taken, transitions, breakEven, workload } = economy;
  const size = sizeText(workload.objectBytes);
  if (!choices.transitions) {
    if (economy.moving) return [];
    if (!Number.isFinite(breakEven) || transitions.length > 0) return [];
    return [`${subject}: nothing moves, objects of ${size} are too small; compact to ${sizeText(breakEven)} or more`];
  }
  const early = taken
    .filter(({ minimumObjectBytes: bytes }) => bytes !== undefined && economy.losesAt(bytes))
    .map(
      (t) =>
        `${subject}: ${t.storageClass} takes objects from ${sizeText(t.minimumObjectBytes!)} on, of which the smallest cost more ` +
        `than in ${economy.store.standard}; give a larger minimumObjectBytes`,
    );
  const without = (t: StorageTransition) => economy.monthly(taken.filter((other) => other !== t));
  const all = economy.monthly(taken);
  const dear = taken
    .filter((t) => without(t) < all)
    .map(
      (t) =>
        `${subject}: ${t.storageClass} after ${t.afterDays} d costs more than it saves for objects of ${size}: ` +
        `${usd(all)} with it, ${usd(without(t))} without`,
    );
  return [...early, ...dear];
}

function retentionKnobs(economy: StorageEconomy): Knob[] {
  const { workload, retentionDays, noncurrentDays, choices, store } = economy;
  const kept: Knob = {
    name: store.knobs.expiration,
    value: retentionDays,
    unit: 'days',
    ...unlessGiven(workload.retentionDays, 'a year, unless the workload says otherwise'),
    source: 'case 11: keep 365 days, then delete',
  };
  if (store.name === 'gcs') return [kept, ...googleRetentionKnobs(economy)];
  return [
    kept,
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

/** How long what was deleted, or replaced, can be brought back on Cloud Storage. */
function googleRetentionKnobs({ retentionDays, noncurrentDays, softDeleteDays, choices }: StorageEconomy): Knob[] {
  const soft: Knob = {
    name: 'softDeleteSeconds',
    value: softDeleteDays * DAY_SECONDS,
    unit: 's',
    ...(choices.softDeleteDays === undefined
      ? {
          formula: '7 days, unless objects are kept for less than 30: what is deleted is billed so long',
          inputs: { retentionDays },
        }
      : { formula: 'given', inputs: {} }),
    source: 'Cloud Storage documentation, Soft delete: 7 days by default, billed at the class of the object',
  };
  if (choices.versioned !== true) return [soft];
  return [
    {
      name: 'daysSinceNoncurrentTime',
      value: noncurrentDays,
      unit: 'days',
      ...unlessGiven(choices.noncurrentDays, 'a month to restore a replaced or expired version'),
      source:
        'Cloud Storage documentation, Object Lifecycle Management: a noncurrent version stays until a rule deletes it',
    },
    soft,
  ];
}

const DAY_SECONDS = 86_400;

/** That objects move by themselves. */
function autoclassKnob(economy: StorageEconomy): Knob {
  const { choices, store, cheapest, workload } = economy;
  const costs = { costWith: economy.monthly(store.tiering), costWithRules: economy.monthly(cheapest) };
  return {
    name: 'autoclass',
    value: 1,
    unit: 'switch',
    formula: choices.autoclass === 'on' ? 'given' : 'on: it costs less than the cheapest rules at this object size',
    inputs: { objectBytes: workload.objectBytes, ...costs },
    source: `Cloud Storage documentation, Autoclass; ${listPrices(economy)}`,
  };
}

/** The day of a move and the size from which it is made; or why it is not made. */
function transitionKnobs(t: StorageTransition, economy: StorageEconomy): Knob[] {
  const { taken, transitions, choices, workload, keptDays, reads, store } = economy;
  const move = transitions.find((other) => other.storageClass === t.storageClass);
  const others = taken.filter((other) => other.storageClass !== t.storageClass);
  const floor = move?.minimumObjectBytes ?? economy.joinsFrom(t);
  const costs = { costWith: economy.monthly(byAge([...others, t])), costWithout: economy.monthly(others) };
  // A given list is one decision, with one break-even.
  const breakEvenBytes = choices.transitions ? economy.breakEven : floor;
  const kept = choices.transitions ? 'given' : `kept: it costs less than ${store.standard}`;
  const days: Knob = {
    name: `${store.knobs.transition}.${t.storageClass}`,
    value: move ? t.afterDays : Number.POSITIVE_INFINITY,
    unit: 'days',
    formula: move ? kept : reasonToDrop(t, economy),
    inputs: { objectBytes: workload.objectBytes, breakEvenBytes, ...costs },
    source: `${store.knobs.sourceOfMoves}; ${listPrices(economy)}`,
  };
  if (!move) return [days];
  const size: Knob = {
    name: `${store.knobs.size}.${t.storageClass}`,
    // What is larger is moved; of nothing there is no smaller object.
    value: Math.max(0, floor - 1),
    unit: 'bytes',
    ...unlessGiven(
      t.minimumObjectBytes,
      'smaller objects cost less in their present class: move from the break-even on',
      { keptDays, readRatioPerMonth: reads },
    ),
    source: listPrices(economy),
  };
  return [days, size];
}

function reasonToDrop(t: StorageTransition, economy: StorageEconomy): string {
  if (t.afterDays >= economy.retentionDays) return 'dropped: objects expire before';
  if (!economy.inTime(t)) return 'dropped: readers would wait longer than promised';
  return 'dropped: it costs more than it saves at this object size';
}

function limitKnobs(economy: StorageEconomy, predictions: StoragePredictions): Knob[] {
  const { workload, headroom, storedDays } = economy;
  const { monthlyCostAfter: storage, monthlyRequestCost: requests, storedBytes } = predictions;
  return [
    {
      name: 'budgetLimit',
      value: Math.max(1, Math.ceil((storage + requests) * headroom)),
      unit: 'USD/month',
      formula: '⌈(storage + requests) × head-room⌉, 1 at least',
      inputs: { storage, requests, headroom },
      source: listPrices(economy),
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
