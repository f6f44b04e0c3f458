/**
 * Checks of a stock: numbers out of range, moves that answer too late, moves that cost more than they save.
 */
import {
  atLeast,
  CapacityError,
  type Check,
  fromBelow,
  inRange,
  oneOf,
  positive,
  required,
  shown,
  wholeNumber,
} from '../errors';
import { type Fields, listChecks, objectChecks } from '../fields';
import { figure, sizeText } from '../figures';
import { MOST_DOLLARS, MOST_HELD, YEAR_SECONDS } from '../ranges';
import { LARGEST_OBJECT_BYTES, usd } from './cost';
import { SOFT_DELETE_DAYS, type StorageEconomy } from './economy';
import { STORES, type Store, storeOf } from './stores';
import type { StorageObjective, StorageQuestion, StorageTransition, StorageWorkload } from './workload';

const LONGEST_DAYS = 36_500;
/** A byte in three years; less fills no object. */
const LEAST_BYTES_PER_DAY = 1e-3;

const WORKLOAD_FIELDS: Fields<StorageWorkload> = {
  bytesPerDay: true,
  objectBytes: true,
  retentionDays: true,
  overwriteRatio: true,
  readRatioPerMonth: true,
};
const OBJECTIVE_FIELDS: Fields<StorageObjective> = { monthlyCost: true, retrievalSeconds: true };
const TRANSITION_FIELDS: Fields<StorageTransition> = { storageClass: true, afterDays: true, minimumObjectBytes: true };
const QUESTION_FIELDS: Fields<StorageQuestion> = {
  workload: true,
  objective: true,
  transitions: true,
  noncurrentDays: true,
  budgetHeadroom: true,
  store: true,
  autoclass: true,
  softDeleteDays: true,
  versioned: true,
};

/** Checks of a stock's question. */
export function storageChecks(question: StorageQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective = {}, ...choices }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, ({ monthlyCost, retrievalSeconds }) => [
      positive('objective.monthlyCost', monthlyCost, Number.MIN_VALUE, MOST_DOLLARS),
      atLeast('objective.retrievalSeconds', retrievalSeconds, 0, YEAR_SECONDS),
    ]),
    wholeNumber('noncurrentDays', choices.noncurrentDays, 1, LONGEST_DAYS),
    oneOf('store', choices.store, Object.keys(STORES)),
    ...googleChecks(choices),
    inRange('budgetHeadroom', choices.budgetHeadroom, 1, 10),
    ...listChecks('transitions', choices.transitions ?? [], (transitions) => [
      ...transitions.flatMap((t, i) =>
        objectChecks('transitions', t, TRANSITION_FIELDS, () =>
          transitionChecks(storeOf(choices.store), t, transitions[i - 1], workload?.retentionDays ?? 365),
        ),
      ),
      sizesCheck(transitions),
    ]),
  ]);
}

function workloadChecks(workload: StorageWorkload): Check[] {
  return [
    required(positive, 'workload.bytesPerDay', workload.bytesPerDay, LEAST_BYTES_PER_DAY, MOST_HELD),
    required(inRange, 'workload.objectBytes', workload.objectBytes, 1, LARGEST_OBJECT_BYTES),
    wholeNumber('workload.retentionDays', workload.retentionDays, 1, LONGEST_DAYS),
    fromBelow('workload.overwriteRatio', workload.overwriteRatio, 0, 1),
    inRange('workload.readRatioPerMonth', workload.readRatioPerMonth, 0, 1000),
  ];
}

/** Choices that only Cloud Storage has. */
function googleChecks(choices: Omit<StorageQuestion, 'workload' | 'objective'>): Check[] {
  const { store, autoclass, softDeleteDays, versioned, noncurrentDays, transitions } = choices;
  const only = Object.entries({ autoclass, softDeleteDays, versioned }).filter(([, value]) => value !== undefined);
  if (store !== 'gcs') {
    return only.map(([name]) => ({ refused: true, message: `${name} must be left out: only Cloud Storage has it` }));
  }
  return [
    oneOf('autoclass', autoclass, ['auto', 'on', 'off']),
    {
      refused: autoclass === 'on' && transitions !== undefined,
      message: "transitions must be left out with autoclass 'on', which moves objects by itself",
    },
    // Cloud Storage API reference, softDeletePolicy.retentionDurationSeconds: 0, or 7 to 90 days.
    softDeleteDays === 0
      ? { refused: false, message: '' }
      : wholeNumber('softDeleteDays, unless 0,', softDeleteDays, SOFT_DELETE_DAYS, 90),
    {
      refused: versioned !== undefined && typeof versioned !== 'boolean',
      message: `versioned must be true or false, got ${shown(versioned)}`,
    },
    {
      refused: noncurrentDays !== undefined && versioned !== true,
      message: `noncurrentDays must be left out without versioned, got ${shown(noncurrentDays)}`,
    },
  ];
}

function transitionChecks(
  store: Store,
  t: StorageTransition,
  before: StorageTransition | undefined,
  retentionDays: number,
): Check[] {
  const known = (name: string) => store.targets.includes(name);
  if (!known(t.storageClass)) {
    const names = store.targets.join(', ');
    return [{ refused: true, message: `transitions must name one of ${names}, got ${shown(t.storageClass)}` }];
  }
  const { earliestDays, rank } = store.prices(t.storageClass);
  const name = `transitions: days to ${t.storageClass}`;
  const checks: Check[] = [
    required(wholeNumber, name, t.afterDays, earliestDays),
    wholeNumber('transitions.minimumObjectBytes', t.minimumObjectBytes, 0, LARGEST_OBJECT_BYTES),
    {
      refused: t.afterDays >= retentionDays,
      message: `${name} must be below the retention of ${retentionDays} days, got ${t.afterDays}`,
    },
  ];
  if (!known(before?.storageClass ?? '') || before === undefined) return checks;
  const { rank: rankBefore, earliestDays: stay } = store.prices(before.storageClass);
  // An object that waits 30 days for an infrequent-access class must also stay there for 30 before a rule moves it on.
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

/** The default is the size from which all moves together pay, so one beside a given size would be of another list. */
function sizesCheck(transitions: readonly StorageTransition[]): Check {
  const sized = transitions.filter((t) => t?.minimumObjectBytes !== undefined).length;
  return {
    refused: sized > 0 && sized < transitions.length,
    message: `transitions.minimumObjectBytes must be given for all ${transitions.length} moves or for none, got ${sized}`,
  };
}

/** Refuses a class that answers later than promised. */
export function refuseLateReads(subject: string, { store, taken, patience }: StorageEconomy): void {
  const late = taken.find((t) => store.prices(t.storageClass).retrievalSeconds > patience);
  if (!late) return;
  const seconds = store.prices(late.storageClass).retrievalSeconds;
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

/**
 * Refuses moves given by hand that cost more than to leave objects where they are written, with the size from which they
 * would pay. Where the sizes are given, each above the mean is tried as well: from it on, one move more is made.
 */
export function refuseLoss(subject: string, economy: StorageEconomy): void {
  const { store, taken, cheapest, breakEven, retentionDays, workload } = economy;
  const starts = taken.flatMap(({ minimumObjectBytes: bytes = 0 }) => (bytes > workload.objectBytes ? [bytes] : []));
  const objectBytes = [workload.objectBytes, ...starts].find((bytes) => economy.losesAt(bytes));
  if (objectBytes === undefined) return;
  const [cost, standard] = [taken, []].map((list) => economy.monthly(list, objectBytes));
  const [kept, tiering] = [[], store.tiering].map((list) => economy.monthly(list));
  const pays = Number.isFinite(breakEven);
  const sized = taken.some((t) => t.minimumObjectBytes !== undefined);
  const size = sizeText(breakEven);
  const derived =
    cheapest.length > 0
      ? `keeps ${movesText(cheapest)} and costs ${usd(economy.monthly(cheapest))}`
      : `costs ${usd(kept)}`;
  throw new CapacityError(
    subject,
    `${movesText(taken)} costs ${usd(cost)} for objects of ${sizeText(objectBytes)}, ${store.standard} ${usd(standard)}; ` +
      (pays ? `it pays from ${size} an object` : `it pays at no object size in ${retentionDays} days`),
    [
      ...(pays && sized ? [`minimumObjectBytes of ${breakEven} for every move`] : []),
      ...(pays && !sized ? [`compact to ${size} an object`] : []),
      `drop the ${taken.length > 1 ? 'transitions' : 'transition'}: left out, the plan ${derived}`,
      ...(tiering < kept ? [`${store.tieringAdvice} for ${usd(tiering)}`] : []),
    ],
  );
}

function movesText(transitions: readonly StorageTransition[]): string {
  return transitions.map((t) => `${t.storageClass} after ${t.afterDays} d`).join(', ');
}
